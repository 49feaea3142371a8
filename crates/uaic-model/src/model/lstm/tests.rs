//! Stacks of layers against PyTorch.

use super::*;
use crate::text::TokenIds;
use uaic_kernel::Kernels;
use uaic_kernel::rng::SeedTree;

// The expected numbers are PyTorch's:
//
// import torch
// def wave(shape, phase):
//     n = torch.Size(shape).numel()
//     return (0.5 * torch.sin(0.37 * torch.arange(n, dtype=torch.float64) + phase)).reshape(shape)
// def run(layers, bidirectional):
//     lstm = torch.nn.LSTM(3, 4, num_layers=layers, bidirectional=bidirectional).double()
//     with torch.no_grad():
//         for k, p in enumerate(lstm.parameters()):
//             p.copy_(wave(p.shape, k))
//     width = 8 if bidirectional else 4
//     x = wave((6, 3), 4).requires_grad_()
//     states = torch.zeros(6, width, dtype=torch.float64)
//     for row in [[0, 3, 5], [1, 4], [2]]:
//         out, _ = lstm(x[row].unsqueeze(1))
//         states = states.index_copy(0, torch.tensor(row), out.squeeze(1))
//     (states * wave((6, width), 5)).sum().backward()
//     return lstm, x, states
// torch.set_printoptions(precision=9)

/// `0.5 · sin(0.37 i + phase)`
fn wave(count: usize, phase: f64) -> Vec<f32> {
    (0..count).map(|i| (0.5 * (0.37 * i as f64 + phase).sin()) as f32).collect()
}

struct Run {
    weights: Weights,
    gradients: Vec<f32>,
    width: usize,
    states: Vec<f32>,
    input_gradients: Vec<f32>,
}

/// A stack of layers of 4 units over 3 inputs, with waves for all values, in PyTorch's order of
/// parameters.
fn stack(layers: usize, is_bidirectional: bool) -> (Weights, Vec<Lstm>) {
    let mut weights = Weights::new(SeedTree::new(0));
    let (mut stack, mut phase) = (Vec::<Lstm>::new(), 0.0);
    for layer in 0..layers {
        let inputs = stack.last().map_or(3, Lstm::width);
        stack.push(Lstm::new(&format!("l{layer}"), (inputs, 4), is_bidirectional, &mut weights).unwrap());
        for suffix in ["", "_reverse"].into_iter().take(1 + usize::from(is_bidirectional)) {
            for part in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"] {
                let name = format!("l{layer}.{part}{suffix}");
                let places: Vec<usize> = weights.places(&name).unwrap().collect();
                for (place, value) in places.iter().zip(wave(places.len(), phase)) {
                    weights.trained_mut()[*place] = value;
                }
                phase += 1.0;
            }
        }
    }
    (weights, stack)
}

fn run(layers: usize, is_bidirectional: bool) -> Run {
    let (weights, stack) = stack(layers, is_bidirectional);
    let texts = [&[1, 2, 3][..], &[4, 5], &[6]].map(TokenIds::of_words);
    let batch = Batch::pack(&texts.each_ref());
    let pass = Pass { kernels: Kernels::detect(), trained: weights.trained(), batch: &batch };
    let mut values = vec![wave(6 * 3, 4.0)];
    let mut tapes: Vec<Vec<Tape>> = Vec::new();
    for lstm in &stack {
        let (mut own, mut states) = (Vec::new(), Vec::new());
        lstm.forward(pass, &values[values.len() - 1], &mut own, &mut states);
        tapes.push(own);
        values.push(states);
    }
    let width = stack[0].width();
    let mut grad = wave(6 * width, 5.0);
    let mut gradients = vec![0.0; weights.trained().len()];
    for (number, lstm) in stack.iter().enumerate().rev() {
        let (mut transposed, mut grad_inputs) = (Vec::new(), Vec::new());
        lstm.transpose(pass.trained, &mut transposed);
        lstm.back(pass, &transposed, &values[number + 1], &mut tapes[number], &mut grad, &mut grad_inputs);
        grad = grad_inputs;
    }
    let mut parts = Parts::cut(&weights, &mut gradients);
    let mut tasks = Vec::new();
    for ((lstm, inputs), tapes) in stack.iter().zip(&values).zip(&tapes) {
        lstm.tasks(&[(&batch, inputs, tapes)], &mut parts, &mut tasks);
    }
    for task in &mut tasks {
        task.run(pass.kernels);
    }
    drop(tasks);
    let states = values.pop().unwrap();
    Run { weights, gradients, width, states, input_gradients: grad }
}

