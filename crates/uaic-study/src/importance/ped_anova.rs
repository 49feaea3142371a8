//! PED-ANOVA: how much each parameter matters for reaching the best trials.

use super::error::ImportanceError;
use super::usable::usable;
use crate::sampler::axis::axes;
use crate::space::{Distribution, Space};
use crate::trial::{Direction, FinishedTrial, ParamValue};
use uaic_kernel::statistics::normal;
use uaic_wording::number::differ;

/// The usual share of trials that are the best ones.
pub const TOP: f64 = 0.1;

/// Most places that a range is divided into.
const PLACES: usize = 50;
/// The weight of the even density in every estimate, in trials.
const PRIOR: f64 = 1.0;
/// The narrowest bandwidth, in places: 90 % of such a kernel lie within one place.
const NARROWEST: f64 = 0.5 / 1.64;
/// Keeps densities away from 0.
const FLOOR: f64 = 1e-12;

/// How important each parameter is for being among the best `top` share of the trials, most
/// important first; they sum to 1. Of equal ones the first by name comes first.
///
/// PED-ANOVA (Watanabe, Bansal & Hutter 2023, arXiv:2304.10255), with all trials for the region: a
/// parameter's importance is the Pearson divergence of its density among the best trials from that
/// among all. Both are Parzen estimates over at most 50 places, with the bandwidth of Scott's rule.
/// Logarithmic ranges count in the logarithm, choices as unordered names. Of a parameter that
/// exists at some points only, trials that have it are compared with one another, and the result
/// is weighted by α²/β for its shares α of the best and β of all trials (condPED-ANOVA,
/// arXiv:2601.20800): that it exists at all is the merit of others.
///
/// The best are the ⌈`top` · n⌉ with the best values and all that tie with the last of them; five or
/// more say something. Unlike functional ANOVA it says nothing of what tells bad from worse, takes
/// no random numbers, and its time is linear in the number of trials.
///
/// Used are complete trials of the space with a number for a value, their first one.
///
/// # Errors
/// [`ImportanceError`], which says why there is nothing to tell.
pub fn ped_anova(
    space: &Space,
    trials: &[FinishedTrial],
    direction: Direction,
    top: f64,
) -> Result<Vec<(String, f64)>, ImportanceError> {
    let all = usable(space, &axes(space), trials)?;
    let best = best_of(&all, direction, top);
    let worth = |(name, distribution): (&str, &Distribution)| {
        (name.to_owned(), divergence(name, &Grid::new(distribution), &best, &all))
    };
    let mut shares: Vec<(String, f64)> = space.iter().map(worth).collect();
    let total: f64 = shares.iter().map(|(_, share)| share).sum();
    if !(total > 0.0 && total.is_finite()) {
        return Err(ImportanceError::NoDifference { top: best.len(), trials: all.len() });
    }
    for (_, share) in &mut shares {
        *share /= total;
    }
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(shares)
}

