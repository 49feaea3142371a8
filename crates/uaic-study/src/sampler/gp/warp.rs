//! Losses of any scale and shape made fit for a Gaussian process, and back.
//!
//! A loss is bent by two logarithms, of which likelihood decides how strong each is, together with the
//! hyperparameters of the process (a warped Gaussian process, Snelson et al. 2003): the first from the
//! best loss up, for values that span orders of magnitude; the second from the worst down, for values
//! that fall into a deep well. Where neither helps both are nearly straight lines. Beyond the median
//! losses are bent once more, so that trainings that diverged do not stand far off from all others. At
//! last values are shifted and scaled to mean 0 and variance 1. `docs/design/default-sampler.md` has what else was tried.

/// How strong the logarithms are: the logarithms of their factors, as likelihood chooses them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    /// ln κ of ln(1 + κ · excess): straight where it is small.
    pub(super) upper: f64,
    /// The same from the worst loss down.
    pub(super) lower: f64,
}

impl Shape {
    /// Bounds of each number.
    pub(super) const BOUNDS: [(f64, f64); 2] = [(-4.0, 14.0), (-4.0, 14.0)];
    /// What each is expected to be, and how surely: losses mostly are bounded below and not above.
    pub(super) const BELIEFS: [(f64, f64); 2] = [(0.0, 2.0), (-2.0, 1.0)];

    /// The numbers that [`Shape::BOUNDS`] are of.
    pub(super) fn of(numbers: &[f64]) -> Self {
        match numbers {
            [upper, lower, ..] => Self { upper: *upper, lower: *lower },
            _ => Self { upper: Self::BELIEFS[0].0, lower: Self::BELIEFS[1].0 },
        }
    }
}

impl std::fmt::Display for Shape {
    /// What it does, in a few words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        /// From here on a logarithm is felt over the better half.
        const FELT: f64 = 0.0;
        let what = match (self.upper > FELT, self.lower > FELT) {
            (false, false) => "values nearly as they are",
            (true, false) => "logarithms of values above the best",
            (false, true) => "logarithms of values below the worst",
            (true, true) => "logarithms of values above the best and below the worst",
        };
        write!(f, "{what} (warp {:.1}, {:.1})", self.upper, self.lower)
    }
}

/// How losses become values.
#[derive(Clone, Debug)]
pub(super) struct Warp {
    shape: Shape,
    /// Losses are divided by this first, so that no difference of the largest numbers overflows.
    unit: f64,
    best: f64,
    /// From the best to the median.
    range: f64,
    /// Where the median comes to after the first logarithm,
    knee: f64,
    /// and the worst.
    top: f64,
    mean: f64,
    sd: f64,
}

/// From about so many factors of e beyond the median on, orders of magnitude are bent as well.
const ORDERS: f64 = 4.0;
/// No loss is more ranges above the best.
const MOST: f64 = 1e250;

impl Warp {
    /// The warp of this shape that suits these losses, all of them finite.
    pub(super) fn new(losses: &[f64], shape: Shape) -> Self {
        let largest = losses.iter().fold(0.0_f64, |largest, loss| largest.max(loss.abs()));
        let unit = if largest > 1e100 { largest } else { 1.0 };
        let mut sorted: Vec<f64> = losses.iter().map(|loss| loss / unit).collect();
        sorted.sort_by(f64::total_cmp);
        let best = sorted.first().copied().unwrap_or(0.0);
        let median = sorted.get((sorted.len().max(1) - 1) / 2).copied().unwrap_or(0.0);
        let worst = sorted.last().copied().unwrap_or(0.0);
        // Where the better half is all alike, what is worse makes the scale.
        let range = [median - best, worst - best].into_iter().find(|range| *range > 0.0).unwrap_or(1.0);
        let knee = shape.upper.exp().ln_1p();
        let mut warp = Self { shape, unit, best, range, knee, top: 1.0, mean: 0.0, sd: 1.0 };
        let top = warp.rise(worst * unit).0;
        if top > 0.0 {
            warp.top = top;
        }
        let bent: Vec<f64> = losses.iter().map(|loss| warp.bend(*loss).0).collect();
        let count = bent.len().max(1) as f64;
        let mean = bent.iter().sum::<f64>() / count;
        let variance = bent.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
        warp.mean = mean;
        warp.sd = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        warp
    }

    /// Its shape.
    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// The first logarithm of a loss, and ln of its derivative by the excess.
    fn rise(&self, loss: f64) -> (f64, f64) {
        let excess = ((loss / self.unit - self.best) / self.range).min(MOST);
        let log = (self.shape.upper.exp() * excess).ln_1p();
        let slope = self.shape.upper - log;
        if log <= self.knee {
            return (log, slope);
        }
        let orders = ((log - self.knee) / ORDERS).ln_1p();
        (self.knee + ORDERS * orders, slope - orders)
    }

    /// Both logarithms of a loss, and ln of their derivative by the excess.
    fn bend(&self, loss: f64) -> (f64, f64) {
        let (rise, slope) = self.rise(loss);
        let depth = (1.0 - rise / self.top).max(0.0);
        let log = (self.shape.lower.exp() * depth).ln_1p();
        (-log, slope + self.shape.lower - self.top.ln() - log)
    }

    /// ln of the density of losses over that of their values, up to a constant of the losses.
    pub(super) fn log_jacobian(&self, losses: &[f64]) -> f64 {
        let scale = self.sd.ln();
        losses.iter().map(|loss| self.bend(*loss).1 - scale).sum()
    }