impl Run {
    fn gradient(&self, name: &str) -> Vec<f32> {
        self.weights.arrange(name, &self.gradients).unwrap()
    }

    fn input_gradient(&self, token: usize) -> &[f32] {
        &self.input_gradients[token * 3..][..3]
    }

    fn state(&self, token: usize) -> &[f32] {
        &self.states[token * self.width..][..self.width]
    }
}

fn assert_golden(ours: &[f32], golden: &[f64]) {
    assert_eq!(ours.len(), golden.len());
    let is_close = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() < 1e-6;
    assert!(ours.iter().zip(golden).all(is_close), "{ours:?} and {golden:?}");
}

#[test]
fn one_layer_equals_pytorch() {
    // lstm, x, states = run(1, False)
    // print(states[5], x.grad[0], lstm.weight_ih_l0.grad[0], lstm.weight_hh_l0.grad[7],
    //       lstm.bias_hh_l0.grad[[0, 4, 8, 12]])
    let run = run(1, false);
    assert_golden(run.state(5), &[-0.236_527_01, -0.162_019_7, 0.058_336_895, 0.235_683_64]);
    assert_golden(run.input_gradient(0), &[0.054_706_75, 0.080_222_25, 0.094_880_04]);
    let expected = [0.001_465_697_2, -0.012_452_229, -0.024_684_804];
    assert_golden(&run.gradient("l0.weight_ih")[..3], &expected);
    let expected = [-0.000_715_537, -0.003_365_046, -0.002_736_349, -0.000_245_126];
    assert_golden(&run.gradient("l0.weight_hh")[28..32], &expected);
    let biases: Vec<f32> = run.gradient("l0.bias_hh").into_iter().step_by(4).collect();
    assert_golden(&biases, &[0.043_005_6, 0.031_438_07, -0.179_278_99, 0.040_694_064]);
}

#[test]
fn two_bidirectional_layers_equal_pytorch() {
    // lstm, x, states = run(2, True)
    // print(states[0], states[5], x.grad[0])
    // for name, p in lstm.named_parameters():
    //     print(name, (p.grad * wave(p.shape, 6)).sum())
    let run = run(2, true);
    let first = [
        0.115_738_037,
        0.121_016_782,
        0.094_521_819,
        0.104_456_163,
        -0.313_640_9,
        -0.299_554_61,
        -0.243_448_471,
        0.010_852_001,
    ];
    let last = [
        0.180_508_879,
        0.144_815_414,
        0.115_277_988,
        0.260_667_91,
        -0.230_449_743,
        -0.241_355_417,
        -0.171_004_083,
        -0.103_587_669,
    ];
    assert_golden(run.state(0), &first);
    assert_golden(run.state(5), &last);
    assert_golden(run.input_gradient(0), &[-0.003_823_66, -0.002_950_297, -0.001_677_624]);
    let fingerprints = [
        ("l0.weight_ih", -0.001_018_16),
        ("l0.weight_hh", -0.000_870_825),
        ("l0.bias_ih", 0.002_560_714),
        ("l0.bias_hh", 0.002_560_714),
        ("l0.weight_ih_reverse", -0.002_894_32),
        ("l0.weight_hh_reverse", 0.000_633_39),
        ("l0.bias_ih_reverse", -0.001_376_265),
        ("l0.bias_hh_reverse", -0.001_376_265),
        ("l1.weight_ih", 0.003_775_245),
        ("l1.weight_hh", 0.010_842_042),
        ("l1.bias_ih", 0.007_191_733),
        ("l1.bias_hh", 0.007_191_733),
        ("l1.weight_ih_reverse", 0.004_652_464),
        ("l1.weight_hh_reverse", 0.009_671_289),
        ("l1.bias_ih_reverse", 0.033_689_915),
        ("l1.bias_hh_reverse", 0.033_689_915),
    ];
    for (name, golden) in fingerprints {
        let gradient = run.gradient(name);
        let products = gradient.iter().zip(wave(gradient.len(), 6.0));
        let sum: f64 = products.map(|(gradient, weight)| f64::from(*gradient) * f64::from(weight)).sum();
        assert!((sum - golden).abs() < 1e-6, "{name}: {sum} and {golden}");
    }
}
