//! The statements that read a store.

use std::collections::{HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::Fault;
use super::codec::{float_value, from_json, goals_value, id_at, id_range, named, param_value};
use super::rows::run_row;
use super::search::{Sql, Translator};
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::rules::{is_alive, now_ms};
use uaic_study::store::{
    Environment, Home, Id, NewRun, NewStudy, RunKind, RunQuery, RunRecord, StoreError, StudyRecord,
    StudyState, Tally,
};
use uaic_study::trial::{Candidate, Direction, Goal, Goals, Params, RunState};

/// One look at the store: a read transaction, what lives at that moment, and the shared texts and
/// processes that have been read so far.
pub(super) struct Snapshot<'a> {
    connection: &'a Connection,
    /// Rows of processes that are said to work but do not live.
    dead: HashSet<i64>,
    processes: HashMap<i64, ProcessIdentity>,
    environments: HashMap<i64, Environment>,
}

impl<'a> Snapshot<'a> {
    /// Looks up who lives. `connection` should be inside a transaction.
    pub(super) fn new(connection: &'a Connection) -> Result<Self, Fault> {
        let now = now_ms();
        let mut statement = connection.prepare_cached(
            "SELECT id, identity, heartbeat_ms FROM processes WHERE id IN (
                 SELECT process FROM runs WHERE state = 'RUNNING' UNION SELECT process FROM study_workers)",
        )?;
        let mut rows = statement.query([])?;
        let mut dead = HashSet::new();
        while let Some(row) = rows.next()? {
            let process: ProcessIdentity = from_json("process", &row.get::<_, String>(1)?)?;
            if !is_alive(&process, row.get(2)?, now) {
                dead.insert(row.get(0)?);
            }
        }
        Ok(Self { connection, dead, processes: HashMap::new(), environments: HashMap::new() })
    }

    /// The connection, inside the transaction of this look.
    pub(super) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// Studies, newest first; only one of them when `id` says so.
    pub(super) fn studies(&mut self, id: Option<Id>) -> Result<Vec<StudyRecord>, Fault> {
        let mut statement = self.connection.prepare_cached(
            "SELECT studies.*, texts.content AS spec_text FROM studies JOIN texts ON texts.id = spec
             WHERE ?1 IS NULL OR uuid = ?1
             ORDER BY created_ms DESC, studies.id DESC",
        )?;
        let mut rows = statement.query([id.map(|id| id.0)])?;
        let mut studies = Vec::new();
        while let Some(row) = rows.next()? {
            studies.push(self.study(row)?);
        }
        Ok(studies)
    }

    fn study(&mut self, row: &Row<'_>) -> Result<StudyRecord, Fault> {
        let owner: Option<i64> = row.get("owner")?;
        let mut state = named("study state", &row.get::<_, String>("state")?, StudyState::from_name)?;
        if state == StudyState::Running && !self.has_worker(row.get("id")?)? {
            state = StudyState::Crashed;
        }
        Ok(StudyRecord {
            id: id_at(row, "uuid")?,
            plan: NewStudy {
                experiment: row.get("experiment")?,
                spec_text: row.get("spec_text")?,
                spec_path: row.get("spec_path")?,
                overrides: from_json("list of overrides", &row.get::<_, String>("overrides")?)?,
                fingerprint: row.get("fingerprint")?,
                seed: row.get::<_, i64>("seed")? as u64,
                goals: self.goals(row)?,
                trials: row.get("trials")?,
                environment: self.environment(row.get("environment")?)?,
            },
            created_ms: row.get("created_ms")?,
            state,
            owner: owner.map(|owner| self.process(owner)).transpose()?,
        })
    }

    /// What a study optimises: the first goal is in columns of its own.
    fn goals(&self, row: &Row<'_>) -> Result<Goals, Fault> {
        let direction = named("direction", &row.get::<_, String>("direction")?, Direction::from_name)?;
        let first = Goals::from(Goal::new(row.get::<_, String>("metric")?, direction));
        let more = goals_value(&row.get::<_, String>("more_objectives")?)?;
        Ok(more.into_iter().fold(first, Goals::and))
    }

    /// Whether a live process works on a study.
    fn has_worker(&self, study: i64) -> Result<bool, Fault> {
        let mut statement =
            self.connection.prepare_cached("SELECT process FROM study_workers WHERE study = ?")?;
        let mut rows = statement.query([study])?;
        while let Some(row) = rows.next()? {
            if !self.dead.contains(&row.get(0)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Runs by query.
    pub(super) fn runs(&mut self, query: &RunQuery) -> Result<Vec<RunRecord>, Fault> {
        let translator = self.translator();
        let filter = self.filter(query)?;
        let few = query.condition.as_ref().map(|condition| translator.few(condition)).transpose()?.flatten();
        if let Some(few) = few {
            let from =
                Sql { text: format!("({}) AS few CROSS JOIN runs ON runs.id = few.run", few.text), ..few };
            return self.select(from, &filter, translator.order(&query.order)?, query.limit, query.offset);
        }
        match (translator.indexed(&query.order)?, query.limit) {
            (Some(index), Some(limit)) => self.walk(query, &filter, index, limit),
            _ => {
                let order = translator.order(&query.order)?;
                self.select(
                    Sql { text: "runs".to_owned(), values: vec![] },
                    &filter,
                    order,
                    query.limit,
                    query.offset,
                )
            }
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
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next()? {
            runs.push(self.run(row)?);
        }
        Ok(runs)
    }

    fn translator(&self) -> Translator<'a> {
        let dead: Vec<String> = self.dead.iter().map(i64::to_string).collect();
        Translator { connection: self.connection, dead: dead.join(", ") }
    }

    /// How many runs a query has.
    pub(super) fn count_runs(&self, query: &RunQuery) -> Result<u64, Fault> {
        let every = RunQuery { limit: query.limit, offset: query.offset, ..RunQuery::default() };
        if *query == every {
            return self.count_shown();
        }
        let few = match &query.condition {
            Some(condition) => self.translator().few(condition)?,
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
            Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
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
            self.connection.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
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

    fn run(&mut self, row: &Row<'_>) -> Result<RunRecord, Fault> {
        let process: i64 = row.get("process")?;
        Ok(RunRecord {
            id: id_at(row, "uuid")?,
            start: NewRun {
                home: home(row)?,
                kind: named("kind of run", &row.get::<_, String>("kind")?, RunKind::from_name)?,
                number: row.get("number")?,
                params: self.params(row.get("id")?)?,
                config: from_json("configuration", &self.text(row.get("config")?)?)?,
                process: self.process(process)?,
                environment: self.environment(row.get("environment")?)?,
            },
            experiment: row.get("experiment_name")?,
            name: row.get("name")?,
            parent: row.get::<_, Option<[u8; 16]>>("parent_uuid")?.map(Id),
            note: row.get("note")?,
            attempts: row.get("attempt")?,
            state: self.state(&row.get::<_, String>("state")?, process)?,
            values: self.values(row)?,
            violation: row.get("violation")?,
            excluded: row.get("excluded")?,
            reason: row.get("reason")?,
            started_ms: row.get("started_ms")?,
            ended_ms: row.get("ended_ms")?,
            hidden: row.get("hidden")?,
        })
    }

    /// A stored state of a run, with the death of its process accounted for.
    fn state(&self, name: &str, process: i64) -> Result<RunState, Fault> {
        Ok(match named("run state", name, RunState::from_name)? {
            RunState::Running if self.dead.contains(&process) => RunState::Crashed,
            state => state,
        })
    }

    fn params(&self, run: i64) -> Result<Params, Fault> {
        let mut statement = self.connection.prepare_cached(
            "SELECT names.name, value, kind, text FROM params JOIN names ON names.id = params.name
                 WHERE run = ?",
        )?;
        let mut rows = statement.query([run])?;
        let mut params = Params::new();
        while let Some(row) = rows.next()? {
            params.insert(row.get(0)?, param_value(row.get(1)?, row.get(2)?, row.get(3)?)?);
        }
        Ok(params)
    }

    fn values(&self, row: &Row<'_>) -> Result<Vec<f64>, Fault> {
        let kind: Option<i64> = row.get("value_kind")?;
        let mut values = Vec::new();
        if let Some(kind) = kind {
            values.push(float_value(row.get("value")?, kind)?);
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT value, kind FROM more_values WHERE run = ? ORDER BY place")?;
        let mut rows = statement.query([row.get::<_, i64>("id")?])?;
        while let Some(row) = rows.next()? {
            values.push(float_value(row.get(0)?, row.get(1)?)?);
        }
        Ok(values)
    }

    /// How far a study is.
    pub(super) fn tally(&mut self, study: Id) -> Result<Tally, Fault> {
        let direction = single(self.studies(Some(study))?, "study", study)?.goals().direction();
        let mut statement = self.connection.prepare_cached(
            "SELECT runs.state, process, value, value_kind, number, hidden, violation, excluded
             FROM runs JOIN studies ON studies.id = study
             WHERE studies.uuid = ? AND kind = 'trial' AND hidden < 2",
        )?;
        let mut rows = statement.query([study.0])?;
        let mut tally = Tally::default();
        while let Some(row) = rows.next()? {
            let kind: Option<i64> = row.get(3)?;
            let trial = Candidate {
                number: row.get::<_, Option<u32>>(4)?.unwrap_or_default(),
                state: self.state(&row.get::<_, String>(0)?, row.get(1)?)?,
                value: kind.map(|kind| float_value(row.get(2)?, kind).map_err(Fault::from)).transpose()?,
                violation: row.get(6)?,
                hidden: row.get(5)?,
                excluded: row.get(7)?,
            };
            tally.add(trial, direction);
        }
        Ok(tally)
    }

    pub(super) fn run_row(&self, id: Id) -> Result<i64, Fault> {
        run_row(self.connection, id)
    }

    pub(super) fn text(&self, row: i64) -> Result<String, Fault> {
        let mut statement = self.connection.prepare_cached("SELECT content FROM texts WHERE id = ?")?;
        Ok(statement.query_row([row], |row| row.get(0))?)
    }

    fn environment(&mut self, row: i64) -> Result<Environment, Fault> {
        if let Some(known) = self.environments.get(&row) {
            return Ok(known.clone());
        }
        let environment: Environment = from_json("environment", &self.text(row)?)?;
        Ok(self.environments.entry(row).or_insert(environment).clone())
    }

    fn process(&mut self, row: i64) -> Result<ProcessIdentity, Fault> {
        if let Some(known) = self.processes.get(&row) {
            return Ok(known.clone());
        }
        let mut statement = self.connection.prepare_cached("SELECT identity FROM processes WHERE id = ?")?;
        let identity: String = statement.query_row([row], |row| row.get(0))?;
        Ok(self.processes.entry(row).or_insert(from_json("process", &identity)?).clone())
    }
}

/// What a run belongs to.
fn home(row: &Row<'_>) -> Result<Home, Fault> {
    Ok(match row.get::<_, Option<[u8; 16]>>("study_uuid")? {
        Some(study) => Home::Study(Id(study)),
        None => Home::Experiment(row.get("experiment_name")?),
    })
}

/// The one record that was asked for.
pub(super) fn single<T>(found: Vec<T>, what: &'static str, id: Id) -> Result<T, Fault> {
    found.into_iter().next().ok_or_else(|| StoreError::NotFound { what, id: id.short() }.into())
}
