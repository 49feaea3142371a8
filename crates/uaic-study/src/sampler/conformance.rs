//! What every registered sampler must do, whatever its idea.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{History, Sampler, SamplerKind, Settings, by_name};
use crate::SAMPLERS;
use crate::space::{Distribution, Space};
use crate::trial::{Direction, FinishedTrial, ParamValue, Params, PendingTrial, RunState};
use uaic_kernel::rng::SeedTree;

#[test]
fn the_registry_has_the_samplers_that_specs_may_name() {
    assert_eq!(SamplerKind::ALL.map(SamplerKind::name), SAMPLERS);
    for kind in SamplerKind::ALL {
        assert_eq!(kind.build(&settings()).name(), kind.name());
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    assert!(by_name("grid-of-dreams", &settings()).is_none());
}

fn settings() -> Settings {
    Settings::new(SeedTree::new(5))
}

fn every_sampler() -> impl Iterator<Item = Box<dyn Sampler>> {
    SAMPLERS.into_iter().filter_map(|name| by_name(name, &settings()))
}

fn space(distributions: impl IntoIterator<Item = Distribution>) -> Space {
    Space::new(distributions.into_iter().enumerate().map(|(i, d)| (format!("p{i:02}"), d)))
}

fn choice(count: i64) -> Distribution {
    Distribution::Choice((0..count).map(ParamValue::Int).collect())
}

/// One of each kind.
fn mixed_space() -> Space {
    space([
        Distribution::Uniform { low: -1.0, high: 3.0, step: None },
        Distribution::Uniform { low: 0.1, high: 0.95, step: Some(0.2) },
        Distribution::Log { low: 1e-5, high: 1e-1 },
        Distribution::Int { low: -4, high: 17, step: 3 },
        Distribution::IntLog { low: 1, high: 512 },
        choice(4),
    ])
}

fn propose(sampler: &mut dyn Sampler, seed: u64, history: &History<'_>) -> Params {
    let number = (history.finished.len() + history.pending.len()) as u32;
    let mut rng = SeedTree::new(seed).child("trial", number.into()).rng("sampler");
    sampler.propose(number, history, &mut rng)
}

fn finished(number: u32, params: Params, value: f64) -> FinishedTrial {
    FinishedTrial::complete(number, params, value)
}

/// Runs a study without a runner: `value_of` decides each trial's end.
fn study(
    sampler: &mut dyn Sampler,
    space: &Space,
    trials: u32,
    value_of: impl Fn(u32, &Params) -> FinishedTrial,
) -> Vec<FinishedTrial> {
    let mut done: Vec<FinishedTrial> = Vec::new();
    for number in 0..trials {
        let history = History { space, directions: &[Direction::Minimize], finished: &done, pending: &[] };
        let params = propose(sampler, 7, &history);
        assert!(space.contains(&params), "{}: {params:?} is outside of {space:?}", sampler.name());
        done.push(value_of(number, &params));
    }
    done
}

/// The sum of all numbers of a point; names count as nothing.
fn sum(params: &Params) -> f64 {
    params.values().filter_map(ParamValue::as_f64).sum()
}

#[test]
fn proposals_stay_in_every_kind_of_range() {
    for mut sampler in every_sampler() {
        study(&mut *sampler, &mixed_space(), 60, |number, params| {
            finished(number, params.clone(), sum(params))
        });
    }
}

#[test]
fn the_same_history_and_stream_give_the_same_proposal() {
    for (mut sampler, mut fresh) in every_sampler().zip(every_sampler()) {
        let run = |sampler: &mut dyn Sampler| {
            study(sampler, &mixed_space(), 30, |n, params| finished(n, params.clone(), sum(params)))
        };
        let first = run(&mut *sampler);
        let again = std::thread::scope(|scope| scope.spawn(|| run(&mut *fresh)).join().unwrap());
        assert_eq!(first, again, "{}: on another thread", sampler.name());
        assert_eq!(run(&mut *sampler), first, "{}: after another study", sampler.name());
    }
}

#[test]
fn what_a_sampler_keeps_does_not_show() {
    for mut sampler in every_sampler() {
        let space = mixed_space();
        let done = study(&mut *sampler, &space, 60, |n, params| finished(n, params.clone(), sum(params)));
        for seen in [1, 20, 59] {
            let history = History {
                space: &space,
                directions: &[Direction::Minimize],
                finished: &done[..seen],
                pending: &[],
            };
            let mut fresh = by_name(sampler.name(), &settings()).unwrap();
            assert_eq!(propose(&mut *fresh, 7, &history), done[seen].params, "{}", sampler.name());
        }
    }
}

/// Branches of different size, one of them below another, beside parameters that all share.
fn conditional_space() -> Space {
    let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
    space([choice(3), choice(2), real.clone(), Distribution::Log { low: 1e-4, high: 1.0 }, real])
        .when("p01", "p00", [ParamValue::Int(0)])
        .when("p02", "p01", [ParamValue::Int(1)])
        .when("p03", "p00", [ParamValue::Int(0), ParamValue::Int(2)])
}

fn constrained_space() -> Space {
    let whole = Distribution::Int { low: 1, high: 64, step: 1 };
    let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
    space([whole.clone(), whole, real.clone(), real])
        .with_constraint("p00 <= p01".parse().unwrap())
        .with_constraint("0.5 <= p02 + p03 <= 1".parse().unwrap())
}

#[test]
fn proposals_have_the_parameters_of_their_branch() {
    for mut sampler in every_sampler() {
        let done = study(&mut *sampler, &conditional_space(), 80, |number, params| {
            finished(number, params.clone(), sum(params))
        });
        let branches: std::collections::BTreeSet<Vec<&String>> =
            done.iter().map(|trial| trial.params.keys().collect()).collect();
        assert!(branches.len() > 1, "{} stays in one branch", sampler.name());
    }
}

#[test]
fn proposals_keep_to_constraints() {
    for mut sampler in every_sampler() {
        study(&mut *sampler, &constrained_space(), 60, |number, params| {
            finished(number, params.clone(), -sum(params))
        });
    }
}

/// Spaces of which constraints allow a millionth and less, or nothing that has a volume.
fn thin_spaces() -> Vec<Space> {
    let real = || Distribution::Uniform { low: 0.0, high: 1.0, step: None };
    let whole = || Distribution::Int { low: 0, high: 999_999, step: 1 };
    let with = |space: Space, texts: &[&str]| {
        texts.iter().fold(space, |space, text| space.with_constraint(text.parse().unwrap()))
    };
    vec![
        with(space([real(), real(), real()]), &["p00 + p01 + p02 <= 0.02"]),
        with(space([real(), real()]), &["abs(p00 - p01) < 1e-6", "p00 >= 0.9"]),
        with(space([real(), real(), choice(3)]), &["p00 + p01 == 1"]),
        with(space([whole(), whole()]), &["p00 + p01 == 60"]),
        with(space([Distribution::Log { low: 1e-9, high: 1.0 }, real()]), &["p00 * p01 >= 0.99"]),
        with(space([choice(2), real(), real()]), &["p01 * p02 >= 0.9999", "p02 > 0.5"]).when(
            "p01",
            "p00",
            [ParamValue::Int(1)],
        ),
    ]
}

#[test]
fn no_proposal_breaks_a_constraint_however_little_it_allows() {
    for space in thin_spaces() {
        for mut sampler in every_sampler() {
            let done = study(&mut *sampler, &space, 25, |number, params| {
                finished(number, params.clone(), -sum(params))
            });
            // A grid has what its levels leave.
            let is_grid = sampler.name() == "grid";
            assert!(is_grid || distinct_points(&done) == 25, "{}: {space:?}", sampler.name());
        }
    }
}

#[test]
fn a_model_leads_to_the_best_of_what_little_is_allowed() {
    let space = thin_spaces().swap_remove(0);
    let best = |name| {
        let values = (0..5).map(|seed| {
            let mut sampler = by_name(name, &Settings::new(SeedTree::new(seed))).unwrap();
            let value = |params: &Params| -params["p00"].as_f64().unwrap();
            let done =
                study(&mut *sampler, &space, 40, |n, params| finished(n, params.clone(), value(params)));
            done.iter().filter_map(FinishedTrial::value).fold(f64::INFINITY, f64::min)
        });
        values.sum::<f64>() / 5.0
    };
    let (tpe, random) = (best("tpe"), best("random"));
    assert!(tpe < random, "{tpe} and {random}");
}

#[test]
fn several_objectives_and_constraints_on_outcomes_are_no_trouble() {
    let directions = [Direction::Minimize, Direction::Maximize];
    for mut sampler in every_sampler() {
        let space = mixed_space();
        let mut done: Vec<FinishedTrial> = Vec::new();
        for number in 0..60 {
            let history = History { space: &space, directions: &directions, finished: &done, pending: &[] };
            let params = propose(&mut *sampler, 7, &history);
            assert!(space.contains(&params), "{}: {params:?}", sampler.name());
            let violation = if number % 3 == 0 { f64::from(number) } else { 0.0 };
            let second = [1.0, f64::NAN, f64::INFINITY, sum(&params).sin()][number as usize % 4];
            let values = vec![sum(&params), second];
            done.push(FinishedTrial { values, violation, ..finished(number, params, 0.0) });
        }
    }
}

/// Every point that a study of so many trials has.
fn distinct_points(done: &[FinishedTrial]) -> usize {
    let points: std::collections::BTreeSet<String> =
        done.iter().map(|trial| format!("{:?}", trial.params)).collect();
    points.len()
}

#[test]
fn no_point_is_tried_twice_while_others_are_left() {
    let whole = Distribution::Int { low: 0, high: 3, step: 1 };
    let plain = space([choice(3), whole.clone()]);
    let conditional = space([choice(3), whole.clone(), choice(5)])
        .when("p01", "p00", [ParamValue::Int(1)])
        .when("p02", "p00", [ParamValue::Int(2)]);
    // 1 of 4 · 4 pairs; and 64 · 64 of which 64 are allowed, too few to be found by chance.
    let constrained = space([whole.clone(), whole]).with_constraint("p00 + p01 <= 3".parse().unwrap());
    let wide = Distribution::Int { low: 0, high: 63, step: 1 };
    let thin = space([wide.clone(), wide]).with_constraint("p00 == p01".parse().unwrap());
    for (space, points) in [(plain, 12), (conditional, 10), (constrained, 10), (thin, 64)] {
        for mut sampler in every_sampler() {
            let done =
                study(&mut *sampler, &space, points, |n, params| finished(n, params.clone(), sum(params)));
            assert_eq!(distinct_points(&done), points as usize, "{}", sampler.name());
            let more = study(&mut *sampler, &space, points + 3, |n, params| {
                finished(n, params.clone(), sum(params))
            });
            assert_eq!(more.len(), points as usize + 3, "a space that is used up still gives points");
        }
    }
}

#[test]
fn pending_points_are_not_proposed_again_while_others_are_left() {
    let space = space([choice(3), choice(4)]);
    for mut sampler in every_sampler() {
        let mut points: Vec<Params> = Vec::new();
        for number in 0..12 {
            let (finished, open) = points.split_at(number / 2);
            let finished: Vec<_> = (0..)
                .zip(finished)
                .map(|(n, params)| self::finished(n, params.clone(), sum(params)))
                .collect();
            let pending: Vec<_> = (finished.len() as u32..)
                .zip(open)
                .map(|(number, params)| PendingTrial { number, params: params.clone() })
                .collect();
            let directions = &[Direction::Minimize];
            let history = History { space: &space, directions, finished: &finished, pending: &pending };
            let params = propose(&mut *sampler, 7, &history);
            assert!(!points.contains(&params), "{}: {params:?}", sampler.name());
            points.push(params);
        }
    }
}

/// A study of several trials at a time, of which this sampler proposes the ones that `asks` names;
/// the others come from `proposals`.
fn parallel_study(
    sampler: &mut dyn Sampler,
    space: &Space,
    directions: &[Direction],
    proposals: &[Params],
    asks: impl Fn(usize) -> bool,
) -> Vec<Params> {
    const PARALLEL: usize = 4;
    let mut points: Vec<Params> = Vec::new();
    while points.len() < 60 {
        let number = points.len();
        let (ended, open) = points.split_at(number.saturating_sub(PARALLEL));
        let ended: Vec<FinishedTrial> = (0..)
            .zip(ended)
            .map(|(number, params)| {
                let values =
                    directions.iter().zip([1.0, 0.3]).map(|(_, x)| (x * sum(params)).cos()).collect();
                let trial = FinishedTrial { values, ..finished(number, params.clone(), 0.0) };
                if number % 11 == 5 { FinishedTrial::failed(number, trial.params) } else { trial }
            })
            .collect();
        let pending: Vec<_> = (ended.len() as u32..)
            .zip(open)
            .map(|(number, params)| PendingTrial { number, params: params.clone() })
            .collect();
        let history = History { space, directions, finished: &ended, pending: &pending };
        let point = if asks(number) { propose(sampler, 7, &history) } else { proposals[number].clone() };
        points.push(point);
    }
    points
}

#[test]
fn what_a_sampler_keeps_does_not_show_beside_pending_trials_and_where_it_was_not_asked() {
    let both = [Direction::Minimize, Direction::Maximize];
    for space in [mixed_space(), conditional_space(), constrained_space(), space([choice(7), choice(9)])] {
        for directions in [&both[..1], &both] {
            for mut sampler in every_sampler() {
                let name = sampler.name();
                let points = parallel_study(&mut *sampler, &space, directions, &[], |_| true);
                let mut seldom = by_name(name, &settings()).unwrap();
                let again =
                    parallel_study(&mut *seldom, &space, directions, &points, |number| number % 7 == 6);
                assert_eq!(again, points, "{name}: asked for every seventh trial");
                for last in [13, 59] {
                    let mut fresh = by_name(name, &settings()).unwrap();
                    let again =
                        parallel_study(&mut *fresh, &space, directions, &points, |number| number == last);
                    assert_eq!(again, points, "{name}: asked for trial {last} only");
                }
            }
        }
    }
}

#[test]
fn explaining_does_not_change_what_is_proposed() {
    for (mut sampler, mut explained) in every_sampler().zip(every_sampler()) {
        let space = conditional_space();
        let mut done: Vec<FinishedTrial> = Vec::new();
        for number in 0..40 {
            let directions = &[Direction::Minimize];
            let history = History { space: &space, directions, finished: &done, pending: &[] };
            let params = propose(&mut *sampler, 7, &history);
            assert_eq!(propose(&mut *explained, 7, &history), params);
            let explanation = explained.explain(number, &history, &params);
            assert!(!explanation.sampler.is_empty());
            let known = |(name, ratio): &(String, f64)| params.contains_key(name) && ratio.is_finite();
            assert!(explanation.by_param.iter().all(known), "{explanation:?}");
            let value = sum(&params);
            done.push(finished(number, params, value));
        }
    }
}

fn empty_history(space: &Space) -> History<'_> {
    History { space, directions: &[Direction::Maximize], finished: &[], pending: &[] }
}

