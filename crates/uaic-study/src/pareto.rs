//! Several losses at once: which points no other beats, how well they cover the front, how much they
//! gain together.
//!
//! A point is a list of losses, all to be minimised. It dominates another when it is nowhere worse and
//! somewhere better.

use std::cmp::Ordering;

use crate::trial::{Direction, Rank};

/// Indices of the points, front by front: the first has those that nothing dominates, the second those
/// that only the first dominates, and so on. Within a front they are in order.
///
/// Points with a NaN in them come last, in a front of their own. Two losses take O(n log n); more take
/// O(n²) at worst (efficient non-dominated sort, Zhang et al. 2015).
///
/// ```
/// use uaic_study::pareto::fronts;
///
/// let losses = [vec![1.0, 2.0], vec![2.0, 1.0], vec![2.0, 2.0]];
/// assert_eq!(fronts(&losses), [vec![0, 1], vec![2]]);
/// ```
pub fn fronts(losses: &[Vec<f64>]) -> Vec<Vec<usize>> {
    let is_nan = |index: &usize| losses[*index].iter().any(|loss| loss.is_nan());
    let (nan, mut order): (Vec<usize>, Vec<usize>) = (0..losses.len()).partition(is_nan);
    // A point comes behind all that dominate it.
    order.sort_by(|&a, &b| lexicographic(&losses[a], &losses[b]).then(a.cmp(&b)));
    let mut fronts: Vec<Vec<usize>> = Vec::new();
    for point in order {
        let front = first_front(losses, &fronts, point);
        if front == fronts.len() {
            fronts.push(Vec::new());
        }
        fronts[front].push(point);
    }
    if !nan.is_empty() {
        fronts.push(nan);
    }
    for front in &mut fronts {
        front.sort_unstable();
    }
    fronts
}

/// The first front in which nothing dominates a point that comes behind all of them.
fn first_front(losses: &[Vec<f64>], fronts: &[Vec<usize>], point: usize) -> usize {
    let by = |&other: &usize| dominates(&losses[other], &losses[point]);
    // What a front dominates, the fronts before it dominate, too.
    if losses[point].len() <= 2 {
        // Of two losses, the second falls along a front: its last member decides.
        fronts.partition_point(|front| front.last().is_some_and(by))
    } else {
        fronts.partition_point(|front| front.iter().rev().any(&by))
    }
}

/// Indices of the points that nothing dominates, in order, where each value has its own better end.
pub fn undominated(points: &[Vec<f64>], directions: &[Direction]) -> Vec<usize> {
    let loss = |(value, direction): (&f64, &Direction)| match direction {
        Direction::Minimize => *value,
        Direction::Maximize => -*value,
    };
    let losses: Vec<Vec<f64>> =
        points.iter().map(|point| point.iter().zip(directions).map(loss).collect()).collect();
    fronts(&losses).into_iter().next().unwrap_or_default()
}

/// The trials that no other one beats, by number: of those that have a rank, miss no constraint and
/// have a number for every direction. `of` gives the rank and the values of a trial.
pub fn front<'t, T>(
    trials: impl IntoIterator<Item = &'t T>,
    directions: &[Direction],
    of: impl Fn(&T) -> (Option<Rank>, Vec<f64>),
) -> Vec<&'t T> {
    let able = |trial: &'t T| {
        let (rank, values) = of(trial);
        let rank = rank.filter(Rank::is_feasible)?;
        let is_whole = values.len() == directions.len() && !values.iter().any(|value| value.is_nan());
        is_whole.then_some((rank.number(), trial, values))
    };
    let mut able: Vec<_> = trials.into_iter().filter_map(able).collect();
    able.sort_by_key(|(number, ..)| *number);
    let points: Vec<Vec<f64>> = able.iter().map(|(.., values)| values.clone()).collect();
    undominated(&points, directions).into_iter().map(|place| able[place].1).collect()
}

/// Whether `a` is nowhere worse than `b` and somewhere better. NaN dominates nothing.
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    let mut better = false;
    for (x, y) in a.iter().zip(b) {
        match x.partial_cmp(y) {
            Some(Ordering::Less) => better = true,
            Some(Ordering::Equal) => {}
            _ => return false,
        }
    }
    better
}

