//! Two classifiers on the same texts: whether what is measured of them differs.

use std::collections::BTreeMap;

use crate::eval::significance::{PairedDifference, mcnemar, paired_bootstraps};
use crate::eval::{Answers, OUT_OF_SCOPE, Predictions, Resample};
use crate::rng::ChaCha8Rng;

use super::Method;

/// Resamples behind each interval.
const ROUNDS: usize = 1000;

/// The rows of one table that have an intent, so that the n-th is of the same text as the n-th of
/// the other table. Equal texts are paired in their order.
///
/// # Errors
/// The texts or their gold labels are not the same; says which.
pub(super) fn pair(first: &Predictions, second: &Predictions) -> Result<[Vec<usize>; 2], String> {
    let [one, two] = [first, second].map(|table| {
        let mut rows: Vec<usize> = (0..table.len()).filter(|row| table.gold[*row] != OUT_OF_SCOPE).collect();
        rows.sort_by_key(|row| (table.hashes[*row], *row));
        rows
    });
    let hashes = |table: &Predictions, rows: &[usize]| -> Vec<u64> {
        rows.iter().map(|row| table.hashes[*row]).collect()
    };
    let (left, right) = (hashes(first, &one), hashes(second, &two));
    if left != right {
        let common = left.iter().filter(|hash| right.binary_search(hash).is_ok()).count();
        return Err(format!(
            "the test texts are not the same: {} and {}, of which {common} are common",
            left.len(),
            right.len()
        ));
    }
    let differing = one
        .iter()
        .zip(&two)
        .filter(|(a, b)| first.gold_name(first.gold[**a]) != second.gold_name(second.gold[**b]))
        .count();
    if differing > 0 {
        return Err(format!("the right labels of {differing} test texts are not the same"));
    }
    if one.is_empty() { Err("there are no test texts".to_owned()) } else { Ok([one, two]) }
}

/// Measures that are the accuracy by another name, where each text has one label and one answer.
const ACCURACIES: [&str; 4] = ["precision_micro", "recall_micro", "f1_micro", "recall_weighted"];

/// Measures that are tested: the shares, then the others.
const TESTED: usize = Answers::SHARES.len() + Answers::MEASURES.len();

/// Differences of measures, second minus first, by the name of the measure.
///
/// # Errors
/// As [`pair`].
pub(super) fn differences(
    first: &Predictions,
    second: &Predictions,
    rng: &mut ChaCha8Rng,
) -> Result<BTreeMap<String, (PairedDifference, Method)>, String> {
    let [one, two] = pair(first, second)?;
    let classes = numbered([first, second]);
    let answers = |table: &Predictions, rows: &[usize]| {
        let class = |label: usize| classes.get(table.gold_name(label as u32)).copied().unwrap_or(0);
        Answers::new(table, rows, 1.0, classes.len(), class)
    };
    let both = [answers(first, &one), answers(second, &two)];
    let found = paired_bootstraps(&[one.len()], ROUNDS, rng, |groups| {
        let [before, after] = both.each_ref().map(|answers| measured(answers, &groups[0]));
        std::array::from_fn::<_, TESTED, _>(|measure| Some(after[measure]? - before[measure]?))
    });
    let names = Answers::SHARES.into_iter().chain(Answers::MEASURES);
    let mut tests: BTreeMap<String, (PairedDifference, Method)> = names
        .zip(found)
        .filter_map(|(name, difference)| Some((name.to_owned(), (difference?, Method::Bootstrap))))
        .collect();
    // Of shares the exact test knows more.
    let [before, after] = both.each_ref().map(Answers::right);
    for ((name, before), after) in Answers::SHARES.into_iter().zip(before).zip(after) {
        let only =
            |this: &[bool], other: &[bool]| this.iter().zip(other).filter(|(a, b)| **a && !**b).count();
        if let Some((difference, method)) = tests.get_mut(name) {
            difference.p = mcnemar(only(before, after), only(after, before));
            *method = Method::Mcnemar;
        }
    }
    if let Some(accuracy) = tests.get("accuracy").copied() {
        tests.extend(ACCURACIES.map(|name| (name.to_owned(), accuracy)));
    }
    Ok(tests)
}

