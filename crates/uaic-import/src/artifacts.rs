//! The files of a run, given to a sink.

use std::path::Path;

use crate::error::ImportError;
use crate::folder;
use crate::record::Skipped;
use crate::sink::Sink;

/// Gives every file below a folder, under its name there behind a prefix.
pub(crate) fn give_all(folder: &Path, prefix: &str, sink: &mut dyn Sink) -> Result<(), ImportError> {
    match folder::below(folder) {
        Ok(files) => {
            for (name, file) in files {
                sink.artifact(&format!("{prefix}{name}"), &file)?;
            }
        }
        Err(error) => {
            sink.skipped(Skipped::new(format!("files of {}", folder.display()), error.to_string()))?;
        }
    }
    Ok(())
}

/// Gives a file, if it is there.
pub(crate) fn give_one(file: &Path, name: &str, sink: &mut dyn Sink) -> Result<(), ImportError> {
    // A link could lead anywhere.
    if std::fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0) {
        sink.artifact(name, file)?;
    }
    Ok(())
}
