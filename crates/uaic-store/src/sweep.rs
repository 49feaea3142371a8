//! What is removed for good: hidden runs and studies, then what nothing names any more.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::Fault;
use super::artifact::{BlobFolder, Loose};
use super::codec::{from_json, id_at};
use super::database::WhenMissing;
use super::outside::{remove, remove_study as remove_rows};
use super::schema::STORE;
use uaic_platform::process::ProcessIdentity;
use uaic_study::store::rules::{is_alive, now_ms};
use uaic_study::store::{Id, StoreError, Sweep, SweepMode, Swept};

/// Runs that are removed in one transaction: writers wait no longer than for these.
const AT_ONCE: usize = 100;

/// Contents that are removed under one lock, for the same reason.
const BLOBS_AT_ONCE: usize = 500;

/// A database with less to give back than this, in bytes, is left as it is.
const WORTHWHILE: u64 = 1 << 20;

/// Since when a run has been hidden: one that came so, and was made before that was written down, since
/// it ended.
const HIDDEN_MS: &str =
    "ifnull((SELECT max(time_ms) FROM events WHERE events.run = runs.id AND events.kind = 'hidden'),
     ifnull(runs.ended_ms, runs.started_ms))";

/// That no registered model needs it.
const IS_FREE: &str = "NOT EXISTS (SELECT 1 FROM model_versions WHERE model_versions.run = runs.id)";

/// A run or a study that goes.
#[derive(Clone, Copy)]
struct Target {
    row: i64,
    id: Id,
}

/// What goes.
#[derive(Default)]
struct Targets {
    hidden: Vec<Target>,
    unfinished: Vec<Target>,
    studies: Vec<Target>,
}

/// Removes what a sweep says, or counts it.
pub(super) fn sweep(path: &Path, blobs: &BlobFolder, sweep: &Sweep) -> Result<Swept, StoreError> {
    let mut connection = STORE.open_writer(path, WhenMissing::Fail)?;
    let at = |fault: Fault| fault.at(path);
    let targets = targets(&connection, sweep).map_err(at)?;
    let mut swept = Swept::default();
    count(&connection, &targets, blobs, &mut swept).map_err(at)?;
    if sweep.mode == SweepMode::Look {
        return Ok(swept);
    }
    // Every removal takes along what refers to it; looking for references that lack an index would take
    // a pass over all runs for each text.
    connection.pragma_update(None, "foreign_keys", false).map_err(|error| at(error.into()))?;
    let mut done = Swept { faults: swept.faults, ..Swept::default() };
    remove_targets(&mut connection, &targets, sweep, &mut done).map_err(at)?;
    remove_unused(&mut connection).map_err(at)?;
    remove_blobs(&connection, blobs, &mut done).map_err(at)?;
    done.points = swept.points;
    done.artifacts = swept.artifacts;
    done.database_bytes = shrink(&connection, path, &mut done.faults);
    Ok(done)
}

fn targets(connection: &Connection, sweep: &Sweep) -> Result<Targets, Fault> {
    let before = sweep.hidden_before_ms;
    Ok(Targets {
        hidden: list(
            connection,
            &format!(
                "SELECT id, uuid FROM runs WHERE hidden > 0 AND hidden = 1 AND study IS NULL
                     AND {HIDDEN_MS} < ? AND {IS_FREE} ORDER BY id"
            ),
            before,
        )?,
        unfinished: list(connection, &unfinished_sql(), sweep.begun_before_ms)?,
        studies: idle(connection, list(connection, &studies_sql(), before)?)?,
    })
}

fn unfinished_sql() -> String {
    // A trial that waits is unseen, and yet nothing that was left unfinished.
    "SELECT id, uuid FROM runs WHERE hidden > 0 AND hidden IN (2, 3)
         AND NOT EXISTS (SELECT 1 FROM optuna_trials WHERE run = runs.id)
         AND ifnull((SELECT max(time_ms) FROM events WHERE run = runs.id AND events.kind = 'begun'), 0) < ? ORDER BY id"
        .to_owned()
}

fn studies_sql() -> String {
    format!(
        "SELECT id, uuid FROM studies WHERE EXISTS (SELECT 1 FROM runs WHERE study = studies.id)
             AND NOT EXISTS (SELECT 1 FROM runs WHERE study = studies.id
                 AND (hidden <> 1 OR {HIDDEN_MS} >= ? OR NOT {IS_FREE}))
         ORDER BY id"
    )
}