#[test]
fn different_seeds_give_different_proposals() {
    for name in SAMPLERS {
        let space = mixed_space();
        let first = |seed| {
            let mut sampler = by_name(name, &Settings::new(SeedTree::new(seed))).unwrap();
            propose(&mut *sampler, seed, &empty_history(&space))
        };
        assert_ne!(first(1), first(2), "{name}");
    }
}

#[test]
fn an_empty_space_has_one_empty_point() {
    for mut sampler in every_sampler() {
        let done = study(&mut *sampler, &Space::default(), 15, |n, params| finished(n, params.clone(), 1.0));
        assert!(done.iter().all(|trial| trial.params.is_empty()));
    }
}

#[test]
fn a_single_choice_is_taken_again_and_again() {
    for mut sampler in every_sampler() {
        let done =
            study(&mut *sampler, &space([choice(1)]), 30, |n, params| finished(n, params.clone(), 1.0));
        assert_eq!(done.len(), 30);
    }
}

#[test]
fn huge_and_tiny_ranges_are_no_trouble() {
    let wide = space([
        Distribution::Uniform { low: -1e308, high: 1e308, step: None },
        Distribution::Uniform { low: 1.0, high: 1.0 + 1e-12, step: None },
        Distribution::Log { low: 1e-300, high: 1e300 },
        Distribution::Int { low: -(1 << 61), high: 1 << 61, step: 1 },
        Distribution::Int { low: 0, high: 1 << 61, step: 1 << 60 },
        Distribution::IntLog { low: 1, high: i64::MAX },
        choice(1000),
    ]);
    for mut sampler in every_sampler() {
        study(&mut *sampler, &wide, 40, |number, params| {
            finished(number, params.clone(), f64::from(number % 7))
        });
    }
}

