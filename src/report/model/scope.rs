//! Scores of texts with and without an intent.

use super::histogram::{Histogram, scale_of};
use super::{area_key, chart, line_key, nothing, straightened, texts};
use crate::eval::{self, Undefined};
use crate::report::figure::{Along, Axis, Figure, Key, Look, Mark, Paint, Panel, Scale, Sign, Stroke};

const BINS: usize = 40;

/// The scores that one method gives; higher is more in scope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScopeScores<'a> {
    /// Its name: `max softmax`.
    pub method: &'a str,
    /// Of texts with an intent.
    pub inside: &'a [f64],
    /// Of texts without one.
    pub outside: &'a [f64],
    /// The lowest score that is accepted, chosen on other texts.
    pub threshold: Option<f64>,
}

/// Histograms of the scores in and out of scope, a panel per method, with the threshold.
pub fn oos_scores(methods: &[ScopeScores], subtitle: &str) -> Figure {
    let mut panels: Vec<Panel> = methods.iter().map(scores_panel).collect();
    if panels.is_empty() {
        panels.push(nothing("there are no out-of-scope texts"));
    }
    let counts = methods.first().map_or((0, 0), |first| (first.inside.len(), first.outside.len()));
    Figure {
        title: "Scores in and out of scope".to_owned(),
        subtitle: subtitle.to_owned(),
        columns: 1,
        aspect: 800.0 / (140.0 + 230.0 * panels.len() as f64),
        panels,
        legend: vec![
            area_key(Paint::Series(0), format!("in scope · {}", texts(counts.0))),
            area_key(Paint::Series(1), format!("out of scope · {}", texts(counts.1))),
        ],
        note: "Shares of either side's texts; those at or above the threshold are accepted.".to_owned(),
        ..Figure::default()
    }
}

fn scores_panel(scores: &ScopeScores) -> Panel {
    let finite = || scores.inside.iter().chain(scores.outside).copied().filter(|score| score.is_finite());
    let (low, high) =
        finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), score| (a.min(score), b.max(score)));
    if low > high {
        return Panel { title: scores.method.to_owned(), ..nothing("no texts") };
    }
    let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
    let of = |values| Histogram::new(values, (low, high), BINS);
    let histograms = [of(scores.inside), of(scores.outside)];
    let (scale, base) = scale_of(&histograms);
    let mut marks: Vec<Mark> = Vec::new();
    for (place, histogram) in histograms.iter().enumerate() {
        marks.extend(histogram.marks(Paint::Series(place), base));
    }
    let mut titles = vec![scores.method.to_owned()];
    if let Some(threshold) = scores.threshold.filter(|threshold| threshold.is_finite()) {
        let label = format!("threshold {threshold:.3}");
        marks.push(Mark::Rule { at: threshold, of: Along::X, paint: Paint::Ink, label });
        if let Ok(accepted) = eval::accepted_at(scores.inside, threshold) {
            titles.push(format!("{:.1} % in scope accepted", accepted * 100.0));
        }
        if let Ok(found) = eval::recall_at(scores.outside, threshold) {
            titles.push(format!("{:.1} % out of scope rejected", found * 100.0));
        }
    }
    // The threshold shows even where no score is near it.
    let threshold = scores.threshold.filter(|threshold| threshold.is_finite());
    let (low, high) = threshold.map_or((low, high), |at| (low.min(at), high.max(at)));
    let room = (high - low) * 0.01;
    let x =
        Axis::new(format!("{} score", scores.method), Scale::Linear { low: low - room, high: high + room });
    let share = if matches!(scale, Scale::Log { .. }) { "share, log" } else { "share" };
    chart(titles.join(" · "), x, Axis::new(share, scale), marks)
}

