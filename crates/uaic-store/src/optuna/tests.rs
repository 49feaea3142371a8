//! What Optuna programs are told, and what everybody else sees of it.

#![allow(clippy::float_cmp, clippy::needless_pass_by_value, reason = "bits are compared, and results judged")]

use std::collections::BTreeMap;

use uaic_study::drawn_in;
use uaic_study::space::Distribution;
use uaic_study::store::{
    Id, NewOptunaTrial, NewStudy, OptunaAttribute, OptunaChange, OptunaDistribution, OptunaMeaning,
    OptunaParam, OptunaScope, OptunaState, OptunaStore, OptunaTime, RunQuery, RunRecord, Store, StoreError,
    StudyState, Sweep, SweepMode, wait,
};
use uaic_study::trial::{Direction, Goal, Goals, ParamValue, RunState};

use crate::SqliteStore;

fn store() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    (folder, store)
}

fn plan(name: &str) -> NewStudy {
    NewStudy {
        experiment: name.to_owned(),
        spec_text: String::new(),
        spec_path: String::new(),
        overrides: vec![],
        fingerprint: String::new(),
        seed: 0,
        goals: Goal::new("value", Direction::Minimize).into(),
        trials: 0,
        environment: BTreeMap::from([("import.name".to_owned(), name.to_owned())]),
    }
}

fn study(store: &SqliteStore, name: &str) -> i64 {
    wait(store.create_optuna_study(name, &plan(name))).unwrap()
}

fn time(ms: i64) -> OptunaTime {
    OptunaTime { text: format!("2026-11-30 00:00:00.{ms:06}"), ms }
}

fn begun(store: &SqliteStore, study: i64) -> i64 {
    wait(store.create_optuna_trial(study, &NewOptunaTrial::running(time(7)))).unwrap()
}

fn param(name: &str, internal: f64, high: f64) -> OptunaParam {
    OptunaParam {
        name: name.to_owned(),
        internal,
        distribution: OptunaDistribution {
            json: format!("[0, {high}]"),
            kind: "float".to_owned(),
            ours: Some(Distribution::Uniform { low: 0.0, high, step: None }),
        },
        ours: Some(ParamValue::Float(internal)),
    }
}

fn attribute(scope: OptunaScope, key: &str, json: &str) -> OptunaAttribute {
    let tag = Some((format!("t.{key}"), json.to_owned()));
    let meaning = OptunaMeaning { tag, ..OptunaMeaning::default() };
    OptunaAttribute { scope, key: key.to_owned(), json: json.to_owned(), meaning }
}

fn turn(store: &SqliteStore, trial: i64, state: OptunaState, values: &[f64]) -> Result<bool, StoreError> {
    wait(store.set_optuna_state(trial, &OptunaChange { state, values: values.to_vec(), now: time(9) }))
}

fn runs(store: &SqliteStore, study: i64) -> Vec<RunRecord> {
    let id = store.optuna_study(study).unwrap().id;
    let mut runs = store.runs(&RunQuery::trials_of(id)).unwrap();
    runs.sort_by_key(|run| run.start.number);
    runs
}

fn is_missing<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::NotFound { .. }))
}

fn is_ended<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Ended { .. }))
}

#[test]
fn a_name_is_of_one_study_until_that_is_deleted() {
    let (_folder, store) = store();
    let first = study(&store, "");
    assert!(matches!(wait(store.create_optuna_study("", &plan(""))), Err(StoreError::NameTaken { .. })));
    assert_eq!(store.optuna_study_named("").unwrap(), first);
    begun(&store, first);
    wait(store.delete_optuna_study(first)).unwrap();
    assert!(is_missing(wait(store.delete_optuna_study(first))));
    assert!(is_missing(store.optuna_study_named("")));
    let second = study(&store, "");
    assert!(second > first, "no number is used twice");
    assert!(is_missing(wait(store.create_optuna_trial(first, &NewOptunaTrial::running(time(0))))));
    assert!(is_missing(store.optuna_trials(first, -1, &[], &mut |_| ())));
    assert!(is_missing(store.optuna_study_attributes(first, OptunaScope::User)));
}

