//! Whether two programs differ on the same rows, figure by figure.

use std::collections::BTreeMap;

use rand::Rng;

use super::paired::{PairedDifference, mcnemar, paired_bootstrap_list};
use crate::sample::{SHARES, Sample};
use crate::{Classified, Regressed, Resample, Undefined};

/// Resamples behind each interval.
const ROUNDS: usize = 1000;

/// How a difference was tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowTest {
    /// By the exact test of `McNemar`, with an interval by the paired bootstrap.
    Mcnemar,
    /// By the paired bootstrap.
    Bootstrap,
}

/// A difference of each figure that both have, second minus first.
pub type RowDifferences = BTreeMap<String, (PairedDifference, RowTest)>;

/// How two classifiers differ, of which the n-th rows are the same.
///
/// # Errors
/// They have not equally many rows, or scores that are no numbers.
pub fn classified_differences(
    first: &Classified,
    second: &Classified,
    rng: &mut impl Rng,
) -> Result<RowDifferences, Undefined> {
    if first.len() != second.len() {
        return Err(Undefined::NoExamples);
    }
    let both = [Sample::of_rows(first)?, Sample::of_rows(second)?];
    // Of two classifiers just one of which has scores, say, each figure of both is compared.
    let names: Vec<&str> =
        both[0].measure_names().filter(|name| both[1].measure_names().any(|other| other == *name)).collect();
    let places = both.each_ref().map(|sample| {
        let place = |name: &&str| sample.measure_names().position(|other| other == *name);
        names.iter().filter_map(place).collect::<Vec<usize>>()
    });
    let measured = |side: usize, weights: &[u32]| -> Vec<Option<f64>> {
        let all = both[side].all_measures(weights);
        places[side].iter().map(|&place| all.get(place)?.ok()).collect()
    };
    let mut found = bootstrapped(first.len(), &names, rng, measured);
    for share in SHARES {
        if let (Some(before), Some(after)) = (both[0].right(share), both[1].right(share)) {
            found.insert(share.to_owned(), (of_shares(before, after, rng), RowTest::Mcnemar));
        }
    }
    Ok(found)
}

/// How two regressions differ, of which the n-th rows are the same.
///
/// # Errors
/// They have not equally many rows.
pub fn regressed_differences(
    first: &Regressed,
    second: &Regressed,
    rng: &mut impl Rng,
) -> Result<RowDifferences, Undefined> {
    if first.len() != second.len() {
        return Err(Undefined::NoExamples);
    }
    let (one, two) = (first.names(), second.names());
    let names: Vec<&str> = one.iter().filter(|name| two.contains(name)).map(String::as_str).collect();
    let measured = |side: usize, weights: &[u32]| -> Vec<Option<f64>> {
        let (rows, own) = if side == 0 { (first, &one) } else { (second, &two) };
        let all = rows.figures(Resample::Weights(weights));
        let value = |name: &&str| all.get(own.iter().position(|other| other == name)?)?.ok();
        names.iter().map(value).collect()
    };
    Ok(bootstrapped(first.len(), &names, rng, measured))
}

fn bootstrapped(
    n: usize,
    names: &[&str],
    rng: &mut impl Rng,
    measured: impl Fn(usize, &[u32]) -> Vec<Option<f64>>,
) -> RowDifferences {
    let rounds = crate::resamples(n, 2).min(ROUNDS);
    let found = paired_bootstrap_list(&[n], rounds, rng, |groups| {
        let mut weights = vec![0; n];
        groups.iter().flatten().for_each(|&row| weights[row] += 1);
        let (before, after) = (measured(0, &weights), measured(1, &weights));
        after.into_iter().zip(before).map(|(after, before)| Some(after? - before?)).collect()
    });
    let tested = |(name, difference): (&&str, Option<PairedDifference>)| {
        Some(((*name).to_owned(), (difference?, RowTest::Bootstrap)))
    };
    names.iter().zip(found).filter_map(tested).collect()
}

