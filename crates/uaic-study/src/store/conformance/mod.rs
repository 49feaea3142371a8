//! The contract of [`Store`], line by line, over every implementation: see
//! [`conformance_of_a_store`](crate::conformance_of_a_store).

#![allow(missing_docs, reason = "the name of a test is its sentence")]
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::time::{Duration, Instant};

mod free;
mod moved;

use free::free_run_in;
pub use free::*;
pub use moved::*;

use super::{
    Attempt, Change, Id, LatestMetric, MetricPoint, ModelVersion, NewRun, NewStudy, Params, ProcessIdentity,
    RunEnd, RunKind, RunQuery, Store, StoreError, StudyChange, StudyState, Tally,
};
use crate::space::{Distribution, Space};
use crate::trial::{Direction, Goal, ParamValue, RunState};

/// Makes tests of a store: each sentence of its contract becomes one. Takes a function that gives a new,
/// empty store beside what has to live as long as it does.
///
/// ```
/// # #[cfg(test)]
/// mod contract {
///     uaic_study::conformance_of_a_store!(|| ((), uaic_study::store::MemoryStore::new()));
/// }
/// ```
#[macro_export]
macro_rules! conformance_of_a_store {
    ($open:expr) => {
        $crate::conformance_of_a_store! { $open =>
            a_study_comes_back_as_it_was_created
            studies_are_listed_newest_first
            several_processes_may_work_on_a_study
            a_study_of_a_dead_process_is_crashed_and_free
            a_process_elsewhere_counts_as_alive_at_first
            only_workers_start_runs_and_release_their_study
            a_run_of_a_live_process_is_not_taken_over
            what_is_asked_for_outside_never_crashes
            a_released_study_is_in_its_new_state
            trials_of_a_study_only_rise
            a_run_comes_back_as_it_was_started
            every_number_has_one_run_and_the_final_run_is_apart
            a_restart_keeps_the_id_and_clears_what_was_recorded
            a_final_run_is_not_started_again
            a_stale_attempt_may_not_write
            an_ended_run_takes_nothing_more
            only_legal_ends_are_accepted
            a_run_of_a_dead_process_is_crashed
            every_float_comes_back
            a_series_is_sorted_by_step_and_keeps_equal_steps_in_order
            the_latest_metric_is_the_last_of_its_series
            metrics_of_runs_do_not_mix
            tags_can_be_set_at_any_time
            artifacts_come_back_and_are_replaced_by_name
            artifact_names_are_checked
            hidden_runs_are_listed_on_request
            queries_filter_and_page
            a_tally_counts_states_and_finds_the_best
            a_tally_counts_hidden_and_excluded_trials_apart_and_ranks_neither
            what_does_not_exist_is_not_found
            any_text_is_kept
            threads_do_not_disturb_each_other
            an_imported_run_is_apart_from_trials_and_the_final_run
            versions_of_a_model_are_numbered_from_1
            a_run_has_one_version_of_a_name
            an_alias_points_at_one_version_until_it_is_moved_or_removed
            what_happens_to_a_model_is_told_in_order
            names_of_models_are_checked
            what_is_not_registered_is_not_found
            a_trial_may_find_out_what_it_needs
            several_values_and_a_violation_come_back
            changes_count_from_the_first_trial_that_nobody_has_started
            what_is_enqueued_gets_numbers_of_its_own
            a_copied_change_keeps_the_trial_that_it_counts_from
            excluded_and_corrected_trials_show_it
            only_ended_trials_are_changed
            who_does_not_know_all_changes_starts_nothing
            a_run_of_no_study_is_a_new_one_each_time
            a_run_of_no_study_may_have_an_id_that_was_known_before
            runs_are_named_noted_and_nested
            a_run_is_no_part_of_itself
            removed_runs_are_gone_and_their_parts_move_up
            what_is_needed_is_not_removed
            steps_below_zero_come_back
            a_long_series_is_seen_from_afar_with_its_extremes
            a_run_from_elsewhere_is_seen_when_it_is_whole
            a_source_that_grew_adds_what_is_new
            what_comes_from_elsewhere_takes_nobodys_place
            conditions_find_what_they_say
            a_copy_comes_back_to_its_last_event
            a_copy_of_a_later_attempt_takes_the_place_of_an_earlier_one
            a_copy_needs_its_study_its_parent_and_its_place
            an_artifact_is_copied_in_pieces
            what_has_been_hidden_for_long_is_swept
            what_is_needed_is_not_swept
        }
    };
    ($open:expr => $($test:ident)*) => {
        $(#[test] fn $test() {
            let (_guard, store) = $open();
            $crate::store::conformance::$test(&store);
        })*
    };
}

fn new_study() -> NewStudy {
    NewStudy {
        experiment: "attention".into(),
        spec_text: "[experiment]\nname = \"attention\"\n".into(),
        spec_path: "experiments/attention.toml".into(),
        overrides: vec![("train.lr".into(), "0.002".into()), ("train.lr".into(), "0.003".into())],
        fingerprint: "f00d".into(),
        seed: u64::MAX,
        goals: Goal::new("val/accuracy", Direction::Maximize).into(),
        trials: 20,
        environment: [("git.commit".to_owned(), "abc".to_owned())].into(),
    }
}

fn new_run(study: Id, number: u32) -> NewRun {
    NewRun {
        home: study.into(),
        kind: RunKind::Trial,
        number: Some(number),
        params: [
            ("model.dropout".to_owned(), ParamValue::Float(3.0)),
            ("model.hidden_dim".to_owned(), ParamValue::Int(3)),
            ("train.balanced".to_owned(), ParamValue::Bool(false)),
            ("train.optimizer".to_owned(), ParamValue::Text("3".into())),
        ]
        .into(),
        config: serde_json::json!({ "train": { "lr": 1e-3, "epochs": 5 }, "empty": null }),
        process: ProcessIdentity::current(),
        environment: [("cpu".to_owned(), "abacus".to_owned())].into(),
    }
}

fn point(key: &str, step: i64, value: f64) -> MetricPoint {
    MetricPoint { key: key.into(), step, time_ms: 1_700_000_000_000 + step % 1_000_000, value }
}

fn end(state: RunState) -> RunEnd {
    match state {
        RunState::Complete => RunEnd::complete([0.5]),
        other => RunEnd::without_values(other, None),
    }
}

