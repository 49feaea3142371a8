//! The best of several points by several losses: fronts, and within the last of them the points
//! that together dominate the most (Ozaki et al. 2022, MOTPE).

use crate::pareto::dominates;

/// The positions of `count` points, no more than there are: whole fronts while they fit, and of the
/// next one those that a greedy choice by hypervolume takes.
pub(super) fn best(losses: &[&[f64]], count: usize) -> Vec<usize> {
    let mut chosen = Vec::new();
    let mut left: Vec<usize> = (0..losses.len()).collect();
    while chosen.len() < count && !left.is_empty() {
        let (front, rest) = first_front(losses, left);
        left = rest;
        if chosen.len() + front.len() <= count {
            chosen.extend(front);
        } else {
            chosen.extend(spread(losses, &front, count - chosen.len()));
        }
    }
    chosen
}

/// Divides positions into those that no other one dominates, and the rest.
fn first_front(losses: &[&[f64]], mut positions: Vec<usize>) -> (Vec<usize>, Vec<usize>) {
    // In lexical order none is dominated by a later one.
    positions.sort_by(|&a, &b| {
        let by_loss = losses[a].iter().zip(losses[b]).map(|(a, b)| a.total_cmp(b));
        by_loss.fold(a.cmp(&a), std::cmp::Ordering::then).then(a.cmp(&b))
    });
    let mut front: Vec<usize> = Vec::new();
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for position in positions {
        if front.iter().any(|&other| dominates(losses[other], losses[position])) {
            rest.push(position);
        } else {
            front.push(position);
            first.push(position);
        }
    }
    (first, rest)
}

/// Of a front, `count` points, each time the one that adds most to the hypervolume.
fn spread(losses: &[&[f64]], front: &[usize], count: usize) -> Vec<usize> {
    let scaled = scale(losses, front);
    let mut chosen: Vec<usize> = Vec::new();
    let mut gains: Vec<f64> = scaled.iter().map(|point| volume(point)).collect();
    let mut open: Vec<usize> = (0..front.len()).collect();
    while chosen.len() < count && !open.is_empty() {
        // Gains only fall as more points are chosen, so one that is still the largest is the best.
        let best = loop {
            let largest = open.iter().copied().fold(open[0], |a, b| if gains[b] > gains[a] { b } else { a });
            let members: Vec<&[f64]> = chosen.iter().map(|&at| &scaled[at][..]).collect();
            let gain = gain(&scaled[largest], &members);
            if gain >= gains[largest] {
                break largest;
            }
            gains[largest] = gain;
        };
        open.retain(|&at| at != best);
        chosen.push(best);
    }
    chosen.into_iter().map(|at| front[at]).collect()
}

/// Distances below a reference a tenth of the range beyond the worst: 0.1 for the worst finite loss
/// of the front, 1.1 for the best, a little less or more for infinite ones.
fn scale(losses: &[&[f64]], front: &[usize]) -> Vec<Vec<f64>> {
    let objectives = losses[front[0]].len();
    let ends: Vec<(f64, f64)> = (0..objectives)
        .map(|objective| {
            let finite = front.iter().map(|&at| losses[at][objective]).filter(|loss| loss.is_finite());
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
        })
        .collect();
    let distance = |loss: f64, (low, high): (f64, f64)| {
        // Halved, for the range may overflow.
        let share = (high / 2.0 - loss / 2.0) / (high / 2.0 - low / 2.0);
        0.1 + if share.is_nan() { 0.5 } else { share.clamp(-0.05, 1.05) }
    };
    front
        .iter()
        .map(|&at| losses[at].iter().zip(&ends).map(|(&loss, &ends)| distance(loss, ends)).collect())
        .collect()
}

fn volume(point: &[f64]) -> f64 {
    point.iter().product()
}

/// The volume between the origin and `point` that no member has.
fn gain(point: &[f64], members: &[&[f64]]) -> f64 {
    let common: Vec<Vec<f64>> =
        members.iter().map(|member| member.iter().zip(point).map(|(a, b)| a.min(*b)).collect()).collect();
    volume(point) - union(&common.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The volume of all boxes between the origin and a point, by slices along the last coordinate.
fn union(points: &[&[f64]]) -> f64 {
    let Some(last) = points.first().and_then(|point| point.len().checked_sub(1)) else { return 0.0 };
    if last == 0 {
        return points.iter().map(|point| point[0]).fold(0.0, f64::max);
    }
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| b[last].total_cmp(&a[last]));
    (0..sorted.len())
        .map(|at| {
            let thickness = sorted[at][last] - sorted.get(at + 1).map_or(0.0, |next| next[last]);
            let slice: Vec<&[f64]> = sorted[..=at].iter().map(|point| &point[..last]).collect();
            if thickness > 0.0 { thickness * union(&slice) } else { 0.0 }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best_of(losses: &[[f64; 2]], count: usize) -> Vec<usize> {
        let losses: Vec<&[f64]> = losses.iter().map(|losses| &losses[..]).collect();
        let mut best = best(&losses, count);
        best.sort_unstable();
        best
    }

    #[test]
    fn whole_fronts_come_first() {
        let losses = [[3.0, 3.0], [0.0, 2.0], [1.0, 1.0], [2.0, 0.0], [2.5, 2.5], [1.0, 2.0]];
        assert_eq!(best_of(&losses, 3), [1, 2, 3]);
        assert_eq!(best_of(&losses, 4), [1, 2, 3, 5]);
        assert_eq!(best_of(&losses, 6), [0, 1, 2, 3, 4, 5]);
        assert_eq!(best_of(&losses, 9).len(), 6);
    }

    #[test]
    fn of_a_front_the_points_that_dominate_most_are_taken() {
        // The knee first, then both sides of it; its close neighbours add next to nothing.
        let losses = [[0.0, 1.0], [0.2, 0.21], [0.21, 0.2], [0.22, 0.19], [1.0, 0.0]];
        assert!(matches!(best_of(&losses, 1)[..], [1..=3]));
        let three = best_of(&losses, 3);
        assert!(three.contains(&0) && three.contains(&4), "{three:?}");
    }

    #[test]
    fn infinite_and_equal_losses_are_no_trouble() {
        let (inf, max) = (f64::INFINITY, f64::MAX);
        let losses = [[inf, -inf], [-inf, inf], [0.0, 0.0], [0.0, 0.0], [-max, max], [max, -max]];
        for count in 0..=6 {
            assert_eq!(best_of(&losses, count).len(), count);
        }
        assert_eq!(best_of(&[[1.0, 1.0]; 4], 2), [0, 1]);
    }

    #[test]
    fn a_union_of_boxes_counts_what_they_share_once() {
        let boxes: [&[f64]; 3] = [&[2.0, 1.0, 1.0], &[1.0, 2.0, 1.0], &[1.0, 1.0, 2.0]];
        approx::assert_abs_diff_eq!(union(&boxes), 4.0, epsilon = 1e-12);
        approx::assert_abs_diff_eq!(gain(boxes[0], &boxes[1..]), 1.0, epsilon = 1e-12);
    }
}
