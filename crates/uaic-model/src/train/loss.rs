//! Class weights of the loss.

use crate::train::ClassWeights;

/// The weight of each class, by its number of training examples; 1 on average over the examples.
pub(super) fn class_weights(counts: &[usize], rule: ClassWeights) -> Vec<f32> {
    let raw: Vec<f64> = counts
        .iter()
        .map(|&count| match rule {
            ClassWeights::None => 1.0,
            ClassWeights::Balanced => 1.0 / count.max(1) as f64,
            ClassWeights::Sqrt => 1.0 / (count.max(1) as f64).sqrt(),
        })
        .collect();
    let examples: usize = counts.iter().sum();
    let sum: f64 = raw.iter().zip(counts).map(|(weight, &count)| weight * count as f64).sum();
    raw.iter().map(|weight| (weight * examples as f64 / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_weights_average_one_over_the_examples() {
        let counts = [90, 9, 1];
        for rule in [ClassWeights::None, ClassWeights::Balanced, ClassWeights::Sqrt] {
            let weights = class_weights(&counts, rule);
            let mean: f32 = weights.iter().zip(counts).map(|(w, n)| w * n as f32).sum::<f32>() / 100.0;
            assert!((mean - 1.0).abs() < 1e-5, "{rule:?}: {weights:?}");
        }
        let balanced = class_weights(&counts, ClassWeights::Balanced);
        assert!((balanced[2] / balanced[0] - 90.0).abs() < 1e-3);
    }
}
