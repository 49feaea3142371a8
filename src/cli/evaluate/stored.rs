//! Tests a stored model on any data.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::{Division, EvaluateArgs, figures};
use crate::cli::exit::Failure;
use crate::cli::stored_model::{Material, StoredModel};
use crate::cli::{Global, json, printer, table};
use crate::data::{Example, is_out_of_scope};
use crate::eval::{Measures, OutOfScopeMethod, Predictions, ScopeModels, Segment, segments};
use crate::fsx;
use crate::rng::SeedTree;
use crate::training::{measure_scope, measure_split, predict};

/// What an evaluation came to.
struct Evaluation {
    predictions: Predictions,
    figures: Measures,
    notes: Vec<String>,
    segments: Vec<(String, Vec<Segment>)>,
}

/// Evaluates it.
pub(super) fn run(global: &Global, args: &EvaluateArgs, selector: &str) -> anyhow::Result<ExitCode> {
    if is_out_of_scope(&args.split) && !args.by.is_empty() {
        let message = format!("`--by` gives accuracies, and the texts of `{}` have no label", args.split);
        return Err(Failure::usage(message).into());
    }
    let store = global.store.open_read_only()?;
    let model = StoredModel::open(&*store, selector, "evaluate")?;
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
            figures::listing(&evaluation.figures, &evaluation.segments).print_csv()?;
        } else {
            printer::data(figures::text(&evaluation.figures, &evaluation.segments))?;
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
