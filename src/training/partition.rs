//! Dividing the training split for validation.

use std::collections::HashSet;

use super::TrainingError;
use crate::data::{Dataset, Example, is_out_of_scope, split};
use crate::rng::SeedTree;
use crate::spec::{DataSpec, Validation};

/// The share of the texts of no intent that is kept from training where validation has a split of its
/// own, and so no share to go by.
const KEPT: f64 = 0.2;

/// What one fold learns from and what it is judged by, as rows of splits.
pub(super) struct Partition {
    /// Rows of `train` to learn from, rising.
    train: Vec<usize>,
    /// The split to judge by.
    judge: String,
    /// Its rows to judge by, rising.
    validation: Vec<usize>,
    /// The split of `data.oos`, its rows to learn from, and those that are kept from it, rising.
    outside: Option<(String, [Vec<usize>; 2])>,
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

    /// The texts of no intent to learn from, and those that are kept from it; none of either without
    /// `data.oos`.
    pub(super) fn outside<'a>(&self, dataset: &'a Dataset) -> (Vec<&'a Example>, Vec<&'a Example>) {
        let Some((split, [learnt, kept])) = &self.outside else { return (Vec::new(), Vec::new()) };
        let examples = dataset.splits.get(split).map_or(&[][..], |split| &split.examples);
        let pick = |rows: &[usize]| rows.iter().filter_map(|&row| examples.get(row)).collect();
        (pick(learnt), pick(kept))
    }
}

/// The partitions that a spec asks for. They depend on the study's seed and the data alone.
pub(super) fn divide(
    spec: &DataSpec,
    dataset: &Dataset,
    seeds: &SeedTree,
) -> Result<Vec<Partition>, TrainingError> {
    let mut partitions = divide_train(&spec.validation, dataset, seeds)?;
    let Some(name) = &spec.oos else { return Ok(partitions) };
    let split = dataset.splits.get(name).ok_or_else(|| {
        let outside = dataset.splits.keys().filter(|name| is_out_of_scope(name) && *name != "ood_test");
        let outside: Vec<&str> = outside.map(String::as_str).collect();
        TrainingError::Exposure {
            split: name.clone(),
            dataset: dataset.name.clone(),
            available: if outside.is_empty() { "none".to_owned() } else { outside.join(", ") },
        }
    })?;
    let (examples, mut rng) = (&split.examples, seeds.rng("exposure split"));
    let kept = match &spec.validation {
        Validation::Folds(folds) => split::folds(examples, *folds as usize, &mut rng),
        Validation::Fraction(share) => vec![split::fraction(examples, *share, &mut rng)],
        Validation::Split(_) => vec![split::fraction(examples, KEPT, &mut rng)],
    };
    for (partition, kept) in partitions.iter_mut().zip(kept) {
        partition.outside = Some((name.clone(), [others(examples.len(), &kept), kept]));
    }
    Ok(partitions)
}

fn divide_train(
    validation: &Validation,
    dataset: &Dataset,
    seeds: &SeedTree,
) -> Result<Vec<Partition>, TrainingError> {
    let train = &dataset.train()?.examples;
    let mut rng = seeds.rng("validation split");
    let too_few = |parts| {
        let texts: HashSet<&str> = train.iter().map(|example| example.text.as_str()).collect();
        TrainingError::TooFew { dataset: dataset.name.clone(), texts: texts.len(), parts }
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
            let wrong = |why| TrainingError::Split {
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
                outside: None,
            }])
        }
    }
}

/// Holds out rows of `rows` training examples, given rising.
fn hold_out(rows: usize, held_out: Vec<usize>) -> Partition {
    let train = others(rows, &held_out);
    Partition { train, judge: "train".to_owned(), validation: held_out, outside: None }
}

/// The rows that are not among `some`, which are given rising.
fn others(rows: usize, some: &[usize]) -> Vec<usize> {
    (0..rows).filter(|row| some.binary_search(row).is_err()).collect()
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
            let spec = DataSpec { dataset: "mine".to_owned(), validation, oos: None };
            divide(&spec, &dataset(texts), &SeedTree::new(1)).map(|parts| parts.len())
        };
        let why = divided(Validation::Folds(3), &["a", "b", "a", "b"]).unwrap_err().to_string();
        assert!(why.starts_with("mine has 2 distinct training texts") && why.contains("3 parts"), "{why}");
        assert!(divided(Validation::Fraction(0.5), &["a", "a"]).is_err());
        assert_eq!(divided(Validation::Folds(2), &["a", "b", "a", "b"]).unwrap(), 2);
        assert_eq!(divided(Validation::Fraction(0.5), &["a", "b", "a"]).unwrap(), 1);
    }

    #[test]
    fn every_fold_keeps_other_texts_of_no_intent_from_training() {
        let mut dataset = dataset(&["a", "b", "c", "d", "e", "f"]);
        let mut outside = dataset.splits["train"].clone();
        outside.examples.iter_mut().for_each(|example| example.text = example.text.repeat(2));
        dataset.splits.insert("ood".to_owned(), outside);
        let spec = |validation, oos: Option<&str>| DataSpec {
            dataset: "mine".to_owned(),
            validation,
            oos: oos.map(str::to_owned),
        };
        let parts = divide(&spec(Validation::Folds(3), Some("ood")), &dataset, &SeedTree::new(1)).unwrap();
        let mut all = Vec::new();
        for part in &parts {
            let (learnt, kept) = part.outside(&dataset);
            assert_eq!((learnt.len(), kept.len()), (4, 2));
            assert!(kept.iter().all(|one| !learnt.contains(one)));
            all.extend(kept.into_iter().map(|example| example.text.clone()));
        }
        all.sort();
        assert_eq!(all, ["aa", "bb", "cc", "dd", "ee", "ff"]);
        let plain = divide(&spec(Validation::Folds(3), None), &dataset, &SeedTree::new(1)).unwrap();
        for (with, without) in parts.iter().zip(&plain) {
            assert_eq!(with.of(&dataset), without.of(&dataset), "training texts are divided as ever");
            assert_eq!(without.outside(&dataset), (vec![], vec![]));
        }
        let missing = divide(&spec(Validation::Folds(3), Some("ood_dev")), &dataset, &SeedTree::new(1));
        let why = missing.err().unwrap().to_string();
        assert_eq!(
            why,
            "data.oos names the split `ood_dev`, which mine does not have; texts of no intent are in: ood"
        );
    }
}
