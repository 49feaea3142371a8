//! What any classifier said of some rows, as plain columns: scores of whatever kind, or labels alone.

use super::answers::Columns;
use super::{Predictions, Undefined};

/// What the scores of rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreKind {
    /// There are none, only labels.
    None,
    /// They put rows in order and mean nothing else: margins, log-odds, votes.
    Order,
    /// Each row's are shares of 1.
    Probabilities,
}

/// What any classifier said of some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Classified {
    names: Vec<String>,
    known: usize,
    gold: Vec<usize>,
    predicted: Vec<usize>,
    scores: Vec<f64>,
    kind: ScoreKind,
    positive: Option<usize>,
}

impl Classified {
    /// Rows with their scores, `(N, known)`: `known` of the names are classes that scores are of, in
    /// their order, and the others occur as labels alone. `predicted` is the label that was given to
    /// each row; without it, the one of the largest score, of equals the first.
    ///
    /// # Errors
    /// Without rows or classes, with a label that has no name, with a score for some rows only, or
    /// with one that is NaN or infinite.
    pub fn of_scores(
        names: Vec<String>,
        known: usize,
        gold: Vec<usize>,
        predicted: Option<Vec<usize>>,
        scores: Vec<f64>,
        kind: ScoreKind,
    ) -> Result<Self, Undefined> {
        if known == 0 || known > names.len() {
            return Err(Undefined::NoKnownLabel);
        }
        if gold.len().checked_mul(known) != Some(scores.len()) {
            return Err(Undefined::NoScores);
        }
        if scores.iter().any(|score| !score.is_finite()) {
            return Err(Undefined::NotANumber);
        }
        let predicted = predicted.unwrap_or_else(|| scores.chunks_exact(known).map(first_largest).collect());
        Self { names, known, gold, predicted, scores, kind, positive: None }.checked()
    }

    /// Rows with the label that was given to each.
    ///
    /// # Errors
    /// Without rows, or with a label that has no name.
    pub fn of_labels(names: Vec<String>, gold: Vec<usize>, predicted: Vec<usize>) -> Result<Self, Undefined> {
        let known = names.len();
        Self { names, known, gold, predicted, scores: Vec::new(), kind: ScoreKind::None, positive: None }
            .checked()
    }

    /// The rows of a table of predictions that have a known label, at a temperature.
    ///
    /// # Errors
    /// Without such rows or labels, or with a logit that is no number.
    pub fn of_predictions(predictions: &Predictions, temperature: f64) -> Result<Self, Undefined> {
        let (known, all) = (predictions.classes(), predictions.classes() + predictions.unseen.len());
        let rows: Vec<usize> =
            (0..predictions.len()).filter(|&row| (predictions.gold[row] as usize) < all).collect();
        let (probabilities, predicted) = (predictions.probabilities(temperature), predictions.predicted());
        let scores = rows.iter().flat_map(|&row| &probabilities[row * known..][..known]).copied();
        Self::of_scores(
            predictions.labels.iter().chain(&predictions.unseen).cloned().collect(),
            known,
            rows.iter().map(|&row| predictions.gold[row] as usize).collect(),
            Some(rows.iter().map(|&row| predicted[row]).collect()),
            scores.collect(),
            ScoreKind::Probabilities,
        )
    }

    /// The same where one of two classes is the one to be found, which has figures of its own.
    #[must_use]
    pub fn with_positive(mut self, class: usize) -> Self {
        self.positive = (class < self.known && self.known == 2).then_some(class);
        self
    }

    fn checked(self) -> Result<Self, Undefined> {
        let is_named = |label: &usize| *label < self.names.len();
        if self.gold.is_empty() || self.gold.len() != self.predicted.len() {
            return Err(Undefined::NoExamples);
        }
        if !self.gold.iter().chain(&self.predicted).all(is_named) {
            return Err(Undefined::NoKnownLabel);
        }
        Ok(self)
    }

