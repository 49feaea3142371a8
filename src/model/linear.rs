//! Affine maps.

use candle_core::{Result, Tensor};

use super::Weights;

/// y = x·Wᵀ (+ b), initialised as PyTorch does: U(±1/√in) for both.
pub(super) struct Linear {
    /// `(out, in)`
    weight: Tensor,
    /// `(out)`
    bias: Option<Tensor>,
}

impl Linear {
    pub(super) fn new(name: &str, inputs: usize, outputs: usize, weights: &mut Weights) -> Result<Self> {
        let bias = weights.uniform(&format!("{name}.bias"), &[outputs], bound(inputs))?;
        Ok(Self { bias: Some(bias), ..Self::without_bias(name, inputs, outputs, weights)? })
    }

    pub(super) fn without_bias(
        name: &str,
        inputs: usize,
        outputs: usize,
        weights: &mut Weights,
    ) -> Result<Self> {
        let weight = weights.uniform(&format!("{name}.weight"), &[outputs, inputs], bound(inputs))?;
        Ok(Self { weight, bias: None })
    }

    /// `(B, in)` to `(B, out)`.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = x.matmul(&self.weight.t()?)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }

    /// The transposed map, `(B, out)` to `(B, in)`, without bias.
    pub(super) fn transposed(&self, y: &Tensor) -> Result<Tensor> {
        y.matmul(&self.weight)
    }
}

fn bound(inputs: usize) -> f64 {
    1.0 / (inputs as f64).sqrt()
}
