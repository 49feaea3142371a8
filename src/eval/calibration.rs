//! What makes a classifier's confidence honest, and where it should not answer: a temperature and a
//! threshold, fitted on texts that it has not seen.

use serde::{Deserialize, Serialize};

use super::reliability::BINS;
use super::{
    Binning, OUT_OF_SCOPE, Predictions, TEMPERATURES, Undefined, auroc, energy, expected_calibration_error,
    fit_temperature, log_loss, max_softmax, reliability,
};

/// The share of in-scope texts that a threshold lets pass, in hundredths.
const ACCEPTED: usize = 95;

/// How a text's logits become the score that a threshold is held against; higher is more in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfScopeMethod {
    /// The largest probability.
    MaxSoftmax,
    /// The negative energy.
    Energy,
}

impl OutOfScopeMethod {
    /// The score of a row of logits.
    pub fn score(self, logits: &[f32], temperature: f64) -> f64 {
        match self {
            Self::MaxSoftmax => max_softmax(logits, temperature),
            Self::Energy => energy(logits, temperature),
        }
    }

    /// The scores of all texts, `(N)`.
    pub fn scores(self, predictions: &Predictions, temperature: f64) -> Vec<f64> {
        (0..predictions.len()).map(|text| self.score(predictions.row(text), temperature)).collect()
    }
}

/// A temperature and a threshold, and how they came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What logits are divided by before they become probabilities.
    pub temperature: f64,
    /// How many texts it was fitted on: those with a label that the classifier knows.
    pub temperature_texts: usize,
    /// On these texts, with temperature 1.
    pub before: Quality,
    /// On these texts, with the temperature.
    pub after: Quality,
    /// The score by which in scope and out of scope are told apart, at the temperature.
    pub method: OutOfScopeMethod,
    /// A text with a score below it is out of scope: the largest value that 95 % of the in-scope
    /// texts reach.
    pub threshold: f64,
    /// How many texts the threshold was fitted on.
    pub threshold_texts: usize,
    /// What the method was chosen by; `None` without out-of-scope texts to choose by.
    pub choice: Option<Choice>,
}

/// How far probabilities can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Mean negative log-likelihood.
    pub loss: f64,
    /// Expected calibration error, bins of equal width.
    pub ece: f64,
}

/// Areas under the ROC curve of in-scope against out-of-scope texts, by method.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Number of out-of-scope texts.
    pub texts: usize,
    /// Of the largest probability.
    pub max_softmax: f64,
    /// Of the energy.
    pub energy: f64,
}

impl Calibration {
    /// Fits on in-scope texts and, where there are any, on out-of-scope ones, none of which the
    /// classifier may have been trained on.
    ///
    /// Where no text is wrong, nothing says how much confidence is too much, and the temperature is
    /// 1. The largest probability is the score unless the energy has the larger area.
    ///
    /// # Errors
    /// There is no text with a label that the classifier knows, or a logit is no number.
    pub fn fit(validation: &Predictions, outside: Option<&Predictions>) -> Result<Self, Undefined> {
        let inside: Vec<usize> =
            (0..validation.len()).filter(|&text| validation.gold[text] != OUT_OF_SCOPE).collect();
        let classes = validation.classes();
        let known: Vec<usize> =
            inside.iter().copied().filter(|&text| (validation.gold[text] as usize) < classes).collect();
        if known.is_empty() && !inside.is_empty() {
            return Err(Undefined::NoKnownLabel);
        }
        let logits: Vec<f32> = known.iter().flat_map(|&text| validation.row(text)).copied().collect();
        let gold: Vec<usize> = known.iter().map(|&text| validation.gold[text] as usize).collect();
        let fitted = fit_temperature(&logits, classes, &gold)?;
        let temperature = if fitted > TEMPERATURES.0 { fitted } else { 1.0 };
        let choice = match outside {
            Some(outside) if !outside.is_empty() => {
                Some(Choice::new(validation, &inside, outside, temperature)?)
            }
            _ => None,
        };
        let method = match choice {
            Some(choice) if choice.energy > choice.max_softmax => OutOfScopeMethod::Energy,
            _ => OutOfScopeMethod::MaxSoftmax,
        };
        let scores = inside.iter().map(|&text| method.score(validation.row(text), temperature)).collect();
        Ok(Self {
            temperature,
            temperature_texts: known.len(),
            before: Quality::of(&logits, classes, &gold, 1.0)?,
            after: Quality::of(&logits, classes, &gold, temperature)?,
            method,
            threshold: threshold(scores).ok_or(Undefined::NoExamples)?,
            threshold_texts: inside.len(),
            choice,
        })
    }

    /// The scores of all texts that the threshold is held against, `(N)`.
    pub fn scores(&self, predictions: &Predictions) -> Vec<f64> {
        self.method.scores(predictions, self.temperature)
    }
}

impl Quality {
    /// Of rows of logits `(N, C)` with gold labels below C.
    fn of(logits: &[f32], classes: usize, gold: &[usize], temperature: f64) -> Result<Self, Undefined> {
        let table = Predictions {
            labels: vec![String::new(); classes],
            gold: gold.iter().map(|&label| label as u32).collect(),
            logits: logits.to_vec(),
            ..Predictions::default()
        };
        let (probabilities, predicted) = (table.probabilities(temperature), table.predicted());
        let of = |text: usize, label: usize| probabilities[text * classes + label];
        let given: Vec<f64> = gold.iter().enumerate().map(|(text, &label)| of(text, label)).collect();
        let confidences: Vec<f64> =
            predicted.iter().enumerate().map(|(text, &label)| of(text, label)).collect();
        let right: Vec<bool> =
            predicted.iter().zip(gold).map(|(predicted, gold)| predicted == gold).collect();
        let bins = reliability(&confidences, &right, BINS, Binning::EqualWidth)?;
        Ok(Self {
            loss: log_loss(&given).ok_or(Undefined::NoExamples)?,
            ece: expected_calibration_error(&bins)?,
        })
    }
}

