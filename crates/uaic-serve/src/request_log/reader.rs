//! Reading a log, while a server may write to it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;

use super::entry::{Predicted, is_right};
use super::filter::{Conditions, Filter};
use super::{RequestLogError, insert, key, schema};

/// The columns of a [`Logged`], and the tables they come from. The newest feedback of a row counts.
const SELECT: &str = "SELECT requests.id, requests.at_ms, origins.route, origins.model, origins.version, \
     origins.role, requests.position, requests.text, labels.name, requests.confidence, \
     requests.out_of_scope, requests.response, requests.latency_us, requests.trace, \
     right_labels.name, feedback.at_ms, feedback.source \
     FROM requests \
     CROSS JOIN origins ON origins.origin = requests.origin \
     CROSS JOIN labels ON labels.label = requests.label \
     LEFT JOIN feedback ON feedback.row = \
        (SELECT max(latest.row) FROM feedback AS latest WHERE latest.request = requests.row) \
     LEFT JOIN labels AS right_labels ON right_labels.label = feedback.label";

/// A text that was answered, as it was logged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Logged {
    /// The id of the request.
    pub id: String,
    /// When the request came, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The route's template.
    pub route: String,
    /// The model's name.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// `live`, `canary` or `shadow`.
    pub role: String,
    /// The number of the text within its request, from 0.
    pub position: u32,
    /// The text, unless texts are not kept.
    pub text: Option<String>,
    /// The label predicted.
    pub label: String,
    /// The confidence of the label; `None` when it was no number.
    pub confidence: Option<f64>,
    /// Whether the text was told out of scope.
    pub out_of_scope: Option<bool>,
    /// The best labels, as JSON.
    pub response: Option<String>,
    /// From the request read to the answer made, in microseconds.
    pub latency_us: u64,
    /// The trace id of the request.
    pub trace: Option<String>,
    /// What somebody has told of it.
    pub correction: Option<Correction>,
}

/// The right label of a text, as somebody has told it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Correction {
    /// The right label; [`super::NO_INTENT`] for a text without one.
    pub label: String,
    /// When it was told, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// `client` or `cli`.
    pub source: String,
}

impl Logged {
    /// Whether the prediction was right, where somebody has told.
    pub fn is_right(&self) -> Option<bool> {
        let correction = self.correction.as_ref()?;
        Some(is_right(&self.label, self.out_of_scope, &correction.label))
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let correction = match row.get::<_, Option<String>>(14)? {
            Some(label) => Some(Correction { label, at_ms: row.get(15)?, source: row.get(16)? }),
            None => None,
        };
        Ok(Self {
            id: row.get(0)?,
            at_ms: row.get(1)?,
            route: row.get(2)?,
            model: row.get(3)?,
            version: row.get(4)?,
            role: row.get(5)?,
            position: row.get(6)?,
            text: row.get(7)?,
            label: row.get(8)?,
            confidence: row.get(9)?,
            out_of_scope: row.get(10)?,
            response: row.get(11)?,
            latency_us: row.get::<_, i64>(12)?.max(0) as u64,
            trace: row.get(13)?,
            correction,
        })
    }
}

/// A log that is being read.
pub struct RequestReader {
    connection: Connection,
    path: PathBuf,
}

impl RequestReader {
    /// Opens the log at `path` for reading. Creates nothing.
    ///
    /// # Errors
    /// [`RequestLogError::Missing`] where there is none; it is damaged, somebody else's or of a newer
    /// format.
    pub fn open(path: &Path) -> Result<Self, RequestLogError> {
        Ok(Self { connection: schema::open_reader(path)?, path: path.to_owned() })
    }

