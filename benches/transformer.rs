//! How long an epoch of fine-tuning takes, and what it comes to:
//!
//! ```text
//! cargo bench --bench transformer -- PRETRAINED DATA [option=value …]
//! ```
//!
//! `PRETRAINED` is the folder of a Hugging Face model and `DATA` one with `train.tsv`. Options:
//! `batch`, `threads`, `epochs`, `frozen` (layers), `lr`, `decay` (of the rate, layer by layer),
//! `clip`, `test` (1: the test split after each epoch, which counts into its time).
//! `benches/pytorch/bert.py` does the same with PyTorch and transformers.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::convert::Infallible;
use std::path::Path;
use std::time::Instant;

use uaic::data::{Dataset, Example};
use uaic::model::Pretrained;
use uaic::rng::SeedTree;
use uaic::spec::{BertPooling, BertSpec, ModelSpec, Optimizer, Schedule, TextSpec, TokenizerKind, TrainSpec};
use uaic::train::{Flow, Task, fit};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [folder, data, options @ ..] = &arguments[..] else {
        println!("usage: cargo bench --bench transformer -- PRETRAINED DATA [option=value …]");
        return;
    };
    let option = |name: &str, usual: f64| {
        let value = options.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.map_or(usual, |value| value.parse().unwrap())
    };
    let model = ModelSpec::Bert(BertSpec {
        pretrained: folder.clone(),
        pooling: BertPooling::First,
        frozen_layers: option("frozen", 0.0) as u32,
        ..BertSpec::default()
    });
    let epochs = option("epochs", 3.0) as u32;
    let train = TrainSpec {
        epochs,
        batch_size: option("batch", 16.0) as u32,
        optimizer: Optimizer::AdamW,
        lr: option("lr", 5e-5),
        layer_decay: option("decay", 1.0),
        weight_decay: 0.01,
        schedule: Schedule::Linear,
        warmup: 0.1,
        clip_norm: option("clip", 1.0),
        average: 0.0,
        ..TrainSpec::default()
    };
    let text = TextSpec { tokenizer: TokenizerKind::Wordpiece, ..TextSpec::default() };
    let dataset = Dataset::open(Path::new(data)).unwrap();
    let examples: Vec<&Example> = dataset.train().unwrap().examples.iter().collect();
    let test: Vec<&Example> = if option("test", 0.0) > 0.0 {
        dataset.split("test").unwrap().examples.iter().collect()
    } else {
        Vec::new()
    };
    let pretrained = Pretrained::open(Path::new(folder)).unwrap();
    let threads = option("threads", 2.0) as usize;
    let task = Task {
        text: &text,
        model: &model,
        pretrained: Some(&pretrained),
        train: &train,
        epochs,
        examples: &examples,
        outside: &[],
        validation: &test,
        seeds: SeedTree::new(1),
        threads,
    };
    println!("{} texts, batch {}, {threads} threads", examples.len(), train.batch_size);
    let started = Instant::now();
    let mut start = Instant::now();
    let fitted = fit(&task, |report| {
        let seconds = start.elapsed().as_secs_f64();
        let accuracy = report.validation.map_or(f64::NAN, |scores| scores.accuracy);
        println!(
            "epoch {}: {seconds:.2} s, loss {:.4}, test accuracy {accuracy:.4}",
            report.epoch, report.loss
        );
        start = Instant::now();
        Ok::<_, Infallible>(Flow::Continue)
    });
    assert!(fitted.is_ok());
    println!("in all: {:.2} s", started.elapsed().as_secs_f64());
}
