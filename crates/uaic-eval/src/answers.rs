//! What a classifier answered, text by text, and the measures of any resample of these texts.

use super::classification::{is_in_top, surprise};
use super::probability::squared_distance;
use super::tally::Tally;
use super::{Average, Predictions, Undefined, is_any_gold};

/// What a classifier answered to some texts: everything that does not depend on a resample of them.
pub struct Answers {
    classes: usize,
    gold: Vec<usize>,
    predicted: Vec<usize>,
    right: Vec<bool>,
    /// By the lenient rule.
    right_by_any: Vec<bool>,
    /// Among the three highest.
    right_of_three: Vec<bool>,
    /// The log-loss of each text; `None` where its label is unknown.
    losses: Vec<Option<f64>>,
    /// The squared distance of each text's probabilities to the truth.
    distances: Vec<f64>,
}

/// What answers are made of: the right label and the given one of each row, `(N)`, and its
/// probabilities of so many labels, `(N, labels)`.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) gold: &'a [usize],
    pub(super) predicted: &'a [usize],
    pub(super) rows: &'a [f64],
    pub(super) labels: usize,
}

/// Which texts are measured. The same texts give the same numbers either way but for the rounding of
/// sums, which are taken in the order of the texts or in that of the draw.
#[derive(Clone, Copy, Debug)]
pub enum Resample<'a> {
    /// Each text as often as its weight says.
    Weights(&'a [u32]),
    /// The texts with these numbers, in this order.
    Drawn(&'a [usize]),
}

impl Answers {
    /// The shares of right answers, in the order of [`Answers::shares`].
    pub const SHARES: [&str; 3] = ["accuracy", "accuracy_any", "top_3"];

    /// The other measures, in the order of [`Answers::measures`].
    pub const MEASURES: [&str; 8] = [
        "precision_macro",
        "precision_weighted",
        "recall_macro",
        "f1_macro",
        "f1_weighted",
        "mcc",
        "loss",
        "brier",
    ];

    /// The answers to the texts with these numbers. `class` says for each of the table's numbers of
    /// labels, those it does not know included, which of the `classes` it is.
    ///
    /// # Panics
    /// There is no text of such a number, or a class that is `classes` or more.
    pub fn new(
        predictions: &Predictions,
        texts: &[usize],
        temperature: f64,
        classes: usize,
        class: impl Fn(usize) -> usize,
    ) -> Self {
        let (labels, all) = (predictions.classes(), predictions.probabilities(temperature));
        let rows = texts.iter().flat_map(|&text| &all[text * labels..][..labels]).copied();
        Self::of_rows(predictions, texts, &rows.collect::<Vec<f64>>(), classes, class)
    }

    /// The same from the probabilities of these texts, `(texts, labels)`.
    pub(super) fn of_rows(
        predictions: &Predictions,
        texts: &[usize],
        rows: &[f64],
        classes: usize,
        class: impl Fn(usize) -> usize,
    ) -> Self {
        let answers = predictions.predicted();
        let gold: Vec<usize> = texts.iter().map(|&text| predictions.gold[text] as usize).collect();
        let predicted: Vec<usize> = texts.iter().map(|&text| answers[text]).collect();
        let name = |label: usize| predictions.gold_name(label as u32);
        let labels = predictions.classes();
        Self::of_columns(Columns { gold: &gold, predicted: &predicted, rows, labels }, name, classes, class)
    }

    /// The same from columns; `name` knows the name of every label.
    pub(super) fn of_columns<'a>(
        columns: Columns<'_>,
        name: impl Fn(usize) -> &'a str,
        classes: usize,
        class: impl Fn(usize) -> usize,
    ) -> Self {
        let Columns { gold, predicted, rows, labels } = columns;
        let each = || gold.iter().enumerate().map(|(at, &gold)| (&rows[at * labels..][..labels], gold));
        let is_any =
            |(&gold, &label): (&usize, &usize)| gold == label || is_any_gold(name(gold), name(label));
        Self {
            classes,
            right: gold.iter().zip(predicted).map(|(gold, label)| gold == label).collect(),
            right_by_any: gold.iter().zip(predicted).map(is_any).collect(),
            right_of_three: each().map(|(row, gold)| is_in_top(row, gold, 3)).collect(),
            losses: each().map(|(row, gold)| row.get(gold).map(|&p| surprise(p))).collect(),
            distances: each().map(|(row, gold)| squared_distance(row, gold)).collect(),
            gold: gold.iter().map(|&label| class(label)).collect(),
            predicted: predicted.iter().map(|&label| class(label)).collect(),
        }
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.gold.len()
    }

    /// Whether there are no texts.
    pub fn is_empty(&self) -> bool {
        self.gold.is_empty()
    }

    /// The class of each text.
    pub(super) fn gold(&self) -> &[usize] {
        &self.gold
    }

    /// Which texts are right, by each of [`Answers::SHARES`].
    pub fn right(&self) -> [&[bool]; 3] {
        [&self.right, &self.right_by_any, &self.right_of_three]
    }

    /// Number of texts that have a loss.
    pub(super) fn known(&self) -> usize {
        self.losses.iter().flatten().count()
    }

    /// The shares of right answers, by [`Answers::SHARES`].
    pub fn shares(&self, resample: Resample<'_>) -> [Result<f64, Undefined>; 3] {
        let share = |right: &[bool]| {
            mean(|text| Some(f64::from(u8::from(right[text]))), resample, Undefined::NoExamples)
        };
        self.right().map(share)
    }

    /// The other measures, by [`Answers::MEASURES`].
    pub fn measures(&self, resample: Resample<'_>) -> [Result<f64, Undefined>; 8] {
        let tally = self.tally(resample);
        [
            tally.average(Average::Macro, Tally::precision),
            tally.average(Average::Weighted, Tally::precision),
            tally.average(Average::Macro, Tally::recall),
            tally.average(Average::Macro, Tally::f1),
            tally.average(Average::Weighted, Tally::f1),
            tally.mcc(),
            self.loss(resample),
            mean(|text| Some(self.distances[text]), resample, Undefined::NoExamples),
        ]
    }

    /// The mean log-loss.
    pub(super) fn loss(&self, resample: Resample<'_>) -> Result<f64, Undefined> {
        mean(|text| self.losses[text], resample, Undefined::NoKnownLabel)
    }

    /// The answers, counted by class.
    pub(super) fn tally(&self, resample: Resample<'_>) -> Tally {
        let mut tally = Tally::new(self.classes);
        match resample {
            Resample::Weights(weights) => {
                for ((&gold, &predicted), &weight) in self.gold.iter().zip(&self.predicted).zip(weights) {
                    tally.add(gold, predicted, weight);
                }
            }
            Resample::Drawn(texts) => {
                for &text in texts {
                    tally.add(self.gold[text], self.predicted[text], 1);
                }
            }
        }
        tally
    }
}