    /// The rows that are meant, the newest first.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Logged>, RequestLogError> {
        let mut rows = Vec::new();
        self.visit(filter, |row| rows.push(row))?;
        Ok(rows)
    }

    /// Shows the rows that are meant, the newest first, without holding all of them in memory. A
    /// server may write meanwhile; what it writes is not seen.
    ///
    /// # Errors
    /// As [`RequestReader::list`].
    pub fn visit(&self, filter: &Filter, mut show: impl FnMut(Logged)) -> Result<(), RequestLogError> {
        let mut left = filter.limit.unwrap_or(u64::MAX);
        let mut work = || -> rusqlite::Result<()> {
            let Conditions { sql, values } = filter.conditions();
            let sql = format!("{SELECT} {sql} ORDER BY requests.row DESC");
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(values))?;
            while left > 0
                && let Some(row) = rows.next()?
            {
                let row = Logged::from_row(row)?;
                if !filter.only_wrong || row.is_right() == Some(false) {
                    left -= 1;
                    show(row);
                }
            }
            Ok(())
        };
        work().map_err(RequestLogError::at(&self.path))
    }

    /// All rows of a request, by position, the answer that was seen before those of shadows, newer
    /// ones of the same id first.
    ///
    /// # Errors
    /// As [`RequestReader::list`].
    pub fn get(&self, id: &str) -> Result<Vec<Logged>, RequestLogError> {
        let work = || -> rusqlite::Result<Vec<Logged>> {
            let mut look = self.connection.prepare_cached(&format!("{SELECT} WHERE requests.row = ?"))?;
            let rows = key::rows(&self.connection, id)?;
            rows.map(|row| look.query_row([row?], Logged::from_row)).collect()
        };
        let mut rows = work().map_err(RequestLogError::at(&self.path))?;
        rows.sort_by_key(|row| (row.position, row.role == super::SHADOW));
        Ok(rows)
    }

    /// What was answered to a text of a request.
    ///
    /// # Errors
    /// As [`RequestReader::list`].
    pub fn predicted(&self, id: &str, position: u32) -> Result<Option<Predicted>, RequestLogError> {
        let work = || -> rusqlite::Result<Option<Predicted>> {
            let rows = insert::rows_of(&self.connection, id, position)?;
            let Some(row) = rows.first() else { return Ok(None) };
            let sql = "SELECT model, version, name, out_of_scope FROM requests JOIN origins USING (origin)
                       JOIN labels USING (label) WHERE row = ? AND role != ?";
            let mut statement = self.connection.prepare_cached(sql)?;
            let text = |row: &Row<'_>, column| row.get::<_, String>(column).map(Into::into);
            let predicted = |row: &Row<'_>| {
                Ok(Predicted {
                    model: text(row, 0)?,
                    version: text(row, 1)?,
                    label: text(row, 2)?,
                    out_of_scope: row.get(3)?,
                })
            };
            statement.query_row(params![row, super::SHADOW], predicted).optional()
        };
        work().map_err(RequestLogError::at(&self.path))
    }

    /// The labels that occur, predicted or told, by name.
    ///
    /// # Errors
    /// As [`RequestReader::list`].
    pub fn labels(&self) -> Result<Vec<String>, RequestLogError> {
        self.names("SELECT name FROM labels ORDER BY name")
    }

    /// The models that occur, by name.
    ///
    /// # Errors
    /// As [`RequestReader::list`].
    pub fn models(&self) -> Result<Vec<String>, RequestLogError> {
        self.names("SELECT DISTINCT model FROM origins ORDER BY model")
    }

    /// The versions of a model that occur, by name.
    ///
    /// # Errors
    /// As [`RequestReader::list`].
    pub fn versions(&self, model: &str) -> Result<Vec<String>, RequestLogError> {
        let work = || -> rusqlite::Result<Vec<String>> {
            let sql = "SELECT DISTINCT version FROM origins WHERE model = ? ORDER BY version";
            self.connection.prepare_cached(sql)?.query_map([model], |row| row.get(0))?.collect()
        };
        work().map_err(RequestLogError::at(&self.path))
    }

    fn names(&self, sql: &str) -> Result<Vec<String>, RequestLogError> {
        let work = || -> rusqlite::Result<Vec<String>> {
            self.connection.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        work().map_err(RequestLogError::at(&self.path))
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
