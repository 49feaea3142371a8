//! What goes with a run or a study that is removed.

use rusqlite::{Connection, OptionalExtension};

use super::super::Fault;

/// Removes what Optuna programs see of a run.
pub(in super::super) fn trial(connection: &Connection, run: i64) -> Result<(), Fault> {
    for statement in [
        "DELETE FROM optuna_trial_attributes WHERE trial = (SELECT id FROM optuna_trials WHERE run = ?)",
        "DELETE FROM optuna_trials WHERE run = ?",
    ] {
        connection.prepare_cached(statement)?.execute([run])?;
    }
    Ok(())
}

/// Removes what Optuna programs see of a study and its trials.
pub(in super::super) fn study(connection: &Connection, study: i64) -> Result<(), Fault> {
    let number: Option<i64> = connection
        .prepare_cached("SELECT id FROM optuna_studies WHERE study = ?")?
        .query_row([study], |row| row.get(0))
        .optional()?;
    let Some(number) = number else { return Ok(()) };
    for statement in [
        "DELETE FROM optuna_trial_attributes WHERE trial IN (SELECT id FROM optuna_trials WHERE study = ?)",
        "DELETE FROM optuna_trials WHERE study = ?",
        "DELETE FROM optuna_study_attributes WHERE study = ?",
        "DELETE FROM optuna_distributions WHERE study = ?",
        "DELETE FROM optuna_studies WHERE id = ?",
    ] {
        connection.prepare_cached(statement)?.execute([number])?;
    }
    Ok(())
}
