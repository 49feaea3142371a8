//! Whether a store is sound, and what of it can be mended.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use uaic_study::store::{Id, StoreError};

use super::artifact::BlobFolder;
use super::codec::id_at;
use super::database::WhenMissing;
use super::fault::Fault;
use super::schema::STORE;
use super::sweep;

/// Rows of one fault that are told, at most.
const MOST: usize = 100;

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All but the bytes of contents: that each is there and of its size.
    Quick,
    /// All: every content is read and held against its hash.
    Full,
}

/// Whether what can be mended is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Nothing is changed.
    Look,
    /// What can be mended without losing anything is.
    Mend,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ailment {
    /// A word for programs: `database`, `reference`, `missing`, `damaged`, `count`, `orphan`.
    pub kind: &'static str,
    /// What and where.
    pub what: String,
    /// What to do, where it is not mended.
    pub advice: &'static str,
    /// Whether it can be mended, and was where that was asked for.
    pub is_mendable: bool,
}

/// What was looked at and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkup {
    /// Contents that were looked at.
    pub contents: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Series that were counted.
    pub series: u64,
    /// What is wrong.
    pub ailments: Vec<Ailment>,
    /// How many of these were mended.
    pub mended: u64,
}

/// Looks at the store in a folder; others may go on writing to it.
///
/// # Errors
/// There is none, or it cannot be opened at all.
pub fn check(folder: &Path, depth: Depth, care: Care) -> Result<Checkup, StoreError> {
    let path = folder.join("uaic.db");
    let missing = || StoreError::Missing { folder: folder.display().to_string() };
    let connection = match care {
        Care::Look => STORE.open_reader(&path)?.ok_or_else(missing)?,
        Care::Mend if path.is_file() => STORE.open_writer(&path, WhenMissing::Fail)?,
        Care::Mend => return Err(missing()),
    };
    let blobs = BlobFolder::at(folder.join("blobs"));
    let mut checkup = Checkup::default();
    let at = |fault: Fault| fault.at(&path);
    check_pages(&connection, &mut checkup).map_err(at)?;
    // What is broken there would be told once more by all that follows.
    if checkup.ailments.is_empty() {
        check_references(&connection, care, &mut checkup).map_err(at)?;
        check_counts(&connection, care, &mut checkup).map_err(at)?;
        check_contents(&connection, &blobs, depth, &mut checkup).map_err(at)?;
        check_orphans(&connection, &blobs, care, &mut checkup).map_err(at)?;
    }
    Ok(checkup)
}

fn check_pages(connection: &Connection, checkup: &mut Checkup) -> Result<(), Fault> {
    let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let what: String = row.get(0)?;
        if what != "ok" {
            checkup.ailments.push(Ailment {
                kind: "database",
                what,
                advice: "restore a backup with `uaic server restore`, or save what can be read with `uaic bundle`",
                is_mendable: false,
            });
        }
    }
    Ok(())
}

/// Rows that refer to what is not there. Those of runs that are gone can go, too.
fn check_references(connection: &Connection, care: Care, checkup: &mut Checkup) -> Result<(), Fault> {
    let mut broken: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        *broken.entry((row.get(0)?, row.get(2)?)).or_default() += 1;
    }
    for ((table, parent), count) in broken {
        let is_mendable = parent == "runs" && OF_RUNS.contains(&table.as_str());
        checkup.ailments.push(Ailment {
            kind: "reference",
            what: format!("{count} of the table {table} refer to {parent} that are not there"),
            advice: "restore a backup with `uaic server restore`",
            is_mendable,
        });
        if is_mendable && care == Care::Mend {
            connection.execute(&format!("DELETE FROM {table} WHERE run NOT IN (SELECT id FROM runs)"), [])?;
            checkup.mended += 1;
        }
    }
    Ok(())
}

/// Tables whose rows are nothing without their run.
const OF_RUNS: [&str; 6] = ["params", "tags", "metrics", "pieces", "artifacts", "more_values"];

