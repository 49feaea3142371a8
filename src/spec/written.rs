//! `[study]` and `[pruner]` as a spec writes them: one plain value for each key, of which the structs of
//! `uaic_study` have the meaning.

use serde::{Deserialize, Serialize};

use super::kind::split_names;
use crate::trial::{Direction, Goal, Goals};
use uaic_study::pruner::{
    Hyperband, Median, Percentile, PrunerSpec, SuccessiveHalving, Threshold, Timing, Wilcoxon,
};
use uaic_study::space::parse_constraints;
use uaic_study::{Duplicates, StudySpec};
use uaic_wording::duration::parse_time;

/// `[study]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenStudy {
    sampler: String,
    trials: u32,
    parallel: u32,
    seed: u64,
    /// Names with commas between, and as many directions.
    metric: String,
    direction: String,
    /// Constraints with `and` between.
    feasible: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<f64>,
    /// Empty for none.
    timeout: String,
    duplicates: Duplicates,
}

impl Default for WrittenStudy {
    fn default() -> Self {
        let StudySpec { sampler, trials, parallel, seed, goals, target, duplicates, .. } =
            StudySpec::default();
        Self {
            sampler: sampler.to_string(),
            trials,
            parallel,
            seed,
            metric: goals.metric().to_owned(),
            direction: goals.direction().to_string(),
            feasible: String::new(),
            target,
            timeout: String::new(),
            duplicates,
        }
    }
}

impl WrittenStudy {
    /// What it means.
    ///
    /// # Errors
    /// A value that the table of keys would not have let through.
    pub(super) fn meaning(&self) -> Result<StudySpec, String> {
        let goals = Goals::new(self.goals()?).ok_or("`study.metric` names nothing")?;
        Ok(StudySpec {
            sampler: self.sampler.parse().map_err(|error: uaic_study::UnknownSampler| error.to_string())?,
            trials: self.trials,
            parallel: self.parallel,
            seed: self.seed,
            goals,
            feasible: parse_constraints(&self.feasible).map_err(|error| error.to_string())?,
            target: self.target,
            timeout: parse_time(&self.timeout).filter(|limit| !limit.is_zero()),
            duplicates: self.duplicates,
        })
    }

    fn goals(&self) -> Result<Vec<Goal>, String> {
        let pairs = split_names(&self.metric).into_iter().zip(split_names(&self.direction));
        pairs
            .map(|(metric, direction)| {
                let direction = Direction::from_name(direction)
                    .ok_or_else(|| format!("`{direction}` is neither `minimize` nor `maximize`"))?;
                Ok(Goal::new(metric, direction))
            })
            .collect()
    }

    /// All that decides results, in the form that fingerprints of studies of programs are made of: they
    /// are compared with those in old stores, so it never changes.
    pub(super) fn fingerprint(&self, meaning: &StudySpec) -> String {
        let goals = &meaning.goals;
        let more: Vec<_> = goals.more().iter().map(|goal| (&goal.metric, goal.direction)).collect();
        format!(
            "StudySpec {{ sampler: {:?}, trials: 0, parallel: {}, seed: {}, metric: {:?}, direction: {:?}, \
             more_objectives: {more:?}, feasible: {:?}, target: {:?}, timeout: \"\", duplicates: {:?} }}",
            self.sampler,
            self.parallel,
            self.seed,
            goals.metric(),
            goals.direction(),
            self.feasible,
            self.target,
            self.duplicates,
        )
    }
}

/// `[pruner]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenPruner {
    kind: String,
    startup_trials: u32,
    warmup_steps: u64,
    interval: u64,
    percentile: f64,
    min_resource: u64,
    reduction: u64,
    grace: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_resource: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brackets: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper: Option<f64>,
    around: String,
    patience: u64,
    min_delta: f64,
    p_threshold: f64,
}

impl Default for WrittenPruner {
    fn default() -> Self {
        let (percentile, halving) = (Percentile::default(), SuccessiveHalving::default());
        Self {
            kind: PrunerSpec::None.name().to_owned(),
            startup_trials: percentile.startup_trials,
            warmup_steps: percentile.timing.warmup_steps,
            interval: percentile.timing.interval,
            percentile: percentile.percentile,
            min_resource: halving.min_resource,
            reduction: halving.reduction,
            grace: halving.grace,
            max_resource: None,
            brackets: None,
            lower: None,
            upper: None,
            around: PrunerSpec::None.name().to_owned(),
            patience: 5,
            min_delta: 0.0,
            p_threshold: Wilcoxon::default().p_threshold,
        }
    }
}

