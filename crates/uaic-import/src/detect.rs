//! What lies at a path?

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use uaic_platform::fsx::FileError;

use crate::database;
use crate::error::ImportError;
use crate::folder::{self, entries, name};
use crate::mlflow;
use crate::optuna;
use crate::source::{Kind, Source};
use crate::table;
use crate::tensorboard::{EventFolder, event_folder, is_event_file};
use crate::transformers;
use crate::wandb;

/// How deep folders are looked through.
const DEEPEST: usize = 12;

/// Folders that are looked through.
const MOST_FOLDERS: usize = 100_000;

/// Folders that hold none of a user's records.
const PASSED_OVER: [&str; 6] =
    ["node_modules", "__pycache__", "site-packages", "venv", "target", "checkpoints"];

/// What would have been read.
const LOOKED_FOR: &[&str] = &[
    "MLflow (`mlruns/`, an SQLite database)",
    "Optuna (an SQLite database, a journal)",
    "TensorBoard (`*tfevents*`)",
    "W&B offline (`offline-run-*/run-*.wandb`)",
    "Lightning (`version_N/metrics.csv`)",
    "transformers (`trainer_state.json`)",
    "DVCLive (`dvclive/`)",
    "sacred (`N/run.json`)",
    "a table (`.csv`, `.tsv`, `.jsonl`), named itself",
];

/// Finds out what a file is, or which records a folder has, itself or below.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let error = uaic_import::detect(folder.path()).unwrap_err().to_string();
/// assert!(error.contains("looked for MLflow"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// There is nothing, or nothing that can be read; the error says what was looked for.
pub fn detect(path: &Path) -> Result<Vec<Source>, ImportError> {
    // Whole paths name the same record from every folder, and have names for what lies in `.`.
    let Ok(whole) = path.canonicalize() else {
        return Err(ImportError::NotThere { path: path.to_owned() });
    };
    if !whole.is_dir() {
        return file(&whole)?.map(|source| vec![source]).map_err(|found| unknown(path, found));
    }
    let mut search = Search::default();
    search.folder(&whole, 0)?;
    if !search.events.is_empty() {
        let events = std::mem::take(&mut search.events);
        search.found.push(Source::new(&whole, Kind::TensorBoard(events)));
    }
    if search.found.is_empty() {
        return Err(unknown(path, "it has no record below it".to_owned()));
    }
    Ok(search.found)
}

fn unknown(path: &Path, found: String) -> ImportError {
    ImportError::Unknown { path: path.to_owned(), found, looked_for: LOOKED_FOR }
}

/// What a file is; what it is instead, where it is no record.
fn file(path: &Path) -> Result<Result<Source, String>, ImportError> {
    if let Some(source) = sure_file(path)? {
        return Ok(Ok(source));
    }
    if let Some(kind) = table::kind_of(path) {
        return Ok(Ok(Source::new(path, Kind::Table(kind))));
    }
    let start = start_of(path)?;
    if start.starts_with(database::MAGIC) {
        let tables = database::tables(&database::open(path)?).map_err(ImportError::database(path))?;
        let some: Vec<_> = tables.into_iter().take(8).collect();
        return Ok(Err(format!(
            "it is an SQLite database of neither MLflow nor Optuna, with the tables {}",
            some.join(", ")
        )));
    }
    let kind = if start.is_empty() { "an empty file" } else { "a file of an unknown kind" };
    Ok(Err(format!("it is {kind}")))
}

/// What a file is by its name and its first bytes; `None` also of tables, which could be anything.
fn sure_file(path: &Path) -> Result<Option<Source>, ImportError> {
    let source = |kind| Ok(Some(Source::new(path, kind)));
    let name = name(path);
    if is_event_file(path) {
        let file = EventFolder { path: path.to_owned(), files: vec![path.to_owned()] };
        return source(Kind::TensorBoard(vec![file]));
    }
    if name == transformers::FILE {
        return source(Kind::Transformers(output_of(path)));
    }
    let start = start_of(path)?;
    if start.starts_with(wandb::MAGIC) {
        return source(Kind::Wandb);
    }
    if start.starts_with(database::MAGIC) {
        let tables = database::open(path)
            .and_then(|connection| database::tables(&connection).map_err(ImportError::database(path)))?;
        if optuna::is_optuna(&tables) {
            return source(Kind::OptunaDatabase);
        }
        return if mlflow::is_mlflow(&tables) { source(Kind::MlflowDatabase) } else { Ok(None) };
    }
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.starts_with(b"{\"") && optuna::is_journal(line) {
        return source(Kind::OptunaJournal);
    }
    if name == "metrics.csv" && path.parent().is_some_and(is_lightning) {
        return Ok(path.parent().map(|folder| Source::new(folder, Kind::Lightning)));
    }
    Ok(None)
}

