//! Reading a bundle.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::BundleError;
use super::archive::{Directory, Fault};
use super::line::{PointsLine, RunLine, StudyLine};
use super::origin::{Incoming, Origin, Series};
use crate::fsx::FileError;
use crate::store::{ArtifactRecord, Id, Point, StoreError, StudyCopy};

/// The only format so far.
const FORMAT: u64 = 1;

/// Longest line, in bytes: the configuration and the note of a run are in one.
const LONGEST: u64 = 64 << 20;

/// Names of the entries that are read line by line.
const FILES: [&str; 3] = ["points.jsonl", "runs.jsonl", "studies.jsonl"];

/// What a bundle says of itself.
#[derive(Deserialize)]
struct Manifest {
    studies: u64,
    runs: u64,
    points: u64,
    blobs: u64,
    files: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    blake3: String,
    size: u64,
}

/// A bundle on disk, whole: what it says of runs and studies has the hashes that it should have.
#[derive(Debug)]
pub struct BundleFile {
    path: PathBuf,
    directory: Directory,
    /// How many runs it has.
    pub runs: u64,
    /// How many points their series have.
    pub points: u64,
}

impl BundleFile {
    /// Opens a bundle, and checks all of it but the contents of artifacts, which are checked as they are
    /// read.
    ///
    /// # Errors
    /// It cannot be read, is damaged, or of a newer format.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let directory = match Directory::read(path) {
            Ok(directory) => directory,
            Err(Fault::Io(error)) => return Err(FileError::at("read", path)(error).into()),
            Err(Fault::Form(why)) => return Err(damaged(path, why)),
        };
        let mut bundle = Self { path: path.to_owned(), directory, runs: 0, points: 0 };
        let manifest = bundle.manifest()?;
        let blobs = bundle.directory.names().filter(|name| name.starts_with("blobs/")).count();
        if blobs as u64 != manifest.blobs || blobs + FILES.len() + 1 != bundle.directory.names().count() {
            return Err(bundle.damaged("it has other entries than it says"));
        }
        for name in FILES {
            bundle.check(name, &manifest)?;
        }
        (bundle.runs, bundle.points) = (manifest.runs, manifest.points);
        if bundle.studies()?.len() as u64 != manifest.studies {
            return Err(bundle.damaged("it has another number of studies than it says"));
        }
        Ok(bundle)
    }

    fn manifest(&self) -> Result<Manifest, BundleError> {
        let mut text = String::new();
        self.content("bundle.json")?
            .take(1 << 20)
            .read_to_string(&mut text)
            .map_err(|error| self.damaged(format!("bundle.json cannot be read: {error}")))?;
        let wrong = |error: serde_json::Error| self.damaged(format!("bundle.json: {error}"));
        let value: serde_json::Value = serde_json::from_str(&text).map_err(wrong)?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(FORMAT) => Ok(serde_json::from_value(value).map_err(wrong)?),
            Some(found) if found > FORMAT => {
                Err(BundleError::Newer { bundle: self.path.display().to_string(), found })
            }
            _ => Err(self.damaged("bundle.json names no format")),
        }
    }

    /// That an entry has the hash that it should have.
    fn check(&self, name: &str, manifest: &Manifest) -> Result<(), BundleError> {
        let Some(expected) = manifest.files.get(name) else {
            return Err(self.damaged(format!("bundle.json does not name {name}")));
        };
        let mut hasher = blake3::Hasher::new();
        let mut content = self.content(name)?;
        std::io::copy(&mut content, &mut hasher).map_err(FileError::at("read", &self.path))?;
        if hasher.finalize().to_hex().as_str() != expected.blake3
            || self.directory.size(name) != Some(expected.size)
        {
            return Err(self.damaged(format!("{name} does not have its hash")));
        }
        Ok(())
    }

    fn content(&self, name: &str) -> Result<impl Read + use<>, BundleError> {
        let found = self.directory.content(&self.path, name).map_err(FileError::at("read", &self.path))?;
        found.ok_or_else(|| self.damaged(format!("it has no {name}")))
    }

    fn damaged(&self, why: impl Into<String>) -> BundleError {
        damaged(&self.path, why)
    }

    /// Reads line by line.
    fn lines<T: DeserializeOwned>(
        &self,
        name: &str,
        content: impl Read,
        each: &mut dyn FnMut(T) -> Result<(), BundleError>,
    ) -> Result<(), BundleError> {
        let mut content = BufReader::with_capacity(1 << 18, content);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let read = content.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            if read.map_err(FileError::at("read", &self.path))? == 0 {
                break;
            }
            let Some(text) = line.strip_suffix(b"\n") else {
                return Err(self.damaged(format!("line {number} of {name} has no end, or is too long")));
            };
            let value = serde_json::from_slice(text)
                .map_err(|error| self.damaged(format!("line {number} of {name}: {error}")))?;
            each(value)?;
        }
        Ok(())
    }
}