    /// The value of a loss.
    pub(super) fn apply(&self, loss: f64) -> f64 {
        (self.bend(loss).0 - self.mean) / self.sd
    }

    /// The loss of a value.
    pub(super) fn invert(&self, value: f64) -> f64 {
        let bent = value * self.sd + self.mean;
        let depth = (-bent).exp_m1() / self.shape.lower.exp();
        let rise = (1.0 - depth) * self.top;
        let log = if rise <= self.knee {
            rise
        } else {
            self.knee + ORDERS * ((rise - self.knee) / ORDERS).exp_m1()
        };
        let excess = (log.exp_m1() / self.shape.upper.exp()).min(MOST);
        (excess * self.range + self.best) * self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::{assert_abs_diff_eq, assert_relative_eq};
    use proptest::prelude::*;

    const STRAIGHT: Shape = Shape { upper: -4.0, lower: -4.0 };
    const UPPER: Shape = Shape { upper: 8.0, lower: -4.0 };
    const LOWER: Shape = Shape { upper: -4.0, lower: 8.0 };

    fn warped(losses: &[f64], shape: Shape) -> Vec<f64> {
        let warp = Warp::new(losses, shape);
        losses.iter().map(|loss| warp.apply(*loss)).collect()
    }

    #[test]
    fn values_have_mean_zero_and_variance_one() {
        let values = warped(&[3.0, 1e6, 2.0, 5.0, 40.0], Shape::of(&[0.5, 0.5]));
        assert_abs_diff_eq!(values.iter().sum::<f64>(), 0.0, epsilon = 1e-12);
        assert_abs_diff_eq!(values.iter().map(|x| x * x).sum::<f64>(), 5.0, epsilon = 1e-12);
    }

    #[test]
    fn a_straight_shape_keeps_the_proportions_of_the_better_half() {
        let values = warped(&[0.0, 1.0, 3.0, 1e3, 1e6], STRAIGHT);
        assert_relative_eq!((values[2] - values[0]) / (values[1] - values[0]), 3.0, max_relative = 0.05);
        assert!(values[4] - values[2] < 1e3 * (values[2] - values[0]), "{values:?}");
    }

    #[test]
    fn an_upper_shape_tells_good_ones_apart_over_orders_of_magnitude() {
        let losses = [1.0, 10.0, 100.0, 1e3, 1e5, 1e6, 1e7];
        let values = warped(&losses, UPPER);
        assert!(values[1] - values[0] > 0.1 * (values[6] - values[0]), "{values:?}");
        let straight = warped(&losses, STRAIGHT);
        assert!(straight[1] - straight[0] < 0.01 * (straight[6] - straight[0]), "{straight:?}");
    }

    #[test]
    fn a_lower_shape_does_the_same_for_wells() {
        let losses = [-1e6, -1e5, -1e3, -100.0, -10.0, -1.0, 0.0];
        let values = warped(&losses, LOWER);
        assert!(values[6] - values[2] > 0.15 * (values[6] - values[0]), "{values:?}");
        let straight = warped(&losses, STRAIGHT);
        assert!(straight[6] - straight[2] < 0.01 * (straight[6] - straight[0]), "{straight:?}");
    }

    #[test]
    fn equal_and_huge_losses_have_finite_values() {
        let tiny = vec![0.0, f64::MIN_POSITIVE, 1e99];
        for losses in [vec![], vec![7.0; 4], vec![-f64::MAX, f64::MAX, 0.0], vec![1.0, 1.0, 1.0, 9.0], tiny] {
            for shape in [STRAIGHT, UPPER, LOWER, Shape::of(&[])] {
                let warp = Warp::new(&losses, shape);
                assert!(losses.iter().all(|loss| warp.apply(*loss).is_finite()), "{losses:?}");
                assert!(warp.log_jacobian(&losses).is_finite(), "{losses:?}");
            }
        }
    }

    #[test]
    fn the_jacobian_is_that_of_the_values() {
        let losses = [1.0, 2.0, 4.0, 9.0, 70.0];
        let warp = Warp::new(&losses, Shape::of(&[1.0, 0.5]));
        for loss in [1.5, 3.0, 20.0] {
            let slope = (warp.apply(loss + 1e-6) - warp.apply(loss - 1e-6)) / 2e-6;
            // By the excess, which is counted in ranges of 3.
            assert_relative_eq!(warp.log_jacobian(&[loss]), (3.0 * slope).ln(), epsilon = 1e-6);
        }
    }

    #[test]
    fn what_is_expected_below_the_best_of_positive_losses_stays_of_their_scale() {
        let losses = [1e1, 1e2, 1e3, 1e5, 1e6, 1e7, 1e8];
        let warp = Warp::new(&losses, UPPER);
        let below = warp.invert(warp.apply(1e1) - 1.0);
        assert!((-100.0..10.0).contains(&below), "{below}");
    }

    proptest! {
        #[test]
        fn order_is_kept_and_every_loss_comes_back(
            losses in prop::collection::vec(-1e6..1e6_f64, 2..30),
            upper in -4.0..6.0_f64,
            lower in -4.0..6.0_f64,
        ) {
            let warp = Warp::new(&losses, Shape { upper, lower });
            let width = losses.iter().fold(0.0_f64, |most, loss| most.max(loss.abs()));
            for a in &losses {
                prop_assert!((warp.invert(warp.apply(*a)) - a).abs() < 1e-6 * (1.0 + width));
                for b in &losses {
                    prop_assert!(a >= b || warp.apply(*a) <= warp.apply(*b));
                }
            }
        }
    }
}
