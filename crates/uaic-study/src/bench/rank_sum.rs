//! Whether the values of one group tend to be smaller than those of another: the Mann–Whitney U test.

use uaic_kernel::statistics::{normal, ranks::mid_ranks};

/// The outcome of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankSum {
    /// In how many pairs the first group's value is the larger one; equal ones count half.
    pub u: f64,
    /// Two-sided p-value.
    pub p: f64,
}

impl RankSum {
    /// The share of pairs in which the first group's value is the smaller one, equal ones counting half.
    pub fn share_smaller(&self, pairs: usize) -> f64 {
        if pairs == 0 { 0.5 } else { 1.0 - self.u / pairs as f64 }
    }
}

/// Up to so many values in both groups together, without ties, p is exact.
const EXACT_LIMIT: usize = 40;

/// Tests two groups of values, in which NaN counts as larger than all numbers. `None` when one is empty.
///
/// Exact for small groups without ties (Mann and Whitney 1947); else by the normal approximation, with
/// correction for ties and continuity.
///
/// ```
/// use uaic_study::bench::rank_sum::mann_whitney;
///
/// let test = mann_whitney(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).unwrap();
/// assert_eq!(test.u, 0.0);
/// assert!((test.p - 0.1).abs() < 1e-12);
/// ```
pub fn mann_whitney(a: &[f64], b: &[f64]) -> Option<RankSum> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (ranks, ties) = mid_ranks(a.iter().chain(b));
    let (own, other) = (a.len() as f64, b.len() as f64);
    let pairs = own * other;
    let u = ranks[..a.len()].iter().sum::<f64>() - own * (own + 1.0) / 2.0;
    let further = u.max(pairs - u);
    let p = if ties == 0.0 && ranks.len() <= EXACT_LIMIT {
        exact(further, a.len(), b.len())
    } else {
        let total = own + other;
        let variance = pairs / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
        approximate(further - pairs / 2.0, variance)
    };
    Some(RankSum { u, p })
}

/// Twice the probability that U is at least `u`.
fn exact(u: f64, m: usize, n: usize) -> f64 {
    // The number of orders with each U, from Gauss's binomial coefficient: the product over i of
    // (1 − q^(n+i)) / (1 − q^i).
    let mut counts = vec![0.0; m * n + 1];
    counts[0] = 1.0;
    for i in 1..=m {
        for at in (n + i..counts.len()).rev() {
            counts[at] -= counts[at - n - i];
        }
        for at in i..counts.len() {
            counts[at] += counts[at - i];
        }
    }
    let total: f64 = counts.iter().sum();
    let tail: f64 = counts[u.ceil() as usize..].iter().sum();
    (2.0 * tail / total).min(1.0)
}

/// Twice the probability that a normal variable is at least so far above its mean.
fn approximate(distance: f64, variance: f64) -> f64 {
    if variance <= 0.0 {
        return 1.0;
    }
    let z = (distance - 0.5) / variance.sqrt();
    normal::two_sided(z).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```python
    /// from scipy.stats import mannwhitneyu as test                    # SciPy 1.17.1
    /// x = lambda n, m: [((i * 7919) % m) / m for i in range(1, n + 1)]
    /// a, b, c = [1.5, 2.5, 3.5, 7.0], [3.0, 4.0, 5.0, 6.0, 8.0], [1, 1, 2, 2, 2, 3]
    /// [test(a, b, method="exact"), test(x(20, 997), [v / 2 for v in x(20, 499)], method="exact"),
    ///  test(c, [2, 3, 3, 4], method="asymptotic"),
    ///  test(x(30, 997), [v / 2 for v in x(30, 499)], method="asymptotic")]
    /// ```
    #[test]
    fn u_and_p_are_those_of_scipy() {
        let x = |n: u32, m: u32| (1..=n).map(move |i| f64::from(i * 7919 % m) / f64::from(m));
        let half = |n| x(n, 499).map(|v| v / 2.0).collect::<Vec<_>>();
        let golden: [(f64, f64); 4] = [
            (5.0, 0.285_714_285_714_285_7),
            (307.0, 0.003_210_930_632_703_616_4),
            (3.5, 0.073_638_270_120_302_66),
            (746.0, 1.249_324_209_814_768_9e-05),
        ];
        let found = [
            mann_whitney(&[1.5, 2.5, 3.5, 7.0], &[3.0, 4.0, 5.0, 6.0, 8.0]),
            mann_whitney(&x(20, 997).collect::<Vec<_>>(), &half(20)),
            mann_whitney(&[1.0, 1.0, 2.0, 2.0, 2.0, 3.0], &[2.0, 3.0, 3.0, 4.0]),
            mann_whitney(&x(30, 997).collect::<Vec<_>>(), &half(30)),
        ];
        for (found, (u, p)) in found.into_iter().zip(golden) {
            let found = found.unwrap();
            approx::assert_abs_diff_eq!(found.u, u);
            approx::assert_relative_eq!(found.p, p, max_relative = 1e-10);
        }
    }

    #[test]
    fn both_sides_have_one_p_value() {
        let (a, b) = ([1.0, 4.0, 2.0], [3.0, 9.0, 8.0, 7.0]);
        let (there, back) = (mann_whitney(&a, &b).unwrap(), mann_whitney(&b, &a).unwrap());
        approx::assert_abs_diff_eq!(there.p, back.p, epsilon = 1e-15);
        approx::assert_abs_diff_eq!(there.u + back.u, 12.0);
        approx::assert_abs_diff_eq!(there.share_smaller(12), 11.0 / 12.0);
    }

    #[test]
    fn equal_groups_and_nan_are_no_trouble() {
        approx::assert_abs_diff_eq!(mann_whitney(&[1.0; 30], &[1.0; 30]).unwrap().p, 1.0);
        assert!(mann_whitney(&[], &[1.0]).is_none());
        let nan = mann_whitney(&[f64::NAN, -f64::NAN], &[f64::INFINITY, 0.0]).unwrap();
        approx::assert_abs_diff_eq!(nan.u, 4.0);
    }
}