fn damaged(path: &Path, why: impl Into<String>) -> BundleError {
    BundleError::Damaged { bundle: path.display().to_string(), why: why.into() }
}

impl Origin for BundleFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn studies(&self) -> Result<Vec<StudyCopy>, BundleError> {
        let mut studies = Vec::new();
        self.lines("studies.jsonl", self.content("studies.jsonl")?, &mut |line: StudyLine| {
            studies.push(line.copy().ok_or_else(|| self.damaged("a study has no objective, or no state"))?);
            Ok(())
        })?;
        Ok(studies)
    }

    fn runs(&self, each: &mut dyn FnMut(Incoming) -> Result<(), BundleError>) -> Result<(), BundleError> {
        let mut count = 0;
        self.lines("runs.jsonl", self.content("runs.jsonl")?, &mut |line: RunLine| {
            count += 1;
            each(line.incoming().ok_or_else(|| self.damaged("a run has no state of its own"))?)
        })?;
        if count == self.runs {
            Ok(())
        } else {
            Err(self.damaged("it has another number of runs than it says"))
        }
    }

    fn points(
        &self,
        run: Id,
        series: &Series,
        each: &mut dyn FnMut(Vec<Point>) -> Result<(), BundleError>,
    ) -> Result<(), BundleError> {
        let part = self
            .directory
            .part(&self.path, "points.jsonl", series.at, series.bytes)
            .map_err(FileError::at("read", &self.path))?
            .ok_or_else(|| self.damaged("it has no points.jsonl"))?;
        let wrong =
            || self.damaged(format!("the points of `{}` of run {} are others", series.key, run.short()));
        let (mut count, mut last) = (0, None);
        self.lines("points.jsonl", part, &mut |line: PointsLine| {
            if line.run != run || line.key != series.key {
                return Err(wrong());
            }
            let points = line.points().ok_or_else(wrong)?;
            count += points.len() as u64;
            for point in &points {
                if last.is_some_and(|last| last > point.step) {
                    return Err(wrong());
                }
                last = Some(point.step);
            }
            each(points)
        })?;
        if count == series.points { Ok(()) } else { Err(wrong()) }
    }

    fn artifact(&self, _: Id, artifact: &ArtifactRecord, to: &mut dyn Write) -> Result<(), BundleError> {
        let hash = &artifact.hash;
        let damaged = || StoreError::Damaged { name: artifact.name.clone(), hash: hash.clone() };
        let mut content = self.content(&format!("blobs/{hash}"))?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 1 << 18];
        loop {
            let count = content.read(&mut buffer).map_err(FileError::at("read", &self.path))?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
            to.write_all(&buffer[..count]).map_err(|source| StoreError::Output { source })?;
        }
        if hasher.finalize().to_hex().as_str() == hash { Ok(()) } else { Err(damaged().into()) }
    }
}
