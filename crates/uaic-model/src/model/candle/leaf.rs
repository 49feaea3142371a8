//! From our weights to candle's graph.

use candle_core::{Device, Result, Tensor, Var};

/// Whether candle follows what becomes of a tensor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaf {
    /// It does, for its gradients.
    Variable,
    /// It does not.
    Constant,
}

impl Leaf {
    pub(super) fn tensor(self, values: &[f32], shape: &[usize]) -> Result<Tensor> {
        match self {
            Self::Variable => Ok(Var::from_slice(values, shape, &Device::Cpu)?.into_inner()),
            Self::Constant => Tensor::from_slice(values, shape, &Device::Cpu),
        }
    }
}
