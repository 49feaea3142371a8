//! Lines of very many points, thinned so that a picture is the same.

/// Thins a line for a picture of so many columns: of the points that follow each other in one of
/// `buckets` equal parts of the range of x, the first, the lowest, the highest and the last stay, and
/// the first gap. So no spike is lost, and points are never moved.
///
/// A point is a gap where x or y is not finite. Where x rises, at most five points a bucket stay.
pub fn thin(points: &[(f64, f64)], buckets: usize) -> Vec<(f64, f64)> {
    thin_by(points, buckets, |x| x)
}

/// As [`thin`], with buckets of equal width on an axis on which `place` says where an x is: its
/// logarithm, say.
pub fn thin_by(points: &[(f64, f64)], buckets: usize, place: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    if points.len() <= buckets {
        return points.to_vec();
    }
    let drawn = points.iter().filter(|point| point.1.is_finite());
    let places = drawn.map(|point| place(point.0)).filter(|place| place.is_finite());
    let (low, high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), place| {
        (low.min(place), high.max(place)) //
    });
    // Halves, as the difference of two numbers may be too large for one.
    let width = high / 2.0 - low / 2.0;
    let scale = if width > 0.0 { buckets as f64 / width } else { 0.0 };
    let last = buckets.saturating_sub(1);
    let bucket = |x: f64| (((x / 2.0 - low / 2.0) * scale) as usize).min(last);
    let mut kept = Vec::with_capacity(points.len().min(buckets.saturating_mul(5)));
    let mut run: Option<Run> = None;
    for (row, &(x, y)) in points.iter().enumerate() {
        let at = place(x);
        if !at.is_finite() || !y.is_finite() {
            // A gap before the first point belongs to nothing that is drawn.
            if let Some(run) = &mut run {
                run.gap = run.gap.or(Some(row));
            }
            continue;
        }
        let own = bucket(at);
        match &mut run {
            Some(run) if run.bucket == own => run.add(row, y),
            run => {
                if let Some(run) = run.take() {
                    run.keep(points, &mut kept);
                }
                *run = Some(Run::new(own, row, y));
            }
        }
    }
    if let Some(run) = run {
        run.keep(points, &mut kept);
    }
    kept
}

/// Points that follow each other in one bucket, by their numbers.
struct Run {
    bucket: usize,
    first: usize,
    last: usize,
    lowest: (usize, f64),
    highest: (usize, f64),
    gap: Option<usize>,
}

impl Run {
    fn new(bucket: usize, row: usize, y: f64) -> Self {
        Self { bucket, first: row, last: row, lowest: (row, y), highest: (row, y), gap: None }
    }

    fn add(&mut self, row: usize, y: f64) {
        self.last = row;
        if y < self.lowest.1 {
            self.lowest = (row, y);
        }
        if y > self.highest.1 {
            self.highest = (row, y);
        }
    }

    fn keep(&self, points: &[(f64, f64)], kept: &mut Vec<(f64, f64)>) {
        let gap = self.gap.unwrap_or(self.first);
        let mut rows = [self.first, self.lowest.0, self.highest.0, self.last, gap];
        rows.sort_unstable();
        let mut before = None;
        for row in rows {
            if before != Some(row) {
                kept.extend(points.get(row));
                before = Some(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rising x, some y of which are no numbers.
    fn line() -> impl Strategy<Value = Vec<(f64, f64)>> {
        let y = prop_oneof![12 => -50.0..50.0_f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
        prop::collection::vec((0.0..2.0_f64, y), 0..400).prop_map(|steps| {
            let mut x = -7.0;
            let place = |(step, y): (f64, f64)| {
                x += step;
                (x, y)
            };
            steps.into_iter().map(place).collect()
        })
    }

    fn finite(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points.iter().copied().filter(|point| point.0.is_finite() && point.1.is_finite()).collect()
    }

    proptest! {
        #[test]
        fn first_and_last_and_the_order_are_kept(points in line(), buckets in 1_usize..40) {
            let (all, kept) = (finite(&points), finite(&thin(&points, buckets)));
            prop_assert_eq!(all.first(), kept.first());
            prop_assert_eq!(all.last(), kept.last());
            let mut rest = all.iter();
            prop_assert!(kept.iter().all(|point| rest.any(|other| other == point)), "in their order, unmoved");
        }

        #[test]
        fn the_extremes_of_every_bucket_are_kept(points in line(), buckets in 1_usize..40) {
            let (all, kept) = (finite(&points), finite(&thin(&points, buckets)));
            let (Some(first), Some(last)) = (all.first(), all.last()) else { return Ok(()) };
            let width = last.0 / 2.0 - first.0 / 2.0;
            let scale = if width > 0.0 { buckets as f64 / width } else { 0.0 };
            let bucket = |x: f64| (((x / 2.0 - first.0 / 2.0) * scale) as usize).min(buckets - 1);
            for number in 0..buckets {
                let ys = |points: &[(f64, f64)]| {
                    let own = points.iter().filter(|point| bucket(point.0) == number).map(|point| point.1);
                    own.fold((f64::INFINITY, f64::NEG_INFINITY), |ends, y| (ends.0.min(y), ends.1.max(y)))
                };
                prop_assert_eq!(ys(&all), ys(&kept));
            }
        }

        #[test]
        fn few_points_stay_and_thinning_again_changes_nothing(points in line(), buckets in 1_usize..40) {
            let kept = thin(&points, buckets);
            prop_assert!(kept.len() <= (5 * buckets).max(buckets.min(points.len())), "{}", kept.len());
        }

        #[test]
        fn whatever_comes_nothing_panics(
            points in prop::collection::vec((any::<f64>(), any::<f64>()), 0..60),
            buckets in 0_usize..20,
        ) {
            prop_assert!(thin(&points, buckets).len() <= points.len());
        }
    }

    #[test]
    fn one_spike_among_very_many_points_stays_and_so_does_a_gap() {
        let mut points: Vec<(f64, f64)> = (0..1_000_000).map(|x| (f64::from(x), 1.0)).collect();
        points[777_777].1 = 9.0;
        points[333_333].1 = f64::NAN;
        let kept = thin(&points, 1000);
        assert!(kept.len() < 5000 && kept.contains(&(777_777.0, 9.0)));
        assert_eq!(kept.iter().filter(|point| point.1.is_nan()).count(), 1);
    }

    #[test]
    fn a_logarithmic_axis_has_buckets_of_its_own() {
        let points: Vec<(f64, f64)> = (1..=100_000).map(|x| (f64::from(x), 0.0)).collect();
        let kept = thin_by(&points, 50, f64::ln);
        let early = kept.iter().filter(|point| point.0 <= 320.0).count();
        assert!(early * 2 >= kept.len() - 30 && kept.len() < 110, "{early} of {}", kept.len());
    }
}
