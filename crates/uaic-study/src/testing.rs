//! For tests: an objective that costs microseconds and a store in memory that can break.

#![allow(missing_docs, reason = "tests read what they use")]
#![allow(
    clippy::unwrap_used,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    clippy::new_without_default,
    reason = "tests use what they make, and end where it fails"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rand::RngExt;

use super::{Evaluation, Objective, ObjectiveError, Trial};
use crate::store::{
    ArtifactRecord, Attempt, Change, Environment, EventRecord, Id, Known, LatestMetric, MemoryStore,
    MetricPoint, ModelVersion, NewRun, NewStudy, OutsideRun, Point, RunCopy, RunEdit, RunEnd, RunQuery,
    RunRecord, Store, StoreError, StudyChange, StudyCopy, StudyRecord, StudyState, Sweep, Swept,
};
use crate::trial::{Direction, Goal, ParamValue, Params, RunState};
use uaic_platform::process::ProcessIdentity;

/// The squared distance of all numbers to 0.3, plus noise from the trial's seeds.
#[derive(Debug, Default)]
pub struct FakeObjective {
    /// Sleep for a time that depends on the number, so that trials overtake each other.
    pub shuffle: bool,
    /// Every how many trials one panics (from 1), fails (from 2) and gives NaN (from 3); 0 for never.
    pub trouble_every: u32,
}

impl Objective for FakeObjective {
    fn evaluate(&self, trial: &Trial<'_>) -> Result<Evaluation, ObjectiveError> {
        if trial.is_cancelled() {
            return Err(ObjectiveError::Cancelled);
        }
        if self.shuffle {
            std::thread::sleep(Duration::from_micros(u64::from(trial.number * 7919 % 13) * 60));
        }
        if trial.is_cancelled() {
            return Err(ObjectiveError::Cancelled);
        }
        match trial.number.checked_rem(self.trouble_every) {
            Some(1) => panic!("trial {} lost its nerve", trial.number),
            Some(2) => return Err(ObjectiveError::Failed("the loss became infinite in epoch 2".into())),
            Some(3) => return Ok(f64::NAN.into()),
            _ => {}
        }
        let distance = |value: &ParamValue| value.as_f64().map_or(0.0, |x| (x - 0.3).powi(2));
        let noise: f64 = trial.seeds.rng("noise").random();
        let value = trial.params.values().map(distance).sum::<f64>() + noise / 1000.0;
        trial.log(&[MetricPoint { key: "val/loss".into(), step: 1, time_ms: 0, value }])?;
        trial.progress(1.0, "done".into());
        Ok(value.into())
    }

    fn config(&self, params: &Params) -> serde_json::Value {
        serde_json::json!({ "params": params })
    }
}

/// The process that all test runs belong to.
pub fn process() -> ProcessIdentity {
    ProcessIdentity { host: "test".into(), pid: 1, ..ProcessIdentity::current() }
}

/// A store in memory that can break, with one study that [`process`] works on.
pub struct BrittleStore {
    /// How many more calls succeed.
    calls_left: AtomicI64,
    memory: MemoryStore,
    study: Id,
}

impl BrittleStore {
    /// A store that does not break.
    pub fn new() -> Self {
        Self::that_breaks_after(i64::MAX)
    }

    /// A store whose calls all fail after so many.
    pub fn that_breaks_after(calls: i64) -> Self {
        let memory = MemoryStore::new();
        let new = NewStudy {
            experiment: "test".into(),
            spec_text: String::new(),
            spec_path: String::new(),
            overrides: vec![],
            fingerprint: String::new(),
            seed: 0,
            goals: Goal::new("val/loss", Direction::Minimize).into(),
            trials: 0,
            environment: BTreeMap::new(),
        };
        let study = memory.create_study(&new).unwrap().id;
        memory.acquire_study(study, &process()).unwrap();
        Self { calls_left: AtomicI64::new(calls), memory, study }
    }

    /// Makes it work again.
    pub fn mend(&self) {
        self.calls_left.store(i64::MAX, Ordering::SeqCst);
    }

    /// Its study.
    pub fn study(&self) -> Id {
        self.study
    }

    /// All trial runs, by number.
    pub fn trials(&self) -> BTreeMap<u32, RunRecord> {
        let runs = self.memory.runs(&RunQuery::default()).unwrap();
        runs.into_iter().map(|run| (run.start.number.unwrap(), run)).collect()
    }

