//! A record of another tool, found and not yet read.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::ImportError;
use crate::mlflow::FolderKind;
use crate::options::ReadOptions;
use crate::sink::Sink;
use crate::table::TableKind;
use crate::tensorboard::EventFolder;
use crate::{dvclive, lightning, mlflow, optuna, sacred, table, tensorboard, transformers, wandb};

/// Which tool wrote a record, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// MLflow's folder.
    MlflowFolder,
    /// MLflow's SQLite database.
    MlflowDatabase,
    /// Optuna's SQLite database.
    OptunaDatabase,
    /// Optuna's journal.
    OptunaJournal,
    /// Event files of TensorBoard.
    TensorBoard,
    /// A log that W&B wrote offline.
    Wandb,
    /// A folder `version_N` of Lightning.
    Lightning,
    /// The state of a trainer of transformers.
    Transformers,
    /// A folder of DVCLive.
    DvcLive,
    /// Folders of sacred's file observer.
    Sacred,
    /// A CSV file.
    Csv,
    /// A file with a JSON object a line.
    Jsonl,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::MlflowFolder => "MLflow folder",
            Self::MlflowDatabase => "MLflow database",
            Self::OptunaDatabase => "Optuna database",
            Self::OptunaJournal => "Optuna journal",
            Self::TensorBoard => "TensorBoard event files",
            Self::Wandb => "W&B offline run",
            Self::Lightning => "Lightning log",
            Self::Transformers => "transformers trainer state",
            Self::DvcLive => "DVCLive folder",
            Self::Sacred => "sacred runs",
            Self::Csv => "CSV",
            Self::Jsonl => "JSONL",
        })
    }
}

/// A record of another tool, which [`detect`](crate::detect) has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    kind: Kind,
}

/// What is needed to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    MlflowFolder(FolderKind),
    MlflowDatabase,
    OptunaDatabase,
    OptunaJournal,
    TensorBoard(Vec<EventFolder>),
    Wandb,
    Lightning,
    /// The folder that its checkpoints are in.
    Transformers(PathBuf),
    DvcLive,
    Sacred(Vec<PathBuf>),
    Table(TableKind),
}

impl Source {
    pub(crate) fn new(path: &Path, kind: Kind) -> Self {
        Self { path: path.to_owned(), kind }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    pub fn format(&self) -> Format {
        match self.kind {
            Kind::MlflowFolder(_) => Format::MlflowFolder,
            Kind::MlflowDatabase => Format::MlflowDatabase,
            Kind::OptunaDatabase => Format::OptunaDatabase,
            Kind::OptunaJournal => Format::OptunaJournal,
            Kind::TensorBoard(_) => Format::TensorBoard,
            Kind::Wandb => Format::Wandb,
            Kind::Lightning => Format::Lightning,
            Kind::Transformers(_) => Format::Transformers,
            Kind::DvcLive => Format::DvcLive,
            Kind::Sacred(_) => Format::Sacred,
            Kind::Table(TableKind::Csv) => Format::Csv,
            Kind::Table(TableKind::Jsonl) => Format::Jsonl,
        }
    }

    /// Reads it into a sink. Memory is bounded, whatever the size of the record.
    ///
    /// A half record at the end of a growing file is left for the next time. What is broken in the middle is
    /// told to the sink, and what was read before stays.
    ///
    /// # Errors
    /// It cannot be read at all, or the sink takes no more; what a run was doing then has no
    /// [`end_run`](Sink::end_run).
    pub fn read(&self, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let path = &self.path;
        match &self.kind {
            Kind::MlflowFolder(kind) => mlflow::read_folder(path, *kind, sink),
            Kind::MlflowDatabase => mlflow::read_database(path, sink),
            Kind::OptunaDatabase => optuna::read_database(path, options, sink),
            Kind::OptunaJournal => optuna::read_journal(path, options, sink),
            Kind::TensorBoard(runs) => tensorboard::read(path, runs, options, sink),
            Kind::Wandb => wandb::read(path, sink),
            Kind::Lightning => lightning::read(path, options, sink),
            Kind::Transformers(output) => transformers::read(path, output, options, sink),
            Kind::DvcLive => dvclive::read(path, options, sink),
            Kind::Sacred(runs) => sacred::read(path, runs, options, sink),
            Kind::Table(kind) => table::read(path, *kind, options, sink),
        }
    }
}