#[test]
fn a_deleted_study_can_be_brought_back_and_an_empty_one_is_gone() {
    let (_folder, store) = store();
    let number = study(&store, "a");
    let id = store.optuna_study(number).unwrap().id;
    let ended = begun(&store, number);
    turn(&store, ended, OptunaState::Complete, &[1.0]).unwrap();
    begun(&store, number);
    wait(store.set_optuna_study_attribute(number, &attribute(OptunaScope::User, "by", "1"), None)).unwrap();
    wait(store.delete_optuna_study(number)).unwrap();
    let runs = store.runs(&RunQuery::trials_of(id)).unwrap();
    assert!(runs.iter().all(|run| run.hidden));
    let mut states: Vec<_> = runs.iter().map(|run| (run.start.number, run.state)).collect();
    states.sort_by_key(|(number, _)| *number);
    assert_eq!(states, [(Some(0), RunState::Complete), (Some(1), RunState::Interrupted)]);
    let kept = store.study(id).unwrap();
    assert_eq!((kept.state, kept.plan.environment["tag.t.by"].as_str()), (StudyState::Complete, "1"));

    let empty = study(&store, "b");
    let empty_id = store.optuna_study(empty).unwrap().id;
    wait(store.delete_optuna_study(empty)).unwrap();
    assert!(is_missing(store.study(empty_id)));
}

#[test]
fn a_trial_is_a_run_with_all_that_it_has() {
    let (_folder, store) = store();
    let number = study(&store, "a");
    let trial = begun(&store, number);
    assert_eq!(store.study(store.optuna_study(number).unwrap().id).unwrap().state, StudyState::Running);
    wait(store.set_optuna_param(trial, &param("x", 0.25, 1.0))).unwrap();
    wait(store.set_optuna_param(trial, &param("y", 0.5, 2.0))).unwrap();
    wait(store.set_optuna_param(trial, &param("x", 0.75, 3.0))).unwrap();
    let odd = OptunaParam {
        ours: None,
        distribution: OptunaDistribution { ours: None, ..param("z", 0.0, 5.0).distribution },
        ..param("z", f64::NAN, 5.0)
    };
    wait(store.set_optuna_param(trial, &odd)).unwrap();
    for (step, value) in [(0, 3.0), (2, f64::NAN), (-1, 5.0), (0, 4.0)] {
        wait(store.report_to_optuna(trial, step, value)).unwrap();
    }
    wait(store.set_optuna_trial_attribute(trial, &attribute(OptunaScope::User, "k", "NaN"))).unwrap();
    let mut missed = attribute(OptunaScope::System, "constraints", "[2.5]");
    missed.meaning = OptunaMeaning { missed: Some(2.5), reason: Some("why".to_owned()), tag: None };
    wait(store.set_optuna_trial_attribute(trial, &missed)).unwrap();
    assert!(turn(&store, trial, OptunaState::Complete, &[-0.0, f64::INFINITY]).unwrap());

    let told = store.optuna_trial(trial).unwrap();
    assert_eq!((told.id, told.number, told.state), (trial, 0, OptunaState::Complete));
    assert_eq!(told.values[0].to_bits(), (-0.0_f64).to_bits());
    assert_eq!(told.values[1], f64::INFINITY);
    assert_eq!(
        (told.started.as_deref(), told.ended.as_deref()),
        (Some(&*time(7).text), Some(&*time(9).text))
    );
    let names: Vec<_> = told.params.iter().map(|(name, _, json)| (name.as_str(), json.as_str())).collect();
    assert_eq!(names, [("x", "[0, 3]"), ("y", "[0, 2]"), ("z", "[0, 5]")]);
    assert!(told.params[0].1 == 0.75 && told.params[2].1.is_nan());
    assert_eq!(told.user, [("k".to_owned(), "NaN".to_owned())]);
    assert_eq!(told.system, [("constraints".to_owned(), "[2.5]".to_owned())]);
    let steps: Vec<_> = told.reports.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [-1, 0, 2]);
    assert!(told.reports[1].1 == 4.0 && told.reports[2].1.is_nan());

    let [run] = runs(&store, number).try_into().unwrap();
    assert_eq!(
        (run.state, run.name.as_deref(), run.experiment.as_str()),
        (RunState::Complete, Some("trial 0"), "a")
    );
    assert_eq!((run.started_ms, run.ended_ms, run.violation), (7, Some(9), 2.5));
    assert_eq!(run.values, [0.0, f64::INFINITY]);
    assert_eq!(run.reason.as_deref(), Some("why"));
    let params = [("x".to_owned(), ParamValue::Float(0.75)), ("y".to_owned(), ParamValue::Float(0.5))];
    assert_eq!(run.start.params, params.into());
    let drawn = drawn_in(&run).unwrap().unwrap();
    let uniform = |high| Distribution::Uniform { low: 0.0, high, step: None };
    assert_eq!(drawn, BTreeMap::from([("x".to_owned(), uniform(3.0)), ("y".to_owned(), uniform(2.0))]));
    assert_eq!(store.tags(run.id).unwrap(), BTreeMap::from([("t.k".to_owned(), "NaN".to_owned())]));
    assert_eq!(store.series(run.id, "value").unwrap().len(), 4, "all reports are kept");
    let record = store.study(run.study().unwrap()).unwrap();
    assert_eq!((record.state, record.plan.trials), (StudyState::Complete, 1));
}

