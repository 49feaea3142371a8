//! Errors that remain when only the most confident answers are given.

use super::answered::{AnsweredTexts, Answering};
use super::{chart, line_key, straightened, titled};
use crate::eval::{self, Undefined};
use crate::report::figure::{Axis, Figure, Mark, Paint, Scale, Stroke};

/// Points of a drawn curve.
const MOST_POINTS: usize = 1000;

/// The risk–coverage curve, with those of the best and of no order of the same answers.
pub fn risk_coverage(predictions: &impl Answering, temperature: f64, subtitle: &str) -> Figure {
    let figure = predictions.scored(temperature).and_then(|judged| draw(&judged));
    titled("Risk and coverage", subtitle, figure)
}

fn draw(judged: &AnsweredTexts) -> Result<Figure, Undefined> {
    let (confidences, right) = (judged.confidences(), judged.right());
    let curve = eval::risk_coverage(&confidences, &right)?;
    let area = eval::aurc(&confidences, &right)?;
    let n = right.len();
    let correct = right.iter().filter(|right| **right).count();
    let rate = (n - correct) as f64 / n as f64;
    // The best order gives all right answers first.
    let ideal = |given: usize| given.saturating_sub(correct) as f64 / given as f64;
    let ideal_area = (1..=n).map(ideal).sum::<f64>() / n as f64;
    let ideal_points = thinned((1..=n).map(|given| (given as f64 / n as f64, ideal(given))).collect());
    // A few confident errors among the very first answers would flatten the rest.
    let steady = curve.iter().filter(|(coverage, _)| *coverage >= 0.05).map(|(_, risk)| *risk);
    let high = steady.fold(rate, f64::max).max(1e-3) * 1.15;
    let line = |points, paint, stroke| Mark::Line { points, paint, stroke };
    let (random, best) = ((Paint::Muted, Stroke::Dashed), (Paint::Series(2), Stroke::Solid));
    Ok(Figure {
        panels: vec![chart(
            "",
            Axis::new(
                format!("coverage: share of {}s answered", judged.noun),
                Scale::Linear { low: 0.0, high: 1.01 },
            ),
            Axis::new("risk: share of errors among them", Scale::Linear { low: 0.0, high }),
            vec![
                line(vec![(0.0, rate), (1.0, rate)], random.0, random.1),
                line(ideal_points, best.0, best.1),
                line(thinned(curve), Paint::Series(0), Stroke::Solid),
            ],
        )],
        legend: vec![
            line_key(Paint::Series(0), Stroke::Solid, format!("by confidence, AURC {area:.4}")),
            line_key(best.0, best.1, format!("ideal, {ideal_area:.4}")),
            line_key(random.0, random.1, format!("at random, {rate:.4}")),
        ],
        note: format!(
            "The most confident answers are given first; of {n}, {} {} wrong.",
            n - correct,
            if n - correct == 1 { "is" } else { "are" }
        ),
        ..Figure::default()
    })
}

/// At most about [`MOST_POINTS`] points of a curve, its last among them.
fn thinned(curve: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let every = curve.len().div_ceil(MOST_POINTS).max(1);
    let last = curve.len().saturating_sub(1);
    let kept = curve.into_iter().enumerate().filter(|(place, _)| place % every == 0 || *place == last);
    straightened(kept.map(|(_, point)| point).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{marks, table};
    use super::*;

    #[test]
    fn every_order_ends_at_the_error_rate_and_the_ideal_one_is_lowest() {
        let rows: Vec<(u32, usize, f32)> = (0..50)
            .map(|row| {
                (
                    row % 3,
                    if row % 10 == 0 { (row as usize + 1) % 3 } else { row as usize % 3 },
                    1.0 + row as f32 / 10.0,
                )
            })
            .collect();
        let figure = risk_coverage(&table(3, &rows), 1.0, "x");
        for mark in marks(&figure.panels[0]) {
            let Mark::Line { points, .. } = mark else { panic!() };
            let end = points.last().unwrap();
            assert!((end.0 - 1.0).abs() < 1e-12 && (end.1 - 0.1).abs() < 1e-12, "{end:?}");
        }
        let area = |place: usize| {
            let text = &figure.legend[place].text;
            text.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
        };
        assert!(area(1) < area(0) && area(1) < area(2));
    }

    #[test]
    fn long_curves_are_thinned_and_keep_their_end() {
        let curve: Vec<(f64, f64)> = (0..9999).map(|x| (f64::from(x), f64::from(x * x % 7))).collect();
        let thin = thinned(curve.clone());
        assert!(thin.len() <= MOST_POINTS + 1 && thin.last() == curve.last());
    }
}
