//! The statements that read a store.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Row};

use super::Fault;
use super::codec::{float_value, from_json, goals_value, id_at, named, param_value};
use super::optuna::seen;
use super::rows::run_row;
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::rules::{is_alive, now_ms};
use uaic_study::store::{
    Environment, Home, Id, NewRun, NewStudy, RunKind, RunRecord, StoreError, StudyRecord, StudyState, Tally,
};
use uaic_study::trial::{Candidate, Direction, Goal, Goals, Params, RunState};

/// One look at the store: a read transaction, what lives at that moment, and the shared texts and
/// processes that have been read so far.
pub(super) struct Snapshot<'a> {
    connection: &'a Connection,
    /// Rows of processes that are said to work but do not live.
    pub(super) dead: HashSet<i64>,
    processes: HashMap<i64, ProcessIdentity>,
    environments: HashMap<i64, Environment>,
}

impl<'a> Snapshot<'a> {
    /// Looks up who lives. `connection` should be inside a transaction.
    pub(super) fn new(connection: &'a Connection) -> Result<Self, Fault> {
        let now = now_ms();
        let mut statement = connection.prepare_cached(
            // From one process to the next, however many runs each executes.
            "WITH RECURSIVE working (process) AS (
                 SELECT min(process) FROM runs WHERE state = 'RUNNING'
                 UNION ALL
                 SELECT (SELECT min(process) FROM runs WHERE state = 'RUNNING' AND process > working.process)
                 FROM working WHERE working.process IS NOT NULL)
             SELECT id, identity, heartbeat_ms FROM processes WHERE id IN (
                 SELECT process FROM working UNION SELECT process FROM study_workers)",
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
        let mut environment = self.environment(row.get("environment")?)?;
        let mut trials = row.get("trials")?;
        if let Some(seen) = seen::look(self.connection, row.get("id")?, &mut environment)? {
            trials = seen.trials.max(trials);
            // Nobody here works on it: it runs while a trial does.
            state = if seen.is_running { StudyState::Running } else { state };
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
                goals: Self::goals(row)?,
                trials,
                environment,
            },
            created_ms: row.get("created_ms")?,
            state,
            owner: owner.map(|owner| self.process(owner)).transpose()?,
        })
    }

    /// What a study optimises: the first goal is in columns of its own.
    fn goals(row: &Row<'_>) -> Result<Goals, Fault> {
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

    pub(super) fn run(&mut self, row: &Row<'_>) -> Result<RunRecord, Fault> {
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
    pub(super) fn state(&self, name: &str, process: i64) -> Result<RunState, Fault> {
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
