//! Points of one series, and what is seen of many.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::MetricPoint;

/// A point of a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(i64, i64, f64)", into = "(i64, i64, f64)")]
pub struct Point {
    /// The x of the series.
    pub step: i64,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// Any float, NaN and ±∞ included.
    pub value: f64,
}

impl From<(i64, i64, f64)> for Point {
    fn from((step, time_ms, value): (i64, i64, f64)) -> Self {
        Self { step, time_ms, value }
    }
}

impl From<Point> for (i64, i64, f64) {
    fn from(point: Point) -> Self {
        (point.step, point.time_ms, point.value)
    }
}

impl From<&MetricPoint> for Point {
    fn from(point: &MetricPoint) -> Self {
        Self { step: point.step, time_ms: point.time_ms, value: point.value }
    }
}

/// Neighbouring points as one: what a picture needs that has fewer pixels than there are points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its first point.
    pub first: Point,
    /// Its last point.
    pub last: Point,
    /// The smallest value; `None` where all are NaN.
    pub smallest: Option<f64>,
    /// The largest value; `None` where all are NaN.
    pub largest: Option<f64>,
    /// How many points.
    pub count: u64,
}

impl Bucket {
    /// One point alone.
    pub fn of(point: Point) -> Self {
        let number = Some(point.value).filter(|value| !value.is_nan());
        Self { first: point, last: point, smallest: number, largest: number, count: 1 }
    }

    /// Takes in what comes behind it.
    pub fn add(&mut self, next: &Self) {
        let merge = |a: Option<f64>, b: Option<f64>, choose: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(choose(a, b)),
            (a, b) => a.or(b),
        };
        self.last = next.last;
        self.smallest = merge(self.smallest, next.smallest, f64::min);
        self.largest = merge(self.largest, next.largest, f64::max);
        self.count += next.count;
    }
}

/// Which part of a series is looked at, and how closely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The steps.
    pub steps: RangeInclusive<i64>,
    /// About how many buckets; a series with fewer points has one for each.
    pub buckets: u32,
}

impl Look {
    /// At the whole series.
    pub fn whole(buckets: u32) -> Self {
        Self { steps: i64::MIN..=i64::MAX, buckets }
    }
}

/// Makes at most `most` buckets (and at least one) of neighbours among those that are sorted by step: as
/// many points go into each.
pub fn gather(parts: impl IntoIterator<Item = Bucket>, points: u64, most: u32) -> Vec<Bucket> {
    let width = points.div_ceil(u64::from(most.max(1))).max(1);
    let mut buckets: Vec<Bucket> = Vec::new();
    for part in parts {
        match buckets.last_mut() {
            Some(bucket) if bucket.count + part.count <= width => bucket.add(&part),
            _ => buckets.push(part),
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_extreme_is_lost(values in proptest::collection::vec(-1e9..1e9_f64, 1..400), most in 1..50_u32) {
            let points: Vec<Point> =
                (0..).zip(&values).map(|(step, &value)| Point { step, time_ms: step, value }).collect();
            let buckets = gather(points.iter().map(|point| Bucket::of(*point)), points.len() as u64, most);
            prop_assert!(buckets.len() <= most as usize);
            prop_assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u64>(), points.len() as u64);
            prop_assert_eq!(buckets[0].first, points[0]);
            prop_assert_eq!(buckets.last().unwrap().last, *points.last().unwrap());
            for bucket in &buckets {
                let own = &values[bucket.first.step as usize..=bucket.last.step as usize];
                prop_assert_eq!(bucket.smallest, own.iter().copied().reduce(f64::min));
                prop_assert_eq!(bucket.largest, own.iter().copied().reduce(f64::max));
            }
        }
    }
}