/// A process of this host that has ended.
fn dead_process() -> ProcessIdentity {
    let mut process = ProcessIdentity::current();
    process.started.push_str("-before");
    process
}

fn free_study_in(store: &dyn Store) -> Id {
    store.create_study(&new_study()).unwrap().id
}

/// A study that this process works on.
fn study_in(store: &dyn Store) -> Id {
    let study = free_study_in(store);
    store.acquire_study(study, &ProcessIdentity::current()).unwrap();
    study
}

fn run_in(store: &dyn Store) -> Attempt {
    store.start_run(&new_run(study_in(store), 0)).unwrap()
}

/// A refused write may be reported by a later call of the same attempt.
fn log_refusal(store: &dyn Store, attempt: Attempt) -> StoreError {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match store.log_metrics(attempt, &[point("late", 0, 0.0)]) {
            Err(error) => return error,
            Ok(()) => assert!(Instant::now() < deadline, "the write was never refused"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn a_study_comes_back_as_it_was_created(store: &dyn Store) {
    let created = store.create_study(&new_study()).unwrap();
    assert_eq!(created.plan, new_study());
    assert_eq!((created.state, created.owner.clone()), (StudyState::Interrupted, None));
    assert_eq!(store.study(created.id).unwrap(), created);
}

pub fn studies_are_listed_newest_first(store: &dyn Store) {
    let ids: Vec<Id> = (0..3).map(|_| study_in(store)).collect();
    let listed: Vec<Id> = store.studies().unwrap().iter().rev().map(|study| study.id).collect();
    assert_eq!(listed, ids);
}

/// A process that counts as alive, because nothing can be said of it from here.
fn process_elsewhere() -> ProcessIdentity {
    ProcessIdentity { host: "elsewhere".into(), ..ProcessIdentity::current() }
}

pub fn several_processes_may_work_on_a_study(store: &dyn Store) {
    let study = study_in(store);
    let (ours, theirs) = (ProcessIdentity::current(), process_elsewhere());
    store.acquire_study(study, &ours).unwrap();
    store.acquire_study(study, &theirs).unwrap();
    let seen = store.study(study).unwrap();
    assert_eq!((seen.state, seen.owner), (StudyState::Running, Some(theirs.clone())));
    store.start_run(&new_run(study, 0)).unwrap();
    store.start_run(&NewRun { process: theirs.clone(), ..new_run(study, 1) }).unwrap();
    store.release_study(study, &ours, StudyState::Complete).unwrap();
    assert_eq!(store.study(study).unwrap().state, StudyState::Running, "one still works");
    store.release_study(study, &theirs, StudyState::Failed).unwrap();
    assert_eq!(store.study(study).unwrap().state, StudyState::Failed);
}

pub fn a_study_of_a_dead_process_is_crashed_and_free(store: &dyn Store) {
    let study = free_study_in(store);
    store.acquire_study(study, &dead_process()).unwrap();
    assert_eq!(store.study(study).unwrap().state, StudyState::Crashed);
    assert_eq!(store.studies().unwrap()[0].state, StudyState::Crashed);
    store.acquire_study(study, &ProcessIdentity::current()).unwrap();
    assert_eq!(store.study(study).unwrap().state, StudyState::Running);
}

pub fn a_process_elsewhere_counts_as_alive_at_first(store: &dyn Store) {
    let in_a_container =
        ProcessIdentity { namespace: "pid:[1]".into(), pid: 1, ..ProcessIdentity::current() };
    for process in [process_elsewhere(), in_a_container] {
        let study = free_study_in(store);
        store.acquire_study(study, &process).unwrap();
        assert_eq!(store.study(study).unwrap().state, StudyState::Running);
    }
}

pub fn only_workers_start_runs_and_release_their_study(store: &dyn Store) {
    let (ours, theirs) = (ProcessIdentity::current(), dead_process());
    let study = free_study_in(store);
    let refused = |process: &ProcessIdentity| {
        let before = store.study(study).unwrap();
        let answers = [
            store.release_study(study, process, StudyState::Failed).unwrap_err(),
            store.start_run(&NewRun { process: process.clone(), ..new_run(study, 0) }).unwrap_err(),
        ];
        assert_eq!(store.study(study).unwrap(), before);
        assert!(store.runs(&RunQuery::default()).unwrap().is_empty());
        for error in answers {
            assert!(matches!(error, StoreError::NotHeld { pid, .. } if pid == process.pid), "{error}");
        }
    };
    refused(&ours);
    // A process that is thought dead is forgotten, and then wakes up.
    store.acquire_study(study, &theirs).unwrap();
    store.acquire_study(study, &ours).unwrap();
    refused(&theirs);
    store.release_study(study, &ours, StudyState::Complete).unwrap();
    refused(&ours);
    refused(&theirs);
}

pub fn a_run_of_a_live_process_is_not_taken_over(store: &dyn Store) {
    let study = study_in(store);
    let theirs = process_elsewhere();
    store.acquire_study(study, &theirs).unwrap();
    let attempt = store.start_run(&NewRun { process: theirs.clone(), ..new_run(study, 0) }).unwrap();
    let error = store.start_run(&new_run(study, 0)).unwrap_err();
    assert!(matches!(error, StoreError::Taken { pid, .. } if pid == theirs.pid), "{error}");
    store.finish_run(attempt, &end(RunState::Interrupted)).unwrap();
    assert_eq!(store.start_run(&new_run(study, 0)).unwrap(), Attempt { number: 2, ..attempt });
    assert_eq!(store.start_run(&new_run(study, 0)).unwrap().number, 3, "a process may start its own anew");
}

pub fn what_is_asked_for_outside_never_crashes(store: &dyn Store) {
    let study = free_study_in(store);
    let outside = ProcessIdentity::outside();
    store.acquire_study(study, &outside).unwrap();
    let attempt = store.start_run(&NewRun { process: outside, ..new_run(study, 0) }).unwrap();
    assert_eq!(store.run(attempt.run).unwrap().state, RunState::Running);
    assert_eq!(store.study(study).unwrap().state, StudyState::Running);
    store.finish_run(attempt, &end(RunState::Complete)).unwrap();
}

pub fn a_trial_may_find_out_what_it_needs(store: &dyn Store) {
    let study = study_in(store);
    let attempt = store.start_run(&new_run(study, 0)).unwrap();
    let params: Params = [("x".to_owned(), ParamValue::Float(0.5))].into();
    store.set_params(attempt, &params, &serde_json::json!({ "seen": 1 })).unwrap();
    let run = store.run(attempt.run).unwrap();
    assert_eq!((run.start.params, run.start.config), (params.clone(), serde_json::json!({ "seen": 1 })));
    store.finish_run(attempt, &end(RunState::Complete)).unwrap();
    let error = store.set_params(attempt, &params, &serde_json::Value::Null).unwrap_err();
    assert!(matches!(error, StoreError::Ended { .. }), "{error}");
}

pub fn several_values_and_a_violation_come_back(store: &dyn Store) {
    let goals = new_study().goals.and(Goal::new("size", Direction::Minimize));
    let new = NewStudy { goals, ..new_study() };
    let study = store.create_study(&new).unwrap();
    assert_eq!(store.study(study.id).unwrap().plan, new);
    assert_eq!(study.goals().metrics().len(), 2);
    store.acquire_study(study.id, &ProcessIdentity::current()).unwrap();
    let attempt = store.start_run(&new_run(study.id, 0)).unwrap();
    let ended = RunEnd { violation: 0.25, ..RunEnd::complete([0.5, 3.0, f64::INFINITY]) };
    store.finish_run(attempt, &ended).unwrap();
    let run = store.run(attempt.run).unwrap();
    assert_eq!((run.values, run.violation), (vec![0.5, 3.0, f64::INFINITY], 0.25));
    // What an interrupted attempt has come to does not stay.
    let attempt = store.start_run(&new_run(study.id, 1)).unwrap();
    store.finish_run(attempt, &RunEnd { state: RunState::Interrupted, ..ended }).unwrap();
    let again = store.start_run(&new_run(study.id, 1)).unwrap();
    let run = store.run(again.run).unwrap();
    assert_eq!((run.values, run.violation), (vec![], 0.0));
    // Nobody knows by how much it misses them: as much as can be, not nothing.
    store.finish_run(again, &RunEnd { violation: f64::NAN, ..RunEnd::complete([1.0, 2.0]) }).unwrap();
    assert!(store.run(again.run).unwrap().violation > 1e300);
}

fn exclusion(trial: u32) -> Change {
    Change::Exclude { trial, reason: "the disk was full".into() }
}

fn enqueued(x: f64) -> Change {
    Change::Enqueue { params: [("x".to_owned(), ParamValue::Float(x))].into() }
}

fn ended_trial(store: &dyn Store, study: Id, number: u32) -> Id {
    let attempt = store.start_run(&new_run(study, number)).unwrap();
    store.finish_run(attempt, &end(RunState::Complete)).unwrap();
    attempt.run
}

pub fn changes_count_from_the_first_trial_that_nobody_has_started(store: &dyn Store) {
    let study = study_in(store);
    assert!(store.changes(study).unwrap().is_empty());
    let range = Distribution::Log { low: 1e-5, high: 0.1 };
    let space =
        Space::new([("lr".to_owned(), range), ("x".to_owned(), Distribution::IntLog { low: 1, high: 9 })])
            .with_constraint("x <= 1 / lr".parse().unwrap());
    let space = Change::Space { space, overrides: vec![("search.x".into(), "{ int = [1, 9] }".into())] };
    assert_eq!(store.change_study(study, &space).unwrap().from_trial, 0);
    ended_trial(store, study, 0);
    store.start_run(&new_run(study, 1)).unwrap();
    assert_eq!(store.change_study(study, &exclusion(0)).unwrap().from_trial, 2);
    let changes = store.changes(study).unwrap();
    assert_eq!(changes.iter().map(|change| &change.change).collect::<Vec<_>>(), [&space, &exclusion(0)]);
    assert!(store.changes(free_study_in(store)).unwrap().is_empty(), "of another study");
}

pub fn what_is_enqueued_gets_numbers_of_its_own(store: &dyn Store) {
    let study = study_in(store);
    ended_trial(store, study, 0);
    let numbers = [0.1, 0.2].map(|x| store.change_study(study, &enqueued(x)).unwrap().from_trial);
    assert_eq!(numbers, [1, 2]);
    assert_eq!(store.change_study(study, &exclusion(0)).unwrap().from_trial, 1, "these are not started");
    for number in 1..5 {
        ended_trial(store, study, number);
    }
    assert_eq!(store.change_study(study, &enqueued(0.3)).unwrap().from_trial, 5);
}

pub fn a_copied_change_keeps_the_trial_that_it_counts_from(store: &dyn Store) {
    let study = study_in(store);
    ended_trial(store, study, 0);
    ended_trial(store, study, 4);
    for (from_trial, change) in [(2, enqueued(0.1)), (5, exclusion(0))] {
        store.copy_change(study, &StudyChange { from_trial, time_ms: 7, change }).unwrap();
    }
    let numbers: Vec<u32> = store.changes(study).unwrap().iter().map(|change| change.from_trial).collect();
    assert_eq!(numbers, [2, 5]);
    assert_eq!(store.tally(study).unwrap().excluded, 1);
    let missing = StudyChange { from_trial: 5, time_ms: 7, change: exclusion(1) };
    assert!(matches!(store.copy_change(study, &missing), Err(StoreError::NotFound { .. })));
}

pub fn excluded_and_corrected_trials_show_it(store: &dyn Store) {
    let study = study_in(store);
    let runs = [ended_trial(store, study, 0), ended_trial(store, study, 1)];
    store.change_study(study, &exclusion(0)).unwrap();
    assert!(store.run(runs[0]).unwrap().excluded);
    assert_eq!(store.tally(study).unwrap().complete, 1);
    store.change_study(study, &Change::Include { trial: 0, reason: String::new() }).unwrap();
    assert!(!store.run(runs[0]).unwrap().excluded);
    let (old, new) = (vec![0.5], vec![0.75, f64::MAX]);
    store
        .change_study(study, &Change::Correct { trial: 1, old, new: new.clone(), reason: "typo".into() })
        .unwrap();
    assert_eq!(store.run(runs[1]).unwrap().values, new);
}

pub fn only_ended_trials_are_changed(store: &dyn Store) {
    let study = study_in(store);
    store.start_run(&new_run(study, 0)).unwrap();
    let error = store.change_study(study, &exclusion(0)).unwrap_err();
    assert!(matches!(error, StoreError::NotEnded { number: 0, state: RunState::Running }), "{error}");
    let error = store.change_study(study, &exclusion(7)).unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "trial", .. }), "{error}");
    assert!(store.changes(study).unwrap().is_empty());
}

