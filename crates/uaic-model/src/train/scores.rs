//! How well a classifier does on labelled texts.

use crate::model::Prediction;
use uaic_eval::{Average, Confusion, log_loss};

/// Figures of one evaluation. Labels unknown to the classifier count as errors everywhere but in
/// the loss, where they are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Share of exactly right labels.
    pub accuracy: f64,
    /// F1, every class alike.
    pub f1_macro: f64,
    /// F1, by class size.
    pub f1_weighted: f64,
    /// Mean negative log-probability of the gold label.
    pub loss: f64,
}

/// Compares predictions with gold labels. Labels below `known` are the classifier's, others are
/// unknown to it. `None` when there is nothing to compare.
pub fn scores(predictions: &[Prediction], gold: &[usize], known: usize) -> Option<Scores> {
    let classes = gold.iter().map(|label| label + 1).max()?.max(known);
    let predicted: Vec<usize> = predictions.iter().map(|prediction| prediction.label).collect();
    let confusion = Confusion::count(classes, gold, &predicted);
    let probabilities: Vec<f64> = predictions
        .iter()
        .zip(gold)
        .filter_map(|(prediction, &label)| prediction.probabilities.get(label).map(|&p| f64::from(p)))
        .collect();
    Some(Scores {
        accuracy: confusion.accuracy()?,
        f1_macro: confusion.f1(Average::Macro)?,
        f1_weighted: confusion.f1(Average::Weighted)?,
        loss: log_loss(&probabilities).unwrap_or(f64::NAN),
    })
}
