//! Whole transformers: gradients against central differences, and bits that depend on nothing else.

use super::*;
use crate::model::testing::{Tolerance, assert_differences};
use crate::model::{Observation, Slot, Tensor, Tensors, read_tensors};
use uaic_kernel::Targets;
use uaic_kernel::rng::SeedTree;

const CLASSES: usize = 3;
const SIZES: Dimensions = Dimensions { vocabulary: 13, ngrams: 0, classes: CLASSES };

/// Every pooling, trained from the bottom or from somewhere above it, in sizes that fill panels and
/// sizes that do not.
fn specs() -> Vec<BertSpec> {
    let mut specs = Vec::new();
    for pooling in [BertPooling::First, BertPooling::Mean, BertPooling::Max] {
        for (frozen_embeddings, frozen_layers) in [(false, 0), (true, 0), (false, 1), (true, 2)] {
            let (hidden_dim, heads, intermediate_dim) =
                [(10, 2, 12), (64, 2, 128), (69, 3, 70)][specs.len() % 3];
            specs.push(BertSpec {
                hidden_dim,
                heads,
                intermediate_dim,
                layers: 2,
                pooling,
                dropout: 0.1,
                attention_dropout: 0.2,
                head_dropout: 0.1,
                frozen_embeddings,
                frozen_layers,
                positions: 40,
                ..BertSpec::default()
            });
        }
    }
    specs
}

/// New weights, but large enough for gradients that differences can see.
fn given(seed: u64) -> (Weights, Box<dyn Model>, BertSpec) {
    let spec = specs().swap_remove(seed as usize);
    let (weights, model) = small(&spec, seed, None);
    (weights, model, spec)
}

/// The tensors that a model of this shape could begin with: BERT's own deviation, 0.02, makes all
/// texts alike.
fn pretrained(spec: &BertSpec, seed: u64) -> Arc<Tensors> {
    let mut weights = Weights::new(SeedTree::new(seed));
    bert(spec, SIZES, &mut weights).unwrap();
    let bytes = weights.to_safetensors().unwrap();
    let large = |(name, tensor): (String, Tensor)| {
        let shape = tensor.shape().to_vec();
        let factor = if name.contains("embeddings") { 30.0 } else { 6.0 };
        let moved = |value: &f32| if shape.len() == 2 { value * factor } else { value + 0.05 };
        let values = tensor.values().unwrap().iter().map(moved).collect();
        (name, Tensor::new(shape, values).unwrap())
    };
    Arc::new(read_tensors(&bytes).unwrap().into_iter().map(large).collect())
}

fn small(spec: &BertSpec, seed: u64, kept: Option<Arc<FrozenStates>>) -> (Weights, Box<dyn Model>) {
    let mut weights = Weights::adapted(pretrained(spec, seed), SeedTree::new(seed), kept);
    let model = bert(spec, SIZES, &mut weights).unwrap();
    // The head is drawn in any case.
    let head: Vec<Slot> =
        weights.slots().filter(|(name, _)| name.starts_with("classifier")).map(|(_, slot)| slot).collect();
    for value in head.iter().flat_map(Slot::range) {
        weights.trained_mut()[value] *= 20.0;
    }
    (weights, model)
}

/// More texts than fit a shard, of many lengths, one of them longer than a shard.
fn texts() -> Vec<TokenIds> {
    let text = |number: u32| {
        let length = if number == 3 { 70 } else { 1 + number * 7 % 23 };
        let words: Vec<u32> =
            (0..length).map(|token| (number * 5 + token * 3 + token * token) % 12).collect();
        TokenIds::of_words(&words)
    };
    (0..14).map(text).collect()
}

/// Loss and gradients of one step, always with the same dropout.
fn learn(
    weights: &mut Weights,
    model: &dyn Model,
    kernels: Kernels,
    threads: usize,
    texts: &[TokenIds],
) -> (f64, Vec<f32>) {
    let mut gradients = vec![0.0; weights.trained().len()];
    let mut learner = model.learner(kernels, Crew::new(threads).unwrap());
    let loss = step(weights, learner.as_mut(), texts, &mut gradients);
    (loss, gradients)
}