pub fn who_does_not_know_all_changes_starts_nothing(store: &dyn Store) {
    let study = study_in(store);
    store.start_trial(&new_run(study, 0), 0).unwrap();
    store.change_study(study, &enqueued(0.5)).unwrap();
    let error = store.start_trial(&new_run(study, 1), 0).unwrap_err();
    assert!(matches!(error, StoreError::Outdated { .. }), "{error}");
    store.start_trial(&new_run(study, 1), 1).unwrap();
}

pub fn a_released_study_is_in_its_new_state(store: &dyn Store) {
    let study = study_in(store);
    for (released, seen) in [
        (StudyState::Complete, StudyState::Complete),
        (StudyState::Failed, StudyState::Failed),
        (StudyState::Interrupted, StudyState::Interrupted),
        (StudyState::Running, StudyState::Interrupted),
        (StudyState::Crashed, StudyState::Interrupted),
    ] {
        store.acquire_study(study, &ProcessIdentity::current()).unwrap();
        store.release_study(study, &ProcessIdentity::current(), released).unwrap();
        assert_eq!(store.study(study).unwrap().state, seen);
    }
    assert_eq!(store.study(study).unwrap().owner, Some(ProcessIdentity::current()), "who last worked on it");
}

pub fn trials_of_a_study_only_rise(store: &dyn Store) {
    let study = study_in(store);
    for (asked, planned) in [(30, 30), (10, 30), (31, 31)] {
        store.extend_study(study, asked).unwrap();
        assert_eq!(store.study(study).unwrap().plan.trials, planned);
    }
}

