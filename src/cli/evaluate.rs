//! `uaic evaluate`: tests a stored model on any data.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use crate::data::{Example, is_out_of_scope};
use crate::eval::{
    Estimate, Group, Measures, OutOfScopeMethod, Predictions, Rule, ScopeModels, Segment, by_label,
    by_length, by_rule, by_unknown, segments,
};
use crate::fsx;
use crate::rng::SeedTree;
use crate::store::SqliteStore;
use crate::training::{measure_scope, measure_split, predict};

use super::exit::Failure;
use super::listing::{Field, Listing, column};
use super::stored_model::{MODEL_GRAMMAR, Material, StoredModel};
use super::{Global, json, printer, table};

/// Arguments of `uaic evaluate`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
Examples:
  uaic evaluate @                                  the latest final model, on its test split
  uaic evaluate attention --dataset snips          on the test split of another data set
  uaic evaluate attention --split dev --out dev.csv
  uaic evaluate @ --by length                      accuracy by number of words
  uaic evaluate @ --by contains:fare --by unknown

{MODEL_GRAMMAR}

Figures have a 95 % interval and their number of texts; `…_calibrated` are those with the run's
temperature. Out-of-scope texts come from ood_SPLIT.tsv (`oos/…`), or are the split itself.
--by divides texts by length (quarters), unknown (share of words the vocabulary lacks), label, or a
rule: contains:TEXT, starts:TEXT, ends:TEXT, words>10, unknown=0 (also < <= >=).
--out writes a line per text: text, gold, predicted, confidence, score (what the out-of-scope
threshold is held against), words, unknown_words.

With --json: {{\"schema\": 1, \"run\", \"dataset\", \"split\", \"texts\", \"temperature\", \"threshold\" or null,
  \"notes\": [text], \"metrics\": {{name: value}},
  \"estimates\": {{name: {{\"value\", \"n\", \"low\", \"high\"}}}}, \"absent\": {{name: reason}},
  \"segments\": [{{\"by\", \"name\", \"n\", \"accuracy\": estimate or null, \"mean_confidence\" or null}}]}}"))]
pub struct EvaluateArgs {
    /// The model: a final run, or a study
    #[arg(value_name = "SEL")]
    pub selector: String,

    /// Data set: a name in data/, or a folder; the run's own by default
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,

    /// Split: the name of a file of the data set
    #[arg(long, value_name = "S", default_value = "test")]
    pub split: String,

    /// Also give figures by length, unknown, label, or a rule such as words>10
    #[arg(long, value_name = "WHAT", value_parser = Division::parse)]
    pub by: Vec<Division>,

    /// Write predictions to a CSV file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How texts are divided into segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Division {
    /// By their number of words.
    Length,
    /// By their share of unknown words.
    Unknown,
    /// By their gold label.
    Label,
    /// By whether a rule holds.
    Rule(Rule),
}

impl Division {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "length" => Ok(Self::Length),
            "unknown" => Ok(Self::Unknown),
            "label" => Ok(Self::Label),
            rule => match rule.parse() {
                Ok(rule) => Ok(Self::Rule(rule)),
                Err(error) => Err(format!("{error}; or divide by length, unknown or label")),
            },
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Length => "length".to_owned(),
            Self::Unknown => "unknown".to_owned(),
            Self::Label => "label".to_owned(),
            Self::Rule(rule) => rule.to_string(),
        }
    }

    fn groups(&self, examples: &[Example], predictions: &Predictions) -> Vec<Group> {
        match self {
            Self::Length => by_length(predictions),
            Self::Unknown => by_unknown(predictions),
            Self::Label => by_label(predictions),
            Self::Rule(rule) => {
                let texts: Vec<&str> = examples.iter().map(|example| example.text.as_str()).collect();
                by_rule(rule, &texts, predictions)
            }
        }
    }
}

/// What an evaluation came to.
struct Evaluation {
    predictions: Predictions,
    figures: Measures,
    notes: Vec<String>,
    segments: Vec<(String, Vec<Segment>)>,
}

