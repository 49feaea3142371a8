//! The texts that a summary measures: everything of them that does not depend on a resample, and all
//! figures under the weights of one.

use super::blocks::Blocks;
use super::classification::{is_in_top, surprise};
use super::one_vs_rest::Rankings;
use super::probability::squared_distance;
use super::reliability::{BINS, weighted_calibration_error};
use super::risk::weighted_aurc;
use super::tally::Tally;
use super::{Average, Binning, OUT_OF_SCOPE, Predictions, Undefined, is_any_gold};

/// Shares of right answers, which have Wilson intervals. With one label per text, micro averages
/// and the recall weighted by support are the accuracy.
pub(super) const SHARES: [&str; 7] =
    ["accuracy", "precision_micro", "recall_micro", "f1_micro", "recall_weighted", "accuracy_any", "top_3"];

/// Figures that have bootstrap intervals, in the order of [`Sample::figures`].
pub(super) const FIGURES: [&str; 16] = [
    "precision_macro",
    "precision_weighted",
    "recall_macro",
    "f1_macro",
    "f1_weighted",
    "mcc",
    "loss",
    "brier",
    "mean_confidence",
    "ece",
    "ece_mass",
    "aurc",
    "auroc_macro",
    "auroc_micro",
    "average_precision_macro",
    "average_precision_micro",
];

/// The texts that are measured, with everything that does not depend on a resample.
pub(super) struct Sample {
    classes: usize,
    gold: Vec<usize>,
    predicted: Vec<usize>,
    /// How many texts are right; by the lenient rule; among the three highest.
    right: usize,
    right_by_any: usize,
    right_of_three: usize,
    /// The log-loss of each text; `None` where its label is unknown.
    losses: Vec<Option<f64>>,
    /// The squared distance of each text's probabilities to the truth.
    distances: Vec<f64>,
    confidences: Vec<f64>,
    by_confidence: Blocks,
    rankings: Rankings,
}

impl Sample {
    pub(super) fn new(predictions: &Predictions, temperature: f64) -> Result<Self, Undefined> {
        let labels = predictions.classes();
        let texts: Vec<usize> =
            (0..predictions.len()).filter(|&text| predictions.gold[text] != OUT_OF_SCOPE).collect();
        if texts.is_empty() {
            return Err(Undefined::NoExamples);
        }
        if labels == 0 {
            return Err(Undefined::NoKnownLabel);
        }
        let (all, answers) = (predictions.probabilities(temperature), predictions.predicted());
        let rows: Vec<f64> =
            texts.iter().flat_map(|&text| &all[text * labels..][..labels]).copied().collect();
        if rows.iter().any(|probability| !probability.is_finite()) {
            return Err(Undefined::NotANumber);
        }
        // Numbers without a name, which no table should have, are one class: they cost no memory.
        let nameless = labels + predictions.unseen.len();
        let gold = texts.iter().map(|&text| (predictions.gold[text] as usize).min(nameless));
        let gold: Vec<usize> = gold.collect();
        let predicted: Vec<usize> = texts.iter().map(|&text| answers[text]).collect();
        let each = || rows.chunks_exact(labels).zip(&gold);
        let confidences: Vec<f64> = each().zip(&predicted).map(|((row, _), &label)| row[label]).collect();
        let right: Vec<bool> = gold.iter().zip(&predicted).map(|(gold, label)| gold == label).collect();
        Ok(Self {
            classes: gold.iter().map(|label| label + 1).max().unwrap_or(0).max(labels),
            right: right.iter().filter(|&&right| right).count(),
            right_by_any: count_any(predictions, &texts, &predicted),
            right_of_three: each().filter(|&(row, &gold)| is_in_top(row, gold, 3)).count(),
            losses: each().map(|(row, &gold)| row.get(gold).map(|&p| surprise(p))).collect(),
            distances: each().map(|(row, &gold)| squared_distance(row, gold)).collect(),
            by_confidence: Blocks::new(&confidences, &right)?,
            rankings: Rankings::new(&rows, labels, &gold)?,
            confidences,
            gold,
            predicted,
        })
    }

    /// Number of texts.
    pub(super) fn len(&self) -> usize {
        self.gold.len()
    }

    /// Number of texts that have a loss.
    pub(super) fn known(&self) -> usize {
        self.losses.iter().flatten().count()
    }

    /// How many texts are right, by each of [`SHARES`].
    pub(super) fn shares(&self) -> [usize; 7] {
        [self.right, self.right, self.right, self.right, self.right, self.right_by_any, self.right_of_three]
    }

    /// The mean log-loss.
    pub(super) fn loss(&self, weights: &[u32]) -> Result<f64, Undefined> {
        mean(self.losses.iter().copied(), weights, Undefined::NoKnownLabel)
    }

    /// The expected calibration error.
    pub(super) fn calibration_error(&self, weights: &[u32], binning: Binning) -> Result<f64, Undefined> {
        let n = weights.iter().map(|&weight| u64::from(weight)).sum();
        weighted_calibration_error(&self.by_confidence, weights, n, BINS, binning)
    }

    /// All of [`FIGURES`] with every text counted as often as its weight says.
    pub(super) fn figures(&self, weights: &[u32]) -> [Result<f64, Undefined>; 16] {
        let tally = Tally::count(self.classes, &self.gold, &self.predicted, weights);
        let by_class = self.rankings.average(Average::Macro, weights, &self.gold);
        let by_pair = self.rankings.average(Average::Micro, weights, &self.gold);
        [
            tally.average(Average::Macro, Tally::precision),
            tally.average(Average::Weighted, Tally::precision),
            tally.average(Average::Macro, Tally::recall),
            tally.average(Average::Macro, Tally::f1),
            tally.average(Average::Weighted, Tally::f1),
            tally.mcc(),
            self.loss(weights),
            mean(self.distances.iter().copied().map(Some), weights, Undefined::NoExamples),
            mean(self.confidences.iter().copied().map(Some), weights, Undefined::NoExamples),
            self.calibration_error(weights, Binning::EqualWidth),
            self.calibration_error(weights, Binning::EqualMass),
            weighted_aurc(&self.by_confidence, weights),
            by_class.auroc,
            by_pair.auroc,
            by_class.average_precision,
            by_pair.average_precision,
        ]
    }
}

/// How many texts are right by the lenient rule.
fn count_any(predictions: &Predictions, texts: &[usize], predicted: &[usize]) -> usize {
    let is_right = |&(&text, &label): &(&usize, &usize)| {
        is_any_gold(predictions.gold_name(predictions.gold[text]), &predictions.labels[label])
    };
    texts.iter().zip(predicted).filter(is_right).count()
}

/// The weighted mean of what is there.
fn mean(
    values: impl Iterator<Item = Option<f64>>,
    weights: &[u32],
    otherwise: Undefined,
) -> Result<f64, Undefined> {
    let (mut sum, mut n) = (0.0, 0_u64);
    for (value, &weight) in values.zip(weights) {
        if let Some(value) = value {
            sum += f64::from(weight) * value;
            n += u64::from(weight);
        }
    }
    if n > 0 { Ok(sum / n as f64) } else { Err(otherwise) }
}
