//! Which rows are meant.

use rusqlite::types::Value;

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
    pub(super) fn conditions(&self) -> Conditions {
        let mut parts: Vec<(&str, Value)> = Vec::new();
        // Rows are read in their order, not in that of time, which clocks that are set back put into
        // disorder; so the first row of the time is looked up.
        let since = "requests.row >= (SELECT min(row) FROM requests WHERE at_ms >= ?)";
        parts.extend(self.since_ms.map(|time| (since, time.into())));
        parts.extend(self.since_ms.map(|time| ("+requests.at_ms >= ?", time.into())));
        parts.extend(self.until_ms.map(|time| ("+requests.at_ms < ?", time.into())));
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
}
