//! What a model answered, text by text.

use std::collections::HashMap;

use super::page::Table;
use super::plot::PlotError;
use super::subject::Subject;
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
///
/// # Errors
/// The data set cannot be looked for, as the store cannot be read.
pub(super) fn csv(subject: &Subject<'_>, predictions: &Predictions) -> Result<Vec<u8>, PlotError> {
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
    Ok(writer.into_inner().unwrap_or_default())
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

/// The mistakes that the model was surest of.
pub(super) fn mistakes(subject: &Subject<'_>, predictions: &Predictions) -> Table {
    let texts = texts(subject.dataset().ok().as_ref(), "test");
    let mut wrong: Vec<(usize, Answer)> =
        answers(predictions).into_iter().enumerate().filter(|(_, answer)| !answer.is_right).collect();
    wrong.sort_by(|a, b| b.1.confidence.total_cmp(&a.1.confidence).then(a.0.cmp(&b.0)));
    let caption =
        format!("{} of {} texts are answered wrongly; the surest first", wrong.len(), predictions.len());
    let mut table = Table::new(&caption, &["text", "right", "predicted", ">confidence"]);
    for (row, answer) in wrong.into_iter().take(MISTAKES) {
        let hash = predictions.hashes[row];
        table.rows.push(vec![
            texts.get(&hash).cloned().unwrap_or_else(|| format!("{hash:016x}")),
            predictions.gold_name(predictions.gold[row]).to_owned(),
            predictions.labels[answer.label].clone(),
            number(answer.confidence),
        ]);
    }
    table
}
