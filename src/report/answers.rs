//! What a model answered, text by text.

use std::collections::HashMap;

use super::error::PlotError;
use super::mistakes::{self, TextIndex};
use super::page::Table;
use super::subject::ReportSubject;
use super::wording::number;
use crate::data::{Dataset, Example};
use crate::eval::Predictions;
use crate::model::text_hash;

/// Rows of the table of mistakes.
const MISTAKES: usize = 20;

/// The texts of a split by their hashes; none where the data set is no longer at hand.
fn texts(dataset: Option<&Dataset>, split: &str) -> HashMap<u64, String> {
    let examples: &[Example] =
        dataset.and_then(|dataset| dataset.splits.get(split)).map_or(&[], |split| &split.examples);
    examples.iter().map(|example| (text_hash(&example.text), example.text.clone())).collect()
}

/// Every text of the test split with its label, the answer and its confidence, as CSV.
pub(super) fn csv(subject: &ReportSubject<'_>, predictions: &Predictions) -> Vec<u8> {
    let texts = texts(subject.dataset().ok().as_ref(), "test");
    let mut writer = csv::Writer::from_writer(Vec::new());
    let _ = writer.write_record([
        "text",
        "hash",
        "label",
        "predicted",
        "right",
        "confidence",
        "words",
        "unknown_words",
    ]);
    for (row, answer) in answers(predictions).into_iter().enumerate() {
        let hash = predictions.hashes[row];
        let _ = writer.write_record([
            texts.get(&hash).map_or("", String::as_str),
            &format!("{hash:016x}"),
            predictions.gold_name(predictions.gold[row]),
            &predictions.labels[answer.label],
            if answer.is_right { "true" } else { "false" },
            &answer.confidence.to_string(),
            &predictions.words[row].to_string(),
            &predictions.unknown_words[row].to_string(),
        ]);
    }
    // Writing to memory cannot fail.
    writer.into_inner().unwrap_or_default()
}

/// The label given to a text.
struct Answer {
    label: usize,
    confidence: f64,
    is_right: bool,
}

fn answers(predictions: &Predictions) -> Vec<Answer> {
    let probabilities = predictions.probabilities(1.0);
    let answer = |(row, label): (usize, usize)| Answer {
        label,
        confidence: probabilities[row * predictions.classes() + label],
        is_right: predictions.gold[row] as usize == label,
    };
    predictions.predicted().into_iter().enumerate().map(answer).collect()
}

/// The mistakes that the model was surest of, each with the training text that is most like it.
///
/// # Errors
/// The model cannot be read.
pub(super) fn mistakes(subject: &ReportSubject<'_>, predictions: &Predictions) -> Result<Table, PlotError> {
    let dataset = subject.dataset().ok();
    let texts = texts(dataset.as_ref(), "test");
    let calibration = subject.calibration()?.map(|calibration| calibration.fitted);
    let wrong = mistakes::mistakes(predictions, calibration.as_ref())?;
    let caption =
        format!("{} of {} texts are answered wrongly; the surest first", wrong.len(), predictions.len());
    let columns = ["text", "right", "predicted", ">confidence", "nearest training text", "its label"];
    let mut table = Table::new(&caption, &columns);
    let classifier = subject.classifier()?;
    let train = dataset.as_ref().and_then(|dataset| dataset.splits.get("train"));
    let train: &[Example] = train.map_or(&[], |split| &split.examples);
    let words = |text: &str| classifier.tokenizer.tokens(text);
    let index = TextIndex::new(&train.iter().map(|example| words(&example.text)).collect::<Vec<_>>());
    for mistake in wrong.into_iter().take(MISTAKES) {
        let hash = predictions.hashes[mistake.text];
        let text = texts.get(&hash);
        let nearest = text.and_then(|text| index.nearest(&words(text))).map(|found| &train[found.text]);
        table.rows.push(vec![
            text.cloned().unwrap_or_else(|| format!("{hash:016x}")),
            predictions.gold_name(predictions.gold[mistake.text]).to_owned(),
            predictions.labels[mistake.predicted].clone(),
            number(mistake.confidence),
            nearest.map_or_else(String::new, |example| example.text.clone()),
            nearest.map_or_else(String::new, |example| example.label.clone()),
        ]);
    }
    Ok(table)
}
