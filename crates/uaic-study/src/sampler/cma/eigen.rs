//! Square matrices row by row, and their eigenvectors as columns.

use uaic_kernel::linear_algebra::jacobi::{self, Until};

/// A square matrix, row by row.
pub(super) type Matrix = Vec<Vec<f64>>;

/// The matrix with ones on its diagonal.
pub(super) fn identity(size: usize) -> Matrix {
    (0..size).map(|row| (0..size).map(|column| f64::from(row == column)).collect()).collect()
}

/// Eigenvalues of a symmetric matrix, and its eigenvectors as columns (n, n).
pub(super) fn eigen(matrix: &Matrix) -> (Vec<f64>, Matrix) {
    let n = matrix.len();
    let (values, rows): (Vec<f64>, Matrix) =
        jacobi::eigen(matrix.concat(), n, Until::AllIsSmall).into_iter().unzip();
    (values, (0..n).map(|i| rows.iter().map(|row| row[i]).collect()).collect())
}
