//! Files that come and go as streams.

use std::fs::File;
use std::io::{self, Write};

use rusqlite::{Connection, OptionalExtension, params};

use super::super::Fault;
use super::super::artifact::StagedBlob;
use super::super::attach::put_artifact;
use super::super::writer::Writer;
use super::row::find as find_run;
use uaic_study::store::rules::check_name;
use uaic_study::store::tracking::{FileEntry, FilePlace, StagedFile};
use uaic_study::store::{ArtifactRecord, StoreError};

/// A file whose content is coming.
pub(super) struct Staged<'a> {
    pub(super) writer: &'a Writer,
    pub(super) blob: StagedBlob,
    /// So long nobody removes contents without a row.
    pub(super) _kept: Option<File>,
}

impl Write for Staged<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.blob.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.blob.flush()
    }
}

impl StagedFile for Staged<'_> {
    fn publish(self: Box<Self>, place: &FilePlace) -> Result<ArtifactRecord, StoreError> {
        let Self { writer, blob, _kept } = *self;
        let name = match place {
            FilePlace::Artifact { name, .. } => {
                check_name(name)?;
                name
            }
            FilePlace::Loose { path } => path,
        };
        let (hash, size) = blob.publish()?;
        let record = ArtifactRecord { name: name.clone(), hash: hash.to_hex().to_string(), size };
        let place = place.clone();
        writer.call(move |connection| {
            match place {
                FilePlace::Artifact { run, .. } => {
                    put_artifact(connection, find_run(connection, run)?, &hash, &record)?;
                }
                FilePlace::Loose { path } => put_loose(connection, &path, &hash, size)?,
            }
            Ok(record)
        })
    }
}

fn put_loose(connection: &Connection, path: &str, hash: &blake3::Hash, size: u64) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO files (path, hash, size) VALUES (?, ?, ?)")?
        .execute(params![path, hash.as_bytes(), size as i64])?;
    Ok(())
}

/// A table of names, and what its rows have to be beside.
struct Names {
    table: &'static str,
    column: &'static str,
    /// The run, where they are of one.
    run: Option<i64>,
    name: String,
}

impl Names {
    fn of(connection: &Connection, place: &FilePlace) -> Result<Self, Fault> {
        Ok(match place {
            FilePlace::Artifact { run, name } => Self {
                table: "artifacts",
                column: "name",
                run: Some(find_run(connection, *run)?),
                name: name.clone(),
            },
            FilePlace::Loose { path } => {
                Self { table: "files", column: "path", run: None, name: path.clone() }
            }
        })
    }

    /// The condition on the run.
    fn own(&self) -> String {
        self.run.map_or_else(|| "TRUE".to_owned(), |run| format!("run = {run}"))
    }

    /// The names of a folder begin with the first and are less than the second.
    fn span(&self) -> (String, Option<String>) {
        if self.name.is_empty() {
            return (String::new(), None);
        }
        // `0` is the sign behind `/`.
        (format!("{}/", self.name), Some(format!("{}0", self.name)))
    }
}

pub(super) fn find(connection: &Connection, place: &FilePlace) -> Result<ArtifactRecord, Fault> {
    let names = Names::of(connection, place)?;
    let Names { table, column, name, .. } = &names;
    let sql = format!("SELECT hash, size FROM {table} WHERE {} AND {column} = ?", names.own());
    let found: Option<([u8; 32], i64)> = connection
        .prepare_cached(&sql)?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (hash, size) = found.ok_or_else(|| StoreError::NotFound { what: "artifact", id: name.clone() })?;
    let hash = blake3::Hash::from_bytes(hash).to_hex().to_string();
    Ok(ArtifactRecord { name: name.clone(), hash, size: size as u64 })
}

pub(super) fn list(connection: &Connection, folder: &FilePlace) -> Result<Vec<FileEntry>, Fault> {
    let names = Names::of(connection, folder)?;
    let Names { table, column, .. } = &names;
    let (from, to) = names.span();
    let sql = format!(
        "SELECT {column}, size FROM {table} WHERE {} AND {column} >= ?1 AND (?2 IS NULL OR {column} < ?2)
         ORDER BY {column}",
        names.own()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![from, to])?;
    let mut entries: Vec<FileEntry> = Vec::new();
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let rest = name.get(from.len()..).unwrap_or_default();
        let (name, size) = match rest.split_once('/') {
            Some((folder, _)) => (folder, None),
            None => (rest, Some(row.get::<_, i64>(1)? as u64)),
        };
        // A folder's files follow each other.
        if entries.last().is_none_or(|last| last.name != name || last.size.is_some()) {
            entries.push(FileEntry { name: name.to_owned(), size });
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

pub(super) fn remove(connection: &Connection, place: &FilePlace) -> Result<(), Fault> {
    let names = Names::of(connection, place)?;
    let Names { table, column, name, .. } = &names;
    let (from, to) = names.span();
    let sql = format!(
        "DELETE FROM {table} WHERE {} AND ({column} = ?1
             OR ({column} >= ?2 AND (?3 IS NULL OR {column} < ?3)))",
        names.own()
    );
    connection.prepare_cached(&sql)?.execute(params![name, from, to])?;
    Ok(())
}