#[test]
fn failed_pruned_nan_and_infinite_trials_are_no_trouble() {
    for mut sampler in every_sampler() {
        study(&mut *sampler, &mixed_space(), 80, |number, params| {
            let mut trial = finished(number, params.clone(), sum(params));
            match number % 7 {
                0 => trial = FinishedTrial::failed(number, trial.params),
                1 => trial.values = vec![f64::NAN],
                2 => trial.values = vec![f64::INFINITY],
                3 => trial.values = vec![f64::NEG_INFINITY],
                4 => {
                    trial = FinishedTrial::pruned(number, trial.params, vec![(1, 0.5), (2, f64::NAN)]);
                }
                _ => {}
            }
            trial
        });
    }
}

#[test]
fn a_study_in_which_every_trial_fails_still_gets_proposals() {
    for mut sampler in every_sampler() {
        study(&mut *sampler, &mixed_space(), 40, |number, params| {
            FinishedTrial::failed(number, params.clone())
        });
    }
}

#[test]
fn pending_trials_are_accepted() {
    for mut sampler in every_sampler() {
        let space = mixed_space();
        let done = study(&mut *sampler, &space, 40, |n, params| finished(n, params.clone(), sum(params)));
        let (done, open) = done.split_at(25);
        let pending: Vec<_> =
            open.iter().map(|t| PendingTrial { number: t.number, params: t.params.clone() }).collect();
        for finished in [&done[..0], done] {
            let history =
                History { space: &space, directions: &[Direction::Maximize], finished, pending: &pending };
            assert!(space.contains(&propose(&mut *sampler, 3, &history)), "{}", sampler.name());
        }
    }
}

