//! Which bins the texts of a reference are counted in, so that chance alone does not look like drift.

use std::collections::BTreeMap;

use super::FEWEST;
use uaic_eval::{Reference, stability_noise};

/// A stability index below it is no drift to speak of.
const STABLE: f64 = 0.1;

/// Values are divided into tenths, as is the custom of the stability index.
const TENTHS: usize = 10;

/// A label with a bin of its own has so many texts in the reference: twice what is asked for where
/// counts are compared by their squares (Cochran, "Some methods for strengthening the common χ² tests",
/// 1954), as logarithms magnify small ones. With 5, one window in 14 passed 0.1 by chance where the
/// reference had 300 texts and 40 labels; with 10, one in 90.
const LEAST_COUNT: f64 = 10.0;

/// Rounding of sums of shares.
const ROUNDING: f64 = 1e-9;

/// What the noise of a stability index depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    /// Texts of the reference.
    pub(super) reference: usize,
    /// Texts of a full window.
    pub(super) window: usize,
}

impl Noise {
    /// How many texts keep the index of so many bins below [`STABLE`] in 95 % of windows without
    /// drift; `None` if a full window does not.
    fn fewest(self, bins: usize) -> Option<usize> {
        let room = STABLE / stability_noise(bins) - 1.0 / self.reference as f64;
        let texts = if room > 0.0 { (1.0 / room).ceil() } else { f64::INFINITY };
        (bins > 1 && texts <= self.window as f64).then(|| (texts as usize).max(FEWEST))
    }

    /// The most bins, up to those wanted, that half a window is enough for; `None` if not even two.
    fn most_bins(self, wanted: usize) -> Option<usize> {
        let half = (self.window / 2).max(FEWEST);
        (2..=wanted).rev().find(|&bins| self.fewest(bins).is_some_and(|texts| texts <= half))
    }
}

/// What a window is held against.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bins {
    /// How much of the reference lies in each bin: texts, or words.
    pub(super) reference: Vec<f64>,
    /// With fewer texts in the window nothing is measured.
    pub(super) fewest: usize,
}

impl Bins {
    /// Of shares; `None` where there is only one, or chance alone would look like drift.
    fn new(shares: impl IntoIterator<Item = f64>, noise: Noise) -> Option<Self> {
        let count = |share: f64| share * noise.reference as f64;
        let reference: Vec<f64> = shares.into_iter().map(count).collect();
        let sound = reference.iter().all(|count| count.is_finite() && *count >= 0.0);
        let fewest = noise.fewest(reference.len())?;
        sound.then_some(Self { reference, fewest })
    }
}

/// Known words and unknown ones. Words of a text are not independent, but hardly noisier than if each
/// text had only one.
pub(super) fn vocabulary(reference: &Reference, noise: Noise) -> Option<Bins> {
    let (words, unknown) = (reference.mean_words, reference.unknown_words);
    Bins::new([words * (1.0 - unknown), words * unknown], noise)
}

/// A bin for each frequent label and one for the rest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LabelBins {
    bins: Bins,
    /// The bin of each label by its number.
    of: Vec<usize>,
}

impl LabelBins {
    /// Of the shares of the reference by name, for labels by number.
    pub(super) fn new(shares: &BTreeMap<String, f64>, labels: &[String], noise: Noise) -> Option<Self> {
        let share = |label: &usize| shares.get(&labels[*label]).copied().unwrap_or(0.0);
        let mut frequent: Vec<usize> = (0..labels.len()).collect();
        frequent.sort_by(|a, b| share(b).total_cmp(&share(a)));
        frequent.retain(|label| share(label) * noise.reference as f64 >= LEAST_COUNT);
        // All in bins of their own if possible; else one bin fewer, as the rest needs one.
        let most = noise.most_bins(labels.len())?;
        if frequent.len() < labels.len() || most < labels.len() {
            frequent.truncate(most - 1);
        }
        let mut of = vec![frequent.len(); labels.len()];
        frequent.iter().enumerate().for_each(|(bin, &label)| of[label] = bin);
        let rest = labels.len() - frequent.len();
        let mut counted = vec![0.0; frequent.len() + usize::from(rest > 0)];
        (0..labels.len()).for_each(|label| counted[of[label]] += share(&label));
        Some(Self { bins: Bins::new(counted, noise)?, of })
    }

    /// The bin of a label; those that the model does not have are in none.
    pub(super) fn bin(&self, label: usize) -> usize {
        self.of.get(label).copied().unwrap_or(usize::MAX)
    }

