//! Whole trainings.

use std::convert::Infallible;

use super::training::encode;
use super::*;
#[cfg(feature = "candle")]
use crate::model::CnnSpec;
use crate::model::{ModelSpec, RecurrentSpec};
use crate::text::{TextSpec, Tokenizer};
use uaic_kernel::rng::SeedTree;

/// Two classes told apart by the order of two words, which no bag of words can do.
fn examples() -> Vec<Example> {
    let names = ["oslo", "rome", "cairo", "lima", "quito", "paris", "berne", "delhi"];
    let mut examples = Vec::new();
    for a in names {
        for b in names {
            examples.push(Example { text: format!("from {a} to {b}"), label: "there".to_owned() });
            examples.push(Example { text: format!("to {a} please from {b}"), label: "back".to_owned() });
        }
    }
    examples
}

fn train(spec: &TrainSpec, seed: u64) -> Result<Fitted, TrainError> {
    train_with(spec, seed, &[])
}

fn train_with(spec: &TrainSpec, seed: u64, outside: &[&Example]) -> Result<Fitted, TrainError> {
    let model = ModelSpec::LstmAttention(RecurrentSpec {
        embedding_dim: 8,
        hidden_dim: 8,
        dropout: 0.1,
        adversarial: 0.0,
        ..RecurrentSpec::default()
    });
    train_model(&model, spec, seed, outside)
}

fn train_model(
    model: &ModelSpec,
    spec: &TrainSpec,
    seed: u64,
    outside: &[&Example],
) -> Result<Fitted, TrainError> {
    let examples = examples();
    let part = |held_out: bool| -> Vec<&Example> {
        examples
            .iter()
            .enumerate()
            .filter(|(i, _)| (i % 7 == 0) == held_out)
            .map(|(_, example)| example)
            .collect()
    };
    let (train, validation) = (part(false), part(true));
    let fitted = fit(
        &Task {
            text: &TextSpec::default(),
            model,
            pretrained: None,
            train: spec,
            epochs: spec.epochs,
            examples: &train,
            outside,
            validation: &validation,
            seeds: SeedTree::new(seed),
            threads: 1,
        },
        |_| Ok::<_, Infallible>(Flow::Continue),
    );
    Ok(fitted?)
}

#[test]
fn order_of_words_is_learned() {
    let spec = TrainSpec { epochs: 15, lr: 0.01, batch_size: 8, ..TrainSpec::default() };
    let accuracy = train(&spec, 1).unwrap().validation.unwrap().accuracy;
    assert!(accuracy > 0.95, "{accuracy}");
}

#[cfg(feature = "candle")]
#[test]
fn candles_gradients_train_a_network_as_ours_do() {
    let model = ModelSpec::Cnn(CnnSpec { embedding_dim: 16, filters: 8, ..CnnSpec::default() });
    let spec = TrainSpec { epochs: 15, lr: 0.01, batch_size: 8, ..TrainSpec::default() };
    let fitted = |seed| train_model(&model, &spec, seed, &[]).unwrap();
    let accuracy = fitted(1).validation.unwrap().accuracy;
    assert!(accuracy > 0.95, "{accuracy}");
    let bytes = |seed| fitted(seed).classifier.weights.to_safetensors().unwrap();
    assert!(bytes(1) == bytes(1) && bytes(1) != bytes(2));
}

#[test]
fn texts_of_no_intent_lose_confidence_and_others_keep_their_accuracy() {
    let outside = |text: &str| Example { text: text.to_owned(), label: "-".to_owned() };
    let texts = ["from bed to work", "from now to then", "to bed please from me", "to whom it may please"];
    let shown = texts.map(outside);
    let spec = TrainSpec { epochs: 25, lr: 0.01, batch_size: 8, oos_weight: 0.2, ..TrainSpec::default() };
    let confidence = |fitted: &Fitted| {
        let encoded = texts.map(|text| fitted.classifier.tokenizer.encode(text));
        let said = fitted.classifier.predict(&encoded).unwrap();
        said.iter().map(|one| one.probabilities.iter().copied().fold(0.0, f32::max)).sum::<f32>()
    };
    let (mut with, mut without) = (0.0, 0.0);
    for seed in 1..=3 {
        let plain = train(&spec, seed).unwrap();
        let exposed = train_with(&spec, seed, &shown.each_ref()).unwrap();
        (with, without) = (with + confidence(&exposed) / 12.0, without + confidence(&plain) / 12.0);
        assert!(exposed.validation.unwrap().accuracy > 0.95);
        assert_eq!(exposed.classifier.labels, ["back", "there"]);
        assert_eq!(exposed.classifier.tokenizer, plain.classifier.tokenizer);
    }
    assert!(with < without - 0.1, "{with} {without}");
}

#[test]
fn the_same_seed_gives_the_same_weights_to_the_bit() {
    let spec = TrainSpec {
        epochs: 2,
        label_smoothing: 0.1,
        clip_norm: 1.0,
        optimizer: Optimizer::AdamW,
        ..TrainSpec::default()
    };
    let bytes = |seed| train(&spec, seed).unwrap().classifier.weights.to_safetensors().unwrap();
    assert!(bytes(1) == bytes(1));
    assert!(bytes(1) != bytes(2));
}

#[test]
fn a_diverging_training_fails_with_its_reason() {
    let spec = TrainSpec { epochs: 3, lr: 1e38, ..TrainSpec::default() };
    let error = train(&spec, 1).err().unwrap();
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
    assert!(error.to_string().contains("train.lr"), "{error}");
}

#[test]
fn a_divergence_in_the_very_last_step_is_seen() {
    let spec = TrainSpec { epochs: 1, lr: 1e38, batch_size: 1000, ..TrainSpec::default() };
    assert!(matches!(train(&spec, 1).err().unwrap(), TrainError::Diverged { epoch: 1, step: 1, .. }));
    // Weights that are still numbers, but whose products are not.
    let spec = TrainSpec { lr: 1e30, ..spec };
    assert!(matches!(train(&spec, 1).err().unwrap(), TrainError::Overflow { epoch: 1 }));
}

#[test]
fn early_stopping_goes_back_to_the_best_epoch() {
    let spec = TrainSpec { epochs: 60, lr: 0.05, patience: 3, batch_size: 8, ..TrainSpec::default() };
    let fitted = train(&spec, 3).unwrap();
    let examples = examples();
    let validation: Vec<&Example> = examples.iter().step_by(7).collect();
    let encoded = encode(&validation, &fitted.classifier.tokenizer, &fitted.classifier.labels);
    let predictions = fitted.classifier.predict(&encoded.texts).unwrap();
    assert_eq!(scores(&predictions, &encoded.labels, 2), fitted.validation);
}

#[test]
fn labels_unknown_to_the_classifier_count_as_errors() {
    let label = |text: &str| Example { text: "from oslo to rome".to_owned(), label: text.to_owned() };
    let examples = [label("back"), label("new"), label("newer"), label("new")];
    let refs: Vec<&Example> = examples.iter().collect();
    let tokenizer = Tokenizer::build(["from to"], &TextSpec::default()).unwrap();
    let encoded = encode(&refs, &tokenizer, &["back".to_owned(), "there".to_owned()]);
    assert_eq!(encoded.labels, [0, 2, 3, 2]);
}
