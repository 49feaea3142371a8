//! Latencies in fixed memory: counts in buckets whose width grows with the value.
//!
//! As in an HDR histogram (G. Tene), each power of two of nanoseconds is divided into equally wide
//! buckets, here 256. A value read back is the middle of its bucket, so it is off by at most 1/512 of
//! itself (0.2 %); count, sum, smallest and largest are exact.

use std::time::Duration;

/// Buckets per power of two, as a power of two.
const BITS: u32 = 8;

/// Buckets per power of two.
const PER_OCTAVE: usize = 1 << BITS;

/// The largest value that has a bucket of its own: 2^43 ns, 2.4 hours. Larger ones share the last.
const LARGEST: u64 = (1 << 43) - 1;

/// Number of buckets: up to 2^9 ns each nanosecond has one, then each octave has its 256.
const BUCKETS: usize = (43 - BITS as usize + 1) * PER_OCTAVE;

/// Largest relative error of [`Latencies::quantile`].
pub const ERROR_BOUND: f64 = 1.0 / 512.0;

/// How long things took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Empty until something is recorded.
    counts: Vec<u64>,
    count: u64,
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
        let value = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        if self.counts.is_empty() {
            self.counts = vec![0; BUCKETS];
            self.smallest = u64::MAX;
        }
        self.counts[place_of(value)] += 1;
        self.count += 1;
        self.sum += u128::from(value);
        self.smallest = self.smallest.min(value);
        self.largest = self.largest.max(value);
    }

    /// Adds those of another.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            self.clone_from(other);
            return;
        }
        for (own, others) in self.counts.iter_mut().zip(&other.counts) {
            *own += others;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.smallest = self.smallest.min(other.smallest);
        self.largest = self.largest.max(other.largest);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean, exactly; none without values.
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(u128::from(self.count))?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    /// The shortest, exactly; none without values.
    pub fn smallest(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_nanos(self.smallest))
    }

    /// The longest, exactly; none without values.
    pub fn largest(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_nanos(self.largest))
    }

    /// The smallest value that at least `millionths` of 1,000,000 do not exceed (nearest rank), off by
    /// [`ERROR_BOUND`] at most; none without values. 990,000 is the 99th percentile.
    pub fn quantile(&self, millionths: u32) -> Option<Duration> {
        let all = u128::from(self.count);
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
        let counts = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(place, count)| {
            let (low, width) = bounds_of(place);
            Bucket { low, high: low + width, count: *count }
        })
    }
}

/// The bucket of a value.
fn place_of(value: u64) -> usize {
    let value = value.min(LARGEST);
    // Bits that are dropped: none below 2^9, one up to 2^10 …
    let shift = (u64::BITS - 1 - (value | 1).leading_zeros()).saturating_sub(BITS);
    shift as usize * PER_OCTAVE + (value >> shift) as usize
}

/// The smallest value of a bucket, and its width.
fn bounds_of(place: usize) -> (u64, u64) {
    let shift = (place / PER_OCTAVE).saturating_sub(1);
    ((place - shift * PER_OCTAVE) as u64 * (1 << shift), 1 << shift)
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
            let (low, width) = bounds_of(place_of(value));
            prop_assert!(low <= value && value < low + width);
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for place in 1..BUCKETS {
            let (low, width) = bounds_of(place - 1);
            assert_eq!(low + width, bounds_of(place).0, "{place}");
            assert_eq!(place_of(low), place - 1);
        }
        assert_eq!(place_of(LARGEST), BUCKETS - 1);
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
