//! A study as a run, for those who see runs alone: of its id, with its state, hidden to all others.

use rusqlite::{Connection, OptionalExtension, params};

use super::Fault;
use super::rows::{intern, process_row};
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::{Id, StudyState};

/// How a run is hidden that is a study.
pub(super) const OF_A_STUDY: i64 = 4;

/// Makes the run of a study that nobody works on yet.
pub(super) fn insert(
    connection: &Connection,
    study: Id,
    experiment: i64,
    environment: i64,
    created_ms: i64,
) -> Result<(), Fault> {
    let process = process_row(connection, &ProcessIdentity::outside(), created_ms)?;
    let config = intern(connection, "{}")?;
    connection
        .prepare_cached(
            "INSERT INTO runs (uuid, experiment, kind, attempt, state, process, config, environment, started_ms,
                 hidden)
             VALUES (?, ?, 'study', 1, 'INTERRUPTED', ?, ?, ?, ?, ?)",
        )?
        .execute(params![study.0, experiment, process, config, environment, created_ms, OF_A_STUDY])?;
    Ok(())
}

/// The row of the run of a study.
pub(super) fn row(connection: &Connection, study: Id) -> Result<Option<i64>, Fault> {
    Ok(connection
        .prepare_cached("SELECT id FROM runs WHERE uuid = ? AND kind = 'study'")?
        .query_row([study.0], |row| row.get(0))
        .optional()?)
}

/// Writes down that a process works on a study.
pub(super) fn begin(connection: &Connection, study: i64, process: i64) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE runs SET state = 'RUNNING', process = ?, ended_ms = NULL
             WHERE uuid = (SELECT uuid FROM studies WHERE id = ?) AND kind = 'study'",
        )?
        .execute([process, study])?;
    Ok(())
}

/// Takes over the state that a study has now.
pub(super) fn follow(connection: &Connection, study: i64, now_ms: i64) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE runs SET state = studies.state, process = ifnull(studies.owner, runs.process),
                 ended_ms = iif(studies.state = 'RUNNING', NULL, ?)
             FROM studies WHERE studies.id = ? AND runs.uuid = studies.uuid AND runs.kind = 'study'",
        )?
        .execute([now_ms, study])?;
    Ok(())
}

/// Makes the runs of the studies of a store of format 4.
pub(super) fn show_studies(connection: &Connection) -> rusqlite::Result<()> {
    let made = || -> Result<(), Fault> {
        let mut statement = connection.prepare(
            "SELECT studies.id, studies.uuid, experiments.id, environment, studies.created_ms, state,
                 (SELECT max(ended_ms) FROM runs WHERE study = studies.id)
             FROM studies JOIN experiments ON experiments.name = experiment ORDER BY studies.id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let created_ms: i64 = row.get(4)?;
            insert(connection, Id(row.get(1)?), row.get(2)?, row.get(3)?, created_ms)?;
            if row.get::<_, String>(5)? != StudyState::Interrupted.name() {
                let ended_ms: Option<i64> = row.get(6)?;
                follow(connection, row.get(0)?, ended_ms.unwrap_or(created_ms))?;
            }
        }
        Ok(())
    };
    made().map_err(|fault| match fault {
        Fault::Sqlite(error) => error,
        Fault::Refused(error) => rusqlite::Error::ToSqlConversionFailure(error.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::SqliteStore;
    use super::super::database::{Database, WhenMissing};
    use super::super::schema::STORE;
    use uaic_study::store::tracking::{ExperimentId, RunSearch, RunStatus};
    use uaic_study::store::{Id, RunQuery, Store, Sweep, SweepMode, TrackingStore};

    /// A store of format 4 with two experiments, a study with a trial, and a free run.
    const OLD: &str = "
        INSERT INTO texts (id, hash, content) VALUES (1, zeroblob(32), '{}');
        INSERT INTO processes (id, identity, heartbeat_ms)
            VALUES (1, '{\"host\":\"a\",\"boot_id\":\"\",\"namespace\":\"\",\"pid\":1,\"started\":\"\"}', 0);
        INSERT INTO experiments (id, name, created_ms) VALUES (1, 'first', 10), (2, 'Default', 20);
        INSERT INTO studies (id, uuid, experiment, spec, spec_path, overrides, fingerprint, seed, metric, direction,
                trials, environment, created_ms, state, owner)
            VALUES (1, zeroblob(16), 'Default', 1, 'x.toml', '[]', '', 1, 'm', 'minimize', 1, 1, 100, 'COMPLETE', 1);
        INSERT INTO runs (id, uuid, experiment, study, kind, number, attempt, state, process, config, environment,
                started_ms, ended_ms)
            VALUES (1, x'01010101010101010101010101010101', 2, 1, 'trial', 0, 1, 'COMPLETE', 1, 1, 1, 110, 120),
                   (2, x'02020202020202020202020202020202', 1, NULL, 'free', NULL, 1, 'COMPLETE', 1, 1, 1, 130, 140);";

    fn old_store() -> (tempfile::TempDir, SqliteStore) {
        let folder = tempfile::tempdir().unwrap();
        let old = Database { migrations: &STORE.migrations[..4], ..STORE };
        let path = folder.path().join("uaic.db");
        old.open_writer(&path, WhenMissing::Create).unwrap().execute_batch(OLD).unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        (folder, store)
    }

    #[test]
    fn an_old_store_has_an_experiment_0_and_its_studies_are_runs() {
        let (_folder, store) = old_store();
        assert_eq!(store.experiment(ExperimentId(0)).unwrap().name, "Default");
        assert_eq!(store.experiment(ExperimentId(1)).unwrap().name, "first");
        let search =
            |id| RunSearch { experiments: vec![ExperimentId(id)], limit: 10, ..RunSearch::default() };
        let found = store.search_tracked(&search(0)).unwrap();
        let ids: Vec<Id> = found.iter().map(|run| run.id).collect();
        assert_eq!(ids, [Id([1; 16]), Id([0; 16])], "the trial and its study");
        assert_eq!((found[1].status, found[1].ended_ms), (RunStatus::Finished, Some(120)));
        assert_eq!(store.search_tracked(&search(1)).unwrap().len(), 1);
        assert_eq!(store.runs(&RunQuery::default()).unwrap().len(), 2);
        let of_default = RunQuery { experiment: Some("Default".into()), ..RunQuery::default() };
        assert_eq!(store.runs(&of_default).unwrap().len(), 1);
    }

    #[test]
    fn a_study_that_is_removed_takes_its_run_along_and_no_other_is_swept() {
        let (_folder, store) = old_store();
        let sweep =
            |hidden_before_ms| Sweep { hidden_before_ms, begun_before_ms: i64::MAX, mode: SweepMode::Remove };
        assert_eq!(store.sweep(&sweep(i64::MAX)).unwrap().runs, []);
        store.tracked(Id([0; 16])).unwrap();
        store.set_hidden(Id([1; 16]), true).unwrap();
        store.sweep(&sweep(i64::MAX)).unwrap();
        assert!(store.study(Id([0; 16])).is_err() && store.tracked(Id([0; 16])).is_err());
        store.tracked(Id([2; 16])).unwrap();
    }
}
