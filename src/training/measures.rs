//! The measures of a classifier on splits of a data set.

use crate::data::{Example, is_out_of_scope};
use std::collections::BTreeMap;

use crate::eval::{
    Calibration, Measures, OutOfScopeMethod, Predictions, ScopeModels, measure, measure_calibration,
    measure_out_of_scope,
};
use crate::model::{Classifier, Features, ModelError};
use crate::rng::SeedTree;

/// What a classifier says of the texts of a split; those of an out-of-scope split have no label.
///
/// # Errors
/// The model's output is not a number, or the model fails.
pub fn predict<'a>(
    classifier: &Classifier,
    split: &str,
    examples: impl IntoIterator<Item = &'a Example>,
    features: Features,
) -> Result<Predictions, ModelError> {
    let outside = is_out_of_scope(split);
    let label = |example: &'a Example| (!outside).then_some(example.label.as_str());
    classifier
        .predictions(examples.into_iter().map(|example| (example.text.as_str(), label(example))), features)
}

/// The measures of in-scope texts, `prefix/name`. With a calibration, those that its temperature
/// changes come a second time, as `prefix/name_calibrated`, from the same resamples.
pub fn measure_split(
    prefix: &str,
    predictions: &Predictions,
    calibration: Option<&Calibration>,
    seeds: &SeedTree,
) -> Measures {
    let mut measures = Measures::default();
    let plain = measure(predictions, 1.0, &mut seeds.rng("bootstrap"));
    add(&mut measures, plain, |name| format!("{prefix}/{name}"));
    if let Some(calibration) = calibration {
        let calibrated =
            measure_calibration(predictions, calibration.temperature, &mut seeds.rng("bootstrap"));
        add(&mut measures, calibrated, |name| format!("{prefix}/{name}_calibrated"));
    }
    measures
}

/// How in-scope and out-of-scope texts are told apart: by the largest probability, and with a
/// calibration also by its method (`…_calibrated`) and its threshold (`recall`, `accepted_in_scope`).
pub fn measure_scope(
    inside: &Predictions,
    outside: &Predictions,
    calibration: Option<&Calibration>,
    seeds: &SeedTree,
) -> Measures {
    let mut measures = Measures::default();
    let plain = OutOfScopeMethod::MaxSoftmax;
    let plain = measure_method(inside, outside, plain, 1.0, &ScopeModels::default(), None, seeds);
    add(&mut measures, plain, |name| format!("oos/{name}"));
    if let Some(Calibration { method, temperature, threshold, models, .. }) = calibration {
        let fitted = measure_method(inside, outside, *method, *temperature, models, Some(*threshold), seeds);
        // What the threshold does has no other form.
        let named = |name: &str| match name {
            "recall" | "accepted_in_scope" => format!("oos/{name}"),
            _ => format!("oos/{name}_calibrated"),
        };
        add(&mut measures, fitted, named);
    }
    measures
}

/// How in-scope and out-of-scope texts are told apart by every method, from the same resamples.
pub fn measure_methods(
    inside: &Predictions,
    outside: &Predictions,
    temperature: f64,
    models: &ScopeModels,
    seeds: &SeedTree,
) -> BTreeMap<OutOfScopeMethod, Measures> {
    let of = |method| {
        (method, measure_method(inside, outside, method, temperature, models, None, seeds)) //
    };
    models.methods().map(of).collect()
}

/// How they are told apart by one method. Where its scores cannot be had, the reason stands in place
/// of each measure.
fn measure_method(
    inside: &Predictions,
    outside: &Predictions,
    method: OutOfScopeMethod,
    temperature: f64,
    models: &ScopeModels,
    threshold: Option<f64>,
    seeds: &SeedTree,
) -> Measures {
    let mut rng = seeds.rng("bootstrap out of scope");
    let of = |table| models.scores(method, table, temperature);
    match of(inside).and_then(|inside| Ok((inside, of(outside)?))) {
        Ok((inside, outside)) => measure_out_of_scope(&inside, &outside, threshold, &mut rng),
        Err(reason) => {
            let mut none = measure_out_of_scope(&[], &[], threshold, &mut rng);
            none.absent.values_mut().for_each(|why| *why = reason);
            none
        }
    }
}

/// Adds measures under other names.
fn add(measures: &mut Measures, more: Measures, name: impl Fn(&str) -> String) {
    measures.values.extend(more.values.into_iter().map(|(key, estimate)| (name(&key), estimate)));
    measures.absent.extend(more.absent.into_iter().map(|(key, reason)| (name(&key), reason)));
}

/// All of `more`, too.
pub(super) fn join(measures: &mut Measures, more: Measures) {
    add(measures, more, ToOwned::to_owned);
}
