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

use crate::number::differ;
use crate::report::figure::{Scale, widened};
use std::sync::OnceLock;

use crate::ErrorKind;
use crate::rng::SeedTree;
use crate::spec::{Distribution, Space, Spec};
use crate::store::{Change, RunKind, RunQuery, RunRecord, Store, StoreError, StudyRecord};
use crate::study::{Drawn, drawn_in};
use crate::trial::{Candidate, Direction, Goal, ParamValue, Params, Rank, RunState, best_first};

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
    /// By how much constraints on its outcome are missed.
    pub violation: f64,
    /// When it started and ended, milliseconds since 1970 UTC.
    pub span_ms: (i64, Option<i64>),
}

impl TrialView {
    /// Whether it is complete with a value that is no number.
    fn is_without_value(&self) -> bool {
        self.state == RunState::Complete && self.value.is_none_or(f64::is_nan)
    }
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
    /// What else is optimised.
    pub more_goals: Vec<Goal>,
    /// The searched parameters.
    pub space: Space,
    /// Whether an outside program is tuned, or points are asked for: nothing is known of texts, data
    /// sets or folds.
    pub is_of_program: bool,
    /// Its trials that are neither hidden nor excluded, by number.
    pub trials: Vec<TrialView>,
    /// How many are, as the end of a sentence.
    pub aside: String,
    /// The names of its parameters, the most important first, where that can be told; worked out when a
    /// picture needs it.
    pub leading: OnceLock<Option<Vec<String>>>,
}

impl TrialView {
    /// Its place among the others; `None` where it has none.
    pub fn rank(&self) -> Option<Rank> {
        Candidate::shown(self.number, self.state, self.value, self.violation).rank()
    }
}

/// Why a study cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The record cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The recorded spec is not one of this version's.
    #[error("the spec of study {study} cannot be read by this version of uaic")]
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

impl ViewError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(store) => store.kind(),
            Self::Spec { source, .. } => source.kind(),
            Self::Parameter { .. } => ErrorKind::NotFound,
        }
    }
}

/// What a study searches: as its spec says, or was last changed; without a spec as its trials have
/// it.
fn space_of(store: &dyn Store, study: &StudyRecord, runs: &[RunRecord]) -> Result<Space, ViewError> {
    let changed = store.changes(study.id)?.into_iter().rev().find_map(|change| match change.change {
        Change::Space { space, .. } => Some(space),
        _ => None,
    });
    let new = &study.plan;
    let refused = |source| ViewError::Spec { study: study.id.short(), source: Box::new(source) };
    if let Some(space) = changed {
        return Ok(space);
    }
    if new.spec_text.is_empty() {
        let drawn: Vec<Drawn> =
            runs.iter().rev().filter_map(|run| drawn_in(run).transpose()).collect::<Result<_, _>>()?;
        return Ok(Space::new(drawn.into_iter().flatten()));
    }
    Ok(Spec::of_study(new).map_err(refused)?.search)
}

impl StudyView {
    /// Reads a study.
    ///
    /// # Errors
    /// The store or the recorded spec cannot be read.
    pub fn load(store: &dyn Store, study: &StudyRecord) -> Result<Self, ViewError> {
        let new = &study.plan;
        let query = RunQuery { study: Some(study.id), kind: Some(RunKind::Trial), ..RunQuery::default() };
        let runs: Vec<RunRecord> = store.runs(&query)?.into_iter().filter(|run| !run.excluded).collect();
        let tally = store.tally(study.id)?;
        let space = space_of(store, study, &runs)?;
        let mut trials: Vec<TrialView> = runs
            .into_iter()
            .map(|run| TrialView {
                number: run.start.number.unwrap_or_default(),
                values: if run.violation > 0.0 { vec![] } else { run.values.clone() },
                value: run.value(),
                params: run.start.params,
                state: run.state,
                violation: run.violation,
                span_ms: (run.started_ms, run.ended_ms),
            })
            .collect();
        trials.sort_by_key(|trial| trial.number);
        Ok(Self {
            experiment: new.experiment.clone(),
            id: study.id.short(),
            metric: new.goals.metric().to_owned(),
            direction: new.goals.direction(),
            more_goals: new.goals.more().to_vec(),
            space,
            is_of_program: Spec::is_of_program(&study.plan),
            trials,
            aside: tally.aside(),
            leading: OnceLock::new(),
        })
    }

    /// Complete trials with their values, by number; a value may be infinite.
    pub fn complete(&self) -> impl Iterator<Item = (&TrialView, f64)> {
        let complete = self.trials.iter().filter(|trial| trial.state == RunState::Complete);
        complete.filter_map(|trial| Some((trial, trial.value.filter(|value| !value.is_nan())?)))
    }