fn lexicographic(a: &[f64], b: &[f64]) -> Ordering {
    // Not `total_cmp`, to which 0.0 and -0.0 differ.
    a.iter()
        .zip(b)
        .map(|(x, y)| x.partial_cmp(y).unwrap_or(Ordering::Equal))
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// How far each point of a front is from its neighbours, summed over the losses, each in units of its
/// span; infinite for the ends (Deb et al. 2002).
///
/// ```
/// use uaic_study::pareto::crowding;
///
/// let losses = [vec![0.0, 4.0], vec![1.0, 1.0], vec![4.0, 0.0]];
/// assert_eq!(crowding(&losses, &[0, 1, 2]), [f64::INFINITY, 2.0, f64::INFINITY]);
/// ```
pub fn crowding(losses: &[Vec<f64>], front: &[usize]) -> Vec<f64> {
    let mut distance = vec![0.0; front.len()];
    let objectives = front.first().map_or(0, |&point| losses[point].len());
    let values = |objective| -> Vec<f64> { front.iter().map(|&point| losses[point][objective]).collect() };
    for along in (0..objectives).map(values) {
        let loss = |place: usize| along[place];
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|&a, &b| loss(a).total_cmp(&loss(b)));
        let (first, last) = (order[0], order[order.len() - 1]);
        let span = loss(last) - loss(first);
        for window in order.windows(3) {
            let share = (loss(window[2]) - loss(window[0])) / span;
            // No number where all are equal or ends are infinite: then this loss tells nothing.
            distance[window[1]] += if share.is_nan() { 0.0 } else { share };
        }
        distance[first] = f64::INFINITY;
        distance[last] = f64::INFINITY;
    }
    distance
}

/// The volume between the points and a reference point: of all that is worse than some point and better
/// than the reference. Points that are not better than the reference in every loss add nothing.
///
/// Exact. Two losses take O(n log n); with more, the points are cut into slices along the last loss,
/// and what each adds is the same question with one loss less (WFG, While et al. 2012).
///
/// ```
/// use uaic_study::pareto::hypervolume;
///
/// assert_eq!(hypervolume(&[vec![1.0, 2.0], vec![2.0, 1.0]], &[3.0, 3.0]), 3.0);
/// ```
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let is_inside = |point: &&Vec<f64>| {
        point.len() == reference.len() && point.iter().zip(reference).all(|(loss, bound)| loss < bound)
    };
    let inside: Vec<Vec<f64>> = points.iter().filter(is_inside).cloned().collect();
    if inside.is_empty() {
        return 0.0;
    }
    if inside.iter().flatten().chain(reference).any(|loss| loss.is_infinite()) {
        return f64::INFINITY;
    }
    volume(inside, reference)
}

/// [`hypervolume`] of finite points inside of the reference.
fn volume(points: Vec<Vec<f64>>, reference: &[f64]) -> f64 {
    let [rest @ .., last] = reference else { return 1.0 };
    match rest {
        [] => last - points.iter().map(|point| point[0]).fold(*last, f64::min),
        [_] => area(points, reference),
        _ => slices(points, rest, *last),
    }
}

/// The area that points of two losses cover.
fn area(mut points: Vec<Vec<f64>>, reference: &[f64]) -> f64 {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let (mut area, mut height) = (0.0, reference[1]);
    for point in points {
        if point[1] < height {
            area += (reference[0] - point[0]) * (height - point[1]);
            height = point[1];
        }
    }
    area
}

/// The sum of what each point adds to those that are better by the last loss: its own box less what they
/// cover of it, both as deep as its last loss is below the reference.
fn slices(points: Vec<Vec<f64>>, rest: &[f64], last: f64) -> f64 {
    let mut points = front_of(points);
    points.sort_by(|a, b| b[rest.len()].total_cmp(&a[rest.len()]));
    let mut sum = 0.0;
    for (place, point) in points.iter().enumerate() {
        let own: f64 = point.iter().zip(rest).map(|(loss, bound)| bound - loss).product();
        let limited = |other: &Vec<f64>| -> Vec<f64> {
            point.iter().zip(other).take(rest.len()).map(|(a, b)| a.max(*b)).collect()
        };
        let others = points[place + 1..].iter().map(limited).collect();
        sum += (last - point[rest.len()]) * (own - volume(front_of(others), rest));
    }
    sum
}

