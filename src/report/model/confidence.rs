//! How confident answers are, split by split.

use super::histogram::{Histogram, mean, scale_of};
use super::{area_key, chart, nothing, texts};
use crate::eval::{self, Predictions};
use crate::report::figure::{Along, Axis, Figure, Mark, Paint, Panel, Scale};

const BINS: usize = 40;

/// Histograms of the confidences of named splits beneath each other, on one scale, with their means.
pub fn confidence(splits: &[(&str, &Predictions)], temperature: f64, subtitle: &str) -> Figure {
    let confidences: Vec<Vec<f64>> = splits
        .iter()
        .map(|(_, table)| {
            (0..table.len()).map(|text| eval::max_softmax(table.row(text), temperature)).collect()
        })
        .collect();
    let histograms: Vec<Histogram> =
        confidences.iter().map(|values| Histogram::new(values, (0.0, 1.0), BINS)).collect();
    let (scale, base) = scale_of(&histograms);
    let panel = |place: usize| -> Panel {
        let Some(mean) = mean(&confidences[place]) else { return nothing("no texts") };
        let paint = Paint::Series(place);
        let mut marks = histograms[place].marks(paint, base).to_vec();
        marks.push(Mark::Rule { at: mean, of: Along::X, paint: Paint::Ink, label: String::new() });
        let range = Scale::Linear { low: 0.0, high: 1.01 };
        let x = if place + 1 == splits.len() { Axis::new("confidence", range) } else { Axis::bare(range) };
        chart("", x, Axis::new("share", scale.clone()), marks)
    };
    let keys = splits.iter().enumerate().map(|(place, (name, table))| {
        let mean = mean(&confidences[place]).map_or(String::new(), |mean| format!(", mean {mean:.3}"));
        area_key(Paint::Series(place), format!("{name} · {}{mean}", texts(table.len())))
    });
    let mut panels: Vec<Panel> = (0..splits.len()).map(panel).collect();
    if panels.is_empty() {
        panels.push(nothing("no split was evaluated"));
    }
    let note = if matches!(scale, Scale::Log { .. }) {
        "Shares of each split's texts, on a logarithmic scale; the rule is the mean."
    } else {
        "Shares of each split's texts; the rule is the mean."
    };
    Figure {
        title: "Confidence of the answers".to_owned(),
        subtitle: subtitle.to_owned(),
        aspect: 800.0 / (150.0 + 165.0 * panels.len() as f64),
        panels,
        columns: 1,
        legend: keys.collect(),
        note: note.to_owned(),
        ..Figure::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{is_empty, marks, table};
    use super::*;
    use crate::report::figure::Content;

    #[test]
    fn splits_share_a_scale_and_an_empty_one_says_so() {
        let test = table(3, &[(0, 0, 9.0), (1, 1, 9.0), (2, 2, 0.5)]);
        let figure = confidence(&[("test", &test), ("out of scope", &table(3, &[]))], 1.0, "x");
        assert!(figure.legend[0].text.starts_with("test · 3 texts, mean 0."));
        let Some(Mark::Rule { at, .. }) = marks(&figure.panels[0]).last() else { panic!() };
        assert!((0.7..0.9).contains(at), "{at}");
        assert!(matches!(&figure.panels[1].content, Content::Empty(why) if why == "no texts"));
        assert!(is_empty(&confidence(&[], 1.0, "x")));
    }
}
