//! Folders of event files: a folder is a run, the runs in folders below it are nested.

mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) use tree::{EventFolder, event_folder, is_event_file};

use crate::error::ImportError;
use crate::event_file::{EventFile, Item, Session};
use crate::identity::{last_name, place_within};
use crate::lightning;
use crate::options::ReadOptions;
use crate::record::{Skipped, SourceRun};
use crate::series::Series;
use crate::sink::Sink;

/// Bytes between two words of progress.
const STRIDE: u64 = 8 << 20;

/// Names of what is no number that are told of a run.
const TOLD: usize = 100;

/// Bytes read of bytes in all.
struct Progress {
    done: u64,
    total: u64,
}

/// Reads the runs of folders below a root, or of a single file.
///
/// # Errors
/// The root cannot be read, or the sink takes no more.
pub(crate) fn read(
    root: &Path,
    runs: &[EventFolder],
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    // Each file is read twice: for what a run is, then for its points.
    let bytes = |file: &PathBuf| std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    let total = runs.iter().flat_map(|run| &run.files).map(bytes).sum::<u64>() * 2;
    let mut progress = Progress { done: 0, total };
    for run in runs {
        read_run(root, run, runs, options, &mut progress, sink)?;
    }
    Ok(())
}

fn read_run(
    root: &Path,
    run: &EventFolder,
    runs: &[EventFolder],
    options: &ReadOptions,
    progress: &mut Progress,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let head = read_head(run, progress, sink)?;
    sink.run(describe(root, run, runs, &head, options))?;
    for (tag, kind) in &head.others {
        sink.skipped(Skipped::new(format!("`{tag}`"), format!("it is {kind}, not a number")))?;
    }
    let mut series = Series::default();
    for path in &run.files {
        read_file(path, progress, sink, &mut |item, sink| match item {
            Item::Point(key, point) => Ok(series.push(key, point, sink)?),
            Item::Hparams(_) | Item::Other { .. } => Ok(()),
        })?
        .tell(sink)?;
    }
    series.end(sink)?;
    Ok(sink.end_run()?)
}

/// What is known of a run before its points.
#[derive(Default)]
struct Head {
    session: Session,
    first_ms: Option<i64>,
    last_ms: Option<i64>,
    others: BTreeMap<String, &'static str>,
}

fn read_head(run: &EventFolder, progress: &mut Progress, sink: &mut dyn Sink) -> Result<Head, ImportError> {
    let mut head = Head::default();
    for path in &run.files {
        // What is wrong with a file is told with its points.
        let _ = read_file(path, progress, sink, &mut |item, _| {
            match item {
                Item::Point(_, point) => {
                    head.first_ms = head.first_ms.or(point.time_ms).min(point.time_ms.or(head.first_ms));
                    head.last_ms = head.last_ms.max(point.time_ms);
                }
                Item::Hparams(content) => head.session.take(content),
                Item::Other { tag, kind } if head.others.len() < TOLD => {
                    head.others.insert(tag.chars().take(200).collect(), kind);
                }
                Item::Other { .. } => {}
            }
            Ok(())
        })?;
    }
    Ok(head)
}

fn describe(
    root: &Path,
    run: &EventFolder,
    runs: &[EventFolder],
    head: &Head,
    options: &ReadOptions,
) -> SourceRun {
    let origin = |folder: &Path| format!("tensorboard:{}", place_within(root, folder, options));
    let name = run.path.strip_prefix(root).ok().filter(|name| !name.as_os_str().is_empty());
    let name = name.map_or_else(|| last_name(&run.path), |name| name.display().to_string());
    let mut above = run.path.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    let parent = above.find_map(|folder| runs.iter().find(|run| run.path == folder));
    let mut found = SourceRun::new(origin(&run.path), last_name(root), name);
    found.parent = parent.map(|parent| origin(&parent.path));
    found.state = head.session.state.unwrap_or(found.state);
    found.started_ms = head.session.started_ms.or(head.first_ms);
    found.ended_ms = head.session.ended_ms.or(head.last_ms);
    found.params = lightning::hparams(&run.path).unwrap_or_default();
    found.params.extend(head.session.params.clone());
    found.tags.extend(head.session.group.clone().map(|group| ("group".to_owned(), group)));
    found
}

/// What was wrong with a file.
#[must_use]
struct Trouble {
    path: PathBuf,
    broken: Option<String>,
    too_long: u64,
}

impl Trouble {
    fn tell(self, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let path = self.path.display();
        if let Some(why) = self.broken {
            sink.skipped(Skipped::new(format!("the rest of {path}"), why))?;
        }
        if self.too_long > 0 {
            let why = "they are longer than 64 MiB";
            sink.skipped(Skipped::new(format!("{} records of {path}", self.too_long), why))?;
        }
        Ok(())
    }
}

fn read_file(
    path: &Path,
    progress: &mut Progress,
    sink: &mut dyn Sink,
    each: &mut dyn FnMut(Item<'_>, &mut dyn Sink) -> Result<(), ImportError>,
) -> Result<Trouble, ImportError> {
    let mut trouble = Trouble { path: path.to_owned(), broken: None, too_long: 0 };
    let before = progress.done;
    let mut file = match EventFile::open(path) {
        Ok(file) => file,
        Err(error) => {
            trouble.broken = Some(error.reason()?);
            return Ok(trouble);
        }
    };
    loop {
        let look = file.look(STRIDE, &mut |item| each(item, sink));
        let look = match look {
            Ok(look) => look,
            Err(error) => {
                trouble.broken = Some(error.reason()?);
                return Ok(trouble);
            }
        };
        progress.done = before + file.offset();
        sink.progress(progress.done.min(progress.total), progress.total)?;
        trouble.too_long += look.too_long;
        // A file that is replaced while it is read would be given twice.
        if look.is_end || look.news.replaced {
            trouble.broken = look.news.broken;
            return Ok(trouble);
        }
    }
}
