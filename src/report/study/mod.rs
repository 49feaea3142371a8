//! Pictures of a study: what was tried, what came of it, and what mattered.

mod contour;
mod distribution;
mod history;
mod hypervolume;
mod importance;
mod intermediate;
mod objectives;
mod parallel;
mod pareto;
mod slice;
mod timeline;

pub use contour::{contour, contour_matrix, rank};
pub use distribution::edf;
pub use history::history;
pub use hypervolume::hypervolume;
pub use importance::{importance, importance_top, importances};
pub use intermediate::{Series, intermediate};
pub use objectives::Objectives;
pub use parallel::parallel;
pub use pareto::pareto_front;
pub use slice::slice;
pub use timeline::timeline;

use crate::report::figure::Scale;
use std::collections::BTreeMap;

use crate::spec::{Distribution, ProgramSpec, Space, Spec};
use crate::store::{Change, RunKind, RunQuery, RunRecord, Store, StoreError, StudyRecord};
use crate::trial::{Direction, ParamValue, Params, RunState};

/// A trial as pictures see it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialView {
    /// Its number.
    pub number: u32,
    /// Its point.
    pub params: Params,
    /// How it ended, or that it has not.
    pub state: RunState,
    /// The value of the study's metric, once complete.
    pub value: Option<f64>,
    /// The values of all metrics of the study, in their order, once complete; none where constraints
    /// on its outcome are missed.
    pub values: Vec<f64>,
    /// When it started and ended, milliseconds since 1970 UTC.
    pub span_ms: (i64, Option<i64>),
}

/// A study as pictures see it.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyView {
    /// Its experiment.
    pub experiment: String,
    /// Its id, shortened.
    pub id: String,
    /// What is optimised.
    pub metric: String,
    /// Which end of it is better.
    pub direction: Direction,
    /// Further metrics, and which end of each is better.
    pub more_objectives: Vec<(String, Direction)>,
    /// The searched parameters.
    pub space: Space,
    /// Its trials that are not hidden, by number.
    pub trials: Vec<TrialView>,
}

/// Why a study cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The record cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The recorded spec is not one of this version's.
    #[error("the spec of study {study} cannot be read by this version of uaic: {source}")]
    Spec {
        /// Its id, shortened.
        study: String,
        /// What is wrong with it.
        source: Box<crate::spec::SpecErrors>,
    },
    /// There is no parameter of this name.
    #[error("study {study} searches no `{name}`; it searches {available}")]
    Parameter {
        /// Its id, shortened.
        study: String,
        /// What was asked for.
        name: String,
        /// What there is.
        available: String,
    },
}

/// What a study searches: as its spec says, or was last changed; without a spec as its trials have
/// it.
fn space_of(store: &dyn Store, study: &StudyRecord, runs: &[RunRecord]) -> Result<Space, ViewError> {
    let changed = store.changes(study.id)?.into_iter().rev().find_map(|change| match change.change {
        Change::Space { space, .. } => serde_json::from_value(space).ok(),
        _ => None,
    });
    let new = &study.new;
    let path = std::path::Path::new(&new.spec_path);
    let refused = |source| ViewError::Spec { study: study.id.short(), source: Box::new(source) };
    if let Some(space) = changed {
        return Ok(space);
    }
    if new.spec_text.is_empty() {
        let drawn = runs.iter().rev().filter_map(|run| run.new.config.get("distributions"));
        let drawn = drawn.filter_map(|drawn| serde_json::from_value(drawn.clone()).ok());
        return Ok(Space::new(drawn.flat_map(|drawn: BTreeMap<String, Distribution>| drawn)));
    }
    if ProgramSpec::is_one(&new.spec_text) {
        return Ok(ProgramSpec::parse(&new.spec_text, path, &new.overrides).map_err(refused)?.search);
    }
    Ok(Spec::parse(&new.spec_text, path, &new.overrides).map_err(refused)?.search)
}

