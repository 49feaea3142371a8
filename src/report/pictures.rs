//! Pictures of a model that need more than the predictions of one split.

use std::collections::HashMap;

use super::error::PlotError;
use super::figure::Figure;
use super::model::{self, Attended, Curve, Part, ScopeScores, TrainingCurves};
use super::plot_options::PlotOptions;
use super::subject::ReportSubject;
use crate::eval::projection::{TsneOptions, pca, tsne};
use crate::eval::{OutOfScopeMethod, Predictions, wilson};
use crate::model::{Classifier, ModelError};
use crate::rng::ChaCha8Rng;
use crate::store::{RunKind, RunRecord, StoreError};
use crate::trial::{Fold, MetricKey};

/// Splits in the order in which pictures show them, with the word for each.
const SPLITS: [(&str, &str); 5] = [
    ("train", "train"),
    ("validation", "validation"),
    ("test", "test"),
    ("ood", "out of scope (validation)"),
    ("ood_test", "out of scope"),
];

/// Most texts of an embedding map: t-SNE takes time with the square of their number.
const MOST_MAPPED: usize = 1000;

/// Sentences whose attention is shown when none are named.
const SENTENCES: usize = 6;

/// `attention · final run 4f2a90c1 · test, 617 texts`.
pub(super) fn subtitle(subject: &ReportSubject<'_>, split: &str, texts: usize) -> String {
    format!("{} · {split}, {texts} text{}", subject.name_of_run(), if texts == 1 { "" } else { "s" })
}

