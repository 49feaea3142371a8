//! Event files and tables, read while a program writes them.

use std::path::Path;
use std::sync::Arc;

use uaic_capture::{Failure, FileKind, FileOpener, FilePoint, SeriesFile};
use uaic_import::{CsvLog, EventFile, SourcePoint};

/// Opens files with metrics.
pub fn opener() -> FileOpener {
    Arc::new(|path: &Path, kind| match kind {
        FileKind::Events => Some(Box::new(Events(EventFile::open(path).ok()?)) as Box<dyn SeriesFile>),
        FileKind::Csv => Some(Box::new(Table(CsvLog::open(path)))),
    })
}

struct Events(EventFile);

struct Table(CsvLog);

fn seen(point: SourcePoint) -> FilePoint {
    FilePoint { step: point.step, time_ms: point.time_ms, value: point.value }
}

impl SeriesFile for Events {
    fn read_new(&mut self, each: &mut dyn FnMut(&str, FilePoint)) -> Result<(), Failure> {
        self.0.read_new(&mut |key, point| each(key, seen(point)))?;
        Ok(())
    }
}

impl SeriesFile for Table {
    fn read_new(&mut self, each: &mut dyn FnMut(&str, FilePoint)) -> Result<(), Failure> {
        self.0.read_new(&mut |key, point| each(key, seen(point)))?;
        Ok(())
    }
}
