//! `uaic calibrate`: fits temperature, out-of-scope method and threshold of a stored model again, on
//! other data.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::exit::Failure;
use super::stored::{MODEL_GRAMMAR, StoredModel};
use super::{Global, printer, shape, table};
use crate::eval::Calibration;
use crate::experiment::{CalibrationData, Recalibrated, Recalibration, RecalibrationError};
use crate::platform::ProcessIdentity;
use crate::store::SqliteStore;

/// Arguments of `uaic calibrate`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic calibrate attention --dataset ./june        on dev.tsv of that folder, else train.tsv
  uaic calibrate @ --dataset ./june --split asked  on asked.tsv
  uaic calibrate @ --split dev --oos ood_dev       on splits of the run's own data set

{MODEL_GRAMMAR}

The temperature makes confidences honest on these texts, the out-of-scope method is the one that
tells them best from texts of no intent (ood_dev.tsv, else ood.tsv, or --oos), and the threshold lets
95 % of them pass. Texts that the model has learnt from are left out where they are known, and what
it was tested by is refused.
The run stays as it is. The calibration belongs to a new run with the same model, tagged
`calibrated_from`, in a study of its own, which is then the latest of the experiment; asking for the
same again gives that run.

With --json: {{\"schema\": 1, \"run\", \"from\", \"was_there\": true or false, \"dataset\", \"notes\": [text],
  \"calibration\": the run's calibration.json, \"metrics\": {{name: value}},
  \"estimates\": {{name: {{\"value\", \"n\", \"low\", \"high\"}}}}, \"absent\": {{name: reason}}}}"))]
pub struct CalibrateArgs {
    /// The model: a final run, or a study
    #[arg(value_name = "SEL")]
    pub selector: String,

    /// Data set: a name in data/, or a folder; the run's own by default
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,

    /// Split with an intent: the name of a file of the data set [default: dev, else train]
    #[arg(long, value_name = "S")]
    pub split: Option<String>,

    /// Split without an intent [default: ood_dev, else ood, else none]
    #[arg(long, value_name = "S")]
    pub oos: Option<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Calibrates it.
pub(super) fn run(global: &Global, args: &CalibrateArgs) -> anyhow::Result<ExitCode> {
    let store = SqliteStore::open(&global.store)?;
    let model = StoredModel::open(&store, &args.selector, "calibrate")?;
    let material = model.material(args.dataset.as_deref())?;
    let origin = model.origin();
    let recalibration = Recalibration {
        store: &store,
        run: &model.run,
        study: &model.study,
        classifier: &model.classifier,
        origin: origin.as_ref(),
        process: &ProcessIdentity::current(),
    };
    let (split, outside) = (args.split.as_deref(), args.oos.as_deref());
    let data = CalibrationData { dataset: &material.dataset, split, outside };
    let done = recalibration.record(data).map_err(failure)?;
    let mut notes = Vec::new();
    if origin.is_none() {
        notes.push(
            "the training texts are not here as they were, so nobody knows which texts the model has seen, and \
             out-of-scope methods that learn from them cannot be chosen anew"
                .to_owned(),
        );
    }
    if args.json {
        printer::json(&json_of(&model, &material.dataset.name, &done, &notes))?;
        return Ok(ExitCode::SUCCESS);
    }
    for note in &notes {
        printer::talk(format!("note: {note}"));
    }
    printer::data(text_of(model.calibration(), &done.calibration.fitted))?;
    let (new, old) = (done.run.short(), model.run.id.short());
    let left_out = match done.calibration.left_out {
        0 => String::new(),
        texts => format!("; {texts} texts were left out, as the model has learnt from them"),
    };
    printer::talk(format!("fitted on {}{left_out}", done.calibration.how));
    printer::talk(format!("method: {}", done.calibration.fitted.reason));
    printer::talk(if done.was_there {
        format!("run {new} has had this calibration of run {old} before")
    } else {
        format!("run {new} has the model of run {old} with this calibration; run {old} keeps its own")
    });
    Ok(ExitCode::SUCCESS)
}

/// What the user can mend by naming other data exits as such.
fn failure(error: RecalibrationError) -> anyhow::Error {
    match error {
        RecalibrationError::Experiment(error) => error.into(),
        RecalibrationError::NoSplit { .. } => Failure::not_found(error.to_string()).into(),
        RecalibrationError::NotFitted { .. } => anyhow::Error::new(error),
        _ => Failure::usage(error.to_string()).into(),
    }
}

/// The calibration before and after.
fn text_of(before: Option<&Calibration>, after: &Calibration) -> String {
    let mut listing = table::table(&["", ">BEFORE", ">NOW"]);
    let none = || "–".to_owned();
    let mut add = |name: &str, value: &dyn Fn(&Calibration) -> String| {
        listing.add_row([name.to_owned(), before.map_or_else(none, value), value(after)]);
    };
    add("temperature", &|fitted| table::number(fitted.temperature));
    add("out-of-scope method", &|fitted| fitted.method.name().to_owned());
    add("threshold", &|fitted| table::number(fitted.threshold));
    add("texts", &|fitted| fitted.threshold_texts.to_string());
    add("out-of-scope texts", &|fitted| {
        fitted.choice.as_ref().map_or(0, |choice| choice.texts).to_string() //
    });
    table::render(&listing)
}

fn json_of(model: &StoredModel, dataset: &str, done: &Recalibrated, notes: &[String]) -> Value {
    let mut shape = shape::object(json!({
        "schema": shape::SCHEMA,
        "run": done.run,
        "from": model.run.id,
        "was_there": done.was_there,
        "dataset": dataset,
        "notes": notes,
        "calibration": done.calibration,
    }));
    shape.extend(shape::measures(&done.figures));
    shape.into()
}
