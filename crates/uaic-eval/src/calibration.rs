//! What makes a classifier's confidence honest, and where it should not answer: a temperature and a
//! threshold, fitted on texts that it has not seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::reference::Reference;
use super::reliability::BINS;
use super::{
    Binning, OUT_OF_SCOPE, OutOfScopeMethod, Predictions, ScopeModels, TEMPERATURES, Undefined, auroc,
    expected_calibration_error, fit_temperature, log_loss, reliability,
};

/// The share of in-scope texts that a threshold lets pass, in hundredths.
const ACCEPTED: usize = 95;

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
    /// Why it was chosen, in words.
    #[serde(default)]
    pub reason: String,
    /// What these texts look like to the classifier, to see later whether others still do; earlier
    /// versions did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// What the method has learnt from training texts, where it learns; in a file of its own.
    #[serde(skip)]
    pub models: ScopeModels,
}

/// How far probabilities can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Mean negative log-likelihood.
    pub loss: f64,
    /// Expected calibration error, bins of equal width.
    pub ece: f64,
}

/// Areas under the ROC curve of in-scope against out-of-scope texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Number of out-of-scope texts.
    pub texts: usize,
    /// The area of every method that could be used, by its name.
    #[serde(flatten)]
    pub areas: BTreeMap<OutOfScopeMethod, f64>,
}

/// What is taken where nothing is there to choose by.
const DEFAULT: OutOfScopeMethod = OutOfScopeMethod::MaxSoftmax;

impl Calibration {
    /// Fits on in-scope texts and, where there are any, on out-of-scope ones, none of which the
    /// classifier may have been trained on; `models` are what methods have learnt from those that it
    /// was trained on.
    ///
    /// Where no text is wrong, nothing says how much confidence is too much, and the temperature stays
    /// at 1. The method is the one with the largest area under the ROC curve, of equals the cheapest;
    /// without out-of-scope texts the largest probability. The calibration keeps of `models` what its
    /// method needs.
    ///
    /// # Errors
    /// There is no text with a label that the classifier knows, or a logit is no number.
    pub fn fit(
        validation: &Predictions,
        outside: Option<&Predictions>,
        models: &ScopeModels,
    ) -> Result<Self, Undefined> {
        let is_inside = |text: &usize| validation.gold[*text] != OUT_OF_SCOPE;
        let inside: Vec<usize> = (0..validation.len()).filter(is_inside).collect();
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
        let inside = validation.select(&inside);
        let choice = match outside {
            Some(outside) if !outside.is_empty() => Some(Choice::new(&inside, outside, temperature, models)?),
            _ => None,
        };
        let method = choice.as_ref().map_or(DEFAULT, Choice::best);
        let reason = match &choice {
            Some(choice) => choice.reason(),
            None => format!(
                "there are no out-of-scope texts to choose by, and no method tells best on every data set, so it \
                 is {}, whose threshold is one on the confidence that is shown anyway",
                DEFAULT.describe()
            ),
        };
        let scores = models.scores(method, &inside, temperature)?;
        Ok(Self {
            temperature,
            temperature_texts: known.len(),
            before: Quality::of(&logits, classes, &gold, 1.0)?,
            after: Quality::of(&logits, classes, &gold, temperature)?,
            method,
            threshold_texts: inside.len(),
            choice,
            reason,
            reference: Some(Reference::of(&inside, &scores, temperature)?),
            threshold: threshold(scores).ok_or(Undefined::NoExamples)?,
            models: models.clone().only(method),
        })
    }

    /// The scores of all texts that the threshold is held against, `(N)`.
    ///
    /// # Errors
    /// The method looks at features, and the predictions have none, or others.
    pub fn scores(&self, predictions: &Predictions) -> Result<Vec<f64>, Undefined> {
        self.models.scores(self.method, predictions, self.temperature)
    }

