//! Why importances cannot be told.

/// Fewer trials say nothing about importance.
pub const LEAST_TRIALS: usize = 4;

/// Why a study has no importances.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ImportanceError {
    /// Nothing is searched.
    #[error("the study searches no parameter, so none can be important")]
    NothingSearched,
    /// Too few trials have a value.
    #[error(
        "{found} trials are complete with a number for a value and with parameters of the space; importance takes {LEAST_TRIALS} or more"
    )]
    TooFew {
        /// How many have one.
        found: usize,
    },
    /// All values are equal.
    #[error("all {trials} trials have the same value, so no parameter has made a difference")]
    Constant {
        /// How many trials there are.
        trials: usize,
    },
    /// All values are equal but for rounding.
    #[error(
        "the values of all {trials} trials are equal but for rounding, so no parameter has made a difference"
    )]
    Rounding {
        /// How many trials there are.
        trials: usize,
    },
    /// All points are equal.
    #[error("the {trials} trials have different values, but no parameter tells them apart")]
    Unexplained {
        /// How many trials there are.
        trials: usize,
    },
    /// The best trials lie where all of them lie.
    #[error("the best {top} of {trials} trials do not differ from all of them in any parameter")]
    NoDifference {
        /// How many are among the best.
        top: usize,
        /// How many trials there are.
        trials: usize,
    },
}
