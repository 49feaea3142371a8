//! MLflow's folders: `mlruns/EXPERIMENT/RUN`, a file a parameter, a metric, a tag.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use uaic_platform::fsx::FileError;

use super::run::{add_model, give_artifacts, origin, state, take_tags};
use crate::error::ImportError;
use crate::folder;
use crate::identity::last_name;
use crate::json::Json;
use crate::lines::{Line, Lines};
use crate::python;
use crate::record::{Skipped, SourcePoint, SourceRun};
use crate::series::Series;
use crate::sink::Sink;
use crate::yaml;

/// The longest file of a parameter, a tag or a description.
const LONGEST: u64 = 1 << 20;

/// What a folder of MLflow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FolderKind {
    /// It has experiments: `mlruns`.
    Store,
    /// It has runs.
    Experiment,
    /// A run.
    Run,
}

/// What a folder is, if it is one of MLflow's.
pub(crate) fn kind_of(path: &Path) -> Option<FolderKind> {
    if let Ok(about) = about(path) {
        return if about.get("run_id").or(about.get("run_uuid")).is_some() {
            Some(FolderKind::Run)
        } else {
            about.get("experiment_id").map(|_| FolderKind::Experiment)
        };
    }
    let folders = folder::folders(path).ok()?;
    let has = folders
        .iter()
        .take(1000)
        .any(|folder| about(folder).is_ok_and(|about| about.get("experiment_id").is_some()));
    has.then_some(FolderKind::Store)
}

/// What a folder's `meta.yaml` says.
fn about(path: &Path) -> Result<Json, String> {
    let bytes = folder::read_bounded(&path.join("meta.yaml"), LONGEST).map_err(|error| error.to_string())?;
    yaml::parse(&String::from_utf8_lossy(&bytes))
}

/// Reads the runs of a folder.
///
/// # Errors
/// The folder cannot be read, or the sink takes no more.
pub(crate) fn read(path: &Path, kind: FolderKind, sink: &mut dyn Sink) -> Result<(), ImportError> {
    match kind {
        FolderKind::Run => {
            let experiment = path.parent().map(about).and_then(Result::ok);
            let store = path.ancestors().nth(2).unwrap_or(path);
            let home =
                Home { experiment: name_of(experiment.as_ref(), path.parent()), is_deleted: false, store };
            read_run(path, &home, &models(store), sink)
        }
        FolderKind::Experiment => {
            let store = path.parent().unwrap_or(path);
            read_experiment(path, store, false, &models(store), &mut Progress::of(&[path.to_owned()]), sink)
        }
        FolderKind::Store => {
            let models = models(path);
            let mut experiments: Vec<_> =
                folder::folders(path)?.into_iter().map(|folder| (folder, false)).collect();
            // Deleted experiments.
            let deleted = folder::folders(&path.join(".trash")).unwrap_or_default();
            experiments.extend(deleted.into_iter().map(|folder| (folder, true)));
            experiments.retain(|(folder, _)| !matches!(folder::name(folder).as_str(), ".trash" | "models"));
            let folders: Vec<_> = experiments.iter().map(|(folder, _)| folder.clone()).collect();
            let mut progress = Progress::of(&folders);
            for (folder, is_deleted) in &experiments {
                read_experiment(folder, path, *is_deleted, &models, &mut progress, sink)?;
            }
            Ok(())
        }
    }
}

/// Runs read of runs in all.
struct Progress {
    done: u64,
    total: u64,
}

impl Progress {
    fn of(experiments: &[PathBuf]) -> Self {
        let total = experiments
            .iter()
            .map(|folder| folder::folders(folder).map_or(0, |runs| runs.len() as u64))
            .sum();
        Self { done: 0, total }
    }
}

/// Where a run lies.
struct Home<'a> {
    experiment: String,
    is_deleted: bool,
    store: &'a Path,
}

fn name_of(about: Option<&Json>, folder: Option<&Path>) -> String {
    let name = about.and_then(|about| about.get("name")).map(Json::tag);
    name.or_else(|| folder.map(last_name)).unwrap_or_else(|| "Default".to_owned())
}

/// Versions of registered models, by the run that made them.
type Models = BTreeMap<String, Vec<(String, String, Option<String>)>>;

fn models(store: &Path) -> Models {
    let mut found = Models::new();
    for model in folder::folders(&store.join("models")).unwrap_or_default() {
        for version in folder::folders(&model).unwrap_or_default() {
            let Ok(about) = about(&version) else { continue };
            let text = |key: &str| about.get(key).map(Json::tag).filter(|text| text != "null");
            if let (Some(run), Some(number)) = (text("run_id"), text("version")) {
                let stage = text("current_stage").filter(|stage| stage != "None");
                found.entry(run).or_default().push((folder::name(&model), number, stage));
            }
        }
    }
    found
}

fn read_experiment(
    path: &Path,
    store: &Path,
    is_in_trash: bool,
    models: &Models,
    progress: &mut Progress,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let about = match about(path) {
        Ok(about) => about,
        Err(why) => {
            let why = format!("its meta.yaml cannot be read: {why}");
            return Ok(sink.skipped(Skipped::new(format!("the experiment in {}", path.display()), why))?);
        }
    };
    let is_deleted = is_in_trash || about.get("lifecycle_stage").and_then(Json::as_str) == Some("deleted");
    let home = Home { experiment: name_of(Some(&about), Some(path)), is_deleted, store };
    for run in folder::folders(path)? {
        if run.join("meta.yaml").is_file()
            && (run.join("metrics").is_dir() || run.join("tags").is_dir() || run.join("params").is_dir())
        {
            read_run(&run, &home, models, sink)?;
        }
        progress.done += 1;
        sink.progress(progress.done.min(progress.total), progress.total)?;
    }
    Ok(())
}

