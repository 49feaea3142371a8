//! Softmax cross-entropy with label smoothing and class weights.

use candle_core::{D, Device, Result, Tensor};

use crate::spec::ClassWeights;

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

/// Mean over the batch of −Σ q·log softmax(logits), where q gives the gold class 1 − ε and spreads
/// ε over all classes. Examples count by the weight of their gold class, and the mean is over
/// these weights.
///
/// Logits `(B, C)`, gold labels `(B)`; gives a scalar.
pub(super) fn cross_entropy(
    logits: &Tensor,
    gold: &[usize],
    smoothing: f64,
    weights: &[f32],
) -> Result<Tensor> {
    let (rows, classes) = logits.dims2()?;
    let total: f32 = gold.iter().map(|&label| weights[label]).sum();
    let spread = smoothing as f32 / classes as f32;
    let mut targets = Vec::with_capacity(rows * classes);
    for &label in gold {
        let share = weights[label] / total;
        let row = targets.len();
        targets.resize(row + classes, share * spread);
        targets[row + label] += share * (1.0 - smoothing as f32);
    }
    let targets = Tensor::from_vec(targets, (rows, classes), &Device::Cpu)?;
    (candle_nn::ops::log_softmax(logits, D::Minus1)? * targets)?.sum_all()?.neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(smoothing: f64, weights: &[f32]) -> f32 {
        let logits = Tensor::new(&[[1.0_f32, 2.0, 0.5], [0.1, -1.0, 3.0]], &Device::Cpu).unwrap();
        cross_entropy(&logits, &[0, 2], smoothing, weights).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn loss_equals_the_definition() {
        // x = np.array([[1, 2, .5], [.1, -1, 3]])
        // l = x - np.log(np.exp(x).sum(1, keepdims=True)); ce = [-l[0, 0], -l[1, 2]]
        // np.mean(ce)                                                   -> 0.767572
        // np.mean([.7 * ce[i] - .3 * l[i].mean() for i in range(2)])    -> 1.087572
        // (ce[0] + 3 * ce[1]) / 4                                       -> 0.419173
        assert!((loss(0.0, &[1.0; 3]) - 0.767_572).abs() < 1e-5, "{}", loss(0.0, &[1.0; 3]));
        assert!((loss(0.3, &[1.0; 3]) - 1.087_572).abs() < 1e-5, "{}", loss(0.3, &[1.0; 3]));
        assert!((loss(0.0, &[1.0, 1.0, 3.0]) - 0.419_173).abs() < 1e-5, "{}", loss(0.0, &[1.0, 1.0, 3.0]));
    }

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
