//! Batch normalisation (Ioffe & Szegedy 2015) with PyTorch's conventions: ε 1e-5, momentum 0.1,
//! biased variance to normalise, unbiased variance to remember.

use candle_core::{Result, Tensor, Var};

use super::{Mode, Weights};

const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// Normalises each feature of `(B, H)`.
pub(super) struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Var,
    running_variance: Var,
}

impl BatchNorm {
    pub(super) fn new(name: &str, features: usize, weights: &mut Weights) -> Result<Self> {
        Ok(Self {
            weight: weights.constant(&format!("{name}.weight"), &[features], 1.0)?,
            bias: weights.constant(&format!("{name}.bias"), &[features], 0.0)?,
            running_mean: weights.buffer(&format!("{name}.running_mean"), &[features], 0.0)?,
            running_variance: weights.buffer(&format!("{name}.running_var"), &[features], 1.0)?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor, mode: &Mode<'_>) -> Result<Tensor> {
        let rows = x.dim(0)?;
        // One row has no variance of its own; it is normalised by what was seen before.
        let normalized = if matches!(mode, Mode::Train(_)) && rows > 1 {
            let mean = x.mean_keepdim(0)?;
            let centered = x.broadcast_sub(&mean)?;
            let variance = centered.sqr()?.mean_keepdim(0)?;
            track(&self.running_mean, &mean, 1.0)?;
            track(&self.running_variance, &variance, rows as f64 / (rows as f64 - 1.0))?;
            centered.broadcast_div(&(variance + EPSILON)?.sqrt()?)?
        } else {
            let deviation = (self.running_variance.as_detached_tensor() + EPSILON)?.sqrt()?;
            x.broadcast_sub(&self.running_mean.as_detached_tensor())?.broadcast_div(&deviation)?
        };
        normalized.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)
    }
}

/// running ← (1 − momentum) · running + momentum · factor · seen
fn track(running: &Var, seen: &Tensor, factor: f64) -> Result<()> {
    let seen = (seen.detach().squeeze(0)? * (MOMENTUM * factor))?;
    running.set(&((running.as_detached_tensor() * (1.0 - MOMENTUM))? + seen)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;
    use candle_core::Device;

    fn layer() -> BatchNorm {
        BatchNorm::new("bn", 2, &mut Weights::new(SeedTree::new(0))).unwrap()
    }

    #[test]
    fn training_normalises_and_remembers_as_pytorch_does() {
        // bn = torch.nn.BatchNorm1d(2); y = bn(torch.tensor([[1., 10.], [2., 30.], [6., 20.]]))
        // y[:, 0]          -> (-0.9258, -0.4629, 1.3887): mean 3, biased variance 14/3
        // bn.running_mean  -> [0.3, 2.0]
        // bn.running_var   -> [1.6, 10.9]: 0.9 + 0.1·7, 0.9 + 0.1·100
        let layer = layer();
        let x = Tensor::new(&[[1_f32, 10.], [2., 30.], [6., 20.]], &Device::Cpu).unwrap();
        let mut rng = SeedTree::new(0).rng("x");
        let y: Vec<Vec<f32>> = layer.forward(&x, &Mode::Train(&mut rng)).unwrap().to_vec2().unwrap();
        for (row, expected) in y.iter().zip([-0.9258, -0.4629, 1.3887]) {
            assert!((row[0] - expected).abs() < 1e-4, "{row:?}");
        }
        let mean: Vec<f32> = layer.running_mean.to_vec1().unwrap();
        let variance: Vec<f32> = layer.running_variance.to_vec1().unwrap();
        assert!((mean[0] - 0.3).abs() < 1e-6 && (mean[1] - 2.0).abs() < 1e-6, "{mean:?}");
        assert!((variance[0] - 1.6).abs() < 1e-6 && (variance[1] - 10.9).abs() < 1e-5, "{variance:?}");
    }

    #[test]
    fn a_single_row_stays_finite() {
        let x = Tensor::new(&[[5_f32, -3.]], &Device::Cpu).unwrap();
        let mut rng = SeedTree::new(0).rng("x");
        let y: Vec<Vec<f32>> = layer().forward(&x, &Mode::Train(&mut rng)).unwrap().to_vec2().unwrap();
        assert!(y[0].iter().all(|value| value.is_finite()));
    }
}
