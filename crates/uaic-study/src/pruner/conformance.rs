//! What holds for every pruner, whatever it has to judge.

use proptest::prelude::*;

use super::{
    Hyperband, Median, PRUNERS, Percentile, Pruner, PrunerSpec, Reports, SuccessiveHalving, Threshold,
    Timing, Wilcoxon,
};
use crate::trial::{Direction, FinishedTrial, Params, RunState};

/// A complete trial with these reports, the last of which is its value.
pub(super) fn complete(number: u32, reports: &[(u64, f64)]) -> FinishedTrial {
    let value = reports.last().map_or(0.5, |(_, value)| *value);
    FinishedTrial { intermediate: reports.to_vec(), ..FinishedTrial::complete(number, Params::new(), value) }
}

/// What a pruner sees of trial 1000.
pub(super) fn seen<'a>(
    direction: Direction,
    reports: &'a [(u64, f64)],
    finished: &'a [FinishedTrial],
) -> Reports<'a> {
    Reports { number: 1000, direction, reports, finished }
}

/// Every pruner, and patience around another one. Bounds are those of a threshold between which the
/// courses of these tests lie, hopeless ones excepted.
fn pruners() -> Vec<PrunerSpec> {
    let max_resource = Some(27);
    let median = PrunerSpec::Median(Median::default());
    vec![
        PrunerSpec::None,
        median.clone(),
        PrunerSpec::Percentile(Percentile::default()),
        PrunerSpec::SuccessiveHalving(SuccessiveHalving { max_resource, ..SuccessiveHalving::default() }),
        PrunerSpec::Hyperband(Hyperband { max_resource, brackets: Some(2), ..Hyperband::default() }),
        PrunerSpec::Threshold(Threshold { lower: Some(-0.5), ..Threshold::default() }),
        PrunerSpec::Patience { around: None, steps: 5, min_delta: 0.0 },
        PrunerSpec::Wilcoxon(Wilcoxon::default()),
        PrunerSpec::Patience { around: Some(Box::new(median)), steps: 2, min_delta: 0.0 },
    ]
}

/// The same pruner for negated values.
fn mirrored(spec: &PrunerSpec) -> PrunerSpec {
    let negated = |bound: Option<f64>| bound.map(|bound| -bound);
    match spec {
        PrunerSpec::Threshold(threshold) => PrunerSpec::Threshold(Threshold {
            lower: negated(threshold.upper),
            upper: negated(threshold.lower),
            ..*threshold
        }),
        other => other.clone(),
    }
}

fn build(spec: &PrunerSpec) -> Box<dyn Pruner> {
    spec.build().unwrap()
}

/// Complete trials that rise from 0 to `top` over 27 steps, better ones faster.
fn risen(tops: impl IntoIterator<Item = f64>) -> Vec<FinishedTrial> {
    let course = |top: f64| (1..=27).map(|step| (step, top * step as f64 / 27.0)).collect::<Vec<_>>();
    (0..).zip(tops).map(|(number, top)| complete(number, &course(top))).collect()
}

/// The steps of a course at which a trial would be stopped.
fn stops(
    pruner: &dyn Pruner,
    direction: Direction,
    course: &[(u64, f64)],
    finished: &[FinishedTrial],
) -> Vec<u64> {
    let stopped = |count: &usize| pruner.verdict(&seen(direction, &course[..*count], finished)).is_some();
    (1..=course.len()).filter(stopped).map(|count| course[count - 1].0).collect()
}

#[test]
fn every_name_makes_the_pruner_of_that_name() {
    let names: Vec<&str> = pruners().iter().take(PRUNERS.len()).map(PrunerSpec::name).collect();
    assert_eq!(names, PRUNERS);
    for spec in pruners() {
        assert_eq!(build(&spec).name(), spec.name());
    }
}

