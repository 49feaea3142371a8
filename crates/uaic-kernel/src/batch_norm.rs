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
            let sums = grad_weight.iter().zip(grad_bias.iter());
            for ((((dy, x), (dw, db)), weight), scale) in dy.iter_mut().zip(x).zip(sums).zip(weight).zip(scales) {
                let through = share * (db + x * dw);
                *dy = weight * scale * (*dy - through);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, on_all};
    use super::*;

    #[test]
    fn normalising_there_and_back_equals_pytorch() {
        // x = torch.tensor([[1., 10.], [2., 30.], [6., 20.]], dtype=torch.float64, requires_grad=True)
        // bn = torch.nn.BatchNorm1d(2).double()
        // with torch.no_grad():
        //     bn.weight.copy_(torch.tensor([2., -1.])); bn.bias.copy_(torch.tensor([.5, .25]))
        // y = bn(x); (y * torch.tensor([[1., 2.], [-1., .5], [.25, 3.]])).sum().backward()
        // print(y, x.grad, bn.weight.grad, bn.bias.grad)
        let (weight, bias) = ([2.0, -1.0], [0.5, 0.25]);
        let [mean, variance, y, grad, grad_weight, grad_bias] = on_all(|kernels| {
            let mut rows = vec![1.0, 10.0, 2.0, 30.0, 6.0, 20.0];
            let mut statistics = BatchStatistics::default();
            kernels.batch_statistics(&rows, 2, &mut statistics);
            let BatchStatistics { mean, variance } = statistics.clone();
            kernels.normalize(&mut rows, &mut statistics);
            let mut y = vec![0.0; 6];
            kernels.scale_and_shift(&rows, &weight, &bias, &mut y);
            let mut grad = vec![1.0, 2.0, -1.0, 0.5, 0.25, 3.0];
            let (mut grad_weight, mut grad_bias) = (vec![0.0; 2], vec![0.0; 2]);
            let scales = &statistics.variance;
            let of = Normalized { rows: &rows, scales, weight: &weight, own_statistics: true };
            kernels.normalize_back(of, &mut grad, &mut grad_weight, &mut grad_bias);
            [mean, variance, y, grad, grad_weight, grad_bias]
        });
        assert_close(&mean, [3.0, 20.0], 1e-6);
        assert_close(&variance, [14.0 / 3.0, 200.0 / 3.0], 1e-6);
        let expected = [-1.351_638_216, 1.474_744_78, -0.425_819_108, -0.974_744_78, 3.277_457_323, 0.25];
        assert_close(&y, expected, 1e-6);
        let expected =
            [0.815_602_618, 0.071_443_432, -1.019_503_149, 0.071_443_459, 0.203_900_531, -0.142_886_891];
        assert_close(&grad, expected, 1e-6);
        assert_close(&grad_weight, [-0.115_727_388, -1.837_117_169], 1e-6);
        assert_close(&grad_bias, [0.25, 5.5], 1e-6);
    }

    #[test]
    fn foreign_statistics_pass_gradients_on_unmixed() {
        let [grad] = on_all(|kernels| {
            let mut grad = vec![1.0, -2.0];
            let of = Normalized {
                rows: &[0.3, 0.4],
                scales: &[2.0, 0.5],
                weight: &[3.0, 1.0],
                own_statistics: false,
            };
            kernels.normalize_back(of, &mut grad, &mut [0.0; 2], &mut [0.0; 2]);
            [grad]
        });
        assert_close(&grad, [6.0, -1.0], 1e-6);
    }

    #[test]
    fn a_feature_that_never_varies_stays_finite() {
        on_all(|kernels| {
            let (mut rows, mut statistics) = (vec![7.0; 4], BatchStatistics::default());
            kernels.batch_statistics(&rows, 1, &mut statistics);
            kernels.normalize(&mut rows, &mut statistics);
            assert_eq!(rows, [0.0; 4]);
            [statistics.variance]
        });
    }
}
