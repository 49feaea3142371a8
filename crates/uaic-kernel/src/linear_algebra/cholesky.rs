//! The Cholesky factor of a symmetric positive definite matrix: A = L·Lᵀ.
//!
//! The triangle is stored row by row, so that a matrix can grow; sums go in [a tree](in_tree).

use super::dot::in_tree;

/// The lower triangle L, its rows one after another: row `i` has `i + 1` entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Factor {
    entries: Vec<f64>,
    size: usize,
}

impl Factor {
    /// The factor of the matrix whose lower triangle is `matrix`, in the same layout.
    ///
    /// `None` when the matrix is not positive definite, to the precision of its numbers.
    pub fn of(matrix: &[f64]) -> Option<Self> {
        let mut factor = Self { entries: Vec::with_capacity(matrix.len()), size: 0 };
        while factor.entries.len() < matrix.len() {
            let start = factor.entries.len();
            factor.append(&matrix[start..=start + factor.size])?;
        }
        Some(factor)
    }

    /// Makes it the factor of a matrix with one row more: `row` ends with the diagonal entry.
    ///
    /// `None`, and nothing changes, when that matrix is not positive definite.
    pub fn append(&mut self, row: &[f64]) -> Option<()> {
        let start = self.entries.len();
        for (i, &target) in row[..self.size].iter().enumerate() {
            let (above, solved) = (self.row(i), &self.entries[start..]);
            let next = (target - in_tree(&above[..i], solved)) / above[i];
            self.entries.push(next);
        }
        let solved = &self.entries[start..];
        let pivot = row[self.size] - in_tree(solved, solved);
        // Below this rounding decides; an entry that is not finite ends here as well.
        if !(pivot > 1e-14 * row[self.size] && pivot.is_finite()) {
            self.entries.truncate(start);
            return None;
        }
        self.entries.push(pivot.sqrt());
        self.size += 1;
        Some(())
    }

    fn row(&self, i: usize) -> &[f64] {
        let start = i * (i + 1) / 2;
        &self.entries[start..=start + i]
    }

    /// Replaces b by the solution of L·x = b.
    pub fn solve_lower(&self, b: &mut [f64]) {
        self.solve_lower_from(0, b);
    }

    /// The same where the first `zeros` entries of b are 0.
    fn solve_lower_from(&self, zeros: usize, b: &mut [f64]) {
        for i in zeros..self.size {
            let row = self.row(i);
            b[i] = (b[i] - in_tree(&row[zeros..i], &b[zeros..i])) / row[i];
        }
    }

    /// Replaces b by the solution of Lᵀ·x = b.
    pub fn solve_upper(&self, b: &mut [f64]) {
        for i in (0..self.size).rev() {
            let row = self.row(i);
            let x = b[i] / row[i];
            b[i] = x;
            for (before, entry) in b[..i].iter_mut().zip(row) {
                *before -= x * entry;
            }
        }
    }

    /// Replaces b by the solution of A·x = b.
    pub fn solve(&self, b: &mut [f64]) {
        self.solve_lower(b);
        self.solve_upper(b);
    }

    /// ln det A.
    pub fn log_determinant(&self) -> f64 {
        2.0 * (0..self.size).map(|i| self.row(i)[i].ln()).sum::<f64>()
    }

    /// The lower triangle of A⁻¹, in the same layout.
    pub fn inverse(&self) -> Vec<f64> {
        let n = self.size;
        // Row i of (L⁻¹)ᵀ: the solution of L·x = eᵢ, which is 0 before place i.
        let mut columns = vec![0.0; n * n];
        for (i, column) in columns.chunks_exact_mut(n.max(1)).enumerate() {
            column[i] = 1.0;
            self.solve_lower_from(i, column);
        }
        let mut inverse = Vec::with_capacity(self.entries.len());
        for i in 0..n {
            let first = &columns[i * n + i..(i + 1) * n];
            inverse.extend((0..=i).map(|j| in_tree(first, &columns[j * n + i..(j + 1) * n])));
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    /// B·Bᵀ + I for a B of many different entries, as a lower triangle.
    fn matrix(n: usize) -> Vec<f64> {
        let b = |i: usize, k: usize| ((i * 7 + k * 3) as f64 * 0.37).sin();
        let entry = |i: usize, j: usize| (0..n).map(|k| b(i, k) * b(j, k)).sum::<f64>();
        (0..n)
            .flat_map(|i| (0..=i).map(move |j| (i, j)))
            .map(|(i, j)| entry(i, j) + f64::from(u8::from(i == j)))
            .collect()
    }

    fn at(lower: &[f64], i: usize, j: usize) -> f64 {
        let (i, j) = (i.max(j), i.min(j));
        lower[i * (i + 1) / 2 + j]
    }

    fn times(lower: &[f64], x: &[f64]) -> Vec<f64> {
        (0..x.len()).map(|i| (0..x.len()).map(|j| at(lower, i, j) * x[j]).sum()).collect()
    }

    #[test]
    fn a_solution_times_the_matrix_is_the_right_side() {
        for n in [1, 2, 7, 8, 9, 33] {
            let matrix = matrix(n);
            let right: Vec<f64> = (0..n).map(|i| i as f64 - 2.5).collect();
            let mut x = right.clone();
            Factor::of(&matrix).unwrap().solve(&mut x);
            assert_abs_diff_eq!(times(&matrix, &x)[..], right[..], epsilon = 1e-10);
        }
    }

    #[test]
    fn the_inverse_times_the_matrix_is_one() {
        let matrix = matrix(19);
        let inverse = Factor::of(&matrix).unwrap().inverse();
        for j in 0..19 {
            let column: Vec<f64> = (0..19).map(|i| at(&inverse, i, j)).collect();
            let product = times(&matrix, &column);
            for (i, entry) in product.iter().enumerate() {
                assert_abs_diff_eq!(*entry, f64::from(u8::from(i == j)), epsilon = 1e-10);
            }
        }
    }

    #[test]
    fn the_determinant_of_a_diagonal_is_the_product() {
        let factor = Factor::of(&[2.0, 0.0, 3.0, 0.0, 0.0, 4.0]).unwrap();
        assert_abs_diff_eq!(factor.log_determinant(), 24.0_f64.ln(), epsilon = 1e-12);
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_has_no_factor() {
        assert_eq!(Factor::of(&[1.0, 1.0, 1.0]), None, "singular");
        assert_eq!(Factor::of(&[1.0, 2.0, 1.0]), None, "indefinite");
        assert_eq!(Factor::of(&[f64::NAN]), None);
        let mut factor = Factor::of(&[4.0]).unwrap();
        assert_eq!(factor.append(&[2.0, 1.0]), None);
        assert_eq!(factor, Factor::of(&[4.0]).unwrap(), "what failed leaves nothing behind");
    }
}
