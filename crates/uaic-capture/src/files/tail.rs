//! Files with metrics that appear or grow while a program runs.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::search::Search;
use super::{FileKind, FileOpener, FilePoint, SeriesFile};
use crate::desk::{Event, Value};
use crate::metric::{SourceId, is_step};
use crate::recorder::now_ms;

/// How often to look.
const EVERY: Duration = Duration::from_secs(1);

/// The system's clock for files is coarser than ours.
const COARSE: Duration = Duration::from_millis(20);

/// Tables that are there before, and may be gone on with: so large, and so many, at most.
const LARGEST_OLD: u64 = 16 << 20;
const MOST_OLD: usize = 64;

/// Values that are told at once.
const BATCH: usize = 1000;

/// Sources from here on are files.
const FILES: SourceId = 2;

/// Folders whose name is a part of the name of what they hold.
const PARTS: [&str; 8] = ["train", "training", "val", "valid", "validation", "test", "eval", "dev"];

/// What to watch.
pub(crate) struct Watch {
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) opener: FileOpener,
    /// When the program was started.
    pub(crate) started: SystemTime,
}

/// Looks until the other end of `stop` is gone, and then once more.
pub(crate) fn watch(watch: Watch, events: SyncSender<Event>, stop: Receiver<()>) {
    std::thread::spawn(move || {
        let mut tail = Tail::new(watch);
        tail.begin();
        loop {
            let is_over = stop.recv_timeout(EVERY) == Err(RecvTimeoutError::Disconnected);
            if tail.look(&|event| events.send(event).is_ok()).is_none() || is_over {
                return;
            }
        }
    });
}

/// A file that is watched.
struct Watched {
    /// Its length at the last look.
    length: u64,
    /// It was there before the program.
    is_old: bool,
    reader: Option<Box<dyn SeriesFile>>,
    /// It is none, or cannot be read.
    is_hopeless: bool,
    source: SourceId,
    label: String,
}

pub(super) struct Tail {
    watch: Watch,
    search: Search,
    files: HashMap<PathBuf, Watched>,
    /// A source for each folder.
    sources: HashMap<PathBuf, SourceId>,
}

impl Tail {
    pub(super) fn new(watch: Watch) -> Self {
        Self { watch, search: Search::default(), files: HashMap::new(), sources: HashMap::new() }
    }

    /// Takes note of what is there already.
    pub(super) fn begin(&mut self) {
        let mut old_tables = 0;
        for (path, kind) in self.search.look(&self.watch.roots) {
            let Some(mut watched) = self.first_look(&path) else { continue };
            if watched.is_old && kind == FileKind::Csv {
                old_tables += 1;
                if watched.length <= LARGEST_OLD && old_tables <= MOST_OLD && has_step(&path) {
                    watched.reader = (self.watch.opener)(&path, kind);
                }
                let skipped = watched.reader.as_mut().map(|reader| reader.read_new(&mut |_, _| ()));
                watched.is_hopeless = !matches!(skipped, Some(Ok(())));
            }
            if !watched.is_old {
                watched.length = 0;
            }
            self.files.insert(path, watched);
        }
    }

    /// Tells what has come; `None` when nobody listens.
    pub(super) fn look(&mut self, tell: &dyn Fn(Event) -> bool) -> Option<()> {
        for (path, kind) in self.search.look(&self.watch.roots) {
            let Ok(metadata) = path.symlink_metadata() else { continue };
            if !self.files.contains_key(&path) {
                let Some(mut watched) = self.first_look(&path) else { continue };
                // It is new here, however old it is: moved, or unpacked.
                (watched.length, watched.is_old) = (0, false);
                self.files.insert(path.clone(), watched);
            }
            let Some(watched) = self.files.get_mut(&path) else { continue };
            if metadata.len() == watched.length || watched.is_hopeless {
                continue;
            }
            watched.length = metadata.len();
            if watched.reader.is_none() {
                if kind == FileKind::Csv && !has_step(&path) {
                    // Its first line may not be whole yet.
                    watched.length = 0;
                    continue;
                }
                watched.reader = (self.watch.opener)(&path, kind);
            }
            let started =
                self.watch.started.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
            let since = if watched.is_old { started } else { i64::MIN };
            read(watched, &path, since, tell)?;
        }
        Some(())
    }

    fn first_look(&mut self, path: &Path) -> Option<Watched> {
        let metadata = path.symlink_metadata().ok()?;
        let is_old = metadata.modified().is_ok_and(|modified| modified + COARSE < self.watch.started);
        let folder = path.parent().unwrap_or(path).to_owned();
        let label =
            folder.file_name().map_or_else(|| "file".to_owned(), |name| name.to_string_lossy().into_owned());
        let next = FILES + self.sources.len() as SourceId;
        let source = *self.sources.entry(folder).or_insert(next);
        Some(Watched { length: metadata.len(), is_old, reader: None, is_hopeless: false, source, label })
    }
}

/// Tells what a file has since the last look, if it is not from before a time.
fn read(watched: &mut Watched, path: &Path, since: i64, tell: &dyn Fn(Event) -> bool) -> Option<()> {
    let Watched { source, label, .. } = &*watched;
    let (source, label) = (*source, label.clone());
    let Some(reader) = &mut watched.reader else {
        watched.is_hopeless = true;
        return Some(());
    };
    let is_part = PARTS.contains(&label.as_str());
    let (mut values, mut is_heard) = (Vec::with_capacity(BATCH), true);
    let mut tell_all = |values: &mut Vec<Value>| {
        let values = std::mem::take(values);
        is_heard = is_heard && (values.is_empty() || tell(Event::Values(source, label.clone(), values)));
    };
    let result = reader.read_new(&mut |key, FilePoint { step, time_ms, value }| {
        if time_ms.is_some_and(|time| time < since) {
            return;
        }
        let key = if is_part && !key.starts_with(&label) { format!("{label}/{key}") } else { key.to_owned() };
        values.push(Value { key, step, time_ms: time_ms.unwrap_or_else(now_ms), number: value });
        if values.len() >= BATCH {
            tell_all(&mut values);
        }
    });
    tell_all(&mut values);
    if let Err(failure) = result {
        watched.is_hopeless = true;
        let why = format!("{} is not read on: {failure}", path.display());
        is_heard = is_heard && tell(Event::Trouble(why));
    }
    is_heard.then_some(())
}

/// Whether the first line of a table names a step: predictions and the like do not.
fn has_step(path: &Path) -> bool {
    const LONGEST: u64 = 64 << 10;
    let mut line = String::new();
    let Ok(file) = File::open(path) else { return false };
    let is_read = BufReader::with_capacity(4096, file.take(LONGEST)).read_line(&mut line).is_ok();
    is_read
        && line.ends_with('\n')
        && line.split([',', ';', '\t']).any(|name| is_step(name.trim().trim_matches('"')))
}
