//! What goes into the log.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Redaction;

/// The label of a text that has no intent, as in the out-of-scope splits of the bundled data.
pub const NO_INTENT: &str = "<unknown>";

/// The role of a model that answers next to another without anybody seeing it.
pub const SHADOW: &str = "shadow";

/// How a log is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The database; created, and its folder too, where it is not there.
    pub path: PathBuf,
    /// Whether texts are kept. Without, a row has no text, and of its response only the labels.
    pub keep_text: bool,
    /// What is taken out of texts before they are written.
    pub redaction: Redaction,
    /// The age at which rows are deleted; `None` for never.
    pub keep_for: Option<Duration>,
    /// The size of the database, in bytes, at which the oldest rows are deleted; `None` for never. A
    /// sixteenth of free pages comes on top, and so does the log of the last writes (`-wal`): 16 MiB,
    /// under steady load 128 MiB.
    pub keep_bytes: Option<u64>,
    /// Entries that may wait to be written; further ones are dropped and counted.
    pub queue: usize,
}

impl Settings {
    /// Entries that may wait by default: a second of writing at 16,000 texts a second, in 4 MB.
    pub const QUEUE: usize = 16_384;

    /// A log at `path` that keeps everything for ever.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            keep_text: true,
            redaction: Redaction::default(),
            keep_for: None,
            keep_bytes: None,
            queue: Self::QUEUE,
        }
    }
}

/// A text that was answered.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The id of the request. It may be the client's, so it need not be unique; it is stored as it is.
    pub id: String,
    /// When the request came, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The route's template.
    pub route: &'static str,
    /// The model's name.
    pub model: Arc<str>,
    /// The model's version.
    pub version: Arc<str>,
    /// `live`, `canary` or `shadow`.
    pub role: &'static str,
    /// The number of the text within its request, from 0.
    pub position: u32,
    /// The text.
    pub text: String,
    /// The label predicted.
    pub label: Arc<str>,
    /// The confidence of the label, 0 to 1.
    pub confidence: f64,
    /// Whether the text was told out of scope; `None` for models that do not tell.
    pub out_of_scope: Option<bool>,
    /// The best labels: a JSON array of objects with `label` and `confidence`.
    pub response: String,
    /// From the request read to the answer made, in microseconds.
    pub latency_us: u64,
    /// The trace id of the request's `traceparent`.
    pub trace: Option<String>,
}

/// The right label of a text that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The id of the request.
    pub id: String,
    /// The number of the text within its request, from 0.
    pub position: u32,
    /// The right label; [`NO_INTENT`] for a text without one.
    pub label: String,
    /// When it was told, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// What became of the entries so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Entries, feedback included, that are in the database.
    pub written: u64,
    /// Entries lost: the queue was full, or the database could not be written until the end.
    pub dropped: u64,
    /// Writes that failed; their entries are tried again.
    pub failed: u64,
}

/// What was answered to a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicted {
    /// The model's name.
    pub model: Arc<str>,
    /// The model's version.
    pub version: Arc<str>,
    /// The label predicted.
    pub label: Arc<str>,
    /// Whether the text was told out of scope.
    pub out_of_scope: Option<bool>,
}

impl Predicted {
    /// Whether this was the right answer to a text of that label.
    pub fn is_right(&self, label: &str) -> bool {
        is_right(&self.label, self.out_of_scope, label)
    }
}

/// Whether a prediction is right for a text whose label is `label`: one that is told out of scope
/// must have no intent, whatever label came first.
pub(super) fn is_right(predicted: &str, out_of_scope: Option<bool>, label: &str) -> bool {
    if out_of_scope == Some(true) { label == NO_INTENT } else { label == predicted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_told_out_of_scope_is_right_when_it_has_no_intent() {
        let told = |out_of_scope| Predicted {
            model: "m".into(),
            version: "1".into(),
            label: "flight".into(),
            out_of_scope,
        };
        assert!(told(None).is_right("flight") && told(Some(false)).is_right("flight"));
        assert!(!told(Some(true)).is_right("flight") && told(Some(true)).is_right(NO_INTENT));
        assert!(!told(Some(false)).is_right(NO_INTENT) && !told(None).is_right("airfare"));
    }
}
