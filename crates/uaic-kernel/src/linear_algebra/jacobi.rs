//! Eigenvalues and eigenvectors of symmetric matrices by cyclic Jacobi rotations (Golub & Van Loan,
//! section 8.5): not the fastest way, but accurate for small eigenvalues, too.

/// An eigenvalue and its eigenvector.
pub type Pair = (f64, Vec<f64>);

/// When it is enough. Both converge quadratically and are as exact as rounding allows; recorded results
/// hold the bits of the one that they were made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// All that is beside the diagonal together is nothing to what is on it.
    AllIsSmall,
    /// Each entry beside the diagonal is nothing to the two on it.
    EachIsSmall,
}

/// All eigenvalues of a symmetric matrix `(n, n)`, row-major, with their eigenvectors, in the order of the
/// diagonal that they have come to stand on. Only what is above the diagonal decides.
pub fn eigen(mut matrix: Vec<f64>, size: usize, until: Until) -> Vec<Pair> {
    let unit = |row: usize| (0..size).map(|column| f64::from(u8::from(row == column))).collect();
    let mut vectors: Vec<Vec<f64>> = (0..size).map(unit).collect();
    let sweeps = match until {
        Until::AllIsSmall => 50,
        Until::EachIsSmall => 60,
    };
    for _ in 0..sweeps {
        if until == Until::AllIsSmall && is_diagonal(&matrix, size) {
            break;
        }
        if !sweep(&mut matrix, &mut vectors, until) {
            break;
        }
    }
    vectors.into_iter().enumerate().map(|(at, vector)| (matrix[at * size + at], vector)).collect()
}

fn is_diagonal(matrix: &[f64], size: usize) -> bool {
    let below = (0..size).flat_map(|i| (0..i).map(move |j| matrix[i * size + j].powi(2)));
    let off: f64 = below.sum();
    let on: f64 = (0..size).map(|i| matrix[i * size + i].powi(2)).sum();
    off <= 1e-30 * on
}

/// Turns every plane once; whether any needed it.
fn sweep(matrix: &mut [f64], vectors: &mut [Vec<f64>], until: Until) -> bool {
    let size = vectors.len();
    let mut turned = false;
    for p in 0..size {
        for q in p + 1..size {
            let off = matrix[p * size + q];
            let (first, second) = (matrix[p * size + p], matrix[q * size + q]);
            let is_small = match until {
                Until::AllIsSmall => off == 0.0,
                Until::EachIsSmall => off.abs() <= 1e-17 * (first.abs() + second.abs()),
            };
            if is_small {
                continue;
            }
            turned = true;
            let tau = (second - first) / (2.0 * off);
            let sign = match until {
                Until::AllIsSmall => tau.signum(),
                Until::EachIsSmall if tau >= 0.0 => 1.0,
                Until::EachIsSmall => -1.0,
            };
            let tangent = sign / (tau.abs() + (1.0 + tau * tau).sqrt());
            let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
            turn(matrix, size, [p, q], [cosine, tangent * cosine]);
            let (head, tail) = vectors.split_at_mut(q);
            turn_pair(&mut head[p], &mut tail[0], [cosine, tangent * cosine]);
        }
    }
    // The other rule is asked before the next sweep.
    turned || until == Until::AllIsSmall
}

/// Rotates rows and columns `p` and `q` of a symmetric matrix.
fn turn(matrix: &mut [f64], size: usize, [p, q]: [usize; 2], [cosine, sine]: [f64; 2]) {
    for row in matrix.chunks_exact_mut(size) {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
    let (above, below) = matrix.split_at_mut(q * size);
    turn_pair(&mut above[p * size..(p + 1) * size], &mut below[..size], [cosine, sine]);
}

fn turn_pair(first: &mut [f64], second: &mut [f64], [cosine, sine]: [f64; 2]) {
    for (a, b) in first.iter_mut().zip(second) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Until; 2] = [Until::AllIsSmall, Until::EachIsSmall];

    #[test]
    fn a_matrix_is_put_together_again() {
        let n = 7;
        let entry = |i: usize, j: usize| ((i + 1) * (j + 1) * 7919 % 101) as f64 / 101.0 + f64::from(i == j);
        let a: Vec<f64> = (0..n * n).map(|at| entry((at / n).min(at % n), (at / n).max(at % n))).collect();
        for until in BOTH {
            let pairs = eigen(a.clone(), n, until);
            for i in 0..n {
                for j in 0..n {
                    let sum: f64 = pairs.iter().map(|(value, vector)| vector[i] * value * vector[j]).sum();
                    approx::assert_abs_diff_eq!(sum, a[i * n + j], epsilon = 1e-12);
                    let product: f64 = (0..n).map(|k| pairs[i].1[k] * pairs[j].1[k]).sum();
                    approx::assert_abs_diff_eq!(product, f64::from(i == j), epsilon = 1e-12);
                }
            }
        }
    }

    #[test]
    fn small_eigenvalues_keep_their_digits() {
        for until in BOTH {
            let pairs = eigen(vec![1.0, 1e-6, 1e-6, 2e-12], 2, until);
            let smallest = pairs.iter().map(|pair| pair.0).fold(f64::INFINITY, f64::min);
            // The determinant is 1e-12.
            approx::assert_relative_eq!(smallest, 1e-12, max_relative = 1e-3);
            assert_eq!(eigen(vec![], 0, until), vec![]);
        }
    }
}
