//! The Pareto front: trials that no other is better than in all respects.

use std::collections::HashSet;

use super::caption::notes;
use super::objectives::{Objectives, linear};
use crate::report::figure::{Axis, Content, Figure, Key, Look, Mark, Paint, Panel, Sign, Stroke};
use crate::study::pareto::fronts;
use crate::trial::Direction;

/// Most objectives of which all pairs are shown.
const MOST: usize = 4;
/// Most trials of a front that are named.
const NAMED: usize = 12;

/// One panel for two objectives, or one per pair: the front stands out, what it dominates is faint.
/// A line along the front of a pair ends what can be had of these two.
///
/// A few bad trials do not flatten the rest: they are marked at the edge. Of two objectives the whole
/// front is within the axes; of more, a trial may be of the front for one alone and bad in all others.
pub fn pareto_front(objectives: &Objectives) -> Figure {
    let count = objectives.names.len();
    let front = objectives.front();
    let shown = count.min(MOST);
    let pairs: Vec<(usize, usize)> = (0..shown).flat_map(|x| (x + 1..shown).map(move |y| (x, y))).collect();
    let panels: Vec<Panel> = match count {
        0 | 1 => {
            vec![empty("a front takes two objectives or more; this study has one, and `history` shows it")]
        }
        _ if front.is_empty() => vec![empty("no trial is complete yet")],
        _ => pairs.iter().map(|(x, y)| pair(objectives, &front, *x, *y)).collect(),
    };
    let columns = panels.len().min(3);
    let all = objectives.points.len();
    let cut =
        if count > MOST { format!(" · the first {MOST} of {count} objectives") } else { String::new() };
    let drawn = count > 1 && !front.is_empty();
    let cut_off = panels.iter().map(rings).max().unwrap_or(0);
    let infinite = objectives.numbers.len() - objectives.finite().0.numbers.len();
    Figure {
        title: "Pareto front".to_owned(),
        subtitle: format!("{}{cut}", objectives.subtitle),
        columns,
        legend: if drawn { legend(front.len(), all, count, (cut_off, infinite)) } else { Vec::new() },
        note: if drawn {
            notes([
                if count > 2 { MORE_THAN_TWO.to_owned() } else { String::new() },
                of_equal(&objectives.points),
                objectives.left_out(),
            ])
        } else {
            objectives.left_out()
        },
        aspect: match panels.len() {
            1 => 1.4,
            2 | 3 => 2.3,
            _ => 1.35,
        },
        panels,
        ..Figure::default()
    }
}

fn empty(why: &str) -> Panel {
    Panel { title: String::new(), content: Content::Empty(why.to_owned()) }
}

const MORE_THAN_TWO: &str =
    "A trial of the front may look dominated in a panel: it is better in what the panel does not show.";

/// How many trials have the values of another, in words.
fn of_equal(points: &[Vec<f64>]) -> String {
    let mut seen = HashSet::new();
    let bits = |point: &Vec<f64>| point.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
    match points.iter().filter(|point| !seen.insert(bits(point))).count() {
        0 => String::new(),
        1 => "1 trial has the values of another, and lies on it.".to_owned(),
        more => format!("{more} trials have the values of others, and lie on them."),
    }
}

/// How many trials of a panel are marked at its edge.
fn rings(panel: &Panel) -> usize {
    let Content::Chart { marks, .. } = &panel.content else { return 0 };
    let rings = marks.iter().map(|mark| match mark {
        Mark::Points { points, sign: Sign::Ring, .. } => points.len(),
        _ => 0,
    });
    rings.sum()
}

fn legend(front: usize, all: usize, objectives: usize, (cut_off, infinite): (usize, usize)) -> Vec<Key> {
    let key = |paint, look, text: String| Key { paint, look, text };
    let of = if objectives > 2 { "front of the two alone" } else { "what has been reached" };
    let mut keys = vec![
        key(Paint::Accent, Look::Sign(Sign::Disc), format!("front ({front} of {all} trials)")),
        key(
            Paint::Accent,
            Look::Line(if objectives > 2 { Stroke::Dashed } else { Stroke::Solid }),
            of.to_owned(),
        ),
    ];
    if front < all {
        keys.push(key(Paint::Muted, Look::Sign(Sign::Disc), "dominated".to_owned()));
    }
    if cut_off > 0 {
        // In several panels the count differs.
        let count = if objectives > 2 { String::new() } else { format!("{cut_off} ") };
        let infinite = if infinite > 0 { format!(" ({infinite} infinite)") } else { String::new() };
        keys.push(key(Paint::Ink, Look::Sign(Sign::Ring), format!("{count}beyond the axis{infinite}")));
    }
    keys
}

