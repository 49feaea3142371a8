//! The empirical distribution of values.

use super::history::telling_range;
use super::view::StudyView;
use crate::report::figure::{Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Scale, Stroke};

/// For each value the share of trials that are no better, one line per study.
pub fn edf(studies: &[&StudyView]) -> Figure {
    let ranges = studies.iter().filter(|study| study.best().is_some()).map(|study| telling_range(study));
    let (low, high) =
        ranges.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (a, b)| (low.min(a), high.max(b)));
    let (low, high) = if low < high { (low, high) } else { (0.0, 1.0) };
    let line = |(number, study): (usize, &&StudyView)| {
        let mut values: Vec<f64> = study.complete().map(|(_, value)| value).collect();
        values.sort_by(f64::total_cmp);
        let count = values.len().max(1) as f64;
        let up_to = |end: f64| values.partition_point(|value| *value <= end) as f64 / count;
        let mut points = vec![(low, values.partition_point(|value| *value < low) as f64 / count)];
        let within = values.iter().enumerate().filter(|(_, value)| (low..=high).contains(*value));
        points.extend(within.map(|(place, value)| (*value, (place + 1) as f64 / count)));
        points.push((high, up_to(high)));
        Mark::Line { points, paint: Paint::Series(number), stroke: Stroke::Steps }
    };
    let marks = studies.iter().enumerate().map(line).collect();
    let legend = studies.iter().enumerate().map(|(number, study)| Key {
        paint: Paint::Series(number),
        look: Look::Line(Stroke::Solid),
        text: format!("{} {} ({} trials)", study.experiment, study.id, study.complete().count()),
    });
    let metric = studies.first().map_or(String::new(), |study| study.metric.clone());
    let content = if studies.iter().all(|study| study.best().is_none()) {
        Content::Empty("no trial is complete yet".to_owned())
    } else {
        Content::Chart {
            x: Axis::new(metric, Scale::Linear { low, high }),
            y: Axis::new("share of trials at or below", Scale::of_shares()),
            marks,
        }
    };
    Figure {
        title: "Distribution of values".to_owned(),
        subtitle: studies.iter().map(|study| study.subtitle()).collect::<Vec<_>>().join(", "),
        panels: vec![Panel { title: String::new(), content }],
        legend: if studies.len() > 1 { legend.collect() } else { Vec::new() },
        note: match studies {
            [study] => study.beyond((low, high), "beyond the ends of the axis"),
            _ => String::new(),
        },
        ..Figure::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::study;
    use super::*;

    #[test]
    fn the_share_rises_from_nothing_to_all() {
        let study =
            study(&[(1e-3, 32, Some(0.2)), (1e-3, 32, Some(0.6)), (1e-3, 32, Some(0.4)), (1e-3, 32, None)]);
        let figure = edf(&[&study]);
        let Content::Chart { marks, .. } = &figure.panels[0].content else { panic!() };
        let Mark::Line { points, .. } = &marks[0] else { panic!() };
        let shares: Vec<f64> = points.iter().map(|(_, share)| (share * 3.0).round()).collect();
        assert_eq!(shares, [0.0, 1.0, 2.0, 3.0, 3.0]);
        assert!(figure.legend.is_empty(), "one line needs no legend");
    }

    #[test]
    fn what_lies_beyond_the_axis_is_missing_at_its_end_and_counted() {
        let mut values: Vec<(f64, i64, Option<f64>)> =
            (0..9).map(|i| (1e-3, 32, Some(f64::from(i)))).collect();
        values.push((1e-3, 32, Some(f64::NEG_INFINITY)));
        values.push((1e-3, 32, Some(f64::INFINITY)));
        let figure = edf(&[&study(&values)]);
        let Content::Chart { marks, .. } = &figure.panels[0].content else { panic!() };
        let Mark::Line { points, .. } = &marks[0] else { panic!() };
        let share = |place: usize| (points[place].1 * 11.0).round();
        assert_eq!((share(0), share(points.len() - 1)), (1.0, 10.0));
        assert!(figure.note.contains("2 trials") && figure.note.contains("2 infinite"), "{}", figure.note);
    }
}
