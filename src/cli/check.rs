//! `uaic check`: checks a spec.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::work::Work;
use super::{Global, json, printer};
use crate::ErrorKind;
use crate::number::{counted, percent_as_written};
use crate::spec::{
    Distribution, FinalSpec, ObjectiveSpec, Space, SpecError, SpecErrors, TrainingSpec, Validation,
    split_override,
};
use crate::training::TrainingError;

/// Arguments of `uaic check`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic check experiments/attention.toml
  uaic check experiments/attention.toml -P train.lr=0.002
  uaic check experiments/attention.toml --json
  envsubst < template.toml | uaic check -

Exit code 0 when the spec is good, 2 when it is not.

With --json: {\"schema\": 1, \"ok\": true or false,
  \"errors\": [{\"message\", \"path\", \"line\", \"column\", \"help\"}],
  and, where something may surprise, \"notes\": [text]}")]
pub struct CheckArgs {
    /// The spec, such as experiments/attention.toml; `-` for the standard input
    #[arg(value_name = "SPEC")]
    spec: PathBuf,

    /// Check with another value of a key (repeatable), such as `-P train.lr=0.002`
    #[arg(short = 'P', long = "param", value_name = "KEY=VALUE", value_parser = split_override)]
    overrides: Vec<(String, String)>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(super) fn run(_global: &Global, args: &CheckArgs) -> anyhow::Result<ExitCode> {
    // Its data are a part of what a spec says: read and divided they must be good, too.
    let checked = Work::load(&args.spec, &args.overrides);
    if args.json {
        let errors = match &checked {
            Ok(_) => Vec::new(),
            Err(error) => match spec_errors(error) {
                Some(errors) => errors.0.iter().map(shape_of).collect(),
                None => {
                    vec![json!({ "message": error.to_string(), "path": args.spec.display().to_string() })]
                }
            },
        };
        let mut json = json!({ "schema": json::SCHEMA, "ok": errors.is_empty(), "errors": errors });
        if let Some(notes) = checked.as_ref().map(Work::notes).ok().filter(|notes| !notes.is_empty()) {
            json["notes"] = json!(notes);
        }
        printer::json(&json)?;
        return Ok(checked.map_or(ErrorKind::Usage.into(), |_| ExitCode::SUCCESS));
    }
    let work = checked?;
    printer::data(format!("{}: ok — {}", args.spec.display(), summary(&work)))?;
    work.notes().iter().for_each(|note| printer::talk(format!("note: {note}")));
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with the spec, where it is that.
fn spec_errors(error: &anyhow::Error) -> Option<&SpecErrors> {
    match error.downcast_ref() {
        Some(TrainingError::Spec(errors)) => Some(errors),
        _ => error.downcast_ref(),
    }
}

fn shape_of(error: &SpecError) -> Value {
    json!({
        "message": error.message,
        "path": error.place.path(),
        "line": error.place.line(),
        "column": error.place.column(),
        "help": error.help,
    })
}

/// What a spec's study would be, in one line.
pub(super) fn summary(work: &Work) -> String {
    let study = work.study();
    let line = format!(
        "{} of {}, {}, {} in parallel",
        counted(study.trials, "trial"),
        counted(work.space().len(), "parameter"),
        study.sampler,
        study.parallel,
    );
    match &work.spec().objective {
        ObjectiveSpec::Training { training, final_stage } => {
            format!("{line}, {}, {}", each(training, work.space()), last(final_stage))
        }
        ObjectiveSpec::Asked => format!("{line}, to be asked for with `uaic ask`"),
        ObjectiveSpec::Command(_) => format!("{line}, each a run of the command"),
    }
}

/// What each trial of a training study does.
fn each(training: &TrainingSpec, space: &Space) -> String {
    let validated = match &training.data.validation {
        Validation::Folds(folds) => format!("{folds} folds ×"),
        Validation::Fraction(fraction) => format!("{} kept aside,", percent_as_written(*fraction)),
        Validation::Split(split) => format!("validated on {split},"),
    };
    format!("{validated} {}", epochs(training, space))
}

/// What comes last.
fn last(stage: &FinalSpec) -> String {
    match stage.epochs {
        0 => "no final stage".to_owned(),
        epochs => format!("then {}", counted(epochs, "epoch")),
    }
}

/// The epochs of a trial, which may themselves be searched.
fn epochs(training: &TrainingSpec, space: &Space) -> String {
    let searched = space.get("train.epochs");
    if let Some(only) = searched.and_then(Distribution::only) {
        return format!("{only} epochs");
    }
    match searched {
        Some(Distribution::Int { low, high, .. } | Distribution::IntLog { low, high }) => {
            format!("{low} to {high} epochs")
        }
        Some(Distribution::Choice(values)) => {
            let values: Vec<_> = values.iter().map(ToString::to_string).collect();
            format!("{} epochs", values.join(" or "))
        }
        _ => counted(training.train.epochs, "epoch"),
    }
}