/// Two objectives of all trials.
fn pair(objectives: &Objectives, front: &[usize], x: usize, y: usize) -> Panel {
    let is_whole = objectives.names.len() == 2;
    let always = if is_whole { front } else { &[] };
    let (across, up) = (objectives.range(x, always), objectives.range(y, always));
    let at = |place: usize| {
        let point = &objectives.points[place];
        (inside(point[x], across), inside(point[y], up))
    };
    let is_shown = |place: &usize| at(*place) == (objectives.points[*place][x], objectives.points[*place][y]);
    let mut others: Vec<usize> = (0..objectives.points.len()).collect();
    others.retain(|place| !front.contains(place));
    let signs = |places: &[usize], paint, size| {
        let (shown, cut): (Vec<usize>, Vec<usize>) = places.iter().partition(|place| is_shown(place));
        let marks = |places: Vec<usize>, sign| {
            let points = places.into_iter().map(|place| (at(place).0, at(place).1, paint)).collect();
            Mark::Points { points, sign, size }
        };
        [marks(shown, Sign::Disc), marks(cut, Sign::Ring)]
    };
    let small = if others.len() > 500 { 2.2 } else { 3.0 };
    let mut marks = signs(&others, Paint::Muted, small).to_vec();
    let stroke = if is_whole { Stroke::Steps } else { Stroke::Dashed };
    let edge = edge(objectives, x, y).into_iter().map(|(a, b)| (inside(a, across), inside(b, up))).collect();
    marks.push(Mark::Line { points: edge, paint: Paint::Accent, stroke });
    marks.extend(signs(front, Paint::Accent, if is_whole { 4.2 } else { 3.2 }));
    if is_whole && front.len() <= NAMED {
        let numbered = front.iter().map(|place| (at(*place), objectives.numbers[*place]));
        marks.extend(names(numbered, across));
    }
    let axis = |objective: usize, range| {
        let better = match objectives.directions[objective] {
            Direction::Minimize => "smaller",
            Direction::Maximize => "larger",
        };
        Axis::new(format!("{} ({better} is better)", objectives.names[objective]), linear(range))
    };
    Panel { title: String::new(), content: Content::Chart { x: axis(x, across), y: axis(y, up), marks } }
}

/// The numbers of trials beside them; those at one place have their numbers together.
fn names(trials: impl Iterator<Item = ((f64, f64), u32)>, across: (f64, f64)) -> Vec<Mark> {
    let beside = across.1 * 0.012 - across.0 * 0.012;
    let mut places: Vec<((f64, f64), String)> = Vec::new();
    for (here, number) in trials {
        match places.iter_mut().find(|(known, _)| *known == here) {
            Some((_, numbers)) => *numbers = format!("{numbers}, {number}"),
            None => places.push((here, number.to_string())),
        }
    }
    places.into_iter().map(|(here, numbers)| named(numbers, here, beside, across)).collect()
}

/// A value, or where it is marked when it lies outside of a range.
fn inside(value: f64, (low, high): (f64, f64)) -> f64 {
    let room = high * 0.012 - low * 0.012;
    match value {
        below if below < low => low + room,
        above if above > high => high - room,
        within => within,
    }
}

/// The number of a trial, on the side of its point that has room.
fn named(text: String, (x, y): (f64, f64), beside: f64, (low, high): (f64, f64)) -> Mark {
    let ends = x > low + 0.9 * (high - low);
    Mark::Text { at: (if ends { x - beside } else { x + beside }, y), text, ends }
}

/// The front of two objectives, from the trial that is best in the first: a level line from each
/// then reaches as far as nothing better has been seen.
fn edge(objectives: &Objectives, x: usize, y: usize) -> Vec<(f64, f64)> {
    let pairs: Vec<Vec<f64>> = objectives.losses().iter().map(|losses| vec![losses[x], losses[y]]).collect();
    let front = fronts(&pairs).into_iter().next().unwrap_or_default();
    let mut points: Vec<(f64, f64)> =
        front.into_iter().map(|place| (objectives.points[place][x], objectives.points[place][y])).collect();
    points.sort_by(|a, b| objectives.directions[x].compare(a.0, b.0));
    points.dedup();
    points
}

#[cfg(test)]
mod tests {
    use super::super::objectives::testing::objectives;
    use super::*;
    use Direction::{Maximize, Minimize};

