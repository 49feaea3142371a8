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