#[test]
fn the_best_trial_is_never_stopped() {
    let finished = risen((1..=30).map(|top| 0.02 * f64::from(top)));
    let best: Vec<(u64, f64)> = (1..=27).map(|step| (step, 0.9 * step as f64 / 27.0)).collect();
    for spec in pruners() {
        assert_eq!(stops(&*build(&spec), Direction::Maximize, &best, &finished), [0; 0], "{spec:?}");
    }
}

#[test]
fn a_hopeless_trial_is_stopped_by_all_that_look_at_it() {
    let finished = risen((1..=30).map(|top| 0.02 * f64::from(top)));
    let hopeless: Vec<(u64, f64)> = (1..=27).map(|step| (step, -1.0 - step as f64)).collect();
    for spec in pruners() {
        let stopped = stops(&*build(&spec), Direction::Maximize, &hopeless, &finished);
        assert_eq!(stopped.is_empty(), spec == PrunerSpec::None, "{spec:?}");
    }
}

#[test]
fn without_trials_to_compare_with_nobody_is_compared() {
    let hopeless: Vec<(u64, f64)> = (1..=27).map(|step| (step, -1.0 - step as f64)).collect();
    let failed =
        FinishedTrial { intermediate: vec![(1, 0.9), (9, 0.9)], ..FinishedTrial::failed(0, Params::new()) };
    let silent = FinishedTrial::complete(1, Params::new(), 0.9);
    let speechless = [vec![], vec![failed; 20], vec![silent; 20]];
    for spec in pruners() {
        // These look at the trial alone.
        if matches!(spec, PrunerSpec::Threshold(_) | PrunerSpec::Patience { around: None, .. }) {
            continue;
        }
        for finished in &speechless {
            assert_eq!(stops(&*build(&spec), Direction::Maximize, &hopeless, finished), [0; 0], "{spec:?}");
        }
    }
}

#[test]
fn a_trial_that_has_reported_nothing_goes_on() {
    let finished = risen([0.5; 20]);
    for spec in pruners() {
        assert_eq!(build(&spec).verdict(&seen(Direction::Maximize, &[], &finished)), None);
    }
}

/// `optuna_fixture.py` beside this file writes the steps at which Optuna stops these trials.
#[test]
fn verdicts_are_those_of_optuna_where_it_means_the_same() {
    let fixture: Vec<serde_json::Value> = serde_json::from_str(include_str!("optuna_fixture.json")).unwrap();
    let pruners = [
        PrunerSpec::Median(Median::default()),
        PrunerSpec::Percentile(Percentile {
            percentile: 40.0,
            startup_trials: 3,
            timing: Timing { warmup_steps: 2, interval: 2 },
        }),
        PrunerSpec::Threshold(Threshold { lower: Some(0.2), upper: Some(0.9), ..Threshold::default() }),
    ];
    let course = |values: &serde_json::Value| -> Vec<(u64, f64)> {
        (1..).zip(values.as_array().unwrap()).map(|(step, value)| (step, value.as_f64().unwrap())).collect()
    };
    let mut stopped = 0;
    for case in &fixture {
        let direction: Direction = serde_json::from_value(case["direction"].clone()).unwrap();
        let finished: Vec<FinishedTrial> = (0..)
            .zip(case["finished"].as_array().unwrap())
            .map(|(i, row)| complete(i, &course(row)))
            .collect();
        let own = course(&case["own"]);
        for spec in &pruners {
            let expected: Vec<u64> = serde_json::from_value(case["stops"][spec.name()].clone()).unwrap();
            let found = stops(&*build(spec), direction, &own, &finished);
            assert_eq!(found, expected, "{}: {case}", spec.name());
            stopped += expected.len();
        }
    }
    assert!(stopped > 100, "{stopped}");
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -1.0..1.0_f64,
        1 => prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE,
        ]),
    ]
}