    fn marks(figure: &Figure, panel: usize) -> &[Mark] {
        match &figure.panels[panel].content {
            Content::Chart { marks, .. } => marks,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_front_is_joined_from_its_best_end_and_the_rest_is_faint() {
        let found = objectives(
            &[Maximize, Minimize],
            &[&[0.7, 2.0], &[0.9, 9.0], &[0.6, 5.0], &[0.8, 3.0], &[0.85, 9.5]],
        );
        let figure = pareto_front(&found);
        let Mark::Points { points, .. } = &marks(&figure, 0)[0] else { panic!() };
        assert_eq!(points, &[(0.6, 5.0, Paint::Muted), (0.85, 9.5, Paint::Muted)]);
        let Mark::Line { points, stroke: Stroke::Steps, .. } = &marks(&figure, 0)[2] else { panic!() };
        assert_eq!(points, &[(0.9, 9.0), (0.8, 3.0), (0.7, 2.0)]);
        assert_eq!(figure.legend[0].text, "front (3 of 5 trials)");
        let named =
            |mark: &Mark| matches!(mark, Mark::Text { text, .. } if ["0", "1", "3"].contains(&text.as_str()));
        assert_eq!(marks(&figure, 0).iter().filter(|mark| named(mark)).count(), 3);
    }

    #[test]
    fn three_objectives_are_three_pairs() {
        // The second is worse than the first in both of the first two, but best in the last.
        let found = objectives(&[Minimize; 3], &[&[1.0, 1.0, 5.0], &[2.0, 2.0, 1.0], &[3.0, 3.0, 6.0]]);
        let figure = pareto_front(&found);
        assert_eq!(figure.panels.len(), 3);
        let Mark::Points { points, .. } = &marks(&figure, 0)[3] else { panic!() };
        assert_eq!(points.len(), 2, "both are of the front of all three");
        let Mark::Line { points, .. } = &marks(&figure, 0)[2] else { panic!() };
        assert_eq!(points, &[(1.0, 1.0)], "of the pair only one is");
    }

    #[test]
    fn bad_trials_are_marked_at_the_edge() {
        let mut points: Vec<[f64; 2]> = (0..40).map(|i| [f64::from(i), f64::from(i % 7)]).collect();
        points[9][1] = 500.0;
        let points: Vec<&[f64]> = points.iter().map(|point| &point[..]).collect();
        let figure = pareto_front(&objectives(&[Minimize; 2], &points));
        let Mark::Points { points, sign: Sign::Ring, .. } = &marks(&figure, 0)[1] else { panic!() };
        assert!(points.len() == 1 && points[0].1 < 30.0, "{points:?}");
        assert_eq!(figure.legend.last().unwrap().text, "1 beyond the axis");
    }

    #[test]
    fn an_infinite_trial_of_the_front_is_marked_at_the_edge_and_the_front_goes_there() {
        let mut points: Vec<[f64; 2]> = (0..8).map(|i| [f64::from(i), 8.0 - f64::from(i)]).collect();
        points[3][0] = f64::NEG_INFINITY;
        let points: Vec<&[f64]> = points.iter().map(|point| &point[..]).collect();
        let figure = pareto_front(&objectives(&[Minimize; 2], &points));
        assert_eq!(figure.legend[0].text, "front (5 of 8 trials)");
        assert_eq!(figure.legend.last().unwrap().text, "1 beyond the axis (1 infinite)");
        let all = marks(&figure, 0);
        let Mark::Points { points: at_edge, sign: Sign::Ring, .. } = &all[4] else { panic!("{all:?}") };
        assert!(at_edge.len() == 1 && at_edge[0].2 == Paint::Accent && at_edge[0].0.is_finite());
        let Mark::Line { points, .. } = &all[2] else { panic!() };
        assert!(points.len() == 5 && points.iter().all(|point| point.0.is_finite()), "{points:?}");
    }

    #[test]
    fn trials_that_hide_one_another_are_counted() {
        let figure = pareto_front(&objectives(&[Minimize; 2], &[&[1.0, 2.0], &[1.0, 2.0], &[2.0, 1.0]]));
        assert_eq!(figure.note, "1 trial has the values of another, and lies on it.");
        let texts = marks(&figure, 0).iter().filter(|mark| matches!(mark, Mark::Text { .. }));
        assert_eq!(texts.count(), 2, "their numbers stand together");
    }

    #[test]
    fn what_has_no_front_says_why() {
        for found in [objectives(&[Minimize], &[&[1.0]]), objectives(&[Minimize, Maximize], &[])] {
            let figure = pareto_front(&found);
            assert!(figure.is_empty() && figure.legend.is_empty());
        }
    }
}
