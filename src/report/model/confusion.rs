//! Which classes are taken for which.

use super::answered::{AnsweredTexts, Answering};
use super::{chart, titled};
use crate::eval::Confusion;
use crate::number::percent_in_cell;
use crate::report::figure::{Axis, Figure, Mark, Scale};

/// What is written in the cells of a confusion matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellText {
    /// Numbers of texts.
    Counts,
    /// Shares of the texts of a gold label, in percent.
    Shares,
}

/// As many classes as have room for their names.
const MOST: usize = 40;

/// The confusion matrix, the largest class first. Cells are painted by the square root of their
/// share of the row, so that single errors show.
pub fn confusion(predictions: &impl Answering, text: CellText, subtitle: &str) -> Figure {
    let judged = predictions.answered(1.0);
    let noun = judged.as_ref().map_or("text", |judged| judged.noun);
    let title = match text {
        CellText::Counts => format!("Confusion matrix, {noun}s"),
        CellText::Shares => "Confusion matrix, % of each gold label".to_owned(),
    };
    titled(&title, subtitle, judged.map(|judged| Matrix::new(&judged).figure(&judged, text)))
}

struct Matrix {
    counts: Confusion,
    support: Vec<u32>,
    /// The shown classes, the largest first.
    shown: Vec<usize>,
    /// Number of those that occur as gold or predicted label.
    occurring: usize,
}

impl Matrix {
    fn new(judged: &AnsweredTexts) -> Self {
        let classes = judged.names.len();
        let counts = Confusion::count(classes, &judged.gold, &judged.predicted);
        let support: Vec<u32> = (0..classes).map(|class| counts.support(class)).collect();
        let predicted: Vec<u32> = (0..classes).map(|class| counts.predicted(class)).collect();
        let mut shown: Vec<usize> =
            (0..classes).filter(|&class| support[class] + predicted[class] > 0).collect();
        let occurring = shown.len();
        let errors = |class: usize| support[class] + predicted[class] - 2 * counts.get(class, class);
        let largest_first = |class: &usize| (std::cmp::Reverse(support[*class]), *class);
        if occurring > MOST {
            shown.sort_by_key(|&class| (std::cmp::Reverse(errors(class)), largest_first(&class)));
            shown.truncate(MOST);
        }
        shown.sort_by_key(largest_first);
        Self { counts, support, shown, occurring }
    }

    fn figure(&self, judged: &AnsweredTexts, text: CellText) -> Figure {
        let cell = |gold: usize, predicted: usize| {
            let count = self.counts.get(gold, predicted);
            let share = f64::from(count) / f64::from(self.support[gold].max(1));
            // A single error of many still differs from none.
            let value = (count > 0).then(|| 0.1 + 0.9 * share.sqrt());
            let words = match text {
                _ if count == 0 => String::new(),
                CellText::Counts => count.to_string(),
                CellText::Shares => percent_in_cell(share),
            };
            (value, words)
        };
        let row = |&gold: &usize| self.shown.iter().map(|&predicted| cell(gold, predicted)).unzip();
        let (rows, words): (Vec<Vec<Option<f64>>>, Vec<Vec<String>>) = self.shown.iter().map(row).unzip();
        let names: Vec<String> = self.shown.iter().map(|&class| judged.name(class)).collect();
        let (width, height) = size(&names);
        let axis = |label: &str| Axis::new(label, Scale::Categories(names.clone()));
        Figure {
            panels: vec![chart(
                "",
                axis("predicted"),
                axis("gold"),
                vec![Mark::Cells { rows, texts: words }],
            )],
            note: self.note(judged),
            width,
            aspect: width / height,
            ..Figure::default()
        }
    }

    fn note(&self, judged: &AnsweredTexts) -> String {
        let mut parts = Vec::new();
        if self.shown.len() < self.occurring {
            let errors = judged.right().iter().filter(|right| !**right).count();
            let seen = |class: &usize| self.shown.contains(class);
            let inside = judged.gold.iter().zip(&judged.predicted);
            let inside =
                inside.filter(|(gold, predicted)| gold != predicted && seen(gold) && seen(predicted));
            parts.push(format!(
                "Of {} classes the {} with most errors; {} of {errors} errors are between them.",
                self.occurring,
                self.shown.len(),
                inside.count()
            ));
        }
        let absent = judged.known - (0..judged.known).filter(|&class| self.occurs(class)).count();
        if absent > 0 {
            parts.push(format!(
                "{absent} label{} neither occur{} nor {} predicted.",
                if absent == 1 { "" } else { "s" },
                if absent == 1 { "s" } else { "" },
                if absent == 1 { "is" } else { "are" }
            ));
        }
        parts.push("Colour: square root of the share of the row.".to_owned());
        parts.push(judged.note_on_unknown().to_owned());
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }

    fn occurs(&self, class: usize) -> bool {
        self.support[class] + self.counts.predicted(class) > 0
    }
}

/// Width and height that hold names of usual length uncut and cells that can be read.
fn size(names: &[String]) -> (f64, f64) {
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as f64 * 8.8;
    // Longer names are cut.
    let longest = longest.min(300.0);
    let count = names.len() as f64;
    let beside = 44.0 + longest + 45.0;
    let width = f64::max(800.0, beside + f64::max(count * 18.0, 220.0));
    let plot = (count * 24.0).clamp(220.0, width - beside).max(count * 17.6);
    (width, plot + 80.0 + longest + 65.0)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{marks, table};
    use super::*;

    #[test]
    fn rows_are_gold_and_sum_to_all_and_the_largest_class_is_first() {
        let figure = confusion(
            &table(3, &[(0, 1, 1.0), (1, 1, 1.0), (1, 1, 1.0), (1, 0, 1.0), (3, 0, 1.0)]),
            CellText::Shares,
            "x",
        );
        let [Mark::Cells { rows, texts }] = marks(&figure.panels[0]) else { panic!() };
        assert_eq!(texts[0], ["67", "33", ""], "class_1");
        assert_eq!(texts[1], ["100", "", ""], "class_0");
        assert_eq!(texts[2], ["", "100", ""], "the unknown one is taken for class_0");
        assert_eq!(rows[0][2], None);
        assert!(figure.note.contains("1 label neither occurs nor is predicted"), "{}", figure.note);
        assert!(figure.note.contains("* not among"));
    }

    #[test]
    fn of_many_classes_those_with_most_errors_are_shown() {
        let right = (0..100_u32).map(|class| (class, class as usize, 1.0));
        let rows: Vec<(u32, usize, f32)> = right.chain((60..100).map(|class| (class, 99, 1.0))).collect();
        let figure = confusion(&table(100, &rows), CellText::Counts, "x");
        let [Mark::Cells { rows, .. }] = marks(&figure.panels[0]) else { panic!() };
        assert_eq!(rows.len(), 40);
        assert!(figure.note.starts_with("Of 100 classes the 40 with most errors; 39 of 39 errors"));
        assert!(figure.width >= 800.0 && figure.aspect > 0.7);
    }
}
