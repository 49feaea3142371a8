//! Which rows are meant.

use rusqlite::types::Value;

/// How much later than its neighbours a row may have come: answers are recorded when they are made,
/// which no deadline lets take longer.
const DISORDER_MS: i64 = 10 * 60 * 1000;

/// Which rows are meant; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only since this time, in milliseconds since 1970 UTC.
    pub since_ms: Option<i64>,
    /// Only before this time.
    pub until_ms: Option<i64>,
    /// Only of this model.
    pub model: Option<String>,
    /// Only of this version.
    pub version: Option<String>,
    /// Only in this role.
    pub role: Option<String>,
    /// Only predicted as this label.
    pub label: Option<String>,
    /// Only with a confidence below this one.
    pub below: Option<f64>,
    /// Only what was told out of scope, or only what was told in scope.
    pub out_of_scope: Option<bool>,
    /// Only with feedback.
    pub with_feedback: bool,
    /// Only with feedback that says otherwise.
    pub only_wrong: bool,
    /// Only texts with this part; letter case of ASCII is ignored.
    pub text: Option<String>,
    /// At most so many rows.
    pub limit: Option<u64>,
}

/// The part of a statement that a filter becomes: conditions, and the values of their `?`.
pub(super) struct Conditions {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Filter {
    /// The conditions that SQLite can decide; [`Filter::only_wrong`] is left to the reader.
    pub(super) fn conditions(&self, first_row: i64) -> Conditions {
        let mut parts: Vec<(&str, Value)> = Vec::new();
        if first_row > 0 {
            parts.push(("requests.row >= ?", first_row.into()));
        }
        parts.extend(self.since_ms.map(|time| ("requests.at_ms >= ?", time.into())));
        parts.extend(self.until_ms.map(|time| ("requests.at_ms < ?", time.into())));
        parts.extend(self.model.clone().map(|name| ("origins.model = ?", name.into())));
        parts.extend(self.version.clone().map(|name| ("origins.version = ?", name.into())));
        parts.extend(self.role.clone().map(|name| ("origins.role = ?", name.into())));
        parts.extend(self.label.clone().map(|name| ("labels.name = ?", name.into())));
        parts.extend(self.below.map(|limit| ("requests.confidence < ?", limit.into())));
        parts.extend(self.out_of_scope.map(|told| ("requests.out_of_scope = ?", i64::from(told).into())));
        parts
            .extend(self.text.clone().map(|part| ("instr(lower(requests.text), lower(?)) > 0", part.into())));
        let mut sql: Vec<&str> = parts.iter().map(|(sql, _)| *sql).collect();
        if self.with_feedback || self.only_wrong {
            sql.push("feedback.row IS NOT NULL");
        }
        let sql = if sql.is_empty() { String::new() } else { format!("WHERE {}", sql.join(" AND ")) };
        Conditions { sql, values: parts.into_iter().map(|(_, value)| value).collect() }
    }

    /// The time that the first row to look at must have been written after.
    pub(super) fn rows_since_ms(&self) -> Option<i64> {
        self.since_ms.map(|time| time.saturating_sub(DISORDER_MS))
    }
}
