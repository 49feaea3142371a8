//! What moves from store to store, and what is removed for good.

use super::{dead_process, end, free_run_in, new_run, point, run_in, study_in};
use crate::store::rules::now_ms;
use crate::store::{
    Change, Home, Id, Known, MemoryStore, OutsideRun, Point, RunCopy, RunEdit, RunQuery, Store, StoreError,
    StudyCopy, StudyState, Sweep, SweepMode,
};
use crate::trial::RunState;
use uaic_platform::process::ProcessIdentity;

/// A study in a store of its own, with a trial that was started twice and one whose process died.
fn elsewhere() -> (MemoryStore, Id, Id) {
    let store = MemoryStore::new();
    let study = study_in(&store);
    let first = store.start_run(&new_run(study, 0)).unwrap();
    store.finish_run(first, &end(RunState::Interrupted)).unwrap();
    let again = store.start_run(&new_run(study, 0)).unwrap();
    store.log_metrics(again, &[point("loss", 0, 0.5), point("loss", 1, f64::NAN)]).unwrap();
    store.set_tag(again.run, "team", "nlp").unwrap();
    store.finish_run(again, &end(RunState::Complete)).unwrap();
    store.edit_run(again.run, &RunEdit::Note(Some("good".into()))).unwrap();
    store.change_study(study, &Change::Exclude { trial: 0, reason: "a test".into() }).unwrap();
    store.release_study(study, &ProcessIdentity::current(), StudyState::Interrupted).unwrap();
    (store, study, again.run)
}

fn move_run(from: &dyn Store, to: &dyn Store, run: Id) -> Result<Known, StoreError> {
    let copy = RunCopy::of(from, run)?;
    let known = to.begin_run_copy(&copy)?;
    for metric in from.latest_metrics(run)? {
        let there = known.points.get(&metric.key).copied().unwrap_or_default() as usize;
        let points = from.series(run, &metric.key)?;
        to.add_outside_points(run, &[(metric.key, points[there..].to_vec())].into())?;
    }
    to.end_run_copy(&copy)?;
    Ok(known)
}

pub fn a_copy_comes_back_to_its_last_event(store: &dyn Store) {
    let (from, study, run) = elsewhere();
    let copy = StudyCopy::of(&from, study).unwrap();
    store.put_study_copy(&copy).unwrap();
    let whole = RunCopy::of(&from, run).unwrap();
    store.begin_run_copy(&whole).unwrap();
    let all = RunQuery { include_hidden: true, ..RunQuery::default() };
    assert!(store.runs(&all).unwrap().is_empty(), "nobody sees half a run");
    for known in [Known::default(), Known { is_whole: true, points: [("loss".to_owned(), 2)].into() }] {
        assert_eq!(move_run(&from, store, run).unwrap(), known);
        store.put_study_copy(&copy).unwrap();
    }
    assert_eq!(StudyCopy::of(store, study).unwrap(), copy);
    assert_eq!(RunCopy::of(store, run).unwrap(), whole);
    assert_eq!((copy.changes.len(), whole.record.attempts, whole.events.len()), (1, 2, 5));
    assert_eq!(whole.events[2].detail, "attempt 2, after INTERRUPTED");
    let values: Vec<u64> =
        store.series(run, "loss").unwrap().iter().map(|point| point.value.to_bits()).collect();
    assert_eq!(values, [0.5_f64.to_bits(), f64::NAN.to_bits()]);
    assert_eq!(store.tally(study).unwrap().excluded, 1);
    store.acquire_study(study, &ProcessIdentity::current()).unwrap();
    store.start_run(&new_run(study, 1)).unwrap();
}

pub fn a_copy_of_a_later_attempt_takes_the_place_of_an_earlier_one(store: &dyn Store) {
    let (from, study, run) = elsewhere();
    store.put_study_copy(&StudyCopy::of(&from, study).unwrap()).unwrap();
    let later = RunCopy::of(&from, run).unwrap();
    let mut earlier = later.clone();
    (earlier.record.attempts, earlier.record.started_ms) = (1, 5);
    earlier.record.state = RunState::Interrupted;
    earlier.record.start.process = dead_process();
    store.begin_run_copy(&earlier).unwrap();
    let points = |key: &str| [(key.to_owned(), vec![Point { step: 7, time_ms: 8, value: 9.0 }])].into();
    store.add_outside_points(run, &points("gone")).unwrap();
    store.end_run_copy(&earlier).unwrap();
    assert_eq!(store.run(run).unwrap().attempts, 1);
    assert_eq!(move_run(&from, store, run).unwrap(), Known::default());
    assert_eq!(RunCopy::of(store, run).unwrap(), later);
    assert!(store.series(run, "gone").unwrap().is_empty());
    assert_eq!(store.series(run, "loss").unwrap().len(), 2);
}