    /// What stays of this store when some trials were cut off: `Crashed` for those of a process
    /// that died, `Running` for those that nobody ended, `Interrupted` for those stopped on request.
    pub fn cut_off(&self, trials: &[(u32, RunState)]) -> Self {
        let other = Self::new();
        let mut dead = ProcessIdentity::current();
        dead.started.push_str("-before");
        // Only who works on a study starts its runs.
        let pass_on = |from: &ProcessIdentity, to: &ProcessIdentity| {
            other.memory.release_study(other.study, from, StudyState::Interrupted).unwrap();
            other.memory.acquire_study(other.study, to).unwrap();
        };
        for (number, record) in self.trials() {
            let cut = trials.iter().find(|cut| cut.0 == number).map(|cut| cut.1);
            let owner = if cut == Some(RunState::Crashed) { dead.clone() } else { process() };
            pass_on(&process(), &owner);
            let new = NewRun { home: other.study.into(), process: owner.clone(), ..record.start };
            let attempt = other.memory.start_run(&new).unwrap();
            let state = cut.unwrap_or(record.state);
            if !matches!(state, RunState::Crashed | RunState::Running) {
                let (values, violation) =
                    if cut.is_none() { (record.values, record.violation) } else { (vec![], 0.0) };
                let end = RunEnd { state, values, violation, reason: record.reason };
                other.memory.finish_run(attempt, &end).unwrap();
            }
            pass_on(&owner, &process());
        }
        other
    }

    /// The store behind this one, for one call.
    fn call(&self) -> Result<&MemoryStore, StoreError> {
        if self.calls_left.fetch_sub(1, Ordering::SeqCst) > 0 {
            Ok(&self.memory)
        } else {
            Err(StoreError::WriterGone("no space left on device".into()))
        }
    }
}

