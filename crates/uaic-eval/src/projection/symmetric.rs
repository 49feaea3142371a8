//! Eigenvectors of symmetric matrices.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// An eigenvalue and its eigenvector.
pub(super) type Pair = (f64, Vec<f64>);

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
        let rotations = all(projected, block.len());
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

/// All eigenvalues of a symmetric matrix with their eigenvectors, largest first, by cyclic Jacobi
/// rotations (Golub & Van Loan, section 8.5).
fn all(mut matrix: Vec<f64>, size: usize) -> Vec<Pair> {
    let mut vectors: Vec<Vec<f64>> =
        (0..size).map(|row| (0..size).map(|column| f64::from(u8::from(row == column))).collect()).collect();
    for _sweep in 0..60 {
        let mut rotated = false;
        for p in 0..size {
            for q in p + 1..size {
                let off = matrix[p * size + q];
                let (first, second) = (matrix[p * size + p], matrix[q * size + q]);
                if off.abs() <= 1e-17 * (first.abs() + second.abs()) {
                    continue;
                }
                rotated = true;
                let tau = (second - first) / (2.0 * off);
                let tangent = if tau >= 0.0 { 1.0 } else { -1.0 } / (tau.abs() + (1.0 + tau * tau).sqrt());
                let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
                turn(&mut matrix, size, [p, q], [cosine, tangent * cosine]);
                let (head, tail) = vectors.split_at_mut(q);
                turn_pair(&mut head[p], &mut tail[0], [cosine, tangent * cosine]);
            }
        }
        if !rotated {
            break;
        }
    }
    let mut pairs: Vec<Pair> =
        vectors.into_iter().enumerate().map(|(at, vector)| (matrix[at * size + at], vector)).collect();
    // Stable, so that equal eigenvalues keep their order.
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs
}

/// Rotates rows and columns `p` and `q` of a symmetric matrix.
fn turn(matrix: &mut [f64], size: usize, [p, q]: [usize; 2], [cosine, sine]: [f64; 2]) {
    for k in 0..size {
        let (a, b) = (matrix[k * size + p], matrix[k * size + q]);
        matrix[k * size + p] = cosine * a - sine * b;
        matrix[k * size + q] = sine * a + cosine * b;
    }
    for k in 0..size {
        let (a, b) = (matrix[p * size + k], matrix[q * size + k]);
        matrix[p * size + k] = cosine * a - sine * b;
        matrix[q * size + k] = sine * a + cosine * b;
    }
}

fn turn_pair(first: &mut [f64], second: &mut [f64], [cosine, sine]: [f64; 2]) {
    for (a, b) in first.iter_mut().zip(second) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
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

/// In four sums, which fit into vector registers.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (heads, tails) = (a.chunks_exact(4).zip(b.chunks_exact(4)), a.len() / 4 * 4);
    for (a, b) in heads {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a[tails..].iter().zip(&b[tails..]).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}
