//! The store on disk: `uaic.db` (SQLite with a write-ahead log) and `blobs/`.
//!
//! ```
//! use uaic_store::SqliteStore;
//! use uaic_study::store::Store;
//!
//! let folder = tempfile::tempdir()?;
//! let store = SqliteStore::open(folder.path())?;
//! assert!(store.studies()?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod artifact;
mod attach;
mod backup;
mod change;
mod codec;
mod copying;
pub mod database;
mod doctor;
mod fault;
mod find;
mod history;
mod once;
mod optuna;
mod outside;
mod piece;
mod read;
mod readers;
mod registry;
mod relation;
mod rows;
mod schema;
mod search;
mod series;
mod served;
mod sql;
mod study_run;
mod sweep;
mod tracking;
mod write;
mod writer;

pub use backup::{BackedUp, back_up, back_up_database};
pub use doctor::{Ailment, Care, Checkup, Depth, check};

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use uaic_platform::fsx;
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::rules::{check_alias, check_model_name, check_name, no_model, now_ms};
use uaic_study::store::{
    ArtifactRecord, Attempt, Bucket, Change, Environment, EventRecord, Id, Known, LatestMetric, Look,
    MetricPoint, ModelVersion, NewRun, NewStudy, OutsideRun, Point, RunCopy, RunEdit, RunEnd, RunQuery,
    RunRecord, Store, StoreError, StudyChange, StudyCopy, StudyRecord, StudyState, Sweep, Swept, Tally,
};
use uaic_study::trial::Params;

use self::artifact::BlobFolder;
use self::database::WhenMissing;
use self::fault::Fault;
use self::read::{Snapshot, single};
use self::readers::{MOST, Readers};
use self::schema::STORE;
use self::writer::Writer;

/// A [`Store`] in a folder, for any number of processes of one machine at once.
///
/// One thread writes, and batches what it can; readers have a connection of their own, so neither
/// waits for the other. Every commit is synced to disk before the call that asked for it returns.
pub struct SqliteStore {
    // Dropped in this order: the last connection to close tidies the log away, and only a writer can.
    readers: Readers,
    looks: Readers,
    writer: Option<Writer>,
    blobs: BlobFolder,
    path: PathBuf,
    /// The last run that was there when the store was opened.
    found: i64,
}

impl SqliteStore {
    /// Opens the store in `folder`; creates it where there is none.
    ///
    /// # Errors
    /// The folder cannot be written, the database is damaged, somebody else's
    /// ([`StoreError::Foreign`]) or of a newer format ([`StoreError::Newer`]).
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        fsx::create_dir_all(folder)?;
        let path = folder.join("uaic.db");
        let blobs = BlobFolder::at(folder.join("blobs"));
        let connection = STORE.open_writer(&path, WhenMissing::Create)?;
        blobs.create()?;
        let found = tracking::last_run(&connection).map_err(|fault| fault.at(&path))?;
        let readers = Readers::open(&path, MOST)?;
        let writer = Writer::start(connection, path.clone())?;
        let looks = Readers::closed(&path, MOST);
        Ok(Self { readers, looks, writer: Some(writer), blobs, path, found })
    }

    /// Opens the store that is in `folder` for writing.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none; otherwise as [`SqliteStore::open`].
    pub fn open_existing(folder: &Path) -> Result<Self, StoreError> {
        // Opening for writing would make an empty store where there is none.
        Self::open_read_only(folder)?;
        Self::open(folder)
    }

    /// Opens the store in `folder` for reading, while others may write to it. Creates nothing.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no store; otherwise as [`SqliteStore::open`].
    /// Methods that write fail with [`StoreError::ReadOnly`].
    pub fn open_read_only(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("uaic.db");
        let blobs = BlobFolder::at(folder.join("blobs"));
        // One of an older format is read as a copy in memory, which is not made twice.
        let readers = Readers::open(&path, 1)?;
        let looks = Readers::closed(&path, 1);
        Ok(Self { readers, looks, writer: None, blobs, path, found: 0 })
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        self.writer.as_ref().ok_or_else(|| StoreError::ReadOnly { path: self.path.display().to_string() })
    }

    /// The artifact of a name.
    fn artifact(&self, run: Id, name: &str) -> Result<ArtifactRecord, StoreError> {
        check_name(name)?;
        let found = self.artifacts(run)?.into_iter().find(|artifact| artifact.name == name);
        found.ok_or_else(|| StoreError::NotFound { what: "artifact", id: name.to_owned() })
    }

    /// Reads inside one transaction, so that several statements see the same state.
    fn read<T>(&self, look: impl FnOnce(&mut Snapshot<'_>) -> Result<T, Fault>) -> Result<T, StoreError> {
        // What this process has written it also sees.
        self.writer.as_ref().map_or(Ok(()), Writer::settle)?;
        let lent = self.readers.lend()?;
        let connection = lent.connection()?;
        let answer = || -> Result<T, Fault> {
            let transaction = connection.unchecked_transaction()?;
            look(&mut Snapshot::new(&transaction)?)
        };
        answer().map_err(|fault| fault.at(&self.path))
    }
}

