//! Inner products. They differ in nothing but the order of their sum, which is part of the results that
//! are recorded: which one a caller has is settled.

/// a·b, one product after the other.
#[inline]
pub fn in_order(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// a·b in four sums, which fit into one vector register, added one after the other.
#[inline]
pub fn in_four(a: &[f64], b: &[f64]) -> f64 {
    let (sums, rest) = strands::<4>(a, b);
    sums.iter().sum::<f64>() + rest
}

/// a·b in eight sums, added one after the other.
#[inline]
pub fn in_eight(a: &[f64], b: &[f64]) -> f64 {
    let (sums, rest) = strands::<8>(a, b);
    sums.iter().sum::<f64>() + rest
}

/// a·b in eight sums, added as a tree.
#[inline]
pub fn in_tree(a: &[f64], b: &[f64]) -> f64 {
    let ([s0, s1, s2, s3, s4, s5, s6, s7], rest) = strands::<8>(a, b);
    ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7)) + rest
}

/// The products of whole parts, summed side by side so that the processor can work on several at once, and
/// the sum of those that are left.
#[inline]
fn strands<const N: usize>(a: &[f64], b: &[f64]) -> ([f64; N], f64) {
    let mut sums = [0.0; N];
    let (a, b) = (a.as_chunks::<N>(), b.as_chunks::<N>());
    for (a, b) in a.0.iter().zip(b.0) {
        for lane in 0..N {
            sums[lane] += a[lane] * b[lane];
        }
    }
    (sums, in_order(a.1, b.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_orders_sum_the_same_products() {
        for n in [0, 1, 3, 4, 7, 8, 9, 31] {
            let a: Vec<f64> = (0..n).map(|i| f64::from(i) - 2.5).collect();
            let b: Vec<f64> = (0..n).map(|i| 0.5 * f64::from(i)).collect();
            // Multiples of a quarter have no rounding.
            let expected = in_order(&a, &b);
            for sum in [in_four, in_eight, in_tree] {
                approx::assert_abs_diff_eq!(sum(&a, &b), expected);
            }
        }
    }
}
