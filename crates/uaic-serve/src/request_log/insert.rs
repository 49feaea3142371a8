//! The statements that write rows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::entry::{Entry, Feedback, SHADOW, Settings};
use super::{RequestLogError, key, schema};

const INSERT: &str = "INSERT INTO requests (row, at_ms, origin, label, position, confidence, out_of_scope, \
     latency_us, id_key, id, text, response, trace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// Names that are remembered at most; clients may tell any number of labels.
const REMEMBERED: usize = 10_000;

/// Who told a right label.
#[derive(Clone, Copy, Debug)]
pub(super) enum Teller {
    /// A client of the server.
    Client,
    /// `uaic requests label`.
    Cli,
}

/// The rows of names that have been written, so that each is looked up once.
#[derive(Default)]
pub(super) struct Names {
    origins: HashMap<Origin, i64>,
    labels: HashMap<Arc<str>, i64>,
}

#[derive(PartialEq, Eq, Hash)]
struct Origin {
    route: &'static str,
    model: Arc<str>,
    version: Arc<str>,
    role: &'static str,
}

impl Names {
    /// What a transaction that was taken back has written is not there.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    fn origin(&mut self, connection: &Connection, entry: &Entry) -> rusqlite::Result<i64> {
        let origin = Origin {
            route: entry.route,
            model: entry.model.clone(),
            version: entry.version.clone(),
            role: entry.role,
        };
        if let Some(&row) = self.origins.get(&origin) {
            return Ok(row);
        }
        let values = [origin.route, &*origin.model, &*origin.version, origin.role];
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO origins (route, model, version, role) VALUES (?, ?, ?, ?)",
            )?
            .execute(values)?;
        let row = connection
            .prepare_cached(
                "SELECT origin FROM origins WHERE route = ? AND model = ? AND version = ? AND role = ?",
            )?
            .query_row(values, |row| row.get(0))?;
        if self.origins.len() >= REMEMBERED {
            self.origins.clear();
        }
        self.origins.insert(origin, row);
        Ok(row)
    }

    fn label(&mut self, connection: &Connection, label: &str) -> rusqlite::Result<i64> {
        if let Some(&row) = self.labels.get(label) {
            return Ok(row);
        }
        connection.prepare_cached("INSERT OR IGNORE INTO labels (name) VALUES (?)")?.execute([label])?;
        let row = connection
            .prepare_cached("SELECT label FROM labels WHERE name = ?")?
            .query_row([label], |row| row.get(0))?;
        if self.labels.len() >= REMEMBERED {
            self.labels.clear();
        }
        self.labels.insert(label.into(), row);
        Ok(row)
    }
}

/// Writes the rows of one transaction.
pub(super) struct Inserter<'a> {
    connection: &'a Connection,
    names: &'a mut Names,
    settings: &'a Settings,
    insert: CachedStatement<'a>,
    /// The row that comes next.
    row: i64,
}

impl<'a> Inserter<'a> {
    /// Begins; `connection` must be in a transaction that writes.
    pub(super) fn new(
        connection: &'a Connection,
        names: &'a mut Names,
        settings: &'a Settings,
    ) -> rusqlite::Result<Self> {
        let newest: i64 = connection
            .prepare_cached("SELECT ifnull(max(row), 0) FROM requests")?
            .query_row([], |row| row.get(0))?;
        let insert = connection.prepare_cached(INSERT)?;
        Ok(Self { connection, names, settings, insert, row: newest + 1 })
    }

    /// Writes the row of an answer.
    pub(super) fn entry(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        let origin = self.names.origin(self.connection, entry)?;
        let label = self.names.label(self.connection, &entry.label)?;
        let Settings { keep_text, redaction, .. } = self.settings;
        let text = keep_text.then(|| redaction.apply(&entry.text));
        let labels = if *keep_text && redaction.is_empty() { None } else { Some(labels_of(&entry.response)) };
        let response = labels.as_ref().map_or(Some(&entry.response), Option::as_ref);
        self.insert.execute(params![
            self.row,
            entry.at_ms,
            origin,
            label,
            entry.position,
            entry.confidence,
            entry.out_of_scope,
            i64::try_from(entry.latency_us).unwrap_or(i64::MAX),
            key::key(self.row, &entry.id),
            entry.id,
            text.as_deref(),
            response,
            entry.trace,
        ])?;
        self.row += 1;
        Ok(())
    }

