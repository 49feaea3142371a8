//! The bootstrap of many figures at once. A resample is how often each example was drawn, so
//! nothing that was sorted once is sorted again.

use rand::{Rng, RngExt};

use super::interval::percentiles;
use super::{Estimate, Undefined};

/// Figures with their percentile bootstrap intervals (Efron 1979) over `rounds` resamples.
///
/// Examples come in groups of the given sizes, each resampled on its own; `figures` gets the
/// weights of all examples, group after group. Every figure sees the same resamples; those where
/// one is undefined are left out of its interval.
pub(super) fn resample<const K: usize>(
    sizes: &[usize],
    rounds: usize,
    rng: &mut impl Rng,
    figures: impl Fn(&[u32]) -> [Result<f64, Undefined>; K],
) -> [Result<Estimate, Undefined>; K] {
    let n = sizes.iter().sum();
    let mut weights = vec![1; n];
    let values = figures(&weights);
    let mut drawn: [Vec<f64>; K] = std::array::from_fn(|_| Vec::with_capacity(rounds));
    for _ in 0..rounds {
        draw(sizes, &mut weights, rng);
        for (drawn, figure) in drawn.iter_mut().zip(figures(&weights)) {
            drawn.extend(figure);
        }
    }
    let mut drawn = drawn.into_iter();
    values.map(|value| {
        let drawn = drawn.next().unwrap_or_default();
        percentiles(value?, n, drawn).ok_or(Undefined::NoInterval)
    })
}

/// Counts how often each example is drawn when as many are drawn as there are, group by group.
fn draw(sizes: &[usize], weights: &mut [u32], rng: &mut impl Rng) {
    weights.fill(0);
    let mut start = 0;
    for &size in sizes {
        for _ in 0..size {
            weights[start + rng.random_range(0..size)] += 1;
        }
        start += size;
    }
}
