//! Optuna's SQLite databases.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, Row};
use uaic_study::trial::Direction;

use super::study::{Known, Study};
use super::trial::{State, Trial};
use crate::database::{columns, int, open, real, text};
use crate::error::ImportError;
use crate::identity::place;
use crate::options::ReadOptions;
use crate::record::Skipped;
use crate::sink::Sink;
use crate::zone::Zone;

/// Distributions of a study that are looked at.
const MOST_DISTRIBUTIONS: u32 = 100_000;

/// Whether tables are Optuna's.
pub(crate) fn is_optuna(tables: &BTreeSet<String>) -> bool {
    ["studies", "study_directions", "trials", "trial_params", "trial_values"]
        .iter()
        .all(|table| tables.contains(*table))
}

/// Reads every study of a database.
///
/// # Errors
/// The database cannot be read, or the sink takes no more.
pub(crate) fn read(path: &Path, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let connection = open(path)?;
    let wrong = ImportError::database(path);
    let mut reader = Reader {
        connection: &connection,
        zone: zone(&connection, path, options, sink)?,
        has_types: columns(&connection, "trial_values").map_err(&wrong)?.contains("value_type"),
        has_intermediate_types: columns(&connection, "trial_intermediate_values")
            .map_err(&wrong)?
            .contains("intermediate_value_type"),
        known: Known::default(),
        done: 0,
        total: 0,
    };
    let total =
        connection.query_row("SELECT count(*) FROM trials", [], |row| Ok(int(row, 0))).map_err(&wrong)?;
    reader.total = total.unwrap_or_default().max(0) as u64;
    let studies = reader.studies().map_err(&wrong)?;
    for (id, name) in studies {
        let read = reader.study(id, &name, &place(path, options)).map_err(&wrong);
        let read = read.and_then(|study| {
            study.give(sink)?;
            reader.trials(id, &study, path, sink)
        });
        if let Err(error) = read {
            sink.skipped(Skipped::new(format!("the rest of the study `{name}`"), error.reason()?))?;
        }
    }
    Ok(sink.progress(reader.total, reader.total)?)
}

/// Optuna wrote local times up to version 4, and UTC into the same columns from version 5 on.
fn zone(
    connection: &Connection,
    path: &Path,
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<Zone, ImportError> {
    if let Some(zone) = &options.zone {
        return Ok(zone.clone());
    }
    let version =
        connection.query_row("SELECT library_version FROM version_info", [], |row| Ok(text(row, 0)));
    let version = version.ok().flatten().unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major >= 5) {
        return Ok(Zone::utc());
    }
    let zone = Zone::system();
    sink.warning(&format!(
        "the times of {} are read in the zone {}: Optuna {version}, which began it, wrote local times without a \
         zone; where Optuna 5 went on with it, they are UTC; `--zone` names another",
        path.display(),
        zone.name()
    ))?;
    Ok(zone)
}

struct Reader<'c> {
    connection: &'c Connection,
    zone: Zone,
    /// Infinite values have a type beside them; before version 3 they could not be stored.
    has_types: bool,
    has_intermediate_types: bool,
    known: Known,
    done: u64,
    total: u64,
}

