//! The training step against the same model of plain candle operations.

use candle_core::Tensor;
use uaic::kernel::{Kernels, Targets};
use uaic::model::{Crew, Dimensions, Model, Weights, build};
use uaic::rng::SeedTree;
use uaic::spec::{ModelSpec, Pooling, RecurrentSpec};
use uaic::text::TokenIds;

use crate::support::plain_candle::{Mode, PlainModel};

const CLASSES: usize = 5;
const SIZES: Dimensions = Dimensions { vocabulary: 30, ngrams: 11, classes: CLASSES };

/// Every architecture, pooling, number of directions and of layers, in sizes that fill the kernels'
/// blocks and sizes that do not.
fn specs() -> Vec<ModelSpec> {
    let sizes = [(6, 5), (16, 32), (70, 21), (64, 66)];
    let mut specs = Vec::new();
    for architecture in [ModelSpec::Lstm, ModelSpec::LstmAttention] {
        for pooling in [Pooling::Last, Pooling::Mean, Pooling::Max, Pooling::Attention] {
            for (bidirectional, layers) in [(false, 1), (false, 2), (true, 1), (true, 2), (true, 3)] {
                let (embedding_dim, hidden_dim) = sizes[specs.len() % sizes.len()];
                specs.push(architecture(RecurrentSpec {
                    embedding_dim,
                    hidden_dim,
                    layers,
                    bidirectional,
                    pooling,
                    word_dropout: 0.0,
                    dropout: 0.0,
                    head_dropout: 0.0,
                    adversarial: 0.0,
                }));
            }
        }
    }
    specs
}

fn new(spec: &ModelSpec) -> (Weights, Box<dyn Model>) {
    let mut weights = Weights::new(SeedTree::new(5));
    let model = build(spec, SIZES, &mut weights).unwrap();
    (weights, model)
}

/// More texts than fit one shard, of 1 to 13 tokens with 0 to 3 n-grams each.
fn texts(count: u32) -> Vec<TokenIds> {
    let text = |number: u32| {
        let mut ids = TokenIds::default();
        for token in 0..=number * 5 % 13 {
            let word = (number * 7 + token * token) % 30;
            ids.push(word, (0..word % 4).map(|ngram| (word * 3 + ngram * 2) % 11));
        }
        ids
    };
    (0..count).map(text).collect()
}

fn norm(values: impl Iterator<Item = f32>) -> f64 {
    values.map(|value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

/// Differences are judged by the size of the whole tensor: single values may be sums that cancel.
#[track_caller]
fn assert_same(ours: &[f32], plain: &Tensor, tolerance: f64, what: &str) {
    let plain: Vec<f32> = plain.flatten_all().unwrap().to_vec1().unwrap();
    assert_eq!(ours.len(), plain.len(), "{what}");
    let size = norm(plain.iter().copied());
    assert!(size.is_finite() && size > 0.0, "{what} has norm {size}");
    let difference = norm(ours.iter().zip(&plain).map(|(a, b)| a - b));
    assert!(difference < tolerance * size, "{what}: a difference of {difference} at a norm of {size}");
    let largest = plain.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    for (at, (a, b)) in ours.iter().zip(&plain).enumerate() {
        assert!((a - b).abs() < 1e-4 * largest, "{what}[{at}]: {a} and {b}");
    }
}

#[test]
fn loss_and_all_gradients_equal_those_of_plain_operations() {
    let texts = texts(37);
    let texts: Vec<&TokenIds> = texts.iter().collect();
    let gold: Vec<usize> = (0..texts.len()).map(|text| text * text % CLASSES).collect();
    let targets = Targets {
        gold: &gold,
        smoothing: 0.1,
        class_weights: &[1.0, 0.5, 2.0, 1.5, 0.7],
        outside_weight: 0.0,
    };
    for spec in specs() {
        let (mut weights, model) = new(&spec);
        let plain = PlainModel::new(&spec, &weights).unwrap();
        let mut gradients = vec![f32::NAN; weights.trained().len()];
        let mut learner = model.learner(Kernels::detect(), Crew::new(1).unwrap());
        let mut rng = SeedTree::new(1).rng("unused");
        let loss = learner.learn(&mut weights, &texts, targets, &mut rng, &mut gradients).unwrap();

        let expected = plain.loss(&texts, targets).unwrap();
        let wanted = f64::from(expected.to_scalar::<f32>().unwrap());
        assert!((loss - wanted).abs() < 1e-5 * wanted, "loss of {spec:?}: {loss} and {wanted}");
        let expected = expected.backward().unwrap();
        assert_eq!(plain.variables().len(), weights.slots().count());
        for (name, variable) in plain.variables() {
            let ours = weights.arrange(name, &gradients).unwrap();
            let what = format!("gradient of {name} of {spec:?}");
            assert_same(&ours, expected.get(variable).expect(name), 5e-5, &what);
        }
    }
}

#[test]
fn running_statistics_take_in_a_tenth_of_each_batch() {
    let texts = texts(37);
    let texts: Vec<&TokenIds> = texts.iter().collect();
    let targets =
        Targets { gold: &[1; 37], smoothing: 0.0, class_weights: &[1.0; CLASSES], outside_weight: 0.0 };
    for spec in specs().into_iter().filter(|spec| spec.recurrent().is_some_and(|spec| spec.layers == 1)) {
        let (mut weights, model) = new(&spec);
        let features = PlainModel::new(&spec, &weights).unwrap().features(&texts, Mode::Train).unwrap();
        let mut gradients = vec![0.0; weights.trained().len()];
        let mut learner = model.learner(Kernels::detect(), Crew::new(1).unwrap());
        let mut rng = SeedTree::new(1).rng("unused");
        learner.learn(&mut weights, &texts, targets, &mut rng, &mut gradients).unwrap();
        // As PyTorch: from mean 0 and variance 1, momentum 0.1, and the unbiased variance.
        let mean = features.mean_keepdim(0).unwrap();
        let variance = features.broadcast_sub(&mean).unwrap().sqr().unwrap().sum(0).unwrap();
        let variance = ((variance / 36.0).unwrap() * 0.1).unwrap();
        let ours = weights.tensor("batch_norm.running_mean").unwrap();
        assert_same(&ours, &(mean * 0.1).unwrap(), 1e-5, &format!("mean of {spec:?}"));
        let ours = weights.tensor("batch_norm.running_var").unwrap();
        assert_same(&ours, &(variance + 0.9).unwrap(), 1e-5, &format!("variance of {spec:?}"));
    }
}

#[test]
fn logits_equal_those_of_plain_operations() {
    let texts = texts(37);
    let texts: Vec<&TokenIds> = texts.iter().collect();
    for spec in specs() {
        let (weights, model) = new(&spec);
        let mut logits = Vec::new();
        model.predictor(Kernels::detect(), &weights).logits(&texts, &mut logits).unwrap();
        let expected = PlainModel::new(&spec, &weights).unwrap().logits(&texts, Mode::Apply).unwrap();
        assert_same(&logits, &expected, 1e-5, &format!("logits of {spec:?}"));
    }
}
