//! What decides a study: the table `[study]` of a spec.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::space::{Constraint, parse_constraints};
use crate::trial::Direction;
use uaic_wording::duration::parse_time;

/// Registered samplers; `study::sampler` builds each of them.
pub const SAMPLERS: [&str; 8] = ["auto", "cma-es", "gp", "grid", "nsga2", "random", "sobol", "tpe"];

/// `[study]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StudySpec {
    /// A registered sampler; `auto` chooses one.
    pub sampler: String,
    /// How many trials there will be in all.
    pub trials: u32,
    /// How many trials may be pending at once. Part of the spec, not of the machine: it decides
    /// what each proposal may know.
    pub parallel: u32,
    /// The root of the seed tree.
    pub seed: u64,
    /// The metric to optimise; see [`METRICS`].
    pub metric: String,
    /// Which end of it is better.
    pub direction: Direction,
    /// Further metrics, and which end of each is better: with them the result is a Pareto front.
    #[serde(skip)]
    pub more_objectives: Vec<(String, Direction)>,
    /// What a trial's metrics must be like, with ` and ` between; empty for anything.
    pub feasible: String,
    /// The search ends once the metric is this good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// No trial starts after this time; empty for none.
    pub timeout: String,
    /// What to do about points that were tried before.
    pub duplicates: Duplicates,
}

impl StudySpec {
    /// The metrics that are optimised, in order.
    pub fn metrics(&self) -> Vec<&str> {
        let more = self.more_objectives.iter().map(|(metric, _)| metric.as_str());
        std::iter::once(self.metric.as_str()).chain(more).collect()
    }

    /// Which end of each metric is better, in order.
    pub fn directions(&self) -> Vec<Direction> {
        let more = self.more_objectives.iter().map(|(_, direction)| *direction);
        std::iter::once(self.direction).chain(more).collect()
    }

    /// What a trial's metrics must be like.
    pub fn constraints(&self) -> Vec<Constraint> {
        parse_constraints(&self.feasible).unwrap_or_default()
    }

    /// The time after which no trial starts.
    pub fn time_limit(&self) -> Option<Duration> {
        parse_time(&self.timeout).filter(|limit| !limit.is_zero())
    }
}

/// What a study does about points that were tried before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// Propose none as long as there are others.
    #[default]
    Avoid,
    /// Give a repeated point the value that it had.
    Reuse,
    /// Evaluate it again, with other seeds.
    Repeat,
}

impl Default for StudySpec {
    fn default() -> Self {
        Self {
            sampler: "auto".to_owned(),
            trials: 20,
            parallel: 4,
            seed: 42,
            metric: "val/accuracy".to_owned(),
            direction: Direction::Maximize,
            more_objectives: vec![],
            feasible: String::new(),
            target: None,
            timeout: String::new(),
            duplicates: Duplicates::Avoid,
        }
    }
}
