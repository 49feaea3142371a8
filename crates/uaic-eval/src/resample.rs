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
    let mut all = resample_all(sizes, rounds, rng, |weights| figures(weights).to_vec()).into_iter();
    std::array::from_fn(|_| all.next().unwrap_or(Err(Undefined::NoExamples)))
}

/// The same of figures whose number is not known before.
pub(super) fn resample_all(
    sizes: &[usize],
    rounds: usize,
    rng: &mut impl Rng,
    figures: impl Fn(&[u32]) -> Vec<Result<f64, Undefined>>,
) -> Vec<Result<Estimate, Undefined>> {
    let n = sizes.iter().sum();
    let mut weights = vec![1; n];
    let values = figures(&weights);
    let mut drawn: Vec<Vec<f64>> = values.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for _ in 0..rounds {
        draw(sizes, &mut weights, rng);
        for (drawn, figure) in drawn.iter_mut().zip(figures(&weights)) {
            drawn.extend(figure);
        }
    }
    let estimate = |(value, drawn): (Result<f64, Undefined>, Vec<f64>)| {
        percentiles(value?, n, drawn).ok_or(Undefined::NoInterval)
    };
    values.into_iter().zip(drawn).map(estimate).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(5)
    }

    #[test]
    fn the_interval_of_a_mean_agrees_with_its_standard_error() {
        let mean = |weights: &[u32]| {
            let terms =
                weights.iter().enumerate().map(|(row, &weight)| f64::from(weight) * (row % 20) as f64);
            [Ok(terms.sum::<f64>() / weights.len() as f64)]
        };
        let [estimate] = resample(&[400], 2000, &mut rng(), mean);
        let estimate = estimate.unwrap();
        // Standard deviation of 0..19 is 5.766; standard error 0.2883; ±1.96 of it is ±0.565.
        assert_relative_eq!(estimate.value, 9.5);
        assert_relative_eq!(estimate.high - estimate.low, 1.13, epsilon = 0.08);
    }

    #[test]
    fn every_group_keeps_its_size() {
        let sizes = |weights: &[u32]| {
            let sum = |part: &[u32]| Ok(f64::from(part.iter().sum::<u32>()));
            [sum(&weights[..30]), sum(&weights[30..])]
        };
        let [first, second] = resample(&[30, 10], 50, &mut rng(), sizes).map(Result::unwrap);
        assert_eq!((first.n, first.low, first.high), (40, 30.0, 30.0));
        assert_eq!((second.low, second.high), (10.0, 10.0));
    }

    #[test]
    fn a_resample_without_a_value_is_left_out() {
        let only_with_the_first = |weights: &[u32]| {
            [if weights[0] > 0 { Ok(1.0) } else { Err(Undefined::NoSupport) }, Err(Undefined::OneClass)]
        };
        let [first, second] = resample(&[3], 100, &mut rng(), only_with_the_first);
        assert_eq!(first.map(|estimate| (estimate.low, estimate.high)), Ok((1.0, 1.0)));
        assert_eq!(second, Err(Undefined::OneClass));
        let only_without_resampling = |weights: &[u32]| {
            [if weights == [1, 1] { Ok(1.0) } else { Err(Undefined::OneClass) }] //
        };
        let [figure] = resample(&[2], 0, &mut rng(), only_without_resampling);
        assert_eq!(figure, Err(Undefined::NoInterval));
    }
}
