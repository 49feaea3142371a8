//! Dividing the training split for validation.

use std::collections::HashSet;

use super::ExperimentError;
use crate::data::{Dataset, Example, is_out_of_scope, split};
use crate::rng::SeedTree;
use crate::spec::Validation;

/// What one fold learns from and what it is judged by, as rows of splits.
pub(super) struct Partition {
    /// Rows of `train` to learn from, rising.
    train: Vec<usize>,
    /// The split to judge by.
    judge: String,
    /// Its rows to judge by, rising.
    validation: Vec<usize>,
}

impl Partition {
    /// The examples to learn from, and those to judge by.
    pub(super) fn of<'a>(&self, dataset: &'a Dataset) -> (Vec<&'a Example>, Vec<&'a Example>) {
        let pick = |split: &str, rows: &[usize]| {
            let examples = dataset.splits.get(split).map_or(&[][..], |split| &split.examples);
            rows.iter().map(|&row| &examples[row]).collect()
        };
        (pick("train", &self.train), pick(&self.judge, &self.validation))
    }
}

/// The partitions that `validation` asks for. They depend on the study's seed and the data alone.
pub(super) fn divide(
    validation: &Validation,
    dataset: &Dataset,
    seeds: &SeedTree,
) -> Result<Vec<Partition>, ExperimentError> {
    let train = &dataset.train()?.examples;
    let mut rng = seeds.rng("validation split");
    let too_few = |parts| {
        let texts: HashSet<&str> = train.iter().map(|example| example.text.as_str()).collect();
        ExperimentError::TooFew { dataset: dataset.name.clone(), texts: texts.len(), parts }
    };
    match validation {
        Validation::Folds(folds) => {
            let folds = *folds as usize;
            let held_out = split::folds(train, folds, &mut rng);
            if held_out.iter().any(Vec::is_empty) {
                return Err(too_few(folds));
            }
            Ok(held_out.into_iter().map(|rows| hold_out(train.len(), rows)).collect())
        }
        Validation::Fraction(fraction) => {
            let held_out = split::fraction(train, *fraction, &mut rng);
            if held_out.is_empty() {
                return Err(too_few(2));
            }
            Ok(vec![hold_out(train.len(), held_out)])
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
            Ok(vec![Partition {
                train: (0..train.len()).collect(),
                judge: name.clone(),
                validation: (0..split.examples.len()).collect(),
            }])
        }
    }
}

/// Holds out rows of `rows` training examples, given rising.
fn hold_out(rows: usize, held_out: Vec<usize>) -> Partition {
    let train = (0..rows).filter(|row| held_out.binary_search(row).is_err()).collect();
    Partition { train, judge: "train".to_owned(), validation: held_out }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::Split;

    fn dataset(texts: &[&str]) -> Dataset {
        let example = |text: &&str| Example { text: (*text).to_owned(), label: "x".to_owned() };
        let examples = texts.iter().map(example).collect();
        let train = Split { examples, hash: String::new() };
        Dataset {
            name: "mine".to_owned(),
            folder: "data/mine".into(),
            splits: BTreeMap::from([("train".to_owned(), train)]),
        }
    }

    #[test]
    fn a_text_that_is_there_twice_does_not_fill_two_parts() {
        let divided = |validation: Validation, texts: &[&str]| {
            divide(&validation, &dataset(texts), &SeedTree::new(1)).map(|parts| parts.len())
        };
        let why = divided(Validation::Folds(3), &["a", "b", "a", "b"]).unwrap_err().to_string();
        assert!(why.starts_with("mine has 2 distinct training texts") && why.contains("3 parts"), "{why}");
        assert!(divided(Validation::Fraction(0.5), &["a", "a"]).is_err());
        assert_eq!(divided(Validation::Folds(2), &["a", "b", "a", "b"]).unwrap(), 2);
        assert_eq!(divided(Validation::Fraction(0.5), &["a", "b", "a"]).unwrap(), 1);
    }
}
