//! Eigenvalues and eigenvectors of a symmetric matrix.

/// A square matrix, row by row.
pub(super) type Matrix = Vec<Vec<f64>>;

/// The matrix with ones on its diagonal.
pub(super) fn identity(size: usize) -> Matrix {
    (0..size).map(|row| (0..size).map(|column| f64::from(row == column)).collect()).collect()
}

/// Eigenvalues of a symmetric matrix, and its eigenvectors as columns (n, n), by Jacobi's rotations:
/// not the fastest way, but accurate for small eigenvalues, too.
pub(super) fn eigen(mut a: Matrix) -> (Vec<f64>, Matrix) {
    let n = a.len();
    let mut vectors = identity(n);
    // It converges quadratically: a handful of sweeps do.
    for _ in 0..50 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j].powi(2)).sum();
        let on: f64 = (0..n).map(|i| a[i][i].powi(2)).sum();
        if off <= 1e-30 * on {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    ((0..n).map(|i| a[i][i]).collect(), vectors)
}

/// Turns the plane of axes p and q so that a[p][q] becomes 0.
fn rotate(a: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    let turn = |x: f64, y: f64| (cosine * x - sine * y, sine * x + cosine * y);
    for row in a.iter_mut().chain(vectors) {
        (row[p], row[q]) = turn(row[p], row[q]);
    }
    // p comes before q.
    let (above, below) = a.split_at_mut(q);
    for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
        (*x, *y) = turn(*x, *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_put_together_again() {
        let n = 7;
        let entry = |i: usize, j: usize| ((i + 1) * (j + 1) * 7919 % 101) as f64 / 101.0 + f64::from(i == j);
        let a: Matrix = (0..n).map(|i| (0..n).map(|j| entry(i.min(j), i.max(j))).collect()).collect();
        let (values, vectors) = eigen(a.clone());
        for i in 0..n {
            for j in 0..n {
                let sum: f64 = (0..n).map(|k| vectors[i][k] * values[k] * vectors[j][k]).sum();
                approx::assert_abs_diff_eq!(sum, a[i][j], epsilon = 1e-12);
                let product: f64 = (0..n).map(|k| vectors[k][i] * vectors[k][j]).sum();
                approx::assert_abs_diff_eq!(product, f64::from(i == j), epsilon = 1e-12);
            }
        }
    }

    #[test]
    fn small_eigenvalues_keep_their_digits() {
        let (mut values, _) = eigen(vec![vec![1.0, 1e-6], vec![1e-6, 2e-12]]);
        values.sort_by(f64::total_cmp);
        // The determinant is 1e-12.
        approx::assert_relative_eq!(values[0], 1e-12, max_relative = 1e-3);
        assert_eq!(eigen(vec![]), (vec![], vec![]));
    }
}