    /// Whether each text is taken to be out of scope: its score is below the threshold.
    ///
    /// # Errors
    /// As [`Calibration::scores`].
    pub fn refused(&self, predictions: &Predictions) -> Result<Vec<bool>, Undefined> {
        Ok(self.scores(predictions)?.into_iter().map(|score| score < self.threshold).collect())
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
        inside: &Predictions,
        outside: &Predictions,
        temperature: f64,
        models: &ScopeModels,
    ) -> Result<Self, Undefined> {
        let area = |method| {
            let of = |table| models.scores(method, table, temperature);
            let area = auroc(&of(inside)?, &of(outside)?).ok_or(Undefined::NotANumber)?;
            Ok((method, area))
        };
        // What was fitted is of no use where features were not kept.
        let usable = |method: &OutOfScopeMethod| {
            !method.needs_features() || !(inside.features.is_empty() || outside.features.is_empty())
        };
        let areas = models.methods().filter(usable).map(area).collect::<Result<_, Undefined>>()?;
        Ok(Self { texts: outside.len(), areas })
    }

    /// The method with the largest area; of equals the first, which is the cheapest.
    fn best(&self) -> OutOfScopeMethod {
        let better = |best: (OutOfScopeMethod, f64), (method, area): (&OutOfScopeMethod, &f64)| {
            if *area > best.1 { (*method, *area) } else { best }
        };
        self.areas.iter().fold((DEFAULT, f64::NEG_INFINITY), better).0
    }

    fn reason(&self) -> String {
        let best = self.best();
        format!(
            "{} tells {} held-out out-of-scope texts best from validation texts (AUROC {:.4})",
            best.describe(),
            self.texts,
            self.areas.get(&best).copied().unwrap_or(f64::NAN)
        )
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

    /// By logits alone.
    fn fit(validation: &Predictions, outside: Option<&Predictions>) -> Result<Calibration, Undefined> {
        Calibration::fit(validation, outside, &ScopeModels::default())
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
            let fitted = fit(&table(&rows), None).unwrap();
            prop_assert!(fitted.after.loss <= fitted.before.loss + 1e-9);
        }
    }

    #[test]
    fn too_much_confidence_is_taken_back() {
        // With margin 2 and three of four right, sigmoid(2/T) = 3/4, so T = 2 / ln 3.
        let fitted = fit(&table(&[(2.0, true), (2.0, true), (2.0, true), (2.0, false)]), None);
        let fitted = fitted.unwrap();
        assert_relative_eq!(fitted.temperature, 2.0 / 3.0_f64.ln(), max_relative = 1e-12);
        assert_relative_eq!(fitted.after.ece, 0.0, epsilon = 1e-12);
        assert!(fitted.before.ece > 0.1 && fitted.before.loss > fitted.after.loss);
        assert_relative_eq!(fitted.threshold, 0.75, max_relative = 1e-12);
        assert_eq!((fitted.method, fitted.choice), (OutOfScopeMethod::MaxSoftmax, None));
    }

    #[test]
    fn where_nothing_is_wrong_the_temperature_stays() {
        let fitted = fit(&table(&[(2.0, true), (-1.0, false)]), None).unwrap();
        assert_relative_eq!(fitted.temperature, 1.0);
        assert_eq!(fitted.before, fitted.after);
    }

    #[test]
    fn texts_of_unknown_labels_count_for_the_threshold_alone() {
        let mut with = table(&[(2.0, true), (2.0, false), (0.0, true)]);
        with.unseen.push("c".to_owned());
        with.gold[2] = 2;
        let fitted = fit(&with, None).unwrap();
        assert_eq!((fitted.temperature_texts, fitted.threshold_texts), (2, 3));
        with.gold[2] = OUT_OF_SCOPE;
        assert_eq!(fit(&with, None).unwrap().threshold_texts, 2);
        with.gold.fill(2);
        assert_eq!(fit(&with, None), Err(Undefined::NoKnownLabel));
    }

