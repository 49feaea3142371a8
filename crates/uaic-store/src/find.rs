//! Runs by query: along which index they are looked for, and how they are counted.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Fault;
use super::codec::id_range;
use super::read::Snapshot;
use super::search::{Translator, is_by_start};
use super::sql::Sql;
use uaic_study::store::{RunQuery, RunRecord};
use uaic_study::trial::RunState;

impl<'a> Snapshot<'a> {
    /// Runs by query.
    pub(super) fn runs(&mut self, query: &RunQuery) -> Result<Vec<RunRecord>, Fault> {
        let translator = self.translator();
        let filter = self.filter(query)?;
        let index = translator.indexed(&query.order)?;
        let can_walk = index.is_some() || is_by_start(&query.order);
        let wanted = query.limit.filter(|_| can_walk).map(|limit| u64::from(limit) + u64::from(query.offset));
        let few = match &query.condition {
            Some(condition) => translator.few(condition, wanted)?,
            None => None,
        };
        if let Some(few) = few {
            let from =
                Sql { text: format!("({}) AS few CROSS JOIN runs ON runs.id = few.run", few.text), ..few };
            return self.select(from, &filter, translator.order(&query.order)?, query.limit, query.offset);
        }
        if let (Some(index), Some(limit)) = (index, query.limit) {
            self.walk(query, &filter, index, limit)
        } else {
            let (all, order) = (Sql::new("runs", Vec::new()), translator.order(&query.order)?);
            self.select(all, &filter, order, query.limit, query.offset)
        }
    }