    pub(super) fn bins(&self) -> &Bins {
        &self.bins
    }
}

/// Intervals of numbers that each hold about as much of the reference; values that many texts have
/// are in one bin, never on the border of two.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ValueBins {
    bins: Bins,
    /// The largest value of each bin but the last, which has no end.
    ends: Vec<f64>,
}

impl ValueBins {
    /// Of quantiles in even steps, from the smallest value to the largest. A quantile is the end of a
    /// bin only where its neighbours are other values: then its share of the texts lies at or below
    /// it. Of equal ones it is unknown how many texts have this value, so all lie inside one bin.
    pub(super) fn of_quantiles(quantiles: &[f64], noise: Noise) -> Option<Self> {
        let steps = quantiles.len().checked_sub(1)?;
        let rising = |three: &[f64]| three[0] < three[1] && three[1] < three[2];
        let untied = quantiles.windows(3).enumerate().filter(|(_, three)| rising(three));
        let mut ends: Vec<usize> = untied.map(|(at, _)| at + 1).collect();
        ends.push(steps);
        let mut before = 0;
        let cells = ends.into_iter().map(|end| {
            let share = (end - before) as f64 / steps as f64;
            before = end;
            (quantiles[end], share)
        });
        quantiles.is_sorted().then(|| Self::merge(cells, noise))?
    }

    /// Of the shares of values, rising.
    pub(super) fn of_shares(shares: &[(u32, f64)], noise: Noise) -> Option<Self> {
        let rising = shares.is_sorted_by(|a, b| a.0 < b.0);
        rising.then(|| Self::merge(shares.iter().map(|&(value, share)| (f64::from(value), share)), noise))?
    }

    /// Neighbouring cells (largest value, share) become bins of at least a tenth each, or of more
    /// where the reference does not bear ten; the last may have half of that.
    fn merge(cells: impl Iterator<Item = (f64, f64)>, noise: Noise) -> Option<Self> {
        let least = 1.0 / noise.most_bins(TENTHS)? as f64 - ROUNDING;
        let mut merged: Vec<(f64, f64)> = Vec::new();
        for (end, share) in cells {
            match merged.last_mut() {
                Some(last) if last.1 < least => *last = (end, last.1 + share),
                _ => merged.push((end, share)),
            }
        }
        if merged.len() > 1 && merged.last().is_some_and(|last| last.1 < least / 2.0) {
            let (end, share) = merged.pop()?;
            let last = merged.last_mut()?;
            *last = (end, last.1 + share);
        }
        let bins = Bins::new(merged.iter().map(|bin| bin.1), noise)?;
        let ends = merged[..merged.len() - 1].iter().map(|bin| bin.0).collect();
        Some(Self { bins, ends })
    }

    /// The bin of a value; no number is in the first.
    pub(super) fn bin(&self, value: f64) -> usize {
        self.ends.partition_point(|&end| end < value)
    }

    pub(super) fn bins(&self) -> &Bins {
        &self.bins
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const NOISE: Noise = Noise { reference: 1_000, window: 2_000 };

    fn shares(values: &ValueBins) -> Vec<f64> {
        values.bins.reference.iter().map(|count| count / NOISE.reference as f64).collect()
    }

    fn assert_shares(values: &ValueBins, expected: &[f64]) {
        let found = shares(values);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert_relative_eq!(found, expected, epsilon = 1e-9);
        }
    }

    #[test]
    fn bins_are_as_many_as_chance_allows() {
        // χ²(0.95, 9) = 16.92: 1 / (0.1 / 16.92 − 1 / 1000) = 203.6
        assert_eq!(NOISE.fewest(10), Some(204));
        assert_eq!(NOISE.most_bins(10), Some(10));
        assert_eq!(NOISE.fewest(2), Some(FEWEST));
        let most = NOISE.most_bins(500).unwrap();
        assert!((34..=36).contains(&most), "{most}");
        let small = Noise { reference: 100, window: 2_000 };
        assert_eq!(small.most_bins(10), Some(4));
        assert_eq!(Noise { reference: 20, window: 2_000 }.most_bins(10), None);
        assert_eq!(Noise { reference: 0, window: 2_000 }.most_bins(10), None);
        assert_eq!(NOISE.most_bins(1), None);
    }

