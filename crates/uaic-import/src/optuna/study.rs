//! A study of Optuna, while it is put together.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use uaic_study::space::{Distribution, Space};
use uaic_study::trial::{Direction, Goal, Goals};

use super::distribution::Drawn;
use crate::error::ImportError;
use crate::json::Json;
use crate::record::{Skipped, SourceStudy};
use crate::sink::Sink;

/// The longest attribute that becomes a tag.
const LONGEST_TAG: usize = 64 << 10;

/// Attributes that are kept of a study or a trial.
const MOST_ATTRIBUTES: usize = 10_000;

/// What Optuna calls the metrics of a study that nobody has named.
const METRIC_NAMES: &str = "study:metric_names";

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
        let names = self.system.get(METRIC_NAMES).map(Json::items).unwrap_or_default();
        let name = |at: usize| match names.get(at).and_then(Json::as_str) {
            Some(name) => name.to_owned(),
            None if self.directions.len() == 1 => "value".to_owned(),
            None => format!("values_{at}"),
        };
        let goals = self.directions.iter().enumerate().map(|(at, direction)| Goal::new(name(at), *direction));
        Goals::new(goals).unwrap_or_else(|| Goal::new("value", Direction::Minimize).into())
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
        let listed = self.get("constraints").map(Json::items).unwrap_or_default().iter();
        let named =
            self.values.iter().filter(|(key, _)| key.starts_with("constraints:")).map(|(_, value)| value);
        let mut missed: Option<f64> = None;
        for value in listed.chain(named).filter_map(Json::as_f64) {
            // What is no number is missed by nobody knows how much.
            let by = if value.is_nan() { f64::INFINITY } else { value.max(0.0) };
            missed = Some(missed.unwrap_or_default() + by);
        }
        missed
    }
}

/// The attributes of users, and Optuna's own behind a prefix.
pub(super) fn tags(user: &Attributes, system: &Attributes) -> BTreeMap<String, String> {
    let system = system.values.iter().filter(|(key, _)| *key != METRIC_NAMES);
    let system = system.map(|(key, value)| (format!("optuna.{key}"), value.tag()));
    user.values.iter().map(|(key, value)| (key.clone(), value.tag())).chain(system).collect()
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