impl WrittenPruner {
    /// The pruner that is meant, with its own settings.
    ///
    /// # Errors
    /// There is no such pruner.
    pub(super) fn meaning(&self) -> Result<PrunerSpec, String> {
        if self.kind != "patience" {
            return self.called(&self.kind);
        }
        let around = match self.around.as_str() {
            "none" => None,
            // It is refused by the pruner itself.
            "patience" => {
                Some(PrunerSpec::Patience { around: None, steps: self.patience, min_delta: self.min_delta })
            }
            other => Some(self.called(other)?),
        };
        let around = around.map(Box::new);
        Ok(PrunerSpec::Patience { around, steps: self.patience, min_delta: self.min_delta })
    }

    /// The pruner of a name, but for patience.
    fn called(&self, name: &str) -> Result<PrunerSpec, String> {
        let Self { startup_trials, min_resource, reduction, grace, max_resource, .. } = *self;
        let timing = Timing { warmup_steps: self.warmup_steps, interval: self.interval };
        Ok(match name {
            "none" => PrunerSpec::None,
            "median" => PrunerSpec::Median(Median { startup_trials, timing }),
            "percentile" => {
                PrunerSpec::Percentile(Percentile { percentile: self.percentile, startup_trials, timing })
            }
            "successive-halving" => PrunerSpec::SuccessiveHalving(SuccessiveHalving {
                min_resource,
                reduction,
                grace,
                max_resource,
            }),
            "hyperband" => PrunerSpec::Hyperband(Hyperband {
                min_resource,
                reduction,
                max_resource,
                brackets: self.brackets,
            }),
            "threshold" => PrunerSpec::Threshold(Threshold { lower: self.lower, upper: self.upper, timing }),
            "wilcoxon" => {
                PrunerSpec::Wilcoxon(Wilcoxon { p_threshold: self.p_threshold, min_pairs: self.warmup_steps })
            }
            unknown => return Err(format!("there is no pruner `{unknown}`")),
        })
    }

    /// As [`WrittenStudy::fingerprint`].
    pub(super) fn fingerprint(&self) -> String {
        format!("{self:?}").replacen("WrittenPruner", "PrunerSpec", 1)
    }
}

/// Both, with the keys, too, that are left out where they are not given.
#[cfg(test)]
pub(super) fn with_all_keys() -> (WrittenStudy, WrittenPruner) {
    let study = WrittenStudy { target: Some(0.5), ..WrittenStudy::default() };
    let (max_resource, brackets, lower, upper) = (Some(9), Some(2), Some(0.0), Some(1.0));
    (study, WrittenPruner { max_resource, brackets, lower, upper, ..WrittenPruner::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uaic_study::pruner::PRUNERS;

    #[test]
    fn what_is_written_by_default_means_the_defaults() {
        assert_eq!(WrittenStudy::default().meaning(), Ok(StudySpec::default()));
        assert_eq!(WrittenPruner::default().meaning(), Ok(PrunerSpec::default()));
        for kind in PRUNERS {
            let written = WrittenPruner { kind: kind.to_owned(), ..WrittenPruner::default() };
            let meant = written.meaning().unwrap();
            assert_eq!(meant.name(), kind);
            let usual = match kind {
                "median" => PrunerSpec::Median(Median::default()),
                "percentile" => PrunerSpec::Percentile(Percentile::default()),
                "successive-halving" => PrunerSpec::SuccessiveHalving(SuccessiveHalving::default()),
                "hyperband" => PrunerSpec::Hyperband(Hyperband::default()),
                "threshold" => PrunerSpec::Threshold(Threshold::default()),
                "wilcoxon" => PrunerSpec::Wilcoxon(Wilcoxon::default()),
                _ => continue,
            };
            assert_eq!(meant, usual);
        }
    }

    /// From a store of format 3: a change here would lock its studies.
    #[test]
    fn fingerprints_are_made_of_what_they_have_always_been_made_of() {
        let study = WrittenStudy {
            sampler: "tpe".to_owned(),
            trials: 7,
            metric: "loss, size".to_owned(),
            direction: "minimize, maximize".to_owned(),
            feasible: "size <= 5".to_owned(),
            target: Some(0.5),
            timeout: "10m".to_owned(),
            ..WrittenStudy::default()
        };
        assert_eq!(
            study.fingerprint(&study.meaning().unwrap()),
            "StudySpec { sampler: \"tpe\", trials: 0, parallel: 4, seed: 42, metric: \"loss\", direction: Minimize, \
             more_objectives: [(\"size\", Maximize)], feasible: \"size <= 5\", target: Some(0.5), timeout: \"\", \
             duplicates: Avoid }"
        );
        assert_eq!(
            WrittenPruner { max_resource: Some(9), ..WrittenPruner::default() }.fingerprint(),
            "PrunerSpec { kind: \"none\", startup_trials: 5, warmup_steps: 0, interval: 1, percentile: 25.0, \
             min_resource: 1, reduction: 3, grace: 0, max_resource: Some(9), brackets: None, lower: None, \
             upper: None, around: \"none\", patience: 5, min_delta: 0.0, p_threshold: 0.1 }"
        );
    }
}
