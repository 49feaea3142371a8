//! Trials, as they are read.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::Fault;
use super::super::series::points;
use super::codec::{unpack_floats, unpack_params};
use super::run::report_series;
use super::study;
use super::trial::{no_trial, state_of};
use uaic_study::store::{OptunaScope, OptunaTrial};

/// The columns of a trial, and where its run and its study are.
const COLUMNS: &str =
    "SELECT optuna_trials.id, number, optuna_trials.state, started, ended, outcome, params, run,
    optuna_trials.study, (SELECT started_ms FROM runs WHERE runs.id = run) FROM optuna_trials";

pub(super) fn numbered(connection: &Connection, study: i64, number: i64) -> Result<i64, Fault> {
    study::row(connection, study)?;
    connection
        .prepare_cached("SELECT id FROM optuna_trials WHERE study = ? AND number = ?")?
        .query_row([study, number], |row| row.get(0))
        .optional()?
        .ok_or_else(|| no_trial(number))
}

pub(super) fn one(connection: &Connection, trial: i64) -> Result<OptunaTrial, Fault> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE optuna_trials.id = ?"))?;
    let mut rows = statement.query([trial])?;
    let row = rows.next()?.ok_or_else(|| no_trial(trial))?;
    let study: i64 = row.get(8)?;
    Reader::new(connection, study)?.trial(row)
}

/// Gives trials, by id.
pub(super) fn some(
    connection: &Connection,
    study: i64,
    above: i64,
    among: &[i64],
    each: &mut dyn FnMut(OptunaTrial),
) -> Result<(), Fault> {
    let mut reader = Reader::new(connection, study)?;
    let mut alone =
        connection.prepare_cached(&format!("{COLUMNS} WHERE optuna_trials.id = ? AND study = ?"))?;
    for id in among.iter().filter(|id| **id <= above).collect::<BTreeSet<_>>() {
        let mut rows = alone.query([*id, study])?;
        if let Some(row) = rows.next()? {
            each(reader.trial(row)?);
        }
    }
    // Within a study numbers rise with ids, and there is an index of them.
    let first: Option<i64> = connection
        .prepare_cached("SELECT number + 1 FROM optuna_trials WHERE id = ? AND study = ?")?
        .query_row([above, study], |row| row.get(0))
        .optional()?;
    let mut others = connection.prepare_cached(&format!(
        "{COLUMNS} WHERE study = ? AND number >= ? AND optuna_trials.id > ? ORDER BY number"
    ))?;
    let mut rows = others.query(params![study, first.unwrap_or_default(), above])?;
    while let Some(row) = rows.next()? {
        each(reader.trial(row)?);
    }
    Ok(())
}

/// Reads trials of one study.
struct Reader<'c> {
    connection: &'c Connection,
    /// The series that reports are in, where there is one.
    reports: Option<i64>,
    /// Names and texts of distributions: trials repeat them.
    distributions: HashMap<i64, (String, String)>,
}

impl<'c> Reader<'c> {
    fn new(connection: &'c Connection, study: i64) -> Result<Self, Fault> {
        let reports = report_series(connection, study::row(connection, study)?)?;
        Ok(Self { connection, reports, distributions: HashMap::new() })
    }

    fn trial(&mut self, row: &Row<'_>) -> Result<OptunaTrial, Fault> {
        let id = row.get(0)?;
        let mut trial = OptunaTrial {
            id,
            number: row.get(1)?,
            state: state_of(row.get(2)?)?,
            values: unpack_floats(row.get_ref(5)?.as_blob().unwrap_or_default())?,
            started: row.get(3)?,
            ended: row.get(4)?,
            params: vec![],
            user: vec![],
            system: vec![],
            reports: self.reports(row.get(7)?, row.get(9)?)?,
        };
        for (distribution, value) in unpack_params(row.get_ref(6)?.as_blob().unwrap_or_default())? {
            let (name, json) = self.distribution(distribution)?;
            trial.params.push((name, value, json));
        }
        self.attributes(&mut trial)?;
        Ok(trial)
    }

    fn distribution(&mut self, row: i64) -> Result<(String, String), Fault> {
        if let Some(known) = self.distributions.get(&row) {
            return Ok(known.clone());
        }
        let found: (String, String) = self
            .connection
            .prepare_cached("SELECT name, json FROM optuna_distributions WHERE id = ?")?
            .query_row([row], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.distributions.insert(row, found.clone());
        Ok(found)
    }

    fn attributes(&self, trial: &mut OptunaTrial) -> Result<(), Fault> {
        let mut statement = self.connection.prepare_cached(
            "SELECT scope, key, json FROM optuna_trial_attributes WHERE trial = ? ORDER BY scope, key",
        )?;
        let mut rows = statement.query([trial.id])?;
        while let Some(row) = rows.next()? {
            let of_user = row.get::<_, i64>(0)? == OptunaScope::User as i64;
            let list = if of_user { &mut trial.user } else { &mut trial.system };
            list.push((row.get(1)?, row.get(2)?));
        }
        Ok(())
    }

    /// The reports of a run: of a step, the one that came last.
    fn reports(&self, run: i64, started_ms: i64) -> Result<Vec<(i64, f64)>, Fault> {
        let Some(name) = self.reports else { return Ok(vec![]) };
        let mut reports: Vec<(i64, f64)> = Vec::new();
        for point in points(self.connection, run, started_ms, name)? {
            match reports.last_mut() {
                Some(last) if last.0 == point.step => last.1 = point.value,
                _ => reports.push((point.step, point.value)),
            }
        }
        Ok(reports)
    }
}
