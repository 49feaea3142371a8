//! When each trial ran, and beside which others.

use super::view::StudyView;
use crate::report::figure::{Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Rectangle, Scale};
use crate::trial::RunState;

/// Trials as bars over time, in as few lanes as they ran side by side: a lane is a worker.
pub fn timeline(study: &StudyView) -> Figure {
    let axis = TimeAxis::of(study);
    let (boxes, lanes) = bars(study, &axis);
    let names = (1..=lanes.max(1)).map(|lane| lane.to_string()).collect();
    let height = 200.0 + 46.0 * lanes.min(12) as f64;
    let content = Content::Chart {
        x: Axis::new(
            format!("{} since the first trial started", axis.unit),
            Scale::Linear { low: 0.0, high: axis.at(axis.end).max(1e-3) * 1.01 },
        ),
        y: Axis::new("worker", Scale::Categories(names)),
        marks: vec![Mark::Boxes(boxes)],
    };
    Figure {
        title: "Timeline".to_owned(),
        subtitle: study.subtitle(),
        panels: vec![Panel { title: String::new(), content }],
        legend: legend(study),
        aspect: 800.0 / height,
        ..Figure::default()
    }
}

/// Milliseconds since 1970 as a number of units since the first trial.
struct TimeAxis {
    start: i64,
    end: i64,
    unit: &'static str,
    /// Milliseconds.
    divisor: f64,
}

impl TimeAxis {
    fn of(study: &StudyView) -> Self {
        let start = study.trials.iter().map(|trial| trial.span_ms.0).min().unwrap_or(0);
        let end = study.trials.iter().map(|trial| end_of(trial.span_ms)).max().unwrap_or(1);
        let (unit, divisor) = match (end - start) as f64 / 1000.0 {
            seconds if seconds < 300.0 => ("seconds", 1000.0),
            seconds if seconds < 18_000.0 => ("minutes", 60_000.0),
            _ => ("hours", 3_600_000.0),
        };
        Self { start, end, unit, divisor }
    }

    fn at(&self, ms: i64) -> f64 {
        (ms - self.start) as f64 / self.divisor
    }
}

/// The end of a trial; of one that runs, its start.
fn end_of(span: (i64, Option<i64>)) -> i64 {
    span.1.unwrap_or(span.0)
}

/// A bar for each trial, and the number of lanes.
fn bars(study: &StudyView, axis: &TimeAxis) -> (Vec<Rectangle>, usize) {
    let mut order: Vec<_> = study.trials.iter().collect();
    order.sort_by_key(|trial| (trial.span_ms.0, trial.number));
    let gap = axis.at(axis.end) * 0.001;
    // The time at which each lane becomes free.
    let mut lanes: Vec<i64> = Vec::new();
    let mut boxes = Vec::new();
    for trial in order {
        let (from, to) = (trial.span_ms.0, end_of(trial.span_ms));
        let free = lanes.iter().position(|end| *end <= from);
        let lane = free.unwrap_or(lanes.len());
        match free {
            Some(lane) => lanes[lane] = to,
            None => lanes.push(to),
        }
        let (left, right) = (axis.at(from), (axis.at(to) - gap).max(axis.at(from)));
        let lane = lane as f64;
        boxes.push(Rectangle {
            from: (left, lane - 0.38),
            to: (right, lane + 0.38),
            paint: paint(trial.state),
        });
    }
    (boxes, lanes.len())
}

/// The states that there are, with the number of trials of each.
fn legend(study: &StudyView) -> Vec<Key> {
    const STATES: [RunState; 6] = [
        RunState::Complete,
        RunState::Pruned,
        RunState::Failed,
        RunState::Running,
        RunState::Interrupted,
        RunState::Crashed,
    ];
    let key = |state: RunState| {
        let count = study.trials.iter().filter(|trial| trial.state == state).count();
        let text = format!("{count} {}", state.name().to_lowercase());
        (count > 0).then_some(Key { paint: paint(state), look: Look::Area, text })
    };
    STATES.into_iter().filter_map(key).collect()
}

fn paint(state: RunState) -> Paint {
    match state {
        RunState::Complete => Paint::Series(0),
        RunState::Pruned => Paint::Series(4),
        RunState::Failed => Paint::Wrong,
        RunState::Running => Paint::Series(2),
        RunState::Interrupted | RunState::Crashed => Paint::Muted,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::study;
    use super::*;

    #[test]
    fn trials_that_overlap_have_lanes_of_their_own() {
        // Each starts 0.5 s before the one before it has ended.
        let figure = timeline(&study(&[(1e-3, 32, Some(0.5)), (1e-3, 32, Some(0.5)), (1e-3, 32, None)]));
        let Content::Chart { y, marks, .. } = &figure.panels[0].content else { panic!() };
        assert_eq!(y.scale, Scale::Categories(vec!["1".into(), "2".into()]));
        let Mark::Boxes(boxes) = &marks[0] else { panic!() };
        let lanes: Vec<f64> = boxes.iter().map(|part| (part.from.1 + 0.38).round()).collect();
        assert_eq!(lanes, [0.0, 1.0, 0.0]);
        assert_eq!(figure.legend.len(), 2);
    }
}
