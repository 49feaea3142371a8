//! The texts that a summary measures: everything of them that does not depend on a resample, and all
//! measures under the weights of one.

use super::answers::{Answers, Resample, mean};
use super::blocks::Blocks;
use super::one_vs_rest::{Rankings, one_vs_rest};
use super::ranking::Ranking;
use super::reliability::{BINS, weighted_calibration_error};
use super::risk::weighted_aurc;
use super::tally::Tally;
use super::{Average, Binning, Classified, OUT_OF_SCOPE, Predictions, ScoreKind, Undefined};

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

/// Measures of two classes of which one is to be found, in the order of [`Sample::of_positive`].
pub(super) const POSITIVE: [&str; 7] =
    ["auroc", "average_precision", "precision", "recall", "specificity", "f1", "brier_positive"];

/// The texts that are measured, with everything that does not depend on a resample.
pub(super) struct Sample {
    answers: Answers,
    kind: ScoreKind,
    scored: Option<Scored>,
    positive: Option<Positive>,
}

/// What is sorted of scores.
struct Scored {
    confidences: Vec<f64>,
    by_confidence: Blocks,
    rankings: Rankings,
}

/// The class to be found.
struct Positive {
    class: usize,
    /// Squared distance of its probability to the truth, by row.
    distances: Vec<f64>,
    ranking: Option<Ranking>,
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
        let scored = Scored {
            by_confidence: Blocks::new(&confidences, answers.right()[0])?,
            rankings: Rankings::new(&rows, labels, answers.gold())?,
            confidences,
        };
        Ok(Self { answers, kind: ScoreKind::Probabilities, scored: Some(scored), positive: None })
    }

    /// The rows of any classifier.
    pub(super) fn of_rows(rows: &Classified) -> Result<Self, Undefined> {
        let name = |class: usize| rows.names().get(class).map_or("", String::as_str);
        let answers = Answers::of_columns(rows.columns(), name, rows.names().len(), |class| class);
        let scored = if rows.kind() == ScoreKind::None {
            None
        } else {
            let confidences = rows.confidences();
            Some(Scored {
                by_confidence: Blocks::new(&confidences, answers.right()[0])?,
                rankings: Rankings::new(rows.scores(), rows.known(), answers.gold())?,
                confidences,
            })
        };
        let positive = rows.positive().map(|class| Positive::new(rows, class)).transpose()?;
        Ok(Self { answers, kind: rows.kind(), scored, positive })
    }

    /// Number of texts.
    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    /// Number of texts that have a loss.
    pub(super) fn known(&self) -> usize {
        self.answers.known()
    }

    /// Names of all measures that have bootstrap intervals.
    pub(super) fn measure_names(&self) -> impl Iterator<Item = &'static str> {
        let of_positive: &[&str] = if self.positive.is_some() { &POSITIVE } else { &[] };
        MEASURES.iter().chain(&LABEL_MEASURES).chain(of_positive).copied()
    }

    /// How many texts are right, by each of [`SHARES`]; or why that has no meaning.
    pub(super) fn shares(&self) -> [Result<usize, Undefined>; 7] {
        let [right, by_any, of_three] =
            self.answers.right().map(|right| right.iter().filter(|&&right| right).count());
        let of_three = if self.scored.is_some() { Ok(of_three) } else { Err(Undefined::NoScores) };
        [Ok(right), Ok(right), Ok(right), Ok(right), Ok(right), Ok(by_any), of_three]
    }

    /// Which texts are right, where a share of [`SHARES`] counts just that.
    pub(super) fn right(&self, share: &str) -> Option<&[bool]> {
        let [right, by_any, of_three] = self.answers.right();
        match share {
            "accuracy_any" => Some(by_any),
            "top_3" => self.scored.is_some().then_some(of_three),
            share => SHARES.contains(&share).then_some(right),
        }
    }

    /// The mean log-loss.
    pub(super) fn loss(&self, weights: &[u32]) -> Result<f64, Undefined> {
        self.answers.loss(Resample::Weights(weights))
    }

    /// The expected calibration error.
    pub(super) fn calibration_error(&self, weights: &[u32], binning: Binning) -> Result<f64, Undefined> {
        let n = weights.iter().map(|&weight| u64::from(weight)).sum();
        let scored = self.scored.as_ref().ok_or(Undefined::NoScores)?;
        weighted_calibration_error(&scored.by_confidence, weights, n, BINS, binning)
    }

    /// All of [`MEASURES`] with every text counted as often as its weight says.
    pub(super) fn measures(&self, weights: &[u32]) -> [Result<f64, Undefined>; 16] {
        let resample = Resample::Weights(weights);
        let [precision, weighted_precision, recall, f1, weighted_f1, mcc, loss, brier] =
            self.answers.measures(resample);
        let labels = [precision, weighted_precision, recall, f1, weighted_f1, mcc];
        let [confidence, loss, brier, width, mass] = match (self.kind, &self.scored) {
            (ScoreKind::Probabilities, Some(scored)) => [
                mean(|text| Some(scored.confidences[text]), resample, Undefined::NoExamples),
                loss,
                brier,
                self.calibration_error(weights, Binning::EqualWidth),
                self.calibration_error(weights, Binning::EqualMass),
            ],
            (ScoreKind::None, _) | (_, None) => [Err(Undefined::NoScores); 5],
            (ScoreKind::Order, _) => [Err(Undefined::NotProbabilities); 5],
        };
        let ranked = self.ranked(weights);
        let [first, second, third, fourth, fifth, sixth] = labels;
        let [risk, by_class, by_pair, precision_by_class, precision_by_pair] = ranked;
        [
            first,
            second,
            third,
            fourth,
            fifth,
            sixth,
            loss,
            brier,
            confidence,
            width,
            mass,
            risk,
            by_class,
            by_pair,
            precision_by_class,
            precision_by_pair,
        ]
    }

    /// What depends on the order of scores alone.
    fn ranked(&self, weights: &[u32]) -> [Result<f64, Undefined>; 5] {
        let Some(scored) = &self.scored else { return [Err(Undefined::NoScores); 5] };
        let by_class = scored.rankings.average(Average::Macro, weights, self.answers.gold());
        let by_pair = scored.rankings.average(Average::Micro, weights, self.answers.gold());
        [
            weighted_aurc(&scored.by_confidence, weights),
            by_class.auroc,
            by_pair.auroc,
            by_class.average_precision,
            by_pair.average_precision,
        ]
    }

    /// All that [`Sample::measure_names`] names.
    pub(super) fn all_measures(&self, weights: &[u32]) -> Vec<Result<f64, Undefined>> {
        let tally = self.answers.tally(Resample::Weights(weights));
        let mut all = self.measures(weights).to_vec();
        all.extend([tally.balanced_accuracy(), tally.kappa()]);
        all.extend(self.positive.iter().flat_map(|positive| self.of_positive(positive, &tally, weights)));
        all
    }

    /// All of [`POSITIVE`].
    fn of_positive(
        &self,
        positive: &Positive,
        tally: &Tally,
        weights: &[u32],
    ) -> [Result<f64, Undefined>; 7] {
        let areas = positive.ranking.as_ref().map(|ranking| ranking.areas(weights));
        let (auroc, precision) = areas
            .map_or((Err(Undefined::NoScores), Err(Undefined::NoScores)), |areas| {
                (areas.auroc, areas.average_precision)
            });
        let distance = match self.kind {
            ScoreKind::None => Err(Undefined::NoScores),
            ScoreKind::Order => Err(Undefined::NotProbabilities),
            ScoreKind::Probabilities => {
                mean(|text| Some(positive.distances[text]), Resample::Weights(weights), Undefined::NoExamples)
            }
        };
        let class = positive.class;
        let (found, right) = (tally.recall(class), tally.precision(class));
        [auroc, precision, right, found, tally.specificity(class), tally.f1(class), distance]
    }
}

/// Measures of labels that only any classifier's rows have, after [`MEASURES`].
const LABEL_MEASURES: [&str; 2] = ["balanced_accuracy", "kappa"];

impl Positive {
    fn new(rows: &Classified, class: usize) -> Result<Self, Undefined> {
        if rows.kind() == ScoreKind::None {
            return Ok(Self { class, distances: Vec::new(), ranking: None });
        }
        let (scores, positive) = one_vs_rest(rows.scores(), rows.known(), rows.gold(), class);
        let truth = |is_positive: bool| if is_positive { 1.0 } else { 0.0 };
        let distances = scores.iter().zip(&positive).map(|(p, &is)| (p - truth(is)).powi(2)).collect();
        Ok(Self { class, distances, ranking: Some(Ranking::new(&Blocks::new(&scores, &positive)?, 1)) })
    }
}
