//! Fitting temperature and threshold after the final training, on validation data alone.

use std::collections::HashSet;

use super::artifacts::FittedCalibration;
use super::figures::predict;
use super::twins::Trained;
use super::{Experiment, ExperimentError};
use crate::data::Example;
use crate::eval::{Calibration, Predictions};
use crate::model::{Classifier, Features};
use crate::spec::Validation;

/// Splits of out-of-scope texts that the method is chosen by, the preferred one first.
const OUTSIDE: [&str; 2] = ["ood_dev", "ood"];

/// What calibrating came to.
pub(super) struct Calibrated {
    /// What a model said of validation texts that it has not seen.
    pub(super) validation: Predictions,
    /// The calibration, or why there is none.
    pub(super) calibration: Result<FittedCalibration, String>,
}

impl Experiment {
    /// Fits on the part that the final model has not seen, or on what its twin says of the first
    /// held-out part. `Err` inside says why that is not possible.
    pub(super) fn calibrate(&self, trained: &Trained) -> Result<Result<Calibrated, String>, ExperimentError> {
        let model = match &trained.twin {
            None => &trained.classifier,
            Some(Ok(twin)) => twin,
            Some(Err(reason)) => return Ok(Err(reason.clone())),
        };
        let Some(partition) = self.partitions.first() else {
            return Ok(Err("nothing is held out".to_owned()));
        };
        let (seen, held_out) = partition.of(&self.dataset);
        let (unseen, left_out) = without_seen(model, &seen, held_out);
        let failed = |error: candle_core::Error| ExperimentError::Final(error.to_string());
        let validation = predict(model, "validation", unseen, Features::Keep).map_err(failed)?;
        let outside = OUTSIDE.iter().find_map(|name| self.dataset.splits.get_key_value(*name));
        let outside = outside
            .map(|(name, split)| predict(model, name, &split.examples, Features::Omit))
            .transpose()
            .map_err(failed)?;
        let calibration = Calibration::fit(&validation, outside.as_ref())
            .map(|fitted| FittedCalibration { schema: 1, how: self.how(), left_out, fitted })
            .map_err(|reason| reason.to_string());
        Ok(Ok(Calibrated { validation, calibration }))
    }

    /// On what a calibration is fitted, in words.
    fn how(&self) -> String {
        let twin = "the final model has seen all of them, so a model of the same settings, trained on the \
                    others, was asked";
        match &self.spec.training.data.validation {
            Validation::Split(name) => format!("the split `{name}`, which the final model has not seen"),
            Validation::Folds(folds) => format!("the first of {folds} folds of the training texts; {twin}"),
            Validation::Fraction(share) => {
                format!("the held-out {} % of the training texts; {twin}", 100.0 * share)
            }
        }
    }
}

/// The held-out examples that a model has not seen as it reads them, and how many others there are.
fn without_seen<'a>(
    model: &Classifier,
    seen: &[&Example],
    held_out: Vec<&'a Example>,
) -> (Vec<&'a Example>, usize) {
    let seen: HashSet<Vec<String>> =
        seen.iter().map(|example| model.tokenizer.tokens(&example.text)).collect();
    let all = held_out.len();
    let unseen: Vec<&Example> = held_out
        .into_iter()
        .filter(|example| !seen.contains(&model.tokenizer.tokens(&example.text)))
        .collect();
    let left_out = all - unseen.len();
    (unseen, left_out)
}
