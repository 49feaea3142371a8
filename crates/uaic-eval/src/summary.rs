//! All figures of a table of predictions, each with its n and interval or the reason why it has
//! none.

use std::collections::BTreeMap;

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::out_of_scope::Separation;
use super::resample::{resample, resample_all};
use super::sample::{MEASURES, SHARES, Sample};
use super::{Binning, Classified, Estimate, Predictions, Regressed, Resample, Undefined, wilson};

/// Resamples behind each bootstrap interval.
const RESAMPLES: usize = 1000;

/// Figures by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Those that have a value.
    pub values: BTreeMap<String, Estimate>,
    /// Those that have none, and why.
    pub absent: BTreeMap<String, Undefined>,
}

impl Measures {
    fn insert(&mut self, key: &str, estimate: Result<Estimate, Undefined>) {
        match estimate {
            Ok(estimate) => {
                self.values.insert(key.to_owned(), estimate);
            }
            Err(reason) => {
                self.absent.insert(key.to_owned(), reason);
            }
        }
    }

    fn insert_all(&mut self, sample: &Sample, rng: &mut impl Rng) {
        let n = sample.len();
        self.insert_shares(sample);
        let estimates = resample(&[n], RESAMPLES, rng, |weights| sample.measures(weights));
        for (key, estimate) in MEASURES.iter().zip(estimates) {
            self.insert(key, estimate);
        }
        self.count_known(sample);
    }

    fn insert_shares(&mut self, sample: &Sample) {
        for (key, right) in SHARES.iter().zip(sample.shares()) {
            let share = right.and_then(|right| wilson(right, sample.len()).ok_or(Undefined::NoExamples));
            self.insert(key, share);
        }
    }

    /// Only texts of known labels have a loss.
    fn count_known(&mut self, sample: &Sample) {
        if let Some(loss) = self.values.get_mut("loss") {
            loss.n = sample.known();
        }
    }
}

/// Measures a classifier on the texts of a table that have an intent; those without are what
/// [`measure_out_of_scope`] is for.
///
/// Gold labels that the classifier does not know are classes of their own, on which it errs:
/// their texts count everywhere but in `loss`, and in rankings they are negatives of every class.
/// Averages of rankings go over the classes that have one. Every figure but the shares sees the
/// same 1000 resamples of the texts.
pub fn measure(predictions: &Predictions, temperature: f64, rng: &mut impl Rng) -> Measures {
    let mut measures = Measures::default();
    match Sample::new(predictions, temperature) {
        Ok(sample) => measures.insert_all(&sample, rng),
        Err(reason) => {
            SHARES.iter().chain(&MEASURES).for_each(|key| measures.insert(key, Err(reason)));
        }
    }
    measures
}

/// Measures any classifier on its rows: all that [`measure`] gives and that has a meaning here, `balanced_accuracy` and `kappa`,
/// and of two classes of which one is to be found also `auroc`, `average_precision`, `precision`,
/// `recall`, `specificity`, `f1` and `brier_positive` of that one. What needs scores, or
/// probabilities, is absent where there are none.
pub fn measure_classified(rows: &Classified, rng: &mut impl Rng) -> Measures {
    let mut measures = Measures::default();
    match Sample::of_rows(rows) {
        Ok(sample) => {
            measures.insert_shares(&sample);
            // Of three classes the right one is always among three, and without a label of two intents
            // the lenient rule is the strict one.
            if rows.known() <= 3 && measures.values.contains_key("top_3") {
                measures.values.remove("top_3");
            }
            if !rows.names().iter().any(|name| name.contains('+')) {
                measures.values.remove("accuracy_any");
            }
            let rounds = resamples(rows.len(), rows.known());
            let estimates = resample_all(&[rows.len()], rounds, rng, |weights| sample.all_measures(weights));
            sample.measure_names().zip(estimates).for_each(|(key, estimate)| measures.insert(key, estimate));
            measures.count_known(&sample);
        }
        Err(reason) => SHARES.iter().chain(&MEASURES).for_each(|key| measures.insert(key, Err(reason))),
    }
    measures
}

