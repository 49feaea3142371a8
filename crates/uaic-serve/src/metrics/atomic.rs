//! Numbers that any number of threads change at once. Nothing is ordered by them, so all accesses are
//! relaxed.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// A count that only rises.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A count that rises and falls.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicI64);

impl Gauge {
    pub(super) fn add(&self, more: i64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub(super) fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

/// A floating-point number that is set or added to.
#[derive(Debug, Default)]
pub(super) struct Float(AtomicU64);

impl Float {
    pub(super) fn add(&self, more: f64) {
        let mut seen = self.0.load(Relaxed);
        loop {
            let sum = (f64::from_bits(seen) + more).to_bits();
            match self.0.compare_exchange_weak(seen, sum, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    pub(super) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }

    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }
}

/// One more of something for as long as it lives.
#[derive(Debug)]
#[must_use = "it counts only while it is kept"]
pub struct Held<'a>(&'a Gauge);

impl<'a> Held<'a> {
    pub(super) fn new(gauge: &'a Gauge) -> Self {
        gauge.add(1);
        Self(gauge)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.add(-1);
    }
}
