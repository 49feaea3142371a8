//! Experiments.

use std::collections::BTreeMap;
use std::fmt;

/// The number of an experiment. That of the experiment `Default` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExperimentId(pub i64);

impl fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ExperimentId {
    /// Reads decimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        is_plain.then(|| text.parse().ok()).flatten().map(Self)
    }

    /// Where artifacts of its runs are, unless it says otherwise: with the server.
    pub fn location(self) -> String {
        format!("mlflow-artifacts:/{self}")
    }
}

/// An experiment to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewExperiment {
    /// Its name, which no other has.
    pub name: String,
    /// The address of its runs' artifacts, where it is not here. It is never opened.
    pub location: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A stored experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentRecord {
    /// Its number.
    pub id: ExperimentId,
    /// Its name.
    pub name: String,
    /// The address of its runs' artifacts.
    pub location: String,
    /// Whether it is deleted.
    pub is_deleted: bool,
    /// When it was made, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was changed.
    pub updated_ms: i64,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A change of an experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExperimentEdit {
    /// Gives it another name.
    Rename(String),
    /// Deletes it and its runs.
    Delete,
    /// Restores it and its runs.
    Restore,
    /// Sets a tag.
    SetTag {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
    },
    /// Takes a tag away.
    RemoveTag(String),
}