/// Measures any regression on its rows: `mae`, `rmse`, `r2`, `mape`, `median_absolute_error`,
/// `max_error`, `explained_variance`, `mean_error` (predicted minus right), the pinball loss of every
/// predicted quantile (or of the value at 0.1, 0.5 and 0.9), and how often the right value lies
/// between the outermost quantiles.
pub fn measure_regressed(rows: &Regressed, rng: &mut impl Rng) -> Measures {
    let mut measures = Measures::default();
    let estimates = resample_all(&[rows.len()], resamples(rows.len(), 1), rng, |weights| {
        rows.figures(Resample::Weights(weights)) //
    });
    rows.names().iter().zip(estimates).for_each(|(key, estimate)| measures.insert(key, estimate));
    measures
}

/// Resamples behind the intervals of so many rows: 1000, and of very many fewer, down to 200, because
/// their intervals are narrow.
pub fn resamples(rows: usize, classes: usize) -> usize {
    const WORK: usize = 200_000_000;
    (WORK / rows.max(1) / classes.max(1)).clamp(200, RESAMPLES)
}

/// Measures what a temperature changes, `loss` and `ece`: as [`measure`] with the same stream would.
pub fn measure_calibration(predictions: &Predictions, temperature: f64, rng: &mut impl Rng) -> Measures {
    const KEYS: [&str; 2] = ["loss", "ece"];
    let mut measures = Measures::default();
    match Sample::new(predictions, temperature) {
        Ok(sample) => {
            let estimates = resample(&[sample.len()], RESAMPLES, rng, |weights| {
                [sample.loss(weights), sample.calibration_error(weights, Binning::EqualWidth)]
            });
            KEYS.iter().zip(estimates).for_each(|(key, estimate)| measures.insert(key, estimate));
            measures.count_known(&sample);
        }
        Err(reason) => KEYS.iter().for_each(|key| measures.insert(key, Err(reason))),
    }
    measures
}

/// Measures how scores tell in-scope from out-of-scope texts, and what a threshold that was chosen
/// elsewhere does; a higher score is more in scope, and one at the threshold is accepted.
pub fn measure_out_of_scope(
    inside: &[f64],
    outside: &[f64],
    threshold: Option<f64>,
    rng: &mut impl Rng,
) -> Measures {
    const KEYS: [&str; 4] = ["auroc", "aupr_in", "aupr_out", "fpr_at_95_tpr"];
    let mut measures = Measures::default();
    match Separation::new(inside, outside) {
        Ok(separation) => {
            let estimates = resample(&[inside.len(), outside.len()], RESAMPLES, rng, |weights| {
                match separation.figures(weights) {
                    Ok(all) => [all.auroc, all.aupr_in, all.aupr_out, all.fpr_at_95_tpr].map(Ok),
                    Err(reason) => [Err(reason); 4],
                }
            });
            KEYS.iter().zip(estimates).for_each(|(key, estimate)| measures.insert(key, estimate));
        }
        Err(reason) => KEYS.iter().for_each(|key| measures.insert(key, Err(reason))),
    }
    if let Some(threshold) = threshold {
        measures.insert("recall", share(outside, threshold, |score| score < threshold));
        measures.insert("accepted_in_scope", share(inside, threshold, |score| score >= threshold));
    }
    measures
}