pub fn a_run_comes_back_as_it_was_started(store: &dyn Store) {
    let study = study_in(store);
    let attempt = store.start_run(&new_run(study, 7)).unwrap();
    assert_eq!(attempt.number, 1);
    let run = store.run(attempt.run).unwrap();
    assert_eq!(run.start, new_run(study, 7), "types of parameters included");
    assert_eq!((run.id, run.experiment.as_str(), run.attempts), (attempt.run, "attention", 1));
    assert_eq!((run.state, run.value(), run.reason.clone()), (RunState::Running, None, None));
    assert_eq!((run.ended_ms, run.hidden), (None, false));
    let reason = Some("the loss became NaN".to_owned());
    let end = RunEnd {
        values: vec![f64::NEG_INFINITY],
        ..RunEnd::without_values(RunState::Failed, reason.clone())
    };
    store.finish_run(attempt, &end).unwrap();
    let ended = store.run(attempt.run).unwrap();
    assert_eq!((ended.state, &ended.values, &ended.reason), (RunState::Failed, &end.values, &reason));
    assert!(ended.ended_ms.unwrap() >= ended.started_ms);
    assert_eq!(store.runs(&RunQuery::default()).unwrap(), [ended]);
}

pub fn every_number_has_one_run_and_the_final_run_is_apart(store: &dyn Store) {
    let study = study_in(store);
    let last = NewRun { kind: RunKind::Final, number: None, ..new_run(study, 0) };
    let first = store.start_run(&new_run(study, 0)).unwrap();
    let second = store.start_run(&new_run(study, 1)).unwrap();
    let third = store.start_run(&last).unwrap();
    assert!(first.run != second.run && second.run != third.run);
    assert_eq!(store.start_run(&last).unwrap(), Attempt { run: third.run, number: 2 });
    let elsewhere = store.start_run(&new_run(study_in(store), 0)).unwrap();
    assert_eq!(elsewhere.number, 1, "numbers belong to their study");
    assert_eq!(store.runs(&RunQuery::default()).unwrap().len(), 4);
}

pub fn a_restart_keeps_the_id_and_clears_what_was_recorded(store: &dyn Store) {
    let study = study_in(store);
    let first = store.start_run(&new_run(study, 0)).unwrap();
    store.log_metrics(first, &[point("a", 0, 1.0), point("b", 0, 2.0)]).unwrap();
    store.put_artifact(first, "log.txt", b"first").unwrap();
    store.set_tag(first.run, "note", "kept").unwrap();
    let reason = Some("Ctrl-C".to_owned());
    store.finish_run(first, &RunEnd::without_values(RunState::Interrupted, reason)).unwrap();

    let changed = NewRun { params: [("only".to_owned(), ParamValue::Int(1))].into(), ..new_run(study, 0) };
    let second = store.start_run(&changed).unwrap();
    assert_eq!(second, Attempt { run: first.run, number: 2 });
    let run = store.run(second.run).unwrap();
    assert_eq!(run.start, changed);
    assert_eq!((run.attempts, run.state), (2, RunState::Running));
    assert_eq!((run.value(), run.reason, run.ended_ms), (None, None, None));
    assert!(store.latest_metrics(first.run).unwrap().is_empty());
    assert!(store.metric_history(first.run, "a").unwrap().is_empty());
    assert!(store.artifacts(first.run).unwrap().is_empty());
    assert_eq!(store.tags(first.run).unwrap()["note"], "kept");
}

pub fn a_final_run_is_not_started_again(store: &dyn Store) {
    let study = study_in(store);
    for (number, state) in [RunState::Complete, RunState::Pruned, RunState::Failed].into_iter().enumerate() {
        let new = new_run(study, number as u32);
        let attempt = store.start_run(&new).unwrap();
        store.finish_run(attempt, &end(state)).unwrap();
        let error = store.start_run(&new).unwrap_err();
        assert!(
            matches!(error, StoreError::IllegalTransition { from, to: RunState::Running, .. } if from == state),
            "{error}"
        );
        assert_eq!(store.run(attempt.run).unwrap().attempts, 1);
    }
}

