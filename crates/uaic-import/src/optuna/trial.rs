//! A trial of Optuna, and the run that it becomes.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use uaic_study::trial::RunState;

use super::distribution::Drawn;
use super::study::{Attributes, Study, TOO_LONG, tags};
use crate::error::ImportError;
use crate::record::{Skipped, SourcePoint, SourceRun, SourceTrial};
use crate::sink::Sink;

/// Points that are given at once.
const BATCH: usize = 4096;

/// Optuna's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Complete,
    Pruned,
    Fail,
    Waiting,
}

impl State {
    /// By its name in databases.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RUNNING" => Self::Running,
            "COMPLETE" => Self::Complete,
            "PRUNED" => Self::Pruned,
            "FAIL" => Self::Fail,
            "WAITING" => Self::Waiting,
            _ => return None,
        })
    }

    /// By its number in journals.
    pub(super) fn numbered(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Running,
            1 => Self::Complete,
            2 => Self::Pruned,
            3 => Self::Fail,
            4 => Self::Waiting,
            _ => return None,
        })
    }

    /// Ended trials do not change any more.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Pruned | Self::Fail)
    }

    fn ours(self) -> RunState {
        match self {
            Self::Running | Self::Waiting => RunState::Running,
            Self::Complete => RunState::Complete,
            Self::Pruned => RunState::Pruned,
            Self::Fail => RunState::Failed,
        }
    }
}

/// Reported values, in the order in which their steps came first: that order stays while a trial runs.
#[derive(Debug, Default)]
pub(super) struct Reports {
    points: Vec<(i64, f64)>,
    places: HashMap<i64, usize>,
}

impl Reports {
    /// Takes a report; one at a step that is known replaces it.
    pub(super) fn take(&mut self, step: i64, value: f64) {
        let place = *self.places.entry(step).or_insert(self.points.len());
        match self.points.get_mut(place) {
            Some(point) => point.1 = value,
            None => self.points.push((step, value)),
        }
    }
}

/// A trial.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) number: u32,
    pub(super) state: State,
    pub(super) started_ms: Option<i64>,
    pub(super) ended_ms: Option<i64>,
    /// Internal numbers and distributions, by name.
    pub(super) params: BTreeMap<String, (f64, Option<Rc<Drawn>>)>,
    pub(super) values: Vec<f64>,
    pub(super) reports: Reports,
    pub(super) user: Attributes,
    pub(super) system: Attributes,
}

impl Trial {
    pub(super) fn new(number: u32, state: State) -> Self {
        Self {
            number,
            state,
            started_ms: None,
            ended_ms: None,
            params: BTreeMap::new(),
            values: vec![],
            reports: Reports::default(),
            user: Attributes::default(),
            system: Attributes::default(),
        }
    }

    /// Gives it to a sink, under the name of the study's first metric where it reported values.
    pub(super) fn give(&self, study: &Study, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let called = format!("trial {} of the study `{}`", self.number, study.name);
        if self.state == State::Waiting {
            return Ok(sink.skipped(Skipped::new(called, "it is waiting to be run"))?);
        }
        let (run, lost) = self.run(study);
        sink.run(run)?;
        for name in lost {
            sink.skipped(Skipped::new(
                format!("`{name}` of {called}"),
                "its value is none of its distribution's",
            ))?;
        }
        for name in self.user.left_out.iter().chain(&self.system.left_out) {
            sink.skipped(Skipped::new(format!("the attribute `{name}` of {called}"), TOO_LONG))?;
        }
        let goals = study.goals();
        let points: Vec<_> = self
            .reports
            .points
            .iter()
            .map(|(step, value)| SourcePoint { step: Some(*step), time_ms: None, value: *value })
            .collect();
        for batch in points.chunks(BATCH) {
            sink.points(goals.metric(), batch)?;
        }
        Ok(sink.end_run()?)
    }

    /// The run, and the names of parameters without a value.
    fn run(&self, study: &Study) -> (SourceRun, Vec<String>) {
        let origin = format!("{}#{}", study.origin, self.number);
        let mut run = SourceRun::new(origin, study.name.clone(), format!("trial {}", self.number));
        run.state = self.state.ours();
        run.started_ms = self.started_ms;
        run.ended_ms = self.ended_ms;
        run.tags = tags(&self.user, &self.system);
        run.reason = run.tags.remove("optuna.fail_reason");
        let mut trial = SourceTrial {
            study: study.origin.clone(),
            number: self.number,
            values: if self.state == State::Complete { self.values.clone() } else { vec![] },
            violation: self.system.violation(),
            distributions: BTreeMap::new(),
        };
        let mut lost = vec![];
        for (name, (internal, drawn)) in &self.params {
            match drawn.as_ref().and_then(|drawn| drawn.value(*internal)) {
                Some(value) => drop(run.params.insert(name.clone(), value)),
                None => lost.push(name.clone()),
            }
            let ours = drawn.as_ref().and_then(|drawn| drawn.ours().ok());
            trial.distributions.extend(ours.map(|ours| (name.clone(), ours)));
        }
        run.trial = Some(trial);
        (run, lost)
    }
}