impl Choice {
    fn new(
        validation: &Predictions,
        inside: &[usize],
        outside: &Predictions,
        temperature: f64,
    ) -> Result<Self, Undefined> {
        let area = |method: OutOfScopeMethod| {
            let inside: Vec<f64> =
                inside.iter().map(|&text| method.score(validation.row(text), temperature)).collect();
            auroc(&inside, &method.scores(outside, temperature)).ok_or(Undefined::NotANumber)
        };
        Ok(Self {
            texts: outside.len(),
            max_softmax: area(OutOfScopeMethod::MaxSoftmax)?,
            energy: area(OutOfScopeMethod::Energy)?,
        })
    }
}

/// The largest value that the wanted share of the scores reach.
fn threshold(mut scores: Vec<f64>) -> Option<f64> {
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    let accepted = (ACCEPTED * scores.len()).div_ceil(100);
    scores.get(accepted.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    /// Two classes; a row is its margin and whether the first is right.
    fn table(rows: &[(f32, bool)]) -> Predictions {
        Predictions {
            labels: vec!["a".to_owned(), "b".to_owned()],
            gold: rows.iter().map(|(_, first)| u32::from(!first)).collect(),
            logits: rows.iter().flat_map(|(margin, _)| [*margin, 0.0]).collect(),
            ..Predictions::default()
        }
    }

    proptest! {
        #[test]
        fn at_least_95_percent_pass_and_no_larger_threshold_lets_them(
            scores in prop::collection::vec((0_i32..30).prop_map(f64::from), 1..80),
        ) {
            let threshold = threshold(scores.clone()).unwrap();
            let passing = |threshold: f64| scores.iter().filter(|&&score| score >= threshold).count();
            prop_assert!(100 * passing(threshold) >= 95 * scores.len());
            prop_assert!(100 * passing(threshold + 0.5) < 95 * scores.len());
        }

        #[test]
        fn calibrating_never_makes_the_loss_larger(
            rows in prop::collection::vec((-6.0_f32..6.0, any::<bool>()), 1..60),
        ) {
            let fitted = Calibration::fit(&table(&rows), None).unwrap();
            prop_assert!(fitted.after.loss <= fitted.before.loss + 1e-9);
        }
    }

    #[test]
    fn too_much_confidence_is_taken_back() {
        // With margin 2 and three of four right, sigmoid(2/T) = 3/4, so T = 2 / ln 3.
        let fitted = Calibration::fit(&table(&[(2.0, true), (2.0, true), (2.0, true), (2.0, false)]), None);
        let fitted = fitted.unwrap();
        assert_relative_eq!(fitted.temperature, 2.0 / 3.0_f64.ln(), max_relative = 1e-12);
        assert_relative_eq!(fitted.after.ece, 0.0, epsilon = 1e-12);
        assert!(fitted.before.ece > 0.1 && fitted.before.loss > fitted.after.loss);
        assert_relative_eq!(fitted.threshold, 0.75, max_relative = 1e-12);
        assert_eq!((fitted.method, fitted.choice), (OutOfScopeMethod::MaxSoftmax, None));
    }

    #[test]
    fn where_nothing_is_wrong_the_temperature_stays() {
        let fitted = Calibration::fit(&table(&[(2.0, true), (-1.0, false)]), None).unwrap();
        assert_relative_eq!(fitted.temperature, 1.0);
        assert_eq!(fitted.before, fitted.after);
    }

    #[test]
    fn texts_of_unknown_labels_count_for_the_threshold_alone() {
        let mut with = table(&[(2.0, true), (2.0, false), (0.0, true)]);
        with.unseen.push("c".to_owned());
        with.gold[2] = 2;
        let fitted = Calibration::fit(&with, None).unwrap();
        assert_eq!((fitted.temperature_texts, fitted.threshold_texts), (2, 3));
        with.gold[2] = OUT_OF_SCOPE;
        assert_eq!(Calibration::fit(&with, None).unwrap().threshold_texts, 2);
        with.gold.fill(2);
        assert_eq!(Calibration::fit(&with, None), Err(Undefined::NoKnownLabel));
    }

    #[test]
    fn energy_is_taken_where_it_tells_better() {
        let inside = table(&[(2.0, true), (3.0, true), (2.0, false)]);
        // As confident, but all logits are low.
        let mut outside = table(&[(2.0, true), (3.0, true)]);
        outside.logits.iter_mut().for_each(|logit| *logit -= 9.0);
        outside.gold.fill(OUT_OF_SCOPE);
        let fitted = Calibration::fit(&inside, Some(&outside)).unwrap();
        let choice = fitted.choice.unwrap();
        assert_eq!((fitted.method, choice.texts), (OutOfScopeMethod::Energy, 2));
        assert!(choice.energy > choice.max_softmax);
        assert!(fitted.scores(&inside).iter().all(|score| *score >= fitted.threshold));
        assert!(fitted.scores(&outside).iter().all(|score| *score < fitted.threshold));
        let alike = Calibration::fit(&inside, Some(&inside)).unwrap();
        assert_eq!(alike.method, OutOfScopeMethod::MaxSoftmax, "of equals the simpler one");
        let none = Predictions { labels: inside.labels.clone(), ..Predictions::default() };
        assert_eq!(Calibration::fit(&inside, Some(&none)).unwrap().choice, None);
    }
}