/// Evaluates it.
pub(super) fn run(global: &Global, args: &EvaluateArgs) -> anyhow::Result<ExitCode> {
    if is_out_of_scope(&args.split) && !args.by.is_empty() {
        let message = format!("`--by` gives accuracies, and the texts of `{}` have no label", args.split);
        return Err(Failure::usage(message).into());
    }
    let store = SqliteStore::open_read_only(&global.store)?;
    let model = StoredModel::open(&store, &args.selector, "evaluate")?;
    let material = model.material(args.dataset.as_deref())?;
    let examples = material.split(&args.split)?;
    let evaluation = evaluate(&model, &material, examples, args)?;
    if args.json {
        printer::json(&json_of(&model, &material, &evaluation, args))?;
    } else {
        printer::talk(format!(
            "run {} on {} {} texts of {}",
            model.run.id.short(),
            examples.len(),
            table::one_line(&args.split),
            table::one_line(&material.dataset.name),
        ));
        for note in &evaluation.notes {
            printer::talk(format!("note: {}", table::one_line(note)));
        }
        if args.csv {
            listing(&evaluation).print_csv()?;
        } else {
            printer::data(text_of(&evaluation))?;
        }
    }
    if let Some(path) = &args.out {
        write_csv(path, examples, &evaluation.predictions, &model)?;
        if !args.json {
            printer::talk(format!("wrote {} predictions to {}", examples.len(), path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn evaluate(
    model: &StoredModel,
    material: &Material,
    examples: &[Example],
    args: &EvaluateArgs,
) -> anyhow::Result<Evaluation> {
    let said = |split: &str, examples| predict(&model.classifier, split, examples, model.features());
    // The streams of the final stage, so that the same texts get the same intervals.
    let (seeds, calibration) = (SeedTree::new(model.study.plan.seed).child("final", 0), model.calibration());
    let predictions = said(&args.split, examples)?;
    let beside =
        |name: &str| material.dataset.splits.get(name).map(|split| said(name, &split.examples)).transpose();
    let figures = if is_out_of_scope(&args.split) {
        // In-scope texts to compare with: those of `test` for `ood_test`.
        let inside = args.split.strip_prefix("ood_").unwrap_or("test");
        let none = Predictions { labels: predictions.labels.clone(), ..Predictions::default() };
        measure_scope(&beside(inside)?.unwrap_or(none), &predictions, calibration, &seeds)
    } else {
        let mut figures = measure_split(&args.split, &predictions, calibration, &seeds);
        if let Some(outside) = beside(&format!("ood_{}", args.split))? {
            let scope = measure_scope(&predictions, &outside, calibration, &seeds);
            figures.values.extend(scope.values);
            figures.absent.extend(scope.absent);
        }
        figures
    };
    let of = |division: &Division| {
        let groups = division.groups(examples, &predictions);
        (division.title(), segments(&predictions, model.temperature(), &groups))
    };
    let segments = args.by.iter().map(of).collect();
    let notes = model.notes(material, &args.split)?;
    Ok(Evaluation { predictions, figures, notes, segments })
}

/// A row for each figure, with its value or why it has none, and for each part that accuracy was divided by.
fn listing(evaluation: &Evaluation) -> Listing {
    let names = ["by", "name", "value", "low", "high", "n", "mean_confidence", "why"];
    let mut listing = Listing::new(names.map(|name| column("", name)));
    let mut add = |by: &str, name: &str, figure: Option<&Estimate>, more: [Field; 3]| {
        let number = |of: fn(&Estimate) -> f64| Field::number(figure.map(of));
        let ends = [number(|figure| figure.value), number(|figure| figure.low), number(|figure| figure.high)];
        listing.add([Field::name(by), Field::name(name)].into_iter().chain(ends).chain(more));
    };
    for (key, figure) in &evaluation.figures.values {
        add("", key, Some(figure), [Field::plain(figure.n), Field::name(""), Field::name("")]);
    }
    for (key, why) in &evaluation.figures.absent {
        add("", key, None, [Field::name(""), Field::name(""), Field::plain(why)]);
    }
    for (by, segments) in &evaluation.segments {
        for Segment { name, n, accuracy, mean_confidence } in segments {
            let more = [Field::plain(n), Field::number(*mean_confidence), Field::name("")];
            add(by, name, accuracy.as_ref(), more);
        }
    }
    listing
}

fn text_of(evaluation: &Evaluation) -> String {
    let Evaluation { figures, segments, .. } = evaluation;
    let mut parts = Vec::new();
    if !figures.values.is_empty() {
        parts.push(table::estimates(figures.values.iter().map(|(key, estimate)| (key.as_str(), estimate))));
    }
    if !figures.absent.is_empty() {
        let mut listing = table::table(&["ABSENT", "WHY"]);
        for (key, reason) in &figures.absent {
            listing.add_row([table::one_line(key), reason.to_string()]);
        }
        parts.push(table::render(&listing));
    }
    for (by, segments) in segments {
        let mut listing = table::table(&[
            format!("BY {}", table::one_line(by).to_uppercase()),
            ">ACCURACY".to_owned(),
            ">95 % INTERVAL".to_owned(),
            ">CONFIDENCE".to_owned(),
            ">N".to_owned(),
        ]);
        for Segment { name, n, accuracy, mean_confidence } in segments {
            listing.add_row([
                table::one_line(name),
                accuracy.map(|accuracy| table::number(accuracy.value)).unwrap_or_default(),
                accuracy.as_ref().map(table::interval).unwrap_or_default(),
                mean_confidence.map(table::number).unwrap_or_default(),
                n.to_string(),
            ]);
        }
        parts.push(table::render(&listing));
    }
    parts.join("\n\n")
}

fn json_of(model: &StoredModel, material: &Material, evaluation: &Evaluation, args: &EvaluateArgs) -> Value {
    let segment = |by: &str, segment: &Segment| {
        json!({
            "by": by,
            "name": segment.name,
            "n": segment.n,
            "accuracy": segment.accuracy.as_ref().map(json::estimate),
            "mean_confidence": segment.mean_confidence.map(json::number),
        })
    };
    let all = evaluation.segments.iter();
    let segments: Vec<Value> =
        all.flat_map(|(by, segments)| segments.iter().map(|one| segment(by, one))).collect();
    let mut shape = json::object(json!({
        "schema": json::SCHEMA,
        "run": model.run.id,
        "dataset": material.dataset.name,
        "split": args.split,
        "texts": evaluation.predictions.len(),
        "temperature": json::number(model.temperature()),
        "threshold": model.calibration().map(|calibration| json::number(calibration.threshold)),
        "notes": evaluation.notes,
    }));
    shape.extend(json::measures(&evaluation.figures));
    shape.insert("segments".to_owned(), segments.into());
    shape.into()
}

fn write_csv(
    path: &Path,
    examples: &[Example],
    predictions: &Predictions,
    model: &StoredModel,
) -> anyhow::Result<()> {
    let (predicted, probabilities) =
        (predictions.predicted(), predictions.probabilities(model.temperature()));
    let scores = match model.calibration() {
        Some(calibration) => calibration.scores(predictions)?,
        None => ScopeModels::default().scores(OutOfScopeMethod::MaxSoftmax, predictions, 1.0)?,
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["text", "gold", "predicted", "confidence", "score", "words", "unknown_words"])?;
    for (text, example) in examples.iter().enumerate() {
        let label = predicted[text];
        writer.write_record([
            &example.text,
            predictions.gold_name(predictions.gold[text]),
            &predictions.labels[label],
            &probabilities[text * predictions.classes() + label].to_string(),
            &scores[text].to_string(),
            &predictions.words[text].to_string(),
            &predictions.unknown_words[text].to_string(),
        ])?;
    }
    let bytes = writer.into_inner().context("cannot write the predictions")?;
    Ok(fsx::write_atomic(path, &bytes)?)
}
