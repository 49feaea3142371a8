//! When each trial ran, and beside which others.

use super::StudyView;
use crate::report::figure::{Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Rectangle, Scale};
use crate::trial::RunState;

/// Trials as bars over time, in as few lanes as they ran side by side: a lane is a worker.
pub fn timeline(study: &StudyView) -> Figure {
    let start = study.trials.iter().map(|trial| trial.span_ms.0).min().unwrap_or(0);
    let end_of = |span: (i64, Option<i64>)| span.1.unwrap_or(span.0);
    let end = study.trials.iter().map(|trial| end_of(trial.span_ms)).max().unwrap_or(1);
    let (unit, divisor) = match (end - start) as f64 / 1000.0 {
        seconds if seconds < 300.0 => ("seconds", 1000.0),
        seconds if seconds < 18_000.0 => ("minutes", 60_000.0),
        _ => ("hours", 3_600_000.0),
    };
    let time = |ms: i64| (ms - start) as f64 / divisor;
    let mut order: Vec<_> = study.trials.iter().collect();
    order.sort_by_key(|trial| (trial.span_ms.0, trial.number));
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
        let gap = (end - start) as f64 / divisor * 0.001;
        let (left, right) = (time(from), (time(to) - gap).max(time(from)));
        let lane = lane as f64;
        boxes.push(Rectangle {
            from: (left, lane - 0.38),
            to: (right, lane + 0.38),
            paint: paint(trial.state),
        });
    }
    let states = [
        RunState::Complete,
        RunState::Pruned,
        RunState::Failed,
        RunState::Running,
        RunState::Interrupted,
        RunState::Crashed,
    ];
    let legend = states.into_iter().filter_map(|state| {
        let count = study.trials.iter().filter(|trial| trial.state == state).count();
        let text = format!("{count} {}", state.name().to_lowercase());
        (count > 0).then_some(Key { paint: paint(state), look: Look::Area, text })
    });
    let names = (1..=lanes.len().max(1)).map(|lane| lane.to_string()).collect();
    let height = 200.0 + 46.0 * lanes.len().min(12) as f64;
    let content = Content::Chart {
        x: Axis::new(
            format!("{unit} since the first trial started"),
            Scale::Linear { low: 0.0, high: time(end).max(1e-3) * 1.01 },
        ),
        y: Axis::new("worker", Scale::Categories(names)),
        marks: vec![Mark::Boxes(boxes)],
    };
    Figure {
        title: "Timeline".to_owned(),
        subtitle: study.subtitle(),
        panels: vec![Panel { title: String::new(), content }],
        legend: legend.collect(),
        aspect: 800.0 / height,
        ..Figure::default()
    }
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
