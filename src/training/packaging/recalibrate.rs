//! From a package to one with another calibration.

use super::{card, export};
use crate::package::{self, Package, Predictor};
use crate::training::calibrate::Calibrated;
use crate::training::recalibrate::{
    CalibrationData, RecalibrationError, check_untested, depends_on_calibration, facts_of,
};
use crate::training::{FittedCalibration, TrainingError};

/// A package with the same model and a calibration that is fitted on other data. Nobody knows which
/// texts a packaged model has learnt from, so none are left out, and an out-of-scope method that learns
/// from them can be chosen only where the package has it already. Measures that depend on the
/// calibration are left out of the manifest, as there are no test texts to measure them on.
///
/// # Errors
/// No model can be made of the package, or [`RecalibrationError`].
pub fn recalibrate_package(
    package: &Package,
    data: CalibrationData<'_>,
) -> Result<(Package, FittedCalibration), RecalibrationError> {
    let (split, outside) = data.splits()?;
    let mut manifest = package.manifest().clone();
    for name in [Some(split), outside].into_iter().flatten() {
        check_untested(&data, name, &manifest.run, |test| manifest.data.hashes.get(test))?;
    }
    let failed = |error: package::PackageError| RecalibrationError::from(TrainingError::from(error));
    let Predictor { classifier, calibration } = package.predictor().map_err(failed)?;
    let models = calibration.map_or_else(Default::default, |known| known.models);
    let Calibrated { calibration, .. } = data.fit(&classifier, &models, (&[], &[]))?;
    let fitted =
        calibration.map_err(|reason| RecalibrationError::NotFitted { split: split.to_owned(), reason })?;
    manifest.metrics.retain(|name, _| !depends_on_calibration(name));
    manifest.absent.retain(|name, _| !depends_on_calibration(name));
    manifest.environment.extend(facts_of(&data, (split, outside)));
    let mut files: std::collections::BTreeMap<String, Vec<u8>> = package
        .files()
        .filter(|(name, _)| ![package::MANIFEST, package::SCOPE].contains(name))
        .map(|(name, content)| (name.to_owned(), content.to_vec()))
        .collect();
    let json = serde_json::to_vec_pretty(&fitted).unwrap_or_default();
    files.insert(package::CALIBRATION.to_owned(), json);
    if !fitted.fitted.models.is_empty() {
        let learnt = fitted.fitted.models.to_safetensors().map_err(TrainingError::from)?;
        files.insert(package::SCOPE.to_owned(), learnt);
    }
    let card = String::from_utf8_lossy(package.file(package::CARD).unwrap_or_default()).into_owned();
    let facts = card::Facts {
        manifest: &manifest,
        labels: &classifier.labels,
        calibration: Some(&fitted),
        test: None,
        tags: &std::collections::BTreeMap::new(),
    };
    files.insert(package::CARD.to_owned(), card::with_scope(&card, &facts).into_bytes());
    let predictor = Predictor { classifier, calibration: Some(fitted.fitted.clone()) };
    files.insert(package::SIGNATURE.to_owned(), export::signature(&predictor)?);
    let package = Package::new(manifest, files).map_err(failed)?;
    Ok((package, fitted))
}
