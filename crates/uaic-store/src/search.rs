//! Conditions and orders as SQL, and which index to begin with.
//!
//! A condition that few runs meet is looked up first, and the others are tested on what it finds.
//! Where all are met by many, runs are walked in the order that is asked for until there are enough.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::Fault;
use super::relation::{number, of_param, text};
use super::rows::known_name;
use super::sql::Sql;
use uaic_study::store::query::{Attribute, Comparison, Condition, Field, Literal, OrderKey, Relation};
use uaic_study::trial::RunState;

/// So few runs are tested one by one before any order is made.
const FEW: i64 = 2000;
/// Larger sets are not cut with others.
const LARGEST: usize = 300_000;
/// Runs that stand for all when a share is guessed.
const SAMPLED: u32 = 400;
/// So many runs are walked and tested in the time that sets take to be cut with each other.
const WALKED: f64 = 20_000.0;

/// The fixed parts of a translation.
pub(super) struct Translator<'a> {
    pub(super) connection: &'a Connection,
    /// Rows of processes that have died, as SQL lists them.
    pub(super) dead: String,
}

impl Translator<'_> {
    /// A condition on the row `runs`.
    pub(super) fn condition(&self, condition: &Condition) -> Result<Sql, Fault> {
        match condition {
            Condition::All(parts) => self.joined(parts, " AND ", "TRUE"),
            Condition::Any(parts) => self.joined(parts, " OR ", "FALSE"),
            Condition::Not(inner) => {
                let inner = self.condition(inner)?;
                Ok(Sql::new(format!("NOT ifnull({}, FALSE)", inner.text), inner.values))
            }
            Condition::Test(field, relation) => self.test(field, relation),
        }
    }

    fn joined(&self, parts: &[Condition], by: &str, none: &str) -> Result<Sql, Fault> {
        let mut whole = Sql::default();
        for part in parts {
            let part = self.condition(part)?;
            let by = if whole.text.is_empty() { "" } else { by };
            whole.text.push_str(by);
            whole.text.push_str(&part.text);
            whole.values.extend(part.values);
        }
        let text = if whole.text.is_empty() { none.to_owned() } else { format!("({})", whole.text) };
        Ok(Sql { text, ..whole })
    }

    fn test(&self, field: &Field, relation: &Relation) -> Result<Sql, Fault> {
        if let Field::Attribute(attribute) = field {
            return Ok(self.attribute(*attribute, relation));
        }
        let Some((table, own)) = self.of_table(field, relation)? else {
            return Ok(Sql::new("FALSE", Vec::new()));
        };
        // Not `EXISTS`, of which SQLite makes a join, and may walk the runs that are looked for once for each
        // row of the table. There is one row at most.
        let text =
            format!("(SELECT 1 FROM {table} AS own WHERE own.run = runs.id AND {}) IS NOT NULL", own.text);
        Ok(Sql { text, ..own })
    }

    /// The table of a field, and the condition on its row `own`; `None` where nothing has this name.
    fn of_table(&self, field: &Field, relation: &Relation) -> Result<Option<(&'static str, Sql)>, Fault> {
        let (table, name) = match field {
            Field::Metric(name) => ("metrics", name),
            Field::Param(name) => ("params", name),
            Field::Tag(name) => ("tags", name),
            Field::Attribute(_) => return Ok(None),
        };
        let Some(row) = known_name(self.connection, name)? else { return Ok(None) };
        let value = match field {
            Field::Metric(_) => number("own.value", relation),
            Field::Param(_) => of_param(relation),
            _ => text("own.value", relation),
        };
        let mut values = vec![Value::Integer(row)];
        values.extend(value.values);
        Ok(Some((table, Sql::new(format!("own.name = ? AND {}", value.text), values))))
    }

    fn attribute(&self, attribute: Attribute, relation: &Relation) -> Sql {
        let column = self.column(attribute);
        match attribute {
            Attribute::Hidden => match relation {
                Relation::Compare(comparison, Literal::Bool(value)) => Sql::new(
                    format!("{column} {} ?", comparison.sign()),
                    vec![Value::Integer((*value).into())],
                ),
                _ => Sql::new("TRUE", Vec::new()),
            },
            attribute if attribute.is_number() => number(&column, relation),
            _ => text(&column, relation),
        }
    }

    /// An attribute as an expression.
    fn column(&self, attribute: Attribute) -> String {
        match attribute {
            Attribute::Id => "lower(hex(runs.uuid))".to_owned(),
            Attribute::Name => "runs.name".to_owned(),
            Attribute::Experiment => {
                "(SELECT name FROM experiments WHERE experiments.id = runs.experiment)".to_owned()
            }
            Attribute::Study => {
                "(SELECT lower(hex(uuid)) FROM studies WHERE studies.id = runs.study)".to_owned()
            }
            Attribute::Parent => {
                "(SELECT lower(hex(uuid)) FROM runs AS above WHERE above.id = runs.parent)".to_owned()
            }
            Attribute::Kind => "runs.kind".to_owned(),
            Attribute::State => format!(
                "CASE WHEN runs.state = '{}' AND runs.process IN ({}) THEN '{}' ELSE runs.state END",
                RunState::Running.name(),
                self.dead,
                RunState::Crashed.name()
            ),
            Attribute::Number => "runs.number".to_owned(),
            // NaN has no order, and infinities are kept as kinds.
            Attribute::Value => {
                "CASE runs.value_kind WHEN 0 THEN runs.value WHEN 2 THEN 9e999 WHEN 3 THEN -9e999 END"
                    .to_owned()
            }
            Attribute::Started => "runs.started_ms".to_owned(),
            Attribute::Ended => "runs.ended_ms".to_owned(),
            Attribute::Duration => "((runs.ended_ms - runs.started_ms) / 1000.0)".to_owned(),
            Attribute::Attempts => "runs.attempt".to_owned(),
            Attribute::Reason => "runs.reason".to_owned(),
            Attribute::Note => "runs.note".to_owned(),
            Attribute::Hidden => "(runs.hidden & 1)".to_owned(),
        }
    }

    /// A set of runs that holds all of which a condition holds, where it is small beside what would be walked
    /// until `wanted` runs are found (`None`: all have to be found).
    pub(super) fn few(&self, condition: &Condition, wanted: Option<u64>) -> Result<Option<Sql>, Fault> {
        let parts = match condition {
            Condition::All(parts) => parts.as_slice(),
            other => std::slice::from_ref(other),
        };
        let mut sets = Vec::new();
        for part in parts {
            if let Some(set) = self.set(part)? {
                sets.push((self.count(&set)?, set));
            }
        }
        sets.sort_by_key(|(count, _)| *count);
        let Some((least, smallest)) = sets.first() else { return Ok(None) };
        if *least <= FEW {
            return Ok(Some(smallest.clone()));
        }
        if let Some(wanted) = wanted
            && wanted as f64 / self.share(condition)? < WALKED
        {
            return Ok(None);
        }
        intersection(self.connection, sets.iter().map(|(_, set)| set))
    }

    /// The share of runs that meet a condition, by some that are spread over all; 0 where none of them does.
    fn share(&self, condition: &Condition) -> Result<f64, Fault> {
        let all: i64 = self
            .connection
            .prepare_cached("SELECT ifnull(max(id), 0) FROM runs")?
            .query_row([], |row| row.get(0))?;
        // Multiples of the golden ratio are nowhere dense and follow no other rhythm.
        let place = |at: u32| 1 + ((f64::from(at) * 0.618_033_988_749_894_9).fract() * all as f64) as i64;
        let places: Vec<String> = (0..SAMPLED).map(|at| place(at).to_string()).collect();
        let condition = self.condition(condition)?;
        let sql = format!(
            "SELECT count(*), total(ifnull(({}), 0)) FROM json_each(?) CROSS JOIN runs ON runs.id = json_each.value",
            condition.text
        );
        // The condition stands before the list.
        let list = Value::Text(format!("[{}]", places.join(",")));
        let values = condition.values.iter().chain(std::iter::once(&list));
        let (looked, met): (f64, f64) = self
            .connection
            .prepare_cached(&sql)?
            .query_row(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(if looked > 0.0 { met / looked } else { 0.0 })
    }

    /// The runs that meet a condition, where an index has them.
    fn set(&self, condition: &Condition) -> Result<Option<Sql>, Fault> {
        match condition {
            Condition::Any(parts) => {
                let mut whole = Sql::default();
                for part in parts {
                    let Some(set) = self.set(part)? else { return Ok(None) };
                    let by = if whole.text.is_empty() { "" } else { " UNION " };
                    whole.text.push_str(by);
                    whole.text.push_str(&set.text);
                    whole.values.extend(set.values);
                }
                Ok(Some(whole).filter(|whole| !whole.text.is_empty()))
            }
            Condition::Test(field, relation) if is_selective(relation) => self.indexed_set(field, relation),
            _ => Ok(None),
        }
    }

    fn indexed_set(&self, field: &Field, relation: &Relation) -> Result<Option<Sql>, Fault> {
        let column = match field {
            Field::Attribute(Attribute::Name) => "name",
            Field::Attribute(Attribute::Experiment) => "experiment",
            Field::Attribute(_) => return Ok(None),
            _ => {
                return Ok(Some(match self.of_table(field, relation)? {
                    Some((table, own)) => Sql {
                        text: format!("SELECT own.run AS run FROM {table} AS own WHERE {}", own.text),
                        ..own
                    },
                    None => Sql::new("SELECT 0 AS run WHERE FALSE", Vec::new()),
                }));
            }
        };
        // Only what is equal: names are hardly looked for by their order.
        let (Relation::Compare(Comparison::Equal, _) | Relation::In(_)) = relation else { return Ok(None) };
        let own = text("name", relation);
        let text = if column == "name" {
            format!("SELECT id AS run FROM runs WHERE name IS NOT NULL AND {}", own.text)
        } else {
            let experiments = format!("SELECT id FROM experiments WHERE {}", own.text);
            format!("SELECT id AS run FROM runs WHERE experiment IN ({experiments})")
        };
        Ok(Some(Sql { text, ..own }))
    }

    /// How many rows a set has, counted no further than needed.
    fn count(&self, set: &Sql) -> Result<i64, Fault> {
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM ({}) LIMIT {})", set.text, FEW + 1);
        Ok(self
            .connection
            .prepare_cached(&sql)?
            .query_row(params_from_iter(set.values.iter()), |row| row.get(0))?)
    }

    /// An order by keys, and newest first where they are equal.
    pub(super) fn order(&self, keys: &[OrderKey]) -> Result<Sql, Fault> {
        let mut whole = Sql::default();
        for key in keys {
            let value = self.value(&key.field)?;
            if key.field == Field::Attribute(Attribute::Started) {
                // The index on it can be walked.
                whole.text.push_str(if key.descending {
                    "runs.started_ms DESC, "
                } else {
                    "runs.started_ms, "
                });
                continue;
            }
            let end = if key.descending { "DESC" } else { "ASC" };
            whole.text.push_str(&value.text);
            whole.text.push(' ');
            whole.text.push_str(end);
            whole.text.push_str(" NULLS LAST, ");
            whole.values.extend(value.values);
        }
        whole.text.push_str("runs.started_ms DESC, runs.id DESC");
        Ok(whole)
    }

    /// A field as an expression to sort by.
    fn value(&self, field: &Field) -> Result<Sql, Fault> {
        let (table, name) = match field {
            Field::Metric(name) => ("metrics", name),
            Field::Param(name) => ("params", name),
            Field::Tag(name) => ("tags", name),
            Field::Attribute(attribute) => return Ok(Sql::new(self.column(*attribute), Vec::new())),
        };
        Ok(match known_name(self.connection, name)? {
            Some(row) => Sql::new(
                format!("(SELECT value FROM {table} AS by WHERE by.run = runs.id AND by.name = ?)"),
                vec![Value::Integer(row)],
            ),
            None => Sql::new("NULL", Vec::new()),
        })
    }

    /// The table and name of an order that an index has: by one metric, parameter or tag.
    pub(super) fn indexed(&self, keys: &[OrderKey]) -> Result<Option<(&'static str, i64, bool)>, Fault> {
        let [key] = keys else { return Ok(None) };
        let (table, name) = match &key.field {
            Field::Metric(name) => ("metrics", name),
            Field::Param(name) => ("params", name),
            Field::Tag(name) => ("tags", name),
            Field::Attribute(_) => return Ok(None),
        };
        Ok(known_name(self.connection, name)?.map(|row| (table, row, key.descending)))
    }
}

