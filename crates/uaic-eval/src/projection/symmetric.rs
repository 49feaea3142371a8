//! The first eigenvectors of large symmetric matrices.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use uaic_kernel::linear_algebra::dot::in_four as dot;
use uaic_kernel::linear_algebra::jacobi::{Pair, Until, eigen};

/// Vectors iterated beside the wanted ones: the more, the fewer rounds.
const BESIDE: usize = 10;
/// Most rounds; what has not converged by then are directions of equal variance.
const ROUNDS: usize = 1000;

/// The `count` largest eigenvalues of a positive semidefinite matrix `(F, F)` with their
/// eigenvectors, largest first, by orthogonal iteration with Rayleigh–Ritz projections (Rutishauser
/// 1970) from a block that is always the same. Fewer where the matrix has fewer rows.
pub(super) fn largest(matrix: &[f64], size: usize, count: usize) -> Vec<Pair> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let draw = |_| (0..size).map(|_| rng.random::<f64>() - 0.5).collect();
    let mut block: Vec<Vec<f64>> = (0..size.min(count + BESIDE)).map(draw).collect();
    let mut pairs = Vec::new();
    for _ in 0..ROUNDS {
        orthonormalise(&mut block);
        let images: Vec<Vec<f64>> = block.iter().map(|vector| product(matrix, vector)).collect();
        let projected: Vec<f64> =
            block.iter().flat_map(|row| images.iter().map(|image| dot(row, image))).collect();
        let mut rotations = eigen(projected, block.len(), Until::EachIsSmall);
        // Stable, so that equal eigenvalues keep their order.
        rotations.sort_by(|a, b| b.0.total_cmp(&a.0));
        let rotate = |vectors: &[Vec<f64>]| -> Vec<Vec<f64>> {
            rotations.iter().map(|(_, weights)| combine(vectors, weights)).collect()
        };
        let (vectors, images) = (rotate(&block), rotate(&images));
        pairs = rotations.iter().map(|(value, _)| value.max(0.0)).zip(vectors).take(count).collect();
        let scale = pairs.first().map_or(0.0, |pair| pair.0);
        if pairs.iter().zip(&images).all(|(pair, image)| residual(pair, image) <= 1e-13 * scale) {
            break;
        }
        block = images;
    }
    pairs
}

/// How far an image is from the eigenvalue times the vector.
fn residual((value, vector): &Pair, image: &[f64]) -> f64 {
    let squares: f64 = vector.iter().zip(image).map(|(v, i)| (i - value * v).powi(2)).sum();
    squares.sqrt()
}

/// Makes vectors orthogonal and of length 1; what lies in the span of those before becomes 0.
fn orthonormalise(block: &mut [Vec<f64>]) {
    for at in 0..block.len() {
        let (done, rest) = block.split_at_mut(at);
        let vector = &mut rest[0];
        let before = dot(vector, vector).sqrt();
        // Twice is enough (Giraud et al. 2005).
        for _ in 0..2 {
            for other in &*done {
                let along = dot(vector, other);
                vector.iter_mut().zip(other).for_each(|(value, o)| *value -= along * o);
            }
        }
        let length = dot(vector, vector).sqrt();
        let scale = if length > 1e-14 * before { 1.0 / length } else { 0.0 };
        for value in vector {
            *value *= scale;
        }
    }
}

fn combine(vectors: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for (vector, weight) in vectors.iter().zip(weights) {
        sum.iter_mut().zip(vector).for_each(|(total, value)| *total += weight * value);
    }
    sum
}

fn product(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(vector.len()).map(|row| dot(row, vector)).collect()
}
