//! Where a path of the server's artifacts is in the store: an artifact of a run, or a file of none.

use super::super::app::App;
use super::super::location::served_path;
use super::super::runs::parse_id;
use super::super::wire::Problem;
use uaic_study::store::rules::check_name;
use uaic_study::store::tracking::{ExperimentId, FilePlace};
use uaic_study::store::{Id, StoreError, TrackingError};

/// Places that a path may stand for. A folder of a run may have files in both.
pub(in super::super) struct Places {
    /// An artifact.
    pub(super) artifact: Option<FilePlace>,
    /// A file of no run, under the whole path.
    pub(super) loose: FilePlace,
}

impl Places {
    /// Where a file with this path is put: with its run, if that can have this name.
    pub(super) fn own(&self) -> &FilePlace {
        self.artifact.as_ref().unwrap_or(&self.loose)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &FilePlace> {
        self.artifact.iter().chain(std::iter::once(&self.loose))
    }
}

/// Where a path of the server's artifacts is.
///
/// # Errors
/// It is in no experiment that is seen, or the store cannot be read.
pub(in super::super) fn of_path(app: &App, path: &str) -> Result<Places, Problem> {
    let places = find(app, path)?;
    let is_seen = match &places.artifact {
        Some(FilePlace::Artifact { run, .. }) => app.sees_run(*run)?,
        // What is of no run is in the folder of an experiment, which its number names.
        _ => {
            app.scope.some().is_none()
                || path.split('/').next().and_then(ExperimentId::parse).is_some_and(|id| app.sees(id))
        }
    };
    if is_seen { Ok(places) } else { Err(Problem::missing(format!("there is no artifact '{path}'"))) }
}

fn find(app: &App, path: &str) -> Result<Places, Problem> {
    let loose = FilePlace::Loose { path: path.to_owned() };
    let parts: Vec<&str> = path.split('/').collect();
    for (at, pair) in parts.windows(2).enumerate() {
        let [id, "artifacts"] = pair else { continue };
        let Some(run) = parse_id(id) else { continue };
        let Some(home) = home(app, run)? else { continue };
        let (above, name) = parts.split_at(at + 2);
        if home == above.join("/") {
            return Ok(Places { artifact: artifact(run, &name.join("/")), loose });
        }
    }
    Ok(Places { artifact: None, loose })
}

/// The path of a run's artifacts, where they are with the server.
fn home(app: &App, run: Id) -> Result<Option<String>, Problem> {
    match app.store.artifact_location(run) {
        Ok(location) => Ok(served_path(&location).map(str::to_owned)),
        Err(StoreError::Tracking(TrackingError::NoRun(_))) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// An artifact, where a run can have one of this name.
fn artifact(run: Id, name: &str) -> Option<FilePlace> {
    let is_name = name.is_empty() || check_name(name).is_ok();
    is_name.then(|| FilePlace::Artifact { run, name: name.to_owned() })
}

/// Where a path among a run's artifacts is, and the address of all of them.
///
/// # Errors
/// There is no such run.
pub(super) fn of_run(app: &App, run: Id, path: &str) -> Result<(Places, String), Problem> {
    app.see_run(run)?;
    let location = app.store.artifact_location(run)?;
    let home = served_path(&location).unwrap_or(&location);
    let whole = if path.is_empty() { home.to_owned() } else { format!("{home}/{path}") };
    Ok((Places { artifact: artifact(run, path), loose: FilePlace::Loose { path: whole } }, location))
}
