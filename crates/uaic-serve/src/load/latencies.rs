//! Latencies in fixed memory: an HDR histogram (G. Tene), whose buckets grow with the value.
//!
//! Each power of two of nanoseconds is divided into 1024 equally wide buckets. A value read back is
//! the middle of its bucket, so it is off by at most 1/2048 of itself (0.05 %); count, sum, smallest
//! and largest are exact.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The largest value that has a bucket of its own: 2.4 hours. Longer ones share the last.
const LARGEST: u64 = (1 << 43) - 1;

/// Significant digits that buckets keep.
const DIGITS: u8 = 3;

/// Largest relative error of [`Latencies::quantile`].
pub const ERROR_BOUND: f64 = 1.0 / 2048.0;

/// How long things took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latencies {
    /// None until something is recorded.
    histogram: Option<Histogram<u64>>,
    sum: u128,
    smallest: u64,
    largest: u64,
}

/// Values from `low` up to, but without, `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Nanoseconds.
    pub low: u64,
    /// Nanoseconds.
    pub high: u64,
    /// How many values it has.
    pub count: u64,
}

impl Latencies {
    /// Counts one.
    pub fn record(&mut self, latency: Duration) {
        if self.histogram.is_none() {
            // It fails for bounds only that contradict each other.
            self.histogram = Histogram::new_with_bounds(1, LARGEST, DIGITS).ok();
            self.smallest = u64::MAX;
        }
        let Some(histogram) = &mut self.histogram else { return };
        let value = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        histogram.saturating_record(value);
        self.sum += u128::from(value);
        self.smallest = self.smallest.min(value);
        self.largest = self.largest.max(value);
    }

    /// Adds those of another.
    pub fn merge(&mut self, other: &Self) {
        let Some(others) = &other.histogram else { return };
        let Some(own) = &mut self.histogram else {
            self.clone_from(other);
            return;
        };
        // It fails for histograms of other bounds only.
        let _ = own.add(others);
        self.sum += other.sum;
        self.smallest = self.smallest.min(other.smallest);
        self.largest = self.largest.max(other.largest);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.histogram.as_ref().map_or(0, Histogram::len)
    }

    /// The mean, exactly; none without values.
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(u128::from(self.count()))?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    /// The shortest, exactly; none without values.
    pub fn smallest(&self) -> Option<Duration> {
        self.histogram.as_ref().map(|_| Duration::from_nanos(self.smallest))
    }

    /// The longest, exactly; none without values.
    pub fn largest(&self) -> Option<Duration> {
        self.histogram.as_ref().map(|_| Duration::from_nanos(self.largest))
    }

    /// The smallest value that at least `millionths` of 1,000,000 do not exceed (nearest rank), off by
    /// [`ERROR_BOUND`] at most; none without values. 990,000 is the 99th percentile.
    pub fn quantile(&self, millionths: u32) -> Option<Duration> {
        let all = u128::from(self.count());
        let rank = (all * u128::from(millionths)).div_ceil(1_000_000).clamp(1, all.max(1)) as u64;
        let mut below = 0;
        let bucket = self.buckets().find(|bucket| {
            below += bucket.count;
            below >= rank
        })?;
        let middle = bucket.low + (bucket.high - bucket.low - 1) / 2;
        Some(Duration::from_nanos(middle.clamp(self.smallest, self.largest)))
    }

    /// The buckets that have values, smallest first.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        let histogram = self.histogram.iter();
        histogram.flat_map(|histogram| {
            histogram.iter_recorded().map(|step| {
                let value = step.value_iterated_to();
                let low = histogram.lowest_equivalent(value);
                Bucket { low, high: histogram.next_non_equivalent(value), count: step.count_at_value() }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        for value in values {
            latencies.record(Duration::from_nanos(*value));
        }
        latencies
    }

    /// Values of every size, not only large ones.
    fn values() -> impl Strategy<Value = Vec<u64>> {
        let value =
            (0_u32..43, any::<u64>()).prop_map(|(bits, draw)| draw & ((1 << bits) | ((1 << bits) - 1)));
        prop::collection::vec(value, 1..300)
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_sorted_values_within_the_bound(
            values in values(),
            millionths in 0_u32..=1_000_000,
        ) {
            let mut sorted = values.clone();
            sorted.sort_unstable();
            let rank = (values.len() as u64 * u64::from(millionths)).div_ceil(1_000_000).max(1);
            let exact = sorted[rank as usize - 1];
            let found = of(&values).quantile(millionths).unwrap().as_nanos() as f64;
            let off = (found - exact as f64).abs();
            prop_assert!(off <= exact as f64 * ERROR_BOUND, "{found} for {exact}");
        }

        #[test]
        fn merged_parts_are_the_whole(values in values(), cut in 0_usize..300) {
            let cut = cut.min(values.len());
            let mut merged = of(&values[..cut]);
            merged.merge(&of(&values[cut..]));
            prop_assert_eq!(merged, of(&values));
        }

        #[test]
        fn every_value_lies_in_its_bucket(value in 0..=LARGEST) {
            let buckets: Vec<Bucket> = of(&[value]).buckets().collect();
            prop_assert!(buckets.len() == 1 && buckets[0].count == 1);
            prop_assert!(buckets[0].low <= value && value < buckets[0].high);
        }
    }

    #[test]
    fn the_ends_are_exact_and_nothing_is_too_long() {
        let latencies = of(&[u64::MAX, 1_000_003, 12]);
        assert_eq!(latencies.smallest(), Some(Duration::from_nanos(12)));
        assert_eq!(latencies.largest(), Some(Duration::from_nanos(u64::MAX)));
        assert_eq!(of(&[1_000_003]).quantile(500_000), Some(Duration::from_nanos(1_000_003)));
        assert_eq!(of(&[1, 2, 6]).mean(), Some(Duration::from_nanos(3)));
        assert_eq!(of(&[]).quantile(500_000), None);
        assert_eq!(of(&[]).mean(), None);
    }

    #[test]
    fn a_percentile_is_a_rank_and_not_an_interpolation() {
        let values: Vec<u64> = (1..=100).collect();
        let latencies = of(&values);
        for (millionths, expected) in [(500_000, 50), (990_000, 99), (999_000, 100), (0, 1), (1_000_000, 100)]
        {
            assert_eq!(latencies.quantile(millionths), Some(Duration::from_nanos(expected)));
        }
    }
}
