use super::*;
use crate::space::{Distribution, Space};
use crate::trial::{FinishedTrial, ParamValue, PendingTrial, RunState};

fn plane() -> Space {
    let real = Distribution::Uniform { low: -5.0, high: 5.0, step: None };
    Space::new(["x", "y"].map(|name| (name.to_owned(), real.clone())))
}

fn bowl(params: &Params) -> f64 {
    let at = |name: &str| params[name].as_f64().unwrap();
    (at("x") - 1.0).powi(2) + 4.0 * (at("y") + 2.0).powi(2)
}

fn sampler() -> Gp {
    Gp::new(&Settings::new(SeedTree::new(8)))
}

fn rng(number: u32) -> ChaCha8Rng {
    SeedTree::new(8).child("trial", number.into()).rng("sampler")
}

/// A study of `trials` trials whose ends `end` decides.
fn study(
    space: &Space,
    direction: Direction,
    trials: u32,
    end: impl Fn(u32, Params) -> FinishedTrial,
) -> Vec<FinishedTrial> {
    let (mut gp, mut done) = (sampler(), Vec::new());
    for number in 0..trials {
        let history = History { space, directions: &[direction], finished: &done, pending: &[] };
        let params = gp.propose(number, &history, &mut rng(number));
        done.push(end(number, params));
    }
    done
}

fn best(done: &[FinishedTrial], direction: Direction) -> f64 {
    let holding = done.iter().filter(|trial| trial.violation <= 0.0).filter_map(FinishedTrial::value);
    holding.min_by(|a, b| direction.compare(*a, *b)).unwrap()
}

#[test]
fn a_bowl_is_solved_in_twenty_five_trials_in_both_directions() {
    for (direction, sign) in [(Direction::Minimize, 1.0), (Direction::Maximize, -1.0)] {
        let done = study(&plane(), direction, 25, |number, params| {
            let value = sign * bowl(&params);
            FinishedTrial::complete(number, params, value)
        });
        assert!(sign * best(&done, direction) < 0.01, "{}", best(&done, direction));
    }
}

#[test]
fn failed_trials_are_kept_away_from() {
    // Where x is above the best x, everything fails.
    let done = study(&plane(), Direction::Minimize, 40, |number, params| {
        let value = bowl(&params);
        if params["x"].as_f64().unwrap() > 1.2 {
            FinishedTrial::failed(number, params)
        } else {
            FinishedTrial::complete(number, params, value)
        }
    });
    let failed = done[20..].iter().filter(|trial| trial.state == RunState::Failed).count();
    assert!(best(&done, Direction::Minimize) < 0.1 && failed <= 8, "{failed} of 20 failed");
}

#[test]
fn a_constraint_on_the_outcome_is_met_at_its_edge() {
    // The best point that holds x + y ≥ 0 is (1.8, −1.8), with 0.64 + 4 · 0.04 = 0.8.
    let done = study(&plane(), Direction::Minimize, 45, |number, params| {
        let missed = -(params["x"].as_f64().unwrap() + params["y"].as_f64().unwrap());
        let value = bowl(&params);
        FinishedTrial { violation: missed.max(0.0), ..FinishedTrial::complete(number, params, value) }
    });
    let best = best(&done, Direction::Minimize);
    assert!((0.799..1.5).contains(&best), "{best}");
}

#[test]
fn pending_trials_are_not_proposed_again() {
    let space = plane();
    let done = study(&space, Direction::Minimize, 20, |number, params| {
        let value = bowl(&params);
        FinishedTrial::complete(number, params, value)
    });
    let mut pending: Vec<PendingTrial> = Vec::new();
    for number in 20..24 {
        let history =
            History { space: &space, directions: &[Direction::Minimize], finished: &done, pending: &pending };
        let params = sampler().propose(number, &history, &mut rng(number));
        for other in &pending {
            let gap = |name: &str| params[name].as_f64().unwrap() - other.params[name].as_f64().unwrap();
            assert!(gap("x").hypot(gap("y")) > 1e-4, "{params:?} beside {:?}", other.params);
        }
        pending.push(PendingTrial { number, params });
    }
}