fn read_run(path: &Path, home: &Home<'_>, models: &Models, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let about = match about(path) {
        Ok(about) => about,
        Err(why) => return Ok(sink.skipped(Skipped::new(format!("the run in {}", path.display()), why))?),
    };
    let text = |key: &str| about.get(key).map(Json::tag).filter(|text| !text.is_empty() && text != "null");
    let id = text("run_id").or_else(|| text("run_uuid")).unwrap_or_else(|| folder::name(path));
    let name = text("run_name").or_else(|| text("name")).unwrap_or_else(|| id.clone());
    let mut run = SourceRun::new(origin(&id), home.experiment.clone(), name);
    (run.state, run.reason) = state(&text("status").unwrap_or_default());
    run.started_ms = about.get("start_time").and_then(Json::as_i64);
    run.ended_ms = about.get("end_time").and_then(Json::as_i64);
    run.hidden = home.is_deleted || text("lifecycle_stage").as_deref() == Some("deleted");
    let mut trouble = vec![];
    for (key, value) in texts(&path.join("params"), &mut trouble) {
        run.params.insert(key, python::param(&value));
    }
    let mut tags = texts(&path.join("tags"), &mut trouble);
    tags.extend(text("user_id").map(|user| ("mlflow.user".to_owned(), user)));
    for (name, version, stage) in models.get(&id).into_iter().flatten() {
        add_model(&mut tags, name, version, stage.as_deref());
    }
    add_datasets(path, &mut tags);
    take_tags(&mut run, tags);
    sink.run(run)?;
    for skipped in trouble {
        sink.skipped(skipped)?;
    }
    read_metrics(&path.join("metrics"), sink)?;
    let inside = path.join("artifacts");
    // MLflow makes this folder even where artifacts go to another.
    if folder::entries(&inside).is_ok_and(|entries| !entries.is_empty()) {
        crate::artifacts::give_all(&inside, "", sink)?;
    } else if let Some(uri) = text("artifact_uri") {
        give_artifacts(&uri, &id, home.store.parent().unwrap_or(home.store), sink)?;
    }
    Ok(sink.end_run()?)
}

/// The texts of the files below a folder, by their names.
fn texts(folder: &Path, trouble: &mut Vec<Skipped>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if !folder.is_dir() {
        return found;
    }
    match folder::below(folder) {
        Ok(files) => {
            for (name, file) in files {
                match folder::read_bounded(&file, LONGEST) {
                    Ok(bytes) => drop(found.insert(name, String::from_utf8_lossy(&bytes).into_owned())),
                    Err(error) => trouble.push(Skipped::new(file.display().to_string(), error.to_string())),
                }
            }
        }
        Err(error) => trouble.push(Skipped::new(folder.display().to_string(), error.to_string())),
    }
    found
}

/// The data sets that are named as inputs of a run.
fn add_datasets(run: &Path, tags: &mut BTreeMap<String, String>) {
    for input in folder::folders(&run.join("inputs")).unwrap_or_default() {
        let Ok(link) = about(&input) else { continue };
        let Some(id) = link.get("source_id").map(Json::tag).filter(|id| !id.contains(['/', '\\', '.']))
        else {
            continue;
        };
        let Some(experiment) = run.parent() else { continue };
        let Ok(data) = about(&experiment.join("datasets").join(id)) else { continue };
        let text = |key: &str| data.get(key).map(Json::tag);
        let name = format!("mlflow.dataset.{}", text("name").unwrap_or_default());
        let context = link.get("tags").and_then(|tags| tags.get("mlflow.data.context")).map(Json::tag);
        for (field, value) in [("digest", text("digest")), ("source", text("source")), ("context", context)] {
            tags.extend(value.map(|value| (format!("{name}.{field}"), value)));
        }
    }
}

fn read_metrics(folder: &Path, sink: &mut dyn Sink) -> Result<(), ImportError> {
    if !folder.is_dir() {
        return Ok(());
    }
    for (key, file) in folder::below(folder)? {
        let mut series = Series::default();
        let read = read_metric(&key, &file, &mut series, sink);
        series.end(sink)?;
        let trouble = match read {
            Ok(0) => None,
            Ok(lines) => Some(format!("{lines} lines are none of a metric")),
            Err(error) => Some(error.reason()?),
        };
        if let Some(why) = trouble {
            sink.skipped(Skipped::new(format!("a part of {}", file.display()), why))?;
        }
    }
    Ok(())
}

/// Lines `ms value step`; how many could not be read.
fn read_metric(key: &str, path: &Path, series: &mut Series, sink: &mut dyn Sink) -> Result<u64, ImportError> {
    let wrong = |error| ImportError::from(FileError::at("read", path)(error));
    let mut lines = Lines::new(BufReader::new(File::open(path).map_err(wrong)?));
    let mut bad = 0;
    loop {
        match lines.next().map_err(wrong)? {
            Some(Line::Whole(line)) => match point(line) {
                Some(point) => series.push(key, point, sink)?,
                None if line.is_empty() => {}
                None => bad += 1,
            },
            Some(Line::TooLong) => bad += 1,
            // Half a line comes with the next import.
            Some(Line::Torn(_)) | None => return Ok(bad),
        }
    }
}

fn point(line: &[u8]) -> Option<SourcePoint> {
    let mut words = str::from_utf8(line).ok()?.split_ascii_whitespace();
    let time_ms = words.next()?.parse().ok()?;
    let value = python::float(words.next()?)?;
    // Early versions had no step.
    let step = words.next().map_or(Some(0), |step| step.parse().ok())?;
    Some(SourcePoint { step: Some(step), time_ms: Some(time_ms), value })
}