/// What was recorded while the subjects trained: of a study its best trial and its final run.
pub(super) fn curves(subjects: &[ReportSubject<'_>]) -> Result<Figure, PlotError> {
    let mut all = Vec::new();
    for subject in subjects {
        match &subject.run {
            Some(run) if run.start.kind == RunKind::Trial => all.push(curves_of(subject, run)?),
            run => {
                for run in subject.best_trial()?.iter().chain(run) {
                    all.push(curves_of(subject, run)?);
                }
            }
        }
    }
    let about: Vec<String> = subjects.iter().map(ReportSubject::name_of_run).collect();
    Ok(model::curves(&all, "epoch", &about.join(", ")))
}

fn curves_of(subject: &ReportSubject<'_>, run: &RunRecord) -> Result<TrainingCurves, StoreError> {
    let number = run.start.number.unwrap_or_default();
    let name = match run.start.kind {
        RunKind::Trial => format!("{} trial {number}", run.experiment),
        kind => format!("{} {} run", run.experiment, kind.name()),
    };
    let mut curves =
        TrainingCurves { name, metric_name: "val/accuracy".to_owned(), ..TrainingCurves::default() };
    for metric in subject.store.latest_metrics(run.id)? {
        let key = MetricKey::from(metric.key.as_str());
        // A trial's own `val/…` is its mean over folds, by fold.
        let has_epochs = key.fold.is_some() || run.start.kind == RunKind::Final;
        let part = match (key.group.as_str(), key.name.as_str()) {
            _ if key.fold == Some(Fold::Each) => continue,
            ("train", "loss") => Part::Train,
            ("val", "loss" | "accuracy") if has_epochs => Part::Validation,
            _ => continue,
        };
        let curve = Curve { part, points: subject.series(run.id, &metric.key)? };
        if key.name == "accuracy" { curves.metric.push(curve) } else { curves.loss.push(curve) }
    }
    Ok(curves)
}

pub(super) fn segments(predictions: &Predictions, about: &str) -> Figure {
    let predicted = predictions.predicted();
    let right = predictions.gold.iter().zip(&predicted).filter(|(gold, label)| **gold as usize == **label);
    let overall = wilson(right.count(), predictions.len());
    let divisions = [model::by_length(predictions), model::by_unknown_words(predictions)];
    model::segments(&divisions, overall, about)
}

pub(super) fn confidence(subject: &ReportSubject<'_>) -> Result<Figure, PlotError> {
    let temperature = subject.temperature()?;
    let found = stored(subject, &["train", "test", "ood_test"])?;
    let splits: Vec<(&str, &Predictions)> = found.iter().map(|(name, table)| (*name, table)).collect();
    Ok(model::confidence(&splits, temperature, &subject.name_of_run()))
}

pub(super) fn classes(subject: &ReportSubject<'_>) -> Result<Figure, PlotError> {
    let found = stored(subject, &["train", "test"])?;
    let splits: Vec<_> = found.iter().map(|(name, table)| (*name, model::class_counts(table))).collect();
    Ok(model::classes(&splits, &subject.name_of_run()))
}

/// The stored predictions of some splits, with the words for them.
fn stored(
    subject: &ReportSubject<'_>,
    wanted: &[&str],
) -> Result<Vec<(&'static str, Predictions)>, PlotError> {
    let mut found = Vec::new();
    for (split, name) in SPLITS.iter().filter(|(split, _)| wanted.contains(split)) {
        found.extend(subject.predictions_if_any(split)?.map(|table| (*name, table)));
    }
    Ok(found)
}

/// The scores in and out of scope of every method that the stored run can still be asked for: those
/// of logits, and the chosen one.
pub(super) fn out_of_scope(
    subject: &ReportSubject<'_>,
    build: fn(&[ScopeScores<'_>], &str) -> Figure,
) -> Result<Figure, PlotError> {
    let (inside, outside) = (subject.predictions("test")?, subject.predictions("ood_test")?);
    let calibration = subject.calibration()?.map(|calibration| calibration.fitted);
    let temperature = calibration.as_ref().map_or(1.0, |calibration| calibration.temperature);
    let models = calibration.as_ref().map_or_else(Default::default, |known| known.models.clone());
    let of = |method: OutOfScopeMethod| {
        let of = |table| models.scores(method, table, temperature);
        Ok((method.name().replace('_', " "), method, of(&inside)?, of(&outside)?))
    };
    let scores = models.methods().map(of).collect::<Result<Vec<_>, PlotError>>()?;
    let scores: Vec<ScopeScores<'_>> = scores
        .iter()
        .map(|(name, method, inside, outside)| ScopeScores {
            method: name,
            inside,
            outside,
            threshold: calibration
                .as_ref()
                .filter(|known| known.method == *method)
                .map(|known| known.threshold),
        })
        .collect();
    Ok(build(&scores, &subtitle(subject, "test and ood_test", inside.len() + outside.len())))
}

/// Features in the plane, by principal components and by t-SNE.
pub(super) fn embedding(predictions: &Predictions, rng: &mut ChaCha8Rng, about: &str) -> Figure {
    let shown = first_rows(predictions, MOST_MAPPED);
    let width = shown.features.len() / shown.len().max(1);
    let plane = pca(&shown.features, width, 2).map_or(Vec::new(), |found| {
        found.projected.chunks_exact(2).map(|point| (point[0], point[1])).collect()
    });
    let map = tsne(&shown.features, width, &TsneOptions::default(), rng).unwrap_or_default();
    model::embedding(&shown, &plane, &map, about)
}

/// An even choice of rows.
fn first_rows(predictions: &Predictions, most: usize) -> Predictions {
    let every = predictions.len().div_ceil(most).max(1);
    predictions.select(&(0..predictions.len()).step_by(every).collect::<Vec<_>>())
}

/// The words that answers rest on: of the wanted texts, or of some of the split.
pub(super) fn attention(subject: &ReportSubject<'_>, options: &PlotOptions) -> Result<Figure, PlotError> {
    let classifier = subject.classifier()?;
    let texts: Vec<(String, Option<String>)> = if options.texts.is_empty() {
        telling_texts(subject, options.split())?
    } else {
        options.texts.iter().map(|text| (text.clone(), None)).collect()
    };
    let attended = texts.into_iter().map(|(text, gold)| attended(&classifier, &text, gold));
    let attended = attended.collect::<Result<Vec<Attended>, ModelError>>()?;
    Ok(model::attention(&attended, &subject.name_of_run()))
}

fn attended(classifier: &Classifier, text: &str, gold: Option<String>) -> Result<Attended, ModelError> {
    let prediction = classifier.predict(&[classifier.tokenizer.encode(text)])?;
    let (label, probability) = prediction
        .first()
        .map_or((0, 0.0), |first| (first.label, f64::from(first.probabilities[first.label])));
    let predicted = classifier.labels.get(label).cloned().unwrap_or_default();
    Ok(Attended { words: classifier.attention(text)?, predicted, probability, gold })
}

/// Texts of a split that tell something: of different classes, and up to half of them mistakes.
fn telling_texts(
    subject: &ReportSubject<'_>,
    split: &str,
) -> Result<Vec<(String, Option<String>)>, PlotError> {
    let predictions = subject.predictions(split)?;
    let dataset = subject.dataset()?;
    let examples = dataset.splits.get(split).map_or(&[][..], |split| &split.examples);
    let by_hash: HashMap<u64, &crate::data::Example> =
        examples.iter().map(|example| (crate::model::text_hash(&example.text), example)).collect();
    let predicted = predictions.predicted();
    let (mut right, mut wrong): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut seen = Vec::new();
    for (row, label) in predicted.iter().enumerate() {
        // Sentences of a usual length are worth looking at.
        if !(5..=14).contains(&predictions.words[row]) {
            continue;
        }
        let gold = predictions.gold[row];
        if gold as usize != *label {
            wrong.push(row);
        } else if !seen.contains(&gold) {
            seen.push(gold);
            right.push(row);
        }
    }
    wrong.truncate(SENTENCES / 2);
    right.truncate(SENTENCES - wrong.len());
    let texts = right.into_iter().chain(wrong).filter_map(|row| {
        let example = by_hash.get(&predictions.hashes[row])?;
        Some((example.text.clone(), Some(example.label.clone())))
    });
    Ok(texts.collect())
}