pub fn a_stale_attempt_may_not_write(store: &dyn Store) {
    let study = study_in(store);
    let old = store.start_run(&new_run(study, 0)).unwrap();
    let new = store.start_run(&new_run(study, 0)).unwrap();
    let error = log_refusal(store, old);
    assert!(matches!(error, StoreError::StaleAttempt { .. }), "{error}");
    let error = store.put_artifact(old, "a", b"old").unwrap_err();
    assert!(matches!(error, StoreError::StaleAttempt { .. }), "{error}");
    let error = store.finish_run(old, &end(RunState::Failed)).unwrap_err();
    assert!(matches!(error, StoreError::StaleAttempt { .. }), "{error}");
    // The new attempt is as if the old one had never tried.
    store.log_metrics(new, &[point("fresh", 0, 1.0)]).unwrap();
    store.finish_run(new, &end(RunState::Complete)).unwrap();
    let keys: Vec<_> = store.latest_metrics(new.run).unwrap().into_iter().map(|metric| metric.key).collect();
    assert_eq!(keys, ["fresh"]);
    assert!(store.artifacts(new.run).unwrap().is_empty());
}

pub fn an_ended_run_takes_nothing_more(store: &dyn Store) {
    let study = study_in(store);
    for (number, state) in [RunState::Complete, RunState::Interrupted].into_iter().enumerate() {
        let attempt = store.start_run(&new_run(study, number as u32)).unwrap();
        store.finish_run(attempt, &end(state)).unwrap();
        let before = store.run(attempt.run).unwrap();
        let error = log_refusal(store, attempt);
        assert!(matches!(error, StoreError::Ended { state: seen, .. } if seen == state), "{error}");
        let error = store.put_artifact(attempt, "a", b"late").unwrap_err();
        assert!(matches!(error, StoreError::Ended { .. }), "{error}");
        assert_eq!(store.run(attempt.run).unwrap(), before);
        assert!(store.latest_metrics(attempt.run).unwrap().is_empty());
    }
}

pub fn only_legal_ends_are_accepted(store: &dyn Store) {
    let attempt = run_in(store);
    for illegal in [RunState::Running, RunState::Crashed] {
        let error = store.finish_run(attempt, &end(illegal)).unwrap_err();
        assert!(matches!(error, StoreError::IllegalTransition { .. }), "{error}");
    }
    assert_eq!(store.run(attempt.run).unwrap().state, RunState::Running);
    store.finish_run(attempt, &end(RunState::Pruned)).unwrap();
    let error = store.finish_run(attempt, &end(RunState::Complete)).unwrap_err();
    assert!(
        matches!(error, StoreError::IllegalTransition { from: RunState::Pruned, to: RunState::Complete, .. }),
        "{error}"
    );
}

pub fn a_run_of_a_dead_process_is_crashed(store: &dyn Store) {
    let study = free_study_in(store);
    store.acquire_study(study, &dead_process()).unwrap();
    let dead = store.start_run(&NewRun { process: dead_process(), ..new_run(study, 0) }).unwrap();
    store.acquire_study(study, &ProcessIdentity::current()).unwrap();
    let alive = store.start_run(&new_run(study, 1)).unwrap();
    assert_eq!(store.run(dead.run).unwrap().state, RunState::Crashed);
    assert_eq!(store.run(alive.run).unwrap().state, RunState::Running);
    for (state, run) in [(RunState::Crashed, dead.run), (RunState::Running, alive.run)] {
        let query = RunQuery { state: Some(state), ..RunQuery::default() };
        let found: Vec<Id> = store.runs(&query).unwrap().iter().map(|run| run.id).collect();
        assert_eq!(found, [run]);
        assert_eq!(store.count_runs(&query).unwrap(), 1);
    }
    assert_eq!(store.start_run(&new_run(study, 0)).unwrap(), Attempt { run: dead.run, number: 2 });
    assert_eq!(store.run(dead.run).unwrap().state, RunState::Running);
}

pub fn every_float_comes_back(store: &dyn Store) {
    let attempt = run_in(store);
    let values = [
        0.1 + 0.2,
        0.0,
        1.0,
        -1.5,
        f64::MIN_POSITIVE,
        5e-324,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        9_007_199_254_740_993.0,
    ];
    for (step, value) in values.into_iter().enumerate() {
        store.log_metrics(attempt, &[point("x", step as i64, value)]).unwrap();
    }
    let history = store.metric_history(attempt.run, "x").unwrap();
    assert_eq!(history.len(), values.len());
    for (point, value) in history.iter().zip(values) {
        assert!(point.value.to_bits() == value.to_bits() || point.value.is_nan() && value.is_nan());
    }
    store.finish_run(attempt, &RunEnd::complete([f64::NAN])).unwrap();
    assert!(store.run(attempt.run).unwrap().value().unwrap().is_nan());
}

pub fn a_series_is_sorted_by_step_and_keeps_equal_steps_in_order(store: &dyn Store) {
    let attempt = run_in(store);
    store.log_metrics(attempt, &[point("x", 2, 20.0), point("x", 1, 10.0)]).unwrap();
    store.log_metrics(attempt, &[point("x", 2, 21.0), point("y", 2, 0.0)]).unwrap();
    store.log_metrics(attempt, &[]).unwrap();
    store.log_metrics(attempt, &[point("x", 2, 20.5)]).unwrap();
    let expected = [point("x", 1, 10.0), point("x", 2, 20.0), point("x", 2, 21.0), point("x", 2, 20.5)];
    assert_eq!(store.metric_history(attempt.run, "x").unwrap(), expected);
    assert!(store.metric_history(attempt.run, "z").unwrap().is_empty());
}

pub fn the_latest_metric_is_the_last_of_its_series(store: &dyn Store) {
    let attempt = run_in(store);
    let nan = f64::NAN;
    store.log_metrics(attempt, &[point("b", 0, nan), point("a", 5, 1.0), point("a", 3, 9.0)]).unwrap();
    store.log_metrics(attempt, &[point("a", 5, f64::NEG_INFINITY), point("a", 4, nan)]).unwrap();
    let latest = store.latest_metrics(attempt.run).unwrap();
    assert_eq!(
        latest[0],
        LatestMetric {
            key: "a".into(),
            step: 5,
            value: f64::NEG_INFINITY,
            min: Some(f64::NEG_INFINITY),
            max: Some(9.0),
            count: 4,
        }
    );
    assert_eq!((latest[1].key.as_str(), latest[1].min, latest[1].max, latest[1].count), ("b", None, None, 1));
    assert!(latest[1].value.is_nan());
    store.log_metrics(attempt, &[point("b", 1, 2.0)]).unwrap();
    let b = &store.latest_metrics(attempt.run).unwrap()[1];
    assert_eq!((b.value, b.min, b.max, b.count), (2.0, Some(2.0), Some(2.0), 2));
}

