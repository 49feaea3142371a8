//! Writing a bundle.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::json;

use super::BundleError;
use super::archive::Writer;
use super::line::{PointsLine, RunLine, StudyLine};
use super::origin::{Incoming, Origin};
use crate::fsx::{self, FileError};
use crate::platform;
use crate::store::{ArtifactRecord, Id};

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Studies.
    pub studies: u64,
    /// Runs.
    pub runs: u64,
    /// Points of their series.
    pub points: u64,
    /// Contents of their artifacts, each once.
    pub blobs: u64,
    /// Size of the file in bytes.
    pub size: u64,
}

/// A bundle that is being written.
struct Bundle<'a> {
    path: &'a Path,
    out: Writer<'a>,
    written: Written,
    /// Name, hash and size of the entries that are not named by their hash.
    files: Vec<(&'static str, String, u64)>,
}

/// Writes what an origin has into a file, whole or not at all. Equal content gives equal bytes.
///
/// # Errors
/// The origin cannot be read, or the file not be written.
pub fn write(origin: &dyn Origin, path: &Path) -> Result<Written, BundleError> {
    let folder = fsx::parent_of(path);
    let staged = tempfile::Builder::new()
        .prefix(".uaic-")
        .tempfile_in(folder)
        .map_err(FileError::at("write", path))?;
    let lines = tempfile::tempfile_in(folder).map_err(FileError::at("write", path))?;
    let mut bundle =
        Bundle { path, out: Writer::new(staged.as_file()), written: Written::default(), files: Vec::new() };
    let blobs = bundle.points_and_runs(origin, &lines)?;
    bundle.studies(origin)?;
    for (run, artifact) in &blobs {
        bundle.blob(origin, *run, artifact)?;
    }
    let written = bundle.finish()?;
    staged.as_file().sync_all().map_err(FileError::at("write", path))?;
    platform::make_readable(staged.as_file()).map_err(FileError::at("write", path))?;
    staged.persist(path).map_err(|error| FileError::at("write", path)(error.error))?;
    fsx::sync_folder(folder)?;
    Ok(written)
}

impl Bundle<'_> {
    fn io<T>(&self, result: io::Result<T>) -> Result<T, BundleError> {
        Ok(result.map_err(FileError::at("write", self.path))?)
    }

    fn begin(&mut self, name: &str) -> Result<(), BundleError> {
        let begun = self.out.begin(name);
        self.io(begun)
    }

    /// Ends an entry that its hash does not name.
    fn end(&mut self, name: &'static str) -> Result<(), BundleError> {
        let ended = self.out.end();
        let (hash, size) = self.io(ended)?;
        self.files.push((name, hash.to_hex().to_string(), size));
        Ok(())
    }

    fn line(&mut self, value: &impl serde::Serialize) -> Result<(), BundleError> {
        let written = put_line(&mut self.out, value);
        self.io(written)
    }

    /// Writes the points of all runs, and then the runs, which say where theirs are; gives an artifact of
    /// each content.
    fn points_and_runs(
        &mut self,
        origin: &dyn Origin,
        lines: &File,
    ) -> Result<Vec<(Id, ArtifactRecord)>, BundleError> {
        let mut aside = BufWriter::with_capacity(1 << 18, lines);
        let mut known = BTreeSet::new();
        let mut blobs = Vec::new();
        self.begin("points.jsonl")?;
        origin.runs(&mut |mut run| {
            self.points(origin, &mut run)?;
            for artifact in &run.artifacts {
                if known.insert(artifact.hash.clone()) {
                    blobs.push((run.copy.record.id, artifact.clone()));
                }
            }
            self.written.runs += 1;
            let put = put_line(&mut aside, &RunLine::from(&run));
            self.io(put)
        })?;
        self.end("points.jsonl")?;
        self.begin("runs.jsonl")?;
        let copied = aside.flush().and_then(|()| {
            drop(aside);
            let mut lines = lines;
            lines.seek(SeekFrom::Start(0))?;
            io::copy(&mut lines, &mut self.out)
        });
        self.io(copied)?;
        self.end("runs.jsonl")?;
        blobs.sort_by(|a: &(Id, ArtifactRecord), b| a.1.hash.cmp(&b.1.hash));
        Ok(blobs)
    }

    fn points(&mut self, origin: &dyn Origin, run: &mut Incoming) -> Result<(), BundleError> {
        let id = run.copy.record.id;
        for series in &mut run.series {
            series.at = self.out.position();
            let mut count = 0;
            origin.points(id, &series.clone(), &mut |part| {
                count += part.len() as u64;
                self.line(&PointsLine::new(id, &series.key, &part))
            })?;
            series.points = count;
            series.bytes = self.out.position() - series.at;
            self.written.points += count;
        }
        Ok(())
    }

    fn studies(&mut self, origin: &dyn Origin) -> Result<(), BundleError> {
        self.begin("studies.jsonl")?;
        for study in origin.studies()? {
            self.written.studies += 1;
            self.line(&StudyLine::from(&study))?;
        }
        self.end("studies.jsonl")
    }

    fn blob(&mut self, origin: &dyn Origin, run: Id, artifact: &ArtifactRecord) -> Result<(), BundleError> {
        self.begin(&format!("blobs/{}", artifact.hash))?;
        origin.artifact(run, artifact, &mut self.out)?;
        let ended = self.out.end();
        self.io(ended)?;
        self.written.blobs += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<Written, BundleError> {
        let files: serde_json::Map<String, serde_json::Value> = self
            .files
            .iter()
            .map(|(name, hash, size)| ((*name).to_owned(), json!({ "blake3": hash, "size": size })))
            .collect();
        let Written { studies, runs, points, blobs, .. } = self.written;
        let manifest = json!({ "format": 1, "studies": studies, "runs": runs, "points": points, "blobs": blobs, "files": files });
        self.begin("bundle.json")?;
        self.line(&manifest)?;
        let ended = self.out.end();
        self.io(ended)?;
        let size = self.out.finish().map_err(FileError::at("write", self.path))?;
        Ok(Written { size, ..self.written })
    }
}

fn put_line(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    out.write_all(&line)
}
