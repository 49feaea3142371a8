//! `[pruner]`: which trials are stopped early.

use serde::{Deserialize, Serialize};

/// Registered pruners; `study::pruner` builds each of them.
pub const PRUNERS: [&str; 8] =
    ["none", "median", "percentile", "successive-halving", "hyperband", "threshold", "patience", "wilcoxon"];

/// Which pruner a study has and how it judges: the table `[pruner]` of a spec. Each uses the
/// settings that its own documentation names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrunerSpec {
    /// One of [`PRUNERS`].
    pub kind: String,
    /// Complete trials with a value at the step without which nothing is compared (`median`, `percentile`).
    pub startup_trials: u32,
    /// Steps before which a trial is not judged (`median`, `percentile`, `threshold`); pairs without
    /// which it is not compared (`wilcoxon`).
    pub warmup_steps: u64,
    /// Steps from one judgement to the next (`median`, `percentile`, `threshold`).
    pub interval: u64,
    /// Percent of trials that are good enough (`percentile`).
    pub percentile: f64,
    /// The step of the lowest rung (`successive-halving`, `hyperband`).
    pub min_resource: u64,
    /// The step of a rung divided by that of the one below, and the number of trials of which one
    /// goes on (`successive-halving`, `hyperband`).
    pub reduction: u64,
    /// How many of the lowest rungs let everything pass (`successive-halving`).
    pub grace: u32,
    /// The last step of a trial, if known, from which on none is stopped (`successive-halving`,
    /// `hyperband`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_resource: Option<u64>,
    /// How many brackets there are; as many as there are rungs by default (`hyperband`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brackets: Option<u32>,
    /// Values below stop a trial (`threshold`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Values above stop a trial (`threshold`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// The pruner that has to agree; `none` for nothing but patience (`patience`).
    pub around: String,
    /// Steps without a gain that a trial is given (`patience`).
    pub patience: u64,
    /// A gain has to be larger than this (`patience`).
    pub min_delta: f64,
    /// The probability of error that is taken (`wilcoxon`).
    pub p_threshold: f64,
}

impl Default for PrunerSpec {
    fn default() -> Self {
        Self {
            kind: "none".to_owned(),
            startup_trials: 5,
            warmup_steps: 0,
            interval: 1,
            percentile: 25.0,
            min_resource: 1,
            reduction: 3,
            grace: 0,
            max_resource: None,
            brackets: None,
            lower: None,
            upper: None,
            around: "none".to_owned(),
            patience: 5,
            min_delta: 0.0,
            p_threshold: 0.1,
        }
    }
}

impl PrunerSpec {
    /// What is wrong with the values, whichever pruner they are for.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn check(&self) -> Result<(), String> {
        let bounds = [("lower", self.lower), ("upper", self.upper)];
        let nan = bounds.iter().find(|(_, bound)| bound.is_some_and(f64::is_nan));
        let wrong = match self {
            _ if self.interval == 0 => "interval = 0: judgements are at least 1 step apart".to_owned(),
            _ if !(0.0..=100.0).contains(&self.percentile) => {
                format!("percentile = {}: it goes from 0 to 100", self.percentile)
            }
            _ if self.min_resource == 0 => {
                "min_resource = 0: the lowest rung is at step 1 or later".to_owned()
            }
            _ if self.reduction < 2 => {
                format!("reduction = {}: it takes 2 or more trials to leave one out", self.reduction)
            }
            _ if self.brackets == Some(0) => "brackets = 0: there is at least 1".to_owned(),
            _ if self.max_resource.is_some_and(|most| most < self.min_resource) => {
                format!("max_resource is below min_resource = {}", self.min_resource)
            }
            _ if nan.is_some() => "the bounds of a threshold are numbers".to_owned(),
            Self { lower: Some(lower), upper: Some(upper), .. } if lower >= upper => {
                format!("lower = {lower} is not below upper = {upper}")
            }
            _ if self.patience == 0 => "patience = 0: a trial is given at least 1 step".to_owned(),
            _ if !(self.min_delta >= 0.0 && self.min_delta.is_finite()) => {
                format!("min_delta = {}: it is a number from 0 up", self.min_delta)
            }
            _ if !(0.0..=1.0).contains(&self.p_threshold) => {
                format!("p_threshold = {}: it goes from 0 to 1", self.p_threshold)
            }
            _ => return Ok(()),
        };
        Err(wrong)
    }
}
