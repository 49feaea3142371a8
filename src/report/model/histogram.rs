//! Shares of values per interval, drawn as a stepped outline over a light ground.

use crate::report::figure::{Mark, Paint, Scale, Stroke};

/// Shares of values in intervals of equal width.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Histogram {
    low: f64,
    width: f64,
    pub(super) shares: Vec<f64>,
}

impl Histogram {
    /// Values outside the range count in the first or last interval; those that are not finite do
    /// not count.
    pub(super) fn new(values: &[f64], (low, high): (f64, f64), bins: usize) -> Self {
        let bins = bins.max(1);
        let width = if high > low { (high - low) / bins as f64 } else { 1.0 };
        let mut counts = vec![0_usize; bins];
        let finite = values.iter().filter(|value| value.is_finite());
        for value in finite.clone() {
            counts[(((value - low) / width).max(0.0) as usize).min(bins - 1)] += 1;
        }
        let all = finite.count().max(1) as f64;
        Self { low, width, shares: counts.into_iter().map(|count| count as f64 / all).collect() }
    }

    /// Its outline and ground, from `base` upwards.
    pub(super) fn marks(&self, paint: Paint, base: f64) -> [Mark; 2] {
        let edge = |bin: usize| self.low + self.width * bin as f64;
        let steps = self.shares.iter().enumerate();
        let steps = steps.flat_map(|(bin, share)| {
            let share = share.max(base);
            [(edge(bin), share), (edge(bin + 1), share)]
        });
        let mut outline = vec![(self.low, base)];
        outline.extend(steps);
        outline.push((edge(self.shares.len()), base));
        let ground = outline.iter().map(|&(x, share)| (x, base, share)).collect();
        [Mark::Band { points: ground, paint }, Mark::Line { points: outline, paint, stroke: Stroke::Solid }]
    }
}

/// A scale for the shares of some histograms and its low end: logarithmic where one interval holds
/// so much that the others would be flat.
pub(super) fn scale_of(histograms: &[Histogram]) -> (Scale, f64) {
    let shares = || histograms.iter().flat_map(|histogram| histogram.shares.iter().copied());
    let most = shares().fold(0.0, f64::max);
    let least = shares().filter(|share| *share > 0.0).fold(1.0, f64::min);
    if most > 0.4 && least < 0.1 {
        let low = least * 0.6;
        (Scale::Log { low, high: f64::max(most * 1.4, 1.0) }, low)
    } else {
        (Scale::Linear { low: 0.0, high: f64::max(most * 1.08, 1e-3) }, 0.0)
    }
}

/// The mean of the finite values.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    (!finite.is_empty()).then(|| finite.iter().sum::<f64>() / finite.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one_and_the_ends_belong_to_the_outer_intervals() {
        let histogram = Histogram::new(&[0.0, 0.1, 0.5, 1.0, 7.0, f64::NAN], (0.0, 1.0), 4);
        assert_eq!(histogram.shares, [0.4, 0.0, 0.2, 0.4]);
        assert_eq!(Histogram::new(&[2.0], (2.0, 2.0), 3).shares, [1.0, 0.0, 0.0]);
        assert_eq!(Histogram::new(&[], (0.0, 1.0), 2).shares, [0.0, 0.0]);
    }

    #[test]
    fn one_tall_interval_makes_the_scale_logarithmic() {
        let of = |values: &[f64]| scale_of(&[Histogram::new(values, (0.0, 1.0), 10)]).0;
        let mut values = vec![0.95; 99];
        values.push(0.1);
        assert!(matches!(of(&values), Scale::Log { low, high } if low < 0.01 && high >= 1.0));
        assert!(matches!(of(&[0.1, 0.3, 0.5, 0.9]), Scale::Linear { .. }));
        assert!(matches!(of(&[]), Scale::Linear { .. }));
    }
}
