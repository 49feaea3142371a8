//! Functional ANOVA: the share of a metric's variance that each parameter explains by itself.

use super::super::sampler::axis::{Axis, axes};
use super::forest::{Column, grow};
use crate::rng::ChaCha8Rng;
use crate::spec::Space;
use crate::trial::{FinishedTrial, RunState};

/// Fewer trials say nothing about importance.
pub const LEAST_TRIALS: usize = 4;
/// Trees of the forest, as in Optuna.
const TREES: usize = 64;
/// Most trials that one tree sees, drawn with replacement: what bounds the time for long studies.
const SAMPLE: usize = 1024;

/// Why a study has no importances.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ImportanceError {
    /// Nothing is searched.
    #[error("the study searches no parameter, so none can be important")]
    NothingSearched,
    /// Too few trials have a value.
    #[error("{found} trials are complete with a number for a value; importance takes {LEAST_TRIALS} or more")]
    TooFew {
        /// How many have one.
        found: usize,
    },
    /// All values are equal.
    #[error("all {trials} trials have the same value, so no parameter has made a difference")]
    Constant {
        /// How many trials there are.
        trials: usize,
    },
}

/// How important each parameter of a space is, most important first; they sum to 1. Of equal ones
/// the first by name comes first.
///
/// Functional ANOVA over a random forest (Hutter, Hoos & Leyton-Brown 2014): each tree learns the
/// metric from trials drawn with replacement (at most 1024 of them), its prediction is averaged over
/// all other parameters exactly, box by box, and a parameter's importance is the variance of that
/// marginal as a share of the tree's whole variance, averaged over 64 trees. What only several
/// parameters together explain is left out, and the rest scaled to sum 1, as Optuna does.
/// Logarithmic ranges count in the logarithm, stepped ones by step, choices as unordered names.
/// Which end of the metric is better plays no part.
///
/// Used are complete trials of the space with a finite value, in their order; all randomness comes
/// from `rng`.
///
/// # Errors
/// [`ImportanceError`], which says why there is nothing to tell.
pub fn importance(
    space: &Space,
    trials: &[FinishedTrial],
    rng: &mut ChaCha8Rng,
) -> Result<Vec<(String, f64)>, ImportanceError> {
    if space.is_empty() {
        return Err(ImportanceError::NothingSearched);
    }
    let axes = axes(space);
    let (columns, values) = table(space, &axes, trials);
    if values.len() < LEAST_TRIALS {
        return Err(ImportanceError::TooFew { found: values.len() });
    }
    let constant = ImportanceError::Constant { trials: values.len() };
    if values.iter().all(|value| value.to_bits() == values[0].to_bits()) {
        return Err(constant);
    }
    let mut sums = vec![0.0; axes.len()];
    for _ in 0..TREES {
        let tree = grow(&columns, &values, SAMPLE.min(values.len()), rng);
        let whole = tree.variance();
        // A sample of equal values has nothing to explain.
        if whole > 0.0 {
            for (at, sum) in sums.iter_mut().enumerate() {
                *sum += tree.marginal_variance(at) / whole;
            }
        }
    }
    let total: f64 = sums.iter().sum();
    if !(total > 0.0 && total.is_finite()) {
        return Err(constant);
    }
    let names = space.iter().map(|(name, _)| name.to_owned());
    let mut shares: Vec<(String, f64)> = names.zip(sums.into_iter().map(|sum| sum / total)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(shares)
}

/// The trials that can be used: a column of coordinates for each axis, and their values.
fn table(space: &Space, axes: &[Axis<'_>], trials: &[FinishedTrial]) -> (Vec<Column>, Vec<f64>) {
    let mut columns: Vec<Vec<f64>> = vec![Vec::with_capacity(trials.len()); axes.len()];
    let mut values = Vec::with_capacity(trials.len());
    for trial in trials.iter().filter(|trial| trial.state == RunState::Complete) {
        let Some(value) = trial.value().filter(|value| value.is_finite()) else { continue };
        let coordinate = |((name, _), axis): ((&str, _), &Axis<'_>)| axis.encode(trial.params.get(name)?);
        let point: Option<Vec<f64>> = space.iter().zip(axes).map(coordinate).collect();
        let Some(point) = point else { continue };
        columns.iter_mut().zip(point).for_each(|(column, coordinate)| column.push(coordinate));
        values.push(value);
    }
    let kind = |axis: &Axis<'_>| match axis {
        Axis::Choice(names) => Some(names.len()),
        Axis::Range(_) => None,
    };
    let columns = columns.into_iter().zip(axes).map(|(column, axis)| Column::new(column, kind(axis)));
    (columns.collect(), values)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::rng::SeedTree;
    use crate::spec::Distribution;
    use crate::trial::{ParamValue, Params};
    use rand::RngExt;

    fn rng() -> ChaCha8Rng {
        SeedTree::new(5).rng("importance")
    }

    fn space(entries: Vec<(&str, Distribution)>) -> Space {
        Space::new(entries.into_iter().map(|(name, distribution)| (name.to_owned(), distribution)))
    }

    fn trial(number: u32, params: Params, value: f64) -> FinishedTrial {
        FinishedTrial::complete(number, params, value)
    }

    /// Trials drawn evenly, with the value that `metric` gives their coordinates.
    fn drawn(space: &Space, count: u32, metric: impl Fn(&[f64]) -> f64) -> Vec<FinishedTrial> {
        let axes = axes(space);
        let mut rng = SeedTree::new(9).rng("points");
        let point = |number| {
            let mut point: Vec<f64> = axes.iter().map(|axis| axis.draw_evenly(&mut rng)).collect();
            let params = super::super::super::sampler::axis::to_params(space, &axes, &mut point);
            trial(number, params, metric(&point))
        };
        (0..count).map(point).collect()
    }

    fn unit() -> Distribution {
        Distribution::Uniform { low: 0.0, high: 1.0, step: None }
    }

    fn share(shares: &[(String, f64)], name: &str) -> f64 {
        shares.iter().find(|(known, _)| known == name).unwrap().1
    }

    #[test]
    fn shares_of_a_known_function_are_about_right() {
        // x² over the unit interval has variance 4/45, 0.3 y has 0.09/12: shares 0.922 and 0.078.
        let space = space(vec![("x", unit()), ("y", unit()), ("z", unit())]);
        let trials = drawn(&space, 300, |p| p[0] * p[0] + 0.3 * p[1]);
        let shares = importance(&space, &trials, &mut rng()).unwrap();
        assert_eq!(shares.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["x", "y", "z"]);
        assert!((share(&shares, "x") - 0.922).abs() < 0.03, "{shares:?}");
        assert!((share(&shares, "y") - 0.078).abs() < 0.03, "{shares:?}");
        assert!((shares.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(importance(&space, &trials, &mut rng()).unwrap(), shares);
    }

    #[test]
    fn choices_are_names_without_order_and_ranges_count_in_their_logarithm() {
        let names = ["a", "b", "c", "d"].map(|name| ParamValue::Text(name.to_owned())).to_vec();
        let space = space(vec![
            ("kind", Distribution::Choice(names)),
            ("lr", Distribution::Log { low: 1e-6, high: 1.0 }),
        ]);
        // The middle names are worst, so that no order of the names helps.
        let trials = drawn(&space, 400, |p| f64::from(u8::from((0.5..2.5).contains(&p[0]))) + p[1]);
        let shares = importance(&space, &trials, &mut rng()).unwrap();
        // Variances 1/4 and 1/12.
        assert!((share(&shares, "kind") - 0.75).abs() < 0.04, "{shares:?}");
    }

    #[test]
    fn what_says_nothing_is_an_error_with_its_reason() {
        let space = space(vec![("x", unit())]);
        let three = drawn(&space, 3, |p| p[0]);
        let told = importance(&space, &three, &mut rng()).unwrap_err().to_string();
        assert!(told.starts_with("3 trials") && told.contains("4 or more"), "{told}");
        let constant = drawn(&space, 9, |_| 0.5);
        assert_eq!(importance(&space, &constant, &mut rng()), Err(ImportanceError::Constant { trials: 9 }));
        let empty = importance(&Space::default(), &three, &mut rng());
        assert_eq!(empty, Err(ImportanceError::NothingSearched));
    }

    #[test]
    fn trials_that_failed_or_have_no_number_are_left_out() {
        let space = space(vec![("x", unit()), ("y", unit())]);
        let trials = drawn(&space, 60, |p| p[0]);
        let mut more = trials.clone();
        let failed = FinishedTrial::failed(0, trials[0].params.clone());
        let foreign = trial(99, Params::from([("x".to_owned(), ParamValue::Int(1))]), 1e9);
        more.extend([failed, trial(98, trials[0].params.clone(), f64::NAN), foreign]);
        assert_eq!(importance(&space, &more, &mut rng()), importance(&space, &trials, &mut rng()));
    }

    /// Two studies of 120 trials with the shares that Optuna gives their parameters;
    /// `fanova_fixture.py` beside this file writes them and says what Optuna does with choices
    /// and logarithms.
    #[test]
    fn shares_agree_with_optuna() {
        let fixture: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("fanova_fixture.json")).unwrap();
        let names = ["adam", "sgd", "lion"].map(|name| ParamValue::Text(name.to_owned())).to_vec();
        let mut known = BTreeMap::from([
            ("batch", Distribution::Int { low: 8, high: 64, step: 8 }),
            ("dropout", unit()),
            ("hidden", Distribution::IntLog { low: 8, high: 256 }),
            ("lr", Distribution::Log { low: 1e-5, high: 1e-1 }),
        ]);
        // Optuna's shares move by up to 0.03 between its own seeds, and so do these: means of five.
        for (study, tolerance) in fixture.iter().zip([0.02, 0.06]) {
            let space = space(known.clone().into_iter().collect());
            let read = |(number, row): (usize, &serde_json::Value)| {
                let params: Params = serde_json::from_value(row["params"].clone()).unwrap();
                trial(number as u32, params, row["value"].as_f64().unwrap())
            };
            let trials: Vec<FinishedTrial> =
                study["trials"].as_array().unwrap().iter().enumerate().map(read).collect();
            assert!(trials.iter().all(|trial| space.contains(&trial.params)));
            let runs: Vec<_> = (0..5)
                .map(|seed| importance(&space, &trials, &mut SeedTree::new(seed).rng("importance")).unwrap())
                .collect();
            for (name, expected) in study["importance"].as_object().unwrap() {
                let found = runs.iter().map(|shares| share(shares, name)).sum::<f64>() / 5.0;
                let difference = (found - expected.as_f64().unwrap()).abs();
                assert!(difference < tolerance, "{name}: {found} for {expected}");
            }
            known.insert("optimizer", Distribution::Choice(names.clone()));
        }
    }

    #[test]
    fn the_draws_reach_every_parameter() {
        // With two trials per leaf every parameter can split alike: none may be favoured by its name.
        let space = space(vec![("a", unit()), ("b", unit()), ("c", unit()), ("d", unit())]);
        let noise = std::cell::RefCell::new(SeedTree::new(1).rng("noise"));
        let trials = drawn(&space, 200, |_| noise.borrow_mut().random());
        let shares = importance(&space, &trials, &mut rng()).unwrap();
        assert!(shares.iter().all(|(_, share)| (0.1..0.45).contains(share)), "{shares:?}");
    }
}