pub fn metrics_of_runs_do_not_mix(store: &dyn Store) {
    let study = study_in(store);
    let attempts = [0, 1].map(|number| store.start_run(&new_run(study, number)).unwrap());
    for (step, attempt) in [(0, attempts[0]), (0, attempts[1]), (1, attempts[0])] {
        store.log_metrics(attempt, &[point("x", step, f64::from(attempt.number))]).unwrap();
    }
    assert_eq!(store.metric_history(attempts[0].run, "x").unwrap().len(), 2);
    assert_eq!(store.metric_history(attempts[1].run, "x").unwrap().len(), 1);
}

pub fn tags_can_be_set_at_any_time(store: &dyn Store) {
    let attempt = run_in(store);
    store.set_tag(attempt.run, "note", "one").unwrap();
    store.finish_run(attempt, &end(RunState::Complete)).unwrap();
    store.set_tag(attempt.run, "note", "two").unwrap();
    store.set_tag(attempt.run, "other", "").unwrap();
    let expected = [("note".to_owned(), "two".to_owned()), ("other".to_owned(), String::new())];
    assert_eq!(store.tags(attempt.run).unwrap(), expected.into());
}

pub fn artifacts_come_back_and_are_replaced_by_name(store: &dyn Store) {
    let attempt = run_in(store);
    let large: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
    store.put_artifact(attempt, "model/weights", b"old").unwrap();
    let weights = store.put_artifact(attempt, "model/weights", &large).unwrap();
    let log = store.put_artifact(attempt, "log.txt", b"").unwrap();
    let copy = store.put_artifact(attempt, "copy", &large).unwrap();
    assert_eq!((weights.size, weights.hash.as_str()), (100_000, blake3::hash(&large).to_hex().as_str()));
    assert_eq!(copy.hash, weights.hash);
    assert_eq!(store.artifacts(attempt.run).unwrap(), [copy, log, weights]);
    assert_eq!(store.read_artifact(attempt.run, "model/weights").unwrap(), large);
    assert_eq!(store.read_artifact(attempt.run, "log.txt").unwrap(), b"");
}

pub fn artifact_names_are_checked(store: &dyn Store) {
    let attempt = run_in(store);
    for name in ["../escape", "/etc/passwd", "a\\b", "", "a//b", "a\nb"] {
        let error = store.put_artifact(attempt, name, b"").unwrap_err();
        assert!(matches!(error, StoreError::BadArtifactName { .. }), "{error}");
        let error = store.read_artifact(attempt.run, name).unwrap_err();
        assert!(matches!(error, StoreError::BadArtifactName { .. }), "{error}");
    }
    let error = store.read_artifact(attempt.run, "absent").unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "artifact", .. }), "{error}");
}

pub fn hidden_runs_are_listed_on_request(store: &dyn Store) {
    let attempt = run_in(store);
    store.finish_run(attempt, &end(RunState::Complete)).unwrap();
    let before = store.run(attempt.run).unwrap();
    let all = RunQuery { include_hidden: true, ..RunQuery::default() };
    store.set_hidden(attempt.run, true).unwrap();
    store.set_hidden(attempt.run, true).unwrap();
    assert!(store.runs(&RunQuery::default()).unwrap().is_empty());
    assert_eq!(store.count_runs(&RunQuery::default()).unwrap(), 0);
    assert!(store.runs(&all).unwrap()[0].hidden && store.run(attempt.run).unwrap().hidden);
    store.set_hidden(attempt.run, false).unwrap();
    assert_eq!(store.runs(&RunQuery::default()).unwrap(), [before]);
}

pub fn queries_filter_and_page(store: &dyn Store) {
    let first = study_in(store);
    let second = store.create_study(&NewStudy { experiment: "lstm".into(), ..new_study() }).unwrap().id;
    store.acquire_study(second, &ProcessIdentity::current()).unwrap();
    let mut runs = Vec::new();
    for number in 0..4 {
        runs.push(store.start_run(&new_run(first, number)).unwrap());
    }
    runs.push(store.start_run(&NewRun { kind: RunKind::Final, number: None, ..new_run(first, 0) }).unwrap());
    runs.push(store.start_run(&new_run(second, 0)).unwrap());
    store.finish_run(runs[2], &end(RunState::Failed)).unwrap();
    let ids: Vec<Id> = runs.iter().rev().map(|attempt| attempt.run).collect();
    let check = |query: RunQuery, expected: &[Id], what: &str| {
        let found: Vec<Id> = store.runs(&query).unwrap().iter().map(|run| run.id).collect();
        assert_eq!(found, expected, "{what}");
        if query.limit.is_none() && query.offset == 0 {
            assert_eq!(store.count_runs(&query).unwrap(), expected.len() as u64, "{what}");
        }
    };
    let query = RunQuery::default;
    check(query(), &ids, "newest first");
    check(RunQuery { study: Some(first), ..query() }, &ids[1..], "study");
    check(RunQuery { experiment: Some("lstm".into()), ..query() }, &ids[..1], "experiment");
    check(RunQuery { experiment: Some("none".into()), ..query() }, &[], "no such experiment");
    check(RunQuery { kind: Some(RunKind::Final), ..query() }, &ids[1..2], "kind");
    check(RunQuery { number: Some(0), ..query() }, &[ids[0], ids[5]], "number");
    check(RunQuery { study: Some(first), number: Some(0), ..query() }, &ids[5..], "study and number");
    check(RunQuery { state: Some(RunState::Failed), ..query() }, &ids[3..4], "state");
    check(RunQuery { limit: Some(2), ..query() }, &ids[..2], "limit");
    check(RunQuery { limit: Some(2), offset: 3, ..query() }, &ids[3..5], "page");
    check(RunQuery { offset: 5, ..query() }, &ids[5..], "offset alone");
    check(RunQuery { limit: Some(0), ..query() }, &[], "nothing wanted");
    let whole = ids[4].to_string();
    for digits in [32, 31] {
        check(RunQuery { id_prefix: Some(whole[..digits].into()), ..query() }, &ids[4..5], "id");
    }
    for none in ["xyz", &format!("{whole}0"), "%"] {
        check(RunQuery { id_prefix: Some(none.to_owned()), ..query() }, &[], "no id starts like this");
    }
    assert_eq!(store.count_runs(&RunQuery { limit: Some(1), offset: 2, ..query() }).unwrap(), 6);
}

