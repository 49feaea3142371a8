//! What runs of both of MLflow's stores have in common.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use uaic_study::trial::RunState;

use crate::artifacts;
use crate::error::ImportError;
use crate::record::{Skipped, SourceRun};
use crate::sink::Sink;

/// The text by which a run is known, here and as a parent.
pub(super) fn origin(id: &str) -> String {
    format!("mlflow:{id}")
}

/// Takes the tags that are fields of ours out of the others.
pub(super) fn take_tags(run: &mut SourceRun, mut tags: BTreeMap<String, String>) {
    run.note = tags.remove("mlflow.note.content").filter(|note| !note.is_empty());
    run.parent = tags.remove("mlflow.parentRunId").map(|id| origin(&id));
    if let Some(name) = tags.remove("mlflow.runName").filter(|name| !name.is_empty()) {
        run.name = name;
    }
    run.tags.extend(tags);
}

/// A state by its name in databases or its number in files.
pub(super) fn state(name: &str) -> (RunState, Option<String>) {
    match name {
        "FINISHED" | "3" => (RunState::Complete, None),
        "RUNNING" | "1" => (RunState::Running, None),
        "KILLED" | "5" => (RunState::Interrupted, Some("killed".to_owned())),
        "SCHEDULED" | "2" => (RunState::Interrupted, Some("scheduled, but never begun".to_owned())),
        _ => (RunState::Failed, None),
    }
}

/// Adds a version of a registered model to the tags.
pub(super) fn add_model(tags: &mut BTreeMap<String, String>, name: &str, version: &str, stage: Option<&str>) {
    let version = stage.map_or_else(|| version.to_owned(), |stage| format!("{version} ({stage})"));
    let versions = tags.entry(format!("mlflow.model.{name}")).or_default();
    versions.push_str(if versions.is_empty() { "" } else { ", " });
    versions.push_str(&version);
}

/// A value as databases keep it: of what they cannot hold, the nearest.
pub(super) fn value(stored: f64, is_nan: bool) -> f64 {
    if is_nan {
        f64::NAN
    } else if stored.abs() >= f64::MAX {
        f64::INFINITY.copysign(stored)
    } else {
        stored
    }
}

/// The inverse of [`value`]: what a database keeps of a float, and whether it is none.
pub(super) fn stored(value: f64) -> (f64, bool) {
    if value.is_nan() {
        (0.0, true)
    } else if value.is_infinite() {
        (f64::MAX.copysign(value), false)
    } else {
        (value, false)
    }
}

/// Gives the artifacts of a run: from where they were written or, moved along with the records, from
/// beside these.
pub(super) fn give_artifacts(
    uri: &str,
    run: &str,
    beside: &Path,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let told = |why: String| Skipped::new(format!("the artifacts of the run {run}"), why);
    let path = match local_path(uri) {
        Ok(path) => path,
        Err(why) => return Ok(sink.skipped(told(why))?),
    };
    // MLflow always ends the path so. Anything else could be any folder of this machine.
    let is_of_run = path.ends_with(Path::new(run).join("artifacts")) && !run.is_empty();
    if !is_of_run || path.components().any(|part| part == Component::ParentDir) {
        return Ok(sink.skipped(told(format!("{uri} is no folder of this run")))?);
    }
    let candidates = candidates(&path, beside);
    match candidates.iter().find(|folder| folder.is_dir()) {
        Some(folder) => artifacts::give_all(folder, "", sink),
        // A run without artifacts has no folder among those of the others.
        None if candidates.iter().any(|folder| has_others(folder, beside)) => Ok(()),
        None => Ok(sink.skipped(told(format!(
            "there is no {}, nor its end beside {}",
            path.display(),
            beside.display()
        )))?),
    }
}

/// Whether there is a folder of the experiment, in which other runs have theirs.
fn has_others(path: &Path, beside: &Path) -> bool {
    path.ancestors().nth(2).is_some_and(|experiment| experiment != beside && experiment.is_dir())
}

/// The path itself, and ever shorter ends of it below the folder of the records.
fn candidates(path: &Path, beside: &Path) -> Vec<PathBuf> {
    let parts: Vec<_> = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let mut candidates = if path.is_absolute() { vec![path.to_owned()] } else { vec![] };
    // The run and `artifacts` at least.
    for first in 0..parts.len().saturating_sub(1) {
        let end: PathBuf = parts.iter().skip(first).collect();
        candidates.push(beside.join(&end));
        // Where MLflow's server keeps them.
        candidates.push(beside.join("mlartifacts").join(end));
    }
    candidates
}

/// The path that a URI names.
fn local_path(uri: &str) -> Result<PathBuf, String> {
    match uri.split_once(':') {
        Some(("file", path)) => {
            let path = path.strip_prefix("//").map_or(path, |rest| rest.trim_start_matches("localhost"));
            Ok(PathBuf::from(unescaped(path)))
        }
        // The server's own, which lie in its folder.
        Some(("mlflow-artifacts", path)) => Ok(PathBuf::from(unescaped(path.trim_start_matches('/')))),
        Some((scheme, _)) if scheme.len() > 1 && !scheme.contains('/') => {
            Err(format!("they are at {uri}, which is no folder"))
        }
        _ => Ok(PathBuf::from(uri)),
    }
}

/// `%20` as a blank.
fn unescaped(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| byte == b'%').and_then(|code| str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
        bytes.push(code.unwrap_or(byte));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_become_paths() {
        assert_eq!(local_path("file:///a%20b/r/artifacts").unwrap(), Path::new("/a b/r/artifacts"));
        assert_eq!(local_path("/a/r/artifacts").unwrap(), Path::new("/a/r/artifacts"));
        assert_eq!(local_path("./mlruns/0/r/artifacts").unwrap(), Path::new("./mlruns/0/r/artifacts"));
        assert_eq!(local_path("mlflow-artifacts:/0/r/artifacts").unwrap(), Path::new("0/r/artifacts"));
        local_path("s3://bucket/0/r/artifacts").unwrap_err();
    }

    #[test]
    fn infinities_and_nan_come_back() {
        assert!(value(0.0, true).is_nan());
        let values = [1.797_693_134_862_315_7e308, -1.797_693_134_862_315_7e308, 1e308, -0.0];
        let read = values.map(|stored| format!("{:?}", value(stored, false)));
        assert_eq!(read, ["inf", "-inf", "1e308", "-0.0"]);
    }
}
