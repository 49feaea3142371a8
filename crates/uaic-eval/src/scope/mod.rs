//! From what a model makes of a text to one number that says how much it is in scope.
//!
//! | method | score | needs |
//! |---|---|---|
//! | `max_softmax` | the largest probability (Hendrycks & Gimpel 2017) | logits |
//! | `max_logit` | the largest logit (Hendrycks et al. 2022) | logits |
//! | `entropy` | the negative entropy of the probabilities | logits |
//! | `energy` | T·log Σ exp(z/T) (Liu et al. 2020) | logits |
//! | `mahalanobis` | how near to a class the features are (Lee et al. 2018) | [`Mahalanobis`] |
//! | `neighbours` | how near to the next training texts they are (Sun et al. 2022) | [`Neighbours`] |
//! | `detector` | log-odds of a logistic regression on them | [`Detector`], so out-of-scope texts |
//!
//! What a method needs is fitted on the texts that the model was trained on, and on no others.

mod detector;
mod file;
mod logits;
mod mahalanobis;
mod neighbours;
#[cfg(test)]
mod testing;

use serde::{Deserialize, Serialize};

use super::{Predictions, Undefined};

pub use detector::Detector;
pub use file::ScopeError;
pub use logits::{energy, max_logit, max_softmax, negative_entropy};
pub use mahalanobis::Mahalanobis;
pub use neighbours::{MOST_NEIGHBOURS, Neighbours};

/// How a text becomes the score that a threshold is held against; higher is more in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfScopeMethod {
    /// The largest probability.
    MaxSoftmax,
    /// The largest logit.
    MaxLogit,
    /// The negative entropy of the probabilities.
    Entropy,
    /// The negative energy.
    Energy,
    /// The negative squared distance to the nearest class.
    Mahalanobis,
    /// The cosine to the k-th nearest training text.
    Neighbours,
    /// The log-odds of being in scope, learnt from out-of-scope texts.
    Detector,
}

impl OutOfScopeMethod {
    /// All of them, the cheapest first: of methods that do as well the first is taken.
    pub const ALL: [Self; 7] = [
        Self::MaxSoftmax,
        Self::MaxLogit,
        Self::Entropy,
        Self::Energy,
        Self::Mahalanobis,
        Self::Neighbours,
        Self::Detector,
    ];

    /// Its name in files and listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::MaxSoftmax => "max_softmax",
            Self::MaxLogit => "max_logit",
            Self::Entropy => "entropy",
            Self::Energy => "energy",
            Self::Mahalanobis => "mahalanobis",
            Self::Neighbours => "neighbours",
            Self::Detector => "detector",
        }
    }

    /// What it is, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::MaxSoftmax => "the largest probability",
            Self::MaxLogit => "the largest logit",
            Self::Entropy => "the negative entropy of the probabilities",
            Self::Energy => "the negative energy of the logits",
            Self::Mahalanobis => "the nearness of the features to those of a class (Mahalanobis)",
            Self::Neighbours => "the nearness of the features to those of training texts (cosine)",
            Self::Detector => "the log-odds of a detector that has learnt from out-of-scope texts",
        }
    }

    /// Whether it looks at features, with what was fitted on those of the training texts.
    pub fn needs_features(self) -> bool {
        matches!(self, Self::Mahalanobis | Self::Neighbours | Self::Detector)
    }

    /// The score of a row of logits; `None` for a method that needs more.
    pub fn of_logits(self, row: &[f32], temperature: f64) -> Option<f64> {
        match self {
            Self::MaxSoftmax => Some(max_softmax(row, temperature)),
            Self::MaxLogit => Some(max_logit(row)),
            Self::Entropy => Some(negative_entropy(row, temperature)),
            Self::Energy => Some(energy(row, temperature)),
            Self::Mahalanobis | Self::Neighbours | Self::Detector => None,
        }
    }
}

/// What methods have learnt from the texts that a model was trained on; without any, only those that
/// look at logits alone can be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScopeModels {
    /// For [`OutOfScopeMethod::Mahalanobis`].
    pub mahalanobis: Option<Mahalanobis>,
    /// For [`OutOfScopeMethod::Neighbours`].
    pub neighbours: Option<Neighbours>,
    /// For [`OutOfScopeMethod::Detector`].
    pub detector: Option<Detector>,
}

impl ScopeModels {
    /// Fits all that can be fitted on what a model makes of its own training texts, with their
    /// features; `outside` are the out-of-scope texts that it, or only this detector, may learn from.
    pub fn fit(inside: &Predictions, outside: Option<&Predictions>) -> Self {
        Self {
            mahalanobis: Mahalanobis::fit(inside).ok(),
            neighbours: Neighbours::fit(inside).ok(),
            detector: outside.and_then(|outside| Detector::fit(inside, outside).ok()),
        }
    }

    /// What one method needs of this, and nothing else.
    #[must_use]
    pub fn only(self, method: OutOfScopeMethod) -> Self {
        let Self { mahalanobis, neighbours, detector } = self;
        Self {
            mahalanobis: mahalanobis.filter(|_| method == OutOfScopeMethod::Mahalanobis),
            neighbours: neighbours.filter(|_| method == OutOfScopeMethod::Neighbours),
            detector: detector.filter(|_| method == OutOfScopeMethod::Detector),
        }
    }

