//! Confidence against accuracy.

use super::answered::{AnsweredTexts, Answering};
use super::{chart, line_key, titled};
use crate::eval::{self, BINS, Bin, Binning, Classified, Predictions, ScoreKind, Undefined};
use crate::report::figure::{
    Along, Axis, Content, Figure, Mark, Paint, Panel, Rectangle, Scale, Sign, Stroke,
};

/// Reliability diagrams before and after a temperature, with the number of texts per bin beneath.
pub fn reliability(predictions: &Predictions, temperature: f64, subtitle: &str) -> Figure {
    let side = |temperature| {
        let judged = AnsweredTexts::new(predictions, temperature)?;
        eval::reliability(&judged.confidences(), &judged.right(), BINS, Binning::EqualWidth)
    };
    let figure = side(1.0).and_then(|before| draw(&before, &side(temperature)?, temperature));
    titled("Reliability: confidence against accuracy", subtitle, figure)
}

/// The same of any classifier's rows: of two classes how often the one to be found occurs, against
/// its probability.
pub fn reliability_of_rows(rows: &Classified, subtitle: &str) -> Figure {
    let found = |class: usize| {
        let (scores, positive) = eval::one_vs_rest(rows.scores(), rows.known(), rows.gold(), class);
        eval::reliability(&scores, &positive, BINS, Binning::EqualWidth)
    };
    let right = || {
        let judged = rows.answered(1.0)?;
        eval::reliability(&judged.confidences(), &judged.right(), BINS, Binning::EqualWidth)
    };
    let name = |class: usize| rows.names().get(class).map_or("", String::as_str);
    let (x, y, bins) = match (rows.kind(), rows.positive()) {
        (ScoreKind::None, _) => (String::new(), String::new(), Err(Undefined::NoScores)),
        (ScoreKind::Order, _) => (String::new(), String::new(), Err(Undefined::NotProbabilities)),
        (_, Some(class)) => {
            (format!("probability of {}", name(class)), format!("share of {}", name(class)), found(class))
        }
        (_, None) => ("confidence".to_owned(), "accuracy".to_owned(), right()),
    };
    titled(&format!("Reliability: {x} against {y}"), subtitle, bins.and_then(|bins| draw_rows(&bins, &x, &y)))
}

fn draw_rows(bins: &[Bin], x: &str, y: &str) -> Result<Figure, Undefined> {
    let error = eval::expected_calibration_error(bins)?;
    let paint = Paint::Series(0);
    let most = bins.iter().map(|bin| bin.n).max().unwrap_or(1) as f64;
    let mut panels = vec![diagram("", bins, paint, false), counts(bins, paint, most, false)];
    for (panel, (x, y)) in panels.iter_mut().zip([("", y), (x, "rows, log")]) {
        if let Content::Chart { x: across, y: along, .. } = &mut panel.content {
            (across.label, along.label) = (x.to_owned(), y.to_owned());
        }
    }
    Ok(Figure {
        panels,
        columns: 1,
        heights: vec![3.2, 1.0],
        legend: vec![
            line_key(paint, Stroke::Solid, format!("as predicted, calibration error {error:.3}")),
            line_key(Paint::Muted, Stroke::Dashed, "as it should be"),
        ],
        note: format!("{BINS} bins of equal width with 95 % Wilson intervals; beneath, the rows in each."),
        aspect: 1.2,
        ..Figure::default()
    })
}

fn draw(before: &[Bin], after: &[Bin], temperature: f64) -> Result<Figure, Undefined> {
    let errors = (eval::expected_calibration_error(before)?, eval::expected_calibration_error(after)?);
    let paints = (Paint::Series(1), Paint::Series(0));
    let most = before.iter().chain(after).map(|bin| bin.n).max().unwrap_or(1) as f64;
    let key = |paint, text| line_key(paint, Stroke::Solid, text);
    Ok(Figure {
        panels: vec![
            diagram("before", before, paints.0, false),
            diagram("after", after, paints.1, true),
            counts(before, paints.0, most, false),
            counts(after, paints.1, most, true),
        ],
        columns: 2,
        heights: vec![3.2, 1.0],
        legend: vec![
            key(paints.0, format!("as trained, ECE {:.3}", errors.0)),
            key(paints.1, format!("temperature {temperature:.2}, ECE {:.3}", errors.1)),
            line_key(Paint::Muted, Stroke::Dashed, "as right as confident"),
        ],
        note: format!("{BINS} bins of equal width with 95 % Wilson intervals; beneath, the texts in each."),
        aspect: 1.35,
        ..Figure::default()
    })
}

fn diagram(title: &str, bins: &[Bin], paint: Paint, bare: bool) -> Panel {
    let marks = vec![
        Mark::Line { points: vec![(0.0, 0.0), (1.0, 1.0)], paint: Paint::Muted, stroke: Stroke::Dashed },
        Mark::Intervals {
            intervals: bins
                .iter()
                .map(|bin| (bin.confidence, bin.accuracy.low, bin.accuracy.high, paint))
                .collect(),
            along: Along::Y,
        },
        Mark::Line {
            points: bins.iter().map(|bin| (bin.confidence, bin.accuracy.value)).collect(),
            paint,
            stroke: Stroke::Solid,
        },
        Mark::Points {
            points: bins.iter().map(|bin| (bin.confidence, bin.accuracy.value, paint)).collect(),
            sign: Sign::Disc,
            size: 4.5,
        },
    ];
    let scale = Scale::Linear { low: 0.0, high: 1.02 };
    let y = if bare { Axis::bare(scale.clone()) } else { Axis::new("accuracy", scale.clone()) };
    chart(title, Axis::bare(scale), y, marks)
}

/// Low end of the axis of counts, at which even one text shows.
const LEAST: f64 = 0.6;

fn counts(bins: &[Bin], paint: Paint, most: f64, bare: bool) -> Panel {
    let gap = 0.1 / BINS as f64;
    let bar =
        |bin: &Bin| Rectangle { from: (bin.low + gap, LEAST), to: (bin.high - gap, bin.n as f64), paint };
    let scale = Scale::Log { low: LEAST, high: most.max(2.0) * 1.3 };
    let y = if bare { Axis::bare(scale) } else { Axis::new("texts, log", scale) };
    let x = Axis::new("confidence", Scale::Linear { low: 0.0, high: 1.02 });
    chart("", x, y, vec![Mark::Boxes(bins.iter().map(bar).collect())])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{marks, table};
    use super::*;

    #[test]
    fn bins_have_intervals_and_their_counts_sum_to_all() {
        let rows: Vec<(u32, usize, f32)> = (0..60)
            .map(|row| (row % 3, if row % 7 == 0 { 0 } else { row as usize % 3 }, row as f32 / 12.0))
            .collect();
        let figure = reliability(&table(3, &rows), 2.0, "x");
        let Mark::Intervals { intervals, .. } = &marks(&figure.panels[0])[1] else { panic!() };
        assert!(intervals.iter().all(|(_, low, high, _)| low < high));
        let Mark::Boxes(bars) = &marks(&figure.panels[3])[0] else { panic!() };
        assert_eq!(bars.iter().map(|bar| bar.to.1 as usize).sum::<usize>(), 60);
        assert!(figure.legend[1].text.starts_with("temperature 2.00, ECE 0."));
    }
}
