//! How a field should be, as SQL.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::super::Fault;
use super::super::relation;
use super::super::rows::known_name;
use super::super::sql::Sql;
use uaic_study::store::Id;
use uaic_study::store::query::{Comparison, Literal, Relation};
use uaic_study::store::tracking::{
    Clause, DatasetField, NAME_TAG, NOTE_TAG, PARENT_TAG, RunField, RunStatus, Test, USER_TAG,
};

/// What translates clauses on runs.
pub(super) struct Translator<'a> {
    pub(super) connection: &'a Connection,
    /// Rows of processes that have died, as SQL lists them.
    pub(super) dead: String,
}

/// A column of texts, NULL where there is none.
pub(super) fn text(column: &str, test: &Test) -> Sql {
    let list = |texts: &[String]| {
        let places = vec!["?"; texts.len()].join(", ");
        (places, texts.iter().cloned().map(Value::Text).collect::<Vec<_>>())
    };
    match test {
        Test::Text(comparison, value) => {
            Sql::new(format!("{column} {} ?", comparison.sign()), vec![Value::Text(value.clone())])
        }
        Test::Number(comparison, value) => {
            Sql::new(format!("{column} {} ?", comparison.sign()), vec![Value::Text(value.to_string())])
        }
        Test::Like { pattern, case } => {
            relation::text(column, &Relation::Like { pattern: pattern.clone(), case: *case })
        }
        Test::Among(texts) => {
            let (places, values) = list(texts);
            Sql::new(format!("{column} IN ({places})"), values)
        }
        Test::NotAmong(texts) => {
            let (places, values) = list(texts);
            Sql::new(format!("{column} NOT IN ({places})"), values)
        }
        Test::Present => Sql::new(format!("{column} IS NOT NULL"), Vec::new()),
        Test::Absent => Sql::new(format!("{column} IS NULL"), Vec::new()),
    }
}

/// A column of numbers that are never NaN, NULL where there is none.
pub(super) fn number(column: &str, test: &Test) -> Sql {
    match test {
        Test::Number(comparison, value) => {
            Sql::new(format!("{column} {} ?", comparison.sign()), vec![Value::Real(*value)])
        }
        other => text(column, other),
    }
}

/// A column of texts whose expression asks for a key, before the values.
pub(super) fn keyed(column: &str, key: &str, test: &Test) -> Sql {
    let own = text(column, test);
    let times = own.text.matches(column).count();
    let keys = std::iter::repeat_n(Value::Text(key.to_owned()), times);
    Sql::new(own.text, keys.chain(own.values).collect())
}

/// The value of a metric in the row `own`; NULL is NaN.
pub(super) fn metric(test: &Test) -> Sql {
    match test {
        Test::Number(Comparison::NotEqual, value) => {
            Sql::new("ifnull(own.value <> ?, TRUE)", vec![Value::Real(*value)])
        }
        Test::Present => Sql::new("TRUE", Vec::new()),
        other => number("own.value", other),
    }
}

/// The text of a parameter in the row `own`.
fn param(test: &Test) -> Sql {
    match test {
        Test::Text(comparison, value) => {
            relation::of_param(&Relation::Compare(*comparison, Literal::Text(value.clone())))
        }
        Test::Like { pattern, case } => {
            relation::of_param(&Relation::Like { pattern: pattern.clone(), case: *case })
        }
        Test::Present => Sql::new("TRUE", Vec::new()),
        other => text(relation::SHOWN, other),
    }
}

/// The address below which the artifacts of the row `runs` are.
pub(super) const LOCATION: &str =
    "(SELECT ifnull(location, 'mlflow-artifacts:/' || id) FROM experiments WHERE experiments.id = runs.experiment)
     || '/' || lower(hex(runs.uuid)) || '/artifacts'";

/// The id of what the row `runs` is part of: of another run, or of its study.
pub(super) const PARENT: &str =
    "lower(hex(ifnull((SELECT uuid FROM runs AS above WHERE above.id = runs.parent),
     (SELECT uuid FROM studies WHERE studies.id = runs.study))))";