/// The trials that are no worse than the last of the best `top`.
fn best_of<'t>(
    all: &[(&'t FinishedTrial, f64)],
    direction: Direction,
    top: f64,
) -> Vec<(&'t FinishedTrial, f64)> {
    let mut values: Vec<f64> = all.iter().map(|(_, value)| *value).collect();
    values.sort_by(|a, b| direction.compare(*a, *b));
    let count = (top * values.len() as f64).ceil() as usize;
    let last = values[count.clamp(1, values.len()) - 1];
    let is_among = |value: f64| !direction.better(last, value) || !differ(last, value);
    all.iter().copied().filter(|(_, value)| is_among(*value)).collect()
}

/// The divergence of a parameter's density among the best from that among all, weighted by how often
/// it exists among both.
fn divergence(
    name: &str,
    grid: &Grid<'_>,
    best: &[(&FinishedTrial, f64)],
    all: &[(&FinishedTrial, f64)],
) -> f64 {
    let (in_best, in_all) = (grid.count(name, best), grid.count(name, all));
    let having = |counts: &[u32]| counts.iter().map(|count| f64::from(*count)).sum::<f64>();
    let (best_share, share) = (having(&in_best) / best.len() as f64, having(&in_all) / all.len() as f64);
    // A single trial has no spread, and none of the best no density.
    if having(&in_all) < 2.0 || best_share == 0.0 || in_all.len() < 2 {
        return 0.0;
    }
    let (at_best, at_all) = (grid.density(&in_best), grid.density(&in_all));
    let pairs = at_best.iter().zip(&at_all).map(|(best, all)| (best + FLOOR, all + FLOOR));
    best_share.powi(2) / share * pairs.map(|(best, all)| all * (best / all - 1.0).powi(2)).sum::<f64>()
}

/// The places at which a parameter's density is looked at.
enum Grid<'a> {
    /// Evenly spaced, from the lowest value to the highest on the (logarithmic) scale.
    Range { low: f64, high: f64, places: usize, log: bool },
    /// One per name.
    Choice(&'a [ParamValue]),
}

impl<'a> Grid<'a> {
    fn new(distribution: &'a Distribution) -> Self {
        let range = |low, high, places: f64| Self::Range {
            low,
            high,
            places: (places as usize).clamp(2, PLACES),
            log: false,
        };
        let stepped = |low: f64, high: f64, step: f64| {
            let last = ((high - low) / step + 1e-9).floor();
            range(low, low + last * step, last + 1.0)
        };
        let log = |low: f64, high: f64, places: f64| Self::Range {
            low: low.ln(),
            high: high.ln(),
            places: (places as usize).clamp(2, PLACES),
            log: true,
        };
        match *distribution {
            Distribution::Choice(ref names) => Self::Choice(names),
            // One value tells nothing apart.
            _ if distribution.only().is_some() => Self::Choice(&[]),
            Distribution::Uniform { low, high, step: None } => range(low, high, PLACES as f64),
            Distribution::Uniform { low, high, step: Some(step) } => stepped(low, high, step),
            Distribution::Int { low, high, step } => stepped(low as f64, high as f64, step as f64),
            Distribution::Log { low, high } => log(low, high, PLACES as f64),
            // As many places as doublings, and one more.
            Distribution::IntLog { low, high } => {
                let (low, high) = (low as f64, high as f64);
                log(low, high, (high - low + 1.0).log2().ceil() + 1.0)
            }
        }
    }

    /// The place of a value; halfway between two the lower one.
    fn place(&self, value: &ParamValue) -> Option<usize> {
        match *self {
            Self::Choice(names) => names.iter().position(|name| name == value),
            Self::Range { low, high, places, log } => {
                let value = value.as_f64()?;
                let value = if log { value.ln() } else { value };
                let last = places as f64 - 1.0;
                Some(((value - low) / ((high - low) / last) - 0.5).ceil().clamp(0.0, last) as usize)
            }
        }
    }

    /// How many trials lie at each place.
    fn count(&self, name: &str, trials: &[(&FinishedTrial, f64)]) -> Vec<u32> {
        let places = match self {
            Self::Range { places, .. } => *places,
            Self::Choice(names) => names.len(),
        };
        let mut counts = vec![0; places];
        for (trial, _) in trials {
            if let Some(place) = trial.params.get(name).and_then(|value| self.place(value)) {
                counts[place] += 1;
            }
        }
        counts
    }

    /// The estimated density at each place; they sum to 1.
    fn density(&self, counts: &[u32]) -> Vec<f64> {
        let mut density = vec![0.0; counts.len()];
        let mut add = |weight: f64, kernel: &dyn Fn(usize) -> f64| {
            density.iter_mut().enumerate().for_each(|(place, sum)| *sum += weight * kernel(place));
        };
        let seen = || counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let weight = counts.iter().map(|count| f64::from(*count)).sum::<f64>() + PRIOR;
        let last = counts.len() as f64 - 1.0;
        if let Self::Choice(names) = self {
            // Of every kernel a part, the smaller the more names have been seen, is even.
            let even = PRIOR / (seen().count() as f64 + 1.0);
            let names = names.len() as f64;
            for (center, count) in seen() {
                let own = |place| (even + f64::from(u8::from(place == center))) / (1.0 + even * names);
                add(f64::from(*count) / weight, &own);
            }
            add(PRIOR / weight, &|_| 1.0 / names);
        } else {
            let width = bandwidth(counts).max(NARROWEST);
            for (center, count) in seen() {
                add(f64::from(*count) / weight, &|place| share_at(place, center as f64, width, last));
            }
            add(PRIOR / weight, &|place| share_at(place, last / 2.0, last + 1.0, last));
        }
        density
    }
}

/// The share of a normal distribution, cut half a place outside of `0..=last`, that lies within half
/// a place of `place`.
fn share_at(place: usize, center: f64, width: f64, last: f64) -> f64 {
    let place = place as f64;
    let mass = |low: f64, high: f64| normal::between((low - center) / width, (high - center) / width);
    mass(place - 0.5, place + 0.5) / mass(-0.5, last + 0.5)
}

/// Scott's rule (1992) with the smaller of deviation and scaled interquartile range, in places.
fn bandwidth(counts: &[u32]) -> f64 {
    let seen = || counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let sum =
        |of: &dyn Fn(f64) -> f64| seen().map(|(at, count)| of(at as f64) * f64::from(*count)).sum::<f64>();
    let total = counts.iter().sum::<u32>();
    let count = f64::from(total);
    let mean = sum(&|at| at) / count;
    let deviation = (sum(&|at| (at - mean).powi(2)) / (count - 1.0).max(1.0)).sqrt();
    // The first place up to which there are as many trials, or more.
    let reaching = |wanted: u32| {
        let mut up_to = 0;
        seen().find_map(|(at, count)| {
            up_to += count;
            (up_to >= wanted).then_some(at as f64)
        })
    };
    let last = seen().next_back().map_or(0.0, |(at, _)| at as f64);
    let range = reaching(total * 3 / 4 + 1).unwrap_or(last) - reaching(total / 4).unwrap_or(0.0);
    1.059 * deviation.min(range / 1.34) * count.powf(-0.2)
}

#[cfg(test)]
mod tests {
    use super::super::importance;
    use super::super::testing::{drawn, share, space, unit};
    use super::*;
    use crate::trial::Params;
    use uaic_kernel::rng::SeedTree;

    fn names() -> Distribution {
        Distribution::Choice(["adam", "sgd", "lion"].map(ParamValue::from).to_vec())
    }

    /// `ped_anova_fixture.py` beside this file writes the shares that Optuna gives.
    #[test]
    fn shares_are_those_of_optuna() {
        let read = |text| serde_json::from_str::<Vec<serde_json::Value>>(text).unwrap();
        let fixture = read(include_str!("ped_anova_fixture.json"));
        let fanova = read(include_str!("fanova_fixture.json"));
        let numbers = vec![
            ("batch", Distribution::Int { low: 8, high: 64, step: 8 }),
            ("dropout", unit()),
            ("hidden", Distribution::IntLog { low: 8, high: 256 }),
            ("lr", Distribution::Log { low: 1e-5, high: 1e-1 }),
        ];
        let with_names = [numbers.clone(), vec![("optimizer", names())]].concat();
        let at_times = vec![
            ("lr", Distribution::Log { low: 1e-5, high: 1e-1 }),
            ("momentum", unit()),
            ("optimizer", names()),
            ("smoothing", Distribution::Uniform { low: 0.0, high: 0.5, step: Some(0.1) }),
        ];
        let studies = [
            (space(numbers), &fanova[0], Direction::Maximize),
            (space(with_names), &fanova[1], Direction::Maximize),
            (space(at_times).when("momentum", "optimizer", ["sgd".into()]), &fixture[2], Direction::Minimize),
        ];
        for ((space, study, direction), expected) in studies.iter().zip(&fixture) {
            let read = |(number, row): (u32, &serde_json::Value)| {
                let params: Params = serde_json::from_value(row["params"].clone()).unwrap();
                assert!(space.contains(&params), "{params:?}");
                FinishedTrial::complete(number, params, row["value"].as_f64().unwrap())
            };
            let trials: Vec<FinishedTrial> =
                (0..).zip(study["trials"].as_array().unwrap()).map(read).collect();
            for top in [0.1, 0.25] {
                let shares = ped_anova(space, &trials, *direction, top).unwrap();
                for (name, expected) in expected["importance"][top.to_string()].as_object().unwrap() {
                    let (found, expected) = (share(&shares, name), expected.as_f64().unwrap());
                    assert!((found - expected).abs() < 1e-9, "{name}: {found} for {expected}");
                }
                assert!(shares.is_sorted_by(|a, b| a.1 >= b.1));
            }
        }
    }

    #[test]
    fn both_ways_agree_on_what_matters_where_parameters_only_add_up() {
        let space = space(vec![("c", names()), ("null", unit()), ("x", unit()), ("y", unit())]);
        // Coordinates in the order of the names; the parts have standard deviations 0.05, 0, 1 and 0.3.
        let metric = |p: &[f64]| 0.06 * p[0] + 3.46 * p[2] + 1.04 * p[3];
        let trials = drawn(&space, 1500, metric);
        let ped = ped_anova(&space, &trials, Direction::Maximize, TOP).unwrap();
        let variance = importance(&space, &trials, &mut SeedTree::new(1).rng("importance")).unwrap();
        for shares in [&ped, &variance] {
            let order: Vec<&str> = shares.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(order[..2], ["x", "y"], "{shares:?}");
            assert!(share(shares, "null") < 0.01 && share(shares, "x") > 0.7, "{shares:?}");
        }
        assert!((ped.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_tells_bad_from_worse_does_not_matter_for_the_best() {
        // Below 0.3 `x` decides, by far more than `y` does above.
        let space = space(vec![("x", unit()), ("y", unit())]);
        let trials = drawn(&space, 2000, |p| if p[0] < 0.3 { 100.0 * p[0] } else { 50.0 + p[1] });
        let ped = ped_anova(&space, &trials, Direction::Maximize, TOP).unwrap();
        let variance = importance(&space, &trials, &mut SeedTree::new(1).rng("importance")).unwrap();
        assert!(share(&ped, "y") > 0.9, "{ped:?}");
        assert!(share(&variance, "x") > 0.9, "{variance:?}");
    }

    #[test]
    fn either_end_may_be_the_better_one() {
        let space = space(vec![("x", unit()), ("y", unit())]);
        let trials = drawn(&space, 200, |p| p[0] + 0.3 * p[1]);
        let negated: Vec<FinishedTrial> = trials
            .iter()
            .map(|trial| FinishedTrial { values: vec![-trial.values[0]], ..trial.clone() })
            .collect();
        let of = |trials: &[FinishedTrial], direction| ped_anova(&space, trials, direction, TOP).unwrap();
        assert_eq!(of(&trials, Direction::Maximize), of(&negated, Direction::Minimize));
        assert_ne!(of(&trials, Direction::Maximize), of(&trials, Direction::Minimize));
    }

    #[test]
    fn a_parameter_that_exists_at_times_is_not_given_what_its_condition_is_due() {
        let space = space(vec![("kind", names()), ("of_sgd", unit()), ("z", unit())]).when(
            "of_sgd",
            "kind",
            ["sgd".into()],
        );
        let is_sgd = |p: &[f64]| (p[0] - 1.0).abs() < 0.5;
        let trials = drawn(&space, 1500, |p| if is_sgd(p) { 2.0 } else { 0.0 } + 0.1 * p[2]);
        let shares = ped_anova(&space, &trials, Direction::Maximize, TOP).unwrap();
        assert!(share(&shares, "of_sgd") < 0.05, "{shares:?}");
        let trials = drawn(&space, 1500, |p| if is_sgd(p) { 2.0 + p[1] } else { 0.0 });
        let shares = ped_anova(&space, &trials, Direction::Maximize, TOP).unwrap();
        let [own, kind, null] = ["of_sgd", "kind", "z"].map(|name| share(&shares, name));
        assert!(own > 0.5 && kind > 0.02 && null < 0.005, "{shares:?}");
    }

    #[test]
    fn what_says_nothing_is_an_error_with_its_reason() {
        let space = space(vec![("x", unit())]);
        let of = |trials: &[FinishedTrial]| ped_anova(&space, trials, Direction::Minimize, TOP);
        assert_eq!(of(&drawn(&space, 3, |p| p[0])), Err(ImportanceError::TooFew { found: 3 }));
        assert_eq!(of(&drawn(&space, 9, |_| 0.5)), Err(ImportanceError::Constant { trials: 9 }));
        let empty = ped_anova(&Space::default(), &[], Direction::Minimize, TOP);
        assert_eq!(empty, Err(ImportanceError::NothingSearched));
        let single = super::super::testing::space(vec![("x", Distribution::Choice(vec!["a".into()]))]);
        let counter = std::cell::Cell::new(0.0);
        let trials = drawn(&single, 30, |_| {
            counter.set(counter.get() + 1.0);
            counter.get()
        });
        let error = ped_anova(&single, &trials, Direction::Minimize, TOP).unwrap_err();
        assert_eq!(error, ImportanceError::NoDifference { top: 3, trials: 30 });
    }

    #[test]
    fn extreme_ranges_and_values_are_no_trouble() {
        let space = space(vec![
            ("a", Distribution::Int { low: i64::MIN, high: i64::MAX, step: 1 }),
            ("b", Distribution::IntLog { low: 1, high: i64::MAX }),
            ("c", Distribution::Uniform { low: -1e300, high: 1e300, step: None }),
            ("d", Distribution::Log { low: 1e-300, high: 1e300 }),
        ]);
        let trials = drawn(&space, 60, |p| if p[0] < 0.5 { f64::MIN } else { f64::MAX * p[1] });
        let shares = ped_anova(&space, &trials, Direction::Maximize, TOP).unwrap();
        assert!(shares.iter().all(|(_, share)| (0.0..=1.0).contains(share)), "{shares:?}");
    }
}
