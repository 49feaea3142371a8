//! Whole models: gradients against central differences, and bits that depend on nothing else.

use super::testing::{Tolerance, assert_differences};
use super::*;
use crate::text::TokenIds;
use uaic_kernel::rng::SeedTree;
use uaic_kernel::{Kernels, Targets};

const CLASSES: usize = 3;

/// Every architecture of words with every option, in sizes that fill blocks and sizes that do not.
/// (Those of wordpieces are tested beside their layers.)
fn specs() -> Vec<ModelSpec> {
    let mut specs = recurrent_specs();
    if cfg!(feature = "candle") {
        for (embedding_dim, filters, width_min, width_max) in [(6, 5, 1, 1), (16, 4, 2, 5), (7, 20, 1, 4)] {
            specs.push(ModelSpec::Cnn(CnnSpec {
                embedding_dim,
                filters,
                width_min,
                width_max,
                word_dropout: 0.1,
                dropout: 0.2,
                head_dropout: 0.1,
            }));
        }
    }
    specs
}

fn recurrent_specs() -> Vec<ModelSpec> {
    let mut specs = Vec::new();
    for architecture in [ModelSpec::Lstm, ModelSpec::LstmAttention] {
        let poolings = [Pooling::Last, Pooling::Mean, Pooling::Max, Pooling::Attention];
        for (number, pooling) in poolings.into_iter().enumerate() {
            for (layers, bidirectional) in [(1, false), (1, true), (2, true)] {
                specs.push(architecture(RecurrentSpec {
                    embedding_dim: [6, 16, 70, 3][number],
                    hidden_dim: [5, 16, 20, 33][number],
                    layers,
                    bidirectional,
                    pooling,
                    word_dropout: 0.1,
                    dropout: 0.2,
                    head_dropout: 0.1,
                    adversarial: 0.0,
                }));
            }
        }
    }
    specs
}

/// The same, trained with word vectors moved against it, where it knows how.
fn moved(spec: &ModelSpec, adversarial: f64) -> ModelSpec {
    let mut moved = spec.clone();
    if let ModelSpec::Lstm(own) | ModelSpec::LstmAttention(own) = &mut moved {
        own.adversarial = adversarial;
    }
    moved
}

fn small(spec: &ModelSpec, seed: u64) -> (Weights, Box<dyn Model>) {
    let mut weights = Weights::new(SeedTree::new(seed));
    let sizes = Dimensions { vocabulary: 12, ngrams: 7, classes: CLASSES };
    let model = build(spec, sizes, &mut weights).unwrap();
    (weights, model)
}

/// More texts than fit a shard, of many lengths.
fn texts() -> Vec<TokenIds> {
    let text = |number: u32| {
        let mut ids = TokenIds::default();
        for token in 0..=number * 7 % 11 {
            let word = (number * 5 + token * 3) % 12;
            ids.push(word, (0..word % 4).map(|ngram| (word * 3 + ngram) % 7));
        }
        ids
    };
    (0..21).map(text).collect()
}

/// Loss and gradients of one step, always with the same dropout.
fn learn(
    weights: &mut Weights,
    model: &dyn Model,
    kernels: Kernels,
    threads: usize,
    texts: &[TokenIds],
) -> (f64, Vec<f32>) {
    let gold: Vec<usize> = (0..texts.len()).map(|text| text * text % CLASSES).collect();
    let targets =
        Targets { gold: &gold, smoothing: 0.1, class_weights: &[1.0, 0.5, 2.0], outside_weight: 0.5 };
    let mut gradients = vec![f32::NAN; weights.trained().len()];
    let refs: Vec<&TokenIds> = texts.iter().collect();
    let mut rng = SeedTree::new(9).rng("dropout");
    let mut learner = model.learner(kernels, Crew::new(threads).unwrap());
    let loss = learner.learn(weights, &refs, targets, &mut rng, &mut gradients).unwrap();
    (loss, gradients)
}

#[test]
fn gradients_equal_central_differences_everywhere() {
    for spec in specs() {
        let (mut weights, model) = small(&spec, 1);
        let kernels = Kernels::detect();
        let (_, gradients) = learn(&mut weights, model.as_ref(), kernels, 1, &texts());
        // The loss has kinks; with smaller steps fewer are met, but rounding says more.
        let (absolute, relative, step) =
            if spec.architecture() == "cnn" { (4e-3, 1e-2, 1e-3) } else { (2e-4, 2e-3, 8e-3) };
        let tolerance = Tolerance { absolute, relative, least_norm: 1e-9, step };
        let loss = |weights: &mut Weights| learn(weights, model.as_ref(), kernels, 1, &texts()).0;
        assert_differences(&format!("{spec:?}"), &mut weights, &gradients, (7, tolerance), loss);
    }
}