/// The mean of what texts have, by their numbers.
pub(super) fn mean(
    value: impl Fn(usize) -> Option<f64>,
    resample: Resample<'_>,
    otherwise: Undefined,
) -> Result<f64, Undefined> {
    let (mut sum, mut n) = (0.0, 0_u64);
    let mut add = |text: usize, weight: u32| {
        if let Some(value) = value(text) {
            sum += f64::from(weight) * value;
            n += u64::from(weight);
        }
    };
    match resample {
        Resample::Weights(weights) => {
            weights.iter().enumerate().for_each(|(text, &weight)| add(text, weight));
        }
        Resample::Drawn(texts) => texts.iter().for_each(|&text| add(text, 1)),
    }
    if n > 0 { Ok(sum / n as f64) } else { Err(otherwise) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        let labels = ["a", "b", "c", "a+b"].map(str::to_owned).to_vec();
        let mut table = Predictions { labels, unseen: vec!["d".to_owned()], ..Predictions::default() };
        for text in 0..40_u32 {
            table.gold.push([0, 1, 3, 4, 2][text as usize % 5]);
            table.logits.extend((0..4_u32).map(|label| ((text * 7 + label * 5) % 11) as f32 / 4.0));
        }
        let texts: Vec<usize> = (0..40).collect();
        Answers::new(&table, &texts, 1.3, 5, |label| label)
    }

    #[test]
    fn a_draw_measures_what_its_weights_measure() {
        let answers = answers();
        let drawn: Vec<usize> = (0..40).map(|at| (at * at + 3) % 40).collect();
        let mut weights = vec![0; 40];
        for &text in &drawn {
            weights[text] += 1;
        }
        let (drawn, weights) = (Resample::Drawn(&drawn), Resample::Weights(&weights));
        assert_eq!(answers.shares(drawn), answers.shares(weights));
        let (drawn, weights) = (answers.measures(drawn), answers.measures(weights));
        // Counts are exact; sums of reals are rounded in their order.
        assert_eq!(drawn[..6], weights[..6]);
        for (drawn, weighed) in drawn.into_iter().zip(weights) {
            approx::assert_relative_eq!(drawn.unwrap(), weighed.unwrap(), max_relative = 1e-12);
        }
    }

    #[test]
    fn nothing_drawn_has_no_measures() {
        let nothing = Resample::Drawn(&[]);
        assert!(answers().measures(nothing).iter().chain(&answers().shares(nothing)).all(Result::is_err));
    }

    #[test]
    fn classes_may_be_numbered_otherwise() {
        let labels = vec!["a".to_owned(), "b".to_owned()];
        let table = Predictions {
            labels,
            gold: vec![1, 0],
            logits: vec![1.0, 2.0, 0.0, 3.0],
            ..Predictions::default()
        };
        let turned = Answers::new(&table, &[1, 0], 1.0, 9, |label| 8 - label);
        assert_eq!((turned.gold(), &turned.predicted[..]), (&[8, 7][..], &[7, 7][..]));
        assert_eq!(turned.right()[0], [false, true]);
    }
}
