//! The texts that a summary measures: everything of them that does not depend on a resample, and all
//! measures under the weights of one.

use super::answers::{Answers, Resample, mean};
use super::blocks::Blocks;
use super::one_vs_rest::Rankings;
use super::reliability::{BINS, weighted_calibration_error};
use super::risk::weighted_aurc;
use super::{Average, Binning, OUT_OF_SCOPE, Predictions, Undefined};

/// Shares of right answers, which have Wilson intervals. With one label per text, micro averages
/// and the recall weighted by support are the accuracy.
pub(super) const SHARES: [&str; 7] =
    ["accuracy", "precision_micro", "recall_micro", "f1_micro", "recall_weighted", "accuracy_any", "top_3"];

/// Measures that have bootstrap intervals, in the order of [`Sample::measures`]: those of
/// [`Answers::MEASURES`], and what depends on the order of confidences and scores.
pub(super) const MEASURES: [&str; 16] = [
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
    answers: Answers,
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
        let (all, predicted) = (predictions.probabilities(temperature), predictions.predicted());
        let rows: Vec<f64> =
            texts.iter().flat_map(|&text| &all[text * labels..][..labels]).copied().collect();
        if rows.iter().any(|probability| !probability.is_finite()) {
            return Err(Undefined::NotANumber);
        }
        // Numbers without a name, which no table should have, are one class: they cost no memory.
        let nameless = labels + predictions.unseen.len();
        let highest = texts.iter().map(|&text| (predictions.gold[text] as usize).min(nameless)).max();
        let classes = highest.map_or(labels, |highest| labels.max(highest + 1));
        let answers = Answers::of_rows(predictions, &texts, &rows, classes, |label| label.min(nameless));
        let confidences: Vec<f64> =
            rows.chunks_exact(labels).zip(&texts).map(|(row, &text)| row[predicted[text]]).collect();
        Ok(Self {
            by_confidence: Blocks::new(&confidences, answers.right()[0])?,
            rankings: Rankings::new(&rows, labels, answers.gold())?,
            confidences,
            answers,
        })
    }

    /// Number of texts.
    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    /// Number of texts that have a loss.
    pub(super) fn known(&self) -> usize {
        self.answers.known()
    }

    /// How many texts are right, by each of [`SHARES`].
    pub(super) fn shares(&self) -> [usize; 7] {
        let [right, by_any, of_three] =
            self.answers.right().map(|right| right.iter().filter(|&&right| right).count());
        [right, right, right, right, right, by_any, of_three]
    }

    /// The mean log-loss.
    pub(super) fn loss(&self, weights: &[u32]) -> Result<f64, Undefined> {
        self.answers.loss(Resample::Weights(weights))
    }

    /// The expected calibration error.
    pub(super) fn calibration_error(&self, weights: &[u32], binning: Binning) -> Result<f64, Undefined> {
        let n = weights.iter().map(|&weight| u64::from(weight)).sum();
        weighted_calibration_error(&self.by_confidence, weights, n, BINS, binning)
    }

    /// All of [`MEASURES`] with every text counted as often as its weight says.
    pub(super) fn measures(&self, weights: &[u32]) -> [Result<f64, Undefined>; 16] {
        let resample = Resample::Weights(weights);
        let [precision, weighted_precision, recall, f1, weighted_f1, mcc, loss, brier] =
            self.answers.measures(resample);
        let by_class = self.rankings.average(Average::Macro, weights, self.answers.gold());
        let by_pair = self.rankings.average(Average::Micro, weights, self.answers.gold());
        [
            precision,
            weighted_precision,
            recall,
            f1,
            weighted_f1,
            mcc,
            loss,
            brier,
            mean(|text| Some(self.confidences[text]), resample, Undefined::NoExamples),
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