fn step(weights: &mut Weights, learner: &mut dyn Learner, texts: &[TokenIds], gradients: &mut [f32]) -> f64 {
    // One text is of no class.
    let gold: Vec<usize> =
        (0..texts.len()).map(|text| if text == 5 { CLASSES } else { text * text % CLASSES }).collect();
    let class_weights = &[1.0, 0.5, 2.0];
    let targets = Targets { gold: &gold, smoothing: 0.1, class_weights, outside_weight: 0.5 };
    let refs: Vec<&TokenIds> = texts.iter().collect();
    let mut rng = SeedTree::new(9).rng("dropout");
    learner.learn(weights, &refs, targets, &mut rng, gradients).unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn gradients_equal_central_differences_everywhere() {
    for number in 0..specs().len() {
        let (mut weights, model, spec) = given(number as u64);
        let kernels = Kernels::detect();
        let (_, gradients) = learn(&mut weights, model.as_ref(), kernels, 1, &texts());
        // Where the largest of several values changes, differences are off.
        let absolute = if spec.pooling == BertPooling::Max { 5e-3 } else { 5e-4 };
        let tolerance = Tolerance { absolute, relative: 5e-3, least_norm: 1e-6, step: 8e-3 };
        let loss = |weights: &mut Weights| learn(weights, model.as_ref(), kernels, 1, &texts()).0;
        assert_differences(&format!("{spec:?}"), &mut weights, &gradients, (3, tolerance), loss);
    }
}

#[test]
fn every_trained_tensor_has_a_gradient_and_padding_has_none() {
    for number in 0..specs().len() {
        let (mut weights, model, spec) = given(number as u64);
        let (_, gradients) = learn(&mut weights, model.as_ref(), Kernels::detect(), 1, &texts());
        for (name, slot) in weights.slots() {
            let total: f64 = slot.of(&gradients).iter().map(|g| f64::from(g.abs())).sum();
            let arranged = weights.arrange(name, &gradients).unwrap();
            let named: f64 = arranged.iter().map(|g| f64::from(g.abs())).sum();
            assert!((total - named).abs() < 1e-9, "{name} of {spec:?}: {total} and {named}");
            assert!(total.is_finite() && total > 0.0, "{name} of {spec:?}");
        }
        let of_layers = |number: u32| format!("bert.encoder.layer.{number}.");
        let is_trained = |start: &str| weights.slots().any(|(name, _)| name.starts_with(start));
        let frozen = spec.frozen_layers;
        assert_eq!(is_trained("bert.embeddings."), frozen == 0 && !spec.frozen_embeddings);
        assert!((0..2).all(|layer| is_trained(&of_layers(layer)) == (layer >= frozen)), "{spec:?}");
        assert_eq!(is_trained("bert.pooler."), spec.pooling == BertPooling::First);
        assert!(is_trained("classifier."));
    }
}

#[test]
fn every_instruction_set_and_any_number_of_threads_give_the_same_bits() {
    for number in 0..specs().len() {
        let mut results = Vec::new();
        for (kernels, threads) in Kernels::all().into_iter().flat_map(|kernels| [(kernels, 1), (kernels, 3)])
        {
            let (mut weights, model, _) = given(number as u64);
            let (loss, gradients) = learn(&mut weights, model.as_ref(), kernels, threads, &texts());
            let (texts, mut seen) = (texts(), Observation::default());
            let refs: Vec<&TokenIds> = texts.iter().collect();
            model.predictor(kernels, &weights).observe(&refs, &mut seen).unwrap();
            let seen = [bits(&seen.logits), bits(&seen.features), bits(&seen.shares.concat())];
            results.push((loss.to_bits(), bits(&gradients), seen));
        }
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", specs()[number]);
    }
}

#[test]
fn what_is_observed_of_a_text_does_not_depend_on_its_batch() {
    for number in 0..specs().len() {
        let (weights, model, spec) = given(number as u64);
        let mut predictor = model.predictor(Kernels::detect(), &weights);
        let texts = texts();
        let (mut together, mut alone, mut logits) = Default::default();
        predictor.observe(&texts.iter().collect::<Vec<_>>(), &mut together).unwrap();
        predictor.logits(&texts.iter().collect::<Vec<_>>(), &mut logits).unwrap();
        let Observation { logits: observed, features, shares } = &together;
        assert!(observed == &logits, "{spec:?}");
        let width = spec.hidden_dim as usize;
        assert_eq!((features.len(), shares.len()), (texts.len() * width, texts.len()));
        for (row, text) in texts.iter().enumerate() {
            predictor.observe(&[text], &mut alone).unwrap();
            assert!(alone.logits == logits[row * CLASSES..][..CLASSES], "{spec:?}");
            assert!(alone.features == features[row * width..][..width], "{spec:?}");
            assert!(alone.shares == shares[row..=row], "{spec:?}");
            assert_eq!(shares[row].len(), text.len());
            assert!((shares[row].iter().sum::<f32>() - 1.0).abs() < 1e-5, "{spec:?}: {:?}", shares[row]);
        }
        let distinct: std::collections::BTreeSet<Vec<u32>> = logits.chunks(CLASSES).map(bits).collect();
        assert!(distinct.len() > texts.len() / 2, "texts are told apart");
        predictor.observe(&[], &mut alone).unwrap();
        assert!(alone.logits.is_empty() && alone.features.is_empty() && alone.shares.is_empty());
    }
}

#[test]
fn kept_states_change_nothing_and_are_shared_where_they_may_be() {
    for spec in specs().into_iter().filter(|spec| spec.frozen_layers > 0) {
        let results = |kept: Option<&Arc<FrozenStates>>| {
            let (mut weights, model) = small(&spec, 4, kept.map(Arc::clone));
            let mut learner = model.learner(Kernels::detect(), Crew::new(2).unwrap());
            let mut gradients = vec![0.0; weights.trained().len()];
            let losses = [&texts()[..], &texts()[2..9], &texts()]
                .map(|texts| step(&mut weights, learner.as_mut(), texts, &mut gradients).to_bits());
            let (texts, mut seen) = (texts(), Observation::default());
            let refs: Vec<&TokenIds> = texts.iter().collect();
            model.predictor(Kernels::detect(), &weights).observe(&refs, &mut seen).unwrap();
            (losses, bits(&gradients), seen)
        };
        let plain = results(None);
        let kept = Arc::new(FrozenStates::new(1 << 24));
        assert!(results(Some(&kept)) == plain, "{spec:?}");
        let distinct: std::collections::BTreeSet<Vec<u32>> =
            texts().iter().map(|text| text.words().to_vec()).collect();
        assert_eq!(kept.len(), distinct.len());
        assert!(results(Some(&kept)) == plain, "{spec:?}");
        assert_eq!(kept.len(), distinct.len());
        // With room for a few texts alone.
        let scarce = Arc::new(FrozenStates::new(kept.bytes() / 3));
        assert!(results(Some(&scarce)) == plain, "{spec:?}");
        assert!(scarce.len() < kept.len() && !scarce.is_empty() && scarce.bytes() <= kept.bytes() / 3);

        // Weights of which a part was drawn differ from seed to seed.
        let mut tensors = pretrained(&spec, 4).as_ref().clone();
        tensors.remove("bert.encoder.layer.0.output.dense.weight");
        let mut weights = Weights::adapted(tensors.into(), SeedTree::new(4), Some(Arc::clone(&kept)));
        let model = bert(&spec, SIZES, &mut weights).unwrap();
        let before = kept.len();
        let other = TokenIds::of_words(&[12, 12, 12]);
        model.predictor(Kernels::detect(), &weights).logits(&[&other], &mut Vec::new()).unwrap();
        assert_eq!(kept.len(), before);
    }
}

#[test]
fn a_learner_reuses_its_memory_without_a_trace() {
    for number in 0..specs().len() {
        let (mut weights, model, spec) = given(number as u64);
        let (_, expected) = learn(&mut weights, model.as_ref(), Kernels::detect(), 1, &texts());
        let mut learner = model.learner(Kernels::detect(), Crew::new(1).unwrap());
        let mut gradients = vec![0.0; weights.trained().len()];
        for part in [&texts()[3..], &texts()[..1], &texts()] {
            step(&mut weights, learner.as_mut(), part, &mut gradients);
        }
        assert!(bits(&gradients) == bits(&expected), "{spec:?}");
    }
}

#[test]
fn a_file_of_the_weights_brings_the_model_back() {
    for number in 0..specs().len() {
        let (weights, model, spec) = given(number as u64);
        let bytes = weights.to_safetensors().unwrap();
        let mut again = Weights::from_safetensors(&bytes).unwrap();
        let loaded = bert(&spec, SIZES, &mut again).unwrap();
        again.check_all_used().unwrap();
        assert_eq!(
            (bits(again.frozen()), bits(again.trained())),
            (bits(weights.frozen()), bits(weights.trained()))
        );
        assert_eq!(again.frozen().is_empty(), !spec.frozen_embeddings && spec.frozen_layers == 0);
        assert_eq!(again.to_safetensors().unwrap(), bytes);
        let logits = |model: &dyn Model, weights| {
            let (texts, mut logits) = (texts(), Vec::new());
            let refs: Vec<&TokenIds> = texts.iter().collect();
            model.predictor(Kernels::detect(), weights).logits(&refs, &mut logits).unwrap();
            logits
        };
        assert!(logits(model.as_ref(), &weights) == logits(loaded.as_ref(), &again));
    }
}

#[test]
fn names_and_shapes_are_those_of_hugging_face() {
    let (weights, ..) = given(0);
    let shapes: Vec<(String, Vec<usize>)> =
        weights.slots().map(|(name, _)| (name.to_owned(), weights.shape(name).unwrap().to_vec())).collect();
    let own = |name: &str| shapes.iter().find(|(own, _)| own == name).map(|(_, shape)| &shape[..]);
    assert_eq!(shapes.len(), 5 + 2 * 16 + 4);
    assert_eq!(own("bert.embeddings.word_embeddings.weight"), Some(&[13, 10][..]));
    assert_eq!(own("bert.embeddings.position_embeddings.weight"), Some(&[40, 10][..]));
    assert_eq!(own("bert.embeddings.token_type_embeddings.weight"), Some(&[2, 10][..]));
    assert_eq!(own("bert.embeddings.LayerNorm.weight"), Some(&[10][..]));
    assert_eq!(own("bert.encoder.layer.1.attention.self.query.weight"), Some(&[10, 10][..]));
    assert_eq!(own("bert.encoder.layer.1.attention.output.dense.bias"), Some(&[10][..]));
    assert_eq!(own("bert.encoder.layer.0.attention.output.LayerNorm.bias"), Some(&[10][..]));
    assert_eq!(own("bert.encoder.layer.0.intermediate.dense.weight"), Some(&[12, 10][..]));
    assert_eq!(own("bert.encoder.layer.0.output.dense.weight"), Some(&[10, 12][..]));
    assert_eq!(own("bert.pooler.dense.weight"), Some(&[10, 10][..]));
    assert_eq!(own("classifier.weight"), Some(&[3, 10][..]));
}

#[test]
fn depth_counts_from_the_head_and_matrices_alone_decay() {
    let (mut weights, model, _) = given(0);
    let moved = |weights: &Weights| weights.spans().iter().map(|span| span.range.len()).sum::<usize>();
    let tables = (13 + 40 + 2) * 10;
    assert_eq!(moved(&weights), weights.trained().len() - tables, "no row of a table is used yet");
    learn(&mut weights, model.as_ref(), Kernels::detect(), 1, &texts());
    let of = |name: &str| {
        let (_, slot) = weights.slots().find(|(own, _)| *own == name).unwrap();
        let inside = |span: &&crate::model::Span| {
            span.range.start < slot.range().end && slot.range().start < span.range.end
        };
        let all: Vec<(u32, bool)> =
            weights.spans().iter().filter(inside).map(|span| (span.depth, span.decays)).collect();
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{name}: {all:?}");
        all[0]
    };
    assert_eq!(of("classifier.weight"), (0, true));
    assert_eq!(of("classifier.bias"), (0, false));
    assert_eq!(of("bert.pooler.dense.weight"), (0, true));
    assert_eq!(of("bert.encoder.layer.1.output.dense.weight"), (1, true));
    assert_eq!(of("bert.encoder.layer.1.output.LayerNorm.weight"), (1, false));
    assert_eq!(of("bert.encoder.layer.0.attention.self.value.bias"), (2, false));
    assert_eq!(of("bert.embeddings.word_embeddings.weight"), (3, false));
    // 12 of 13 words occur, and one of two types.
    assert_eq!(moved(&weights), weights.trained().len() - 2 * 10);
}

#[test]
fn a_diverged_model_has_a_loss_that_is_no_number_and_does_not_panic() {
    for number in 0..specs().len() {
        let (mut weights, model, spec) = given(number as u64);
        let mut learner = model.learner(Kernels::detect(), Crew::new(1).unwrap());
        let mut gradients = vec![0.0; weights.trained().len()];
        for (texts, diverged) in [(&texts()[..], false), (&texts()[..2], true)] {
            if diverged {
                weights.trained_mut().fill(f32::NAN);
            }
            let loss = step(&mut weights, learner.as_mut(), texts, &mut gradients);
            assert_eq!(loss.is_nan(), diverged, "{spec:?}");
        }
    }
}