    /// How many complete trials have values outside of a range, said of a picture that draws them `how`;
    /// empty when none has.
    pub(crate) fn beyond(&self, (low, high): (f64, f64), how: &str) -> String {
        let outside =
            || self.complete().map(|(_, value)| value).filter(|value| !(low..=high).contains(value));
        match (outside().count(), outside().filter(|value| value.is_infinite()).count()) {
            (0, _) => String::new(),
            (1, 0) => format!("The value of 1 trial lies outside the range; it is {how}."),
            (1, _) => format!("The value of 1 trial is infinite; it is {how}."),
            (all, 0) => format!("The values of {all} trials lie outside the range; they are {how}."),
            (all, infinite) => format!(
                "The values of {all} trials lie outside the range ({infinite} infinite); they are {how}."
            ),
        }
    }

    /// The parameters to show where nobody has named any and a picture has room for `most`: all, or
    /// those that matter most (functional ANOVA), and what is left out.
    pub(crate) fn leading(&self, most: usize) -> (Vec<Dimension>, String) {
        let mut all = self.dimensions();
        let count = all.len();
        if count <= most {
            return (all, String::new());
        }
        let leading = self.leading.get_or_init(|| {
            let shares = importance::importances(self, &mut SeedTree::new(0).rng("importance"));
            shares.ok().map(|shares| shares.into_iter().map(|(name, _)| name).collect())
        });
        let Some(names) = leading else {
            all.truncate(most);
            return (all, format!("the first {most} of {count} parameters; choose with --params"));
        };
        let names = &names[..most.min(names.len())];
        all.retain(|dimension| names.contains(&dimension.name));
        (all, format!("the {most} most important of {count} parameters; choose with --params"))
    }

    /// The trials that have a rank, best first; infinite values are values here.
    pub fn ranked(&self) -> Vec<(&TrialView, Rank)> {
        let ranked = best_first(&self.trials, self.direction, |trial| trial.rank());
        ranked.into_iter().map(|(rank, trial)| (trial, rank)).collect()
    }

    /// The best trial and its value, which may be infinite.
    pub fn best(&self) -> Option<(&TrialView, f64)> {
        self.ranked().first().map(|(trial, rank)| (*trial, rank.value()))
    }

