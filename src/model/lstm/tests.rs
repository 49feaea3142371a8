//! The LSTM and the attention against plain operations, central differences and PyTorch.

use super::*;
use crate::model::attention;
use crate::rng::SeedTree;
use candle_core::Var;
use rand::RngExt;

const INPUTS: usize = 3;
const HIDDEN: usize = 4;

fn random(name: &str, shape: &[usize]) -> Var {
    let mut rng = SeedTree::new(11).rng(name);
    let values = (0..shape.iter().product()).map(|_| rng.random_range(-1.0_f32..1.0)).collect();
    Var::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn lstm() -> Lstm {
    Lstm::new("lstm", INPUTS, HIDDEN, &mut Weights::new(SeedTree::new(7))).unwrap()
}

fn batch() -> Batch {
    Batch::pack([&[1, 2, 3, 4][..], &[5, 6], &[7], &[8, 9, 10]].into_iter())
}

fn training<T>(f: impl FnOnce(&Mode<'_>) -> T) -> T {
    let mut rng = SeedTree::new(0).rng("unused");
    f(&Mode::Train(&mut rng))
}

/// The same LSTM of single candle operations, one text at a time.
fn plain(lstm: &Lstm, inputs: &Tensor, batch: &Batch) -> Vec<Vec<Tensor>> {
    let gate = |sums: &Tensor, at: usize| sums.narrow(1, at * HIDDEN, HIDDEN).unwrap();
    let bias = (&lstm.bias_ih + &lstm.bias_hh).unwrap();
    let mut rows = Vec::new();
    for (row, &length) in batch.lengths().iter().enumerate() {
        let mut state = Tensor::zeros((1, HIDDEN), candle_core::DType::F32, &Device::Cpu).unwrap();
        let mut cell = state.clone();
        let mut states = Vec::new();
        for step in 0..length {
            let x = inputs.narrow(0, batch.offsets()[step] + row, 1).unwrap();
            let sums = x.matmul(&lstm.weight_ih.t().unwrap()).unwrap();
            let sums = (sums + state.matmul(&lstm.weight_hh.t().unwrap()).unwrap()).unwrap();
            let sums = sums.broadcast_add(&bias).unwrap();
            let sigmoid = |at| candle_nn::ops::sigmoid(&gate(&sums, at)).unwrap();
            let kept = (sigmoid(1) * &cell).unwrap();
            cell = (kept + (sigmoid(0) * gate(&sums, 2).tanh().unwrap()).unwrap()).unwrap();
            state = (sigmoid(3) * cell.tanh().unwrap()).unwrap();
            states.push(state.clone());
        }
        rows.push(states);
    }
    rows
}

/// A scalar that depends on every state in its own way.
fn weigh(states: &Tensor) -> Tensor {
    (states * random("readout", states.dims()).as_tensor()).unwrap().sum_all().unwrap()
}

fn assert_close(a: &Tensor, b: &Tensor, tolerance: f32, what: &str) {
    let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for (a, b) in values(a).iter().zip(values(b)) {
        assert!((a - b).abs() < tolerance, "{what}: {a} and {b}");
    }
}

#[test]
fn states_and_gradients_equal_plain_operations() {
    let (lstm, batch) = (lstm(), batch());
    let inputs = random("inputs", &[batch.tokens().len(), INPUTS]);
    let fused = training(|mode| lstm.forward(&inputs, &batch, mode).unwrap());
    let rows = plain(&lstm, &inputs, &batch);
    let packed: Vec<&Tensor> = (0..batch.lengths()[0])
        .flat_map(|step| rows.iter().filter_map(move |states| states.get(step)))
        .collect();
    let packed = Tensor::cat(&packed, 0).unwrap();
    assert_close(&fused, &packed, 1e-6, "states");
    let evaluated = lstm.forward(&inputs, &batch, &Mode::Eval).unwrap();
    assert_close(&fused, &evaluated, f32::MIN_POSITIVE, "inference");

    let ours = weigh(&fused).backward().unwrap();
    let theirs = weigh(&packed).backward().unwrap();
    let parameters = [&lstm.weight_ih, &lstm.weight_hh, &lstm.bias_ih, &lstm.bias_hh, inputs.as_tensor()];
    for (index, tensor) in parameters.into_iter().enumerate() {
        assert_close(
            ours.get(tensor).unwrap(),
            theirs.get(tensor).unwrap(),
            1e-5,
            &format!("gradient {index}"),
        );
    }
}

/// `0.5 · sin(0.37 i + phase)`, row-major.
fn wave(shape: &[usize], phase: f64) -> Var {
    let values = (0..shape.iter().product()).map(|i: usize| (0.5 * (0.37 * i as f64 + phase).sin()) as f32);
    Var::from_vec(values.collect(), shape, &Device::Cpu).unwrap()
}

#[test]
fn states_and_gradients_equal_pytorch() {
    // import torch
    // def wave(shape, phase):
    //     n = torch.Size(shape).numel()
    //     return (0.5 * torch.sin(0.37 * torch.arange(n, dtype=torch.float64) + phase)).reshape(shape)
    // lstm = torch.nn.LSTM(3, 4).double()
    // with torch.no_grad():
    //     for k, p in enumerate([lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0, lstm.bias_hh_l0]):
    //         p.copy_(wave(p.shape, k))
    // x = wave((6, 3), 4).requires_grad_()
    // states = torch.zeros(6, 4, dtype=torch.float64)
    // for row in [[0, 3, 5], [1, 4], [2]]:
    //     out, _ = lstm(x[row].unsqueeze(1))
    //     states = states.index_copy(0, torch.tensor(row), out.squeeze(1))
    // (states * wave((6, 4), 5)).sum().backward()
    // print(states[5], x.grad[0], lstm.weight_ih_l0.grad[0], lstm.weight_hh_l0.grad[7],
    //       lstm.bias_hh_l0.grad[[0, 4, 8, 12]])
    let lstm = Lstm {
        weight_ih: wave(&[16, 3], 0.0).as_tensor().clone(),
        weight_hh: wave(&[16, 4], 1.0).as_tensor().clone(),
        bias_ih: wave(&[16], 2.0).as_tensor().clone(),
        bias_hh: wave(&[16], 3.0).as_tensor().clone(),
    };
    let batch = Batch::pack([&[1, 2, 3][..], &[4, 5], &[6]].into_iter());
    let x = wave(&[6, 3], 4.0);
    let states = training(|mode| lstm.forward(&x, &batch, mode).unwrap());
    let readout = wave(&[6, 4], 5.0);
    let gradients = (&states * readout.as_tensor()).unwrap().sum_all().unwrap().backward().unwrap();
    let row = |tensor: &Tensor, at: usize| tensor.get(at).unwrap().to_vec1::<f32>().unwrap();
    let gradient = |tensor: &Tensor| gradients.get(tensor).unwrap().clone();
    let biases: Vec<f32> = gradient(&lstm.bias_hh).to_vec1().unwrap().into_iter().step_by(4).collect();
    let comparisons: [(Vec<f32>, &[f32]); 5] = [
        (row(&states, 5), &[-0.236_527_01, -0.162_019_7, 0.058_336_895, 0.235_683_64]),
        (row(&gradient(&x), 0), &[0.054_706_75, 0.080_222_25, 0.094_880_04]),
        (row(&gradient(&lstm.weight_ih), 0), &[0.001_465_697_2, -0.012_452_229, -0.024_684_804]),
        (
            row(&gradient(&lstm.weight_hh), 7),
            &[-0.000_715_537, -0.003_365_046, -0.002_736_349, -0.000_245_126],
        ),
        (biases, &[0.043_005_6, 0.031_438_07, -0.179_278_99, 0.040_694_064]),
    ];
    for (ours, golden) in comparisons {
        assert!(ours.iter().zip(golden).all(|(a, b)| (a - b).abs() < 1e-6), "{ours:?} and {golden:?}");
    }
}

/// Compares gradients of `loss` with central differences of it.
fn check_differences(variable: &Var, gradient: &Tensor, loss: impl Fn() -> f64) {
    let values: Vec<f32> = variable.flatten_all().unwrap().to_vec1().unwrap();
    let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
    let step = 1e-2_f32;
    for at in 0..values.len() {
        let shifted = |by: f32| {
            let mut moved = values.clone();
            moved[at] += by;
            variable.set(&Tensor::from_vec(moved, variable.shape(), &Device::Cpu).unwrap()).unwrap();
            loss()
        };
        // Richardson's extrapolation leaves an error of order step⁴.
        let wide = (shifted(step) - shifted(-step)) / (2.0 * f64::from(step));
        let narrow = (shifted(step / 2.0) - shifted(-step / 2.0)) / f64::from(step);
        let expected = (4.0 * narrow - wide) / 3.0;
        assert!((f64::from(gradient[at]) - expected).abs() < 5e-4, "{at}: {} and {expected}", gradient[at]);
    }
    variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap()).unwrap();
}

fn sum_f64(tensor: &Tensor) -> f64 {
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().map(|x| f64::from(*x)).sum()
}

#[test]
fn gradients_equal_central_differences() {
    let (lstm, batch) = (lstm(), batch());
    let inputs = random("inputs", &[batch.tokens().len(), INPUTS]);
    let readout = random("readout", &[batch.tokens().len(), HIDDEN]);
    let states = || training(|mode| lstm.forward(&inputs, &batch, mode).unwrap());
    let gradients = weigh(&states()).backward().unwrap();
    check_differences(&inputs, gradients.get(&inputs).unwrap(), || {
        sum_f64(&(states() * readout.as_tensor()).unwrap())
    });
}

#[test]
fn attention_gradients_equal_central_differences() {
    let batch = batch();
    let states = random("states", &[batch.tokens().len(), HIDDEN]);
    let queries = random("queries", &[batch.len(), HIDDEN]);
    let readout = random("mixed", &[batch.len(), HIDDEN]);
    let weighted = || (attention::mix(&states, &queries, &batch).unwrap() * readout.as_tensor()).unwrap();
    let gradients = weighted().sum_all().unwrap().backward().unwrap();
    for variable in [&states, &queries] {
        check_differences(variable, gradients.get(variable).unwrap(), || sum_f64(&weighted()));
    }
}

#[test]
fn attention_equals_its_unfolded_definition() {
    let batch = Batch::pack([&[1, 2, 3][..]].into_iter());
    let states = random("states", &[3, HIDDEN]);
    let query = random("queries", &[1, HIDDEN]);
    let scores = query.matmul(&states.t().unwrap()).unwrap();
    let shares = candle_nn::ops::softmax(&(scores / (HIDDEN as f64).sqrt()).unwrap(), 1).unwrap();
    let expected = shares.matmul(&states).unwrap();
    assert_close(&attention::mix(&states, &query, &batch).unwrap(), &expected, 1e-6, "mix");
}