    /// Writes what a client has told.
    pub(super) fn feedback(&mut self, feedback: &Feedback) -> rusqlite::Result<()> {
        let label = self.names.label(self.connection, &feedback.label)?;
        insert_feedback(self.connection, feedback, label, Teller::Client).map(drop)
    }
}

/// The labels and confidences of a response, without anything else that may be in it; `None` when
/// it is no list of labels.
fn labels_of(response: &str) -> Option<String> {
    #[derive(serde::Deserialize, serde::Serialize)]
    struct Ranked<'a> {
        #[serde(borrow)]
        label: Cow<'a, str>,
        confidence: Option<f64>,
    }
    let ranked: Vec<Ranked<'_>> = serde_json::from_str(response).ok()?;
    serde_json::to_string(&ranked).ok()
}

/// Writes feedback for every row that it is about, and returns their number. About none it is kept
/// on its own.
fn insert_feedback(
    connection: &Connection,
    feedback: &Feedback,
    label: i64,
    teller: Teller,
) -> rusqlite::Result<usize> {
    let rows = rows_of(connection, &feedback.id, feedback.position)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO feedback (request, id, position, label, at_ms, source) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    let source = match teller {
        Teller::Client => "client",
        Teller::Cli => "cli",
    };
    let alone = [None];
    let targets: Vec<Option<i64>> = rows.iter().copied().map(Some).collect();
    for request in if targets.is_empty() { &alone[..] } else { &targets } {
        let Feedback { id, position, at_ms, .. } = feedback;
        insert.execute(params![request, id, position, label, at_ms, source])?;
    }
    Ok(rows.len())
}

/// The row of the answer that was seen, the newest should clients have used the id more than once,
/// and the rows of the shadows that were asked the same.
pub(super) fn rows_of(connection: &Connection, id: &str, position: u32) -> rusqlite::Result<Vec<i64>> {
    let mut look = connection.prepare_cached(
        "SELECT role, at_ms FROM requests JOIN origins USING (origin) WHERE row = ? AND position = ?",
    )?;
    let mut seen: Option<(i64, i64)> = None;
    let mut shadows: Vec<(i64, i64)> = Vec::new();
    let mut rows = key::rows(connection, id)?;
    while let Some(row) = rows.next().transpose()? {
        let found: Option<(String, i64)> =
            look.query_row(params![row, position], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match found {
            Some((role, at_ms)) if role == SHADOW => shadows.push((row, at_ms)),
            Some(_) if seen.is_some() => break,
            Some((_, at_ms)) => {
                seen = Some((row, at_ms));
                // A shadow may be done before the answer that it follows, but not by much.
                rows.stop_soon();
            }
            None => {}
        }
    }
    // A shadow is asked once the request is there; an older one was asked something else.
    let since_ms = seen.map_or(i64::MIN, |(_, at_ms)| at_ms);
    shadows.retain(|(_, at_ms)| *at_ms >= since_ms);
    Ok(seen.into_iter().chain(shadows).map(|(row, _)| row).collect())
}

/// Records corrections from the terminal, all or none of them, and says for each how many rows it
/// is about. Those about none are not written.
///
/// # Errors
/// There is no log at `path`, or it cannot be written.
pub fn correct(path: &Path, corrections: &[Feedback]) -> Result<Vec<usize>, RequestLogError> {
    let mut connection = schema::open_existing(path)?;
    let mut names = Names::default();
    let work = |transaction: Transaction<'_>| {
        let mut counts = Vec::with_capacity(corrections.len());
        for correction in corrections {
            if rows_of(&transaction, &correction.id, correction.position)?.is_empty() {
                counts.push(0);
                continue;
            }
            let label = names.label(&transaction, &correction.label)?;
            counts.push(insert_feedback(&transaction, correction, label, Teller::Cli)?);
        }
        transaction.commit()?;
        Ok(counts)
    };
    let begin = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    begin.and_then(work).map_err(RequestLogError::at(path))
}