impl Reader<'_> {
    fn studies(&self) -> rusqlite::Result<Vec<(i64, String)>> {
        let mut statement =
            self.connection.prepare("SELECT study_id, study_name FROM studies ORDER BY study_id")?;
        let studies = statement
            .query_map([], |row| Ok((int(row, 0).unwrap_or_default(), text(row, 1).unwrap_or_default())))?;
        studies.collect()
    }

    /// A study without its trials.
    fn study(&mut self, id: i64, name: &str, place: &str) -> rusqlite::Result<Study> {
        let mut directions = vec![];
        self.each(
            "SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective",
            id,
            &mut |row| {
                let is_up = text(row, 0).as_deref() == Some("MAXIMIZE");
                directions.push(if is_up { Direction::Maximize } else { Direction::Minimize });
            },
        )?;
        let mut study = Study::new(name, place, directions);
        self.each("SELECT key, value_json FROM study_user_attributes WHERE study_id = ?1", id, &mut |row| {
            study.user.take(text(row, 0).unwrap_or_default(), &text(row, 1).unwrap_or_default());
        })?;
        self.each(
            "SELECT key, value_json FROM study_system_attributes WHERE study_id = ?1",
            id,
            &mut |row| {
                study.system.take(text(row, 0).unwrap_or_default(), &text(row, 1).unwrap_or_default());
            },
        )?;
        let counted = "SELECT max(number) + 1, min(datetime_start) FROM trials WHERE study_id = ?1 AND state <> 'WAITING'";
        self.each(counted, id, &mut |row| {
            study.trials = int(row, 0).and_then(|trials| u32::try_from(trials).ok()).unwrap_or_default();
            study.started_ms = text(row, 1).and_then(|time| self.zone.millis(&time));
        })?;
        let distributions = format!(
            "SELECT DISTINCT p.param_name, p.distribution_json FROM trial_params p \
             JOIN trials t ON t.trial_id = p.trial_id WHERE t.study_id = ?1 LIMIT {MOST_DISTRIBUTIONS}"
        );
        let mut found = vec![];
        self.each(&distributions, id, &mut |row| found.push((text(row, 0), text(row, 1))))?;
        for (name, json) in found {
            let drawn = self.known.read(&json.unwrap_or_default());
            study.space.take(&name.unwrap_or_default(), drawn.as_deref());
        }
        Ok(study)
    }

    fn each(&self, query: &str, id: i64, each: &mut dyn FnMut(&Row<'_>)) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(query)?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            each(row);
        }
        Ok(())
    }

    fn trials(
        &mut self,
        id: i64,
        study: &Study,
        path: &Path,
        sink: &mut dyn Sink,
    ) -> Result<(), ImportError> {
        let wrong = ImportError::database(path);
        let connection = self.connection;
        let mut statement = connection
            .prepare("SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials WHERE study_id = ?1 ORDER BY trial_id")
            .map_err(&wrong)?;
        let mut rows = statement.query([id]).map_err(&wrong)?;
        while let Some(row) = rows.next().map_err(&wrong)? {
            if self.done.is_multiple_of(64) {
                sink.progress(self.done.min(self.total), self.total)?;
            }
            self.done += 1;
            let number = int(row, 1).and_then(|number| u32::try_from(number).ok());
            let (Some(number), Some(state)) = (number, State::named(&text(row, 2).unwrap_or_default()))
            else {
                let what = format!("a trial of the study `{}`", study.name);
                sink.skipped(Skipped::new(what, "its number or its state is none"))?;
                continue;
            };
            let mut trial = Trial::new(number, state);
            trial.started_ms = text(row, 3).and_then(|time| self.zone.millis(&time));
            trial.ended_ms = text(row, 4).and_then(|time| self.zone.millis(&time));
            let filled = self.fill(int(row, 0).unwrap_or_default(), &mut trial);
            trial.give(study, sink)?;
            if let Err(error) = filled {
                let what = format!("a part of trial {number} of the study `{}`", study.name);
                sink.skipped(Skipped::new(what, error.to_string()))?;
            }
        }
        Ok(())
    }

    fn fill(&mut self, id: i64, trial: &mut Trial) -> rusqlite::Result<()> {
        let mut params = vec![];
        let query = "SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ?1 ORDER BY param_id";
        self.each(query, id, &mut |row| params.push((text(row, 0), real(row, 1), text(row, 2))))?;
        for (name, value, json) in params {
            let drawn = self.known.read(&json.unwrap_or_default());
            trial.params.insert(name.unwrap_or_default(), (value.unwrap_or(f64::NAN), drawn));
        }
        let kind = if self.has_types { "value_type" } else { "'FINITE'" };
        let query = format!("SELECT value, {kind} FROM trial_values WHERE trial_id = ?1 ORDER BY objective");
        self.each(&query, id, &mut |row| trial.values.push(typed(row, 0)))?;
        let kind = if self.has_intermediate_types { "intermediate_value_type" } else { "'FINITE'" };
        let query = format!(
            "SELECT intermediate_value, {kind}, step FROM trial_intermediate_values WHERE trial_id = ?1 \
             ORDER BY trial_intermediate_value_id"
        );
        self.each(&query, id, &mut |row| trial.reports.take(int(row, 2).unwrap_or_default(), typed(row, 0)))?;
        self.each("SELECT key, value_json FROM trial_user_attributes WHERE trial_id = ?1", id, &mut |row| {
            trial.user.take(text(row, 0).unwrap_or_default(), &text(row, 1).unwrap_or_default());
        })?;
        self.each("SELECT key, value_json FROM trial_system_attributes WHERE trial_id = ?1", id, &mut |row| {
            trial.system.take(text(row, 0).unwrap_or_default(), &text(row, 1).unwrap_or_default());
        })
    }
}

/// A value with its type in the next column.
fn typed(row: &Row<'_>, column: usize) -> f64 {
    match text(row, column + 1).as_deref() {
        Some("INF_POS") => f64::INFINITY,
        Some("INF_NEG") => f64::NEG_INFINITY,
        Some("NAN") => f64::NAN,
        _ => real(row, column).unwrap_or(f64::NAN),
    }
}
