//! What is wrong with a query, and where.

use uaic_wording::{ErrorKind, nearest};

use super::ATTRIBUTES;

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}\n  {text}\n  {:>width$}", "^", width = self.column())]
pub struct QueryError {
    /// What is wrong.
    pub message: String,
    /// The whole query, on one line.
    pub text: String,
    /// Where, in bytes from the start.
    pub at: usize,
}

impl QueryError {
    pub(super) fn new(message: impl Into<String>, text: &str, at: usize) -> Self {
        Self { message: message.into(), text: text.replace(['\n', '\r', '\t'], " "), at }
    }

    pub(super) fn unknown_field(name: &str, text: &str, at: usize) -> Self {
        let names = ATTRIBUTES.iter().map(|(name, _)| *name);
        let kinds = ["metrics.", "params.", "tags."];
        let meant = nearest::nearest(name, names.chain(kinds));
        let hint = match meant {
            Some(meant) if kinds.contains(&meant) => format!("; did you mean `{meant}NAME`?"),
            Some(meant) => format!("; did you mean `{meant}`?"),
            None => {
                "; a field is `metrics.NAME`, `params.NAME`, `tags.NAME`, or one of id, name, experiment, \
                     study, parent, kind, state, number, value, started, ended, duration, attempts, reason, \
                     note, hidden"
                    .to_owned()
            }
        };
        Self::new(format!("there is no field `{name}`{hint}"), text, at)
    }

    /// The column of the place, from 1.
    fn column(&self) -> usize {
        self.text.get(..self.at).map_or(1, |before| before.chars().count() + 1)
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Usage
    }
}