/// That every series has as many points as its row says.
fn check_counts(connection: &Connection, care: Care, checkup: &mut Checkup) -> Result<(), Fault> {
    checkup.series =
        connection.query_row("SELECT count(*) FROM metrics", [], |row| row.get::<_, i64>(0))? as u64;
    let wrong = "SELECT runs.uuid AS uuid, names.name AS name, metrics.run, metrics.name, metrics.count,
             ifnull((SELECT sum(count) FROM pieces WHERE pieces.run = metrics.run
                 AND pieces.name = metrics.name), 1) AS found
         FROM metrics JOIN runs ON runs.id = metrics.run JOIN names ON names.id = metrics.name
         WHERE found <> metrics.count";
    let mut statement = connection.prepare(wrong)?;
    let mut rows = statement.query([])?;
    let mut mended = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, name): (Id, String) = (id_at(row, "uuid")?, row.get(1)?);
        let (count, found): (i64, i64) = (row.get(4)?, row.get(5)?);
        let key: (i64, i64) = (row.get(2)?, row.get(3)?);
        mended.push((key, found));
        if mended.len() <= MOST {
            checkup.ailments.push(Ailment {
                kind: "count",
                what: format!("{name} of run {} has {found} points, and says {count}", id.short()),
                advice: "`uaic doctor --repair` sets the number right",
                is_mendable: true,
            });
        }
    }
    if care == Care::Mend {
        for ((run, name), found) in &mended {
            connection.execute(
                "UPDATE metrics SET count = ? WHERE run = ? AND name = ?",
                rusqlite::params![found, run, name],
            )?;
            checkup.mended += 1;
        }
    }
    Ok(())
}

/// That every content that is named is there and is what its name says.
fn check_contents(
    connection: &Connection,
    blobs: &BlobFolder,
    depth: Depth,
    checkup: &mut Checkup,
) -> Result<(), Fault> {
    let mut statement = connection.prepare(
        "SELECT hash, max(size), min(substr(hex(runs.uuid), 1, 8) || ' ' || artifacts.name)
             FROM artifacts JOIN runs ON runs.id = artifacts.run GROUP BY hash
         UNION ALL SELECT hash, max(size), min(path) FROM files GROUP BY hash",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (hash, size, name): ([u8; 32], i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        checkup.contents += 1;
        checkup.bytes += size as u64;
        let path = blobs.path(&hash);
        let (kind, wrong) = match path.metadata() {
            Err(error) => ("missing", error.to_string()),
            Ok(found) if found.len() != size as u64 => {
                ("damaged", format!("it has {} bytes in place of {size}", found.len()))
            }
            Ok(_) if depth == Depth::Full && !is_sound(&path, &hash) => {
                ("damaged", "its bytes are not those of its hash".to_owned())
            }
            Ok(_) => continue,
        };
        checkup.ailments.push(Ailment {
            kind,
            what: format!("artifact {} ({}): {wrong}", name.to_lowercase(), path.display()),
            advice: "put the file of a backup in its place: it has the same name there",
            is_mendable: false,
        });
    }
    Ok(())
}

fn is_sound(path: &Path, hash: &[u8; 32]) -> bool {
    let mut hasher = blake3::Hasher::new();
    let read = std::fs::File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut hasher));
    read.is_ok() && hasher.finalize().as_bytes() == hash
}