fn start_of(path: &Path) -> Result<Vec<u8>, ImportError> {
    let mut start = vec![];
    let file = File::open(path).map_err(FileError::at("open", path))?;
    file.take(64 << 10).read_to_end(&mut start).map_err(FileError::at("read", path))?;
    Ok(start)
}

/// The folder of a trainer: that above its checkpoints, or the one that the file is in.
fn output_of(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_checkpoint = name(folder).starts_with("checkpoint-");
    folder.parent().filter(|_| is_checkpoint).unwrap_or(folder).to_owned()
}

fn is_lightning(folder: &Path) -> bool {
    folder.join("metrics.csv").is_file()
        && (name(folder).starts_with("version_") || folder.join("hparams.yaml").is_file())
}

/// Records that have been found so far.
#[derive(Default)]
struct Search {
    found: Vec<Source>,
    events: Vec<EventFolder>,
    folders: usize,
}

impl Search {
    fn folder(&mut self, path: &Path, depth: usize) -> Result<(), ImportError> {
        self.folders += 1;
        if depth > DEEPEST || self.folders > MOST_FOLDERS {
            return Ok(());
        }
        if let Some(source) = whole_folder(path) {
            self.found.push(source);
            return Ok(());
        }
        // A trainer writes event files below its folder, too. Its checkpoints are no runs of their own.
        let is_checkpoint = depth > 0 && name(path).starts_with("checkpoint-");
        if let Some(file) = trainer_state(path)?.filter(|_| !is_checkpoint) {
            self.found.push(Source::new(&file, Kind::Transformers(output_of(&file))));
        }
        self.events.extend(event_folder(path)?);
        let (mut inner, mut runs) = (vec![], vec![]);
        for (path, is_folder) in entries(path)? {
            if !is_folder {
                // Only what is told by its name or its first bytes, and never fails the others.
                if may_be_record(&path) {
                    self.found.extend(sure_file(&path).ok().flatten());
                }
            } else if is_sacred(&path) {
                runs.push(path);
            } else {
                inner.push(path);
            }
        }
        if !runs.is_empty() {
            self.found.push(Source::new(path, Kind::Sacred(runs)));
        }
        for path in inner {
            let name = name(&path);
            if !name.starts_with('.') && !PASSED_OVER.contains(&name.as_str()) {
                // A folder that may not be read hides its records only.
                let _ = self.folder(&path, depth + 1);
            }
        }
        Ok(())
    }
}

/// Files that are opened to see what they are.
fn may_be_record(path: &Path) -> bool {
    let name = name(path).to_ascii_lowercase();
    let ends = [".db", ".sqlite", ".sqlite3", ".log", ".journal", ".wandb"];
    ends.iter().any(|end| name.ends_with(end))
}

/// A folder that is a record as a whole.
fn whole_folder(path: &Path) -> Option<Source> {
    if let Some(kind) = mlflow::kind_of(path) {
        return Some(Source::new(path, Kind::MlflowFolder(kind)));
    }
    if is_lightning(path) {
        return Some(Source::new(path, Kind::Lightning));
    }
    if path.join("plots/metrics").is_dir() {
        return Some(Source::new(path, Kind::DvcLive));
    }
    is_sacred(path).then(|| {
        let root = path.parent().filter(|root| !root.as_os_str().is_empty()).unwrap_or(path);
        Source::new(root, Kind::Sacred(vec![path.to_owned()]))
    })
}

fn is_sacred(path: &Path) -> bool {
    path.join("run.json").is_file() && path.join("config.json").is_file()
}

/// The state in the latest checkpoint, which has the whole history, or beside them.
fn trainer_state(path: &Path) -> Result<Option<PathBuf>, ImportError> {
    let beside = path.join(transformers::FILE);
    let folders = folder::folders(path)?.into_iter().rev();
    let checkpoints = folders.filter(|folder| name(folder).starts_with("checkpoint-"));
    let last = checkpoints.map(|folder| folder.join(transformers::FILE)).find(|file| file.is_file());
    Ok(last.or_else(|| beside.is_file().then_some(beside)))
}