/// The runs of all sets, as a list; nothing where every set is very large.
pub(super) fn intersection<'s>(
    connection: &Connection,
    sets: impl Iterator<Item = &'s Sql>,
) -> Result<Option<Sql>, Fault> {
    let mut common: Option<Vec<i64>> = None;
    for set in sets {
        let sql = format!("{} LIMIT {}", set.text, LARGEST + 1);
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(set.values.iter()), |row| row.get(0))?;
        let mut runs = rows.collect::<rusqlite::Result<Vec<i64>>>()?;
        if runs.len() > LARGEST {
            continue;
        }
        runs.sort_unstable();
        if let Some(common) = &common {
            let mut at = 0;
            runs.retain(|run| {
                at += common[at..].partition_point(|other| other < run);
                common.get(at) == Some(run)
            });
        }
        common = Some(runs);
    }
    let Some(common) = common else { return Ok(None) };
    let list: Vec<String> = common.iter().map(i64::to_string).collect();
    let list = Value::Text(format!("[{}]", list.join(",")));
    Ok(Some(Sql::new("SELECT value AS run FROM json_each(?)", vec![list])))
}

/// Whether runs are asked for by their start.
pub(super) fn is_by_start(keys: &[OrderKey]) -> bool {
    matches!(keys, [] | [OrderKey { field: Field::Attribute(Attribute::Started), .. }])
}

/// Whether an index finds what is meant.
fn is_selective(relation: &Relation) -> bool {
    match relation {
        Relation::Compare(comparison, _) => *comparison != Comparison::NotEqual,
        Relation::In(_) => true,
        Relation::Like { .. } | Relation::Exists => false,
    }
}