#[test]
fn the_explanation_speaks_in_units_of_the_objective() {
    let space = plane();
    let done = study(&space, Direction::Maximize, 25, |number, params| {
        let value = 1000.0 - bowl(&params);
        FinishedTrial::complete(number, params, value)
    });
    let history =
        History { space: &space, directions: &[Direction::Maximize], finished: &done, pending: &[] };
    let known = done.iter().max_by(|a, b| a.values[0].total_cmp(&b.values[0])).unwrap();
    let explanation = sampler().explain(25, &history, &known.params);
    let fact = |name| explanation.facts.iter().find(|fact| fact.0 == name).unwrap().1;
    assert!((fact("mean") - known.values[0]).abs() < 0.5 && fact("sd") < 1.0, "{explanation:?}");
    assert!(explanation.good.contains(&known.number), "{explanation:?}");
    let scales: Vec<&str> = explanation.by_param.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(scales, ["x", "y"]);
    assert!(explanation.by_param[1].1 < explanation.by_param[0].1, "y changes the value more");
}

#[test]
fn values_over_orders_of_magnitude_are_modelled_and_explained_on_their_scale() {
    let space = plane();
    let end = |number, params: Params| {
        let value = 1.0 + (0.15 * bowl(&params)).exp();
        FinishedTrial::complete(number, params, value)
    };
    let done = study(&space, Direction::Minimize, 25, end);
    assert!(best(&done, Direction::Minimize) < 2.01, "{}", best(&done, Direction::Minimize));
    let history =
        History { space: &space, directions: &[Direction::Minimize], finished: &done, pending: &[] };
    let at = |x: f64, y: f64| {
        Params::from([("x", x), ("y", y)].map(|(n, v)| (n.to_owned(), ParamValue::Float(v))))
    };
    for (params, factor) in [(at(1.1, -2.1), 1.5), (at(0.0, -1.0), 3.0), (at(3.0, 0.0), 10.0)] {
        let value = end(0, params.clone()).values[0];
        let explanation = sampler().explain(25, &history, &params);
        let fact = |name| explanation.facts.iter().find(|fact| fact.0 == name).unwrap().1;
        let (median, low, high) = (fact("median"), fact("low"), fact("high"));
        assert!(low <= median && median <= high && low > 0.0, "{explanation:?}");
        assert!((1.0 / factor..factor).contains(&(median / value)), "{value}: {explanation:?}");
        assert!(fact("mean") > 0.0 && fact("sd").is_finite(), "{explanation:?}");
        assert!(explanation.reason.contains("logarithms of values above the best"), "{explanation:?}");
    }
}

#[test]
fn diverged_and_infinite_values_do_not_hide_the_good_ones() {
    // Beyond a line trainings diverge, and beyond another there is no number at all.
    let done = study(&plane(), Direction::Minimize, 40, |number, params| {
        let beyond = params["x"].as_f64().unwrap() + params["y"].as_f64().unwrap() + 1.5;
        let value = if beyond > 2.0 {
            f64::INFINITY
        } else if beyond > 0.6 {
            1e11 * (1.0 + beyond)
        } else {
            bowl(&params)
        };
        FinishedTrial::complete(number, params, value)
    });
    assert!(best(&done, Direction::Minimize) < 0.01, "{}", best(&done, Direction::Minimize));
}

#[test]
fn every_point_of_a_small_space_is_tried_once() {
    let space = Space::new([("n".to_owned(), Distribution::Int { low: 0, high: 19, step: 1 })]);
    let done = study(&space, Direction::Minimize, 20, |number, params| {
        let ParamValue::Int(n) = params["n"] else { unreachable!() };
        FinishedTrial::complete(number, params, (n as f64).sin())
    });
    let distinct: std::collections::BTreeSet<String> =
        done.iter().map(|trial| format!("{:?}", trial.params)).collect();
    assert_eq!(distinct.len(), 20);
}

#[test]
fn two_objectives_get_points_between_their_optima() {
    let space = plane();
    let (mut gp, mut done) = (sampler(), Vec::new());
    let directions = [Direction::Minimize, Direction::Minimize];
    for number in 0..40 {
        let history = History { space: &space, directions: &directions, finished: &done, pending: &[] };
        let params = gp.propose(number, &history, &mut rng(number));
        let (x, y) = (params["x"].as_f64().unwrap(), params["y"].as_f64().unwrap());
        let values = vec![(x - 1.0).powi(2) + y * y, (x + 1.0).powi(2) + y * y];
        done.push(FinishedTrial { values, ..FinishedTrial::complete(number, params, 0.0) });
    }
    // The front is y = 0, −1 ≤ x ≤ 1, where the roots of both add up to 2.
    let near = done[20..].iter().filter(|trial| trial.values.iter().map(|v| v.sqrt()).sum::<f64>() < 2.1);
    assert!(near.count() >= 10);
}
