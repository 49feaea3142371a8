//! A run of a store, as what is seen of a program is put into it.

use std::sync::Arc;

use serde_json::json;

use crate::platform::ProcessIdentity;
use crate::store::{
    Attempt, Environment, Home, Id, MetricPoint, NewRun, RunEdit, RunEnd, RunKind, Store, StoreAddress,
    StoreError,
};
use crate::trial::{Params, RunState};
use uaic_capture::{Content, End, Ending, Facts, Failure, Point, Recorder};

/// What a run begins with.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// Its id, which its program knows.
    pub id: Id,
    /// The experiment that it belongs to.
    pub experiment: String,
    /// What it is called.
    pub name: Option<String>,
    /// The run that it is part of.
    pub parent: Option<Id>,
}

/// Puts what is seen of a program into a store.
pub struct StoreRecorder {
    store: Arc<dyn Store>,
    attempt: Attempt,
    params: Params,
}

impl StoreRecorder {
    /// Opens the store in a folder and starts a run in it.
    ///
    /// # Errors
    /// The store cannot be opened or written, or has a run of this id.
    pub fn begin(address: &StoreAddress, beginning: &Beginning) -> Result<Self, StoreError> {
        let store = address.open()?;
        let new = NewRun {
            home: Home::Experiment(beginning.experiment.clone()),
            kind: RunKind::Free,
            number: None,
            params: Params::new(),
            config: json!({ "params": {} }),
            process: ProcessIdentity::current(),
            environment: Environment::from([(
                "uaic.version".to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            )]),
        };
        let attempt = store.start_run_as(beginning.id, &new)?;
        if let Some(name) = &beginning.name {
            store.edit_run(attempt.run, &RunEdit::Name(Some(name.clone())))?;
        }
        if let Some(parent) = beginning.parent {
            store.edit_run(attempt.run, &RunEdit::Parent(Some(parent)))?;
        }
        Ok(Self { store, attempt, params: Params::new() })
    }

    /// Goes on with a run that has begun.
    pub(super) fn go_on(store: Arc<dyn Store>, attempt: Attempt, params: Params) -> Self {
        Self { store, attempt, params }
    }

    /// The store.
    pub(super) fn store(&self) -> &dyn Store {
        &*self.store
    }
}

impl Recorder for StoreRecorder {
    fn params(&mut self, params: &Params) -> Result<(), Failure> {
        self.params.extend(params.clone());
        Ok(self.store.set_params(self.attempt, &self.params, &json!({ "params": self.params }))?)
    }

    fn facts(&mut self, facts: &Facts) -> Result<(), Failure> {
        Ok(self.store.add_facts(self.attempt, facts)?)
    }

    fn tag(&mut self, key: &str, value: &str) -> Result<(), Failure> {
        Ok(self.store.set_tag(self.attempt.run, key, value)?)
    }

    fn note(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.store.edit_run(self.attempt.run, &RunEdit::Note(Some(text.to_owned())))?)
    }

    fn points(&mut self, points: &[Point]) -> Result<(), Failure> {
        let named = |point: &Point| MetricPoint {
            key: point.key.to_string(),
            step: point.step,
            time_ms: point.time_ms,
            value: point.value,
        };
        Ok(self.store.log_metrics(self.attempt, &points.iter().map(named).collect::<Vec<_>>())?)
    }

    fn artifact(&mut self, name: &str, content: Content<'_>) -> Result<(), Failure> {
        match content {
            Content::Bytes(bytes) => drop(self.store.put_artifact(self.attempt, name, bytes)?),
            Content::File(path) => drop(self.store.add_outside_artifact(self.attempt.run, name, path)?),
        }
        Ok(())
    }

    fn finish(&mut self, end: &End) -> Result<(), Failure> {
        let run = self.attempt.run;
        match end.ending {
            Ending::Exit(code) => self.store.set_tag(run, "exit_code", &code.to_string())?,
            Ending::Signal(signal) => self.store.set_tag(run, "signal", &signal_name(signal))?,
            Ending::Unknown => {}
        }
        if end.ending != Ending::Unknown {
            self.store.set_tag(run, "duration_s", &format!("{:.3}", end.seconds))?;
        }
        Ok(self.store.finish_run(self.attempt, &end_of(end))?)
    }
}

fn signal_name(signal: i32) -> String {
    signal_hook::low_level::signal_name(signal).map_or_else(|| signal.to_string(), str::to_owned)
}

/// What a program's end means to its run.
fn end_of(end: &End) -> RunEnd {
    let how = match end.ending {
        Ending::Exit(0) => return RunEnd::without_values(RunState::Complete, None),
        Ending::Unknown => {
            let why = "its recorder was killed, and nobody saw how it ended".to_owned();
            return RunEnd::without_values(RunState::Failed, Some(why));
        }
        Ending::Signal(signal_hook::consts::SIGINT) => {
            return RunEnd::without_values(RunState::Interrupted, Some(end.ending.to_string()));
        }
        // Not SIGKILL alone: whoever runs out of memory is hard to recognise otherwise.
        Ending::Signal(9) => "killed by SIGKILL, as the system does when memory runs out".to_owned(),
        other => other.to_string(),
    };
    let said = match end.last_lines.as_slice() {
        [] => String::new(),
        lines => format!("; its output ends with: {}", lines.join(" | ")),
    };
    RunEnd::without_values(RunState::Failed, Some(how + &said))
}