impl StudyView {
    /// Reads a study.
    ///
    /// # Errors
    /// The store or the recorded spec cannot be read.
    pub fn load(store: &dyn Store, study: &StudyRecord) -> Result<Self, ViewError> {
        let new = &study.new;
        let query = RunQuery { study: Some(study.id), kind: Some(RunKind::Trial), ..RunQuery::default() };
        let runs: Vec<RunRecord> = store.runs(&query)?.into_iter().filter(|run| !run.excluded).collect();
        let space = space_of(store, study, &runs)?;
        let mut trials: Vec<TrialView> = runs
            .into_iter()
            .map(|run| TrialView {
                number: run.new.number.unwrap_or_default(),
                values: if run.violation > 0.0 { vec![] } else { run.values() },
                params: run.new.params,
                state: run.state,
                value: run.value,
                span_ms: (run.started_ms, run.ended_ms),
            })
            .collect();
        trials.sort_by_key(|trial| trial.number);
        Ok(Self {
            experiment: new.experiment.clone(),
            id: study.id.short(),
            metric: new.metric.clone(),
            direction: new.direction,
            more_objectives: new.more_objectives.clone(),
            space,
            trials,
        })
    }

    /// Complete trials whose value is a number, by number.
    pub fn complete(&self) -> impl Iterator<Item = (&TrialView, f64)> {
        let complete = self.trials.iter().filter(|trial| trial.state == RunState::Complete);
        complete.filter_map(|trial| Some((trial, trial.value.filter(|value| value.is_finite())?)))
    }

    /// The best complete trial, among those that miss no constraint where there are such; of equals
    /// the first.
    pub fn best(&self) -> Option<(&TrialView, f64)> {
        let misses = |trial: &TrialView| trial.values.is_empty();
        self.complete().reduce(|best, next| {
            let is_better = match (misses(best.0), misses(next.0)) {
                (true, false) => true,
                (false, true) => false,
                _ => self.direction.better(next.1, best.1),
            };
            if is_better { next } else { best }
        })
    }

    /// `attention · 4f2a90c1 · 20 trials`.
    pub(crate) fn subtitle(&self) -> String {
        let count = self.trials.len();
        format!(
            "{} · study {} · {count} trial{}",
            self.experiment,
            self.id,
            if count == 1 { "" } else { "s" }
        )
    }

    /// Each searched parameter as an axis.
    pub fn dimensions(&self) -> Vec<Dimension> {
        self.space.iter().map(|(name, distribution)| Dimension::new(name, distribution)).collect()
    }

    /// One parameter by its name, or by the last part of it.
    ///
    /// # Errors
    /// [`ViewError::Parameter`].
    pub fn dimension(&self, name: &str) -> Result<Dimension, ViewError> {
        let all = self.dimensions();
        let is_meant = |dimension: &&Dimension| dimension.name == name || dimension.short() == name;
        all.iter().find(is_meant).cloned().ok_or_else(|| ViewError::Parameter {
            study: self.id.clone(),
            name: name.to_owned(),
            available: all.iter().map(|dimension| dimension.name.clone()).collect::<Vec<_>>().join(", "),
        })
    }

    /// From 0 for the worst value to 1 for the best, by rank, so that one bad trial does not take
    /// the whole range of colours.
    pub(crate) fn standing(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.complete().map(|(_, value)| value).collect();
        values.sort_by(|a, b| self.direction.compare(*b, *a));
        let last = values.len().saturating_sub(1).max(1) as f64;
        self.complete()
            .map(|(_, value)| {
                let worse = values.partition_point(|other| self.direction.better(value, *other));
                worse as f64 / last
            })
            .collect()
    }
}

/// A searched parameter as an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// Its full name: `train.lr`.
    pub name: String,
    /// Its axis.
    pub scale: Scale,
    choices: Vec<ParamValue>,
}

impl Dimension {
    fn new(name: &str, distribution: &Distribution) -> Self {
        if let Some(only) = distribution.only() {
            let scale = Scale::Levels(vec![only.to_string()]);
            return Self { name: name.to_owned(), scale, choices: vec![only] };
        }
        let room = |low: f64, high: f64| (high - low).abs() * 0.04;
        let (scale, choices) = match distribution {
            Distribution::Uniform { low, high, .. } => {
                (Scale::Linear { low: low - room(*low, *high), high: high + room(*low, *high) }, Vec::new())
            }
            Distribution::Log { low, high } => (log_scale(*low, *high), Vec::new()),
            Distribution::Int { low, high, .. } => {
                let (low, high) = (*low as f64, *high as f64);
                (Scale::Count { low: low - room(low, high), high: high + room(low, high) }, Vec::new())
            }
            Distribution::IntLog { low, high } => (log_scale(*low as f64, *high as f64), Vec::new()),
            Distribution::Choice(choices) => {
                (Scale::Levels(choices.iter().map(ToString::to_string).collect()), choices.clone())
            }
        };
        Self { name: name.to_owned(), scale, choices }
    }