    /// Number of rows, never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.gold.len()
    }

    /// Names of classes: those that scores are of, then the others.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of classes that scores are of, C.
    pub fn known(&self) -> usize {
        self.known
    }

    /// The right class of each row, `(N)`.
    pub fn gold(&self) -> &[usize] {
        &self.gold
    }

    /// The class that was given to each row, `(N)`.
    pub fn predicted(&self) -> &[usize] {
        &self.predicted
    }

    /// Scores, `(N, C)`; empty where there are none.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// What the scores are.
    pub fn kind(&self) -> ScoreKind {
        self.kind
    }

    /// The class to be found, of two.
    pub fn positive(&self) -> Option<usize> {
        self.positive
    }

    /// How sure each answer was: its score; of a label that has none, the largest of the row. Empty
    /// without scores.
    pub fn confidences(&self) -> Vec<f64> {
        let rows = self.scores.chunks_exact(self.known.max(1)).zip(&self.predicted);
        let largest = |row: &[f64]| row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        rows.map(|(row, &predicted)| row.get(predicted).copied().unwrap_or_else(|| largest(row))).collect()
    }

    /// The rows with these numbers, in this order.
    ///
    /// # Panics
    /// There is no row of such a number.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let known = if self.scores.is_empty() { 0 } else { self.known };
        Self {
            names: self.names.clone(),
            gold: rows.iter().map(|&row| self.gold[row]).collect(),
            predicted: rows.iter().map(|&row| self.predicted[row]).collect(),
            scores: rows.iter().flat_map(|&row| &self.scores[row * known..][..known]).copied().collect(),
            ..*self
        }
    }

    pub(super) fn columns(&self) -> Columns<'_> {
        let labels = if self.scores.is_empty() { 0 } else { self.known };
        Columns { gold: &self.gold, predicted: &self.predicted, rows: &self.scores, labels }
    }
}

/// The number of the largest of some scores, the first of equals.
fn first_largest(row: &[f64]) -> usize {
    let better = |best: usize, next: usize| if row[next] > row[best] { next } else { best };
    (0..row.len()).reduce(better).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|name| format!("class {name}")).collect()
    }

    #[test]
    fn columns_that_do_not_fit_are_refused() {
        let of = |known, gold: &[usize], scores: &[f64]| {
            Classified::of_scores(names(3), known, gold.to_vec(), None, scores.to_vec(), ScoreKind::Order)
        };
        assert_eq!(of(2, &[0], &[0.5]), Err(Undefined::NoScores));
        assert_eq!(of(2, &[3], &[0.5, 0.5]), Err(Undefined::NoKnownLabel));
        assert_eq!(of(4, &[0], &[0.5; 4]), Err(Undefined::NoKnownLabel));
        assert_eq!(of(2, &[0], &[0.5, f64::INFINITY]), Err(Undefined::NotANumber));
        assert_eq!(of(2, &[], &[]), Err(Undefined::NoExamples));
        assert_eq!(Classified::of_labels(names(2), vec![0, 1], vec![0]), Err(Undefined::NoExamples));
        assert_eq!(of(2, &[2], &[0.5, 0.5]).unwrap().predicted(), [0], "the first of equals");
    }

    #[test]
    fn rows_can_be_chosen_with_and_without_scores() {
        let scores = vec![0.1, 0.9, 0.8, 0.2];
        let all = Classified::of_scores(names(2), 2, vec![0, 1], None, scores, ScoreKind::Probabilities);
        let turned = all.unwrap().with_positive(1).select(&[1, 0]);
        assert_eq!((turned.gold(), turned.predicted()), (&[1, 0][..], &[0, 1][..]));
        assert_eq!((turned.confidences(), turned.positive()), (vec![0.8, 0.9], Some(1)));
        let labels = Classified::of_labels(names(3), vec![0, 2], vec![1, 2]).unwrap().with_positive(1);
        assert_eq!(labels.select(&[1, 1]).gold(), [2, 2]);
        assert_eq!((labels.confidences().len(), labels.positive()), (0, None), "one of three");
    }
}