pub fn a_tally_counts_states_and_finds_the_best(store: &dyn Store) {
    let study = free_study_in(store);
    assert_eq!(store.tally(study).unwrap(), Tally::default());
    store.acquire_study(study, &dead_process()).unwrap();
    store.start_run(&NewRun { process: dead_process(), ..new_run(study, 11) }).unwrap();
    store.acquire_study(study, &ProcessIdentity::current()).unwrap();
    let ends = [
        RunEnd::complete([0.5]),
        RunEnd::complete([f64::NAN]),
        RunEnd::complete([0.7]),
        RunEnd::complete([0.6]),
        RunEnd { state: RunState::Pruned, ..RunEnd::complete([0.9]) },
        end(RunState::Failed),
        end(RunState::Interrupted),
    ];
    for (number, end) in ends.iter().enumerate() {
        let attempt = store.start_run(&new_run(study, number as u32)).unwrap();
        store.finish_run(attempt, end).unwrap();
    }
    store.start_run(&new_run(study, 10)).unwrap();
    store.start_run(&NewRun { kind: RunKind::Final, number: None, ..new_run(study, 0) }).unwrap();
    let tally = store.tally(study).unwrap();
    assert_eq!((tally.complete, tally.pruned, tally.failed), (4, 1, 1));
    assert_eq!((tally.running, tally.interrupted, tally.crashed), (1, 1, 1));
    assert_eq!((tally.best.map(|best| (best.number(), best.value())), tally.done()), (Some((2, 0.7)), 6));
}

pub fn a_tally_counts_hidden_and_excluded_trials_apart_and_ranks_neither(store: &dyn Store) {
    let study = study_in(store);
    for (number, value, missed) in
        [(0, 0.9, 0.5), (1, 0.5, 0.0), (2, 0.7, 0.0), (3, 0.8, 0.0), (4, f64::INFINITY, 0.0), (5, 0.6, 0.0)]
    {
        let attempt = store.start_run(&new_run(study, number)).unwrap();
        store.finish_run(attempt, &RunEnd { violation: missed, ..RunEnd::complete([value]) }).unwrap();
        if number == 3 {
            store.set_hidden(attempt.run, true).unwrap();
        }
    }
    let best = |store: &dyn Store| store.tally(study).unwrap().best.map(|best| best.number());
    assert_eq!(best(store), Some(4), "an infinite value is a value");
    store.change_study(study, &exclusion(4)).unwrap();
    assert_eq!(best(store), Some(2), "not one that misses a constraint");
    let tally = store.tally(study).unwrap();
    assert_eq!((tally.complete, tally.hidden, tally.excluded, tally.done()), (4, 1, 1, 4));
}

pub fn what_does_not_exist_is_not_found(store: &dyn Store) {
    let nobody = Id::random();
    let attempt = Attempt { run: nobody, number: 1 };
    let answers = [
        store.study(nobody).map(|_| ()),
        store.acquire_study(nobody, &ProcessIdentity::current()),
        store.release_study(nobody, &ProcessIdentity::current(), StudyState::Complete),
        store.extend_study(nobody, 1),
        store.tally(nobody).map(|_| ()),
        store.start_run(&new_run(nobody, 0)).map(|_| ()),
        store.finish_run(attempt, &end(RunState::Complete)),
        store.put_artifact(attempt, "a", b"").map(|_| ()),
        store.run(nobody).map(|_| ()),
        store.set_tag(nobody, "a", "b"),
        store.set_hidden(nobody, true),
        store.latest_metrics(nobody).map(|_| ()),
        store.metric_history(nobody, "a").map(|_| ()),
        store.tags(nobody).map(|_| ()),
        store.artifacts(nobody).map(|_| ()),
        store.read_artifact(nobody, "a").map(|_| ()),
    ];
    for (index, answer) in answers.into_iter().enumerate() {
        let error = answer.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "call {index}: {error}");
        assert!(error.to_string().contains(&nobody.short()), "call {index}: {error}");
    }
}

pub fn any_text_is_kept(store: &dyn Store) {
    let text = "größe 尺寸 🛫 '\";-- \\ \n\t\u{7f} \u{0}";
    let study = NewStudy {
        experiment: text.into(),
        spec_text: text.into(),
        environment: [(text.to_owned(), text.to_owned())].into(),
        ..new_study()
    };
    let study_id = store.create_study(&study).unwrap().id;
    assert_eq!(store.study(study_id).unwrap().plan, study);
    store.acquire_study(study_id, &ProcessIdentity::current()).unwrap();
    let run =
        NewRun { params: [(text.to_owned(), ParamValue::Text(text.into()))].into(), ..new_run(study_id, 0) };
    let attempt = store.start_run(&run).unwrap();
    store.log_metrics(attempt, &[point(text, 0, 1.0)]).unwrap();
    store.set_tag(attempt.run, text, text).unwrap();
    store.put_artifact(attempt, "größe 尺寸.txt", text.as_bytes()).unwrap();
    let reason = Some(text.to_owned());
    store.finish_run(attempt, &RunEnd::without_values(RunState::Failed, reason.clone())).unwrap();
    let seen = store.run(attempt.run).unwrap();
    assert_eq!((seen.start, seen.reason, seen.experiment.as_str()), (run, reason, text));
    assert_eq!(store.latest_metrics(attempt.run).unwrap()[0].key, text);
    assert_eq!(store.metric_history(attempt.run, text).unwrap(), [point(text, 0, 1.0)]);
    assert_eq!(store.tags(attempt.run).unwrap()[text], text);
    assert_eq!(store.artifacts(attempt.run).unwrap()[0].name, "größe 尺寸.txt");
    let query = RunQuery { experiment: Some(text.into()), ..RunQuery::default() };
    assert_eq!(store.count_runs(&query).unwrap(), 1);
}

