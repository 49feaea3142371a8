//! Who proposes trials to workers elsewhere: a study's space and sampler are in its spec, which this crate
//! cannot read.

use uaic_study::store::{Store, StudyRecord};
use uaic_study::{AskError, Asked, Told};

/// Gives trials out and takes results, of studies whose specs it can read.
pub trait Desk: Send + Sync {
    /// The next trial of a study: see [`uaic_study::ask`].
    ///
    /// # Errors
    /// [`DeskError`].
    fn ask(&self, store: &dyn Store, study: &StudyRecord) -> Result<Asked, DeskError>;

    /// Takes a result; whether it is news: see [`uaic_study::tell`].
    ///
    /// # Errors
    /// [`DeskError`].
    fn tell(
        &self,
        store: &dyn Store,
        study: &StudyRecord,
        number: u32,
        told: &Told,
    ) -> Result<bool, DeskError>;
}

/// Why nothing was asked or told.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The study does not allow it.
    #[error(transparent)]
    Asked(#[from] AskError),
    /// The spec of the study cannot be used here.
    #[error("the spec of the study cannot be used: {0}")]
    Spec(String),
}
