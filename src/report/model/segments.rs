//! Accuracy by what texts are like.

use super::answered::AnsweredTexts;
use super::{line_key, nothing};
use crate::eval::{Estimate, Predictions, wilson};
use crate::report::figure::{Along, Axis, Content, Figure, Mark, Paint, Panel, Scale, Sign, Stroke};

/// Texts that have something in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// What they have in common: `5–8 words`.
    pub name: String,
    /// The share of right answers; none without texts.
    pub accuracy: Option<Estimate>,
}

/// One way to divide texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Segmentation {
    /// By what: `words`.
    pub name: String,
    /// The segments in their order.
    pub segments: Vec<Segment>,
}

/// Texts by their number of words.
pub fn by_length(predictions: &Predictions) -> Segmentation {
    const ENDS: [(u32, &str); 6] =
        [(4, "1–4 words"), (8, "5–8"), (12, "9–12"), (16, "13–16"), (24, "17–24"), (u32::MAX, "25 and more")];
    let place = |row: usize| {
        let words = *predictions.words.get(row)?;
        ENDS.iter().position(|(end, _)| words <= *end)
    };
    divide(predictions, "Number of words", &ENDS.map(|(_, name)| name), place)
}

/// Texts by the share of their words that the vocabulary does not have.
pub fn by_unknown_words(predictions: &Predictions) -> Segmentation {
    let names = ["none", "up to 10 %", "10–20 %", "20–40 %", "over 40 %"];
    let place = |row: usize| {
        let (words, unknown) = (*predictions.words.get(row)?, *predictions.unknown_words.get(row)?);
        let share = f64::from(unknown) / f64::from(words.max(1));
        if unknown == 0 {
            return Some(0);
        }
        Some(1 + [0.1, 0.2, 0.4].into_iter().filter(|end| share > *end).count())
    };
    divide(predictions, "Words that the vocabulary lacks", &names, place)
}

/// The accuracy of the texts of each place.
fn divide(
    predictions: &Predictions,
    name: &str,
    names: &[&str],
    place: impl Fn(usize) -> Option<usize>,
) -> Segmentation {
    let mut counts = vec![(0, 0); names.len()];
    if let Ok(judged) = AnsweredTexts::new(predictions, 1.0) {
        for (&row, right) in judged.rows.iter().zip(judged.right()) {
            if let Some((correct, all)) = place(row).and_then(|place| counts.get_mut(place)) {
                *all += 1;
                *correct += usize::from(right);
            }
        }
    }
    let segment = |(name, (right, all)): (&&str, (usize, usize))| Segment {
        name: (*name).to_owned(),
        accuracy: wilson(right, all),
    };
    Segmentation { name: name.to_owned(), segments: names.iter().zip(counts).map(segment).collect() }
}

/// The accuracy of every segment with its interval, a panel per segmentation; a rule marks that of
/// all texts.
pub fn segments(divisions: &[Segmentation], overall: Option<Estimate>, subtitle: &str) -> Figure {
    let known = |division: &&Segmentation| division.segments.iter().any(|part| part.accuracy.is_some());
    let shown: Vec<&Segmentation> = divisions.iter().filter(known).collect();
    let ends = shown.iter().flat_map(|division| &division.segments).filter_map(|part| part.accuracy);
    let low = ends.map(|accuracy| accuracy.low).fold(1.0, f64::min);
    let scale = Scale::Linear { low: (low - 0.03).max(0.0), high: 1.01 };
    let mut panels: Vec<Panel> = shown.iter().map(|division| panel(division, overall, &scale)).collect();
    if panels.is_empty() {
        panels.push(nothing("no examples"));
    }
    let rows = shown.iter().map(|division| division.segments.len()).max().unwrap_or(4) as f64;
    let overall =
        overall.map(|all| line_key(Paint::Muted, Stroke::Dashed, format!("all texts {:.3}", all.value)));
    Figure {
        title: "Accuracy by segment".to_owned(),
        subtitle: subtitle.to_owned(),
        columns: panels.len().clamp(1, 2),
        aspect: 800.0 / (120.0 + (60.0 + 34.0 * rows) * panels.len().div_ceil(2) as f64),
        panels,
        legend: overall.into_iter().collect(),
        note: "With 95 % Wilson intervals; behind each name, its number of texts.".to_owned(),
        ..Figure::default()
    }
}

fn panel(division: &Segmentation, overall: Option<Estimate>, scale: &Scale) -> Panel {
    let known: Vec<(&str, Estimate)> = division
        .segments
        .iter()
        .filter_map(|segment| Some((segment.name.as_str(), segment.accuracy?)))
        .collect();
    let names = known.iter().map(|(name, accuracy)| format!("{name} · {}", accuracy.n)).collect();
    let paint = Paint::Series(0);
    let rows = || known.iter().enumerate().map(|(row, (_, accuracy))| (row as f64, accuracy));
    let mut marks = Vec::new();
    if let Some(all) = overall {
        marks.push(Mark::Rule { at: all.value, of: Along::X, paint: Paint::Muted, label: String::new() });
    }
    marks.push(Mark::Intervals {
        intervals: rows().map(|(row, accuracy)| (row, accuracy.low, accuracy.high, paint)).collect(),
        along: Along::X,
    });
    marks.push(Mark::Points {
        points: rows().map(|(row, accuracy)| (accuracy.value, row, paint)).collect(),
        sign: Sign::Disc,
        size: 5.0,
    });
    Panel {
        title: division.name.clone(),
        content: Content::Chart {
            x: Axis::new("accuracy", scale.clone()),
            y: Axis::new("", Scale::Categories(names)),
            marks,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{is_empty, marks, table};
    use super::*;

    #[test]
    fn every_text_is_in_one_segment() {
        let rows: Vec<(u32, usize, f32)> = (0..30).map(|row| (row % 3, row as usize % 2, 1.0)).collect();
        let predictions = table(3, &rows);
        for division in [by_length(&predictions), by_unknown_words(&predictions)] {
            let all: usize =
                division.segments.iter().filter_map(|part| part.accuracy).map(|part| part.n).sum();
            assert_eq!(all, 30, "{division:?}");
        }
        assert_eq!(by_length(&predictions).segments[5].accuracy, None);
    }

    #[test]
    fn segments_without_texts_are_not_drawn() {
        let predictions = table(3, &[(0, 0, 1.0), (1, 0, 1.0)]);
        let figure = segments(&[by_length(&predictions)], wilson(1, 2), "x");
        let Content::Chart { y, .. } = &figure.panels[0].content else { panic!() };
        assert_eq!(y.scale, Scale::Categories(vec!["1–4 words · 2".to_owned()]));
        assert_eq!(marks(&figure.panels[0]).len(), 3);
        assert!(is_empty(&segments(&[], None, "x")));
    }
}
