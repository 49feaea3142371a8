//! Runs by search: along which index they are looked for.
//!
//! Where few runs meet a clause that an index has, these are tested. Otherwise runs are walked in the order
//! that is asked for until there are enough, or, where an index has no such order or most would be
//! walked in vain, all of the experiments are sorted.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::super::Fault;
use super::super::read::Snapshot;
use super::super::relation::SHOWN;
use super::super::rows::known_name;
use super::super::search as sets;
use super::super::sql::Sql;
use super::clause::{LOCATION, Translator, count};
use super::plan::{Plan, choose};
use uaic_study::store::tracking::{
    DatasetField, Lifecycle, NAME_TAG, NOTE_TAG, PARENT_TAG, RunField, RunSearch, SortKey,
};

/// So few runs are tested one by one before any order is made.
const FEW: i64 = 2000;
/// Experiments whose runs are merged by their start.
const MERGED: usize = 30;
/// Values that a statement of SQLite may have, and some to spare.
const VALUES: usize = 30_000;
/// The end of every order.
const LAST: &str = "runs.started_ms DESC, runs.uuid";

/// The rows of the runs that are searched, in order.
pub(super) fn rows(snapshot: &Snapshot<'_>, search: &RunSearch) -> Result<Vec<i64>, Fault> {
    if search.experiments.is_empty() || search.limit == 0 {
        return Ok(Vec::new());
    }
    Searcher::new(snapshot, search)?.rows()
}

struct Searcher<'a> {
    translator: Translator<'a>,
    search: &'a RunSearch,
    /// That a run is of the experiments.
    of_experiments: String,
    /// All that has to hold but that.
    filter: Sql,
}

impl<'a> Searcher<'a> {
    fn new(snapshot: &Snapshot<'a>, search: &'a RunSearch) -> Result<Self, Fault> {
        let dead: Vec<String> = snapshot.dead.iter().map(i64::to_string).collect();
        let translator = Translator { connection: snapshot.connection(), dead: dead.join(", ") };
        let mut filter = Sql::new(
            match search.lifecycle {
                Lifecycle::Active => "runs.hidden IN (0, 4)",
                Lifecycle::Deleted => "runs.hidden IN (1, 5)",
                Lifecycle::All => "runs.hidden & 2 = 0",
            },
            Vec::new(),
        );
        for clause in &search.clauses {
            let clause = translator.condition(clause)?;
            filter.text.push_str(" AND ");
            filter.text.push_str(&clause.text);
            filter.values.extend(clause.values);
        }
        let experiments: Vec<String> = search.experiments.iter().map(ToString::to_string).collect();
        let of_experiments = format!("runs.experiment IN ({})", experiments.join(", "));
        Ok(Self { translator, search, of_experiments, filter })
    }

    fn rows(&self) -> Result<Vec<i64>, Fault> {
        let mut known = Vec::new();
        for clause in &self.search.clauses {
            let Some(set) = self.translator.set(clause)? else { continue };
            let size = count(self.translator.connection, &set, FEW + 1)?;
            if size <= FEW {
                return self.select(&among(&set), &self.whole(), &self.order()?);
            }
            known.push(set);
        }
        let walk = self.walk_key()?;
        if walk.is_none() && self.is_by_start() {
            return self.by_start(&self.filter);
        }
        let wanted = self.search.offset + u64::from(self.search.limit);
        match choose(self.translator.connection, &self.of_experiments, &self.whole(), walk.is_some(), wanted)?
        {
            Plan::Walk => match walk {
                Some((table, name, descending)) => self.walk(table, name, descending),
                None => self.sort(),
            },
            Plan::Sort => self.sort(),
            Plan::Cut => match sets::intersection(self.translator.connection, known.iter())? {
                Some(common) => self.select(&among(&common), &self.whole(), &self.order()?),
                None => self.sort(),
            },
        }
    }

    /// All that has to hold.
    fn whole(&self) -> Sql {
        Sql { text: format!("{} AND {}", self.of_experiments, self.filter.text), ..self.filter.clone() }
    }

    /// All runs of the experiments, sorted.
    fn sort(&self) -> Result<Vec<i64>, Fault> {
        self.select(&Sql::new("runs", Vec::new()), &self.whole(), &self.order()?)
    }