    /// Whether nothing was fitted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The methods that can be used, the cheapest first.
    pub fn methods(&self) -> impl Iterator<Item = OutOfScopeMethod> {
        OutOfScopeMethod::ALL.into_iter().filter(|method| match method {
            OutOfScopeMethod::Mahalanobis => self.mahalanobis.is_some(),
            OutOfScopeMethod::Neighbours => self.neighbours.is_some(),
            OutOfScopeMethod::Detector => self.detector.is_some(),
            _ => true,
        })
    }

    /// The scores of all texts, `(N)`. A text's score does not depend on the others.
    ///
    /// # Errors
    /// What the method needs was not fitted, or the predictions have other features or none.
    pub fn scores(
        &self,
        method: OutOfScopeMethod,
        predictions: &Predictions,
        temperature: f64,
    ) -> Result<Vec<f64>, Undefined> {
        let width = predictions.features.len().checked_div(predictions.len()).unwrap_or(0);
        let of = |text: usize| {
            let (logits, features) = (predictions.row(text), &predictions.features[text * width..][..width]);
            self.score(method, logits, features, temperature)
        };
        (0..predictions.len()).map(of).collect()
    }

    /// The score of one text, from its logits `(C)` and features `(F)`.
    ///
    /// # Errors
    /// As [`ScopeModels::scores`].
    pub fn score(
        &self,
        method: OutOfScopeMethod,
        logits: &[f32],
        features: &[f32],
        temperature: f64,
    ) -> Result<f64, Undefined> {
        if let Some(score) = method.of_logits(logits, temperature) {
            return Ok(score);
        }
        match method {
            OutOfScopeMethod::Mahalanobis => {
                self.mahalanobis.as_ref().ok_or(Undefined::NotFitted)?.score(features)
            }
            OutOfScopeMethod::Neighbours => {
                self.neighbours.as_ref().ok_or(Undefined::NotFitted)?.score(features)
            }
            _ => self.detector.as_ref().ok_or(Undefined::NotFitted)?.score(features, logits),
        }
    }
}

/// At most `most` of `count` rows, evenly chosen among rows that are sorted by class first: every
/// class keeps its share, and no chance has a say.
fn even_choice(gold: &[u32], most: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..gold.len()).collect();
    if rows.len() <= most {
        return rows;
    }
    rows.sort_by_key(|&row| gold[row]);
    let mut kept: Vec<usize> = (0..most).map(|at| rows[at * rows.len() / most]).collect();
    kept.sort_unstable();
    kept
}

/// The features of a table as `f64`, and their number; they must all be numbers.
fn features_of(predictions: &Predictions) -> Result<(Vec<f64>, usize), Undefined> {
    if predictions.is_empty() {
        return Err(Undefined::NoExamples);
    }
    let width = predictions.features.len() / predictions.len();
    if width == 0 {
        return Err(Undefined::NoFeatures);
    }
    if predictions.features.iter().any(|value| !value.is_finite()) {
        return Err(Undefined::NotANumber);
    }
    Ok((predictions.features.iter().map(|&value| f64::from(value)).collect(), width))
}

#[cfg(test)]
mod tests {
    use super::testing::cloud;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_even_choice_keeps_the_share_of_every_class(
            gold in prop::collection::vec(0_u32..4, 0..90),
            most in 1_usize..60,
        ) {
            let kept = even_choice(&gold, most);
            prop_assert_eq!(kept.len(), gold.len().min(most));
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
            for class in 0..4 {
                let count = |rows: &mut dyn Iterator<Item = usize>| rows.filter(|&row| gold[row] == class).count();
                let (all, some) = (count(&mut (0..gold.len())), count(&mut kept.iter().copied()));
                let share = all as f64 * kept.len() as f64 / gold.len().max(1) as f64;
                prop_assert!((some as f64 - share).abs() <= 1.0, "{} of {}", some, all);
            }
        }
    }

    #[test]
    fn every_method_has_the_name_that_files_use() {
        for method in OutOfScopeMethod::ALL {
            assert_eq!(serde_json::to_string(&method).unwrap(), format!("\"{}\"", method.name()));
        }
    }

    #[test]
    fn all_methods_tell_a_far_cloud_from_near_ones() {
        let (inside, outside) = (cloud(60, 3, 6, 0.0), cloud(20, 3, 6, 8.0));
        let models = ScopeModels::fit(&inside, Some(&outside));
        assert_eq!(models.methods().count(), OutOfScopeMethod::ALL.len());
        for method in models.methods().filter(|method| method.needs_features()) {
            let of = |table: &Predictions| models.scores(method, table, 1.0).unwrap();
            let area = crate::auroc(&of(&inside), &of(&outside)).unwrap();
            assert!(area > 0.99, "{method:?}: {area}");
        }
    }

    #[test]
    fn what_was_not_fitted_or_not_kept_is_said() {
        let table = cloud(30, 2, 4, 0.0);
        let models = ScopeModels::fit(&table, None);
        assert_eq!(models.scores(OutOfScopeMethod::Detector, &table, 1.0), Err(Undefined::NotFitted));
        let bare = Predictions { features: Vec::new(), ..table.clone() };
        assert!(ScopeModels::fit(&bare, Some(&bare)).is_empty());
        for method in [OutOfScopeMethod::Mahalanobis, OutOfScopeMethod::Neighbours] {
            assert_eq!(models.scores(method, &bare, 1.0), Err(Undefined::NoFeatures));
            assert!(models.clone().only(method).scores(method, &table, 1.0).is_ok());
            assert!(models.clone().only(OutOfScopeMethod::Energy).scores(method, &table, 1.0).is_err());
        }
        assert_eq!(models.scores(OutOfScopeMethod::Energy, &bare, 1.0).unwrap().len(), 30);
    }
}