    /// Runs along an index of values, and then those that have none.
    fn walk(
        &mut self,
        query: &RunQuery,
        filter: &Sql,
        (table, name, descending): (&str, i64, bool),
        limit: u32,
    ) -> Result<Vec<RunRecord>, Fault> {
        let from = Sql {
            text: format!(
                "(SELECT run, value FROM {table} WHERE name = ? AND value IS NOT NULL) AS by \
                           CROSS JOIN runs ON runs.id = by.run"
            ),
            values: vec![Value::Integer(name)],
        };
        let end = if descending { "DESC" } else { "ASC" };
        let order =
            Sql { text: format!("by.value {end}, runs.started_ms DESC, runs.id DESC"), values: Vec::new() };
        let mut runs = self.select(from, filter, order, Some(limit), query.offset)?;
        let missing = limit - runs.len() as u32;
        if missing == 0 {
            return Ok(runs);
        }
        let without = format!(
            "{} AND NOT EXISTS (SELECT 1 FROM {table} AS by WHERE by.run = runs.id AND by.name = ?
                 AND by.value IS NOT NULL)",
            filter.text
        );
        let mut values = filter.values.clone();
        values.push(Value::Integer(name));
        let without = Sql { text: without, values };
        // How many of those with a value the offset has passed over already.
        let passed = if query.offset == 0 || !runs.is_empty() {
            query.offset
        } else {
            (self.count(filter)? - self.count(&without)?).min(query.offset.into()) as u32
        };
        let order = Sql { text: "runs.started_ms DESC, runs.id DESC".to_owned(), values: Vec::new() };
        let all = Sql { text: "runs".to_owned(), values: Vec::new() };
        runs.extend(self.select(all, &without, order, Some(missing), query.offset - passed)?);
        Ok(runs)
    }

    fn select(
        &mut self,
        from: Sql,
        filter: &Sql,
        order: Sql,
        limit: Option<u32>,
        offset: u32,
    ) -> Result<Vec<RunRecord>, Fault> {
        // CROSS JOIN keeps the order of the loops: along what is to be walked, until the limit.
        let sql = format!(
            "SELECT runs.*, experiments.name AS experiment_name,
                 (SELECT uuid FROM studies WHERE studies.id = runs.study) AS study_uuid,
                 (SELECT uuid FROM runs AS above WHERE above.id = runs.parent) AS parent_uuid
             FROM {} CROSS JOIN experiments ON experiments.id = runs.experiment WHERE {}
             ORDER BY {} LIMIT {} OFFSET {offset}",
            from.text,
            filter.text,
            order.text,
            limit.map_or(-1, i64::from),
        );
        let values = from.values.into_iter().chain(filter.values.clone()).chain(order.values);
        let mut statement = self.connection().prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next()? {
            runs.push(self.run(row)?);
        }
        Ok(runs)
    }

    fn translator(&self) -> Translator<'a> {
        let dead: Vec<String> = self.dead.iter().map(i64::to_string).collect();
        Translator { connection: self.connection(), dead: dead.join(", ") }
    }

    /// How many runs a query has.
    pub(super) fn count_runs(&self, query: &RunQuery) -> Result<u64, Fault> {
        let every = RunQuery { limit: query.limit, offset: query.offset, ..RunQuery::default() };
        if *query == every {
            return self.count_shown();
        }
        let few = match &query.condition {
            Some(condition) => self.translator().few(condition, None)?,
            None => None,
        };
        let filter = self.filter(query)?;
        match few {
            Some(few) => self.count_in(
                &Sql { text: format!("({}) AS few CROSS JOIN runs ON runs.id = few.run", few.text), ..few },
                &filter,
            ),
            None => self.count(&filter),
        }
    }

    /// How many runs are shown: all, which SQLite counts by pages, but the hidden ones, which have an index.
    fn count_shown(&self) -> Result<u64, Fault> {
        let count = |sql| -> Result<i64, Fault> {
            Ok(self.connection().prepare_cached(sql)?.query_row([], |row| row.get(0))?)
        };
        let all = count("SELECT count(*) FROM runs")?;
        Ok((all - count("SELECT count(*) FROM runs WHERE hidden > 0")?) as u64)
    }

    fn count(&self, filter: &Sql) -> Result<u64, Fault> {
        self.count_in(&Sql { text: "runs".to_owned(), values: Vec::new() }, filter)
    }

    fn count_in(&self, from: &Sql, filter: &Sql) -> Result<u64, Fault> {
        let sql = format!("SELECT count(*) FROM {} WHERE {}", from.text, filter.text);
        let values = from.values.iter().chain(&filter.values);
        let count: i64 =
            self.connection().prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(count as u64)
    }

    /// The condition of a query, and the values of its placeholders.
    fn filter(&self, query: &RunQuery) -> Result<Sql, Fault> {
        let mut parts = vec!["TRUE".to_owned()];
        let mut values = Vec::new();
        let mut add = |part: &str, value: Value| {
            parts.push(part.to_owned());
            values.push(value);
        };
        if let Some(study) = query.study {
            add("runs.study = (SELECT id FROM studies WHERE uuid = ?)", Value::Blob(study.0.to_vec()));
        }
        if let Some(experiment) = &query.experiment {
            add(
                "runs.experiment = (SELECT id FROM experiments WHERE name = ?)",
                Value::Text(experiment.clone()),
            );
        }
        if let Some(parent) = query.parent {
            add("parent = (SELECT id FROM runs WHERE uuid = ?)", Value::Blob(parent.0.to_vec()));
        }
        if let Some(kind) = query.kind {
            add("kind = ?", Value::Text(kind.name().to_owned()));
        }
        if let Some(number) = query.number {
            // The index is over the expression.
            add("ifnull(number, -1) = ?", Value::Integer(number.into()));
        }
        match query.id_prefix.as_deref().map(id_range) {
            Some(Some((low, high))) => {
                add("runs.uuid >= ?", low);
                add("runs.uuid <= ?", high);
            }
            Some(None) => parts.push("FALSE".to_owned()),
            None => {}
        }
        if let Some(state) = query.state {
            parts.push(self.state_filter(state));
        }
        parts.push(if query.include_hidden { "hidden < 2" } else { "hidden = 0" }.to_owned());
        if let Some(condition) = &query.condition {
            let condition = self.translator().condition(condition)?;
            parts.push(condition.text);
            values.extend(condition.values);
        }
        Ok(Sql { text: parts.join(" AND "), values })
    }

    fn state_filter(&self, state: RunState) -> String {
        let dead: Vec<String> = self.dead.iter().map(i64::to_string).collect();
        let dead = dead.join(", ");
        match state {
            RunState::Running => format!("runs.state = 'RUNNING' AND process NOT IN ({dead})"),
            RunState::Crashed => format!("runs.state = 'RUNNING' AND process IN ({dead})"),
            other => format!("runs.state = '{}'", other.name()),
        }
    }
}
