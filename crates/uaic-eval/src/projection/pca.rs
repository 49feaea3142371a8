//! Principal components.

use super::symmetric::largest;
use uaic_kernel::linear_algebra::dot::in_four as dot;

/// Rows seen along the directions in which they vary most.
#[derive(Clone, Debug, PartialEq)]
pub struct Pca {
    /// Each row along each component, `(N, K)`, with mean 0.
    pub projected: Vec<f64>,
    /// The directions, `(K, F)`, each of length 1. Of each the loading of largest magnitude is
    /// positive, which settles a sign that the data leave open.
    pub components: Vec<f64>,
    /// Their shares of the whole variance, falling, `(K)`.
    pub shares: Vec<f64>,
}

/// The first `components` principal components of `rows`, `(N, F)` with F = `width`; fewer where
/// there are fewer columns. Nothing random takes part. `None` when the rows do not vary or are not
/// finite.
pub fn pca(rows: &[f32], width: usize, components: usize) -> Option<Pca> {
    let centred = centred(rows, width)?;
    let count = centred.len() / width;
    let covariance = covariance(&centred, width);
    let total: f64 = (0..width).map(|at| covariance[at * width + at]).sum();
    if !(count > 1 && total > 0.0 && total.is_finite()) {
        return None;
    }
    let mut found = Pca { projected: Vec::new(), components: Vec::new(), shares: Vec::new() };
    for (variance, mut vector) in largest(&covariance, width, components) {
        let top = vector.iter().copied().fold(0.0, |top: f64, x| if x.abs() > top.abs() { x } else { top });
        if top < 0.0 {
            vector = vector.into_iter().map(|loading| -loading).collect();
        }
        found.shares.push(variance / total);
        found.components.extend(vector);
    }
    for row in centred.chunks_exact(width) {
        found.projected.extend(found.components.chunks_exact(width).map(|vector| dot(row, vector)));
    }
    Some(found)
}

/// The rows less their mean; `None` without any.
fn centred(rows: &[f32], width: usize) -> Option<Vec<f64>> {
    let count = rows.len().checked_div(width).filter(|count| *count > 0)?;
    let mut mean = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let mean: Vec<f64> = mean.into_iter().map(|sum| sum / count as f64).collect();
    let less = |row: &[f32]| -> Vec<f64> { row.iter().zip(&mean).map(|(x, m)| f64::from(*x) - m).collect() };
    Some(rows.chunks_exact(width).flat_map(less).collect())
}

/// `(F, F)`, with N − 1 in the denominator.
fn covariance(centred: &[f64], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width * width];
    for row in centred.chunks_exact(width) {
        for (at, value) in row.iter().enumerate() {
            let upper = &mut sums[at * width + at..(at + 1) * width];
            upper.iter_mut().zip(&row[at..]).for_each(|(sum, other)| *sum += value * other);
        }
    }
    let scale = 1.0 / (centred.len() as f64 / width as f64 - 1.0);
    for row in 0..width {
        for column in row..width {
            let value = sums[row * width + column] * scale;
            sums[row * width + column] = value;
            sums[column * width + row] = value;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Numbers that the Python lines below make as well.
    fn table(rows: usize, width: usize) -> Vec<f32> {
        (0..rows * width)
            .map(|i| (i * i * 7 % 101) as f32 + (i % width) as f32 * (i / width) as f32)
            .collect()
    }

    #[test]
    fn components_equal_scikit_learn() {
        // i = np.arange(12 * 4)
        // x = ((i * i * 7 % 101) + (i % 4) * (i // 4)).reshape(12, 4).astype(np.float32)
        // p = sklearn.decomposition.PCA(2, svd_solver="full"); z = p.fit_transform(x.astype(float))
        // (sklearn makes the loading of largest magnitude positive, too)
        // p.explained_variance_ratio_, p.components_[0], z[0], z[11]
        let found = pca(&table(12, 4), 4, 2).unwrap();
        let expect = |found: &[f64], expected: &[f64]| {
            for (value, expected) in found.iter().zip(expected) {
                assert_relative_eq!(value, expected, max_relative = 1e-9);
            }
        };
        expect(&found.shares, &SHARES);
        expect(&found.components[..4], &FIRST_COMPONENT);
        expect(&found.projected[..2], &FIRST_ROW);
        expect(&found.projected[22..], &LAST_ROW);
    }

    #[test]
    fn wide_rows_lose_nothing_that_few_directions_hold() {
        // 20 rows of 300 columns that vary in two directions only.
        let row = |i: usize| {
            (0..300).map(move |c| (i as f32) * (c as f32 % 7.0) + ((i * i) as f32) * (c as f32 % 3.0))
        };
        let rows: Vec<f32> = (0..20).flat_map(row).collect();
        let found = pca(&rows, 300, 3).unwrap();
        assert_relative_eq!(found.shares[0] + found.shares[1], 1.0, max_relative = 1e-9);
        assert!(found.shares[2] < 1e-12 && found.shares[0] >= found.shares[1]);
        let length = |k: usize| dot(&found.components[300 * k..][..300], &found.components[300 * k..][..300]);
        assert_relative_eq!(length(0), 1.0, max_relative = 1e-12);
        assert_relative_eq!(length(1), 1.0, max_relative = 1e-12);
        assert_eq!(pca(&rows, 300, 3), Some(found), "nothing random takes part");
    }

    #[test]
    fn rows_without_variance_have_no_components() {
        assert_eq!(pca(&[1.0, 2.0, 1.0, 2.0], 2, 1), None);
        assert_eq!(pca(&[1.0, 2.0], 2, 1), None);
        assert_eq!(pca(&[], 0, 1), None);
        assert_eq!(pca(&[1.0, f32::NAN, 2.0, 1.0], 2, 1), None);
        assert_eq!(pca(&[1.0, 3.0], 1, 2).unwrap().projected, [-1.0, 1.0], "there is one column");
    }

    const SHARES: [f64; 2] = [0.469_725_703_363_176_8, 0.231_361_487_172_843_63];
    const FIRST_COMPONENT: [f64; 4] =
        [0.845_146_796_743_554_9, 0.380_186_655_240_607_2, -0.106_192_892_377_457_8, 0.360_427_619_279_624_3];
    const FIRST_ROW: [f64; 2] = [-64.036_312_786_037_68, -42.855_694_201_097_06];
    const LAST_ROW: [f64; 2] = [-47.576_516_818_509_944, 18.925_369_556_043_456];
}