#[test]
fn a_history_of_ten_thousand_trials_is_no_trouble() {
    let space = mixed_space();
    let mut random = by_name("random", &settings()).unwrap();
    let done: Vec<_> = (0..10_000)
        .map(|number| {
            let mut rng = SeedTree::new(1).child("trial", number.into()).rng("history");
            let params = random.propose(number, &empty_history(&space), &mut rng);
            let value = sum(&params);
            finished(number, params, value)
        })
        .collect();
    for mut sampler in every_sampler() {
        let history =
            History { space: &space, directions: &[Direction::Minimize], finished: &done, pending: &[] };
        let start = Instant::now();
        assert!(space.contains(&propose(&mut *sampler, 1, &history)));
        // A few milliseconds when idle; generous, because test machines are not.
        assert!(start.elapsed() < Duration::from_secs(2), "{} took {:?}", sampler.name(), start.elapsed());
    }
}

fn any_distribution() -> impl Strategy<Value = Distribution> {
    prop_oneof![
        (-1e6..1e6_f64, 1e-3..1e6_f64).prop_map(|(low, width)| Distribution::Uniform {
            low,
            high: low + width,
            step: None
        }),
        (-100..100_i32, 1..64_u32, 1..50_u32, 0.0..0.9_f64).prop_map(|(low, eighths, steps, extra)| {
            let (low, step) = (f64::from(low), f64::from(eighths) / 8.0);
            Distribution::Uniform { low, high: low + step * (f64::from(steps) + extra), step: Some(step) }
        }),
        (-12.0..8.0_f64, 0.01..12.0_f64)
            .prop_map(|(low, width)| Distribution::Log { low: low.exp(), high: (low + width).exp() }),
        (-1000..1000_i64, 1..1000_i64, 1..20_i64).prop_map(|(low, width, step)| Distribution::Int {
            low,
            high: low + width.max(step),
            step
        }),
        (1..1000_i64, 1..100_000_i64)
            .prop_map(|(low, width)| Distribution::IntLog { low, high: low + width }),
        (1..8_i64).prop_map(choice),
    ]
}