#[test]
fn a_trial_that_has_ended_does_not_change() {
    let (_folder, store) = store();
    let number = study(&store, "a");
    for state in [OptunaState::Complete, OptunaState::Pruned, OptunaState::Fail] {
        let trial = begun(&store, number);
        turn(&store, trial, state, &[0.5]).unwrap();
        assert!(is_ended(turn(&store, trial, OptunaState::Running, &[])));
        assert!(is_ended(wait(store.set_optuna_param(trial, &param("x", 0.5, 1.0)))));
        assert!(is_ended(wait(store.report_to_optuna(trial, 0, 0.5))));
        assert!(is_ended(wait(
            store.set_optuna_trial_attribute(trial, &attribute(OptunaScope::User, "k", "1"))
        )));
        let told = store.optuna_trial(trial).unwrap();
        assert_eq!((told.values, told.params.len(), told.reports.len()), (vec![0.5], 0, 0));
    }
    let seen: Vec<_> = runs(&store, number).into_iter().map(|run| (run.state, run.values)).collect();
    assert_eq!(
        seen,
        [(RunState::Complete, vec![0.5]), (RunState::Pruned, vec![]), (RunState::Failed, vec![])]
    );
    assert!(is_missing(wait(store.report_to_optuna(99, 0, 0.5))));
    assert!(is_missing(store.optuna_trial(99)));
}

#[test]
fn a_parameter_is_drawn_from_one_kind_in_a_study() {
    let (_folder, store) = store();
    let (a, b) = (study(&store, "a"), study(&store, "b"));
    wait(store.set_optuna_param(begun(&store, a), &param("x", 0.5, 1.0))).unwrap();
    let mut other = param("x", 0.0, 1.0);
    other.distribution.kind = "choice [1]".to_owned();
    let refused = wait(store.set_optuna_param(begun(&store, a), &other));
    assert!(matches!(refused, Err(StoreError::OtherDistribution { .. })), "{refused:?}");
    wait(store.set_optuna_param(begun(&store, a), &param("x", 0.5, 9.0))).unwrap();
    wait(store.set_optuna_param(begun(&store, b), &other)).unwrap();
}

