//! MLflow: its databases, and its folders `mlruns/EXPERIMENT/RUN`.

mod database;
mod folder;
mod run;
mod write;

pub(crate) use database::{is_mlflow, read as read_database};
pub(crate) use folder::{FolderKind, kind_of, read as read_folder};
pub use write::{MlflowDatabase, MlflowPoint, MlflowRun};