/// The share of scores on one side of a threshold.
fn share(scores: &[f64], threshold: f64, is_counted: impl Fn(f64) -> bool) -> Result<Estimate, Undefined> {
    if threshold.is_nan() || scores.iter().any(|score| score.is_nan()) {
        return Err(Undefined::NotANumber);
    }
    let counted = scores.iter().filter(|&&score| is_counted(score)).count();
    wilson(counted, scores.len()).ok_or(Undefined::NoExamples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Average, BINS, Confusion, OUT_OF_SCOPE, aurc, auroc_average, average_precision_average, brier,
        expected_calibration_error, is_any_gold, log_loss, out_of_scope, reliability, top_k,
    };
    use approx::assert_relative_eq;
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    const CLASSES: usize = 5;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(8)
    }

    /// Texts with known and unknown labels and logits of few values, so that there are ties.
    fn table(texts: usize) -> Predictions {
        let mut rng = rng();
        let labels = ["a", "b", "c", "a+b", "never"].map(str::to_owned).to_vec();
        let mut table = Predictions { labels, unseen: vec!["b+c".to_owned()], ..Predictions::default() };
        for _ in 0..texts {
            let gold = [0, 0, 0, 1, 1, 2, 3, 5][rng.random_range(0..8)];
            table.gold.push(gold);
            for class in 0..CLASSES as u32 {
                let own = if class == gold { 1.0 } else { 0.0 };
                table.logits.push(own + 0.25 * f32::from(rng.random_range(0..8_u8)));
            }
        }
        table
    }

    /// The texts with these numbers, in this order.
    fn pick(table: &Predictions, texts: impl Iterator<Item = usize>) -> Predictions {
        let (labels, unseen) = (table.labels.clone(), table.unseen.clone());
        let mut picked = Predictions { labels, unseen, ..Predictions::default() };
        for text in texts {
            picked.gold.push(table.gold[text]);
            picked.logits.extend(table.row(text));
        }
        picked
    }

    fn figures_of(table: &Predictions, weights: &[u32]) -> Vec<Result<f64, Undefined>> {
        Sample::new(table, 1.5).unwrap().measures(weights).to_vec()
    }

    #[test]
    fn figures_are_those_of_the_functions_that_compute_one() {
        let (table, temperature) = (table(120), 0.7);
        let gold: Vec<usize> = table.gold.iter().map(|&gold| gold as usize).collect();
        let (predicted, rows) = (table.predicted(), table.probabilities(temperature));
        let confusion = Confusion::count(CLASSES + 1, &gold, &predicted);
        let pairs = || rows.chunks_exact(CLASSES).zip(&gold);
        let known: Vec<f64> = pairs().filter_map(|(row, &gold)| row.get(gold).copied()).collect();
        let confidences: Vec<f64> =
            rows.chunks_exact(CLASSES).map(|row| row.iter().copied().fold(0.0, f64::max)).collect();
        let right: Vec<bool> = gold.iter().zip(&predicted).map(|(gold, label)| gold == label).collect();
        let any = table
            .gold
            .iter()
            .zip(&predicted)
            .filter(|&(&gold, &label)| is_any_gold(table.gold_name(gold), &table.labels[label]));
        let error = |binning| {
            expected_calibration_error(&reliability(&confidences, &right, BINS, binning).unwrap()).unwrap()
        };
        let expected = [
            ("accuracy", confusion.accuracy().unwrap()),
            ("accuracy_any", any.count() as f64 / 120.0),
            ("top_3", top_k(&rows, CLASSES, &gold, 3).unwrap()),
            ("precision_micro", confusion.precision(Average::Micro).unwrap()),
            ("precision_macro", confusion.precision(Average::Macro).unwrap()),
            ("precision_weighted", confusion.precision(Average::Weighted).unwrap()),
            ("recall_micro", confusion.recall(Average::Micro).unwrap()),
            ("recall_macro", confusion.recall(Average::Macro).unwrap()),
            ("recall_weighted", confusion.recall(Average::Weighted).unwrap()),
            ("f1_micro", confusion.f1(Average::Micro).unwrap()),
            ("f1_macro", confusion.f1(Average::Macro).unwrap()),
            ("f1_weighted", confusion.f1(Average::Weighted).unwrap()),
            ("mcc", confusion.mcc().unwrap()),
            ("loss", log_loss(&known).unwrap()),
            ("brier", brier(&rows, CLASSES, &gold).unwrap()),
            ("ece", error(Binning::EqualWidth)),
            ("ece_mass", error(Binning::EqualMass)),
            ("mean_confidence", confidences.iter().sum::<f64>() / 120.0),
            ("aurc", aurc(&confidences, &right).unwrap()),
            ("auroc_macro", auroc_average(&rows, CLASSES, &gold, Average::Macro).unwrap()),
            ("auroc_micro", auroc_average(&rows, CLASSES, &gold, Average::Micro).unwrap()),
            (
                "average_precision_macro",
                average_precision_average(&rows, CLASSES, &gold, Average::Macro).unwrap(),
            ),
            (
                "average_precision_micro",
                average_precision_average(&rows, CLASSES, &gold, Average::Micro).unwrap(),
            ),
        ];
        let measures = measure(&table, temperature, &mut rng());
        assert!(measures.absent.is_empty(), "{:?}", measures.absent);
        assert_eq!(measures.values.len(), expected.len());
        for (key, value) in expected {
            assert_relative_eq!(measures.values[key].value, value, max_relative = 1e-12);
        }
        // To the bit, as they are compared with figures recorded before.
        let exact =
            [("f1_macro", confusion.f1(Average::Macro)), ("f1_weighted", confusion.f1(Average::Weighted))];
        for (key, value) in exact.into_iter().chain([("loss", log_loss(&known))]) {
            assert_eq!(Some(measures.values[key].value), value, "{key}");
        }
    }

    #[test]
    fn every_figure_lies_in_its_interval_and_has_its_n() {
        let table = table(120);
        let unknown = table.gold.iter().filter(|&&gold| gold >= CLASSES as u32).count();
        for (key, estimate) in measure(&table, 1.0, &mut rng()).values {
            assert_eq!(estimate.n, if key == "loss" { 120 - unknown } else { 120 }, "{key}");
            assert!(estimate.low <= estimate.high, "{key}: {estimate:?}");
            // Resamples repeat texts, so calibration errors and risks are larger in them.
            if !["ece", "ece_mass"].contains(&key.as_str()) {
                assert!(
                    estimate.low <= estimate.value && estimate.value <= estimate.high,
                    "{key}: {estimate:?}"
                );
            }
        }
    }

    #[test]
    fn a_weight_is_a_repetition_of_a_text() {
        let table = table(60);
        let mut rng = rng();
        for _ in 0..20 {
            let weights: Vec<u32> = (0..60).map(|_| rng.random_range(0..4)).collect();
            let repeated = (0..60).flat_map(|text| std::iter::repeat_n(text, weights[text] as usize));
            let repeated = pick(&table, repeated);
            let theirs = figures_of(&repeated, &vec![1; repeated.len()]);
            for ((key, ours), theirs) in MEASURES.iter().zip(figures_of(&table, &weights)).zip(theirs) {
                match (ours, theirs) {
                    (Ok(ours), Ok(theirs)) => assert_relative_eq!(ours, theirs, epsilon = 1e-12),
                    (ours, theirs) => assert_eq!(ours, theirs, "{key}"),
                }
            }
        }
    }

    #[test]
    fn the_order_of_texts_does_not_matter() {
        let table = table(90);
        let stride = pick(&table, (0..90).map(|text| text * 37 % 90));
        let (ones, sample) = (vec![1; 90], Sample::new(&table, 1.5).unwrap());
        assert_eq!(sample.shares(), Sample::new(&stride, 1.5).unwrap().shares());
        for ((key, ours), theirs) in
            MEASURES.iter().zip(figures_of(&table, &ones)).zip(figures_of(&stride, &ones))
        {
            let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
            assert!((ours - theirs).abs() < 1e-12, "{key}: {ours} is not {theirs}");
        }
    }

    #[test]
    fn the_same_stream_gives_the_same_intervals() {
        let table = table(40);
        assert_eq!(measure(&table, 1.0, &mut rng()), measure(&table, 1.0, &mut rng()));
    }

    #[test]
    fn texts_without_an_intent_are_not_measured_here() {
        let inside = table(40);
        let mut both = inside.clone();
        both.gold.push(OUT_OF_SCOPE);
        both.logits.extend([9.0; CLASSES]);
        assert_eq!(measure(&both, 1.0, &mut rng()), measure(&inside, 1.0, &mut rng()));
        let outside = pick(&both, 40..41);
        let measures = measure(&outside, 1.0, &mut rng());
        assert!(measures.values.is_empty());
        assert_eq!(measures.absent["accuracy"], Undefined::NoExamples);
    }

    #[test]
    fn a_temperature_changes_no_answer() {
        let table = table(80);
        let (cold, hot) = (measure(&table, 0.5, &mut rng()), measure(&table, 3.0, &mut rng()));
        for key in ["accuracy", "accuracy_any", "top_3", "f1_macro", "precision_weighted", "mcc"] {
            assert_eq!(cold.values[key], hot.values[key], "{key}");
        }
        assert!(cold.values["mean_confidence"].value > hot.values["mean_confidence"].value);
    }

    #[test]
    fn what_a_temperature_changes_is_measured_as_among_all_figures() {
        let table = table(80);
        let (some, all) = (measure_calibration(&table, 2.0, &mut rng()), measure(&table, 2.0, &mut rng()));
        assert_eq!(some.values.len(), 2);
        assert!(some.values.iter().all(|(key, estimate)| all.values[key] == *estimate));
    }

    #[test]
    fn a_broken_model_has_no_figures() {
        let mut table = table(10);
        table.logits[7] = f32::NAN;
        let measures = measure(&table, 1.0, &mut rng());
        assert!(measures.values.is_empty());
        assert_eq!(measures.absent.len(), SHARES.len() + MEASURES.len());
        assert!(measures.absent.values().all(|reason| *reason == Undefined::NotANumber));
    }

    #[test]
    fn one_text_has_some_figures_and_reasons_for_the_others() {
        let table = Predictions {
            labels: vec!["a".to_owned(), "b".to_owned()],
            gold: vec![0],
            logits: vec![1.0, 0.0],
            ..Predictions::default()
        };
        let measures = measure(&table, 1.0, &mut rng());
        assert_relative_eq!(measures.values["accuracy"].value, 1.0);
        assert!(measures.values["accuracy"].low < 0.5, "one text proves little");
        assert_eq!(measures.absent["mcc"], Undefined::OneClass);
        assert_eq!(measures.absent["auroc_macro"], Undefined::NoNegatives);
        assert!(measures.values.contains_key("auroc_micro"), "its two labels are two pairs");
    }

    #[test]
    fn a_loss_needs_a_label_that_the_classifier_knows() {
        let table = table(40);
        let unknown = pick(&table, (0..40).filter(|&text| table.gold[text] == CLASSES as u32));
        let measures = measure(&unknown, 1.0, &mut rng());
        assert_eq!(measures.absent["loss"], Undefined::NoKnownLabel);
        assert_relative_eq!(measures.values["accuracy"].value, 0.0);
        assert!(measures.values["brier"].value > 1.0);
    }

    #[test]
    fn a_gold_number_without_a_name_is_a_class_of_its_own() {
        let table = Predictions {
            labels: vec!["a".to_owned(), "b".to_owned()],
            unseen: vec!["c".to_owned()],
            gold: vec![0, 2, u32::MAX - 1],
            logits: [1.0, 0.0].repeat(3),
            ..Predictions::default()
        };
        assert_relative_eq!(measure(&table, 1.0, &mut rng()).values["recall_macro"].value, 1.0 / 3.0);
    }

    #[test]
    fn out_of_scope_measures_are_those_of_the_scores() {
        let mut stream = rng();
        let inside: Vec<f64> = (0..60).map(|_| 0.5 + 0.5 * stream.random::<f64>()).collect();
        let outside: Vec<f64> = (0..40).map(|_| stream.random()).collect();
        let figures = out_of_scope(&inside, &outside).unwrap();
        let measures = measure_out_of_scope(&inside, &outside, Some(0.6), &mut rng());
        for (key, value) in [
            ("auroc", figures.auroc),
            ("aupr_in", figures.aupr_in),
            ("aupr_out", figures.aupr_out),
            ("fpr_at_95_tpr", figures.fpr_at_95_tpr),
        ] {
            let estimate = measures.values[key];
            assert_eq!((estimate.value, estimate.n), (value, 100), "{key}");
            assert!(estimate.low < value && value < estimate.high, "{key}: {estimate:?}");
        }
        let rejected = outside.iter().filter(|&&score| score < 0.6).count();
        assert_eq!(Some(measures.values["recall"]), wilson(rejected, 40));
        let accepted = inside.iter().filter(|&&score| score >= 0.6).count();
        assert_eq!(Some(measures.values["accepted_in_scope"]), wilson(accepted, 60));
    }

    #[test]
    fn one_side_alone_still_has_its_share() {
        let measures = measure_out_of_scope(&[], &[0.2, 0.8], Some(0.5), &mut rng());
        assert_eq!(measures.absent["auroc"], Undefined::NoPositives);
        assert_eq!(measures.absent["accepted_in_scope"], Undefined::NoExamples);
        assert_relative_eq!(measures.values["recall"].value, 0.5);
        let without = measure_out_of_scope(&[1.0], &[0.2], None, &mut rng());
        assert_eq!(without.values.len(), 4);
        let broken = measure_out_of_scope(&[1.0], &[f64::NAN], Some(f64::NAN), &mut rng());
        assert!(broken.values.is_empty());
        assert!(broken.absent.values().all(|reason| *reason == Undefined::NotANumber));
    }
}