    /// `attention · 4f2a90c1 · 20 trials`.
    pub(crate) fn subtitle(&self) -> String {
        let count = self.trials.len();
        format!(
            "{} · study {} · {count} trial{}{}",
            self.experiment,
            self.id,
            if count == 1 { "" } else { "s" },
            self.aside
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

    /// Of the [`complete`](Self::complete) trials, from 0 for the worst to 1 for the best, by rank, so
    /// that one bad trial does not take the whole range of colours; those that miss constraints stand
    /// below all others, and what differs by no more than rounding stands alike.
    pub(crate) fn standing(&self) -> Vec<f64> {
        let ranks: Vec<Rank> = self.complete().filter_map(|(trial, _)| trial.rank()).collect();
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_by(|a, b| ranks[*a].compare_merit(&ranks[*b], self.direction));
        let last = ranks.len().saturating_sub(1).max(1) as f64;
        let mut standing = vec![1.0; ranks.len()];
        let mut first = 0;
        for place in 0..order.len() {
            if !are_alike(&ranks[order[place]], &ranks[order[first]]) {
                first = place;
            }
            standing[order[place]] = 1.0 - first as f64 / last;
        }
        standing
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
        let (scale, choices) = match distribution {
            Distribution::Uniform { low, high, .. } => (Scale::around([*low, *high]), Vec::new()),
            Distribution::Log { low, high } => (Scale::log_around([*low, *high]), Vec::new()),
            Distribution::Int { low, high, .. } => {
                let (low, high) = widened((*low as f64, *high as f64), 0.04);
                (Scale::Count { low, high }, Vec::new())
            }
            Distribution::IntLog { low, high } => {
                (Scale::log_around([*low as f64, *high as f64]), Vec::new())
            }
            Distribution::Choice(choices) => {
                let choices = in_order(choices);
                (Scale::Levels(choices.iter().map(ToString::to_string).collect()), choices)
            }
        };
        Self { name: name.to_owned(), scale, choices }
    }

    /// The last part of its name: `lr`.
    pub fn short(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// Letters of its longest choice; 0 where it has numbers.
    pub(crate) fn longest_name(&self) -> usize {
        match &self.scale {
            Scale::Levels(names) | Scale::Categories(names) => {
                names.iter().map(|name| name.chars().count()).max().unwrap_or(0)
            }
            Scale::Linear { .. } | Scale::Log { .. } | Scale::Count { .. } => 0,
        }
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
        Some(self.scale.share(self.of(params)?))
    }
}

/// Whether neither of two trials is better by more than rounding.
pub(super) fn are_alike(a: &Rank, b: &Rank) -> bool {
    !differ(a.violation(), b.violation()) && !differ(a.value(), b.value())
}

/// Choices as an axis has them: numbers by their size, also those that are written as text; names in the
/// order of the spec, behind them.
fn in_order(choices: &[ParamValue]) -> Vec<ParamValue> {
    let number = |choice: &ParamValue| match choice {
        ParamValue::Text(text) => text.trim().parse().ok().filter(|number: &f64| !number.is_nan()),
        other => other.as_f64(),
    };
    let mut choices = choices.to_vec();
    choices.sort_by(|a, b| match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    });
    choices
}

/// Notes one after another, without empty ones.
fn notes<const N: usize>(parts: [String; N]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The subtitle of a study with something more.
fn with_more(subtitle: &str, more: &str) -> String {
    if more.is_empty() { subtitle.to_owned() } else { format!("{subtitle} · {more}") }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A study of two parameters whose value is given by them.
    pub(crate) fn study(values: &[(f64, i64, Option<f64>)]) -> StudyView {
        let text = "[experiment]\nname = \"x\"\n[data]\ndataset = \"flights\"\n[search]\n\"train.lr\" = { log = [1e-4, 1e-2] }\n\"model.hidden_dim\" = { choice = [32, 64] }\n";
        let spec = Spec::parse(text, std::path::Path::new("x.toml"), &[]).unwrap();
        let trial = |(number, (lr, hidden, value)): (usize, &(f64, i64, Option<f64>))| TrialView {
            number: number as u32,
            params: Params::from([
                ("train.lr".to_owned(), ParamValue::Float(*lr)),
                ("model.hidden_dim".to_owned(), ParamValue::Int(*hidden)),
            ]),
            state: if value.is_some() { RunState::Complete } else { RunState::Failed },
            value: *value,
            values: value.iter().copied().collect(),
            violation: 0.0,
            span_ms: (number as i64 * 1000, Some(number as i64 * 1000 + 1500)),
        };
        StudyView {
            experiment: "x".to_owned(),
            id: "0123abcd".to_owned(),
            metric: "val/accuracy".to_owned(),
            direction: Direction::Maximize,
            more_goals: vec![],
            space: spec.search,
            is_of_program: false,
            trials: values.iter().enumerate().map(trial).collect(),
            aside: String::new(),
            leading: OnceLock::new(),
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
    fn infinite_values_are_complete_and_stand_at_the_ends() {
        let study = testing::study(&[
            (1e-3, 32, Some(0.9)),
            (1e-3, 32, Some(f64::INFINITY)),
            (1e-3, 64, Some(f64::NEG_INFINITY)),
            (1e-3, 64, Some(f64::NAN)),
        ]);
        assert_eq!(study.complete().count(), 3);
        assert_eq!(study.standing(), [0.5, 1.0, 0.0]);
        assert_eq!(study.best().unwrap().0.number, 1);
        let told = study.beyond((0.0, 1.0), "drawn at the end of the axis");
        assert_eq!(
            told,
            "The values of 2 trials lie outside the range (2 infinite); they are drawn at the end of the axis."
        );
        assert_eq!(study.beyond((f64::NEG_INFINITY, f64::INFINITY), "x"), "");
    }

    #[test]
    fn what_differs_by_rounding_alone_stands_alike() {
        let study = testing::study(&[
            (1e-3, 32, Some(0.3)),
            (1e-3, 32, Some(0.1 + 0.2)),
            (1e-3, 64, Some(0.3 - 5e-17)),
        ]);
        assert_eq!(study.standing(), [1.0, 1.0, 1.0]);
    }

    #[test]
    fn choices_that_are_numbers_are_in_their_order() {
        let sorted = |choices: &[&str]| -> Vec<String> {
            let choices: Vec<ParamValue> = choices.iter().map(|text| ParamValue::from(*text)).collect();
            in_order(&choices).iter().map(ToString::to_string).collect()
        };
        assert_eq!(sorted(&["64", "8", "128", "1e3"]), ["8", "64", "128", "1e3"]);
        assert_eq!(sorted(&["relu", "gelu"]), ["relu", "gelu"], "names as the spec has them");
        assert_eq!(sorted(&["auto", "16", "8", "none"]), ["8", "16", "auto", "none"]);
        let floats = [0.5, 0.25, 10.0, -1.0].map(ParamValue::Float);
        assert_eq!(in_order(&floats), [-1.0, 0.25, 0.5, 10.0].map(ParamValue::Float));
    }

    #[test]
    fn a_trial_that_misses_a_constraint_is_not_the_best_and_stands_below_all_others() {
        let mut study =
            testing::study(&[(1e-3, 32, Some(0.9)), (1e-3, 32, Some(0.1)), (1e-3, 64, Some(0.5))]);
        study.trials[0].violation = 0.2;
        assert_eq!(study.best().unwrap().0.number, 2);
        assert_eq!(study.standing(), [0.0, 0.5, 1.0]);
        study.trials[1].value = Some(f64::INFINITY);
        assert_eq!(study.best().map(|(trial, value)| (trial.number, value)), Some((1, f64::INFINITY)));
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