#[test]
fn of_many_that_claim_a_trial_that_waits_one_gets_it() {
    let (folder, store) = store();
    let number = study(&store, "a");
    let waiting = NewOptunaTrial {
        state: OptunaState::Waiting,
        started: None,
        attributes: vec![attribute(OptunaScope::System, "fixed_params", "{}")],
        ..NewOptunaTrial::running(time(0))
    };
    let trial = wait(store.create_optuna_trial(number, &waiting)).unwrap();
    assert!(runs(&store, number).is_empty(), "nobody sees what nobody executes");
    assert_eq!(store.optuna_trial(trial).unwrap().started, None);
    let kept = Sweep { hidden_before_ms: i64::MAX, begun_before_ms: i64::MAX, mode: SweepMode::Remove };
    store.sweep(&kept).unwrap();

    let second = SqliteStore::open(folder.path()).unwrap();
    let claimed: usize = std::thread::scope(|scope| {
        let claim = |store| scope.spawn(move || turn(store, trial, OptunaState::Running, &[]).unwrap());
        let claims: Vec<_> = (0..8).map(|at| claim(if at % 2 == 0 { &store } else { &second })).collect();
        claims.into_iter().map(|claim| usize::from(claim.join().unwrap())).sum()
    });
    assert_eq!(claimed, 1);
    let [run] = runs(&store, number).try_into().unwrap();
    assert_eq!((run.state, run.started_ms), (RunState::Running, 9));
    assert_eq!(store.tags(run.id).unwrap().len(), 1);
    assert!(!turn(&store, trial, OptunaState::Running, &[]).unwrap(), "it runs already");
    assert!(turn(&store, trial, OptunaState::Waiting, &[]).unwrap());
    assert!(runs(&store, number).is_empty());
    assert!(turn(&store, trial, OptunaState::Fail, &[]).unwrap());
    assert_eq!(runs(&store, number)[0].state, RunState::Failed);
}