/// Contents that nothing names.
fn check_orphans(
    connection: &Connection,
    blobs: &BlobFolder,
    care: Care,
    checkup: &mut Checkup,
) -> Result<(), Fault> {
    let mut faults = Vec::new();
    let used = sweep::used_hashes(connection, |_| true)?;
    let loose = blobs.loose(|hash| used.contains(hash), &mut faults);
    if !loose.is_empty() {
        let bytes: u64 = loose.iter().map(|loose| loose.size).sum();
        checkup.ailments.push(Ailment {
            kind: "orphan",
            what: format!("{} contents of {bytes} bytes belong to nothing", loose.len()),
            advice: "`uaic gc --apply` removes them",
            is_mendable: true,
        });
        if care == Care::Mend {
            let mut swept = uaic_study::store::Swept::default();
            sweep::remove_blobs(connection, blobs, &mut swept)?;
            faults.append(&mut swept.faults);
            checkup.mended += 1;
        }
    }
    checkup.ailments.extend(faults.into_iter().map(|what| Ailment {
        kind: "orphan",
        what,
        advice: "see to it that the folder can be read and written",
        is_mendable: false,
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{BackedUp, SqliteStore, back_up};
    use super::*;
    use uaic_study::Run;
    use uaic_study::store::Store;
    use uaic_study::trial::RunState;

    /// A store with a run of two artifacts and a long series.
    fn store(folder: &Path) -> Id {
        let store = SqliteStore::open(folder).unwrap();
        let run = Run::start(&store, "one").unwrap();
        for step in 0..3000 {
            run.log(step, [("loss", 1.0 / (step + 1) as f64)]).unwrap();
        }
        run.artifact("a.txt", b"first").unwrap();
        run.artifact("b.txt", b"second").unwrap();
        let id = run.id();
        run.finish(RunState::Complete).unwrap();
        id
    }

    fn kinds(folder: &Path, care: Care) -> Vec<&'static str> {
        check(folder, Depth::Full, care).unwrap().ailments.iter().map(|ailment| ailment.kind).collect()
    }

    #[test]
    fn what_is_wrong_is_found_and_what_can_be_mended_is() {
        let folder = tempfile::tempdir().unwrap();
        store(folder.path());
        let sound = check(folder.path(), Depth::Full, Care::Look).unwrap();
        assert_eq!((sound.contents, sound.bytes, &sound.ailments), (2, 11, &vec![]));
        let path = folder.path().join("uaic.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "PRAGMA foreign_keys = OFF; UPDATE metrics SET count = 7;
            INSERT INTO tags VALUES (999, 1, 'x')",
            )
            .unwrap();
        drop(connection);
        let first = BlobFolder::at(folder.path().join("blobs")).path(blake3::hash(b"first").as_bytes());
        std::fs::write(&first, b"First").unwrap();
        let second = BlobFolder::at(folder.path().join("blobs")).path(blake3::hash(b"second").as_bytes());
        std::fs::remove_file(&second).unwrap();
        let found = ["reference", "count", "damaged", "missing"];
        let mut told = kinds(folder.path(), Care::Look);
        told.sort_unstable();
        let mut expected = found.to_vec();
        expected.sort_unstable();
        assert_eq!(told, expected);
        assert_eq!(kinds(folder.path(), Care::Look).len(), 4, "looking changes nothing");
        assert_eq!(check(folder.path(), Depth::Full, Care::Mend).unwrap().mended, 2);
        assert_eq!(kinds(folder.path(), Care::Look).len(), 2);
        let quick = check(folder.path(), Depth::Quick, Care::Look).unwrap();
        assert_eq!(quick.ailments.len(), 1, "bytes are not looked at: {:?}", quick.ailments);
    }

    #[test]
    fn a_backup_is_a_store_of_one_moment() {
        let (folder, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let run = store(folder.path());
        let writing = SqliteStore::open(folder.path()).unwrap();
        let done = back_up(folder.path(), to.path()).unwrap();
        assert_eq!((done.copied, done.copied_bytes, done.kept), (2, 11, 0));
        let copy = SqliteStore::open_read_only(to.path()).unwrap();
        assert_eq!(copy.run(run).unwrap(), writing.run(run).unwrap());
        assert_eq!(copy.read_artifact(run, "a.txt").unwrap(), b"first");
        assert_eq!(copy.series(run, "loss").unwrap(), writing.series(run, "loss").unwrap());
        assert!(kinds(to.path(), Care::Look).is_empty());
        drop(copy);
        let again = back_up(folder.path(), to.path()).unwrap();
        assert_eq!(BackedUp { database_bytes: 0, ..again }, BackedUp { kept: 2, ..BackedUp::default() });
    }
}