fn list(connection: &Connection, sql: &str, before_ms: i64) -> Result<Vec<Target>, Fault> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([before_ms])?;
    let mut targets = Vec::new();
    while let Some(row) = rows.next()? {
        targets.push(Target { row: row.get(0)?, id: id_at(row, "uuid")? });
    }
    Ok(targets)
}

/// Studies on which no live process works.
fn idle(connection: &Connection, studies: Vec<Target>) -> Result<Vec<Target>, Fault> {
    let mut idle = Vec::new();
    for study in studies {
        if !is_worked_on(connection, study.row)? {
            idle.push(study);
        }
    }
    Ok(idle)
}

fn is_worked_on(connection: &Connection, study: i64) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT identity, heartbeat_ms FROM processes WHERE id IN (
             SELECT process FROM study_workers WHERE study = ?1
             UNION SELECT process FROM runs WHERE study = ?1 AND state = 'RUNNING')",
    )?;
    let mut rows = statement.query([study])?;
    while let Some(row) = rows.next()? {
        let process: ProcessIdentity = from_json("process", &row.get::<_, String>(0)?)?;
        // What is said to run elsewhere does not keep it.
        if !process.is_outside() && is_alive(&process, row.get(1)?, now_ms()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The runs of a study.
fn runs_of(connection: &Connection, study: i64) -> Result<Vec<Target>, Fault> {
    list(connection, "SELECT id, uuid FROM runs WHERE study = ? ORDER BY id", study)
}

/// Counts what goes.
fn count(
    connection: &Connection,
    targets: &Targets,
    blobs: &BlobFolder,
    swept: &mut Swept,
) -> Result<(), Fault> {
    let mut runs: Vec<Target> = targets.hidden.iter().chain(&targets.unfinished).copied().collect();
    for study in &targets.studies {
        runs.extend(runs_of(connection, study.row)?);
    }
    let mut sizes = connection.prepare(
        "SELECT (SELECT ifnull(sum(count), 0) FROM metrics WHERE run = ?1),
             (SELECT count(*) FROM artifacts WHERE run = ?1),
             (SELECT ifnull(sum(length(points)), 0) FROM pieces WHERE run = ?1)",
    )?;
    for run in &runs {
        let (points, artifacts, bytes): (i64, i64, i64) =
            sizes.query_row([run.row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        swept.points += points as u64;
        swept.artifacts += artifacts as u64;
        swept.database_bytes += bytes as u64;
    }
    let going: std::collections::HashSet<i64> = runs.iter().map(|run| run.row).collect();
    let used = used_hashes(connection, |run| !going.contains(&run))?;
    for loose in blobs.loose(|hash| used.contains(hash), &mut swept.faults) {
        swept.blobs += 1;
        swept.blob_bytes += loose.size;
    }
    swept.unfinished = targets.unfinished.len() as u64;
    swept.runs = runs.iter().map(|run| run.id).collect();
    swept.studies = targets.studies.iter().map(|study| study.id).collect();
    Ok(())
}

/// The contents that artifacts of some runs name, and files of none.
pub(super) fn used_hashes(
    connection: &Connection,
    counts: impl Fn(i64) -> bool,
) -> Result<HashSet<[u8; 32]>, Fault> {
    let mut statement = connection.prepare_cached("SELECT run, hash FROM artifacts")?;
    let mut rows = statement.query([])?;
    let mut used = HashSet::new();
    while let Some(row) = rows.next()? {
        if counts(row.get(0)?) {
            used.insert(row.get(1)?);
        }
    }
    let mut statement = connection.prepare_cached("SELECT hash FROM files")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        used.insert(row.get(0)?);
    }
    Ok(used)
}

/// Removes the runs, then the studies; what has been brought back meanwhile stays.
fn remove_targets(
    connection: &mut Connection,
    targets: &Targets,
    sweep: &Sweep,
    done: &mut Swept,
) -> Result<(), Fault> {
    for chunk in targets.hidden.chunks(AT_ONCE) {
        let still = format!(
            "SELECT 1 FROM runs WHERE id = ? AND hidden = 1 AND {HIDDEN_MS} < ? AND {IS_FREE}
                 AND (state <> 'RUNNING' OR NOT ?)"
        );
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for run in chunk {
            let runs = is_running(&transaction, run.row)?;
            if transaction.prepare_cached(&still)?.exists(params![run.row, sweep.hidden_before_ms, runs])? {
                remove(&transaction, run.row)?;
                done.runs.push(run.id);
            }
        }
        transaction.commit()?;
    }
    for chunk in targets.unfinished.chunks(AT_ONCE) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for run in chunk {
            if transaction
                .prepare_cached("SELECT 1 FROM runs WHERE id = ? AND hidden IN (2, 3)")?
                .exists([run.row])?
            {
                remove(&transaction, run.row)?;
                done.runs.push(run.id);
                done.unfinished += 1;
            }
        }
        transaction.commit()?;
    }
    for study in &targets.studies {
        remove_study(connection, *study, sweep, done)?;
    }
    Ok(())
}

/// Whether a live process of ours executes a run.
fn is_running(connection: &Connection, run: i64) -> Result<bool, Fault> {
    let (identity, heartbeat_ms): (String, i64) = connection
        .prepare_cached(
            "SELECT identity, heartbeat_ms FROM runs JOIN processes ON processes.id = process WHERE runs.id = ?",
        )?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let process: ProcessIdentity = from_json("process", &identity)?;
    Ok(!process.is_outside() && is_alive(&process, heartbeat_ms, now_ms()))
}

fn remove_study(
    connection: &mut Connection,
    study: Target,
    sweep: &Sweep,
    done: &mut Swept,
) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let still = list(&transaction, &studies_sql(), sweep.hidden_before_ms)?;
    if still.iter().all(|other| other.row != study.row) || is_worked_on(&transaction, study.row)? {
        return Ok(());
    }
    for run in runs_of(&transaction, study.row)? {
        remove(&transaction, run.row)?;
        done.runs.push(run.id);
    }
    remove_rows(&transaction, study.row, study.id)?;
    transaction.commit()?;
    done.studies.push(study.id);
    Ok(())
}

/// Removes texts, names and processes that nothing refers to.
fn remove_unused(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "DELETE FROM texts WHERE id NOT IN (
             SELECT config FROM runs UNION SELECT environment FROM runs
             UNION SELECT spec FROM studies UNION SELECT environment FROM studies);
         DELETE FROM names WHERE NOT EXISTS (SELECT 1 FROM params WHERE params.name = names.id)
             AND NOT EXISTS (SELECT 1 FROM tags WHERE tags.name = names.id)
             AND NOT EXISTS (SELECT 1 FROM metrics WHERE metrics.name = names.id);
         DELETE FROM processes WHERE id NOT IN (
             SELECT process FROM runs UNION SELECT process FROM study_workers
             UNION SELECT owner FROM studies WHERE owner IS NOT NULL);",
    )?;
    Ok(transaction.commit()?)
}