impl Store for BrittleStore {
    fn create_study(&self, new: &NewStudy) -> Result<StudyRecord, StoreError> {
        self.call()?.create_study(new)
    }
    fn study(&self, id: Id) -> Result<StudyRecord, StoreError> {
        self.call()?.study(id)
    }
    fn studies(&self) -> Result<Vec<StudyRecord>, StoreError> {
        self.call()?.studies()
    }
    fn acquire_study(&self, id: Id, owner: &ProcessIdentity) -> Result<(), StoreError> {
        self.call()?.acquire_study(id, owner)
    }
    fn release_study(&self, id: Id, owner: &ProcessIdentity, state: StudyState) -> Result<(), StoreError> {
        self.call()?.release_study(id, owner, state)
    }
    fn extend_study(&self, id: Id, trials: u32) -> Result<(), StoreError> {
        self.call()?.extend_study(id, trials)
    }
    fn start_run(&self, new: &NewRun) -> Result<Attempt, StoreError> {
        self.call()?.start_run(new)
    }
    fn start_run_as(&self, id: Id, new: &NewRun) -> Result<Attempt, StoreError> {
        self.call()?.start_run_as(id, new)
    }
    fn add_facts(&self, attempt: Attempt, facts: &Environment) -> Result<(), StoreError> {
        self.call()?.add_facts(attempt, facts)
    }
    fn start_trial(&self, new: &NewRun, changes: usize) -> Result<Attempt, StoreError> {
        self.call()?.start_trial(new, changes)
    }
    fn set_params(
        &self,
        attempt: Attempt,
        params: &Params,
        config: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.call()?.set_params(attempt, params, config)
    }
    fn change_study(&self, study: Id, change: &Change) -> Result<StudyChange, StoreError> {
        self.call()?.change_study(study, change)
    }
    fn copy_change(&self, study: Id, change: &StudyChange) -> Result<(), StoreError> {
        self.call()?.copy_change(study, change)
    }
    fn changes(&self, study: Id) -> Result<Vec<StudyChange>, StoreError> {
        self.call()?.changes(study)
    }
    fn log_metrics(&self, attempt: Attempt, points: &[MetricPoint]) -> Result<(), StoreError> {
        self.call()?.log_metrics(attempt, points)
    }
    fn set_tag(&self, run: Id, key: &str, value: &str) -> Result<(), StoreError> {
        self.call()?.set_tag(run, key, value)
    }
    fn put_artifact(
        &self,
        attempt: Attempt,
        name: &str,
        content: &[u8],
    ) -> Result<ArtifactRecord, StoreError> {
        self.call()?.put_artifact(attempt, name, content)
    }
    fn finish_run(&self, attempt: Attempt, end: &RunEnd) -> Result<(), StoreError> {
        self.call()?.finish_run(attempt, end)
    }
    fn run(&self, id: Id) -> Result<RunRecord, StoreError> {
        self.call()?.run(id)
    }
    fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        let mut runs = self.call()?.runs(query)?;
        // Every run that has ended took 1.5 s, whatever the clock says.
        for run in &mut runs {
            run.ended_ms = run.ended_ms.map(|_| run.started_ms + 1500);
        }
        Ok(runs)
    }
    fn latest_metrics(&self, run: Id) -> Result<Vec<LatestMetric>, StoreError> {
        self.call()?.latest_metrics(run)
    }
    fn series(&self, run: Id, key: &str) -> Result<Vec<Point>, StoreError> {
        self.call()?.series(run, key)
    }
    fn edit_run(&self, run: Id, edit: &RunEdit) -> Result<(), StoreError> {
        self.call()?.edit_run(run, edit)
    }
    fn delete_run(&self, run: Id) -> Result<(), StoreError> {
        self.call()?.delete_run(run)
    }
    fn begin_outside_run(&self, run: &OutsideRun) -> Result<Known, StoreError> {
        self.call()?.begin_outside_run(run)
    }
    fn add_outside_points(&self, run: Id, series: &BTreeMap<String, Vec<Point>>) -> Result<(), StoreError> {
        self.call()?.add_outside_points(run, series)
    }
    fn add_outside_artifact(&self, run: Id, name: &str, file: &Path) -> Result<ArtifactRecord, StoreError> {
        self.call()?.add_outside_artifact(run, name, file)
    }
    fn end_outside_run(&self, run: Id) -> Result<(), StoreError> {
        self.call()?.end_outside_run(run)
    }
    fn tags(&self, run: Id) -> Result<BTreeMap<String, String>, StoreError> {
        self.call()?.tags(run)
    }
    fn artifacts(&self, run: Id) -> Result<Vec<ArtifactRecord>, StoreError> {
        self.call()?.artifacts(run)
    }
    fn read_artifact(&self, run: Id, name: &str) -> Result<Vec<u8>, StoreError> {
        self.call()?.read_artifact(run, name)
    }
    fn set_hidden(&self, run: Id, hidden: bool) -> Result<(), StoreError> {
        self.call()?.set_hidden(run, hidden)
    }
    fn copy_artifact(&self, run: Id, name: &str, to: &mut dyn std::io::Write) -> Result<(), StoreError> {
        self.call()?.copy_artifact(run, name, to)
    }
    fn events(&self, run: Id) -> Result<Vec<EventRecord>, StoreError> {
        self.call()?.events(run)
    }
    fn study_events(&self, study: Id) -> Result<Vec<EventRecord>, StoreError> {
        self.call()?.study_events(study)
    }
    fn put_study_copy(&self, copy: &StudyCopy) -> Result<(), StoreError> {
        self.call()?.put_study_copy(copy)
    }
    fn begin_run_copy(&self, copy: &RunCopy) -> Result<Known, StoreError> {
        self.call()?.begin_run_copy(copy)
    }
    fn end_run_copy(&self, copy: &RunCopy) -> Result<(), StoreError> {
        self.call()?.end_run_copy(copy)
    }
    fn sweep(&self, sweep: &Sweep) -> Result<Swept, StoreError> {
        self.call()?.sweep(sweep)
    }
    fn register_model(&self, name: &str, run: Id, note: &str) -> Result<ModelVersion, StoreError> {
        self.call()?.register_model(name, run, note)
    }
    fn model_versions(&self, name: Option<&str>) -> Result<Vec<ModelVersion>, StoreError> {
        self.call()?.model_versions(name)
    }
    fn set_model_alias(
        &self,
        name: &str,
        alias: &str,
        version: Option<u32>,
        why: &str,
    ) -> Result<(), StoreError> {
        self.call()?.set_model_alias(name, alias, version, why)
    }
    fn model_events(&self, name: &str) -> Result<Vec<EventRecord>, StoreError> {
        self.call()?.model_events(name)
    }
    fn flush(&self) -> Result<(), StoreError> {
        self.call()?.flush()
    }
}
