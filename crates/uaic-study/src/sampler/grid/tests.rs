use super::level::{count as levels, value};
use super::*;
use crate::space::Distribution;
use crate::trial::{Direction, FinishedTrial, ParamValue};
use std::collections::BTreeSet;

fn choice(count: i64) -> Distribution {
    Distribution::Choice((0..count).map(ParamValue::Int).collect())
}

fn space(distributions: impl IntoIterator<Item = Distribution>) -> Space {
    Space::new(distributions.into_iter().enumerate().map(|(i, d)| (format!("p{i}"), d)))
}

fn study(space: &Space, trials: u32, before: &[Params]) -> Vec<Params> {
    let mut sampler = Grid::new(&Settings::new(SeedTree::new(3)));
    let mut done: Vec<FinishedTrial> =
        before.iter().zip(0..).map(|(params, n)| FinishedTrial::complete(n, params.clone(), 0.0)).collect();
    for number in 0..trials {
        let history = History { space, directions: &[Direction::Minimize], finished: &done, pending: &[] };
        let mut rng = SeedTree::new(3).child("trial", number.into()).rng("sampler");
        let params = sampler.propose(number, &history, &mut rng);
        assert!(space.contains(&params), "{params:?}");
        let told = sampler.explain(number, &history, &params);
        assert!(told.reason.contains("grid"), "{}", told.reason);
        done.push(FinishedTrial::complete(done.len() as u32, params, 0.0));
    }
    done.split_off(before.len()).into_iter().map(|trial| trial.params).collect()
}

fn distinct(points: &[Params]) -> usize {
    points.iter().map(|point| format!("{point:?}")).collect::<BTreeSet<_>>().len()
}

#[test]
fn every_point_comes_once_and_then_all_again() {
    let space = space([
        choice(4),
        Distribution::Int { low: 3, high: 8, step: 1 },
        Distribution::IntLog { low: 1, high: 3 },
        choice(2),
    ]);
    assert_eq!(size(&space), Some(144));
    let points = study(&space, 150, &[]);
    assert_eq!(distinct(&points[..144]), 144);
    assert_eq!(points[144..], points[..6]);
}

#[test]
fn a_run_of_points_has_every_level_equally_often() {
    let space = space([choice(4), choice(6), choice(4), choice(3)]);
    for (run, points) in study(&space, 72, &[]).chunks(12).enumerate() {
        for (name, count) in [("p0", 4), ("p1", 6), ("p2", 4), ("p3", 3)] {
            for value in 0..count {
                let found = points.iter().filter(|point| point[name] == ParamValue::Int(value)).count();
                assert_eq!(found, 12 / count as usize, "{name} = {value} in run {run}");
            }
        }
    }
}

#[test]
fn ranges_without_steps_have_five_levels_with_both_ends() {
    let space = space([Distribution::Log { low: 1e-4, high: 1.0 }]);
    let mut values: Vec<f64> =
        study(&space, 5, &[]).iter().map(|point| point["p0"].as_f64().unwrap()).collect();
    values.sort_by(f64::total_cmp);
    for (value, expected) in values.into_iter().zip([1e-4, 1e-3, 1e-2, 1e-1, 1.0]) {
        approx::assert_relative_eq!(value, expected, max_relative = 1e-9);
    }
}

#[test]
fn levels_lie_on_the_scale_of_their_distribution_and_are_short() {
    let shown = |distribution: Distribution| {
        let levels = (0..levels(&distribution)).map(|level| value(&distribution, level).to_string());
        levels.collect::<Vec<_>>().join(" ")
    };
    let log = |low, high| shown(Distribution::Log { low, high });
    assert_eq!(log(1e-4, 1.0), "0.0001 0.001 0.01 0.1 1.0");
    assert_eq!(log(1e-5, 1e-1), "1e-5 0.0001 0.001 0.01 0.1");
    let even = |low, high| shown(Distribution::Uniform { low, high, step: None });
    assert_eq!(even(0.0, 0.3), "0.0 0.075 0.15 0.225 0.3");
    assert_eq!(even(-1.0, 1.0), "-1.0 -0.5 0.0 0.5 1.0");
    assert_eq!(even(1.0, 1.0 + 4e-12), "1.0 1.000000000001 1.000000000002 1.000000000003 1.000000000004");
    assert_eq!(even(0.7, 0.7), "0.7");
    let whole = |low, high| shown(Distribution::IntLog { low, high });
    assert_eq!(whole(1, 10_000), "1 10 100 1000 10000");
    assert_eq!(whole(16, 256), "16 32 64 128 256");
    assert_eq!(whole(1, 6), "1 2 3 4 6");
    assert_eq!(whole(3, 5), "3 4 5");
    assert_eq!(whole(7, 7), "7");
    let large = i64::MAX - 100;
    assert_eq!(whole(large, i64::MAX).split(' ').next_back(), Some("9223372036854775807"));
    assert_eq!(whole(1, i64::MAX).split(' ').next_back(), Some("9223372036854775807"));
    let step = |low, high, step| shown(Distribution::Uniform { low, high, step: Some(step) });
    assert_eq!(step(0.0, 0.5, 0.1), "0.0 0.1 0.2 0.3 0.4 0.5");
}

#[test]
fn whole_numbers_beyond_floats_come_once_each() {
    for low in [1_i64 << 53, i64::MAX - 4, i64::MIN] {
        let whole = Distribution::Int { low, high: low + 4, step: 1 };
        let space = space([whole]);
        assert_eq!(size(&space), Some(5));
        assert_eq!(distinct(&study(&space, 5, &[])), 5);
    }
}

#[test]
fn points_that_are_one_count_once_and_forbidden_ones_not() {
    let int = Distribution::Int { low: 0, high: 9, step: 1 };
    let space = space([choice(2), int.clone(), int])
        .when("p1", "p0", [ParamValue::Int(1)])
        .with_constraint("p1 < p2".parse().unwrap());
    // Without p1: 10 points; with it 45 pairs.
    assert_eq!(size(&space), Some(55));
    let points = study(&space, 60, &[]);
    assert_eq!(distinct(&points[..55]), 55);
    assert_eq!(points[55..], points[..5]);
}

#[test]
fn what_others_have_tried_is_left_out() {
    let space = space([choice(5), choice(3)]);
    let all = study(&space, 15, &[]);
    let points = study(&space, 11, &all[1..5]);
    assert_eq!(distinct(&[&all[1..5], &points[..]].concat()), 15);
}

#[test]
fn huge_grids_are_walked_and_not_counted() {
    let huge = space(vec![Distribution::Int { low: i64::MIN / 4, high: i64::MAX / 4, step: 1 }; 3]);
    assert_eq!(size(&huge), None);
    assert_eq!(distinct(&study(&huge, 40, &[])), 40);
    let binary = space(vec![choice(2); 200]);
    assert_eq!(size(&binary), None);
    assert_eq!(distinct(&study(&binary, 40, &[])), 40);
    let impossible = space([choice(2)]).with_constraint("p0 > 5".parse().unwrap());
    assert_eq!(size(&impossible), Some(0));
}