#[test]
fn padding_stays_without_gradient() {
    for spec in specs() {
        let (mut weights, model) = small(&spec, 1);
        let (_, gradients) = learn(&mut weights, model.as_ref(), Kernels::detect(), 1, &texts());
        for (name, slot) in weights.slots() {
            let total: f64 = slot.of(&gradients).iter().map(|g| f64::from(g.abs())).sum();
            let arranged = weights.arrange(name, &gradients).unwrap();
            let named: f64 = arranged.iter().map(|g| f64::from(g.abs())).sum();
            assert!((total - named).abs() < 1e-9, "{name} of {spec:?}: {total} and {named}");
        }
    }
}

#[test]
fn a_vanishing_perturbation_changes_nothing_and_a_real_one_does() {
    for spec in recurrent_specs() {
        let after = |adversarial: f64| {
            let (mut weights, model) = small(&moved(&spec, adversarial), 1);
            let (loss, gradients) = learn(&mut weights, model.as_ref(), Kernels::detect(), 1, &texts());
            (loss, gradients, weights.buffers().to_vec())
        };
        let (loss, gradients, buffers) = after(0.0);
        let (same_loss, near, same_buffers) = after(1e-7);
        assert!(loss.to_bits() == same_loss.to_bits() && buffers == same_buffers, "{spec:?}");
        let off = |other: &[f32]| {
            let differences: Vec<f32> = gradients.iter().zip(other).map(|(a, b)| a - b).collect();
            let norm = uaic_kernel::sum_of_squares(&gradients).sqrt();
            uaic_kernel::sum_of_squares(&differences).sqrt() / norm
        };
        assert!(off(&near) < 1e-3, "{spec:?}: {}", off(&near));
        assert!(off(&after(1.0).1) > 1e-2, "{spec:?}");
    }
}

#[test]
fn every_instruction_set_and_any_number_of_threads_give_the_same_bits() {
    for spec in specs().into_iter().map(|spec| moved(&spec, 0.5)) {
        let mut results = Vec::new();
        for (kernels, threads) in Kernels::all().into_iter().flat_map(|kernels| [(kernels, 1), (kernels, 3)])
        {
            let (mut weights, model) = small(&spec, 1);
            let (loss, gradients) = learn(&mut weights, model.as_ref(), kernels, threads, &texts());
            let mut logits = Vec::new();
            let texts = texts();
            let refs: Vec<&TokenIds> = texts.iter().collect();
            model.predictor(kernels, &weights).logits(&refs, &mut logits).unwrap();
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            let mut seen = Observation::default();
            model.predictor(kernels, &weights).observe(&refs, &mut seen).unwrap();
            let seen = (bits(&seen.features), bits(&seen.shares.concat()));
            results.push((loss.to_bits(), bits(&gradients), bits(&logits), bits(weights.buffers()), seen));
        }
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{spec:?}");
    }
}

#[test]
fn a_learner_reuses_its_memory_without_a_trace() {
    for spec in specs() {
        let (mut weights, model) = small(&spec, 1);
        let (_, expected) = learn(&mut weights, model.as_ref(), Kernels::detect(), 1, &texts());
        let mut learner = model.learner(Kernels::detect(), Crew::new(1).unwrap());
        let mut gradients = vec![0.0; weights.trained().len()];
        for part in [&texts()[3..], &texts()[..1], &texts()] {
            let gold: Vec<usize> = (0..part.len()).map(|text| text * text % CLASSES).collect();
            let targets =
                Targets { gold: &gold, smoothing: 0.1, class_weights: &[1.0, 0.5, 2.0], outside_weight: 0.5 };
            let refs: Vec<&TokenIds> = part.iter().collect();
            let mut rng = SeedTree::new(9).rng("dropout");
            learner.learn(&mut weights, &refs, targets, &mut rng, &mut gradients).unwrap();
        }
        assert!(gradients == expected, "{spec:?}");
    }
}

#[test]
fn the_logits_of_a_text_do_not_depend_on_its_batch() {
    for spec in specs() {
        let (weights, model) = small(&spec, 2);
        let mut predictor = model.predictor(Kernels::detect(), &weights);
        let texts = texts();
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        predictor.logits(&texts.iter().collect::<Vec<_>>(), &mut together).unwrap();
        for (text, together) in texts.iter().zip(together.chunks_exact(CLASSES)) {
            predictor.logits(&[text], &mut alone).unwrap();
            assert!(alone == together, "{spec:?}: {alone:?} and {together:?}");
        }
        predictor.logits(&[], &mut alone).unwrap();
        assert!(alone.is_empty());
    }
}

#[test]
fn what_is_observed_of_a_text_does_not_depend_on_its_batch() {
    for spec in specs() {
        let (weights, model) = small(&spec, 2);
        let mut predictor = model.predictor(Kernels::detect(), &weights);
        let texts = texts();
        let (mut together, mut alone, mut logits) = Default::default();
        predictor.observe(&texts.iter().collect::<Vec<_>>(), &mut together).unwrap();
        predictor.logits(&texts.iter().collect::<Vec<_>>(), &mut logits).unwrap();
        let Observation { logits: observed, features, shares } = &together;
        assert!(observed == &logits, "{spec:?}");
        let width = features.len() / texts.len();
        for (row, text) in texts.iter().enumerate() {
            predictor.observe(&[text], &mut alone).unwrap();
            assert!(alone.logits == logits[row * CLASSES..][..CLASSES], "{spec:?}");
            assert!(alone.features == features[row * width..][..width], "{spec:?}");
            assert!(alone.shares == shares[row..=row], "{spec:?}");
        }
    }
}

