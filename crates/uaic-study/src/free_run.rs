//! A run of one's own: what a program records of itself, without a study.
//!
//! ```
//! use uaic_study::store::{MemoryStore, Store};
//! use uaic_study::trial::RunState;
//! use uaic_study::Run;
//!
//! let store = MemoryStore::new();
//! let run = Run::start(&store, "baseline")?;
//! run.params([("lr", 3e-4.into()), ("optimizer", "adam".into())])?;
//! for epoch in 0..3 {
//!     run.log(epoch, [("loss", 1.0 / (epoch + 1) as f64)])?;
//! }
//! run.tag("team", "nlp")?;
//! let id = run.id();
//! run.finish(RunState::Complete)?;
//! assert_eq!(store.run(id)?.name.as_deref(), Some("baseline"));
//! # Ok::<(), uaic_study::store::StoreError>(())
//! ```

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uaic_platform::process::ProcessIdentity;

use crate::store::rules::now_ms;
use crate::store::{
    ArtifactRecord, Attempt, Environment, Home, Id, MetricPoint, NewRun, RunEdit, RunEnd, RunKind, Store,
    StoreError,
};
use crate::trial::{ParamValue, Params, RunState};

/// The experiment of runs that name none.
pub const DEFAULT_EXPERIMENT: &str = "default";

/// A run that this process executes. `S` leads to the store: a reference, or an `Arc` that is shared.
///
/// A run that is dropped before [`Run::finish`] has failed; one whose process is killed has crashed.
#[derive(Debug)]
pub struct Run<S>
where
    S: Deref,
    S::Target: Store,
{
    store: S,
    attempt: Attempt,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    params: Params,
    /// The step behind the last one of each series.
    next: HashMap<String, i64>,
    is_finished: bool,
}

/// What a run begins with.
#[derive(Clone, Debug, Default)]
pub struct NewFreeRun {
    /// The experiment that it belongs to; [`DEFAULT_EXPERIMENT`] when absent.
    pub experiment: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// The run that it is part of.
    pub parent: Option<Id>,
    /// Its parameters, as far as they are known.
    pub params: Params,
    /// Facts about its surroundings.
    pub environment: Environment,
}