pub fn a_copy_needs_its_study_its_parent_and_its_place(store: &dyn Store) {
    let (from, study, run) = elsewhere();
    let copy = RunCopy::of(&from, run).unwrap();
    assert!(matches!(store.begin_run_copy(&copy), Err(StoreError::NotFound { what: "study", .. })));
    store.put_study_copy(&StudyCopy::of(&from, study).unwrap()).unwrap();
    let mut lost = copy.clone();
    lost.record.parent = Some(Id::random());
    assert!(matches!(store.begin_run_copy(&lost), Err(StoreError::NotFound { what: "run", .. })));
    move_run(&from, store, run).unwrap();
    let mut other = copy;
    other.record.id = Id::random();
    assert!(matches!(store.begin_run_copy(&other), Err(StoreError::Clash { .. })));
}

pub fn an_artifact_is_copied_in_pieces(store: &dyn Store) {
    let attempt = free_run_in(store);
    let content: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 251) as u8).collect();
    store.put_artifact(attempt, "model/weights", &content).unwrap();
    let mut copied = Vec::new();
    store.copy_artifact(attempt.run, "model/weights", &mut copied).unwrap();
    assert!(copied == content);
    assert!(matches!(
        store.copy_artifact(attempt.run, "model", &mut copied),
        Err(StoreError::NotFound { what: "artifact", .. })
    ));
}

fn sweep(hidden_before_ms: i64, mode: SweepMode) -> Sweep {
    Sweep { hidden_before_ms, begun_before_ms: hidden_before_ms, mode }
}

pub fn what_has_been_hidden_for_long_is_swept(store: &dyn Store) {
    let [gone, kept] = [0, 1].map(|_| free_run_in(store));
    for run in [gone, kept] {
        store.log_metrics(run, &[point("loss", 0, 0.5), point("loss", 1, 0.4)]).unwrap();
        store.put_artifact(run, "log.txt", b"text").unwrap();
        store.finish_run(run, &end(RunState::Complete)).unwrap();
    }
    store.set_hidden(gone.run, true).unwrap();
    let half = OutsideRun::new(Id::random(), "old", 5);
    store.begin_outside_run(&half).unwrap();
    let trial = run_in(store);
    store.finish_run(trial, &end(RunState::Complete)).unwrap();
    let study = store.run(trial.run).unwrap().study().unwrap();
    store.set_hidden(trial.run, true).unwrap();
    let soon = now_ms() + 1_000;
    assert_eq!(store.sweep(&sweep(soon - 60_000, SweepMode::Remove)).unwrap().runs, []);
    let seen = store.sweep(&sweep(soon, SweepMode::Look)).unwrap();
    assert_eq!((&*seen.runs, seen.unfinished, seen.studies.len()), (&[gone.run, half.id][..], 1, 0));
    assert_eq!((seen.points, seen.artifacts), (2, 1));
    store.run(gone.run).unwrap();
    store.release_study(study, &ProcessIdentity::current(), StudyState::Complete).unwrap();
    let swept = store.sweep(&sweep(soon, SweepMode::Remove)).unwrap();
    assert_eq!((swept.runs.len(), &*swept.studies, &*swept.faults), (3, &[study][..], &[][..]));
    assert_eq!((swept.points, swept.artifacts), (2, 1));
    for run in [gone, trial] {
        assert!(matches!(store.run(run.run), Err(StoreError::NotFound { .. })));
    }
    assert!(matches!(store.study(study), Err(StoreError::NotFound { .. })));
    assert_eq!(store.read_artifact(kept.run, "log.txt").unwrap(), b"text");
    assert_eq!(store.series(kept.run, "loss").unwrap().len(), 2);
    assert!(store.sweep(&sweep(soon, SweepMode::Remove)).unwrap().runs.is_empty());
}

pub fn what_is_needed_is_not_swept(store: &dyn Store) {
    let (running, model, trial) = (free_run_in(store), free_run_in(store), run_in(store));
    let study = store.run(trial.run).unwrap().study().unwrap();
    let other = store.start_run(&new_run(study, 1)).unwrap();
    for ended in [model, trial, other] {
        store.finish_run(ended, &end(RunState::Complete)).unwrap();
    }
    store.register_model("intents", model.run, "").unwrap();
    store.release_study(study, &ProcessIdentity::current(), StudyState::Complete).unwrap();
    for run in [running, model, trial] {
        store.set_hidden(run.run, true).unwrap();
    }
    let whole = store.sweep(&sweep(now_ms() + 1_000, SweepMode::Remove)).unwrap();
    assert_eq!((whole.runs, whole.studies), (vec![], vec![]), "trial {} is not hidden", other.run);
    let part = OutsideRun {
        home: Home::Experiment("old".into()),
        hidden: true,
        ..OutsideRun::new(Id::random(), "old", 5)
    };
    store.begin_outside_run(&part).unwrap();
    store.end_outside_run(part.id).unwrap();
    let before = now_ms() - 60_000;
    assert!(store.sweep(&sweep(before, SweepMode::Remove)).unwrap().runs.is_empty(), "it has just come");
}