    /// The last part of its name: `lr`.
    pub fn short(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// The place of a trial's value on the axis; none where it has none.
    pub fn of(&self, params: &Params) -> Option<f64> {
        let value = params.get(&self.name)?;
        match self.scale {
            Scale::Levels(_) | Scale::Categories(_) => {
                self.choices.iter().position(|choice| choice == value).map(|at| at as f64)
            }
            _ => value.as_f64(),
        }
    }

    /// That place as a share of the axis, from 0 to 1.
    pub(crate) fn share(&self, params: &Params) -> Option<f64> {
        let value = self.of(params)?;
        Some(match &self.scale {
            Scale::Linear { low, high } | Scale::Count { low, high } => (value - low) / (high - low),
            Scale::Log { low, high } => (value / low).ln() / (high / low).ln(),
            Scale::Levels(names) | Scale::Categories(names) => (value + 0.5) / names.len() as f64,
        })
    }
}

fn log_scale(low: f64, high: f64) -> Scale {
    let room = (high / low).powf(0.04);
    Scale::Log { low: low / room, high: high * room }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use std::collections::BTreeMap;

    /// A study of two parameters whose value is given by them.
    pub(crate) fn study(values: &[(f64, i64, Option<f64>)]) -> StudyView {
        let text = "[experiment]\nname = \"x\"\n[data]\ndataset = \"flights\"\n[search]\n\"train.lr\" = { log = [1e-4, 1e-2] }\n\"model.hidden_dim\" = { choice = [32, 64] }\n";
        let spec = Spec::parse(text, std::path::Path::new("x.toml"), &[]).unwrap();
        let trial = |(number, (lr, hidden, value)): (usize, &(f64, i64, Option<f64>))| TrialView {
            number: number as u32,
            params: BTreeMap::from([
                ("train.lr".to_owned(), ParamValue::Float(*lr)),
                ("model.hidden_dim".to_owned(), ParamValue::Int(*hidden)),
            ]),
            state: if value.is_some() { RunState::Complete } else { RunState::Failed },
            value: *value,
            values: value.iter().copied().collect(),
            span_ms: (number as i64 * 1000, Some(number as i64 * 1000 + 1500)),
        };
        StudyView {
            experiment: "x".to_owned(),
            id: "0123abcd".to_owned(),
            metric: "val/accuracy".to_owned(),
            direction: Direction::Maximize,
            more_objectives: vec![],
            space: spec.search,
            trials: values.iter().enumerate().map(trial).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_by_their_short_names_and_errors_name_all() {
        let study = testing::study(&[(1e-3, 32, Some(0.5))]);
        assert_eq!(study.dimension("lr").unwrap().name, "train.lr");
        let error = study.dimension("dropout").unwrap_err().to_string();
        assert!(error.contains("`dropout`") && error.contains("model.hidden_dim, train.lr"), "{error}");
    }

    #[test]
    fn standing_goes_by_rank_and_ties_stand_alike() {
        let study = testing::study(&[
            (1e-3, 32, Some(0.9)),
            (1e-3, 32, None),
            (1e-3, 64, Some(0.1)),
            (1e-3, 64, Some(0.9)),
            (1e-3, 64, Some(0.8)),
        ]);
        let standing = study.standing();
        assert_eq!(standing.len(), 4);
        assert_eq!((standing[0], standing[1]), (standing[2], 0.0));
        assert!(standing[3] < standing[0]);
    }

    #[test]
    fn categories_have_the_order_of_the_spec() {
        let study = testing::study(&[(1e-2, 64, Some(0.5))]);
        let hidden = study.dimension("hidden_dim").unwrap();
        assert_eq!(hidden.of(&study.trials[0].params), Some(1.0));
        let lr = study.dimension("lr").unwrap().share(&study.trials[0].params).unwrap();
        assert!((0.9..1.0).contains(&lr), "{lr}");
    }
}
