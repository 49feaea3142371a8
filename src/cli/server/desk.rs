//! Trials for workers elsewhere, proposed here, where specs can be read.

use crate::server::{Desk, DeskError};
use crate::store::{Store, StudyRecord};
use crate::study::{self, Asked, Told};

use super::super::work::Work;

/// Reads the spec of the study that is asked for.
pub(in crate::cli) struct SpecDesk;

impl Desk for SpecDesk {
    fn ask(&self, store: &dyn Store, study: &StudyRecord) -> Result<Asked, DeskError> {
        let work = Work::of_study(study).map_err(unusable)?;
        Ok(study::ask(store, study, &work.setup().map_err(unusable)?)?)
    }

    fn tell(
        &self,
        store: &dyn Store,
        study: &StudyRecord,
        number: u32,
        told: &Told,
    ) -> Result<bool, DeskError> {
        let work = Work::of_study(study).map_err(unusable)?;
        Ok(study::tell(store, study, &work.setup().map_err(unusable)?, number, told)?)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unusable(error: anyhow::Error) -> DeskError {
    DeskError::Spec(format!("{error:#}"))
}