fn any_reports() -> impl Strategy<Value = Vec<(u64, f64)>> {
    let step = prop_oneof![8 => 0..12_u64, 1 => Just(u64::MAX), 1 => 0..2000_u64];
    prop::collection::vec((step, any_value()), 0..12)
}

fn any_trial() -> impl Strategy<Value = FinishedTrial> {
    let state = prop::sample::select(vec![
        RunState::Complete,
        RunState::Complete,
        RunState::Pruned,
        RunState::Failed,
    ]);
    (state, any_value(), any_reports()).prop_map(|(state, value, intermediate)| FinishedTrial {
        state,
        values: if state == RunState::Complete { vec![value] } else { vec![] },
        intermediate,
        ..FinishedTrial::complete(0, Params::new(), value)
    })
}

fn numbered(mut trials: Vec<FinishedTrial>) -> Vec<FinishedTrial> {
    (0..).zip(&mut trials).for_each(|(number, trial)| trial.number = number);
    trials
}

fn negated(reports: &[(u64, f64)]) -> Vec<(u64, f64)> {
    reports.iter().map(|(step, value)| (*step, -value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_verdict_is_a_sentence_and_the_same_every_time(
        reports in any_reports(),
        trials in prop::collection::vec(any_trial(), 0..30),
        number in 0..2000_u32,
        maximize: bool,
    ) {
        let finished = numbered(trials);
        let direction = if maximize { Direction::Maximize } else { Direction::Minimize };
        let seen = Reports { number, direction, reports: &reports, finished: &finished };
        for spec in pruners() {
            let pruner = build(&spec);
            let verdict = pruner.verdict(&seen);
            prop_assert_eq!(&verdict, &pruner.verdict(&seen));
            prop_assert_eq!(&verdict, &build(&spec).verdict(&seen));
            if let Some(why) = verdict {
                prop_assert!(why.len() > 10 && !why.contains('\n'), "{}", why);
            }
        }
    }

    #[test]
    fn negated_values_and_the_other_direction_give_the_same_verdict(
        reports in any_reports(),
        trials in prop::collection::vec(any_trial(), 0..30),
        number in 0..2000_u32,
    ) {
        let finished = numbered(trials);
        let other = negated(&reports);
        let negative = |trial: &FinishedTrial| FinishedTrial {
            values: trial.values.iter().map(|value| -value).collect(),
            intermediate: negated(&trial.intermediate),
            ..trial.clone()
        };
        let others: Vec<FinishedTrial> = finished.iter().map(negative).collect();
        let plain = Reports { number, direction: Direction::Maximize, reports: &reports, finished: &finished };
        let mirror = Reports { direction: Direction::Minimize, reports: &other, finished: &others, ..plain };
        for spec in pruners() {
            let stops = build(&spec).verdict(&plain).is_some();
            let stops_mirrored = build(&mirrored(&spec)).verdict(&mirror).is_some();
            prop_assert_eq!(stops, stops_mirrored, "{:?}", spec);
        }
    }

    #[test]
    fn the_order_in_which_steps_were_reported_plays_no_part(
        mut reports in any_reports(),
        trials in prop::collection::vec(any_trial(), 0..30),
    ) {
        reports.sort_by_key(|(step, _)| *step);
        reports.dedup_by_key(|(step, _)| *step);
        let finished = numbered(trials);
        let turned: Vec<(u64, f64)> = reports.iter().rev().copied().collect();
        let turned_trial = |trial: &FinishedTrial| {
            let ordered = super::series::in_order(&trial.intermediate);
            FinishedTrial { intermediate: ordered.into_iter().rev().collect(), ..trial.clone() }
        };
        let others: Vec<FinishedTrial> = finished.iter().map(turned_trial).collect();
        for spec in pruners() {
            let pruner = build(&spec);
            let direction = Direction::Minimize;
            prop_assert_eq!(
                pruner.verdict(&seen(direction, &reports, &finished)),
                pruner.verdict(&seen(direction, &turned, &others))
            );
        }
    }
}
