//! The mean of several models' probabilities, tested once: final runs that differ in their seed
//! alone make an ensemble that is better than most of them.
//!
//! ```sh
//! cargo run --release --example ensemble -- data/atis-dedup RUN RUN RUN
//! ```

#![allow(clippy::print_stdout)]

use std::path::Path;

use anyhow::Context;
use uaic::data::Dataset;
use uaic::eval::{Average, Confusion, is_any_gold, wilson};
use uaic::store::{Id, SqliteStore};
use uaic::train::label_numbers;
use uaic::training::load_classifier;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dataset = arguments.next().context("usage: ensemble DATASET RUN…")?;
    let folder = std::env::var("UAIC_STORE").unwrap_or_else(|_| "runs".to_owned());
    let store = SqliteStore::open_read_only(Path::new(&folder))?;
    let dataset = Dataset::open(Path::new(&dataset))?;
    let test = &dataset.splits.get("test").context("the data set has no test split")?.examples;
    let mut labels = Vec::new();
    let mut sums: Vec<Vec<f64>> = Vec::new();
    for run in arguments {
        let run = Id::parse(&run).with_context(|| format!("`{run}` is not a full run id"))?;
        let classifier = load_classifier(&store, run)?;
        let texts: Vec<_> = test.iter().map(|example| classifier.tokenizer.encode(&example.text)).collect();
        let predictions = classifier.predict(&texts)?;
        sums.resize(predictions.len(), vec![0.0; classifier.labels.len()]);
        for (sum, prediction) in sums.iter_mut().zip(&predictions) {
            sum.iter_mut().zip(&prediction.probabilities).for_each(|(sum, p)| *sum += f64::from(*p));
        }
        labels = classifier.labels;
    }
    anyhow::ensure!(!labels.is_empty(), "name at least one run");
    let largest = |row: &Vec<f64>| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0);
    let predicted: Vec<usize> = sums.iter().map(largest).collect();
    let gold = label_numbers(test.iter().map(|example| example.label.as_str()), &labels);
    let classes = gold.iter().map(|label| label + 1).max().unwrap_or(0).max(labels.len());
    let right = gold.iter().zip(&predicted).filter(|(gold, predicted)| gold == predicted).count();
    let any = test.iter().zip(&predicted).filter(|(e, p)| is_any_gold(&e.label, &labels[**p])).count();
    for (name, right) in [("accuracy", right), ("accuracy, any gold", any)] {
        let estimate = wilson(right, test.len()).context("the test split is empty")?;
        println!(
            "{name:20} {:.4} ({:.4} – {:.4}), n {}",
            estimate.value, estimate.low, estimate.high, estimate.n
        );
    }
    let f1 = Confusion::count(classes, &gold, &predicted).f1(Average::Macro).unwrap_or(f64::NAN);
    println!("{:20} {f1:.4}", "F1, macro");
    Ok(())
}
