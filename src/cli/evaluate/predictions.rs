//! Measures any program's predictions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};
use uaic_table::Source;

use super::{EvaluateArgs, figures};
use crate::cli::exit::Failure;
use crate::cli::{Global, json, printer, table};
use crate::eval::Measures;
use crate::fsx;
use crate::number::grouped;
use crate::predictions::filed::{self, Place};
use crate::predictions::{Predicted, Rows, RowsError, Wanted};
use crate::report::draw::{Options, draw};
use crate::report::predicted::pictures;
use crate::select;
use crate::store::Id;

/// A file of predictions.
struct Given {
    name: String,
    format: &'static str,
    predicted: Predicted,
}

/// Evaluates them.
pub(super) fn run(global: &Global, args: &EvaluateArgs, place: &str) -> anyhow::Result<ExitCode> {
    let given = open(global, args, place)?;
    let figures = given.predicted.measure(&args.split);
    let plots = match &args.columns.plots {
        Some(folder) => draw_all(folder, &given)?,
        None => Vec::new(),
    };
    let filed = file(global, args, &given, &figures)?;
    if args.json {
        printer::json(&json_of(&given, &figures, args, &plots, filed))?;
        return Ok(ExitCode::SUCCESS);
    }
    printer::talk(format!("{}: {}", table::one_line(&given.name), summary(&given)));
    for note in &given.predicted.notes {
        printer::talk(format!("note: {}", table::one_line(note)));
    }
    if args.csv {
        figures::listing(&figures, &[]).print_csv()?;
    } else {
        printer::data(figures::text(&figures, &[]))?;
    }
    if let Some(folder) = &args.columns.plots {
        printer::talk(format!("wrote {} pictures to {}", plots.len(), folder.display()));
    }
    if let Some(run) = filed {
        printer::talk(format!("kept as run {0}; `uaic compare {0} OTHER` compares it", run.short()));
    }
    Ok(ExitCode::SUCCESS)
}

/// `CSV, 617 rows, binary`
fn summary(given: &Given) -> String {
    let Given { format, predicted, .. } = given;
    let classes = match &predicted.rows {
        Rows::Classified(rows) => format!(", {} classes", rows.names().len()),
        Rows::Regressed(_) => String::new(),
    };
    format!("{format}, {} rows, {}{classes}", grouped(predicted.len()), predicted.task.name())
}

fn open(global: &Global, args: &EvaluateArgs, place: &str) -> anyhow::Result<Given> {
    let columns = &args.columns;
    let wanted = Wanted {
        gold: columns.gold.clone(),
        label: columns.label.clone(),
        score: columns.score.clone(),
        id: columns.id.clone(),
        task: columns.task,
        positive: columns.positive.clone(),
        classes: columns.classes.clone(),
        are_logits: columns.logits,
    };
    let mut source = match artifact(global, place)? {
        Some(bytes) if place.ends_with(".safetensors") => {
            let predictions = crate::eval::Predictions::from_safetensors(&bytes)?;
            let predicted = Predicted::of_predictions(&predictions)?;
            return Ok(Given { name: place.to_owned(), format: "stored predictions", predicted });
        }
        Some(bytes) => Source::of_bytes(place, bytes).map_err(RowsError::from)?,
        None => Source::open(Path::new(place)).map_err(RowsError::from)?,
    };
    let format = source.format().name();
    let predicted = Predicted::read(&mut source, &wanted)?;
    Ok(Given { name: place.to_owned(), format, predicted })
}

/// The bytes of an artifact of a run, where a place is one: a file goes before.
fn artifact(global: &Global, place: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let Some((selector, name)) = place.rsplit_once(':').filter(|_| !Path::new(place).exists()) else {
        return Ok(None);
    };
    let store = global.store.open_read_only()?;
    let run = select::resolve_model(&*store, selector)?;
    let artifacts = store.artifacts(run.id)?;
    if artifacts.iter().any(|artifact| artifact.name == name) {
        return Ok(Some(store.read_artifact(run.id, name)?));
    }
    let names = artifacts.iter().map(|artifact| artifact.name.as_str());
    let hint = crate::nearest::suggestion(name, names)
        .unwrap_or_else(|| format!("`uaic show {selector}` lists what it has"));
    Err(Failure::not_found(format!("run {} has no artifact `{name}`; {hint}", run.id.short())).into())
}

/// Keeps predictions and figures where that is wanted; gives the run.
fn file(
    global: &Global,
    args: &EvaluateArgs,
    given: &Given,
    figures: &Measures,
) -> anyhow::Result<Option<Id>> {
    let columns = &args.columns;
    if columns.run.is_none() && columns.name.is_none() {
        return Ok(None);
    }
    let store = global.store.open()?;
    let run = columns.run.as_deref().map(|selector| select::resolve(&*store, selector)).transpose()?;
    let place = match &run {
        Some(run) => Place::With(run),
        None => Place::Alone { experiment: columns.experiment.clone(), name: columns.name.clone() },
    };
    let mut facts = BTreeMap::from([(filed::SOURCE.to_owned(), given.name.clone())]);
    if let Ok(file) = std::fs::File::open(&given.name) {
        let mut hash = blake3::Hasher::new();
        hash.update_reader(file)?;
        facts.insert("predictions.hash".to_owned(), hash.finalize().to_hex().to_string());
    }
    Ok(Some(filed::file(&*store, &place, &args.split, &given.predicted, figures, &facts)?))
}

/// Draws every picture that shows something; gives the files.
fn draw_all(folder: &Path, given: &Given) -> anyhow::Result<Vec<PathBuf>> {
    let about = format!("{} · {} rows", given.name, grouped(given.predicted.len()));
    fsx::create_dir_all(folder)?;
    let mut paths = Vec::new();
    for (name, figure) in pictures(&given.predicted.rows, &about) {
        if !figure.is_empty() {
            let path = folder.join(format!("{name}.png"));
            fsx::write_atomic(&path, &draw(&figure, &Options::default())?)?;
            paths.push(path);
        }
    }
    Ok(paths)
}

fn json_of(
    given: &Given,
    figures: &Measures,
    args: &EvaluateArgs,
    plots: &[PathBuf],
    filed: Option<Id>,
) -> Value {
    let Given { name, format, predicted } = given;
    let (classes, positive) = match &predicted.rows {
        Rows::Classified(rows) => {
            (Some(rows.names().to_vec()), rows.positive().and_then(|class| rows.names().get(class).cloned()))
        }
        Rows::Regressed(_) => (None, None),
    };
    let mut shape = json::object(json!({
        "schema": json::SCHEMA,
        "predictions": name,
        "format": format,
        "task": predicted.task.name(),
        "split": args.split,
        "rows": predicted.len(),
        "classes": classes,
        "positive": positive,
        "notes": predicted.notes,
        "resamples": predicted.resamples(),
    }));
    shape.extend(json::measures(figures));
    let plots: Vec<String> = plots.iter().map(|path| path.display().to_string()).collect();
    shape.insert("plots".to_owned(), plots.into());
    shape.insert("run".to_owned(), filed.map(|run| run.to_string()).into());
    shape.into()
}
