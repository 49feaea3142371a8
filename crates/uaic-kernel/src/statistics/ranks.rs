//! Ranks of values among each other.

/// Ranks from 1, equal values sharing theirs; and Σ (t³ − t) over the groups of t equal values. NaN counts
/// as larger than all numbers.
pub fn mid_ranks<'a>(values: impl IntoIterator<Item = &'a f64>) -> (Vec<f64>, f64) {
    // NaN to the end, and equal to each other, whatever its sign.
    let values: Vec<f64> =
        values.into_iter().map(|v| if v.is_nan() { f64::NAN.copysign(1.0) } else { v + 0.0 }).collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let (mut ties, mut before) = (0.0, 0);
    for group in order.chunk_by(|&i, &j| values[i].total_cmp(&values[j]).is_eq()) {
        let size = group.len() as f64;
        for &index in group {
            ranks[index] = before as f64 + f64::midpoint(size, 1.0);
        }
        ties += size.powi(3) - size;
        before += group.len();
    }
    (ranks, ties)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(mid_ranks(&[3.0, 1.0, 2.0, 1.0]), (vec![4.0, 1.5, 3.0, 1.5], 6.0));
        assert_eq!(mid_ranks(&[f64::NAN, -f64::NAN, f64::INFINITY, 0.0, -0.0]).0, [4.5, 4.5, 3.0, 1.5, 1.5]);
        assert_eq!(mid_ranks(&[]), (vec![], 0.0));
    }
}
