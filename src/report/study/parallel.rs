//! Parallel coordinates of a study, the best trials in colour.

use super::history::telling_range;
use super::{Dimension, StudyView};
use crate::report::figure::{Axis, Content, Figure, Key, Look, Paint, Panel, ParallelLine, Scale, Stroke};

/// The share of trials that are in colour.
const BRUSHED: f64 = 0.1;

/// Every trial as a line over the axes of `only` parameters (all of them when empty) and the value.
pub fn parallel(study: &StudyView, only: &[Dimension]) -> Figure {
    let dimensions = if only.is_empty() { study.dimensions() } else { only.to_vec() };
    let (low, high) = telling_range(study);
    let mut axes: Vec<Axis> =
        dimensions.iter().map(|dimension| Axis::new(dimension.short(), dimension.scale.clone())).collect();
    axes.push(Axis::new(study.metric.clone(), Scale::Linear { low, high }));
    let ranked = study.ranked();
    let count = ((ranked.len() as f64 * BRUSHED).ceil() as usize).clamp(3.min(ranked.len()), 50);
    let holds = ranked.iter().any(|(_, rank)| rank.is_feasible());
    let best = ranked.first().map(|(trial, _)| trial.number);
    let mut lines: Vec<ParallelLine> = ranked
        .iter()
        .enumerate()
        .map(|(place, (trial, rank))| {
            let mut values: Vec<Option<f64>> =
                dimensions.iter().map(|dimension| dimension.of(&trial.params)).collect();
            values.push(Some(rank.value().clamp(low, high)));
            // What misses a constraint is in colour only where nothing holds them all.
            let paint = match place {
                0 => Paint::Accent,
                _ if place < count && rank.is_feasible() == holds => Paint::Series(0),
                _ => Paint::Muted,
            };
            ParallelLine { values, paint }
        })
        .collect();
    // The best are drawn last, over the others.
    lines.reverse();
    let brushed = lines.iter().filter(|line| line.paint == Paint::Series(0)).count();
    let key = |paint, text: String| Key { paint, look: Look::Line(Stroke::Solid), text };
    let mut legend =
        vec![key(Paint::Accent, best.map_or("best".to_owned(), |number| format!("best (trial {number})")))];
    if brushed > 0 {
        legend.push(key(Paint::Series(0), format!("next {brushed}")));
    }
    legend.push(Key { paint: Paint::Muted, look: Look::Line(Stroke::Thin), text: "others".to_owned() });
    let content = if lines.is_empty() {
        Content::Empty("no trial is complete yet".to_owned())
    } else {
        Content::Parallel { axes, lines }
    };
    Figure {
        title: "Parallel coordinates".to_owned(),
        subtitle: study.subtitle(),
        panels: vec![Panel { title: String::new(), content }],
        columns: 1 + usize::from(dimensions.len() > 5) * 3,
        legend,
        aspect: if dimensions.len() > 5 { 2.1 } else { 1.6 },
        ..Figure::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::study;
    use super::*;

    #[test]
    fn the_best_line_is_the_last_and_every_line_crosses_every_axis() {
        let values: Vec<(f64, i64, Option<f64>)> = (0..40)
            .map(|i| {
                (1e-4 * f64::from(i + 1), 32 + 32 * i64::from(i % 2), Some(f64::from((i * 7) % 40) / 40.0))
            })
            .collect();
        let study = study(&values);
        let figure = parallel(&study, &[]);
        let Content::Parallel { axes, lines } = &figure.panels[0].content else { panic!() };
        assert_eq!((axes.len(), lines.len()), (3, 40));
        assert_eq!(lines.last().unwrap().paint, Paint::Accent);
        assert_eq!(
            lines.iter().filter(|line| line.paint == Paint::Series(0)).count(),
            3,
            "a tenth, beside the best"
        );
        assert!(lines.iter().all(|line| line.values.iter().all(Option::is_some)));
        assert!(axes[0].scale.has_names() && matches!(axes[1].scale, Scale::Log { .. }));
    }

    #[test]
    fn only_trials_that_hold_the_constraints_are_in_colour_and_an_infinite_one_may_be_the_best() {
        let values: Vec<(f64, i64, Option<f64>)> = (0..8).map(|i| (1e-3, 32, Some(f64::from(i)))).collect();
        let mut study = study(&values);
        for trial in &mut study.trials[4..] {
            trial.violation = 1.0;
        }
        study.trials[1].value = Some(f64::INFINITY);
        let figure = parallel(&study, &[]);
        let Content::Parallel { lines, .. } = &figure.panels[0].content else { panic!() };
        let painted = |paint| lines.iter().filter(|line| line.paint == paint).count();
        assert_eq!((lines.len(), painted(Paint::Accent), painted(Paint::Series(0))), (8, 1, 2));
        assert_eq!(figure.legend[0].text, "best (trial 1)");
        let coloured = lines.iter().filter(|line| line.paint == Paint::Series(0));
        let shown: Vec<f64> = coloured.filter_map(|line| *line.values.last()?).collect();
        assert_eq!(shown, [2.0, 3.0]);
    }

    #[test]
    fn without_trials_it_says_so() {
        assert!(matches!(parallel(&study(&[]), &[]).panels[0].content, Content::Empty(_)));
    }
}
