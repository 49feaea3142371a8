//! Why a figure has no value.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a figure has no value; such a figure is absent, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case")]
pub enum Undefined {
    /// There is nothing to measure.
    #[error("no examples")]
    NoExamples,
    /// The gold labels are all the same.
    #[error("only one class occurs")]
    OneClass,
    /// The predicted labels are all the same.
    #[error("only one class is predicted")]
    OnePrediction,
    /// A precision needs an example that is predicted to be of the class.
    #[error("class never predicted")]
    NeverPredicted,
    /// A recall needs an example of the class.
    #[error("no examples of the class")]
    NoSupport,
    /// A class is neither anybody's gold label nor ever predicted.
    #[error("class neither occurs nor is predicted")]
    NeverOccurs,
    /// A ranking needs examples to be found.
    #[error("no positive examples")]
    NoPositives,
    /// A ranking needs examples to be told from those to be found.
    #[error("no negative examples")]
    NoNegatives,
    /// The classifier has no label that an example could have.
    #[error("no example has a label that the classifier knows")]
    NoKnownLabel,
    /// A score, logit or probability is NaN, or infinite where it must not be.
    #[error("a score is not a number")]
    NotANumber,
    /// A score looks at features, and they were not kept, or are others.
    #[error("the features that the score looks at are not there")]
    NoFeatures,
    /// A covariance needs features that vary.
    #[error("the features do not vary")]
    NoVariance,
    /// What a score has to learn first was not learnt.
    #[error("what the score needs was not fitted")]
    NotFitted,
    /// There are labels alone, and the figure is one of scores.
    #[error("there are no scores, only labels")]
    NoScores,
    /// The scores rank examples, and the figure is one of probabilities.
    #[error("the scores are no probabilities")]
    NotProbabilities,
    /// Right values that are all the same leave nothing to explain.
    #[error("the right values are all the same")]
    Constant,
    /// A share of nothing.
    #[error("a right value is 0, of which no error is a share")]
    ZeroGold,
    /// The figure has a value, but none in any resample, so no interval.
    #[error("undefined in every resample")]
    NoInterval,
}
