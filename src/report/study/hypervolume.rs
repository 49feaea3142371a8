//! How much of the space of values the trials so far cover.

use super::caption::notes;
use super::objectives::Objectives;
use crate::report::figure::{Axis, Content, Figure, Mark, Paint, Panel, Scale, Stroke};
use crate::report::wording::number;
use crate::study::pareto::{dominates, hypervolume as volume};
use crate::trial::Direction;

/// The hypervolume of the trials up to each, as a share of the box from a reference point to the best
/// value of each objective. The reference is the bad end of what is worth showing of each
/// objective, so that a few bad trials do not make all others look alike.
pub fn hypervolume(objectives: &Objectives) -> Figure {
    let (objectives, infinite) = &objectives.finite();
    let content = if objectives.names.len() < 2 {
        Content::Empty("one objective has no volume; `history` shows its best value so far".to_owned())
    } else if objectives.points.is_empty() {
        Content::Empty("no trial is complete with finite values".to_owned())
    } else {
        chart(objectives)
    };
    let note = if matches!(content, Content::Empty(_)) {
        String::new()
    } else {
        let ends = objectives.names.iter().zip(reference(objectives));
        let ends: Vec<String> = ends.map(|(name, end)| format!("{name} {}", number(end))).collect();
        let what =
            format!("1 would be a trial that is the best in all. Reference point: {}.", ends.join(", "));
        notes([what, of_infinite(*infinite), objectives.left_out()])
    };
    Figure {
        title: "Hypervolume".to_owned(),
        subtitle: objectives.subtitle.clone(),
        panels: vec![Panel { title: String::new(), content }],
        note,
        ..Figure::default()
    }
}

/// Trials that have no volume, in words.
fn of_infinite(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 trial with an infinite value is left out.".to_owned(),
        more => format!("{more} trials with an infinite value are left out."),
    }
}

fn chart(objectives: &Objectives) -> Content {
    let points = course(objectives);
    let last = points.last().map_or(1.0, |(number, _)| *number).max(1.0);
    let most = points.last().map_or(0.0, |(_, share)| *share);
    let high = if most > 0.0 { (most * 1.06).min(1.0) } else { 1.0 };
    let x = Axis::new("trial", Scale::Count { low: 0.0, high: last });
    let y = Axis::new("share of the box that is dominated", Scale::Linear { low: 0.0, high });
    let marks = vec![Mark::Line { points, paint: Paint::Accent, stroke: Stroke::Steps }];
    Content::Chart { x, y, marks }
}

/// The worst end of each objective that counts.
fn reference(objectives: &Objectives) -> Vec<f64> {
    let end = |(objective, direction): (usize, &Direction)| {
        let (low, high) = objectives.range(objective, &[]);
        if *direction == Direction::Minimize { high } else { low }
    };
    objectives.directions.iter().enumerate().map(end).collect()
}

/// The share that the trials up to each cover, by number.
fn course(objectives: &Objectives) -> Vec<(f64, f64)> {
    let signs: Vec<f64> = objectives
        .directions
        .iter()
        .map(|direction| if *direction == Direction::Minimize { 1.0 } else { -1.0 })
        .collect();
    let reference: Vec<f64> =
        reference(objectives).iter().zip(&signs).map(|(end, sign)| end * sign).collect();
    let losses = objectives.losses();
    let best = |objective: usize| losses.iter().map(|point| point[objective]).fold(f64::INFINITY, f64::min);
    let whole: f64 = reference.iter().enumerate().map(|(objective, end)| end - best(objective)).product();
    let mut front: Vec<Vec<f64>> = Vec::new();
    let mut share = 0.0;
    let grown = |(number, point): (&u32, &Vec<f64>)| {
        // A trial that others are better than, or the same as, changes nothing.
        if !front.iter().any(|other| other == point || dominates(other, point)) {
            front.retain(|other| !dominates(point, other));
            front.push(point.clone());
            // Where the box is empty, or too large for its volume to be a number, there is no share.
            let part = volume(&front, &reference) / whole;
            share = if part.is_finite() { part.min(1.0).max(share) } else { 1.0 };
        }
        (f64::from(*number), share)
    };
    objectives.numbers.iter().zip(&losses).map(grown).collect()
}

#[cfg(test)]
mod tests {
    use super::super::objectives::testing::objectives;
    use super::*;
    use Direction::{Maximize, Minimize};

    #[test]
    fn the_share_grows_with_every_trial_of_the_front_and_with_no_other() {
        let found = objectives(
            &[Maximize, Minimize],
            &[&[0.5, 5.0], &[0.4, 6.0], &[0.9, 6.0], &[0.5, 1.0], &[0.0, 9.0], &[0.9, 1.0]],
        );
        let shares: Vec<f64> = course(&found).into_iter().map(|(_, share)| share).collect();
        let grows: Vec<bool> = shares.windows(2).map(|pair| pair[1] > pair[0]).collect();
        assert_eq!(grows, [false, true, true, false, true], "{shares:?}");
        assert!((shares[5] - 1.0).abs() < 1e-12, "the last is the best in both");
        // The range has 5 % of room beyond the worst values, 0 and 9.
        let (low, high) = (-0.045, 9.4);
        let first = (0.5 - low) * (high - 5.0) / ((0.9 - low) * (high - 1.0));
        assert!((shares[0] - first).abs() < 1e-12, "{shares:?} for {first}");
    }

    #[test]
    fn three_objectives_have_a_volume_too() {
        let points: Vec<Vec<f64>> = (0..30)
            .map(|i| vec![f64::from(i), f64::from((i * 7 + 3) % 30), f64::from((i * 11 + 17) % 30)])
            .collect();
        let points: Vec<&[f64]> = points.iter().map(|point| &point[..]).collect();
        let course = course(&objectives(&[Minimize; 3], &points));
        assert!(course.is_sorted_by(|a, b| a.1 <= b.1) && (0.0..1.0).contains(&course[29].1), "{course:?}");
    }

    #[test]
    fn infinite_values_have_no_volume_and_are_counted() {
        let points: [&[f64]; 3] = [&[1.0, 2.0], &[f64::NEG_INFINITY, 5.0], &[2.0, 1.0]];
        let figure = hypervolume(&objectives(&[Minimize; 2], &points));
        let Content::Chart { marks, .. } = &figure.panels[0].content else { panic!() };
        assert!(matches!(&marks[0], Mark::Line { points, .. } if points.len() == 2 && points[1].1 > 0.0));
        assert!(figure.note.ends_with("1 trial with an infinite value is left out."), "{}", figure.note);
    }

    #[test]
    fn one_objective_has_none_and_equal_trials_cover_all() {
        assert!(hypervolume(&objectives(&[Minimize], &[&[1.0]])).is_empty());
        assert!(hypervolume(&objectives(&[Minimize; 2], &[])).is_empty());
        let huge: [&[f64]; 3] = [&[f64::MAX, 0.0], &[f64::MIN, 1.0], &[0.0, f64::MAX]];
        assert_eq!(course(&objectives(&[Minimize; 2], &huge)).len(), 3);
        let equal = course(&objectives(&[Minimize; 2], &[&[1.0, 2.0], &[1.0, 2.0]]));
        assert!(equal.iter().all(|(_, share)| (share - 1.0).abs() < 1e-12), "{equal:?}");
    }
}