impl Store for SqliteStore {
    fn create_study(&self, new: &NewStudy) -> Result<StudyRecord, StoreError> {
        let id = Id::random();
        let new = new.clone();
        self.writer()?.call(move |connection| write::create_study(connection, id, &new, now_ms()))?;
        self.study(id)
    }

    fn study(&self, id: Id) -> Result<StudyRecord, StoreError> {
        self.read(|snapshot| single(snapshot.studies(Some(id))?, "study", id))
    }

    fn studies(&self) -> Result<Vec<StudyRecord>, StoreError> {
        self.read(|snapshot| snapshot.studies(None))
    }

    fn acquire_study(&self, id: Id, owner: &ProcessIdentity) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.writer()?.call(move |connection| write::acquire_study(connection, id, &owner, now_ms()))
    }

    fn release_study(&self, id: Id, owner: &ProcessIdentity, state: StudyState) -> Result<(), StoreError> {
        let (owner, state) = (owner.clone(), state.when_released());
        self.writer()?.call(move |connection| write::release_study(connection, id, &owner, state, now_ms()))
    }

    fn extend_study(&self, id: Id, trials: u32) -> Result<(), StoreError> {
        self.writer()?.call(move |connection| write::extend_study(connection, id, trials, now_ms()))
    }

    fn start_run(&self, new: &NewRun) -> Result<Attempt, StoreError> {
        let fresh = Id::random();
        let new = new.clone();
        self.writer()?.call(move |connection| write::start_run(connection, fresh, &new, None, now_ms()))
    }

    fn start_run_as(&self, id: Id, new: &NewRun) -> Result<Attempt, StoreError> {
        let new = new.clone();
        self.writer()?.call(move |connection| outside::start_as(connection, id, &new, now_ms()))
    }

    fn add_facts(&self, attempt: Attempt, facts: &Environment) -> Result<(), StoreError> {
        let facts = facts.clone();
        self.writer()?.call_for(attempt, move |connection| outside::add_facts(connection, attempt, facts))
    }

    fn start_trial(&self, new: &NewRun, changes: usize) -> Result<Attempt, StoreError> {
        let fresh = Id::random();
        let new = new.clone();
        self.writer()?
            .call(move |connection| write::start_run(connection, fresh, &new, Some(changes), now_ms()))
    }

    fn set_params(
        &self,
        attempt: Attempt,
        params: &Params,
        config: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let (params, config) = (params.clone(), config.clone());
        self.writer()?
            .call_for(attempt, move |connection| change::set_params(connection, attempt, &params, &config))
    }

    fn change_study(&self, study: Id, change: &Change) -> Result<StudyChange, StoreError> {
        let change = change.clone();
        self.writer()?.call(move |connection| change::change_study(connection, study, &change, now_ms()))
    }

    fn copy_change(&self, study: Id, change: &StudyChange) -> Result<(), StoreError> {
        let change = change.clone();
        self.writer()?.call(move |connection| change::copy_change(connection, study, &change))
    }

    fn changes(&self, study: Id) -> Result<Vec<StudyChange>, StoreError> {
        self.read(|snapshot| change::changes(snapshot.connection(), study))
    }

    fn log_metrics(&self, attempt: Attempt, points: &[MetricPoint]) -> Result<(), StoreError> {
        self.writer()?.queue(attempt, points)
    }

    fn set_tag(&self, run: Id, key: &str, value: &str) -> Result<(), StoreError> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.writer()?.call(move |connection| attach::set_tag(connection, run, &key, &value))
    }

    fn put_artifact(
        &self,
        attempt: Attempt,
        name: &str,
        content: &[u8],
    ) -> Result<ArtifactRecord, StoreError> {
        check_name(name)?;
        let writer = self.writer()?;
        let _kept = self.blobs.keep()?;
        let hash = self.blobs.put(content)?;
        let record = ArtifactRecord {
            name: name.to_owned(),
            hash: hash.to_hex().to_string(),
            size: content.len() as u64,
        };
        writer.call_for(attempt, move |connection| {
            attach::artifact(connection, attempt, &hash, &record)?;
            Ok(record)
        })
    }

    fn finish_run(&self, attempt: Attempt, end: &RunEnd) -> Result<(), StoreError> {
        let end = end.clone();
        self.writer()?
            .call_for(attempt, move |connection| write::finish_run(connection, attempt, &end, now_ms()))
    }

    fn run(&self, id: Id) -> Result<RunRecord, StoreError> {
        let query = RunQuery { id_prefix: Some(id.to_string()), include_hidden: true, ..RunQuery::default() };
        self.read(|snapshot| single(snapshot.runs(&query)?, "run", id))
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        self.read(|snapshot| snapshot.runs(query))
    }

    fn count_runs(&self, query: &RunQuery) -> Result<u64, StoreError> {
        self.read(|snapshot| snapshot.count_runs(query))
    }

    fn tally(&self, study: Id) -> Result<Tally, StoreError> {
        self.read(|snapshot| snapshot.tally(study))
    }

    fn latest_metrics(&self, run: Id) -> Result<Vec<LatestMetric>, StoreError> {
        self.read(|snapshot| snapshot.latest_metrics(run))
    }

    fn series(&self, run: Id, key: &str) -> Result<Vec<Point>, StoreError> {
        self.read(|snapshot| snapshot.series(run, key))
    }

    fn buckets(&self, run: Id, key: &str, look: &Look) -> Result<Vec<Bucket>, StoreError> {
        self.read(|snapshot| snapshot.buckets(run, key, look))
    }

    fn tags(&self, run: Id) -> Result<BTreeMap<String, String>, StoreError> {
        self.read(|snapshot| snapshot.tags(run))
    }

    fn artifacts(&self, run: Id) -> Result<Vec<ArtifactRecord>, StoreError> {
        self.read(|snapshot| snapshot.artifacts(run))
    }

    fn read_artifact(&self, run: Id, name: &str) -> Result<Vec<u8>, StoreError> {
        self.blobs.read(&self.artifact(run, name)?)
    }

    fn copy_artifact(&self, run: Id, name: &str, to: &mut dyn Write) -> Result<(), StoreError> {
        self.blobs.copy(&self.artifact(run, name)?, to)
    }

    fn events(&self, run: Id) -> Result<Vec<EventRecord>, StoreError> {
        self.read(|snapshot| snapshot.events(run))
    }

    fn study_events(&self, study: Id) -> Result<Vec<EventRecord>, StoreError> {
        self.read(|snapshot| copying::study_events(snapshot.connection(), study))
    }

    fn put_study_copy(&self, copy: &StudyCopy) -> Result<(), StoreError> {
        let copy = copy.clone();
        self.writer()?.call(move |connection| copying::put_study(connection, &copy))
    }

    fn begin_run_copy(&self, copy: &RunCopy) -> Result<Known, StoreError> {
        let copy = copy.clone();
        self.writer()?.call(move |connection| copying::begin(connection, &copy, now_ms()))
    }

    fn end_run_copy(&self, copy: &RunCopy) -> Result<(), StoreError> {
        let copy = copy.clone();
        self.writer()?.call(move |connection| copying::end(connection, &copy, now_ms()))
    }

    fn sweep(&self, sweep: &Sweep) -> Result<Swept, StoreError> {
        // What this process has still to write is not missed.
        self.writer()?.flush()?;
        sweep::sweep(&self.path, &self.blobs, sweep)
    }

    fn set_hidden(&self, run: Id, hidden: bool) -> Result<(), StoreError> {
        self.writer()?.call(move |connection| write::set_hidden(connection, run, hidden, now_ms()))
    }

    fn edit_run(&self, run: Id, edit: &RunEdit) -> Result<(), StoreError> {
        let edit = edit.clone();
        self.writer()?.call(move |connection| outside::edit_run(connection, run, &edit, now_ms()))
    }

    fn delete_run(&self, run: Id) -> Result<(), StoreError> {
        self.writer()?.call(move |connection| outside::delete_run(connection, run, now_ms()))
    }

    fn begin_outside_run(&self, run: &OutsideRun) -> Result<Known, StoreError> {
        let run = run.clone();
        self.writer()?.call(move |connection| outside::begin(connection, &run, now_ms()))
    }

    fn add_outside_points(&self, run: Id, series: &BTreeMap<String, Vec<Point>>) -> Result<(), StoreError> {
        let series = series.clone();
        self.writer()?.call(move |connection| outside::add_points(connection, run, series))
    }

    fn add_outside_artifact(&self, run: Id, name: &str, file: &Path) -> Result<ArtifactRecord, StoreError> {
        check_name(name)?;
        let writer = self.writer()?;
        let _kept = self.blobs.keep()?;
        let (hash, size) = self.blobs.put_file(file)?;
        let record = ArtifactRecord { name: name.to_owned(), hash: hash.to_hex().to_string(), size };
        writer.call(move |connection| {
            attach::put_artifact(connection, rows::run_row(connection, run)?, &hash, &record)?;
            Ok(record)
        })
    }

    fn end_outside_run(&self, run: Id) -> Result<(), StoreError> {
        self.writer()?.call(move |connection| outside::end(connection, run))
    }

    fn register_model(&self, name: &str, run: Id, note: &str) -> Result<ModelVersion, StoreError> {
        check_model_name(name)?;
        let (key, note) = (name.to_owned(), note.to_owned());
        self.writer()?.call(move |connection| registry::register(connection, &key, run, &note, now_ms()))?;
        let found = self.model_versions(Some(name))?.into_iter().find(|version| version.run == Some(run));
        found.ok_or_else(|| no_model(name))
    }

    fn model_versions(&self, name: Option<&str>) -> Result<Vec<ModelVersion>, StoreError> {
        self.read(|snapshot| registry::versions(snapshot.connection(), name))
    }

    fn set_model_alias(
        &self,
        name: &str,
        alias: &str,
        version: Option<u32>,
        why: &str,
    ) -> Result<(), StoreError> {
        check_alias(alias)?;
        let (name, alias, why) = (name.to_owned(), alias.to_owned(), why.to_owned());
        self.writer()?
            .call(move |connection| registry::set_alias(connection, &name, &alias, version, &why, now_ms()))
    }

    fn model_events(&self, name: &str) -> Result<Vec<EventRecord>, StoreError> {
        self.read(|snapshot| registry::events(snapshot.connection(), name))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.writer.as_ref().map_or(Ok(()), Writer::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;
    use uaic_study::trial::{Direction, Goal};

    #[test]
    fn counting_what_a_query_finds_does_not_grow_with_its_square() {
        const RUNS: u64 = 30_000;
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        let first = OutsideRun::new(Id([1; 16]), "many", 0);
        store.begin_outside_run(&first).unwrap();
        let point = Point { step: 0, time_ms: 0, value: 0.5 };
        store.add_outside_points(first.id, &[("loss".to_owned(), vec![point])].into()).unwrap();
        store.end_outside_run(first.id).unwrap();
        let fill = move |connection: &Connection| -> Result<(), Fault> {
            connection.execute_batch(&format!(
                "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {RUNS})
                 INSERT INTO runs (id, uuid, experiment, kind, attempt, state, process, config, environment,
                     started_ms)
                 SELECT i, randomblob(16), experiment, kind, attempt, state, process, config, environment, i
                 FROM n, runs WHERE runs.id = 1;
                 INSERT INTO metrics SELECT runs.id, metrics.name, step, time_ms, 0.5, NULL, NULL, 1
                 FROM runs, metrics WHERE runs.id > 1 AND metrics.run = 1"
            ))?;
            Ok(())
        };
        store.writer().unwrap().call(fill).unwrap();
        let condition = uaic_study::store::query::parse_condition("metrics.loss > 0.1", 0).unwrap();
        let query = RunQuery { condition: Some(condition), ..RunQuery::default() };
        let start = std::time::Instant::now();
        assert_eq!(store.count_runs(&query).unwrap(), RUNS);
        assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
    }

    #[test]
    fn a_process_elsewhere_has_crashed_when_its_heart_stops() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        let new = NewStudy {
            experiment: "attention".into(),
            spec_text: String::new(),
            spec_path: String::new(),
            overrides: vec![],
            fingerprint: String::new(),
            seed: 0,
            goals: Goal::new("val/accuracy", Direction::Maximize).into(),
            trials: 1,
            environment: BTreeMap::new(),
        };
        let study = store.create_study(&new).unwrap().id;
        let mut elsewhere = ProcessIdentity::current();
        elsewhere.host.push_str("-elsewhere");
        store.acquire_study(study, &elsewhere).unwrap();
        let beat = |time_ms: i64| {
            let process = elsewhere.clone();
            let writer = store.writer().unwrap();
            writer.call(move |connection| write::heartbeat(connection, &process, time_ms)).unwrap();
        };
        beat(now_ms() - 61_000);
        assert_eq!(store.study(study).unwrap().state, StudyState::Crashed);
        beat(now_ms() - 30_000);
        assert_eq!(store.study(study).unwrap().state, StudyState::Running);
        beat(now_ms() - 61_000);
        store.acquire_study(study, &ProcessIdentity::current()).unwrap();
    }
}

#[cfg(test)]
mod conformance {
    uaic_study::conformance_of_a_store!(|| {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::SqliteStore::open(&folder.path().join("runs")).unwrap();
        (folder, store)
    });
}
