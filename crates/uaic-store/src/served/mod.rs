//! The store as a server gives it to others.

mod details;
mod feed;
mod once;

use std::io::{Read, Write};
use std::ops::Range;

use uaic_study::store::remote::{
    ArtifactPlace, Feed, RunDetails, ServedStore, WriteAnswer, WriteCall, unpack,
};
use uaic_study::store::rules::{check_name, now_ms};
use uaic_study::store::{ArtifactRecord, Id, StoreError};

use super::{SqliteStore, attach, rows};
use feed::Follower;

impl ServedStore for SqliteStore {
    fn write_once(&self, key: Id, call: WriteCall) -> Result<WriteAnswer, StoreError> {
        once::check(&call)?;
        let bytes = self.writer()?.call(move |connection| once::write(connection, key, call, now_ms()))?;
        unpack(&bytes).map_err(|error| StoreError::Malformed { what: "answer", detail: error.to_string() })
    }

    fn take_artifact(
        &self,
        place: ArtifactPlace,
        name: &str,
        content: &mut dyn Read,
    ) -> Result<ArtifactRecord, StoreError> {
        check_name(name)?;
        let writer = self.writer()?;
        let _kept = self.blobs.keep()?;
        let (hash, size) = self.blobs.put_stream(content)?;
        let record = ArtifactRecord { name: name.to_owned(), hash: hash.to_hex().to_string(), size };
        match place {
            ArtifactPlace::Attempt(attempt) => writer.call_for(attempt, move |connection| {
                attach::artifact(connection, attempt, &hash, &record)?;
                Ok(record)
            }),
            ArtifactPlace::Outside(run) => writer.call(move |connection| {
                attach::put_artifact(connection, rows::run_row(connection, run)?, &hash, &record)?;
                Ok(record)
            }),
        }
    }

    fn find_artifact(&self, run: Id, name: &str) -> Result<ArtifactRecord, StoreError> {
        self.artifact(run, name)
    }

    fn copy_range(
        &self,
        artifact: &ArtifactRecord,
        range: Range<u64>,
        to: &mut dyn Write,
    ) -> Result<(), StoreError> {
        if range == (0..artifact.size) {
            self.blobs.copy(artifact, to)
        } else {
            self.blobs.copy_range(artifact, range, to)
        }
    }

    fn details(&self, runs: &[Id]) -> Result<Vec<RunDetails>, StoreError> {
        self.read(|snapshot| details::of(snapshot.connection(), runs))
    }

    fn feed(&self) -> Result<Box<dyn Feed>, StoreError> {
        Ok(Box::new(Follower::open(&self.path)?))
    }
}

#[cfg(test)]
mod tests;
