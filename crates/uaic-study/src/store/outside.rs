//! Runs that were executed elsewhere, as they are brought in; and what is edited of any run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Id;
use super::records::{Environment, Home, RunEnd, RunKind};
use crate::trial::{Params, RunState};

/// A change of a run that somebody makes by hand, whatever its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunEdit {
    /// Names it, or takes its name away.
    Name(Option<String>),
    /// Writes about it, in Markdown, or takes that away.
    Note(Option<String>),
    /// Makes it part of another run, or of none.
    Parent(Option<Id>),
    /// Takes a tag away, if it has it.
    RemoveTag(String),
}

/// A run as it was elsewhere: what this store did not execute, it takes as it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutsideRun {
    /// Its id: the same whenever it comes from the same place.
    pub id: Id,
    /// What it belongs to.
    pub home: Home,
    /// What it is.
    pub kind: RunKind,
    /// Its number in its study.
    pub number: Option<u32>,
    /// The run that it is part of, which comes before it.
    pub parent: Option<Id>,
    /// What it is called.
    pub name: Option<String>,
    /// What was written about it.
    pub note: Option<String>,
    /// Its parameters.
    pub params: Params,
    /// The whole configuration, as JSON.
    pub config: serde_json::Value,
    /// Facts about the surroundings.
    pub environment: Environment,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// How it ended; one that still runs elsewhere is `Running`.
    pub end: RunEnd,
    /// Left out of its study by the user.
    pub excluded: bool,
    /// How many times it had been started.
    pub attempts: u32,
    /// When it started, milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Whether it was put aside there.
    pub hidden: bool,
}

impl OutsideRun {
    /// A complete run without anything, started and ended at a time.
    pub fn new(id: Id, experiment: &str, time_ms: i64) -> Self {
        Self {
            id,
            home: Home::Experiment(experiment.to_owned()),
            kind: RunKind::Free,
            number: None,
            parent: None,
            name: None,
            note: None,
            params: Params::new(),
            config: serde_json::json!({}),
            environment: Environment::new(),
            tags: BTreeMap::new(),
            end: RunEnd::without_values(RunState::Complete, None),
            excluded: false,
            attempts: 1,
            started_ms: time_ms,
            ended_ms: Some(time_ms),
            hidden: false,
        }
    }
}

/// What a store had of a run that is brought in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Whether it had the run, whole.
    pub is_whole: bool,
    /// How many points it has of each series. A source that only grew begins with these.
    pub points: BTreeMap<String, u64>,
}