fn any_end() -> impl Strategy<Value = (RunState, Option<f64>, Vec<(u64, f64)>)> {
    let value = prop_oneof![
        4 => -10.0..10.0_f64,
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, f64::MAX]),
    ];
    let reports = prop::collection::vec((0..5_u64, value.clone()), 0..3);
    prop_oneof![
        6 => value.prop_map(|value| (RunState::Complete, Some(value), vec![])),
        1 => reports.prop_map(|reports| (RunState::Pruned, None, reports)),
        1 => Just((RunState::Failed, None, vec![])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn proposals_are_in_any_space_after_any_history(
        distributions in prop::collection::vec(any_distribution(), 0..6),
        ends in prop::collection::vec(any_end(), 0..40),
        open in 0..5_usize,
        maximize: bool,
    ) {
        let space = space(distributions);
        let direction = if maximize { Direction::Maximize } else { Direction::Minimize };
        for mut sampler in every_sampler() {
            let mut done: Vec<FinishedTrial> = Vec::new();
            for (state, value, intermediate) in &ends {
                let (finished, open) = done.split_at(done.len().saturating_sub(open));
                let pending: Vec<_> = open
                    .iter()
                    .map(|t| PendingTrial { number: t.number, params: t.params.clone() })
                    .collect();
                let history = History { space: &space, directions: &[direction], finished, pending: &pending };
                let params = propose(&mut *sampler, 11, &history);
                prop_assert!(space.contains(&params), "{}: {:?}", sampler.name(), params);
                done.push(FinishedTrial {
                    number: done.len() as u32,
                    params,
                    state: *state,
                    values: value.iter().copied().collect(),
                    violation: 0.0,
                    intermediate: intermediate.clone(),
                });
            }
        }
    }
}
