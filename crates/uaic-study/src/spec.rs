//! What decides a study: the table `[study]` of a spec, with its meaning.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sampler::SamplerKind;
use crate::space::Constraint;
use crate::trial::{Direction, Goal, Goals};

/// `[study]`
#[derive(Clone, Debug, PartialEq)]
pub struct StudySpec {
    /// How points are proposed.
    pub sampler: SamplerKind,
    /// How many trials there will be in all.
    pub trials: u32,
    /// How many trials may be pending at once. Part of the spec, not of the machine: it decides
    /// what each proposal may know.
    pub parallel: u32,
    /// The root of the seed tree.
    pub seed: u64,
    /// What is optimised.
    pub goals: Goals,
    /// What a trial's metrics must be like; those that are not rank behind all others.
    pub feasible: Vec<Constraint>,
    /// The search ends once the first metric is this good.
    pub target: Option<f64>,
    /// No trial starts after this time.
    pub timeout: Option<Duration>,
    /// What to do about points that were tried before.
    pub duplicates: Duplicates,
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
            sampler: SamplerKind::Auto,
            trials: 20,
            parallel: 4,
            seed: 42,
            goals: Goal::new("val/accuracy", Direction::Maximize).into(),
            feasible: vec![],
            target: None,
            timeout: None,
            duplicates: Duplicates::Avoid,
        }
    }
}
