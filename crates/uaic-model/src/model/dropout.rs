//! Dropout (Srivastava et al. 2014), with masks from the trial's own stream.

use rand::Rng;

use uaic_kernel::rng::ChaCha8Rng;

/// Draws `count` factors: zero with probability `p`, otherwise 1/(1−p). 16 bits decide each, so p
/// is rounded to a multiple of 1/65536.
pub(super) fn draw_mask(p: f64, count: usize, rng: &mut ChaCha8Rng, mask: &mut Vec<f32>) {
    let threshold = (p * 65_536.0).round() as u32;
    let kept = (1.0 / (1.0 - p)) as f32;
    mask.clear();
    let mut bytes = [0; 512];
    while mask.len() < count {
        rng.fill_bytes(&mut bytes);
        let drawn = bytes.as_chunks().0.iter().map(|pair| u32::from(u16::from_le_bytes(*pair)));
        mask.extend(drawn.map(|bits| if bits < threshold { 0.0 } else { kept }));
    }
    mask.truncate(count);
}

#[cfg(test)]
mod tests {
    use super::*;
    use uaic_kernel::rng::SeedTree;

    #[test]
    fn the_share_dropped_is_p_and_the_mean_is_kept() {
        let mut mask = Vec::new();
        draw_mask(0.3, 99_999, &mut SeedTree::new(3).rng("dropout"), &mut mask);
        assert_eq!(mask.len(), 99_999);
        let zeros = mask.iter().filter(|factor| **factor < 0.5).count() as f64 / mask.len() as f64;
        let mean = mask.iter().map(|factor| f64::from(*factor)).sum::<f64>() / mask.len() as f64;
        assert!((zeros - 0.3).abs() < 0.01 && (mean - 1.0).abs() < 0.01, "{zeros} {mean}");
    }
}
