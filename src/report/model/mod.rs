//! Pictures of training and of a model: how it got where it is, what it takes for what, how far its
//! scores and confidences can be trusted, and where it errs.
//!
//! | file | what it shows |
//! |---|---|
//! | `curves` | losses and metrics over steps, folds as a band |
//! | `confusion` | which classes are taken for which |
//! | `ranking` | ROC and precision–recall curves, one class against the rest |
//! | `gain` | lift and cumulative gain by decile |
//! | `reliability` | confidence against accuracy, before and after temperature |
//! | `confidence` | how confident answers are on every split |
//! | `risk` | errors that remain when unsure answers are held back |
//! | `classes` | F1 per class with support, and how classes are spread over splits |
//! | `scope` | scores of texts with and without an intent |
//! | `embedding` | features in the plane |
//! | `attention` | which words an answer rests on |
//! | `segments` | accuracy by length and by unknown words |
//! | `regression` | errors of predicted numbers |
//! | `answered` | the texts of a table that have an intent, or any classifier's rows |
//! | `histogram` | shares of values per interval |
//!
//! Every builder gives a figure whatever it gets: what cannot be shown is a panel that says why.

mod answered;
mod attention;
mod classes;
mod confidence;
mod confusion;
mod curves;
mod embedding;
mod gain;
mod histogram;
mod ranking;
mod regression;
mod reliability;
mod risk;
mod scope;
mod segments;

pub use answered::{AnsweredTexts, Answering};
pub use attention::{Attended, attention};
pub use classes::{class_counts, classes, f1};
pub use confidence::confidence;
pub use confusion::{CellText, confusion};
pub use curves::{Curve, Part, TrainingCurves, curves};
pub use embedding::embedding;
pub use gain::{gain, lift};
pub use ranking::{precision_recall, roc};
pub use regression::{error_quantiles, predicted_against_true, residuals};
pub use reliability::{reliability, reliability_of_rows};
pub use risk::risk_coverage;
pub use scope::{ScopeScores, oos_roc, oos_scores};
pub use segments::{Segment, Segmentation, by_length, by_unknown_words, segments};

use crate::eval::Undefined;
use crate::report::figure::{Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Stroke};
use crate::report::series::thin;

/// How many classes have a colour of their own.
const COLOURED: usize = 8;

/// A figure with its title and subtitle, or with the reason why there is nothing to show.
fn titled(title: &str, subtitle: &str, figure: Result<Figure, Undefined>) -> Figure {
    let figure =
        figure.unwrap_or_else(|why| Figure { panels: vec![nothing(why.to_string())], ..Figure::default() });
    Figure { title: title.to_owned(), subtitle: subtitle.to_owned(), ..figure }
}

fn chart(title: impl Into<String>, x: Axis, y: Axis, marks: Vec<Mark>) -> Panel {
    Panel { title: title.into(), content: Content::Chart { x, y, marks } }
}

fn nothing(why: impl Into<String>) -> Panel {
    Panel { title: String::new(), content: Content::Empty(why.into()) }
}

fn line_key(paint: Paint, stroke: Stroke, text: impl Into<String>) -> Key {
    Key { paint, look: Look::Line(stroke), text: text.into() }
}

fn area_key(paint: Paint, text: impl Into<String>) -> Key {
    Key { paint, look: Look::Area, text: text.into() }
}

/// `1 text`, `617 texts`.
fn texts(count: usize) -> String {
    format!("{count} text{}", if count == 1 { "" } else { "s" })
}

/// The numbers of what has most, most first; of equals the lower number.
fn largest(amounts: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..amounts.len()).collect();
    order.sort_by_key(|&place| (std::cmp::Reverse(amounts[place]), place));
    order
}

/// Width by height of a picture with a line of its own for each of some rows.
fn aspect_of_rows(rows: usize) -> f64 {
    800.0 / (150.0 + 22.0 * rows as f64)
}

/// As many rows as a picture holds with all their names, to be seen at once.
const MOST_ROWS: usize = 60;

