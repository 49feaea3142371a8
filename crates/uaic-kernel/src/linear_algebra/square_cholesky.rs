//! Cholesky's factorisation of whole square matrices, one product after the other: another order than that of
//! [`cholesky`](super::cholesky), to whose bits recorded calibrations hold.

/// The lower factor L of a symmetric positive definite matrix A = L·Lᵀ, `(n, n)` row-major; `None`
/// where it is not positive definite. Only the lower triangle is read.
pub fn factor(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut lower = vec![0.0; n * n];
    for row in 0..n {
        for column in 0..=row {
            let products = (0..column).map(|at| lower[row * n + at] * lower[column * n + at]);
            let rest = matrix[row * n + column] - products.sum::<f64>();
            lower[row * n + column] = if row == column {
                if !(rest.is_finite() && rest > 0.0) {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / lower[column * n + column]
            };
        }
    }
    Some(lower)
}

/// L⁻¹, lower triangular.
pub fn invert(lower: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for column in 0..n {
        for row in column..n {
            let unit = if row == column { 1.0 } else { 0.0 };
            let products = (column..row).map(|at| lower[row * n + at] * inverse[at * n + column]);
            inverse[row * n + column] = (unit - products.sum::<f64>()) / lower[row * n + row];
        }
    }
    inverse
}

/// x of L·Lᵀ·x = b.
pub fn solve(lower: &[f64], b: &[f64]) -> Vec<f64> {
    let n = b.len();
    let mut x = b.to_vec();
    for row in 0..n {
        let products: f64 = (0..row).map(|at| lower[row * n + at] * x[at]).sum();
        x[row] = (x[row] - products) / lower[row * n + row];
    }
    for row in (0..n).rev() {
        let products: f64 = (row + 1..n).map(|at| lower[at * n + row] * x[at]).sum();
        x[row] = (x[row] - products) / lower[row * n + row];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const MATRIX: [f64; 9] = [4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];

    #[test]
    fn the_factor_gives_the_matrix_back_and_its_inverse_the_unit() {
        let lower = factor(&MATRIX, 3).unwrap();
        let inverse = invert(&lower, 3);
        for row in 0..3 {
            for column in 0..3 {
                let product: f64 = (0..3).map(|at| lower[row * 3 + at] * lower[column * 3 + at]).sum();
                assert_relative_eq!(product, MATRIX[row * 3 + column], epsilon = 1e-12);
                let unit: f64 = (0..3).map(|at| inverse[row * 3 + at] * lower[at * 3 + column]).sum();
                assert_relative_eq!(unit, if row == column { 1.0 } else { 0.0 }, epsilon = 1e-12);
            }
        }
    }

    #[test]
    fn a_solution_solves() {
        let x = solve(&factor(&MATRIX, 3).unwrap(), &[1.0, -2.0, 0.5]);
        for (row, b) in [1.0, -2.0, 0.5].into_iter().enumerate() {
            let product: f64 = (0..3).map(|at| MATRIX[row * 3 + at] * x[at]).sum();
            assert_relative_eq!(product, b, epsilon = 1e-12);
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        assert_eq!(factor(&[0.0], 1), None);
        assert_eq!(factor(&[1.0, 2.0, 2.0, 1.0], 2), None);
        assert_eq!(factor(&[f64::NAN], 1), None);
    }
}
