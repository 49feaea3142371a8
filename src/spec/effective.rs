//! The effective spec: with every default filled in and every override applied.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::condition::{Choices, has};
use super::keys::{self, ARCHITECTURE, KEYS, Key, OBJECTIVE, SEARCH, SECTIONS};
use super::kind::split_names;
use super::records::{ObjectiveSpec, Spec, TrainingSpec, natural_direction};
use super::value::Given;
use crate::trial::{ParamValue, Params};
use uaic_model::model::ModelSpec;
use uaic_study::space::Space;

/// A point that does not fit a spec. Points of the spec's own space always do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PointError {
    /// No key of `[text]`, `[model]` or `[train]`.
    #[error("`{key}` is no parameter that can be set; `uaic schema` lists the keys")]
    UnknownKey {
        /// The parameter.
        key: String,
    },
    /// A value that the key does not take.
    #[error("{message}")]
    IllegalValue {
        /// The parameter.
        key: String,
        /// What is wrong with its value.
        message: String,
    },
    /// The spec has an `[objective]`.
    #[error("a spec with [objective] trains no model at its points")]
    NoTraining,
}

/// Checks the values of a section that do not come from a spec, such as those of a stored model,
/// against the table of keys. Keys that are not there keep their default.
///
/// # Errors
/// A value is none that its key takes; says which and why.
pub fn check_section(section: &str, values: &impl Serialize) -> Result<(), String> {
    let table = Table::try_from(values).map_err(|error| error.to_string())?;
    for key in KEYS.iter().filter(|key| key.section() == section) {
        if let Some(value) = keys::value_at(&table, key.name()) {
            key.kind.check(key.path, &value).map_err(|complaint| complaint.message)?;
        }
    }
    Ok(())
}

impl Spec {
    /// The training spec at a point of the search space. Keys that `params` leaves out keep the
    /// spec's own values.
    ///
    /// # Errors
    /// A parameter that cannot be set, or a value that its key does not take: never for a point of the
    /// search space of a training. Or the spec has an `[objective]`.
    pub fn at(&self, params: &Params) -> Result<TrainingSpec, PointError> {
        self.training().ok_or(PointError::NoTraining)?;
        let mut given = self.given.clone();
        for (path, value) in params {
            let unknown = || PointError::UnknownKey { key: path.clone() };
            let key = keys::find(path).filter(|key| key.is_searchable()).ok_or_else(unknown)?;
            let illegal = |message| PointError::IllegalValue { key: path.clone(), message };
            let value = key.kind.check(path, value).map_err(|complaint| illegal(complaint.message))?;
            given.insert(key.path, value);
        }
        let mut table = filled(&given);
        for section in ["experiment", "study", "pruner", "final"] {
            table.remove(section);
        }
        TrainingSpec::deserialize(table).map_err(|error| PointError::IllegalValue {
            key: String::new(),
            message: error.message().to_owned(),
        })
    }

    /// The effective spec as TOML: every key that means something, in the order of the documentation.
    /// Reading it gives this spec again.
    pub fn effective_toml(&self) -> String {
        self.write(|key| self.training().is_some() || !key.is_ours(), Extent::Whole)
    }

    /// The value of a key, in a test.
    #[cfg(test)]
    pub(super) fn value_of(&self, path: &str) -> Option<ParamValue> {
        keys::value_at(&self.table(), path)
    }

    /// All sections but `[search]`, without keys that mean nothing in any trial. A key that is not
    /// given is left out, too, where its default depends on the architecture of a trial.
    pub(super) fn table(&self) -> Table {
        let choices = Choices::of(&self.given, |path| self.search.get(path));
        values(&self.given, |key| {
            let mut defaults = choices.architectures_with(key).map(|name| key.default_in(name));
            let first = defaults.next().flatten()?;
            let agree = defaults.all(|other| other.as_ref() == Some(&first));
            (choices.admit(key) && agree).then_some(first)
        })
    }

