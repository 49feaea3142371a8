//! The figures of a trained classifier on the test splits.

use std::collections::BTreeMap;

use super::FINAL_METRIC;
use crate::data::{Dataset, Example};
use crate::eval::{Average, Confusion, Estimate, auroc, bootstrap, is_any_gold, log_loss, wilson};
use crate::model::{Classifier, Prediction};
use crate::rng::ChaCha8Rng;
use crate::text::TokenIds;
use crate::train::label_numbers;

/// Resamples behind each bootstrap interval.
const RESAMPLES: usize = 1000;

/// Evaluates a classifier on the test split, and on out-of-scope texts where there are any.
pub(super) fn test_figures(
    classifier: &Classifier,
    dataset: &Dataset,
    rng: &mut ChaCha8Rng,
) -> candle_core::Result<BTreeMap<String, Estimate>> {
    let mut metrics = BTreeMap::new();
    let Some(split) = dataset.splits.get("test") else { return Ok(metrics) };
    let predictions = predict(classifier, &split.examples)?;
    let mut add = |key: &str, estimate: Option<Estimate>| {
        if let Some(estimate) = estimate {
            metrics.insert(key.to_owned(), estimate);
        }
    };
    let outcome = Outcome::new(classifier, &split.examples, &predictions);
    let n = predictions.len();
    let count = |is_right: &dyn Fn(usize) -> bool| (0..n).filter(|&i| is_right(i)).count();
    add(FINAL_METRIC, wilson(count(&|i| outcome.gold[i] == outcome.predicted[i]), n));
    let any = |i: usize| is_any_gold(&split.examples[i].label, &classifier.labels[outcome.predicted[i]]);
    add("test/accuracy_any", wilson(count(&any), n));
    let f1 = |average| move |sample: &Confusion| sample.f1(average);
    for (key, figure) in [("test/f1_macro", f1(Average::Macro)), ("test/f1_weighted", f1(Average::Weighted))]
    {
        add(key, bootstrap(&[n], RESAMPLES, rng, |drawn| figure(&outcome.confusion(&drawn[0]))));
    }
    let gold_probabilities: Vec<f64> = outcome.gold_probabilities(&predictions);
    let loss = |drawn: &[Vec<usize>]| {
        let drawn: Vec<f64> = drawn[0].iter().map(|&i| gold_probabilities[i]).collect();
        log_loss(&drawn)
    };
    add("test/loss", bootstrap(&[gold_probabilities.len()], RESAMPLES, rng, loss));
    if let Some(out_of_scope) = dataset.splits.get("ood_test") {
        let inside = confidences(&predictions);
        let outside = confidences(&predict(classifier, &out_of_scope.examples)?);
        let area = |drawn: &[Vec<usize>]| {
            let pick =
                |scores: &[f64], drawn: &[usize]| drawn.iter().map(|&i| scores[i]).collect::<Vec<f64>>();
            auroc(&pick(&inside, &drawn[0]), &pick(&outside, &drawn[1]))
        };
        add("oos/auroc", bootstrap(&[inside.len(), outside.len()], RESAMPLES, rng, area));
    }
    Ok(metrics)
}

fn predict(classifier: &Classifier, examples: &[Example]) -> candle_core::Result<Vec<Prediction>> {
    let texts: Vec<TokenIds> =
        examples.iter().map(|example| classifier.tokenizer.encode(&example.text)).collect();
    classifier.predict(&texts)
}

/// The probability of each predicted label.
fn confidences(predictions: &[Prediction]) -> Vec<f64> {
    predictions.iter().map(|prediction| f64::from(prediction.probabilities[prediction.label])).collect()
}

/// Gold and predicted labels as numbers; labels unknown to the classifier have numbers of their
/// own.
struct Outcome {
    classes: usize,
    gold: Vec<usize>,
    predicted: Vec<usize>,
}

impl Outcome {
    fn new(classifier: &Classifier, examples: &[Example], predictions: &[Prediction]) -> Self {
        let gold = label_numbers(examples.iter().map(|example| example.label.as_str()), &classifier.labels);
        let classes = gold.iter().map(|label| label + 1).max().unwrap_or(0).max(classifier.labels.len());
        let predicted = predictions.iter().map(|prediction| prediction.label).collect();
        Self { classes, gold, predicted }
    }

    fn confusion(&self, drawn: &[usize]) -> Confusion {
        let gold: Vec<usize> = drawn.iter().map(|&i| self.gold[i]).collect();
        let predicted: Vec<usize> = drawn.iter().map(|&i| self.predicted[i]).collect();
        Confusion::count(self.classes, &gold, &predicted)
    }

    /// The probability given to each gold label; examples of unknown labels are left out, as they
    /// have none.
    fn gold_probabilities(&self, predictions: &[Prediction]) -> Vec<f64> {
        let pairs = predictions.iter().zip(&self.gold);
        pairs
            .filter_map(|(prediction, &label)| prediction.probabilities.get(label).map(|&p| f64::from(p)))
            .collect()
    }
}