/// Those that nothing dominates.
fn front_of(points: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let Some(first) = fronts(&points).into_iter().next() else { return points };
    first.into_iter().map(|index| points[index].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sequence(count: usize, losses: usize) -> Vec<Vec<f64>> {
        let value = |i: usize, j: usize| ((i * 7919 + j * 104_729) % 997) as f64 / 997.0;
        (1..=count).map(|i| (0..losses).map(|j| value(i, j)).collect()).collect()
    }

    /// ```python
    /// import numpy as np
    /// from optuna._hypervolume import compute_hypervolume          # Optuna 5.0.0
    /// x = lambda n, d: np.array([[((i * 7919 + j * 104729) % 997) / 997 for j in range(d)]
    ///                            for i in range(1, n + 1)])
    /// [compute_hypervolume(x(40, d), np.ones(d)) for d in (2, 3, 4, 5)]
    /// ```
    #[test]
    fn volumes_are_those_of_optuna() {
        let golden: [f64; 4] = [
            0.903_390_210_752_618_8,
            0.800_265_005_501_520_4,
            0.673_746_433_375_140_8,
            0.537_638_638_044_354_6,
        ];
        for (losses, expected) in (2..).zip(golden) {
            let found = hypervolume(&sequence(40, losses), &vec![1.0; losses]);
            approx::assert_abs_diff_eq!(found, expected, epsilon = 1e-12);
        }
    }

    #[test]
    fn one_loss_is_ranked_and_measured_too() {
        let losses = [3.0, 1.0, f64::NAN, 1.0].map(|loss| vec![loss]);
        assert_eq!(fronts(&losses), [vec![1, 3], vec![0], vec![2]]);
        approx::assert_abs_diff_eq!(hypervolume(&losses, &[4.0]), 3.0);
    }

    #[test]
    fn nothing_and_what_is_no_number_have_a_volume() {
        assert!(fronts(&[]).is_empty() && crowding(&[], &[]).is_empty());
        assert_eq!(fronts(&[vec![], vec![]]), [[0, 1]]);
        let losses = [vec![f64::NAN, 0.0], vec![f64::INFINITY, 0.0], vec![2.0, 0.0]];
        approx::assert_abs_diff_eq!(hypervolume(&losses, &[1.0, 1.0]), 0.0);
        assert!(hypervolume(&[vec![f64::NEG_INFINITY, 0.0, 0.0]], &[1.0; 3]).is_infinite());
        assert_eq!(fronts(&losses), [vec![2], vec![1], vec![0]]);
    }

    #[test]
    fn equal_points_share_a_front_and_nobody_is_crowded_by_nan() {
        let losses = [vec![1.0, 0.0], vec![1.0, -0.0], vec![1.0, 1.0]];
        assert_eq!(fronts(&losses), [vec![0, 1], vec![2]]);
        let wild = [f64::NEG_INFINITY, 0.0, f64::NAN, f64::INFINITY].map(|loss| vec![loss, loss]);
        assert!(crowding(&wild, &[0, 1, 2, 3]).iter().all(|distance| !distance.is_nan()));
    }

    /// The fronts by their definition.
    fn peeled(losses: &[Vec<f64>]) -> Vec<Vec<usize>> {
        let mut left: Vec<usize> = (0..losses.len()).collect();
        let mut fronts = Vec::new();
        while !left.is_empty() {
            let is_free = |&p: &usize| !left.iter().any(|&q| dominates(&losses[q], &losses[p]));
            let (front, rest) = left.iter().copied().partition(is_free);
            fronts.push(front);
            left = rest;
        }
        fronts
    }

    fn points() -> impl Strategy<Value = Vec<Vec<f64>>> {
        (1..5_usize).prop_flat_map(|losses| {
            prop::collection::vec(prop::collection::vec((0..6_u8).prop_map(f64::from), losses), 0..30)
        })
    }

    proptest! {
        #[test]
        fn fronts_are_what_is_left_when_those_before_are_taken_away(losses in points()) {
            prop_assert_eq!(fronts(&losses), peeled(&losses));
        }

        #[test]
        fn the_volume_is_the_number_of_covered_cells(losses in points()) {
            let dims = losses.first().map_or(1, Vec::len) as u32;
            let covered = (0..6_u32.pow(dims)).filter(|cell| {
                let place = |dim| f64::from(cell / 6_u32.pow(dim) % 6);
                losses.iter().any(|point| (0..dims).zip(point).all(|(dim, loss)| *loss <= place(dim)))
            });
            let expected = covered.count() as f64;
            prop_assert!((hypervolume(&losses, &vec![6.0; dims as usize]) - expected).abs() < 1e-9);
        }
    }
}