/// A curve without the points that lie on the straight line between their neighbours.
fn straightened(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for point in points {
        if let [.., a, b] = kept[..] {
            let (before, after) = ((b.0 - a.0, b.1 - a.1), (point.0 - b.0, point.1 - b.1));
            let turn = before.0 * after.1 - before.1 * after.0;
            let ahead = before.0 * after.0 + before.1 * after.1;
            if ahead >= 0.0 && turn.abs() <= 1e-9 * before.0.hypot(before.1) * after.0.hypot(after.1) {
                kept.pop();
            }
        }
        kept.push(point);
    }
    // Of very many points a picture shows the ends of each column.
    if kept.len() > 5 * MOST_COLUMNS { thin(&kept, MOST_COLUMNS) } else { kept }
}

/// Columns of pixels that a curve may have.
const MOST_COLUMNS: usize = 1200;

#[cfg(test)]
mod testing {
    use super::*;
    use crate::eval::Predictions;

    /// A table whose logit for a label is given, all others 0; gold and predicted numbers.
    pub(super) fn table(labels: usize, rows: &[(u32, usize, f32)]) -> Predictions {
        let logits = |&(_, predicted, logit): &(u32, usize, f32)| {
            (0..labels).map(move |label| if label == predicted { logit } else { 0.0 })
        };
        Predictions {
            labels: (0..labels).map(|label| format!("class_{label}")).collect(),
            unseen: vec!["never_seen+before".to_owned()],
            gold: rows.iter().map(|row| row.0).collect(),
            logits: rows.iter().flat_map(logits).collect(),
            words: (0..rows.len() as u32).map(|row| 3 + row % 12).collect(),
            unknown_words: (0..rows.len() as u32).map(|row| row % 3).collect(),
            hashes: (0..rows.len() as u64).collect(),
            features: Vec::new(),
        }
    }

    pub(super) fn marks(panel: &Panel) -> &[Mark] {
        match &panel.content {
            Content::Chart { marks, .. } => marks,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn is_empty(figure: &Figure) -> bool {
        figure.panels.iter().all(|panel| matches!(panel.content, Content::Empty(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{is_empty, table};
    use super::*;
    use crate::eval::{OUT_OF_SCOPE, Predictions};

    fn of_table(predictions: &Predictions) -> Vec<Figure> {
        let p = predictions;
        vec![
            confusion(p, CellText::Counts, "x"),
            confusion(p, CellText::Shares, "x"),
            roc(p, 1.0, "x"),
            precision_recall(p, 1.0, "x"),
            lift(p, 1.0, "x"),
            gain(p, 1.0, "x"),
            reliability(p, 1.5, "x"),
            risk_coverage(p, 1.0, "x"),
            f1(p, "x"),
            segments(&[by_length(p), by_unknown_words(p)], None, "x"),
            embedding(p, &[], &[], "x"),
            confidence(&[("test", p)], 1.0, "x"),
            classes(&[("test", class_counts(p))], "x"),
        ]
    }

    #[test]
    fn without_texts_every_figure_says_why_it_is_empty() {
        let tables = [Predictions::default(), table(3, &[]), table(3, &[(OUT_OF_SCOPE, 0, 1.0)])];
        for predictions in &tables {
            for figure in &of_table(predictions)[..10] {
                assert!(is_empty(figure), "{figure:?}");
                assert!(!figure.title.is_empty() && figure.subtitle == "x");
            }
        }
    }

    #[test]
    fn one_text_and_unknown_gold_labels_and_broken_logits_are_no_trouble() {
        for rows in
            [vec![(0, 0, 4.0)], vec![(3, 0, 4.0)], vec![(0, 1, f32::NAN)], vec![(0, 1, 2.0), (3, 1, 9.0)]]
        {
            let figures = of_table(&table(3, &rows));
            assert!(figures.iter().all(|figure| !figure.panels.is_empty()));
        }
    }

    #[test]
    fn a_straight_run_keeps_its_ends_alone() {
        let stairs = vec![(0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0)];
        assert_eq!(straightened(stairs), [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]);
        assert_eq!(straightened(vec![(0.0, 0.0), (1.0, 0.0), (0.5, 0.0)]).len(), 3, "a way back is kept");
    }
}