#[test]
fn every_token_has_its_share_in_what_a_text_becomes() {
    let observed = |spec: &ModelSpec| {
        let (weights, model) = small(spec, 2);
        let mut seen = Observation::default();
        let texts = texts();
        let mut predictor = model.predictor(Kernels::detect(), &weights);
        predictor.observe(&texts.iter().collect::<Vec<_>>(), &mut seen).unwrap();
        seen.shares
    };
    for spec in specs() {
        for (shares, text) in observed(&spec).iter().zip(texts()) {
            assert_eq!(shares.len(), text.len());
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{spec:?}: {shares:?}");
            assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{spec:?}: {shares:?}");
            let length = shares.len();
            let spread = match &spec {
                ModelSpec::Lstm(RecurrentSpec { pooling: Pooling::Mean, .. }) => {
                    vec![1.0 / length as f32; length]
                }
                ModelSpec::Lstm(RecurrentSpec { pooling: Pooling::Last, bidirectional: false, .. }) => {
                    [vec![0.0; length - 1], vec![1.0]].concat()
                }
                ModelSpec::Lstm(RecurrentSpec { pooling: Pooling::Last, .. }) if length > 1 => {
                    [vec![0.5], vec![0.0; length - 2], vec![0.5]].concat()
                }
                _ => continue,
            };
            assert!(shares.iter().zip(spread).all(|(a, b)| (a - b).abs() < 1e-6), "{spec:?}: {shares:?}");
        }
    }
}

#[test]
fn a_single_text_is_normalised_by_what_was_seen_before() {
    for spec in specs() {
        let (mut weights, model) = small(&spec, 2);
        let before = weights.buffers().to_vec();
        let (loss, gradients) = learn(&mut weights, model.as_ref(), Kernels::detect(), 1, &texts()[4..5]);
        assert!(loss.is_finite() && gradients.iter().all(|gradient| gradient.is_finite()));
        assert_eq!(weights.buffers(), before);
    }
}

#[test]
fn equal_seeds_give_equal_weights_and_others_do_not() {
    let bytes = |seed| small(&specs()[0], seed).0.to_safetensors().unwrap();
    assert_eq!(bytes(3), bytes(3));
    assert_ne!(bytes(3), bytes(4));
}

#[test]
fn a_diverged_model_has_a_loss_that_is_no_number_and_does_not_panic() {
    for spec in specs() {
        let (mut weights, model) = small(&spec, 1);
        let mut learner = model.learner(Kernels::detect(), Crew::new(1).unwrap());
        let mut gradients = vec![0.0; weights.trained().len()];
        // The second batch is smaller: what the first one left behind must not be read.
        for (texts, diverged) in [(&texts()[..], false), (&texts()[..2], true)] {
            let targets = Targets {
                gold: &vec![1; texts.len()],
                smoothing: 0.0,
                class_weights: &[1.0; 3],
                outside_weight: 0.5,
            };
            let refs: Vec<&TokenIds> = texts.iter().collect();
            if diverged {
                weights.trained_mut().fill(f32::NAN);
            }
            let mut rng = SeedTree::new(9).rng("dropout");
            let loss = learner.learn(&mut weights, &refs, targets, &mut rng, &mut gradients).unwrap();
            assert_eq!(loss.is_nan(), diverged, "{spec:?}");
        }
    }
}

/// What is learnt from is what is said afterwards: without dropout, the loss of a step on one text,
/// which is normalised by what was seen before, is that of the predictor's logits.
#[test]
fn a_network_learns_from_the_logits_that_it_predicts() {
    for spec in specs() {
        let mut still = spec.clone();
        match &mut still {
            ModelSpec::Lstm(own) | ModelSpec::LstmAttention(own) => {
                (own.word_dropout, own.dropout, own.head_dropout) = (0.0, 0.0, 0.0);
            }
            ModelSpec::Cnn(own) => (own.word_dropout, own.dropout, own.head_dropout) = (0.0, 0.0, 0.0),
            ModelSpec::Bert(_) => continue,
        }
        let (mut weights, model) = small(&still, 1);
        let mut logits = Vec::new();
        for text in texts() {
            model.predictor(Kernels::detect(), &weights).logits(&[&text], &mut logits).unwrap();
            let targets =
                Targets { gold: &[0], smoothing: 0.1, class_weights: &[1.0, 0.5, 2.0], outside_weight: 0.5 };
            let expected = Kernels::detect().cross_entropy(&mut logits, targets);
            let (loss, _) = learn(&mut weights, model.as_ref(), Kernels::detect(), 1, &[text]);
            assert!((loss - expected).abs() < 1e-5, "{spec:?}: {loss} and {expected}");
        }
    }
}