impl<S> Run<S>
where
    S: Deref,
    S::Target: Store,
{
    /// Starts a run with a name, in the experiment [`DEFAULT_EXPERIMENT`].
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn start(store: S, name: &str) -> Result<Self, StoreError> {
        Self::start_with(store, NewFreeRun { name: Some(name.to_owned()), ..NewFreeRun::default() })
    }

    /// Starts a run.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: its parent; or the store cannot be written.
    pub fn start_with(store: S, new: NewFreeRun) -> Result<Self, StoreError> {
        if let Some(parent) = new.parent {
            store.run(parent)?;
        }
        let experiment = new.experiment.unwrap_or_else(|| DEFAULT_EXPERIMENT.to_owned());
        let attempt = store.start_run(&NewRun {
            home: Home::Experiment(experiment),
            kind: RunKind::Free,
            number: None,
            config: config_of(&new.params),
            params: new.params.clone(),
            process: ProcessIdentity::current(),
            environment: new.environment,
        })?;
        let edits = [
            new.name.map(|name| RunEdit::Name(Some(name))),
            new.parent.map(|parent| RunEdit::Parent(Some(parent))),
        ];
        for edit in edits.into_iter().flatten() {
            store.edit_run(attempt.run, &edit)?;
        }
        Ok(Self { store, attempt, state: Mutex::new(State { params: new.params, ..State::default() }) })
    }

    /// Its id.
    pub fn id(&self) -> Id {
        self.attempt.run
    }

    /// Adds parameters; a name that has a value gets the new one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn params<K: Into<String>>(
        &self,
        params: impl IntoIterator<Item = (K, ParamValue)>,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        state.params.extend(params.into_iter().map(|(name, value)| (name.into(), value)));
        self.store.set_params(self.attempt, &state.params, &config_of(&state.params))
    }

    /// Records values of metrics at a step; without one, each series goes on at the step behind its last.
    /// May return before they are durable.
    ///
    /// # Errors
    /// The run has ended, or an earlier write failed.
    pub fn log<K: Into<String>>(
        &self,
        step: impl Into<Option<i64>>,
        values: impl IntoIterator<Item = (K, f64)>,
    ) -> Result<(), StoreError> {
        let (step, time_ms) = (step.into(), now_ms());
        let mut state = self.state();
        let mut points = Vec::new();
        for (key, value) in values {
            let key = key.into();
            let next = state.next.get(&key).copied().unwrap_or_default();
            let step = step.unwrap_or(next);
            state.next.insert(key.clone(), step.saturating_add(1).max(next));
            points.push(MetricPoint { key, step, time_ms, value });
        }
        // Within the lock, so that series keep their order whoever writes them.
        self.store.log_metrics(self.attempt, &points)
    }

    /// Stores content under a name, replacing the name's earlier content.
    ///
    /// # Errors
    /// [`StoreError::BadArtifactName`], a full disk.
    pub fn artifact(&self, name: &str, content: &[u8]) -> Result<ArtifactRecord, StoreError> {
        self.store.put_artifact(self.attempt, name, content)
    }

    /// Sets a tag.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn tag(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.store.set_tag(self.attempt.run, key, value)
    }

    /// Writes about the run, in Markdown, in place of what was written before.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn note(&self, text: &str) -> Result<(), StoreError> {
        self.store.edit_run(self.attempt.run, &RunEdit::Note(Some(text.to_owned())))
    }

    /// Starts a run that is part of this one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn nested(&self, name: &str) -> Result<Self, StoreError>
    where
        S: Clone,
    {
        let experiment = Some(self.store.run(self.attempt.run)?.experiment);
        let (name, parent) = (Some(name.to_owned()), Some(self.attempt.run));
        Self::start_with(self.store.clone(), NewFreeRun { experiment, name, parent, ..NewFreeRun::default() })
    }

    /// Ends the run; everything written before is durable on return.
    ///
    /// # Errors
    /// [`StoreError::IllegalTransition`], or an earlier write failed.
    pub fn finish(self, state: RunState) -> Result<(), StoreError> {
        self.end(&RunEnd::without_values(state, None))
    }

    /// Ends the run as failed, and says why.
    ///
    /// # Errors
    /// As [`Run::finish`].
    pub fn fail(self, reason: impl Into<String>) -> Result<(), StoreError> {
        self.end(&RunEnd::without_values(RunState::Failed, Some(reason.into())))
    }

    fn end(&self, end: &RunEnd) -> Result<(), StoreError> {
        self.state().is_finished = true;
        self.store.finish_run(self.attempt, end)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Drop for Run<S>
where
    S: Deref,
    S::Target: Store,
{
    fn drop(&mut self) {
        if self.state().is_finished {
            return;
        }
        let why = if std::thread::panicking() { "it panicked" } else { "it was dropped before its end" };
        // Nobody is left to be told.
        let _ = self.end(&RunEnd::without_values(RunState::Failed, Some(why.to_owned())));
    }
}

fn config_of(params: &Params) -> serde_json::Value {
    serde_json::json!({ "params": params })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::{MemoryStore, RunQuery};

    #[test]
    fn a_run_records_what_it_is_told() {
        let store = Arc::new(MemoryStore::new());
        let run = Run::start(Arc::clone(&store), "a").unwrap();
        run.params([("lr", 0.1.into())]).unwrap();
        run.params([("lr", 0.2.into()), ("n", 3.into()), ("amp", true.into())]).unwrap();
        run.log(None, [("loss", 3.0)]).unwrap();
        run.log(None, [("loss", 2.0), ("accuracy", 0.5)]).unwrap();
        run.log(10, [("loss", 1.0)]).unwrap();
        run.log(None, [("loss", 0.5)]).unwrap();
        run.log(-1, [("loss", 4.0)]).unwrap();
        run.note("# why").unwrap();
        run.artifact("a.txt", b"text").unwrap();
        let part = run.nested("part").unwrap();
        let (id, part_id) = (run.id(), part.id());
        part.fail("out of memory").unwrap();
        run.finish(RunState::Complete).unwrap();
        let seen = store.run(id).unwrap();
        assert_eq!((seen.state, seen.experiment.as_str()), (RunState::Complete, DEFAULT_EXPERIMENT));
        assert_eq!(seen.note.as_deref(), Some("# why"));
        assert_eq!(seen.start.params["lr"], ParamValue::Float(0.2));
        assert_eq!(seen.start.params.len(), 3);
        let steps: Vec<i64> = store.series(id, "loss").unwrap().iter().map(|point| point.step).collect();
        assert_eq!(steps, [-1, 0, 1, 10, 11]);
        let part = store.run(part_id).unwrap();
        assert_eq!((part.parent, part.state), (Some(id), RunState::Failed));
        assert_eq!(part.reason.as_deref(), Some("out of memory"));
    }

    #[test]
    fn a_run_that_is_dropped_has_failed() {
        let store = MemoryStore::new();
        drop(Run::start(&store, "dropped").unwrap());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _run = Run::start(&store, "panicked").unwrap();
            panic!("stop");
        }));
        assert!(panicked.is_err());
        let reasons: Vec<_> = store
            .runs(&RunQuery { state: Some(RunState::Failed), ..RunQuery::default() })
            .unwrap()
            .into_iter()
            .map(|run| run.reason.unwrap())
            .collect();
        assert_eq!(reasons, ["it panicked", "it was dropped before its end"]);
    }
}