    #[test]
    fn distinct_quantiles_give_tenths() {
        let quantiles: Vec<f64> = (0..=20).map(|step| f64::from(step) / 20.0).collect();
        let values = ValueBins::of_quantiles(&quantiles, NOISE).unwrap();
        assert_eq!(values.ends.len(), 9);
        assert_shares(&values, &[0.1; 10]);
        assert_eq!(
            [-1.0, 0.1, 0.100_001, 0.95, 7.0, f64::NAN].map(|value| values.bin(value)),
            [0, 0, 1, 9, 9, 0]
        );
    }

    #[test]
    fn equal_quantiles_lie_inside_one_bin() {
        // 35 % below 0.95, the others all at 1.
        let mut quantiles: Vec<f64> = (0..8).map(|step| 0.6 + f64::from(step) * 0.05).collect();
        quantiles.resize(21, 1.0);
        let values = ValueBins::of_quantiles(&quantiles, NOISE).unwrap();
        assert_eq!(values.ends, [0.7, 0.8, 0.9]);
        assert_shares(&values, &[0.1, 0.1, 0.1, 0.7]);
        // A value in the middle that a third of the texts have.
        let mut middle: Vec<f64> = (0..=20).map(f64::from).collect();
        middle[7..13].fill(7.0);
        let values = ValueBins::of_quantiles(&middle, NOISE).unwrap();
        assert!(values.ends.iter().all(|end| !(7.0..=12.0).contains(end)), "{:?}", values.ends);
        assert_relative_eq!(shares(&values).iter().sum::<f64>(), 1.0, epsilon = 1e-12);
    }

    #[test]
    fn lengths_keep_their_exact_shares() {
        let lengths = [(1, 0.05), (2, 0.3), (3, 0.25), (4, 0.1), (7, 0.2), (9, 0.06), (12, 0.04)];
        let values = ValueBins::of_shares(&lengths, NOISE).unwrap();
        assert_eq!(values.ends, [2.0, 3.0, 4.0, 7.0]);
        assert_shares(&values, &[0.35, 0.25, 0.1, 0.2, 0.1]);
        assert_eq!([0.0, 2.0, 5.0, 7.0, 8.0, 99.0].map(|words| values.bin(words)), [0, 0, 3, 3, 4, 4]);
    }

    #[test]
    fn rare_labels_share_a_bin() {
        let names: Vec<String> = (0..60).map(|label| format!("label {label:02}")).collect();
        let of = |shares: &[(usize, f64)]| {
            let shares = shares.iter().map(|&(label, share)| (names[label].clone(), share)).collect();
            LabelBins::new(&shares, &names, NOISE).unwrap()
        };
        let few = of(&[(3, 0.6), (59, 0.392), (7, 0.008)]);
        assert_eq!([3, 59, 7, 0, 60].map(|label| few.bin(label)), [0, 1, 2, 2, usize::MAX]);
        assert_relative_eq!(few.bins.reference[2], 8.0, epsilon = 1e-9);
        let even: Vec<(usize, f64)> = (0..60).map(|label| (label, 1.0 / 60.0)).collect();
        let many = of(&even);
        assert_eq!(many.bins.reference.len(), NOISE.most_bins(60).unwrap());
        assert_relative_eq!(many.bins.reference.iter().sum::<f64>(), 1_000.0, epsilon = 1e-6);
        let two =
            LabelBins::new(&[("a".into(), 0.5), ("b".into(), 0.5)].into(), &["a".into(), "b".into()], NOISE);
        assert_eq!(two.unwrap().bins.reference.len(), 2, "nobody is left for a rest");
    }

    #[test]
    fn what_makes_no_sense_is_not_measured() {
        let wild = [vec![], vec![1.0], vec![f64::NAN; 21], vec![3.0, 1.0, 2.0], vec![0.5; 21]];
        for quantiles in wild {
            assert_eq!(ValueBins::of_quantiles(&quantiles, NOISE), None, "{quantiles:?}");
        }
        for lengths in [
            vec![],
            vec![(3, 1.0)],
            vec![(3, 0.5), (2, 0.5)],
            vec![(1, f64::NAN), (2, 0.5)],
            vec![(1, 2.0), (2, -1.0)],
        ] {
            assert_eq!(ValueBins::of_shares(&lengths, NOISE), None, "{lengths:?}");
        }
        assert_eq!(LabelBins::new(&BTreeMap::new(), &[], NOISE), None);
        assert_eq!(
            LabelBins::new(&[("a".to_owned(), f64::INFINITY)].into(), &["a".into(), "b".into()], NOISE),
            None
        );
    }
}
