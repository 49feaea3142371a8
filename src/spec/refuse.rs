//! Errors of a spec that somebody else has found: each is put where the spec says what it is about.

use std::path::Path;

use super::error::SpecErrors;
use super::keys;
use super::problem::{At, Complaint, Problem};
use super::read::{self, Reading};
use super::records::{Spec, SpecSource};
use crate::trial::ParamValue;
use uaic_model::model::ModelSpec;
use uaic_study::space::Constraint;

/// What is wrong with what a key says, though the key takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecProblem {
    /// The key, such as `data.dataset`, or the section `objective`.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

/// What a spec names that lies outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// Where the spec was read from.
    pub spec: &'a Path,
    /// `data.dataset`: the data set, by name or path.
    pub dataset: Option<&'a str>,
    /// `model.pretrained`: the folder of a pretrained model.
    pub pretrained: Option<&'a str>,
}

impl Spec {
    /// What it names that lies outside of it.
    pub fn named(&self) -> Named<'_> {
        let training = self.training();
        let pretrained = match training.map(|training| &training.model) {
            Some(ModelSpec::Bert(bert)) => Some(bert.pretrained.as_str()).filter(|name| !name.is_empty()),
            _ => None,
        };
        Named {
            spec: &self.source.path,
            dataset: training.map(|training| training.data.dataset.as_str()),
            pretrained,
        }
    }

    /// The error that what a key says is wrong, at the place where it says so.
    pub fn refuse_key(&self, key: &'static str, message: String, help: Option<String>) -> SpecErrors {
        self.refuse(vec![SpecProblem { key, message, help }])
    }

    /// As [`Spec::refuse_key`], for several at once.
    pub fn refuse(&self, problems: Vec<SpecProblem>) -> SpecErrors {
        let reading = self.source.reading();
        self.source.locate(problems.into_iter().map(|problem| reading.place(problem)).collect())
    }

    /// The error that no point satisfies these constraints of its space.
    pub fn refuse_constraints(&self, constraints: &[Constraint]) -> SpecErrors {
        let reading = self.source.reading();
        let fixed = |name: &str| reading.fixed(name);
        let places: Vec<Option<(At, String)>> =
            constraints.iter().map(|constraint| reading.search.place_of(constraint, fixed)).collect();
        let texts = constraints.iter().zip(&places).map(|(constraint, place)| match place {
            Some((_, text)) => format!("`{text}`"),
            None => format!("`{constraint}`"),
        });
        let message = format!("no point of 10,000 satisfies {}", texts.collect::<Vec<_>>().join(" and "));
        let mut names: Vec<&str> = constraints.iter().flat_map(Constraint::names).collect();
        names.sort_unstable();
        names.dedup();
        let ranges = names
            .iter()
            .filter_map(|name| Some(format!("`{name}` is searched over {}", self.search.get(name)?)));
        let ranges: Vec<String> = ranges.collect();
        let help = match ranges.as_slice() {
            [] => "it is about fixed values only; change one of them".to_owned(),
            ranges => format!("loosen the constraint or widen a range: {}", ranges.join(", ")),
        };
        let at = places.into_iter().flatten().next_back().map_or(At::Start, |(at, _)| at);
        self.source.locate(vec![Complaint::new(message).help(help).at(at)])
    }
}

impl SpecSource {
    /// What it says, read once more for the places.
    fn reading(&self) -> Reading {
        read::read(&self.text, &self.overrides)
    }

    /// Problems as errors, by position.
    pub(super) fn locate(&self, problems: Vec<Problem>) -> SpecErrors {
        SpecErrors::locate(problems, &self.text, &self.path, &self.overrides)
    }
}

impl Reading {
    /// What it names that lies outside of it.
    pub(super) fn named<'a>(&'a self, spec: &'a Path) -> Named<'a> {
        let text = |key| match self.values.get(key).map(|located| &located.value) {
            Some(ParamValue::Text(text)) if !text.is_empty() => Some(text.as_str()),
            _ => None,
        };
        Named { spec, dataset: text(keys::DATASET), pretrained: text(keys::PRETRAINED) }
    }

    /// A problem at the place of its key.
    pub(super) fn place(&self, problem: SpecProblem) -> Problem {
        let SpecProblem { key, message, help } = problem;
        let at = match &self.objective {
            Some(objective) if key == keys::OBJECTIVE => Some(&objective.at),
            _ => self.values.get(key).map(|located| &located.at),
        };
        Complaint::new(message).maybe_help(help).at(at.cloned().unwrap_or(At::Start))
    }
}
