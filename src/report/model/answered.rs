//! The texts of a table that have an intent, or the rows of any classifier, with its answers.

use crate::eval::{self, Classified, Predictions, ScoreKind, Undefined};

/// What a picture of answers can be made of: our models' predictions, or those of any program.
pub trait Answering {
    /// The answers, where they are logits at a temperature.
    ///
    /// # Errors
    /// Without texts that have an intent, or without labels.
    fn answered(&self, temperature: f64) -> Result<AnsweredTexts, Undefined>;

    /// The same, of what has scores.
    ///
    /// # Errors
    /// As [`Answering::answered`], or there are labels alone.
    fn scored(&self, temperature: f64) -> Result<AnsweredTexts, Undefined> {
        let judged = self.answered(temperature)?;
        if judged.kind == ScoreKind::None { Err(Undefined::NoScores) } else { Ok(judged) }
    }
}

impl Answering for Predictions {
    fn answered(&self, temperature: f64) -> Result<AnsweredTexts, Undefined> {
        AnsweredTexts::new(self, temperature)
    }
}

impl Answering for Classified {
    fn answered(&self, _: f64) -> Result<AnsweredTexts, Undefined> {
        Ok(AnsweredTexts {
            names: self.names().to_vec(),
            known: self.known(),
            gold: self.gold().to_vec(),
            predicted: self.predicted().to_vec(),
            probabilities: self.scores().to_vec(),
            rows: (0..self.len()).collect(),
            kind: self.kind(),
            positive: self.positive(),
            noun: "row",
        })
    }
}

/// The texts of a table that have an intent, or the rows of any classifier.
pub struct AnsweredTexts {
    /// The classifier's labels, then those that only gold texts have.
    pub(super) names: Vec<String>,
    /// Number of the classifier's labels, C.
    pub(super) known: usize,
    /// The right label of each text, `(N)`.
    pub(super) gold: Vec<usize>,
    /// The label that the classifier gives it, `(N)`.
    pub(super) predicted: Vec<usize>,
    /// Probabilities, or what else the classes of a row are ranked by, `(N, C)`; empty of labels alone.
    pub(super) probabilities: Vec<f64>,
    /// The row of each text in the table, `(N)`.
    pub(super) rows: Vec<usize>,
    /// What the probabilities are.
    pub(super) kind: ScoreKind,
    /// The class to be found, of two.
    pub(super) positive: Option<usize>,
    /// What a row is: a text, or a row.
    pub(super) noun: &'static str,
}

impl AnsweredTexts {
    /// # Errors
    /// Without texts that have an intent, or without labels.
    pub(super) fn new(predictions: &Predictions, temperature: f64) -> Result<Self, Undefined> {
        let known = predictions.classes();
        let all = known + predictions.unseen.len();
        let rows: Vec<usize> =
            (0..predictions.len()).filter(|&text| (predictions.gold[text] as usize) < all).collect();
        if rows.is_empty() {
            return Err(Undefined::NoExamples);
        }
        if known == 0 {
            return Err(Undefined::NoKnownLabel);
        }
        let probabilities = predictions.probabilities(temperature);
        let predicted = predictions.predicted();
        Ok(Self {
            names: predictions.labels.iter().chain(&predictions.unseen).cloned().collect(),
            known,
            gold: rows.iter().map(|&text| predictions.gold[text] as usize).collect(),
            predicted: rows.iter().map(|&text| predicted[text]).collect(),
            probabilities: rows
                .iter()
                .flat_map(|&text| &probabilities[text * known..][..known])
                .copied()
                .collect(),
            rows,
            kind: ScoreKind::Probabilities,
            positive: None,
            noun: "text",
        })
    }

    /// `1 text`, `617 texts`, or rows.
    pub(super) fn counted(&self, count: usize) -> String {
        format!("{count} {}{}", self.noun, if count == 1 { "" } else { "s" })
    }

    /// The classes that curves are drawn of.
    pub(super) fn shown(&self) -> Vec<usize> {
        self.positive.map_or_else(|| (0..self.known).collect(), |class| vec![class])
    }

    pub(super) fn len(&self) -> usize {
        self.gold.len()
    }

    /// Texts with each gold label.
    pub(super) fn support(&self) -> Vec<usize> {
        let mut support = vec![0; self.names.len()];
        self.gold.iter().for_each(|&gold| support[gold] += 1);
        support
    }

    /// The probability of each answer.
    pub(super) fn confidences(&self) -> Vec<f64> {
        let rows = self.probabilities.chunks_exact(self.known).zip(&self.predicted);
        rows.map(|(row, &predicted)| row[predicted]).collect()
    }

    /// Whether each answer is right.
    pub(super) fn right(&self) -> Vec<bool> {
        self.gold.iter().zip(&self.predicted).map(|(gold, predicted)| gold == predicted).collect()
    }

    /// The probabilities of one class and whether each text is of it.
    pub(super) fn one_vs_rest(&self, class: usize) -> (Vec<f64>, Vec<bool>) {
        eval::one_vs_rest(&self.probabilities, self.known, &self.gold, class)
    }

    /// Of every pair of a text and a class whether they belong together, in the order of the
    /// probabilities.
    pub(super) fn pairs(&self) -> Vec<bool> {
        self.gold.iter().flat_map(|&gold| (0..self.known).map(move |class| class == gold)).collect()
    }

    /// A label, with a star where the classifier does not know it.
    pub(super) fn name(&self, class: usize) -> String {
        let star = if class >= self.known { " *" } else { "" };
        format!("{}{star}", self.names.get(class).map_or("", String::as_str))
    }

    /// What the star means, where one is shown.
    pub(super) fn note_on_unknown(&self) -> &'static str {
        if self.gold.iter().any(|&gold| gold >= self.known) {
            if self.noun == "row" { "* has no score." } else { "* not among the labels of training." }
        } else {
            ""
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::table;
    use super::*;
    use crate::eval::OUT_OF_SCOPE;

    #[test]
    fn texts_without_an_intent_are_left_out_and_unknown_labels_are_errors() {
        let judged =
            AnsweredTexts::new(&table(2, &[(0, 0, 3.0), (OUT_OF_SCOPE, 1, 1.0), (2, 1, 2.0)]), 1.0).unwrap();
        assert_eq!((judged.rows.clone(), judged.gold.clone()), (vec![0, 2], vec![0, 2]));
        assert_eq!(judged.right(), [true, false]);
        assert_eq!(judged.support(), [1, 0, 1]);
        assert_eq!(judged.name(2), "never_seen+before *");
        assert_eq!(judged.pairs(), [true, false, false, false]);
        assert!(judged.confidences()[0] > judged.confidences()[1]);
    }
}
