//! What a study is to be, and where it runs.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::event::Observer;
use crate::pruner::Pruner;
use crate::sampler::{Duplicates, Sampler};
use crate::space::Space;
use crate::store::{Environment, Id, Store};
use crate::trial::Direction;
use uaic_kernel::rng::SeedTree;
use uaic_platform::process::ProcessIdentity;

/// What decides a study's trials: nothing else has a say in them.
#[derive(Clone)]
pub struct StudyPlan<'a> {
    /// The search space that the study began with; `None` when trials say themselves what they need.
    pub space: Option<&'a Space>,
    /// Makes what proposes the points.
    pub sampler: &'a (dyn Fn() -> Box<dyn Sampler> + Sync),
    /// Stops trials that cannot become good.
    pub pruning: Option<Pruning<'a>>,
    /// Which end of each of the objective's values is better.
    pub directions: &'a [Direction],
    /// How many trials there are in all, ended ones included.
    pub trials: u32,
    /// How many trials may be pending at once, whatever the machine; at least 1.
    pub parallel: u32,
    /// A first value that is good enough: once a proposal would see it, none is made any more.
    pub target: Option<f64>,
    /// What to do about points that were tried before.
    pub duplicates: Duplicates,
    /// The study's root of the seed tree.
    pub seeds: SeedTree,
}

/// How trials are stopped early.
#[derive(Clone, Copy)]
pub struct Pruning<'a> {
    /// Decides.
    pub pruner: &'a dyn Pruner,
    /// Under which name the reported values are recorded.
    pub metric: &'a str,
    /// Which end of them is better.
    pub direction: Direction,
}

/// Where and under whose eyes a study runs: nothing here changes its trials.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Where everything is recorded.
    pub store: &'a dyn Store,
    /// The study's id there. The caller has acquired it, and releases it.
    pub study: Id,
    /// How many trials to evaluate at once here; at least 1.
    pub jobs: usize,
    /// This process.
    pub process: &'a ProcessIdentity,
    /// Facts about the surroundings, recorded with each run.
    pub environment: &'a Environment,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Set it to stop: no trial starts any more, and running ones end at their next look. It is
    /// also set here when the study cannot go on, so that running trials need not reach their end.
    pub cancel: &'a AtomicBool,
    /// When to start no further trial; running ones are let through. Decides how many trials there
    /// are, not what they are.
    pub deadline: Option<Instant>,
}
