//! Parallel coordinates of a study, the best trials in colour.

use std::collections::HashSet;

use super::caption::{notes, with_more};
use super::dimension::Dimension;
use super::history::telling_range;
use super::view::{StudyView, are_alike};
use crate::report::figure::{Axis, Content, Figure, Key, Look, Paint, Panel, ParallelLine, Scale, Stroke};
use crate::trial::Rank;

/// The share of trials that are in colour.
const BRUSHED: f64 = 0.1;

/// Most parameters where none is named.
const MOST: usize = 12;

/// Every trial as a line over the axes of `only` parameters (all of them when empty, or those that
/// matter most) and the value.
pub fn parallel(study: &StudyView, only: &[Dimension]) -> Figure {
    let (dimensions, left_out) =
        if only.is_empty() { study.leading(MOST) } else { (only.to_vec(), String::new()) };
    let (low, high) = telling_range(study);
    let mut axes: Vec<Axis> =
        dimensions.iter().map(|dimension| Axis::new(dimension.short(), dimension.scale.clone())).collect();
    axes.push(Axis::new(study.metric.clone(), Scale::Linear { low, high }));
    let lines = lines(study, &dimensions, (low, high));
    let (legend, equal) = (legend(study, &lines), equal_lines(&lines));
    let content = if lines.is_empty() {
        Content::Empty("no trial is complete yet".to_owned())
    } else {
        Content::Parallel { axes, lines }
    };
    Figure {
        title: "Parallel coordinates".to_owned(),
        subtitle: with_more(&study.subtitle(), &left_out),
        panels: vec![Panel { title: String::new(), content }],
        width: (dimensions.len() + 1) as f64 * 110.0 * f64::from(u8::from(dimensions.len() > 7)),
        columns: 1 + usize::from(dimensions.len() > 5) * 3,
        note: notes([study.beyond((low, high), "drawn to the end of the axis"), said_of_equal(equal)]),
        legend,
        aspect: if dimensions.len() > 5 { 2.1 } else { 1.6 },
        ..Figure::default()
    }
}

/// A line for each trial that has a rank, the best last: over the others, which may equal it.
fn lines(study: &StudyView, dimensions: &[Dimension], (low, high): (f64, f64)) -> Vec<ParallelLine> {
    let ranked = study.ranked();
    let brush = Brush::new(&ranked.iter().map(|(_, rank)| *rank).collect::<Vec<Rank>>());
    let mut lines: Vec<ParallelLine> = ranked
        .iter()
        .enumerate()
        .map(|(place, (trial, rank))| {
            let mut values: Vec<Option<f64>> =
                dimensions.iter().map(|dimension| dimension.of(&trial.params)).collect();
            values.push(Some(rank.value().clamp(low, high)));
            ParallelLine { values, paint: brush.paint(place, rank) }
        })
        .collect();
    lines.reverse();
    lines
}

/// Which trials are in colour.
struct Brush {
    /// How many of the best at most.
    count: usize,
    /// Whether any trial holds all constraints.
    holds: bool,
    /// The last of these, where half of all are as good as it: none of them stands out.
    crowd: Option<Rank>,
}

impl Brush {
    /// For trials from the best down.
    fn new(ranks: &[Rank]) -> Self {
        let count = ((ranks.len() as f64 * BRUSHED).ceil() as usize).clamp(3.min(ranks.len()), 50);
        let last = ranks.get(count.saturating_sub(1)).copied();
        let is_crowd = |last: &Rank| {
            ranks.iter().filter(|rank| are_alike(rank, last)).count() > (ranks.len() / 2).max(count)
        };
        Self { count, holds: ranks.iter().any(Rank::is_feasible), crowd: last.filter(is_crowd) }
    }

    fn paint(&self, place: usize, rank: &Rank) -> Paint {
        match place {
            0 => Paint::Accent,
            _ if self.crowd.is_some_and(|last| are_alike(rank, &last)) => Paint::Muted,
            // What misses a constraint is in colour only where nothing holds them all.
            _ if place < self.count && rank.is_feasible() == self.holds => Paint::Series(0),
            _ => Paint::Muted,
        }
    }
}

fn legend(study: &StudyView, lines: &[ParallelLine]) -> Vec<Key> {
    let best = study.best().map(|(trial, _)| trial.number);
    let brushed = lines.iter().filter(|line| line.paint == Paint::Series(0)).count();
    let key = |paint, text: String| Key { paint, look: Look::Line(Stroke::Solid), text };
    let mut legend =
        vec![key(Paint::Accent, best.map_or("best".to_owned(), |number| format!("best (trial {number})")))];
    if brushed > 0 {
        legend.push(key(Paint::Series(0), format!("next {brushed}")));
    }
    legend.push(Key { paint: Paint::Muted, look: Look::Line(Stroke::Thin), text: "others".to_owned() });
    legend
}

/// How many lines lie exactly on another.
fn equal_lines(lines: &[ParallelLine]) -> usize {
    let mut seen = HashSet::new();
    let bits = |line: &ParallelLine| -> Vec<Option<u64>> {
        line.values.iter().map(|value| value.map(f64::to_bits)).collect()
    };
    lines.iter().filter(|line| !seen.insert(bits(line))).count()
}

fn said_of_equal(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 line lies exactly on another.".to_owned(),
        more => format!("{more} lines lie exactly on others."),
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
    fn an_infinite_trial_may_be_the_best_and_ends_at_the_end_of_the_axis() {
        let mut values: Vec<(f64, i64, Option<f64>)> =
            (0..8).map(|i| (1e-3, 32, Some(f64::from(i) / 8.0))).collect();
        values[3].2 = Some(f64::INFINITY);
        let figure = parallel(&study(&values), &[]);
        let Content::Parallel { axes, lines } = &figure.panels[0].content else { panic!() };
        let last = lines.last().unwrap();
        assert_eq!((lines.len(), last.paint), (8, Paint::Accent));
        let Scale::Linear { high, .. } = axes.last().unwrap().scale else { panic!() };
        assert_eq!(last.values[2], Some(high));
        assert_eq!(figure.legend[0].text, "best (trial 3)");
        assert_eq!(figure.note, "The value of 1 trial is infinite; it is drawn to the end of the axis.");
    }

    #[test]
    fn equal_trials_are_counted_and_do_not_hide_the_best() {
        let figure =
            parallel(&study(&[(1e-3, 32, Some(0.5)), (2e-3, 32, Some(0.1)), (1e-3, 32, Some(0.5))]), &[]);
        let Content::Parallel { lines, .. } = &figure.panels[0].content else { panic!() };
        assert_eq!(lines.last().unwrap().paint, Paint::Accent);
        assert_eq!(figure.note, "1 line lies exactly on another.");
        // Where all are equally good, none but the first stands out.
        let equal = parallel(&study(&[(1e-3, 32, Some(0.3)); 12]), &[]);
        assert_eq!(equal.legend.len(), 2, "{:?}", equal.legend);
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
