//! All figures of a table of predictions, each with its n and interval or the reason why it has
//! none.

use std::collections::BTreeMap;

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::blocks::Blocks;
use super::classification::{is_in_top, surprise};
use super::one_vs_rest::Rankings;
use super::out_of_scope::Separation;
use super::probability::squared_distance;
use super::reliability::{BINS, weighted_calibration_error};
use super::resample::resample;
use super::risk::weighted_aurc;
use super::tally::Tally;
use super::{Average, Binning, Estimate, OUT_OF_SCOPE, Predictions, Undefined, is_any_gold, wilson};

/// Resamples behind each bootstrap interval.
const RESAMPLES: usize = 1000;

/// Figures by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Those that have a value.
    pub values: BTreeMap<String, Estimate>,
    /// Those that have none, and why.
    pub absent: BTreeMap<String, Undefined>,
}

impl Measures {
    fn insert(&mut self, key: &str, estimate: Result<Estimate, Undefined>) {
        match estimate {
            Ok(estimate) => {
                self.values.insert(key.to_owned(), estimate);
            }
            Err(reason) => {
                self.absent.insert(key.to_owned(), reason);
            }
        }
    }
}

/// Shares of right answers, which have Wilson intervals. With one label per text, micro averages
/// and the recall weighted by support are the accuracy.
const SHARES: [&str; 7] =
    ["accuracy", "precision_micro", "recall_micro", "f1_micro", "recall_weighted", "accuracy_any", "top_3"];

