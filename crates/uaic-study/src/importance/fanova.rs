//! Functional ANOVA: the share of a metric's variance that each parameter explains by itself.

use super::error::ImportanceError;
use super::forest::{Column, grow};
use super::usable::{are_far_apart, scaled, usable};
use crate::sampler::axis::{Axis, axes};
use crate::space::Space;
use crate::trial::FinishedTrial;
use uaic_kernel::rng::ChaCha8Rng;

/// Trees of the forest, as in Optuna.
const TREES: usize = 64;
/// Most trials that one tree sees, drawn with replacement: what bounds the time for long studies.
const SAMPLE: usize = 1024;

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
/// A parameter that exists at some points only is drawn evenly where it does not: there it explains
/// nothing, and its importance is that for the whole space, thinned by the share of points that
/// lack it. A fixed value instead would mark those points, and the parameter would be given
/// what is due to the one that decides whether it exists.
///
/// Used are complete trials of the space with a number for a value, in their order; all randomness
/// comes from `rng`. Values that are too far apart for a variance count by their ranks
/// ([`takes_ranks`]).
///
/// # Errors
/// [`ImportanceError`], which says why there is nothing to tell.
pub fn importance(
    space: &Space,
    trials: &[FinishedTrial],
    rng: &mut ChaCha8Rng,
) -> Result<Vec<(String, f64)>, ImportanceError> {
    let axes = axes(space);
    let trials = usable(space, &axes, trials)?;
    let columns = columns(space, &axes, &trials, rng);
    let values = scaled(&trials.iter().map(|(_, value)| *value).collect::<Vec<_>>());
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
        return Err(ImportanceError::Unexplained { trials: values.len() });
    }
    let names = space.iter().map(|(name, _)| name.to_owned());
    let mut shares: Vec<(String, f64)> = names.zip(sums.into_iter().map(|sum| sum / total)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(shares)
}

/// Whether [`importance`] goes by the ranks of values, because they are infinite or so far apart that one
/// of them would be all of their variance.
pub fn takes_ranks(space: &Space, trials: &[FinishedTrial]) -> bool {
    let axes = axes(space);
    let usable = usable(space, &axes, trials).unwrap_or_default();
    are_far_apart(&usable.iter().map(|(_, value)| *value).collect::<Vec<_>>())
}

/// A column of coordinates for each axis, drawn where the parameter does not exist.
fn columns(
    space: &Space,
    axes: &[Axis<'_>],
    trials: &[(&FinishedTrial, f64)],
    rng: &mut ChaCha8Rng,
) -> Vec<Column> {
    let mut column = |((name, _), axis): ((&str, _), &Axis<'_>)| {
        let encode = |trial: &FinishedTrial| trial.params.get(name).and_then(|value| axis.encode(value));
        let coordinates =
            trials.iter().map(|(trial, _)| encode(trial).unwrap_or_else(|| axis.draw_evenly(rng))).collect();
        let names = match axis {
            Axis::Choice(names) => Some(names.len()),
            Axis::Range(_) => None,
        };
        Column::new(coordinates, names)
    };
    space.iter().zip(axes).map(&mut column).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::testing::{drawn, share, space, unit};
    use super::*;
    use crate::space::Distribution;
    use crate::trial::{ParamValue, Params};
    use rand::RngExt;
    use uaic_kernel::rng::SeedTree;

    fn rng() -> ChaCha8Rng {
        SeedTree::new(5).rng("importance")
    }

    fn trial(number: u32, params: Params, value: f64) -> FinishedTrial {
        FinishedTrial::complete(number, params, value)
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
    fn huge_and_infinite_values_count_by_their_ranks() {
        let space = space(vec![("x", unit()), ("y", unit())]);
        let plain = drawn(&space, 60, |p| p[0]);
        for extremes in [&[1e200][..], &[1.7e308, -1.7e308], &[f64::INFINITY], &[f64::NEG_INFINITY, 1e300]] {
            let mut trials = plain.clone();
            for (trial, value) in trials.iter_mut().zip(extremes) {
                trial.values = vec![*value];
            }
            assert!(takes_ranks(&space, &trials), "{extremes:?}");
            let shares = importance(&space, &trials, &mut rng()).unwrap();
            assert!(share(&shares, "x") > 0.7, "{extremes:?}: {shares:?}");
        }
        assert!(!takes_ranks(&space, &plain));
    }

    #[test]
    fn tiny_values_differ_but_the_noise_of_rounding_does_not() {
        let space = space(vec![("x", unit()), ("y", unit())]);
        let tiny = drawn(&space, 60, |p| p[0] * 1e-200);
        assert!(share(&importance(&space, &tiny, &mut rng()).unwrap(), "x") > 0.9);
        let huge = drawn(&space, 60, |p| p[0] * 1e300);
        assert!(share(&importance(&space, &huge, &mut rng()).unwrap(), "x") > 0.9);
        let noise = drawn(&space, 60, |p| 0.3 + p[0] * 1e-16);
        let told = importance(&space, &noise, &mut rng()).unwrap_err();
        assert_eq!(told, ImportanceError::Rounding { trials: 60 });
        let mut same_point = drawn(&space, 9, |p| p[0]);
        let point = same_point[0].params.clone();
        for trial in &mut same_point {
            trial.params = point.clone();
        }
        let told = importance(&space, &same_point, &mut rng()).unwrap_err();
        assert_eq!(told, ImportanceError::Unexplained { trials: 9 }, "all have different values");
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
    fn a_parameter_that_exists_at_times_is_not_given_what_its_condition_is_due() {
        let names = ["a", "b"].map(|name| ParamValue::Text(name.to_owned())).to_vec();
        let space = space(vec![("kind", Distribution::Choice(names)), ("of_a", unit()), ("z", unit())]).when(
            "of_a",
            "kind",
            [ParamValue::Text("a".to_owned())],
        );
        // With a the value is 2 higher whatever else there is, and `of_a` adds nothing.
        let trials = drawn(&space, 300, |p| if p[0] < 0.5 { 2.0 } else { 0.0 } + 0.5 * p[2]);
        let shares = importance(&space, &trials, &mut rng()).unwrap();
        assert!(share(&shares, "kind") > 0.9 && share(&shares, "of_a") < 0.02, "{shares:?}");
        // Here it is all that counts, in the half of the trials that have it.
        let trials = drawn(&space, 300, |p| if p[0] < 0.5 { p[1] } else { 0.5 });
        let shares = importance(&space, &trials, &mut rng()).unwrap();
        assert!(share(&shares, "of_a") > 0.8, "{shares:?}");
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
