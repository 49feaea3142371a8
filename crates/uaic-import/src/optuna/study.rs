//! A study of Optuna, while it is put together.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use uaic_study::space::{Distribution, Space};
use uaic_study::store::OptunaScope;
use uaic_study::trial::{Direction, Goals};

use super::distribution::Drawn;
use super::meaning::{LONGEST_TAG, METRIC_NAMES, goals_of, missed, tag_name};
use crate::error::ImportError;
use crate::json::Json;
use crate::record::{Skipped, SourceStudy};
use crate::sink::Sink;

/// Attributes that are kept of a study or a trial.
const MOST_ATTRIBUTES: usize = 10_000;

/// A study.
#[derive(Debug)]
pub(super) struct Study {
    pub(super) origin: String,
    pub(super) name: String,
    pub(super) directions: Vec<Direction>,
    pub(super) user: Attributes,
    pub(super) system: Attributes,
    pub(super) space: SpaceOf,
    pub(super) trials: u32,
    pub(super) started_ms: Option<i64>,
}

impl Study {
    pub(super) fn new(name: &str, place: &str, directions: Vec<Direction>) -> Self {
        Self {
            origin: format!("optuna:{name}@{place}"),
            name: name.to_owned(),
            directions,
            user: Attributes::default(),
            system: Attributes::default(),
            space: SpaceOf::default(),
            trials: 0,
            started_ms: None,
        }
    }

    /// What it optimises; unnamed metrics are called as in Optuna's tables.
    pub(super) fn goals(&self) -> Goals {
        goals_of(&self.directions, self.system.get(METRIC_NAMES))
    }

    /// Gives the study, and tells what of it did not come over.
    pub(super) fn give(&self, sink: &mut dyn Sink) -> Result<(), ImportError> {
        sink.study(SourceStudy {
            origin: self.origin.clone(),
            experiment: self.name.clone(),
            name: self.name.clone(),
            goals: self.goals(),
            space: Space::new(self.space.ours.clone()),
            trials: self.trials,
            started_ms: self.started_ms,
            tags: tags(&self.user, &self.system),
        })?;
        for (name, why) in self.space.refused.iter().chain(&self.space.doubts) {
            sink.skipped(Skipped::new(
                format!("`{name}` in the space of the study `{}`", self.name),
                why.clone(),
            ))?;
        }
        for name in self.user.left_out.iter().chain(&self.system.left_out) {
            sink.skipped(Skipped::new(
                format!("the attribute `{name}` of the study `{}`", self.name),
                TOO_LONG,
            ))?;
        }
        Ok(())
    }
}

/// Why an attribute is left out.
pub(super) const TOO_LONG: &str = "it is longer than 64 KiB";

/// Attributes, as trees.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    values: BTreeMap<String, Json>,
    pub(super) left_out: Vec<String>,
}

impl Attributes {
    /// Takes an attribute as the JSON that is stored.
    pub(super) fn take(&mut self, key: String, json: &str) {
        let value = if json.len() > LONGEST_TAG {
            None
        } else {
            Some(Json::parse(json.as_bytes()).unwrap_or(Json::Text(json.to_owned())))
        };
        self.set(key, value);
    }

    /// Takes an attribute.
    pub(super) fn take_value(&mut self, key: String, value: Json) {
        let is_short = !matches!(&value, Json::Text(text) if text.len() > LONGEST_TAG)
            && (matches!(value, Json::Text(_)) || value.to_string().len() <= LONGEST_TAG);
        self.set(key, is_short.then_some(value));
    }

    fn set(&mut self, key: String, value: Option<Json>) {
        match value {
            Some(value) if self.values.len() < MOST_ATTRIBUTES => drop(self.values.insert(key, value)),
            _ if self.left_out.len() < 10 => self.left_out.push(key),
            _ => {}
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        self.values.get(key)
    }

    /// By how much constraints are missed, in the form of old and of new versions; `None` without any.
    pub(super) fn violation(&self) -> Option<f64> {
        let missed: Vec<f64> = self.values.iter().filter_map(|(key, value)| missed(key, value)).collect();
        (!missed.is_empty()).then(|| missed.iter().sum())
    }
}

/// The attributes of users, and Optuna's own behind a prefix.
pub(super) fn tags(user: &Attributes, system: &Attributes) -> BTreeMap<String, String> {
    let of = |scope, attributes: &'_ Attributes| -> Vec<(String, String)> {
        let named = |(key, value): (&String, &Json)| Some((tag_name(scope, key)?, value.tag()));
        attributes.values.iter().filter_map(named).collect()
    };
    of(OptunaScope::User, user).into_iter().chain(of(OptunaScope::System, system)).collect()
}

/// A space while the distributions of its trials come.
#[derive(Debug, Default)]
pub(super) struct SpaceOf {
    ours: BTreeMap<String, Distribution>,
    refused: BTreeMap<String, String>,
    doubts: BTreeMap<String, String>,
}

impl SpaceOf {
    /// Takes the distribution of a parameter of some trial.
    pub(super) fn take(&mut self, name: &str, drawn: Option<&Drawn>) {
        let ours = drawn.ok_or_else(|| "its distribution is unknown".to_owned()).and_then(Drawn::ours);
        let ours =
            ours.and_then(|ours| self.ours.get(name).map_or(Ok(ours.clone()), |before| before.union(&ours)));
        if let Some(doubt) = drawn.and_then(Drawn::doubt) {
            self.doubts.insert(name.to_owned(), doubt.to_owned());
        }
        match ours {
            Ok(ours) if !self.refused.contains_key(name) => drop(self.ours.insert(name.to_owned(), ours)),
            Ok(_) => {}
            Err(why) => {
                self.ours.remove(name);
                self.refused.insert(name.to_owned(), why);
            }
        }
    }
}

/// Distributions that were read, by their text: trials repeat them.
#[derive(Default)]
pub(super) struct Known(HashMap<String, Option<Rc<Drawn>>>);

impl Known {
    pub(super) fn read(&mut self, json: &str) -> Option<Rc<Drawn>> {
        if let Some(known) = self.0.get(json) {
            return known.clone();
        }
        let drawn = Drawn::of(json.as_bytes()).map(Rc::new);
        if self.0.len() < 10_000 {
            self.0.insert(json.to_owned(), drawn.clone());
        }
        drawn
    }
}