    pub(super) fn write(&self, included: impl Fn(&Key) -> bool, extent: Extent) -> String {
        let table = self.table();
        let mut text = String::new();
        for (section, _) in SECTIONS.iter().filter(|(section, _)| !section.contains('.')) {
            let mut lines = String::new();
            for key in KEYS.iter().filter(|key| included(key)) {
                let name = key.path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'));
                if let (Some(name), Some(value)) = (name, keys::value_at(&table, key.path)) {
                    // Writing to a string cannot fail, here and below.
                    let _ = writeln!(lines, "{name} = {}", value.to_toml());
                }
            }
            if *section == SEARCH && extent == Extent::Whole {
                lines.push_str(&search_toml(&self.search));
            }
            if !lines.is_empty() {
                lines.insert_str(0, &format!("[{section}]\n"));
            }
            if *section == OBJECTIVE {
                lines.push_str(&objective_toml(&self.objective));
            }
            if !lines.is_empty() {
                let _ = write!(text, "{}{lines}", if text.is_empty() { "" } else { "\n" });
            }
        }
        text
    }
}

/// How much of a spec is written or hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// All but the search space, which may change while a study goes on.
    Frame,
}

/// `[objective]`; nothing where models of our own are trained.
fn objective_toml(objective: &ObjectiveSpec) -> String {
    let table = match objective {
        ObjectiveSpec::Training { .. } => return String::new(),
        ObjectiveSpec::Command(table) => table.clone(),
        ObjectiveSpec::Asked => Table::from_iter([("ask".to_owned(), true.into())]),
    };
    Table::from_iter([(OBJECTIVE.to_owned(), table.into())]).to_string()
}

/// The values of a spec with the defaults of its architecture, as nested tables; keys of other
/// architectures are left out.
pub(super) fn filled(given: &Given) -> Table {
    let usual = ModelSpec::default().architecture().to_owned();
    let architecture = given.get(ARCHITECTURE).map_or(usual, ToString::to_string);
    let own: Given = given
        .iter()
        .filter(|(path, _)| keys::find(path).is_some_and(|key| has(&architecture, key)))
        .map(|(path, value)| (*path, value.clone()))
        .collect();
    values(&own, |key| key.default_in(&architecture))
}

/// Values, and the wanted defaults of those that are not given, as nested tables.
fn values(given: &Given, default: impl Fn(&Key) -> Option<ParamValue>) -> Table {
    let mut root = Table::new();
    let validated = given.keys().any(|path| path.starts_with(keys::VALIDATION));
    for key in &KEYS {
        let value = given.get(key.path).cloned().or_else(|| match key.section() {
            keys::VALIDATION if validated => None,
            _ => default(key),
        });
        if let Some(value) = value {
            keys::put_at(&mut root, key.path, &value);
        }
    }
    if !given.contains_key(keys::DIRECTION) {
        let metrics = keys::value_at(&root, keys::METRIC).map(|metric| metric.to_string());
        let metrics = metrics.unwrap_or_default();
        let directions: Vec<String> =
            split_names(&metrics).into_iter().map(|metric| natural_direction(metric).to_string()).collect();
        keys::put_at(&mut root, keys::DIRECTION, &ParamValue::Text(directions.join(", ")));
    }
    root
}

/// The lines of `[search]`.
pub(super) fn search_toml(space: &Space) -> String {
    let mut lines = String::new();
    for (name, distribution) in space.iter() {
        let mut shown = distribution.to_string();
        if let Some(when) = space.condition(name) {
            let each = |(parent, values): (&String, &Vec<ParamValue>)| {
                let values: Vec<String> = values.iter().map(ParamValue::to_toml).collect();
                format!("{} = [{}]", ParamValue::from(parent.as_str()).to_toml(), values.join(", "))
            };
            let when: Vec<String> = when.iter().map(each).collect();
            shown.truncate(shown.len().saturating_sub(2));
            let _ = write!(shown, ", when = {{ {} }} }}", when.join(", "));
        }
        let _ = writeln!(lines, "\"{name}\" = {shown}");
    }
    if !space.constraints().is_empty() {
        let texts: Vec<String> = space
            .constraints()
            .iter()
            .map(|constraint| ParamValue::from(constraint.text()).to_toml())
            .collect();
        let _ = writeln!(lines, "constraints = [{}]", texts.join(", "));
    }
    lines
}
