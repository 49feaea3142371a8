//! Whether a confidence of 80 % is right in 80 % of cases.

use super::blocks::{Blocks, Weighed};
use super::{Estimate, Undefined, wilson};

/// How many bins a reliability diagram has where nobody asks for another number.
pub const BINS: usize = 15;

/// How confidences are divided into bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binning {
    /// Bins of equal width, `(low, high]`, over [0, 1] (Guo et al. 2017).
    EqualWidth,
    /// Bins of equally many examples, as far as equal confidences allow, which share a bin: that
    /// in which the middle of them falls.
    EqualMass,
}

/// Examples of similar confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Lower edge: of the bin, or with equal mass the lowest confidence in it.
    pub low: f64,
    /// Upper edge: of the bin, or with equal mass the highest confidence in it.
    pub high: f64,
    /// Number of examples, never 0.
    pub n: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that is right, with its Wilson interval.
    pub accuracy: Estimate,
}

/// The bins of a reliability diagram, from the lowest confidence to the highest; empty ones are
/// left out. `right` says of each confidence whether its answer was right.
///
/// # Errors
/// Without examples, or with a NaN.
pub fn reliability(
    confidences: &[f64],
    right: &[bool],
    bins: usize,
    binning: Binning,
) -> Result<Vec<Bin>, Undefined> {
    let blocks = Blocks::new(confidences, right)?;
    let filled = fill(blocks.plain().rev(), confidences.len() as u64, bins, binning);
    Ok(filled.iter().filter_map(Filled::bin).collect())
}

/// The expected calibration error (Naeini et al. 2015): the mean distance between confidence and
/// accuracy of the bins, weighted by their examples.
///
/// # Errors
/// Without bins.
pub fn expected_calibration_error(bins: &[Bin]) -> Result<f64, Undefined> {
    let n: usize = bins.iter().map(|bin| bin.n).sum();
    let gap = |bin: &Bin| bin.n as f64 * (bin.accuracy.value - bin.confidence).abs();
    if n == 0 { Err(Undefined::NoExamples) } else { Ok(bins.iter().map(gap).sum::<f64>() / n as f64) }
}

/// The expected calibration error of sorted confidences under some weights, which sum to `n`.
pub(super) fn weighted_calibration_error(
    confidences: &Blocks,
    weights: &[u32],
    n: u64,
    bins: usize,
    binning: Binning,
) -> Result<f64, Undefined> {
    let filled = fill(confidences.weigh(weights).rev(), n, bins, binning);
    let gap = |bin: &Filled| (bin.right as f64 - bin.confidence).abs();
    if n == 0 { Err(Undefined::NoExamples) } else { Ok(filled.iter().map(gap).sum::<f64>() / n as f64) }
}

/// What has fallen into a bin.
struct Filled {
    low: f64,
    high: f64,
    n: u64,
    right: u64,
    /// The sum of confidences.
    confidence: f64,
}

impl Filled {
    fn between(low: f64, high: f64) -> Self {
        Self { low, high, n: 0, right: 0, confidence: 0.0 }
    }

    fn add(&mut self, block: &Weighed) {
        self.low = self.low.min(block.score);
        self.high = self.high.max(block.score);
        self.n += block.all();
        self.right += block.positive;
        self.confidence += block.all() as f64 * block.score;
    }

    fn bin(&self) -> Option<Bin> {
        let accuracy = wilson(self.right as usize, self.n as usize)?;
        let confidence = self.confidence / self.n as f64;
        Some(Bin { low: self.low, high: self.high, n: accuracy.n, confidence, accuracy })
    }
}

