//! Confidence against accuracy.

use super::answered::AnsweredTexts;
use super::{chart, line_key, titled};
use crate::eval::{self, BINS, Bin, Binning, Predictions, Undefined};
use crate::report::figure::{Along, Axis, Figure, Mark, Paint, Panel, Rectangle, Scale, Sign, Stroke};

/// Reliability diagrams before and after a temperature, with the number of texts per bin beneath.
pub fn reliability(predictions: &Predictions, temperature: f64, subtitle: &str) -> Figure {
    let side = |temperature| {
        let judged = AnsweredTexts::new(predictions, temperature)?;
        eval::reliability(&judged.confidences(), &judged.right(), BINS, Binning::EqualWidth)
    };
    let figure = side(1.0).and_then(|before| draw(&before, &side(temperature)?, temperature));
    titled("Reliability: confidence against accuracy", subtitle, figure)
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
