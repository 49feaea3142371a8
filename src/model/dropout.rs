//! Dropout (Srivastava et al. 2014), with masks from the trial's own stream.

use candle_core::{Result, Tensor};
use rand::Rng;

use super::Mode;

/// In training, sets each value to zero with probability `p` and scales the others by 1/(1−p);
/// otherwise returns its input.
pub(super) fn dropout(x: Tensor, p: f64, mode: &mut Mode<'_>) -> Result<Tensor> {
    let Mode::Train(rng) = mode else { return Ok(x) };
    if p <= 0.0 {
        return Ok(x);
    }
    // 16 bits decide each value: p is rounded to a multiple of 1/65536.
    let threshold = (p * 65_536.0).round() as u32;
    let kept = (1.0 / (1.0 - p)) as f32;
    let count = x.elem_count();
    let mut mask = Vec::with_capacity(count + 1);
    while mask.len() < count {
        let bits = rng.next_u32();
        mask.push(if bits & 0xffff < threshold { 0.0 } else { kept });
        mask.push(if bits >> 16 < threshold { 0.0 } else { kept });
    }
    mask.truncate(count);
    x.mul(&Tensor::from_vec(mask, x.shape(), x.device())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeedTree;
    use candle_core::Device;

    #[test]
    fn the_share_dropped_is_p_and_the_mean_is_kept() {
        let x = Tensor::ones(99_999, candle_core::DType::F32, &Device::Cpu).unwrap();
        let mut rng = SeedTree::new(3).rng("dropout");
        let y: Vec<f32> = dropout(x, 0.3, &mut Mode::Train(&mut rng)).unwrap().to_vec1().unwrap();
        let zeros = y.iter().filter(|value| **value < 0.5).count() as f64 / y.len() as f64;
        let mean = y.iter().map(|value| f64::from(*value)).sum::<f64>() / y.len() as f64;
        assert!((zeros - 0.3).abs() < 0.01 && (mean - 1.0).abs() < 0.01, "{zeros} {mean}");
    }

    #[test]
    fn inference_drops_nothing() {
        let x = Tensor::ones(100, candle_core::DType::F32, &Device::Cpu).unwrap();
        let y: Vec<f32> = dropout(x, 0.9, &mut Mode::Eval).unwrap().to_vec1().unwrap();
        assert_eq!(y, vec![1.0; 100]);
    }
}
