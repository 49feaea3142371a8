//! For tests: an objective that costs microseconds and a store in memory that can break.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rand::RngExt;

use super::{Objective, ObjectiveError, Trial};
use crate::platform::ProcessIdentity;
use crate::store::{
    ArtifactRecord, Attempt, Id, LatestMetric, MetricPoint, NewRun, NewStudy, RunEnd, RunQuery, RunRecord,
    Store, StoreError, StudyRecord, StudyState,
};
use crate::trial::{ParamValue, Params, RunState};

/// The squared distance of all numbers to 0.3, plus noise from the trial's seeds.
#[derive(Debug, Default)]
pub(crate) struct FakeObjective {
    /// Sleep for a time that depends on the number, so that trials overtake each other.
    pub(crate) shuffle: bool,
    /// Every how many trials one panics (from 1), fails (from 2) and gives NaN (from 3); 0 for never.
    pub(crate) trouble_every: u32,
}

impl Objective for FakeObjective {
    fn evaluate(&self, trial: &Trial<'_>) -> Result<f64, ObjectiveError> {
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
            Some(3) => return Ok(f64::NAN),
            _ => {}
        }
        let distance = |value: &ParamValue| value.as_f64().map_or(0.0, |x| (x - 0.3).powi(2));
        let noise: f64 = trial.seeds.rng("noise").random();
        let value = trial.params.values().map(distance).sum::<f64>() + noise / 1000.0;
        trial.log(&[MetricPoint { key: "val/loss".into(), step: 1, time_ms: 0, value }])?;
        trial.progress(1.0, "done".into());
        Ok(value)
    }

    fn config(&self, params: &Params) -> serde_json::Value {
        serde_json::json!({ "params": params })
    }
}

/// The process that all test runs belong to.
pub(crate) fn process() -> ProcessIdentity {
    ProcessIdentity { host: "test".into(), boot_id: String::new(), pid: 1, started: String::new() }
}

/// As much of a store as a study needs, in memory; the rest is unimplemented.
pub(crate) struct BrittleStore {
    /// How many more calls succeed.
    calls_left: AtomicI64,
    runs: Mutex<BTreeMap<u32, RunRecord>>,
}

impl BrittleStore {
    /// A store that does not break.
    pub(crate) fn new() -> Self {
        Self::that_breaks_after(i64::MAX)
    }

    /// A store whose calls all fail after so many.
    pub(crate) fn that_breaks_after(calls: i64) -> Self {
        Self { calls_left: AtomicI64::new(calls), runs: Mutex::default() }
    }

    /// Makes it work again.
    pub(crate) fn mend(&self) {
        self.calls_left.store(i64::MAX, Ordering::SeqCst);
    }

    /// All trial runs, by number.
    pub(crate) fn trials(&self) -> BTreeMap<u32, RunRecord> {
        self.runs.lock().unwrap().clone()
    }

    /// Changes what is recorded of a trial.
    pub(crate) fn edit(&self, number: u32, edit: impl FnOnce(&mut RunRecord)) {
        edit(self.runs.lock().unwrap().get_mut(&number).unwrap());
    }

    fn call(&self) -> Result<(), StoreError> {
        if self.calls_left.fetch_sub(1, Ordering::SeqCst) > 0 {
            Ok(())
        } else {
            Err(StoreError::WriterGone("no space left on device".into()))
        }
    }

    fn write(&self, attempt: Attempt, write: impl FnOnce(&mut RunRecord)) -> Result<(), StoreError> {
        self.call()?;
        let mut runs = self.runs.lock().unwrap();
        let record = runs.values_mut().find(|record| record.id == attempt.run).unwrap();
        if record.attempts != attempt.number {
            return Err(StoreError::StaleAttempt { run: attempt.run.short() });
        }
        assert_eq!(record.state, RunState::Running, "written after its end");
        write(record);
        Ok(())
    }
}

impl Store for BrittleStore {
    fn start_run(&self, new: &NewRun) -> Result<Attempt, StoreError> {
        self.call()?;
        let mut runs = self.runs.lock().unwrap();
        let earlier = runs.get(&new.number.unwrap());
        assert!(earlier.is_none_or(|record| !record.state.is_final()), "an ended trial is started again");
        let id = earlier.map_or_else(Id::random, |record| record.id);
        let attempts = earlier.map_or(0, |record| record.attempts) + 1;
        runs.insert(
            new.number.unwrap(),
            RunRecord {
                id,
                new: new.clone(),
                experiment: "test".into(),
                attempts,
                state: RunState::Running,
                value: None,
                reason: None,
                started_ms: 0,
                ended_ms: None,
                hidden: false,
            },
        );
        Ok(Attempt { run: id, number: attempts })
    }

    fn log_metrics(&self, attempt: Attempt, _: &[MetricPoint]) -> Result<(), StoreError> {
        self.write(attempt, |_| ())
    }

    fn finish_run(&self, attempt: Attempt, end: &RunEnd) -> Result<(), StoreError> {
        self.write(attempt, |record| {
            assert!(record.state.may_become(end.state));
            record.state = end.state;
            record.value = end.value;
            record.reason.clone_from(&end.reason);
            record.ended_ms = Some(1500);
        })
    }

    fn runs(&self, _: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        self.call()?;
        Ok(self.runs.lock().unwrap().values().rev().cloned().collect())
    }

    fn create_study(&self, _: &NewStudy) -> Result<StudyRecord, StoreError> {
        unimplemented!()
    }
    fn study(&self, _: Id) -> Result<StudyRecord, StoreError> {
        unimplemented!()
    }
    fn studies(&self) -> Result<Vec<StudyRecord>, StoreError> {
        unimplemented!()
    }
    fn acquire_study(&self, _: Id, _: &ProcessIdentity) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn release_study(&self, _: Id, _: StudyState) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn extend_study(&self, _: Id, _: u32) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn set_tag(&self, _: Id, _: &str, _: &str) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn put_artifact(&self, _: Attempt, _: &str, _: &[u8]) -> Result<ArtifactRecord, StoreError> {
        unimplemented!()
    }
    fn run(&self, _: Id) -> Result<RunRecord, StoreError> {
        unimplemented!()
    }
    fn latest_metrics(&self, _: Id) -> Result<Vec<LatestMetric>, StoreError> {
        unimplemented!()
    }
    fn metric_history(&self, _: Id, _: &str) -> Result<Vec<MetricPoint>, StoreError> {
        unimplemented!()
    }
    fn tags(&self, _: Id) -> Result<BTreeMap<String, String>, StoreError> {
        unimplemented!()
    }
    fn artifacts(&self, _: Id) -> Result<Vec<ArtifactRecord>, StoreError> {
        unimplemented!()
    }
    fn read_artifact(&self, _: Id, _: &str) -> Result<Vec<u8>, StoreError> {
        unimplemented!()
    }
    fn set_hidden(&self, _: Id, _: bool) -> Result<(), StoreError> {
        unimplemented!()
    }
    fn flush(&self) -> Result<(), StoreError> {
        unimplemented!()
    }
}