impl Translator<'_> {
    /// A clause on the row `runs`.
    pub(super) fn condition(&self, clause: &Clause<RunField>) -> Result<Sql, Fault> {
        let test = &clause.test;
        Ok(match &clause.field {
            RunField::Metric(key) => self.own("metrics", key, test, metric)?,
            RunField::Param(key) => self.own("params", key, test, param)?,
            RunField::Tag(key) => match key.as_str() {
                NAME_TAG => text("runs.name", test),
                NOTE_TAG => text("runs.note", test),
                PARENT_TAG => self.parent(test)?,
                key => self.own("tags", key, test, |test| text("own.value", test))?,
            },
            RunField::Id => match test {
                Test::Text(Comparison::Equal, id) => uuids("=", std::slice::from_ref(id)),
                Test::Among(ids) => uuids("IN", ids),
                other => text("lower(hex(runs.uuid))", other),
            },
            RunField::Name => text("ifnull(runs.name, '')", test),
            RunField::Status => text(&self.status(), test),
            RunField::User => text(&self.user()?, test),
            RunField::Location => text(&format!("({LOCATION})"), test),
            RunField::Started => number("runs.started_ms", test),
            RunField::Ended => number("runs.ended_ms", test),
            RunField::Dataset(field) => {
                let column = match field {
                    DatasetField::Name => "datasets.name",
                    DatasetField::Digest => "datasets.digest",
                    DatasetField::Context => "inputs.context",
                };
                let own = text(column, test);
                Sql {
                    text: format!(
                        "(SELECT 1 FROM inputs JOIN datasets ON datasets.id = inputs.dataset
                          WHERE inputs.run = runs.id AND {} LIMIT 1) IS NOT NULL",
                        own.text
                    ),
                    ..own
                }
            }
        })
    }

    /// A condition on the row of a name in a table that has one for each run, or none.
    fn own(&self, table: &str, name: &str, test: &Test, of: fn(&Test) -> Sql) -> Result<Sql, Fault> {
        let (absent, is) = match test {
            Test::Absent => (true, "IS NULL"),
            _ => (false, "IS NOT NULL"),
        };
        let Some(name) = known_name(self.connection, name)? else {
            return Ok(Sql::new(if absent { "TRUE" } else { "FALSE" }, Vec::new()));
        };
        let own = of(if absent { &Test::Present } else { test });
        let mut values = vec![Value::Integer(name)];
        values.extend(own.values);
        Ok(Sql::new(
            format!(
                "(SELECT 1 FROM {table} AS own WHERE own.run = runs.id AND own.name = ? AND {}) {is}",
                own.text
            ),
            values,
        ))
    }

    /// What a run is part of; where that is no run, it is a tag like others.
    fn parent(&self, test: &Test) -> Result<Sql, Fault> {
        let name = known_name(self.connection, PARENT_TAG)?;
        let of_tag = name.map_or_else(
            || "NULL".to_owned(),
            |name| format!("(SELECT value FROM tags AS own WHERE own.run = runs.id AND own.name = {name})"),
        );
        if let Test::Text(Comparison::Equal, id) = test {
            let own = self.parts(id)?;
            return Ok(Sql { text: format!("runs.id IN ({})", own.text), ..own });
        }
        Ok(text(&format!("coalesce(nullif({PARENT}, ''), {of_tag})"), test))
    }

    /// The runs that are part of one, by its id.
    fn parts(&self, id: &str) -> Result<Sql, Fault> {
        let mut parts = Sql::new("SELECT 0 AS run WHERE FALSE", Vec::new());
        if let Some(uuid) = plain_id(id) {
            parts.text.push_str(
                " UNION SELECT id AS run FROM runs WHERE parent = (SELECT id FROM runs WHERE uuid = ?)
                  UNION SELECT id AS run FROM runs WHERE study = (SELECT id FROM studies WHERE uuid = ?)
                      AND parent IS NULL",
            );
            parts.values.extend([uuid.clone(), uuid]);
        }
        if let Some(name) = known_name(self.connection, PARENT_TAG)? {
            parts.text.push_str(" UNION SELECT run FROM tags WHERE name = ? AND value = ?");
            parts.values.extend([Value::Integer(name), Value::Text(id.to_owned())]);
        }
        Ok(parts)
    }

    /// Who runs the row `runs`: what was brought in says so in a tag alone.
    pub(super) fn user(&self) -> Result<String, Fault> {
        let name = known_name(self.connection, USER_TAG)?;
        let of_tag = name.map_or_else(
            || "NULL".to_owned(),
            |name| format!("(SELECT value FROM tags AS own WHERE own.run = runs.id AND own.name = {name})"),
        );
        Ok(format!("coalesce(runs.user, {of_tag}, '')"))
    }

    /// The state of the row `runs` in MLflow's words.
    pub(super) fn status(&self) -> String {
        let [running, scheduled, finished, failed, killed] = RunStatus::ALL.map(RunStatus::name);
        let (state, reason) = RunStatus::Scheduled.state();
        format!(
            "CASE WHEN runs.state = 'RUNNING' AND runs.process IN ({}) THEN '{failed}'
                  WHEN runs.state = 'RUNNING' THEN '{running}'
                  WHEN runs.state = 'COMPLETE' THEN '{finished}'
                  WHEN runs.state = 'FAILED' THEN '{failed}'
                  WHEN runs.state = '{}' AND runs.reason = '{}' THEN '{scheduled}'
                  ELSE '{killed}' END",
            self.dead,
            state.name(),
            reason.unwrap_or_default()
        )
    }

    /// The runs that meet a clause, where an index has them.
    pub(super) fn set(&self, clause: &Clause<RunField>) -> Result<Option<Sql>, Fault> {
        let test = &clause.test;
        let is_equal = matches!(test, Test::Text(Comparison::Equal, _) | Test::Among(_));
        let is_range = matches!(test, Test::Number(comparison, _) if *comparison != Comparison::NotEqual);
        let (table, key, own) = match &clause.field {
            RunField::Metric(key) if is_range => ("metrics", key, metric(test)),
            RunField::Param(key) if is_equal => ("params", key, param(test)),
            RunField::Tag(key) if is_equal => match (key.as_str(), test) {
                (PARENT_TAG, Test::Text(_, id)) => return self.parts(id).map(Some),
                (NAME_TAG | NOTE_TAG | PARENT_TAG, _) => return Ok(None),
                _ => ("tags", key, text("own.value", test)),
            },
            RunField::Name if is_equal => {
                let own = text("runs.name", test);
                let text = format!("SELECT id AS run FROM runs WHERE name IS NOT NULL AND {}", own.text);
                return Ok(Some(Sql { text, ..own }));
            }
            RunField::Id if is_equal => {
                let own = self.condition(clause)?;
                return Ok(Some(Sql {
                    text: format!("SELECT id AS run FROM runs WHERE {}", own.text),
                    ..own
                }));
            }
            _ => return Ok(None),
        };
        let Some(name) = known_name(self.connection, key)? else {
            return Ok(Some(Sql::new("SELECT 0 AS run WHERE FALSE", Vec::new())));
        };
        let mut values = vec![Value::Integer(name)];
        values.extend(own.values);
        let text = format!("SELECT own.run AS run FROM {table} AS own WHERE own.name = ? AND {}", own.text);
        Ok(Some(Sql::new(text, values)))
    }
}

/// An id as the column has it; `None` where it is written otherwise than ours are.
fn plain_id(text: &str) -> Option<Value> {
    let id = Id::parse(text).filter(|id| id.to_string() == text)?;
    Some(Value::Blob(id.0.to_vec()))
}

fn uuids(sign: &str, ids: &[String]) -> Sql {
    let uuids: Vec<Value> = ids.iter().filter_map(|id| plain_id(id)).collect();
    if uuids.is_empty() {
        return Sql::new("FALSE", Vec::new());
    }
    let places = vec!["?"; uuids.len()].join(", ");
    Sql::new(format!("runs.uuid {sign} ({places})"), uuids)
}

/// How many rows a query has, counted up to a limit.
pub(super) fn count(connection: &Connection, set: &Sql, limit: i64) -> Result<i64, Fault> {
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM ({}) LIMIT {limit})", set.text);
    let values = rusqlite::params_from_iter(set.values.iter());
    Ok(connection.prepare_cached(&sql)?.query_row(values, |row| row.get(0))?)
}