pub fn threads_do_not_disturb_each_other(store: &dyn Store) {
    let study = study_in(store);
    let (threads, steps) = (8, 200);
    std::thread::scope(|scope| {
        for number in 0..threads {
            scope.spawn(move || {
                let attempt = store.start_run(&new_run(study, number)).unwrap();
                for step in 0..steps {
                    store
                        .log_metrics(attempt, &[point("x", step, number.into()), point("y", step, 0.0)])
                        .unwrap();
                }
                store.finish_run(attempt, &end(RunState::Complete)).unwrap();
            });
        }
    });
    let runs = store.runs(&RunQuery::default()).unwrap();
    assert_eq!(runs.len(), threads as usize);
    for run in runs {
        let series = store.metric_history(run.id, "x").unwrap();
        assert_eq!(series.len() as i64, steps);
        let own = f64::from(run.start.number.unwrap());
        assert!(series.iter().all(|point| point.value.to_bits() == own.to_bits()));
        assert_eq!(store.latest_metrics(run.id).unwrap()[1].count as i64, steps);
    }
    store.flush().unwrap();
}

/// Runs of a study, trial by trial.
fn runs_in(store: &dyn Store, count: u32) -> Vec<Id> {
    let study = study_in(store);
    (0..count).map(|number| store.start_run(&new_run(study, number)).unwrap().run).collect()
}

pub fn an_imported_run_is_apart_from_trials_and_the_final_run(store: &dyn Store) {
    let study = study_in(store);
    let mut new = new_run(study, 0);
    let trial = store.start_run(&new).unwrap().run;
    (new.kind, new.number) = (RunKind::Imported, None);
    let imported = store.start_run(&new).unwrap().run;
    new.kind = RunKind::Final;
    let last = store.start_run(&new).unwrap().run;
    assert!(trial != imported && imported != last);
    let query = RunQuery { kind: Some(RunKind::Imported), ..RunQuery::default() };
    let found = store.runs(&query).unwrap();
    assert_eq!((found.len(), found[0].id, &found[0].start.kind), (1, imported, &RunKind::Imported));
    assert_eq!(store.tally(study).unwrap().running, 1, "only trials are counted");
}

pub fn versions_of_a_model_are_numbered_from_1(store: &dyn Store) {
    let runs = runs_in(store, 3);
    for (number, run) in (1..).zip(&runs) {
        let version = store.register_model("intents", *run, &format!("note {number} größe")).unwrap();
        assert_eq!(
            (version.version, version.run, version.address()),
            (number, Some(*run), format!("intents@{number}"))
        );
    }
    store.register_model("another", runs[0], "").unwrap();
    let all = store.model_versions(None).unwrap();
    let seen: Vec<String> = all.iter().map(ModelVersion::address).collect();
    assert_eq!(seen, ["another@1", "intents@1", "intents@2", "intents@3"]);
    assert_eq!((all[2].note.as_str(), &all[2].aliases), ("note 2 größe", &vec![]));
    assert!(all[2].created_ms > 1_700_000_000_000);
    assert_eq!(store.model_versions(Some("intents")).unwrap(), all[1..]);
}

pub fn a_run_has_one_version_of_a_name(store: &dyn Store) {
    let run = runs_in(store, 1)[0];
    let first = store.register_model("intents", run, "first").unwrap();
    assert_eq!(store.register_model("intents", run, "again").unwrap(), first);
    assert_eq!(store.model_versions(None).unwrap(), [first]);
    assert_eq!(store.model_events("intents").unwrap().len(), 1);
}

pub fn an_alias_points_at_one_version_until_it_is_moved_or_removed(store: &dyn Store) {
    for run in runs_in(store, 2) {
        store.register_model("intents", run, "").unwrap();
    }
    let aliases = || -> Vec<Vec<String>> {
        store.model_versions(Some("intents")).unwrap().into_iter().map(|version| version.aliases).collect()
    };
    store.set_model_alias("intents", "champion", Some(1), "").unwrap();
    store.set_model_alias("intents", "best", Some(1), "").unwrap();
    assert_eq!(aliases(), [vec!["best", "champion"], vec![]]);
    store.set_model_alias("intents", "champion", Some(2), "").unwrap();
    assert_eq!(aliases(), [vec!["best"], vec!["champion"]]);
    store.set_model_alias("intents", "best", None, "").unwrap();
    assert_eq!(aliases(), [vec![], vec!["champion"]]);
}

pub fn what_happens_to_a_model_is_told_in_order(store: &dyn Store) {
    let run = runs_in(store, 1)[0];
    store.register_model("intents", run, "").unwrap();
    store.set_model_alias("intents", "champion", Some(1), "promoted").unwrap();
    store.set_model_alias("intents", "champion", None, "").unwrap();
    let events = store.model_events("intents").unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.kind.as_str(), event.detail.as_str())).collect();
    let registered = format!("version 1, run {}", run.short());
    let expected = [
        ("registered", registered.as_str()),
        ("alias", "champion from nothing to 1: promoted"),
        ("alias", "champion from 1 to nothing"),
    ];
    assert_eq!(told, expected);
}

pub fn names_of_models_are_checked(store: &dyn Store) {
    let run = runs_in(store, 1)[0];
    for name in ["", "a b", "a@b", "../a", "-a"] {
        let refused = store.register_model(name, run, "");
        assert!(matches!(refused, Err(StoreError::BadModelName { .. })), "{name}");
    }
    store.register_model("intents", run, "").unwrap();
    for alias in ["", "3", "a/b"] {
        let refused = store.set_model_alias("intents", alias, Some(1), "");
        assert!(matches!(refused, Err(StoreError::BadModelName { .. })), "{alias}");
    }
}

pub fn what_is_not_registered_is_not_found(store: &dyn Store) {
    let absent = |outcome: Result<(), StoreError>| matches!(outcome, Err(StoreError::NotFound { .. }));
    assert!(absent(store.register_model("intents", Id::random(), "").map(drop)));
    assert!(store.model_versions(Some("intents")).unwrap().is_empty(), "nothing is left of the attempt");
    assert!(absent(store.model_events("intents").map(drop)));
    assert!(absent(store.set_model_alias("intents", "champion", Some(1), "")));
    store.register_model("intents", runs_in(store, 1)[0], "").unwrap();
    assert!(absent(store.set_model_alias("intents", "champion", Some(2), "")));
    assert!(absent(store.set_model_alias("intents", "champion", None, "")));
    assert_eq!(store.model_events("intents").unwrap().len(), 1);
}

#[cfg(test)]
mod of_memory {
    conformance_of_a_store!(|| ((), crate::store::MemoryStore::new()));
}
