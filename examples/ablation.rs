//! What is each option of a spec worth? Trains the spec as it is and with one option changed at a
//! time, and prints the table of `experiments/README.md`:
//!
//! ```sh
//! cargo run --release --example ablation -- experiments/atis-best.toml
//! ```
//!
//! A row is the mean accuracy on what the spec keeps aside of the training split, over five seeds;
//! a seed decides what is kept aside as well as the weights, and all rows share it, so rows are
//! compared in pairs. The test split is not looked at.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context;
use uaic::platform::{self, ProcessIdentity};
use uaic::spec::Spec;
use uaic::store::{MemoryStore, Store};
use uaic::study::{self, StudySetup, Surroundings};
use uaic::training::Training;

/// What is changed, as key and value.
type Change = &'static [(&'static str, &'static str)];

const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

/// Student's t for 95 % and four degrees of freedom.
const T: f64 = 2.776;

const ROWS: [(&str, Change); 20] = [
    ("as shipped", &[]),
    ("no adversarial training", &[("model.adversarial", "0")]),
    ("no n-grams", &[("text.ngrams", "0")]),
    ("no word dropout", &[("model.word_dropout", "0")]),
    ("neither n-grams nor word dropout", &[("text.ngrams", "0"), ("model.word_dropout", "0")]),
    ("one direction", &[("model.bidirectional", "false")]),
    ("one direction of 128 units", &[("model.bidirectional", "false"), ("model.hidden_dim", "128")]),
    ("pooling: last", &[("model.pooling", "last")]),
    ("pooling: mean", &[("model.pooling", "mean")]),
    ("pooling: attention", &[("model.pooling", "attention")]),
    ("no self-attention", &[("model.architecture", "lstm")]),
    ("two layers", &[("model.layers", "2")]),
    ("dropout 0.2", &[("model.dropout", "0.2")]),
    ("head dropout 0.3", &[("model.head_dropout", "0.3")]),
    ("no average of weights", &[("train.average", "0")]),
    ("label smoothing 0.1", &[("train.label_smoothing", "0.1")]),
    ("cosine schedule", &[("train.schedule", "cosine")]),
    ("numbers: keep", &[("text.numbers", "keep")]),
    ("numbers: time", &[("text.numbers", "time")]),
    ("20 epochs", &[("train.epochs", "20")]),
];

fn main() -> anyhow::Result<()> {
    let spec = std::env::args().nth(1).context("usage: ablation SPEC")?;
    let cells: Vec<(usize, u64)> = (0..ROWS.len()).flat_map(|row| SEEDS.map(|seed| (row, seed))).collect();
    let values = in_parallel(&cells, |&(row, seed)| accuracy(Path::new(&spec), ROWS[row].1, seed))?;
    println!("| option | accuracy, mean ± 95 % | difference, mean ± 95 % | paired t |");
    println!("|---|---|---|---|");
    let shipped = &values[..SEEDS.len()];
    for ((name, change), values) in ROWS.iter().zip(values.chunks(SEEDS.len())) {
        let (mean, half) = interval(values);
        print!("| {name} | {mean:.4} ± {half:.4} |");
        if change.is_empty() {
            println!(" | |");
            continue;
        }
        let differences: Vec<f64> = values.iter().zip(shipped).map(|(a, b)| a - b).collect();
        let (difference, half) = interval(&differences);
        println!(" {difference:+.4} ± {half:.4} | {:+.2} |", T * difference / half);
    }
    Ok(())
}

/// What `work` gives for each item, with a thread for each core. Not rayon's: a study has a pool of
/// its own, and a worker that waits for it would begin with the next item.
fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> anyhow::Result<R> + Sync,
) -> anyhow::Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some((at, item)) = take(items, &next) {
            done.push((at, work(item)?));
        }
        anyhow::Ok(done)
    };
    let mut all = Vec::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..platform::cores()).map(|_| scope.spawn(worker)).collect();
        for thread in threads {
            let done = thread.join().map_err(|_| anyhow::anyhow!("a training panicked"))?;
            all.extend(done?);
        }
        anyhow::Ok(())
    })?;
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}

fn take<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    items.get(at).map(|item| (at, item))
}

/// The accuracy of validation with one seed.
fn accuracy(spec: &Path, change: Change, seed: u64) -> anyhow::Result<f64> {
    let mut overrides: Vec<(String, String)> =
        change.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    overrides.push(("study.seed".to_owned(), seed.to_string()));
    let experiment = Training::open(Spec::load(spec, &overrides)?)?;
    let store = MemoryStore::new();
    let spec = experiment.spec();
    let setup = StudySetup::new(&spec.search, &spec.study, &experiment.pruner(), &experiment.reports())?;
    let process = ProcessIdentity::current();
    let study = store.create_study(&experiment.new_study())?.id;
    store.acquire_study(study, &process)?;
    let surroundings = Surroundings {
        store: &store,
        study,
        jobs: 1,
        process: &process,
        environment: experiment.environment(),
        observer: &(),
        cancel: &AtomicBool::new(false),
        deadline: None,
    };
    let outcome = study::run(&setup.plan(1), &experiment, &surroundings)?;
    let best = outcome.best().context("the trial failed")?;
    best.trial.value().context("the trial has no value")
}

/// The mean and half the width of its 95 % interval.
fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, T * (variance / n).sqrt())
}