    fn select(&self, from: &Sql, filter: &Sql, order: &Sql) -> Result<Vec<i64>, Fault> {
        self.cut(from, filter, order, self.search.limit.into(), self.search.offset)
    }

    fn cut(&self, from: &Sql, filter: &Sql, order: &Sql, limit: u64, offset: u64) -> Result<Vec<i64>, Fault> {
        let sql = format!(
            "SELECT runs.id FROM {} WHERE {} ORDER BY {} LIMIT {limit} OFFSET {offset}",
            from.text, filter.text, order.text
        );
        let values = from.values.iter().chain(&filter.values).chain(&order.values);
        let mut statement = self.translator.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn is_by_start(&self) -> bool {
        matches!(self.search.order.as_slice(), [] | [SortKey { field: RunField::Started, .. }])
    }

    /// Runs by their start, along the index of each experiment.
    fn by_start(&self, filter: &Sql) -> Result<Vec<i64>, Fault> {
        let (limit, offset) = (self.search.limit.into(), self.search.offset);
        self.by_start_from(filter, limit, offset)
    }

    fn by_start_from(&self, filter: &Sql, limit: u64, offset: u64) -> Result<Vec<i64>, Fault> {
        let ascending =
            matches!(self.search.order.as_slice(), [SortKey { field: RunField::Started, descending: false }]);
        let direction = if ascending { "ASC" } else { "DESC" };
        let experiments = &self.search.experiments;
        // Each part has all values.
        if experiments.len() > MERGED || experiments.len() * filter.values.len() > VALUES {
            let order = Sql::new(format!("runs.started_ms {direction}, runs.uuid"), Vec::new());
            let whole =
                Sql { text: format!("{} AND {}", self.of_experiments, filter.text), ..filter.clone() };
            return self.cut(&Sql::new("runs", Vec::new()), &whole, &order, limit, offset);
        }
        let part = |experiment: &_| {
            format!(
                "SELECT id, started_ms, uuid FROM runs WHERE runs.experiment = {experiment} AND {}",
                filter.text
            )
        };
        let parts: Vec<String> = experiments.iter().map(part).collect();
        // An order of the whole, not of a selection from it: then the parts are merged, and read no further
        // than needed.
        let sql = format!(
            "{} ORDER BY started_ms {direction}, uuid LIMIT {limit} OFFSET {offset}",
            parts.join(" UNION ALL ")
        );
        let values = (0..experiments.len()).flat_map(|_| &filter.values);
        let mut statement = self.translator.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The table and name of an order that an index has: by one metric or tag. Parameters are sorted as
    /// texts, and their index has numbers.
    fn walk_key(&self) -> Result<Option<(&'static str, i64, bool)>, Fault> {
        let [key] = self.search.order.as_slice() else { return Ok(None) };
        let (table, name) = match &key.field {
            RunField::Metric(name) => ("metrics", name),
            RunField::Tag(name) if ![NAME_TAG, NOTE_TAG, PARENT_TAG].contains(&name.as_str()) => {
                ("tags", name)
            }
            _ => return Ok(None),
        };
        Ok(known_name(self.translator.connection, name)?.map(|row| (table, row, key.descending)))
    }

    /// Runs along an index of values, then those with NaN, and then those that have none.
    fn walk(&self, table: &str, name: i64, descending: bool) -> Result<Vec<i64>, Fault> {
        let direction = if descending { "DESC" } else { "ASC" };
        let from = |condition: &str| {
            Sql::new(
                format!(
                    "(SELECT run, value FROM {table} WHERE name = {name} AND {condition}) AS by
                     CROSS JOIN runs ON runs.id = by.run"
                ),
                Vec::new(),
            )
        };
        let whole = self.whole();
        let missing = Sql {
            text: format!(
                "{} AND NOT EXISTS (SELECT 1 FROM {table} AS by WHERE by.run = runs.id AND by.name = {name})",
                self.filter.text
            ),
            ..self.filter.clone()
        };
        let mut left = Left { limit: self.search.limit.into(), offset: self.search.offset };
        let mut rows = Vec::new();
        for (from, order) in [
            (from("value IS NOT NULL"), format!("by.value {direction}, {LAST}")),
            (from("value IS NULL"), LAST.to_owned()),
        ] {
            if left.limit == 0 {
                return Ok(rows);
            }
            let order = Sql::new(order, Vec::new());
            let found = self.cut(&from, &whole, &order, left.limit, left.offset)?;
            let passed = || {
                let all = Sql::new(
                    format!("SELECT 1 FROM {} WHERE {}", from.text, whole.text),
                    whole.values.clone(),
                );
                count(self.translator.connection, &all, i64::MAX)
            };
            left.take(found.len() as u64, passed)?;
            rows.extend(found);
        }
        if left.limit > 0 {
            rows.extend(self.by_start_from(&missing, left.limit, left.offset)?);
        }
        Ok(rows)
    }

    /// The order as SQL.
    fn order(&self) -> Result<Sql, Fault> {
        let mut whole = Sql::default();
        for key in &self.search.order {
            let direction = if key.descending { "DESC" } else { "ASC" };
            let value = self.value(&key.field)?;
            if let RunField::Metric(_) = key.field {
                // NaN is behind all numbers, and before what is missing.
                let rank = value.text.replacen("own.value", "iif(own.value IS NULL, 1, 0)", 1);
                whole.push(&["ifnull(", &rank, ", 2), "]);
                whole.values.extend(value.values.iter().cloned());
            }
            whole.push(&[&value.text, " ", direction, " NULLS LAST, "]);
            whole.values.extend(value.values);
        }
        whole.text.push_str(LAST);
        Ok(whole)
    }

    /// A field as an expression to sort by.
    fn value(&self, field: &RunField) -> Result<Sql, Fault> {
        let own = |table: &str, name: &str, column: &str| -> Result<Sql, Fault> {
            Ok(match known_name(self.translator.connection, name)? {
                Some(name) => Sql::new(
                    format!("(SELECT {column} FROM {table} AS own WHERE own.run = runs.id AND own.name = ?)"),
                    vec![Value::Integer(name)],
                ),
                None => Sql::new("NULL", Vec::new()),
            })
        };
        let plain = |text: &str| Ok(Sql::new(text, Vec::new()));
        match field {
            RunField::Metric(name) => own("metrics", name, "own.value"),
            RunField::Param(name) => own("params", name, SHOWN),
            RunField::Tag(name) => match name.as_str() {
                NAME_TAG => plain("runs.name"),
                NOTE_TAG => plain("runs.note"),
                name => own("tags", name, "own.value"),
            },
            RunField::Id => plain("runs.uuid"),
            RunField::Name => plain("ifnull(runs.name, '')"),
            RunField::Status => plain(&self.translator.status()),
            RunField::User => plain(&self.translator.user()?),
            RunField::Location => plain(&format!("({LOCATION})")),
            RunField::Started => plain("runs.started_ms"),
            RunField::Ended => plain("runs.ended_ms"),
            RunField::Dataset(field) => {
                let column = match field {
                    DatasetField::Name => "datasets.name",
                    DatasetField::Digest => "datasets.digest",
                    DatasetField::Context => "inputs.context",
                };
                plain(&format!(
                    "(SELECT min({column}) FROM inputs JOIN datasets ON datasets.id = inputs.dataset
                      WHERE inputs.run = runs.id)"
                ))
            }
        }
    }
}

/// The runs of a set.
fn among(set: &Sql) -> Sql {
    Sql {
        text: format!("({}) AS few CROSS JOIN runs ON runs.id = few.run", set.text),
        values: set.values.clone(),
    }
}

/// What is still wanted of groups that follow each other.
struct Left {
    limit: u64,
    offset: u64,
}

impl Left {
    /// Goes on behind a group of which `found` were taken. Of one that the offset passes over whole, `passed`
    /// says how many it has.
    fn take(&mut self, found: u64, passed: impl FnOnce() -> Result<i64, Fault>) -> Result<(), Fault> {
        if found > 0 {
            self.offset = 0;
        } else if self.offset > 0 {
            self.offset = self.offset.saturating_sub(passed()? as u64);
        }
        self.limit -= found;
        Ok(())
    }
}
