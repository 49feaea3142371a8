//! The figures of a classifier on splits of a data set.

use crate::data::{Example, is_out_of_scope};
use crate::eval::{
    Calibration, Measures, OutOfScopeMethod, Predictions, measure, measure_calibration, measure_out_of_scope,
};
use crate::model::{Classifier, Features};
use crate::rng::SeedTree;

/// What a classifier says of the texts of a split; those of an out-of-scope split have no label.
///
/// # Errors
/// The model's output is not a number, or a tensor operation fails.
pub fn predict<'a>(
    classifier: &Classifier,
    split: &str,
    examples: impl IntoIterator<Item = &'a Example>,
    features: Features,
) -> candle_core::Result<Predictions> {
    let outside = is_out_of_scope(split);
    let label = |example: &'a Example| (!outside).then_some(example.label.as_str());
    classifier
        .predictions(examples.into_iter().map(|example| (example.text.as_str(), label(example))), features)
}

/// The figures of in-scope texts, `prefix/name`. With a calibration, those that its temperature
/// changes come a second time, as `prefix/name_calibrated`, from the same resamples.
pub fn measure_split(
    prefix: &str,
    predictions: &Predictions,
    calibration: Option<&Calibration>,
    seeds: &SeedTree,
) -> Measures {
    let mut figures = Measures::default();
    let plain = measure(predictions, 1.0, &mut seeds.rng("bootstrap"));
    add(&mut figures, plain, |name| format!("{prefix}/{name}"));
    if let Some(calibration) = calibration {
        let calibrated =
            measure_calibration(predictions, calibration.temperature, &mut seeds.rng("bootstrap"));
        add(&mut figures, calibrated, |name| format!("{prefix}/{name}_calibrated"));
    }
    figures
}

/// How in-scope and out-of-scope texts are told apart: by the largest probability, and with a
/// calibration also by its method (`auroc_calibrated`) and its threshold (`recall`,
/// `accepted_in_scope`).
pub fn measure_scope(
    inside: &Predictions,
    outside: &Predictions,
    calibration: Option<&Calibration>,
    seeds: &SeedTree,
) -> Measures {
    let mut figures = Measures::default();
    let scores = |predictions| OutOfScopeMethod::MaxSoftmax.scores(predictions, 1.0);
    let mut rng = seeds.rng("bootstrap out of scope");
    let plain = measure_out_of_scope(&scores(inside), &scores(outside), None, &mut rng);
    add(&mut figures, plain, |name| format!("oos/{name}"));
    if let Some(calibration) = calibration {
        let mut rng = seeds.rng("bootstrap out of scope");
        let (inside, outside) = (calibration.scores(inside), calibration.scores(outside));
        let mut fitted = measure_out_of_scope(&inside, &outside, Some(calibration.threshold), &mut rng);
        let kept = |name: &String| ["auroc", "recall", "accepted_in_scope"].contains(&name.as_str());
        fitted.values.retain(|name, _| kept(name));
        fitted.absent.retain(|name, _| kept(name));
        let named =
            |name: &str| if name == "auroc" { "oos/auroc_calibrated".into() } else { format!("oos/{name}") };
        add(&mut figures, fitted, named);
    }
    figures
}

/// Adds figures under other names.
fn add(figures: &mut Measures, more: Measures, name: impl Fn(&str) -> String) {
    figures.values.extend(more.values.into_iter().map(|(key, estimate)| (name(&key), estimate)));
    figures.absent.extend(more.absent.into_iter().map(|(key, reason)| (name(&key), reason)));
}

/// All of `more`, too.
pub(super) fn join(figures: &mut Measures, more: Measures) {
    add(figures, more, ToOwned::to_owned);
}
