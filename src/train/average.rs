//! Averaging the weights over the steps of a training.

use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor};

use crate::model::Weights;

/// An exponential moving average of all tensors of a model (Polyak & Juditsky 1992; Tarvainen &
/// Valpola 2017): steadier than the last step's weights.
pub(super) struct Average {
    decay: f64,
    steps: u32,
    values: Vec<Tensor>,
}

impl Average {
    /// An average that keeps the share `decay` of itself at every step; `None` for 0.
    pub(super) fn new(decay: f64, weights: &Weights) -> Result<Option<Self>> {
        if decay <= 0.0 {
            return Ok(None);
        }
        Ok(Some(Self { decay, steps: 0, values: weights.snapshot()? }))
    }

    /// Takes in the weights after a step.
    pub(super) fn update(&mut self, weights: &Weights) -> Result<()> {
        self.steps += 1;
        // Short at first, so that the random start is soon forgotten.
        let warm = (1.0 + f64::from(self.steps)) / (10.0 + f64::from(self.steps));
        let mix = Mix { kept: self.decay.min(warm) as f32 };
        weights.tensors().zip(&self.values).try_for_each(|(tensor, value)| value.inplace_op2(tensor, &mix))
    }

    /// Puts the average in the place of the weights, which come back as they were.
    pub(super) fn swap_in(&self, weights: &Weights) -> Result<Vec<Tensor>> {
        let own = weights.snapshot()?;
        weights.restore(&self.values)?;
        Ok(own)
    }
}

/// average ← kept · average + (1 − kept) · value
struct Mix {
    kept: f32,
}

impl InplaceOp2 for Mix {
    fn name(&self) -> &'static str {
        "average"
    }

    fn cpu_fwd(&self, average: &mut CpuStorage, al: &Layout, value: &CpuStorage, vl: &Layout) -> Result<()> {
        let (Some((start, end)), Some((value_start, value_end))) =
            (al.contiguous_offsets(), vl.contiguous_offsets())
        else {
            candle_core::bail!("averaged tensors must be contiguous")
        };
        let values = &value.as_slice::<f32>()?[value_start..value_end];
        let CpuStorage::F32(averages) = average else {
            candle_core::bail!("averaged tensors must be 32-bit floats")
        };
        for (average, value) in averages[start..end].iter_mut().zip(values) {
            *average = self.kept * *average + (1.0 - self.kept) * value;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;
    use candle_core::Device;

    fn value(weights: &Weights) -> f32 {
        weights.tensors().next().unwrap().to_vec1::<f32>().unwrap()[0]
    }

    #[test]
    fn the_average_follows_the_weights_and_swaps_without_loss() {
        let mut weights = Weights::new(SeedTree::new(0));
        weights.constant("w", &[1], 0.0).unwrap();
        let mut average = Average::new(0.5, &weights).unwrap().unwrap();
        let (_, variable) = weights.trained().next().unwrap();
        let variable = variable.clone();
        let mut expected = 0.0;
        for step in 1..=20_u32 {
            variable.set(&Tensor::new(&[step as f32], &Device::Cpu).unwrap()).unwrap();
            average.update(&weights).unwrap();
            let kept = f64::from(0.5_f32).min((1.0 + f64::from(step)) / (10.0 + f64::from(step)));
            expected = kept * expected + (1.0 - kept) * f64::from(step);
        }
        let own = average.swap_in(&weights).unwrap();
        assert!((f64::from(value(&weights)) - expected).abs() < 1e-4, "{} {expected}", value(&weights));
        weights.restore(&own).unwrap();
        assert!((value(&weights) - 20.0).abs() < 1e-6);
        assert!(Average::new(0.0, &weights).unwrap().is_none());
    }
}