/// A number for every label of both classifiers.
fn numbered(tables: [&Predictions; 2]) -> BTreeMap<&str, usize> {
    let mut numbers = BTreeMap::new();
    for name in tables.iter().flat_map(|table| table.labels.iter().chain(&table.unseen)) {
        let next = numbers.len();
        numbers.entry(name.as_str()).or_insert(next);
    }
    numbers
}

/// What is tested, of the drawn rows.
fn measured(answers: &Answers, drawn: &[usize]) -> [Option<f64>; TESTED] {
    let drawn = Resample::Drawn(drawn);
    let mut all = answers.shares(drawn).into_iter().chain(answers.measures(drawn));
    std::array::from_fn(|_| all.next()?.ok())
}

#[cfg(test)]
// Exact values are meant.
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;

    fn rng() -> ChaCha8Rng {
        SeedTree::new(1).rng("comparison")
    }

    /// Rows of (hash, gold, answer) over the labels a and b.
    fn table(labels: [&str; 2], rows: &[(u64, u32, usize)]) -> Predictions {
        let mut table = Predictions { labels: labels.map(str::to_owned).to_vec(), ..Predictions::default() };
        for (hash, gold, answer) in rows {
            table.hashes.push(*hash);
            table.gold.push(*gold);
            table.logits.extend([0, 1].map(|label| if label == *answer { 1.0 } else { 0.0 }));
        }
        table
    }

    #[test]
    fn rows_are_paired_by_text_and_equal_texts_in_their_order() {
        let first = table(["a", "b"], &[(9, 0, 0), (3, 1, 1), (9, 1, 0), (4, OUT_OF_SCOPE, 0)]);
        let second = table(["b", "a"], &[(3, 0, 1), (9, 1, 1), (9, 0, 1)]);
        assert_eq!(pair(&first, &second).unwrap(), [vec![1, 0, 2], vec![0, 1, 2]]);
    }

    #[test]
    fn other_texts_or_labels_are_not_paired() {
        let first = table(["a", "b"], &[(1, 0, 0), (2, 1, 1)]);
        let why = pair(&first, &table(["a", "b"], &[(1, 0, 0), (5, 1, 1)])).unwrap_err();
        assert_eq!(why, "the test texts are not the same: 2 and 2, of which 1 are common");
        let why = pair(&first, &table(["a", "b"], &[(1, 0, 0), (2, 0, 1)])).unwrap_err();
        assert_eq!(why, "the right labels of 1 test texts are not the same");
        assert!(pair(&table(["a", "b"], &[]), &table(["a", "b"], &[])).is_err());
    }

    #[test]
    fn differences_are_those_of_the_measures() {
        let rows = |wrong: u64| -> Vec<(u64, u32, usize)> {
            (0..100)
                .map(|row| (row, (row % 2) as u32, ((row + u64::from(row < wrong)) % 2) as usize))
                .collect()
        };
        // The second gets 10 of 100 wrong that the first gets right, and numbers its labels differently.
        let first = table(["a", "b"], &rows(5));
        let mut second = table(["b", "a"], &rows(15));
        for row in 0..100 {
            second.gold[row] = 1 - second.gold[row];
            second.logits[2 * row..][..2].reverse();
        }
        let found = differences(&first, &second, &mut rng()).unwrap();
        let (accuracy, method) = found["accuracy"];
        assert_eq!((accuracy.n, method), (100, Method::Mcnemar));
        assert!((accuracy.value + 0.1).abs() < 1e-12);
        assert_eq!(accuracy.p, mcnemar(10, 0));
        assert!(accuracy.low < -0.1 && accuracy.high < 0.0);
        assert_eq!(found["top_3"].0.value, 0.0);
        assert!(found["f1_macro"].0.value < 0.0 && found["loss"].0.value > 0.0);
        assert_eq!(found["brier"].1, Method::Bootstrap);
        assert_eq!(found["f1_micro"], found["accuracy"]);
        assert_eq!(found.len(), 15);
        let same = differences(&first, &first, &mut rng()).unwrap();
        assert!(same.values().all(|(difference, _)| difference.value == 0.0 && difference.p == 1.0));
    }
}