/// Figures that have bootstrap intervals, in the order of [`Sample::figures`].
const FIGURES: [&str; 16] = [
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

/// Measures a classifier on the texts of a table that have an intent; those without are what
/// [`measure_out_of_scope`] is for.
///
/// Gold labels that the classifier does not know are classes of their own, on which it errs:
/// their texts count everywhere but in `loss`, and in rankings they are negatives of every class.
/// Averages of rankings go over the classes that have one. Every figure but the shares sees the
/// same 1000 resamples of the texts.
pub fn measure(predictions: &Predictions, temperature: f64, rng: &mut impl Rng) -> Measures {
    let mut measures = Measures::default();
    match Sample::new(predictions, temperature) {
        Ok(sample) => sample.measure(&mut measures, rng),
        Err(reason) => {
            SHARES.iter().chain(&FIGURES).for_each(|key| measures.insert(key, Err(reason)));
        }
    }
    measures
}

/// Measures what a temperature changes, `loss` and `ece`: as [`measure`] with the same stream would.
pub fn measure_calibration(predictions: &Predictions, temperature: f64, rng: &mut impl Rng) -> Measures {
    const KEYS: [&str; 2] = ["loss", "ece"];
    let mut measures = Measures::default();
    match Sample::new(predictions, temperature) {
        Ok(sample) => {
            let estimates = resample(&[sample.gold.len()], RESAMPLES, rng, |weights| {
                [sample.loss(weights), sample.calibration_error(weights, Binning::EqualWidth)]
            });
            KEYS.iter().zip(estimates).for_each(|(key, estimate)| measures.insert(key, estimate));
            sample.count_losses(&mut measures);
        }
        Err(reason) => KEYS.iter().for_each(|key| measures.insert(key, Err(reason))),
    }
    measures
}

/// Measures how scores tell in-scope from out-of-scope texts, and what a threshold that was chosen
/// elsewhere does; a higher score is more in scope, and one at the threshold is accepted.
pub fn measure_out_of_scope(
    inside: &[f64],
    outside: &[f64],
    threshold: Option<f64>,
    rng: &mut impl Rng,
) -> Measures {
    const KEYS: [&str; 4] = ["auroc", "aupr_in", "aupr_out", "fpr_at_95_tpr"];
    let mut measures = Measures::default();
    match Separation::new(inside, outside) {
        Ok(separation) => {
            let estimates = resample(&[inside.len(), outside.len()], RESAMPLES, rng, |weights| {
                match separation.figures(weights) {
                    Ok(all) => [all.auroc, all.aupr_in, all.aupr_out, all.fpr_at_95_tpr].map(Ok),
                    Err(reason) => [Err(reason); 4],
                }
            });
            KEYS.iter().zip(estimates).for_each(|(key, estimate)| measures.insert(key, estimate));
        }
        Err(reason) => KEYS.iter().for_each(|key| measures.insert(key, Err(reason))),
    }
    if let Some(threshold) = threshold {
        measures.insert("recall", share(outside, |score| score < threshold));
        measures.insert("accepted_in_scope", share(inside, |score| score >= threshold));
    }
    measures
}

fn share(scores: &[f64], is_counted: impl Fn(f64) -> bool) -> Result<Estimate, Undefined> {
    if scores.iter().any(|score| score.is_nan()) {
        return Err(Undefined::NotANumber);
    }
    let counted = scores.iter().filter(|&&score| is_counted(score)).count();
    wilson(counted, scores.len()).ok_or(Undefined::NoExamples)
}

/// The texts that are measured, with everything that does not depend on a resample.
struct Sample {
    classes: usize,
    gold: Vec<usize>,
    predicted: Vec<usize>,
    /// How many are right, by each of [`SHARES`].
    shares: [usize; 7],
    /// The log-loss of each text; `None` where its label is unknown.
    losses: Vec<Option<f64>>,
    /// The squared distance of each text's probabilities to the truth.
    distances: Vec<f64>,
    confidences: Vec<f64>,
    by_confidence: Blocks,
    rankings: Rankings,
}

impl Sample {
    fn new(predictions: &Predictions, temperature: f64) -> Result<Self, Undefined> {
        let labels = predictions.classes();
        let probabilities = predictions.probabilities(temperature);
        let predicted = predictions.predicted();
        let texts: Vec<usize> =
            (0..predictions.len()).filter(|&text| predictions.gold[text] != OUT_OF_SCOPE).collect();
        if texts.is_empty() {
            return Err(Undefined::NoExamples);
        }
        if labels == 0 {
            return Err(Undefined::NoKnownLabel);
        }
        let row = |text: usize| &probabilities[text * labels..][..labels];
        if texts.iter().any(|&text| row(text).iter().any(|probability| !probability.is_finite())) {
            return Err(Undefined::NotANumber);
        }
        let pick = |of: &dyn Fn(usize) -> usize| texts.iter().map(|&text| of(text)).collect::<Vec<_>>();
        let gold = pick(&|text| predictions.gold[text] as usize);
        let predicted = pick(&|text| predicted[text]);
        let rows: Vec<f64> = texts.iter().flat_map(|&text| row(text)).copied().collect();
        let confidences: Vec<f64> =
            texts.iter().zip(&predicted).map(|(&text, &label)| row(text)[label]).collect();
        let right: Vec<bool> = gold.iter().zip(&predicted).map(|(gold, label)| gold == label).collect();
        let each = || rows.chunks_exact(labels).zip(&gold);
        let any = texts.iter().zip(&predicted).filter(|&(&text, &label)| {
            is_any_gold(predictions.gold_name(predictions.gold[text]), &predictions.labels[label])
        });
        let (exact, any) = (right.iter().filter(|&&right| right).count(), any.count());
        let top_3 = each().filter(|&(row, &gold)| is_in_top(row, gold, 3)).count();
        Ok(Self {
            classes: gold.iter().map(|label| label + 1).max().unwrap_or(0).max(labels),
            shares: [exact, exact, exact, exact, exact, any, top_3],
            losses: each().map(|(row, &gold)| row.get(gold).map(|&p| surprise(p))).collect(),
            distances: each().map(|(row, &gold)| squared_distance(row, gold)).collect(),
            by_confidence: Blocks::new(&confidences, &right)?,
            rankings: Rankings::new(&rows, labels, &gold)?,
            confidences,
            gold,
            predicted,
        })
    }

    fn measure(&self, measures: &mut Measures, rng: &mut impl Rng) {
        let n = self.gold.len();
        for (key, right) in SHARES.iter().zip(self.shares) {
            measures.insert(key, wilson(right, n).ok_or(Undefined::NoExamples));
        }
        let estimates = resample(&[n], RESAMPLES, rng, |weights| self.figures(weights));
        for (key, estimate) in FIGURES.iter().zip(estimates) {
            measures.insert(key, estimate);
        }
        self.count_losses(measures);
    }

    /// Only texts of known labels have a loss.
    fn count_losses(&self, measures: &mut Measures) {
        if let Some(loss) = measures.values.get_mut("loss") {
            loss.n = self.losses.iter().flatten().count();
        }
    }

    fn loss(&self, weights: &[u32]) -> Result<f64, Undefined> {
        mean(self.losses.iter().copied(), weights, Undefined::NoKnownLabel)
    }

    fn calibration_error(&self, weights: &[u32], binning: Binning) -> Result<f64, Undefined> {
        let n = weights.iter().map(|&weight| u64::from(weight)).sum();
        weighted_calibration_error(&self.by_confidence, weights, n, BINS, binning)
    }

    /// All of [`FIGURES`] with every text counted as often as its weight says.
    fn figures(&self, weights: &[u32]) -> [Result<f64, Undefined>; 16] {
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
