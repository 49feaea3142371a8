//! What is in a folder of artifacts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::app::App;
use super::super::runs::run_id;
use super::super::wire::{Answer, Code, Fields, Problem};
use super::path::checked;
use super::place::{Places, of_path, of_run as place_of_run};
use uaic_study::store::tracking::FilePlace;

#[derive(Serialize)]
struct Listing {
    #[serde(skip_serializing_if = "Option::is_none")]
    root_uri: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileInfo>,
}

#[derive(Serialize)]
struct FileInfo {
    path: String,
    is_dir: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
}

/// Lists a folder of a run's artifacts, with the whole path of each.
pub(super) fn of_run(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let path = folder(fields)?;
    let (places, root) = place_of_run(app, run_id(fields)?, &path)?;
    below(app, &places, root, &path)
}

/// Lists a folder of an address's artifacts, with the whole path of each below it.
pub(in super::super) fn below(
    app: &App,
    places: &Places,
    root: String,
    path: &str,
) -> Result<Answer, Problem> {
    let above = if path.is_empty() { String::new() } else { format!("{path}/") };
    Answer::of(&Listing { root_uri: Some(root), files: entries(app, places, &above)? })
}

/// Lists a folder of the server's artifacts, with the name of each.
pub(super) fn of_folder(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let path = folder(fields)?;
    let places = match path.as_str() {
        "" => root(app)?,
        path => of_path(app, path)?,
    };
    Answer::of(&Listing { root_uri: None, files: entries(app, &places, "")? })
}

/// The folder of all, for those who see all.
fn root(app: &App) -> Result<Places, Problem> {
    match app.scope.some() {
        None => Ok(Places { artifact: None, loose: FilePlace::Loose { path: String::new() } }),
        Some(_) => {
            Err(Problem::missing("the folder of all artifacts is of no experiment that the token is for"))
        }
    }
}

fn folder(fields: &Fields<'_>) -> Result<String, Problem> {
    match fields.text_or_empty("path")?.trim_end_matches('/') {
        "" => Ok(String::new()),
        path => checked(path),
    }
}

fn entries(app: &App, places: &Places, above: &str) -> Result<Vec<FileInfo>, Problem> {
    let mut all = BTreeMap::new();
    for place in places.all() {
        for entry in app.store.list_files(place)? {
            all.entry(entry.name).or_insert(entry.size);
        }
    }
    let info = |(name, size): (String, Option<u64>)| FileInfo {
        path: format!("{above}{name}"),
        is_dir: size.is_none(),
        file_size: size,
    };
    Ok(all.into_iter().map(info).collect())
}

/// What comes in parts elsewhere comes in one stream here; clients know how.
pub(super) fn in_parts(_: &App, _: &Fields<'_>) -> Result<Answer, Problem> {
    Err(Problem::new(Code::NotImplemented, "artifacts come and go whole, as one stream"))
}