/// Puts blocks of rising confidence and `n` examples in all into bins.
fn fill(blocks: impl Iterator<Item = Weighed>, n: u64, bins: usize, binning: Binning) -> Vec<Filled> {
    let bins = bins.max(1);
    let edge = |index: usize| index as f64 / bins as f64;
    let empty = |index| match binning {
        Binning::EqualWidth => Filled::between(edge(index), edge(index + 1)),
        Binning::EqualMass => Filled::between(f64::INFINITY, f64::NEG_INFINITY),
    };
    let mut filled: Vec<Filled> = (0..bins).map(empty).collect();
    let (mut before, mut index) = (0, 0);
    for block in blocks.filter(|block| block.all() > 0) {
        match binning {
            Binning::EqualWidth => {
                while index + 1 < bins && block.score > edge(index + 1) {
                    index += 1;
                }
            }
            // The middle of the block as a share of all, both doubled to be whole.
            Binning::EqualMass => {
                index = ((2 * before + block.all()) * bins as u64 / (2 * n)) as usize;
            }
        }
        filled[index].add(&block);
        before += block.all();
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    const BOTH: [Binning; 2] = [Binning::EqualWidth, Binning::EqualMass];

    fn error(confidences: &[f64], right: &[bool], binning: Binning) -> f64 {
        expected_calibration_error(&reliability(confidences, right, BINS, binning).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn bins_hold_every_example_between_their_edges(
            examples in prop::collection::vec((0.0..=1.0, any::<bool>()), 1..200),
            bins in 1_usize..20,
        ) {
            let (confidences, right): (Vec<f64>, Vec<bool>) = examples.into_iter().unzip();
            for binning in BOTH {
                let filled = reliability(&confidences, &right, bins, binning).unwrap();
                prop_assert!(filled.len() <= bins);
                prop_assert_eq!(filled.iter().map(|bin| bin.n).sum::<usize>(), confidences.len());
                for bin in &filled {
                    let slack = 1e-12;
                    prop_assert!(bin.low - slack <= bin.confidence && bin.confidence <= bin.high + slack);
                    prop_assert!(bin.accuracy.low <= bin.accuracy.value && bin.accuracy.value <= bin.accuracy.high);
                }
                prop_assert!(filled.windows(2).all(|pair| pair[0].high <= pair[1].low));
            }
        }

        #[test]
        fn bins_of_equal_mass_differ_by_one_example_at_most(n in 1_usize..200, bins in 1_usize..20) {
            let confidences: Vec<f64> = (0..n).map(|row| (row as f64 + 1.0) / 200.0).collect();
            let filled = reliability(&confidences, &vec![true; n], bins, Binning::EqualMass).unwrap();
            let sizes: Vec<usize> = filled.iter().map(|bin| bin.n).collect();
            prop_assert_eq!(sizes.len(), bins.min(n));
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{:?}", sizes);
        }

        #[test]
        fn turning_the_order_of_rows_around_changes_nothing(
            examples in prop::collection::vec((0_u8..8, any::<bool>()), 1..60),
        ) {
            let (confidences, right): (Vec<f64>, Vec<bool>) =
                examples.iter().map(|&(eighths, right)| (f64::from(eighths) / 8.0, right)).unzip();
            let (back, back_right): (Vec<f64>, Vec<bool>) =
                confidences.iter().rev().copied().zip(right.iter().rev().copied()).unzip();
            for binning in BOTH {
                let forth = reliability(&confidences, &right, BINS, binning);
                prop_assert_eq!(forth, reliability(&back, &back_right, BINS, binning));
            }
        }

        #[test]
        fn a_weight_is_a_repetition(
            examples in prop::collection::vec((0_u8..=16, any::<bool>(), 0_u32..4), 1..60),
        ) {
            let unzip = |examples: &[(u8, bool, u32)]| -> (Vec<f64>, Vec<bool>) {
                examples.iter().map(|&(parts, right, _)| (f64::from(parts) / 16.0, right)).unzip()
            };
            let weights: Vec<u32> = examples.iter().map(|example| example.2).collect();
            let n: u32 = weights.iter().sum();
            prop_assume!(n > 0);
            let repeated: Vec<_> =
                examples.iter().flat_map(|&e| std::iter::repeat_n(e, e.2 as usize)).collect();
            let ((confidences, right), (long, long_right)) = (unzip(&examples), unzip(&repeated));
            let sorted = Blocks::new(&confidences, &right).unwrap();
            for binning in BOTH {
                let ours = weighted_calibration_error(&sorted, &weights, u64::from(n), BINS, binning).unwrap();
                prop_assert!((ours - error(&long, &long_right, binning)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn perfect_calibration_has_no_error() {
        // Of eight answers with confidence k/8, k are right.
        let (mut confidences, mut right) = (Vec::new(), Vec::new());
        for eighths in 1..=8_u8 {
            confidences.extend([f64::from(eighths) / 8.0; 8]);
            right.extend((0..8).map(|row| row < eighths));
        }
        for binning in BOTH {
            assert_relative_eq!(error(&confidences, &right, binning), 0.0);
        }
    }

    #[test]
    fn certain_errors_have_all_of_it() {
        for binning in BOTH {
            assert_relative_eq!(error(&[1.0; 5], &[false; 5], binning), 1.0);
        }
    }

    #[test]
    fn an_edge_belongs_to_the_bin_below() {
        let bins = reliability(&[0.0, 0.25, 0.26, 1.0], &[true; 4], 4, Binning::EqualWidth).unwrap();
        let shape: Vec<(f64, f64, usize)> = bins.iter().map(|bin| (bin.low, bin.high, bin.n)).collect();
        assert_eq!(shape, [(0.0, 0.25, 2), (0.25, 0.5, 1), (0.75, 1.0, 1)], "and an empty bin is left out");
    }

    #[test]
    fn equal_confidences_share_a_bin() {
        let bins = reliability(&[0.9, 0.9, 0.9, 0.2], &[true; 4], 4, Binning::EqualMass).unwrap();
        assert_eq!(bins.iter().map(|bin| bin.n).collect::<Vec<_>>(), [1, 3]);
        assert_eq!((bins[1].low, bins[1].high), (0.9, 0.9));
    }

    #[test]
    fn nothing_and_nan_have_no_bins() {
        assert_eq!(reliability(&[], &[], 15, Binning::EqualMass), Err(Undefined::NoExamples));
        assert_eq!(reliability(&[f64::NAN], &[true], 15, Binning::EqualWidth), Err(Undefined::NotANumber));
        assert_eq!(expected_calibration_error(&[]), Err(Undefined::NoExamples));
    }
}