/// Of shares the exact test knows more than a bootstrap.
fn of_shares(before: &[bool], after: &[bool], rng: &mut impl Rng) -> PairedDifference {
    let n = before.len();
    let share = |right: &[bool], rows: &[usize]| {
        rows.iter().filter(|row| right[**row]).count() as f64 / rows.len() as f64
    };
    let rounds = crate::resamples(n, 1).min(ROUNDS);
    let found = super::paired::paired_bootstrap(n, rounds, rng, |rows| {
        Some(share(after, rows) - share(before, rows))
    });
    let only = |this: &[bool], other: &[bool]| this.iter().zip(other).filter(|(a, b)| **a && !**b).count();
    let p = mcnemar(only(before, after), only(after, before));
    found.map_or(PairedDifference { value: 0.0, n, low: 0.0, high: 0.0, p }, |found| PairedDifference {
        p,
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ScoreKind;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(3)
    }

    /// 200 rows of two classes, `wrong` of which get the other label.
    fn rows(wrong: usize) -> Classified {
        let gold: Vec<usize> = (0..200).map(|row| row % 2).collect();
        let score = |row: usize| {
            let is_one = (row + usize::from(row % 100 < wrong)) % 2 == 1;
            let p = if is_one { 0.6 + (row % 7) as f64 / 20.0 } else { 0.4 - (row % 5) as f64 / 20.0 };
            [1.0 - p, p]
        };
        let scores = (0..200).flat_map(score).collect();
        let names = ["no", "yes"].map(str::to_owned).to_vec();
        Classified::of_scores(names, 2, gold, None, scores, ScoreKind::Probabilities)
            .unwrap()
            .with_positive(1)
    }

    #[test]
    fn every_figure_that_both_have_is_tested() {
        let found = classified_differences(&rows(5), &rows(20), &mut rng()).unwrap();
        let (accuracy, test) = found["accuracy"];
        assert!((accuracy.value + 0.15).abs() < 1e-12 && accuracy.p < 0.001 && test == RowTest::Mcnemar);
        assert!(accuracy.low < -0.15 && accuracy.high < 0.0);
        for key in ["auroc", "average_precision", "f1", "loss", "brier", "kappa", "auroc_macro"] {
            let (difference, test) = found[key];
            assert!(difference.p < 0.05 && test == RowTest::Bootstrap, "{key}: {difference:?}");
        }
        let same = classified_differences(&rows(5), &rows(5), &mut rng()).unwrap();
        assert!(same.values().all(|(difference, _)| difference.p >= 1.0));
    }

    #[test]
    fn labels_and_scores_are_compared_by_what_both_have() {
        let scored = rows(5);
        let labels = Classified::of_labels(
            scored.names().to_vec(),
            scored.gold().to_vec(),
            rows(20).predicted().to_vec(),
        );
        let found = classified_differences(&scored, &labels.unwrap(), &mut rng()).unwrap();
        assert!(found.contains_key("accuracy") && found.contains_key("mcc"));
        assert!(!found.contains_key("auroc") && !found.contains_key("loss") && !found.contains_key("top_3"));
    }

    #[test]
    fn regressions_are_compared_and_unequal_rows_are_not() {
        let gold: Vec<f64> = (0..80).map(f64::from).collect();
        let of = |error: f64| {
            let predicted =
                gold.iter().enumerate().map(|(row, gold)| gold + error * ((row % 9) as f64 - 4.0));
            Regressed::new(gold.clone(), predicted.collect(), vec![]).unwrap()
        };
        let found = regressed_differences(&of(1.0), &of(2.0), &mut rng()).unwrap();
        assert!(found["mae"].0.value > 0.0 && found["mae"].0.p < 0.01);
        assert!(found["r2"].0.value < 0.0 && found.contains_key("pinball_0.9"));
        let fewer = of(1.0).select(&[1, 2]).unwrap();
        assert!(regressed_differences(&of(1.0), &fewer, &mut rng()).is_err());
    }
}
