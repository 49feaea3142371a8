//! Batch normalisation (Ioffe & Szegedy 2015) with PyTorch's conventions: ε 1e-5, biased variance
//! to normalise.

use super::kernel;

const EPSILON: f32 = 1e-5;

/// The mean and the biased variance of each feature.
#[derive(Clone, Debug, Default)]
pub struct BatchStatistics {
    /// `(F)`
    pub mean: Vec<f32>,
    /// `(F)`
    pub variance: Vec<f32>,
}

kernel! {
    /// The statistics of `rows` `(B, F)`.
    fn batch_statistics<'a>(rows: &'a [f32], features: usize, statistics: &'a mut BatchStatistics) {
        let BatchStatistics { mean, variance } = statistics;
        for values in [&mut *mean, &mut *variance] {
            values.clear();
            values.resize(features, 0.0);
        }
        let share = features as f32 / rows.len() as f32;
        for row in rows.chunks_exact(features) {
            for (mean, x) in mean.iter_mut().zip(row) {
                *mean += x;
            }
        }
        for mean in &mut *mean {
            *mean *= share;
        }
        for row in rows.chunks_exact(features) {
            for ((variance, mean), x) in variance.iter_mut().zip(&*mean).zip(row) {
                *variance += (x - mean) * (x - mean);
            }
        }
        for variance in variance {
            *variance *= share;
        }
    }
}

kernel! {
    /// `rows` `(B, F)` ← (rows − mean) / √(variance + ε). `statistics` gets 1 / √(variance + ε) in
    /// the place of its variance.
    fn normalize<'a>(rows: &'a mut [f32], statistics: &'a mut BatchStatistics) {
        let BatchStatistics { mean, variance } = statistics;
        for variance in &mut *variance {
            *variance = 1.0 / (*variance + EPSILON).sqrt();
        }
        for row in rows.chunks_exact_mut(mean.len()) {
            for ((x, mean), scale) in row.iter_mut().zip(&*mean).zip(&*variance) {
                *x = (*x - mean) * scale;
            }
        }
    }
}

kernel! {
    /// y = x · weight + bias for rows of `(B, F)`.
    fn scale_and_shift<'a>(x: &'a [f32], weight: &'a [f32], bias: &'a [f32], y: &'a mut [f32]) {
        for (x, y) in x.chunks_exact(weight.len()).zip(y.chunks_exact_mut(weight.len())) {
            for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
                *y = x * weight + bias;
            }
        }
    }
}

/// What a batch normalisation with its own statistics did.
pub struct Normalized<'a> {
    /// Normalised rows, `(B, F)`.
    pub rows: &'a [f32],
    /// 1 / √(variance + ε), `(F)`.
    pub scales: &'a [f32],
    /// `(F)`
    pub weight: &'a [f32],
    /// Whether the statistics were those of these rows, and so depend on them.
    pub own_statistics: bool,
}

kernel! {
    /// From gradients of the outputs to those of the inputs, in `grad` `(B, F)`; adds the gradients
    /// of weight and bias.
    fn normalize_back<'a>(
        of: Normalized<'a>,
        grad: &'a mut [f32],
        grad_weight: &'a mut [f32],
        grad_bias: &'a mut [f32],
    ) {
        let Normalized { rows, scales, weight, own_statistics } = of;
        let features = weight.len();
        for (dy, x) in grad.chunks_exact(features).zip(rows.chunks_exact(features)) {
            for (((dw, db), dy), x) in grad_weight.iter_mut().zip(grad_bias.iter_mut()).zip(dy).zip(x) {
                *dw += dy * x;
                *db += dy;
            }
        }
        let share = if own_statistics { features as f32 / rows.len() as f32 } else { 0.0 };
        for (dy, x) in grad.chunks_exact_mut(features).zip(rows.chunks_exact(features)) {
            for at in 0..features {
                let through = share * (grad_bias[at] + x[at] * grad_weight[at]);
                dy[at] = weight[at] * scales[at] * (dy[at] - through);
            }
        }
    }
}
