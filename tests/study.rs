//! The samplers through the public interface: does searching help?

use std::collections::BTreeSet;

use uaic::rng::SeedTree;
use uaic::spec::{Distribution, Space};
use uaic::study::sampler::{History, Settings, by_name};
use uaic::trial::{Direction, FinishedTrial, ParamValue, Params, PendingTrial};

/// Runs a study of which the last `parallel - 1` trials are always pending.
fn trials_of(
    sampler: &str,
    seed: u64,
    space: &Space,
    (trials, parallel): (u32, u32),
    value_of: &dyn Fn(&Params) -> f64,
) -> Vec<FinishedTrial> {
    let mut sampler = by_name(sampler, &Settings::new(SeedTree::new(seed))).unwrap();
    let mut done: Vec<FinishedTrial> = Vec::new();
    for number in 0..trials {
        let (finished, open) = done.split_at(done.len().saturating_sub(parallel as usize - 1));
        let pending: Vec<_> =
            open.iter().map(|t| PendingTrial { number: t.number, params: t.params.clone() }).collect();
        // The value is turned round, so that both directions are in use.
        let history = History { space, directions: &[Direction::Maximize], finished, pending: &pending };
        let mut rng = SeedTree::new(seed).child("trial", number.into()).rng("sampler");
        let params = sampler.propose(number, &history, &mut rng);
        let value = -value_of(&params);
        done.push(FinishedTrial::complete(number, params, value));
    }
    done
}

/// The smallest value among them.
fn best_of(
    sampler: &str,
    seed: u64,
    space: &Space,
    size: (u32, u32),
    value_of: &dyn Fn(&Params) -> f64,
) -> f64 {
    let done = trials_of(sampler, seed, space, size, value_of);
    done.iter().filter_map(FinishedTrial::value).fold(f64::INFINITY, |best, value| best.min(-value))
}

fn median_of_ten_seeds(best: impl Fn(u64) -> f64) -> f64 {
    let mut values: Vec<f64> = (0..10).map(best).collect();
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[4], values[5])
}

fn number(params: &Params, name: &str) -> f64 {
    params[name].as_f64().unwrap()
}

#[test]
fn tpe_is_at_least_twice_as_good_as_random_on_a_shifted_sphere() {
    let space = Space::new(
        (0..5).map(|i| (format!("x{i}"), Distribution::Uniform { low: -5.0, high: 5.0, step: None })),
    );
    let sphere = |params: &Params| {
        (0..5).map(|i| (number(params, &format!("x{i}")) - f64::from(i) + 1.5).powi(2)).sum::<f64>()
    };
    for parallel in [1, 4] {
        let median =
            |sampler| median_of_ten_seeds(|seed| best_of(sampler, seed, &space, (60, parallel), &sphere));
        let (tpe, random) = (median("tpe"), median("random"));
        assert!(2.0 * tpe <= random, "parallel {parallel}: tpe {tpe}, random {random}");
    }
}

#[test]
fn tpe_is_better_than_random_on_a_mixed_space() {
    let names = ["adam", "adamw", "sgd"].map(|name| ParamValue::Text(name.to_owned()));
    let space = Space::new(
        [
            ("lr", Distribution::Log { low: 1e-5, high: 1.0 }),
            ("optimizer", Distribution::Choice(names.to_vec())),
            ("width", Distribution::IntLog { low: 8, high: 512 }),
            ("dropout", Distribution::Uniform { low: 0.0, high: 0.9, step: Some(0.1) }),
        ]
        .map(|(name, distribution)| (name.to_owned(), distribution)),
    );
    // The best learning rate depends on the optimizer: only joint kernels can tell.
    let loss = |params: &Params| {
        let (best_lr, penalty): (f64, f64) = match &params["optimizer"] {
            ParamValue::Text(name) if name == "adam" => (1e-3, 0.0),
            ParamValue::Text(name) if name == "adamw" => (3e-2, 0.3),
            _ => (1e-1, 1.0),
        };
        (number(params, "lr") / best_lr).log10().powi(2)
            + (number(params, "width") / 100.0).log2().powi(2)
            + 4.0 * (number(params, "dropout") - 0.3).powi(2)
            + penalty
    };
    let median = |sampler| median_of_ten_seeds(|seed| best_of(sampler, seed, &space, (60, 4), &loss));
    let (tpe, random) = (median("tpe"), median("random"));
    assert!(1.5 * tpe <= random, "tpe {tpe}, random {random}");
}

#[test]
fn tpe_does_not_repeat_a_point_while_a_small_space_has_others() {
    let space = Space::new(
        [("x", 6), ("y", 3)]
            .map(|(name, high)| (name.to_owned(), Distribution::Int { low: 0, high, step: 1 })),
    );
    let bowl = |params: &Params| (number(params, "x") - 5.0).powi(2) + number(params, "y");
    for seed in 0..10 {
        let distinct = |trials| {
            let points: BTreeSet<String> = trials_of("tpe", seed, &space, (trials, 4), &bowl)
                .iter()
                .map(|trial| format!("{:?}", trial.params))
                .collect();
            points.len()
        };
        // Of 28 points, the last few are looked for often, but not for ever.
        assert_eq!(distinct(24), 24, "seed {seed}");
        assert_eq!(distinct(60), 28, "seed {seed}");
    }
}