/// ROC curves of the methods: in-scope texts accepted against out-of-scope texts accepted.
pub fn oos_roc(methods: &[ScopeScores], subtitle: &str) -> Figure {
    let curves: Vec<Result<Curve, Undefined>> = methods.iter().map(Curve::new).collect();
    let (mut legend, mut marks) = (Vec::new(), Vec::new());
    let mut points = Vec::new();
    marks.push(Mark::Line {
        points: vec![(0.0, 0.0), (1.0, 1.0)],
        paint: Paint::Muted,
        stroke: Stroke::Dashed,
    });
    for (place, (scores, curve)) in methods.iter().zip(&curves).enumerate() {
        let paint = Paint::Series(place);
        let text = match curve {
            Ok(curve) => {
                marks.push(Mark::Line { points: curve.points.clone(), paint, stroke: Stroke::Solid });
                points.push((curve.at_95, 0.95, paint));
                format!("{}: AUROC {:.3}, FPR@95TPR {:.3}", scores.method, curve.auroc, curve.at_95)
            }
            Err(why) => format!("{}: {why}", scores.method),
        };
        legend.push(line_key(paint, Stroke::Solid, text));
    }
    let panel = if points.is_empty() {
        let why = curves.into_iter().find_map(Result::err);
        nothing(why.map_or("there are no out-of-scope texts".to_owned(), |why| why.to_string()))
    } else {
        marks.push(Mark::Points { points, sign: Sign::Diamond, size: 4.5 });
        legend.push(Key {
            paint: Paint::Ink,
            look: Look::Sign(Sign::Diamond),
            text: "95 % in scope accepted".to_owned(),
        });
        legend.push(line_key(Paint::Muted, Stroke::Dashed, "chance"));
        let x = Axis::new("out-of-scope texts accepted", Scale::of_shares());
        chart("", x, Axis::new("in-scope texts accepted", Scale::Linear { low: 0.0, high: 1.01 }), marks)
    };
    Figure {
        title: "ROC curves, in scope against out of scope".to_owned(),
        subtitle: subtitle.to_owned(),
        panels: vec![panel],
        legend,
        aspect: 1.5,
        ..Figure::default()
    }
}

struct Curve {
    points: Vec<(f64, f64)>,
    auroc: f64,
    at_95: f64,
}

impl Curve {
    fn new(scores: &ScopeScores) -> Result<Self, Undefined> {
        let figures = eval::out_of_scope(scores.inside, scores.outside)?;
        let all: Vec<f64> = scores.inside.iter().chain(scores.outside).copied().collect();
        let is_inside: Vec<bool> = (0..all.len()).map(|text| text < scores.inside.len()).collect();
        let points = eval::roc_curve(&all, &is_inside)?;
        let points = points.iter().map(|point| (point.false_positive_rate, point.true_positive_rate));
        Ok(Self {
            points: straightened(points.collect()),
            auroc: figures.auroc,
            at_95: figures.fpr_at_95_tpr,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{is_empty, marks};
    use super::*;

    const SCORES: ScopeScores = ScopeScores {
        method: "energy",
        inside: &[3.0, 4.0, 5.0, 6.0],
        outside: &[1.0, 2.0, 4.5],
        threshold: Some(3.5),
    };

    #[test]
    fn the_threshold_says_what_it_accepts_and_rejects() {
        let figure = oos_scores(&[SCORES], "x");
        assert_eq!(
            figure.panels[0].title,
            "energy · 75.0 % in scope accepted · 66.7 % out of scope rejected"
        );
        assert!(matches!(marks(&figure.panels[0]).last(), Some(Mark::Rule { at: 3.5, .. })));
    }

    #[test]
    fn a_threshold_beyond_all_scores_is_on_the_axis() {
        let figure = oos_scores(&[ScopeScores { threshold: Some(-2.0), ..SCORES }], "x");
        let crate::report::figure::Content::Chart { x, .. } = &figure.panels[0].content else { panic!() };
        assert!(matches!(x.scale, Scale::Linear { low, high } if low < -2.0 && high > 6.0));
    }

    #[test]
    fn the_curve_has_its_area_and_its_point_at_95() {
        let figure = oos_roc(&[SCORES, ScopeScores { outside: &[], ..SCORES }], "x");
        assert_eq!(figure.legend[0].text, "energy: AUROC 0.833, FPR@95TPR 0.333");
        assert_eq!(figure.legend[1].text, "energy: no negative examples");
        let Some(Mark::Points { points, .. }) = marks(&figure.panels[0]).last() else { panic!() };
        assert_eq!(points.len(), 1);
    }

    #[test]
    fn without_either_side_the_figures_say_why() {
        let nothing = ScopeScores { inside: &[], outside: &[], ..SCORES };
        assert!(is_empty(&oos_scores(&[nothing], "x")) && is_empty(&oos_scores(&[], "x")));
        assert!(is_empty(&oos_roc(&[nothing], "x")) && is_empty(&oos_roc(&[], "x")));
        assert!(!is_empty(&oos_scores(&[ScopeScores { inside: &[2.0], ..nothing }], "x")));
    }
}
