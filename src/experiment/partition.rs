//! Dividing the training split for validation.

use super::ExperimentError;
use crate::data::{Dataset, Example, is_out_of_scope, split};
use crate::rng::SeedTree;
use crate::spec::Validation;

/// What one fold learns from and what it is judged by.
pub(super) struct Partition {
    /// Examples to learn from.
    pub(super) train: Vec<Example>,
    /// Examples to judge by.
    pub(super) validation: Vec<Example>,
}

/// The partitions that `validation` asks for. They depend on the study's seed and the data alone.
pub(super) fn divide(
    validation: &Validation,
    dataset: &Dataset,
    seeds: &SeedTree,
) -> Result<Vec<Partition>, ExperimentError> {
    let train = &dataset.train()?.examples;
    let labels: Vec<&str> = train.iter().map(|example| example.label.as_str()).collect();
    let mut rng = seeds.rng("validation split");
    let too_few =
        |parts| ExperimentError::TooFew { dataset: dataset.name.clone(), examples: train.len(), parts };
    match validation {
        Validation::Folds(folds) => {
            let folds = *folds as usize;
            if train.len() < folds {
                return Err(too_few(folds));
            }
            let held_out = split::folds(&labels, folds, &mut rng);
            Ok(held_out.iter().map(|indices| hold_out(train, indices)).collect())
        }
        Validation::Fraction(fraction) => {
            if train.len() < 2 {
                return Err(too_few(2));
            }
            Ok(vec![hold_out(train, &split::fraction(&labels, *fraction, &mut rng))])
        }
        Validation::Split(name) => {
            let wrong = |why| ExperimentError::Split {
                split: name.clone(),
                dataset: dataset.name.clone(),
                why,
                available: dataset.splits.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
            };
            if name == "test" || name == "train" || is_out_of_scope(name) {
                return Err(wrong("which trials must not be judged by"));
            }
            let split = dataset.splits.get(name).ok_or_else(|| wrong("which it does not have"))?;
            Ok(vec![Partition { train: train.clone(), validation: split.examples.clone() }])
        }
    }
}

/// Divides examples by the sorted indices of those held out.
fn hold_out(examples: &[Example], held_out: &[usize]) -> Partition {
    let mut partition = Partition { train: Vec::new(), validation: Vec::new() };
    for (index, example) in examples.iter().enumerate() {
        let part = if held_out.binary_search(&index).is_ok() {
            &mut partition.validation
        } else {
            &mut partition.train
        };
        part.push(example.clone());
    }
    partition
}
