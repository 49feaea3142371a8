//! `uaic calibrate`: fits temperature, out-of-scope method and threshold of a stored model again, on
//! other data.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::exit::Failure;
use super::listing::{Field, Listing, column};
use super::stored_model::{MODEL_GRAMMAR, StoredModel};
use super::{Global, json, printer};
use crate::data::{self, Dataset};
use crate::eval::Calibration;
use crate::package::Package;
use crate::platform::ProcessIdentity;
use crate::training::{CalibrationData, Recalibrated, Recalibration, recalibrate_package};

/// Arguments of `uaic calibrate`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic calibrate attention --dataset ./june        on dev.tsv of that folder, else train.tsv
  uaic calibrate @ --dataset ./june --split asked  on asked.tsv
  uaic calibrate @ --split dev --oos ood_dev       on splits of the run's own data set
  uaic calibrate intents.uaic --dataset ./june --out june.uaic

{MODEL_GRAMMAR}

The temperature makes confidences honest on these texts, the out-of-scope method is the one that
tells them best from texts of no intent (ood_dev.tsv, else ood.tsv, or --oos), and the threshold lets
95 % of them pass. Texts that the model has learnt from are left out where they are known, and what
it was tested by is refused.
The run stays as it is. The calibration belongs to a new run with the same model, tagged
`calibrated_from`, in a study of its own, which is then the latest of the experiment; asking for the
same again gives that run. A package gives another package.

With --csv: figure, before, now.
With --json: {{\"schema\": 1, \"run\", \"from\", \"was_there\": true or false, \"dataset\", \"notes\": [text],
  \"calibration\": the run's calibration.json, \"metrics\": {{name: value}},
  \"estimates\": {{name: {{\"value\", \"n\", \"low\", \"high\"}}}}, \"absent\": {{name: reason}}}};
for a package {{\"schema\", \"path\", \"sha256\" and \"from\" (those of both manifests), \"dataset\", \"calibration\"}}"))]
pub struct CalibrateArgs {
    /// The model: a final run, a study, or a package
    #[arg(value_name = "SEL")]
    pub selector: String,

    /// Data set: a name in data/, or a folder; the run's own by default
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,

    /// Split with an intent: the name of a file of the data set [default: dev, else train]
    #[arg(long, value_name = "S")]
    pub split: Option<String>,

    /// Split without an intent; by default the out-of-scope texts for validation, where there are any
    #[arg(long, value_name = "S")]
    pub oos: Option<String>,

    /// The package to write, for one that is calibrated
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Calibrates it.
pub(super) fn run(global: &Global, args: &CalibrateArgs) -> anyhow::Result<ExitCode> {
    if Path::new(&args.selector).exists()
        || Path::new(&args.selector).extension().is_some_and(|ending| ending == "uaic")
    {
        return package(args);
    }
    if args.out.is_some() {
        let message = "`--out` is for packages; a run gives a run, which `uaic export` makes a package of";
        return Err(Failure::usage(message).into());
    }
    let store = global.store.open()?;
    let model = StoredModel::open(&*store, &args.selector, "calibrate")?;
    let material = model.material(args.dataset.as_deref())?;
    let origin = model.origin();
    let recalibration = Recalibration {
        store: &*store,
        run: &model.run,
        study: &model.study,
        classifier: &model.classifier,
        origin: origin.as_ref(),
        process: &ProcessIdentity::current(),
    };
    let (split, outside) = (args.split.as_deref(), args.oos.as_deref());
    let data = CalibrationData { dataset: &material.dataset, split, outside };
    let done = recalibration.record(data)?;
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
    print(&listing(model.calibration(), &done.calibration.fitted), args)?;
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

/// Calibrates a package, which gives another.
fn package(args: &CalibrateArgs) -> anyhow::Result<ExitCode> {
    let path = Path::new(&args.selector);
    let read = Package::read(path)?;
    let (Some(out), Some(dataset)) = (&args.out, &args.dataset) else {
        let message = "a package needs `--dataset D` to be calibrated on, and `--out FILE` for the new one";
        return Err(Failure::usage(message).into());
    };
    if std::fs::symlink_metadata(out).is_ok() {
        return Err(Failure::locked(format!("{} is there already; name another file", out.display())).into());
    }
    let dataset = Dataset::read(&data::find(dataset)?)?;
    let (split, outside) = (args.split.as_deref(), args.oos.as_deref());
    let asked = CalibrationData { dataset: &dataset, split, outside };
    let (written, calibration) = recalibrate_package(&read, asked)?;
    written.write_file(out)?;
    if args.json {
        printer::json(&json!({
            "schema": json::SCHEMA,
            "path": out.display().to_string(),
            "sha256": written.digest(),
            "from": read.digest(),
            "dataset": dataset.name,
            "calibration": calibration,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&listing(read.calibration()?.as_ref(), &calibration.fitted), args)?;
    printer::talk(format!("fitted on {}", calibration.how));
    printer::talk(format!("method: {}", calibration.fitted.reason));
    printer::talk(format!("wrote {}; {} is as it was", out.display(), path.display()));
    Ok(ExitCode::SUCCESS)
}

/// The calibration before and after.
fn listing(before: Option<&Calibration>, after: &Calibration) -> Listing {
    let mut listing =
        Listing::new([column(" ", "figure"), column(">BEFORE", "before"), column(">NOW", "now")]);
    let none = || Field::of("–", "");
    let mut add = |name: &str, value: &dyn Fn(&Calibration) -> Field| {
        listing.add([Field::name(name), before.map_or_else(none, value), value(after)]);
    };
    add("temperature", &|fitted| Field::number(Some(fitted.temperature)));
    add("out-of-scope method", &|fitted| Field::plain(fitted.method.name()));
    add("threshold", &|fitted| Field::number(Some(fitted.threshold)));
    add("texts", &|fitted| Field::plain(fitted.threshold_texts));
    add("out-of-scope texts", &|fitted| {
        Field::plain(fitted.choice.as_ref().map_or(0, |choice| choice.texts)) //
    });
    listing
}

/// Prints it in the form that was asked for.
fn print(listing: &Listing, args: &CalibrateArgs) -> anyhow::Result<()> {
    if args.csv { listing.print_csv() } else { Ok(printer::data(listing.text())?) }
}

fn json_of(model: &StoredModel, dataset: &str, done: &Recalibrated, notes: &[String]) -> Value {
    let mut shape = json::object(json!({
        "schema": json::SCHEMA,
        "run": done.run,
        "from": model.run.id,
        "was_there": done.was_there,
        "dataset": dataset,
        "notes": notes,
        "calibration": done.calibration,
    }));
    shape.extend(json::measures(&done.measures));
    shape.into()
}
