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
    let standing = study.standing();
    let count = ((standing.len() as f64 * BRUSHED).ceil() as usize).clamp(3.min(standing.len()), 50);
    let mut sorted = standing.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let brushed_from = sorted.get(count.saturating_sub(1)).copied().unwrap_or(1.0);
    let best = study.best().map(|(trial, _)| trial.number);
    let mut lines: Vec<(f64, ParallelLine)> = study
        .complete()
        .zip(&standing)
        .map(|((trial, value), standing)| {
            let mut values: Vec<Option<f64>> =
                dimensions.iter().map(|dimension| dimension.of(&trial.params)).collect();
            values.push(Some(value.clamp(low, high)));
            let paint = match *standing {
                _ if Some(trial.number) == best => Paint::Accent,
                standing if standing >= brushed_from => Paint::Series(0),
                _ => Paint::Muted,
            };
            (*standing, ParallelLine { values, paint })
        })
        .collect();
    // The best are drawn last, over the others.
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let brushed = lines.iter().filter(|(_, line)| line.paint == Paint::Series(0)).count();
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
        Content::Parallel { axes, lines: lines.into_iter().map(|(_, line)| line).collect() }
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
            "a tenth, the best among them"
        );
        assert!(lines.iter().all(|line| line.values.iter().all(Option::is_some)));
        assert!(axes[0].scale.has_names() && matches!(axes[1].scale, Scale::Log { .. }));
    }

    #[test]
    fn without_trials_it_says_so() {
        assert!(matches!(parallel(&study(&[]), &[]).panels[0].content, Content::Empty(_)));
    }
}