    #[test]
    fn of_methods_that_tell_best_the_cheapest_is_taken() {
        let inside = table(&[(2.0, true), (3.0, true), (2.0, false)]);
        // As confident, but all logits are low.
        let mut outside = table(&[(2.0, true), (3.0, true)]);
        outside.logits.iter_mut().for_each(|logit| *logit -= 9.0);
        outside.gold.fill(OUT_OF_SCOPE);
        let fitted = fit(&inside, Some(&outside)).unwrap();
        let choice = fitted.choice.clone().unwrap();
        assert_eq!((fitted.method, choice.texts, choice.areas.len()), (OutOfScopeMethod::MaxLogit, 2, 4));
        let of = |method| choice.areas[&method];
        assert_relative_eq!(of(OutOfScopeMethod::Energy), of(OutOfScopeMethod::MaxLogit));
        assert!(choice.areas[&OutOfScopeMethod::Energy] > choice.areas[&OutOfScopeMethod::MaxSoftmax]);
        assert!(fitted.reason.contains("the largest logit") && fitted.reason.contains("1.0000"));
        assert!(fitted.scores(&inside).unwrap().iter().all(|score| *score >= fitted.threshold));
        assert!(fitted.scores(&outside).unwrap().iter().all(|score| *score < fitted.threshold));
        let alike = fit(&inside, Some(&inside)).unwrap();
        assert_eq!(alike.method, OutOfScopeMethod::MaxSoftmax, "of equals the simpler one");
        let none = Predictions { labels: inside.labels.clone(), ..Predictions::default() };
        assert_eq!(fit(&inside, Some(&none)).unwrap().choice, None);
    }

    #[test]
    fn features_are_looked_at_where_they_tell_better() {
        let mut inside = table(&[(2.0, true), (3.0, true), (2.0, false), (1.0, true)]);
        inside.features = vec![1.0, 0.0, 1.1, 0.1, 0.0, 1.0, 0.9, 0.0];
        let mut outside = table(&[(3.0, true), (9.0, true)]);
        outside.features = vec![-5.0, 4.0, 7.0, -6.0];
        let models = ScopeModels::fit(&inside, None);
        let fitted = Calibration::fit(&inside, Some(&outside), &models).unwrap();
        assert_eq!(fitted.method, OutOfScopeMethod::Mahalanobis);
        assert_eq!(fitted.models, models.clone().only(OutOfScopeMethod::Mahalanobis));
        assert!(fitted.scores(&outside).unwrap().iter().all(|score| *score < fitted.threshold));
        let bare = Predictions { features: Vec::new(), ..outside };
        assert_eq!(fitted.scores(&bare), Err(Undefined::NoFeatures));
        let by_logits = Calibration::fit(&inside, Some(&bare), &models).unwrap();
        assert!(!by_logits.method.needs_features() && by_logits.models.is_empty());
    }

    #[test]
    fn what_the_first_version_wrote_is_still_read() {
        let text = r#"{"temperature": 1.25, "temperature_texts": 40, "before": {"loss": 0.5, "ece": 0.125},
            "after": {"loss": 0.25, "ece": 0.0625}, "method": "energy", "threshold": 2.5,
            "threshold_texts": 41, "choice": {"texts": 20, "max_softmax": 0.75, "energy": 0.875}}"#;
        let read: Calibration = serde_json::from_str(text).unwrap();
        let areas = [(OutOfScopeMethod::MaxSoftmax, 0.75), (OutOfScopeMethod::Energy, 0.875)];
        assert_eq!(read.choice, Some(Choice { texts: 20, areas: areas.into() }));
        assert_eq!((read.method, &read.reference), (OutOfScopeMethod::Energy, &None));
        assert_eq!(read.scores(&table(&[(2.0, true)])).unwrap().len(), 1);
        let without: Calibration = serde_json::from_str(
            &text.replace(r#"{"texts": 20, "max_softmax": 0.75, "energy": 0.875}"#, "null"),
        )
        .unwrap();
        assert_eq!(without.choice, None);
    }

    #[test]
    fn what_is_written_is_read() {
        let fitted =
            fit(&table(&[(2.0, true), (1.0, false), (2.5, true)]), Some(&table(&[(0.1, true)]))).unwrap();
        let text = serde_json::to_string(&fitted).unwrap();
        assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), fitted);
    }
}