/// Removes contents that no artifact names. A writer holds the lock from the moment at which its content
/// is there until its row is, so what has no row under the lock is nobody's.
pub(super) fn remove_blobs(
    connection: &Connection,
    blobs: &BlobFolder,
    done: &mut Swept,
) -> Result<(), Fault> {
    let used = used_hashes(connection, |_| true)?;
    let loose = blobs.loose(|hash| used.contains(hash), &mut done.faults);
    for chunk in loose.chunks(BLOBS_AT_ONCE) {
        let Some(_alone) = blobs.lock_alone(&mut done.faults) else { return Ok(()) };
        let used = used_hashes(connection, |_| true)?;
        for Loose { hash, path, size } in chunk {
            if used.contains(hash) {
                continue;
            }
            match std::fs::remove_file(path) {
                Ok(()) => {
                    done.blobs += 1;
                    done.blob_bytes += size;
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => done.faults.push(format!("cannot remove {}: {error}", path.display())),
            }
        }
    }
    Ok(())
}

/// Gives the database's free pages back to the disk where that is worth a copy of it; says how many bytes.
fn shrink(connection: &Connection, path: &Path, faults: &mut Vec<String>) -> u64 {
    let pragma = |name: &str| -> u64 {
        connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap_or_default() as u64
    };
    let (free, pages, size) = (pragma("freelist_count"), pragma("page_count"), pragma("page_size"));
    if free * size < WORTHWHILE || free * 4 < pages {
        return 0;
    }
    let before = pages * size;
    let result = connection
        .execute_batch("VACUUM")
        .and_then(|()| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    if let Err(error) = result {
        faults.push(format!("cannot make {} smaller: {error}", path.display()));
    }
    before.saturating_sub(pragma("page_count") * size)
}
