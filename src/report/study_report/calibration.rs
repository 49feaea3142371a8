//! How far confidence can be believed.

use super::super::error::PlotError;
use super::super::page::Section;
use super::super::subject::ReportSubject;
use super::super::wording::number;
use crate::training::FittedCalibration;

/// How far confidence can be believed.
pub(super) fn calibration(subject: &ReportSubject<'_>) -> Result<Section, PlotError> {
    let mut section = Section::new("calibration", "Calibration");
    if let Some(FittedCalibration { how, fitted, .. }) = subject.calibration()? {
        section.text(format!(
            "A temperature of {:.3} was fitted on {} validation texts ({how}). There it takes the expected calibration \
             error from {} to {}, and the log-loss from {} to {}.",
            fitted.temperature, fitted.temperature_texts,
            number(fitted.before.ece), number(fitted.after.ece), number(fitted.before.loss), number(fitted.after.loss),
        ));
    }
    Ok(section)
}
