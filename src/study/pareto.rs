//! Several objectives at once: which points no other is better than, and how much they cover.

/// The places of `losses` by front: no point of a front is better in all respects than another of
/// it, and each of a later one is worse than some of the one before. Smaller is better.
pub fn fronts(losses: &[Vec<f64>]) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = (0..losses.len()).collect();
    let mut fronts = Vec::new();
    while !left.is_empty() {
        let is_beaten = |place: &usize| left.iter().any(|other| dominates(&losses[*other], &losses[*place]));
        let (beaten, front): (Vec<usize>, Vec<usize>) = left.iter().partition(|place| is_beaten(place));
        fronts.push(front);
        left = beaten;
    }
    fronts
}

/// Whether `a` is nowhere worse than `b` and somewhere better.
fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b)
}

/// The volume that is worse than some of `points` and better than `reference`. Smaller is better.
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let inside = points.iter().filter(|point| point.iter().zip(reference).all(|(at, end)| at < end));
    let mut inside: Vec<&Vec<f64>> = inside.collect();
    let Some((&end, rest)) = reference.split_last() else { return 0.0 };
    if rest.is_empty() {
        return inside.iter().map(|point| end - point[0]).fold(0.0, f64::max);
    }
    // Slices along the last objective, each covered by all points that begin before it.
    let last = rest.len();
    inside.sort_by(|a, b| a[last].total_cmp(&b[last]));
    let begins = |place: usize| inside.get(place).map_or(end, |point| point[last]);
    let slice = |place: usize| {
        let height = begins(place + 1) - begins(place);
        let covering: Vec<Vec<f64>> = inside[..=place].iter().map(|point| point[..last].to_vec()).collect();
        if height > 0.0 { height * hypervolume(&covering, rest) } else { 0.0 }
    };
    (0..inside.len()).map(slice).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fronts_are_peeled_off_one_by_one() {
        let losses = [[1.0, 4.0], [2.0, 2.0], [4.0, 1.0], [2.0, 4.0], [4.0, 4.0], [2.0, 2.0]];
        let losses: Vec<Vec<f64>> = losses.iter().map(|point| point.to_vec()).collect();
        assert_eq!(fronts(&losses), [vec![0, 1, 2, 5], vec![3], vec![4]]);
    }

    #[test]
    fn the_volume_of_overlapping_boxes_counts_once() {
        let points = vec![vec![0.0, 2.0], vec![1.0, 1.0], vec![2.0, 0.0], vec![9.0, 9.0]];
        assert!((hypervolume(&points, &[3.0, 3.0]) - 6.0).abs() < 1e-12);
        let cube = vec![vec![0.0, 0.0, 1.0], vec![1.0, 1.0, 0.0]];
        assert!((hypervolume(&cube, &[2.0, 2.0, 2.0]) - 5.0).abs() < 1e-12);
        assert!(hypervolume(&[], &[1.0, 1.0]).abs() < 1e-12);
    }
}
