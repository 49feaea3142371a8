//! Histograms without a lock: an observation is one atomic addition to a bucket and one to the sum.
//!
//! The histogram of `prometheus-client` takes a mutex and looks through its buckets one by one.

use super::atomic::{Counter, Float};

/// Upper ends in seconds for answers to HTTP requests.
pub(super) const LATENCY: &[f64] = &[
    50e-6, 100e-6, 150e-6, 200e-6, 300e-6, 500e-6, 750e-6, 1e-3, 2e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25,
    0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Upper ends in seconds for waits and forward passes, which may be far shorter.
pub(super) const DURATION: &[f64] = &[
    5e-6, 10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25,
    0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Upper ends in texts.
pub(super) const BATCH: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Upper ends of probabilities.
pub(super) const CONFIDENCE: &[f64] = &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0];

/// How many values fell in each of some fixed buckets, and their sum.
#[derive(Debug)]
pub(super) struct Histogram {
    /// Rising.
    ends: &'static [f64],
    /// One for each end, and one for what is larger.
    buckets: Box<[Counter]>,
    sum: Float,
}

impl Histogram {
    pub(super) fn new(ends: &'static [f64]) -> Self {
        Self { ends, buckets: (0..=ends.len()).map(|_| Counter::default()).collect(), sum: Float::default() }
    }

    /// What is no finite number counts as 0, so that nothing observed is lost and the sum stays one.
    pub(super) fn observe(&self, value: f64) {
        let value = if value.is_finite() { value } else { 0.0 };
        let bucket = self.ends.partition_point(|&end| end < value);
        self.buckets[bucket].add(1);
        self.sum.add(value);
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::new(self.ends);
        snapshot.add(self);
        snapshot
    }
}

/// A histogram, or the sum of several with the same buckets, at one moment.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// Upper end and number of values of each bucket; the last has no end.
    pub(super) buckets: Vec<(f64, u64)>,
    pub(super) sum: f64,
}

impl Snapshot {
    pub(super) fn new(ends: &[f64]) -> Self {
        let ends = ends.iter().copied().chain([f64::INFINITY]);
        Self { buckets: ends.map(|end| (end, 0)).collect(), sum: 0.0 }
    }

    /// Adds a histogram with the same buckets.
    pub(super) fn add(&mut self, histogram: &Histogram) {
        for (bucket, count) in self.buckets.iter_mut().zip(&histogram.buckets) {
            bucket.1 += count.get();
        }
        self.sum += histogram.sum.get();
    }

    /// The number of values: the sum of the buckets, so that it never differs from the last of them
    /// while others are observing.
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.1).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn a_value_lies_in_the_first_bucket_whose_end_it_does_not_exceed() {
        let histogram = Histogram::new(BATCH);
        for value in [0.0, 1.0, 1.5, 2.0, 512.0, 513.0, f64::NAN, f64::INFINITY] {
            histogram.observe(value);
        }
        let found = histogram.snapshot();
        let counts: Vec<u64> = found.buckets.iter().map(|bucket| bucket.1).collect();
        assert_eq!(counts, [4, 2, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(found.count(), 8);
        assert_relative_eq!(found.sum, 1029.5);
    }

    #[test]
    fn ends_rise() {
        for ends in [LATENCY, DURATION, BATCH, CONFIDENCE] {
            assert!(ends.is_sorted_by(|a, b| a < b), "{ends:?}");
        }
    }

    #[test]
    fn threads_lose_nothing() {
        let histogram = Histogram::new(CONFIDENCE);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1_000).for_each(|_| histogram.observe(0.5)));
            }
        });
        let found = histogram.snapshot();
        assert_eq!(found.count(), 4_000);
        assert_relative_eq!(found.sum, 2_000.0);
    }
}
