//! The fused LSTM against plain operations, central differences and PyTorch.

use std::collections::HashMap;

use super::*;
use crate::text::TokenIds;
use candle_core::{Var, backprop::GradStore};
use rand::RngExt;

/// Sizes that fill blocks of units, and that do not.
const CONFIGS: [LstmConfig; 4] = [
    LstmConfig { inputs: 3, hidden: 4, layers: 1, bidirectional: false },
    LstmConfig { inputs: 5, hidden: 16, layers: 1, bidirectional: true },
    LstmConfig { inputs: 70, hidden: 21, layers: 2, bidirectional: false },
    LstmConfig { inputs: 3, hidden: 5, layers: 2, bidirectional: true },
];

/// Texts of 2, 4, 1, 4 and 3 tokens.
fn batch() -> Batch {
    let texts = [&[5, 6][..], &[1, 2, 3, 4], &[7], &[1, 1, 1, 1], &[8, 9, 10]].map(TokenIds::of_words);
    Batch::pack(&texts.each_ref())
}

fn variable(shape: &[usize], values: impl FnMut(usize) -> f32) -> Var {
    let values: Vec<f32> = (0..shape.iter().product()).map(values).collect();
    Var::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn random(name: &str, shape: &[usize]) -> Var {
    let mut rng = SeedTree::new(11).rng(name);
    variable(shape, |_| rng.random_range(-0.6_f32..0.6))
}

/// Names and shapes of all parameters, in PyTorch's order.
fn parameters(config: &LstmConfig) -> Vec<(String, Vec<usize>)> {
    let mut all = Vec::new();
    for layer in 0..config.layers {
        let inputs = if layer == 0 { config.inputs } else { config.width() };
        for direction in ["", "_reverse"].into_iter().take(1 + usize::from(config.bidirectional)) {
            let rows = 4 * config.hidden;
            all.push((format!("weight_ih_l{layer}{direction}"), vec![rows, inputs]));
            all.push((format!("weight_hh_l{layer}{direction}"), vec![rows, config.hidden]));
            all.push((format!("bias_ih_l{layer}{direction}"), vec![rows]));
            all.push((format!("bias_hh_l{layer}{direction}"), vec![rows]));
        }
    }
    all
}

type Variables = HashMap<String, Var>;

/// A stack with a variable for each parameter.
fn build(config: &LstmConfig, mut fill: impl FnMut(usize, &[usize]) -> Var) -> (FusedLstm, Variables) {
    let named = parameters(config).into_iter().enumerate();
    let variables: Variables = named.map(|(at, (name, shape))| (name, fill(at, &shape))).collect();
    let tensors = variables.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    (FusedLstm::new(config, vb).unwrap(), variables)
}

fn build_random(config: &LstmConfig) -> (FusedLstm, Variables) {
    build(config, |at, shape| random(&format!("parameter {at}"), shape))
}

/// The same stack of single candle operations, one text at a time, each direction over the text
/// alone.
fn plain(config: &LstmConfig, variables: &Variables, inputs: &Tensor, batch: &Batch) -> Tensor {
    let mut states = vec![None; batch.tokens()];
    for row in (0..batch.len()).map(|row| batch.row(row)) {
        let mut text: Vec<Tensor> = row.iter().map(|&token| inputs.narrow(0, token, 1).unwrap()).collect();
        for layer in 0..config.layers {
            let get = |part: &str, direction| &variables[&format!("{part}_l{layer}{direction}")];
            let run = |text: &mut dyn Iterator<Item = &Tensor>, direction| {
                let parameters =
                    ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(|part| get(part, direction));
                plain_direction(config.hidden, parameters, text)
            };
            let mut outputs = run(&mut text.iter(), "");
            if config.bidirectional {
                let reverse = run(&mut text.iter().rev(), "_reverse").into_iter().rev();
                let both = outputs.iter().zip(reverse);
                outputs = both.map(|(a, b)| Tensor::cat(&[a, &b], 1).unwrap()).collect();
            }
            text = outputs;
        }
        for (&token, state) in row.iter().zip(text) {
            states[token] = Some(state);
        }
    }
    Tensor::cat(&states.into_iter().flatten().collect::<Vec<_>>(), 0).unwrap()
}

fn plain_direction(
    hidden: usize,
    parameters: [&Var; 4],
    text: &mut dyn Iterator<Item = &Tensor>,
) -> Vec<Tensor> {
    let [weight_ih, weight_hh, bias_ih, bias_hh] = parameters;
    let bias = (bias_ih.as_tensor() + bias_hh.as_tensor()).unwrap();
    let mut state = Tensor::zeros((1, hidden), DType::F32, &Device::Cpu).unwrap();
    let mut cell = state.clone();
    text.map(|x| {
        let sums = x.matmul(&weight_ih.t().unwrap()).unwrap();
        let sums = (sums + state.matmul(&weight_hh.t().unwrap()).unwrap()).unwrap();
        let sums = sums.broadcast_add(&bias).unwrap();
        let gate = |at: usize| sums.narrow(1, at * hidden, hidden).unwrap();
        let sigmoid = |at| candle_nn::ops::sigmoid(&gate(at)).unwrap();
        let kept = (sigmoid(1) * &cell).unwrap();
        cell = (kept + (sigmoid(0) * gate(2).tanh().unwrap()).unwrap()).unwrap();
        state = (sigmoid(3) * cell.tanh().unwrap()).unwrap();
        state.clone()
    })
    .collect()
}

/// Gradients of a scalar that depends on every state in its own way.
fn gradients(states: &Tensor, readout: &Var) -> GradStore {
    (states * readout.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap()
}

fn assert_close(a: &Tensor, b: &Tensor, tolerance: f32, what: &str) {
    assert_eq!(a.dims(), b.dims(), "{what}");
    for (a, b) in values(a).unwrap().iter().zip(values(b).unwrap()) {
        assert!((a - b).abs() <= tolerance, "{what}: {a} and {b}");
    }
}

#[test]
fn states_and_gradients_equal_plain_operations() {
    for config in CONFIGS {
        let ((lstm, variables), batch) = (build_random(&config), batch());
        let inputs = random("inputs", &[batch.tokens(), config.inputs]);
        let readout = random("readout", &[batch.tokens(), config.width()]);
        let fused = lstm.forward(&inputs, &batch).unwrap();
        let expected = plain(&config, &variables, &inputs, &batch);
        assert_close(&fused, &expected, 1e-6, &format!("states of {config:?}"));

        let (ours, theirs) = (gradients(&fused, &readout), gradients(&expected, &readout));
        assert_close(ours.get(&inputs).unwrap(), theirs.get(&inputs).unwrap(), 1e-5, "inputs");
        for (name, variable) in &variables {
            let what = format!("{name} of {config:?}");
            assert_close(ours.get(variable).unwrap(), theirs.get(variable).unwrap(), 2e-5, &what);
        }
    }
}

#[test]
fn without_gradients_the_states_have_the_same_bits_and_no_graph() {
    for config in CONFIGS {
        let ((lstm, variables), batch) = (build_random(&config), batch());
        let inputs = random("inputs", &[batch.tokens(), config.inputs]);
        let states = lstm.forward_without_gradient(&inputs, &batch).unwrap();
        assert_close(&states, &lstm.forward(&inputs, &batch).unwrap(), 0.0, "states");
        let gradients = states.sum_all().unwrap().backward().unwrap();
        assert!(variables.values().chain([&inputs]).all(|variable| gradients.get(variable).is_none()));
    }
}

#[test]
fn memory_is_reused_without_a_trace() {
    let config = CONFIGS[3];
    let ((lstm, variables), batch) = (build_random(&config), batch());
    let inputs = random("inputs", &[batch.tokens(), config.inputs]);
    let readout = random("readout", &[batch.tokens(), config.width()]);
    let graph = lstm.forward(&inputs, &batch).unwrap();
    let first = gradients(&graph, &readout);
    // Another batch, which grows and leaves traces.
    let long = Batch::pack(&[&TokenIds::of_words(&[1; 40])]);
    let other = random("other", &[40, config.inputs]);
    let other = lstm.forward(&other, &long).unwrap();
    gradients(&other, &random("readout of the other", &[40, config.width()]));
    drop(other);
    // Through the same graph once more, and through a new one.
    let again = gradients(&graph, &readout);
    let new = gradients(&lstm.forward(&inputs, &batch).unwrap(), &readout);
    for (name, variable) in &variables {
        let expected = first.get(variable).unwrap();
        assert_close(again.get(variable).unwrap(), expected, 0.0, name);
        assert_close(new.get(variable).unwrap(), expected, 0.0, name);
    }
}

#[test]
fn gradients_equal_central_differences() {
    for config in CONFIGS.into_iter().filter(|config| config.inputs < 10) {
        let ((lstm, variables), batch) = (build_random(&config), batch());
        let inputs = random("inputs", &[batch.tokens(), config.inputs]);
        let readout = random("readout", &[batch.tokens(), config.width()]);
        let gradients = gradients(&lstm.forward(&inputs, &batch).unwrap(), &readout);
        let readout = values(&readout).unwrap();
        // Summed in double precision: differences of sums in single precision are mostly noise.
        let loss = || -> f64 {
            let states = values(&lstm.forward_without_gradient(&inputs, &batch).unwrap()).unwrap();
            states.iter().zip(&readout).map(|(state, weight)| f64::from(*state) * f64::from(*weight)).sum()
        };
        for (name, variable) in variables.iter().chain([(&"inputs".to_owned(), &inputs)]) {
            check_differences(
                &format!("{name} of {config:?}"),
                variable,
                gradients.get(variable).unwrap(),
                &loss,
            );
        }
    }
}

/// Compares some gradients of `loss` with central differences of it.
fn check_differences(what: &str, variable: &Var, gradient: &Tensor, loss: &dyn Fn() -> f64) {
    let own = values(variable).unwrap();
    let gradient = values(gradient).unwrap();
    let step = 1e-2_f32;
    for at in (0..own.len()).step_by(own.len().div_ceil(12)) {
        let set = |to: Vec<f32>| {
            variable.set(&Tensor::from_vec(to, variable.shape(), &Device::Cpu).unwrap()).unwrap();
        };
        let shifted = |by: f32| {
            let mut moved = own.clone();
            moved[at] += by;
            set(moved);
            loss()
        };
        // Richardson's extrapolation leaves an error of order step⁴.
        let wide = (shifted(step) - shifted(-step)) / (2.0 * f64::from(step));
        let narrow = (shifted(step / 2.0) - shifted(-step / 2.0)) / f64::from(step);
        set(own.clone());
        let (found, expected) = (f64::from(gradient[at]), (4.0 * narrow - wide) / 3.0);
        assert!(
            (found - expected).abs() < 1e-4 + 1e-4 * expected.abs(),
            "{what}[{at}]: {found} and {expected}"
        );
    }
}

// What follows is compared with PyTorch:
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

/// `0.5 · sin(0.37 i + phase)`, row-major.
fn wave(shape: &[usize], phase: f64) -> Var {
    variable(shape, |i| (0.5 * (0.37 * i as f64 + phase).sin()) as f32)
}

struct Run {
    states: Tensor,
    inputs: Var,
    variables: Variables,
    gradients: GradStore,
}

fn run(layers: usize, bidirectional: bool) -> Run {
    let config = LstmConfig { inputs: 3, hidden: 4, layers, bidirectional };
    let (lstm, variables) = build(&config, |at, shape| wave(shape, at as f64));
    let texts = [&[1, 2, 3][..], &[4, 5], &[6]].map(TokenIds::of_words);
    let inputs = wave(&[6, 3], 4.0);
    let states = lstm.forward(&inputs, &Batch::pack(&texts.each_ref())).unwrap();
    let gradients = gradients(&states, &wave(&[6, config.width()], 5.0));
    Run { states, inputs, variables, gradients }
}

impl Run {
    fn gradient(&self, name: &str) -> Vec<f32> {
        values(self.gradients.get(&self.variables[name]).unwrap()).unwrap()
    }

    fn input_gradient(&self, token: usize) -> Vec<f32> {
        values(&self.gradients.get(&self.inputs).unwrap().get(token).unwrap()).unwrap()
    }

    fn state(&self, token: usize) -> Vec<f32> {
        values(&self.states.get(token).unwrap()).unwrap()
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
    assert_golden(&run.state(5), &[-0.236_527_01, -0.162_019_7, 0.058_336_895, 0.235_683_64]);
    assert_golden(&run.input_gradient(0), &[0.054_706_75, 0.080_222_25, 0.094_880_04]);
    let expected = [0.001_465_697_2, -0.012_452_229, -0.024_684_804];
    assert_golden(&run.gradient("weight_ih_l0")[..3], &expected);
    let expected = [-0.000_715_537, -0.003_365_046, -0.002_736_349, -0.000_245_126];
    assert_golden(&run.gradient("weight_hh_l0")[28..32], &expected);
    let biases: Vec<f32> = run.gradient("bias_hh_l0").into_iter().step_by(4).collect();
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
    assert_golden(&run.state(0), &first);
    assert_golden(&run.state(5), &last);
    assert_golden(&run.input_gradient(0), &[-0.003_823_66, -0.002_950_297, -0.001_677_624]);
    let fingerprints = [
        ("weight_ih_l0", -0.001_018_16),
        ("weight_hh_l0", -0.000_870_825),
        ("bias_ih_l0", 0.002_560_714),
        ("bias_hh_l0", 0.002_560_714),
        ("weight_ih_l0_reverse", -0.002_894_32),
        ("weight_hh_l0_reverse", 0.000_633_39),
        ("bias_ih_l0_reverse", -0.001_376_265),
        ("bias_hh_l0_reverse", -0.001_376_265),
        ("weight_ih_l1", 0.003_775_245),
        ("weight_hh_l1", 0.010_842_042),
        ("bias_ih_l1", 0.007_191_733),
        ("bias_hh_l1", 0.007_191_733),
        ("weight_ih_l1_reverse", 0.004_652_464),
        ("weight_hh_l1_reverse", 0.009_671_289),
        ("bias_ih_l1_reverse", 0.033_689_915),
        ("bias_hh_l1_reverse", 0.033_689_915),
    ];
    for (name, golden) in fingerprints {
        let readout = values(&wave(run.variables[name].dims(), 6.0)).unwrap();
        let products = run.gradient(name).into_iter().zip(readout);
        let sum: f64 = products.map(|(gradient, weight)| f64::from(gradient) * f64::from(weight)).sum();
        assert!((sum - golden).abs() < 1e-6, "{name}: {sum} and {golden}");
    }
}

#[test]
fn what_does_not_fit_is_an_error_that_says_why() {
    let (lstm, _) = build_random(&CONFIGS[0]);
    let error = |inputs: &Tensor, batch: &Batch| lstm.forward(inputs, batch).unwrap_err().to_string();
    let tokens = batch().tokens();
    let wrong = error(&random("x", &[tokens, 2]), &batch());
    assert!(wrong.contains("[14, 2], not [14, 3]"), "{wrong}");
    let doubles = random("x", &[tokens, 3]).to_dtype(DType::F64).unwrap();
    assert!(error(&doubles, &batch()).contains("F64"));

    let empty = LstmConfig { layers: 0, ..CONFIGS[0] };
    let vb = VarBuilder::zeros(DType::F32, &Device::Cpu);
    assert!(FusedLstm::new(&empty, vb).is_err());
    assert!(FusedLstm::new(&CONFIGS[0], VarBuilder::zeros(DType::F64, &Device::Cpu)).is_err());
}

#[test]
fn no_texts_have_no_states() {
    let (lstm, _) = build_random(&CONFIGS[3]);
    let inputs = Tensor::zeros((0, 3), DType::F32, &Device::Cpu).unwrap();
    assert_eq!(lstm.forward(&inputs, &Batch::default()).unwrap().dims(), [0, 10]);
}