#[test]
fn ids_rise_over_all_processes_and_numbers_have_no_gap() {
    let (folder, store) = store();
    let number = study(&store, "a");
    let other = SqliteStore::open(folder.path()).unwrap();
    let ids: Vec<Vec<i64>> = std::thread::scope(|scope| {
        let work = |store| scope.spawn(move || (0..50).map(|_| begun(store, number)).collect());
        let work: Vec<_> = (0..4).map(|at| work(if at % 2 == 0 { &store } else { &other })).collect();
        work.into_iter().map(|work| work.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|ids| ids.is_sorted()));
    let mut seen = vec![];
    store.optuna_trials(number, -1, &[], &mut |trial| seen.push((trial.id, trial.number))).unwrap();
    assert!(seen.iter().map(|(_, number)| *number).eq(0..200), "{seen:?}");
    assert!(seen.is_sorted());
    let (fourth, last) = (seen[3].0, seen[199].0);
    let mut some = vec![];
    let among = [last, fourth, fourth, i64::MAX, -5];
    store.optuna_trials(number, last - 1, &among, &mut |trial| some.push(trial.id)).unwrap();
    assert_eq!(some, [fourth, last]);
    assert_eq!(store.optuna_trial_numbered(number, 3).unwrap(), fourth);
    assert!(is_missing(store.optuna_trial_numbered(number, 200)));
    let another = study(&store, "b");
    store.optuna_trials(another, -1, &[fourth], &mut |_| panic!("of another study")).unwrap();
}

#[test]
fn a_trial_that_is_added_is_kept_as_it_is() {
    let (_folder, store) = store();
    let number = study(&store, "a");
    let new = NewOptunaTrial {
        state: OptunaState::Complete,
        values: vec![1.5],
        started: Some(time(3)),
        ended: Some(time(5)),
        params: vec![param("x", 0.5, 1.0)],
        attributes: vec![attribute(OptunaScope::User, "k", "\"v\"")],
        reports: vec![(1, 10.0), (2, 20.0)],
    };
    let trial = wait(store.create_optuna_trial(number, &new)).unwrap();
    let told = store.optuna_trial(trial).unwrap();
    assert_eq!((told.values, told.reports), (vec![1.5], new.reports.clone()));
    assert_eq!((told.started, told.ended), (Some(time(3).text), Some(time(5).text)));
    let [run] = runs(&store, number).try_into().unwrap();
    assert_eq!((run.started_ms, run.ended_ms, run.value()), (3, Some(5), Some(1.5)));
    assert!(drawn_in(&run).unwrap().unwrap().contains_key("x"));
}

#[test]
fn attributes_of_a_study_are_facts_about_it_and_may_name_its_metrics() {
    let (_folder, store) = store();
    let number = study(&store, "a");
    let id = store.optuna_study(number).unwrap().id;
    let trial = begun(&store, number);
    wait(store.report_to_optuna(trial, 0, 0.5)).unwrap();
    wait(store.report_to_optuna(trial, 1, 0.25)).unwrap();
    for json in ["1", "2"] {
        wait(store.set_optuna_study_attribute(number, &attribute(OptunaScope::User, "k", json), None))
            .unwrap();
    }
    let mut naming = attribute(OptunaScope::System, "names", "[\"loss\"]");
    naming.meaning.tag = None;
    let goals: Goals = Goal::new("loss", Direction::Minimize).into();
    wait(store.set_optuna_study_attribute(number, &naming, Some(&goals))).unwrap();
    let known = store.study(id).unwrap();
    assert_eq!(known.goals(), &goals);
    let facts: Vec<_> = known.plan.environment.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(facts, ["import.name=a", "tag.t.k=2"]);
    let run = runs(&store, number)[0].id;
    assert_eq!(store.series(run, "loss").unwrap().len(), 2, "reports go by the new name");
    assert!(store.series(run, "value").unwrap().is_empty());
    assert_eq!(store.optuna_trial(trial).unwrap().reports, [(0, 0.5), (1, 0.25)]);
    let all = store.optuna_studies().unwrap();
    assert_eq!(all[0].user, [("k".to_owned(), "2".to_owned())]);
    assert_eq!(all[0].system, [("names".to_owned(), "[\"loss\"]".to_owned())]);
}

#[test]
fn what_is_removed_for_good_leaves_nothing_behind() {
    let (folder, store) = store();
    let number = study(&store, "a");
    let id = store.optuna_study(number).unwrap().id;
    for _ in 0..3 {
        let trial = begun(&store, number);
        wait(store.set_optuna_param(trial, &param("x", 0.5, 1.0))).unwrap();
        wait(store.set_optuna_trial_attribute(trial, &attribute(OptunaScope::User, "k", "1"))).unwrap();
        turn(&store, trial, OptunaState::Complete, &[1.0]).unwrap();
    }
    wait(store.set_optuna_study_attribute(number, &attribute(OptunaScope::User, "k", "1"), None)).unwrap();
    // As a user of the command line puts it aside: Optuna programs still see it.
    for run in runs(&store, number) {
        store.set_hidden(run.id, true).unwrap();
    }
    assert!(store.optuna_study(number).is_ok());
    let all = Sweep { hidden_before_ms: i64::MAX, begun_before_ms: i64::MAX, mode: SweepMode::Remove };
    assert_eq!(store.sweep(&all).unwrap().studies, [id]);
    assert!(is_missing(store.optuna_study(number)), "and then no more");
    assert!(store.optuna_studies().unwrap().is_empty());
    drop(store);
    let connection = rusqlite::Connection::open(folder.path().join("uaic.db")).unwrap();
    for table in ["studies", "distributions", "trials", "study_attributes", "trial_attributes"] {
        let left: i64 = connection
            .query_row(&format!("SELECT count(*) FROM optuna_{table}"), [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, 0, "{table}");
    }
    assert!(!connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
}

#[test]
fn a_study_of_ours_is_none_of_theirs() {
    let (_folder, store) = store();
    let ours = store.create_study(&plan("mine")).unwrap();
    assert!(store.optuna_studies().unwrap().is_empty());
    assert!(is_missing(store.optuna_study_named("mine")));
    assert_ne!(ours.id, Id([0; 16]));
}
