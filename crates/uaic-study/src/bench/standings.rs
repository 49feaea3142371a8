//! What games tell of their samplers.

use super::rank_sum::{RankSum, mann_whitney};
use uaic_kernel::statistics::ranks::mid_ranks;

/// Where the middle half of some values lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// A quarter is below it.
    pub lower: f64,
    /// Half is below it.
    pub median: f64,
    /// Three quarters are below it.
    pub upper: f64,
}

impl Quartiles {
    /// Those of some values, by linear interpolation; `None` when there are none. NaN counts as large.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(|a, b| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(b)));
        let last = sorted.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            // Not by subtraction where both are equal, perhaps infinite.
            if low.total_cmp(&high).is_eq() { low } else { low + (high - low) * place.fract() }
        };
        Some(Self { lower: at(0.25), median: at(0.5), upper: at(0.75) })
    }
}

/// How one sampler did against another on one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duel {
    /// Smaller values beyond chance.
    Better,
    /// Larger values beyond chance.
    Worse,
    /// No difference that could not be chance.
    Even,
}

/// Compares final values by the Mann–Whitney test, two-sided; `None` when one has none.
pub fn duel(own: &[f64], other: &[f64], level: f64) -> Option<(Duel, RankSum)> {
    let test = mann_whitney(own, other)?;
    let middle = own.len() as f64 * other.len() as f64 / 2.0;
    let duel = match test.p < level {
        true if test.u < middle => Duel::Better,
        true => Duel::Worse,
        false => Duel::Even,
    };
    Some((duel, test))
}

/// The mean rank of each sampler, 1 being best: samplers are ranked seed by seed (`values[sampler][seed]`),
/// equal ones sharing a rank, and over as many seeds as all of them have. NaN without any.
pub fn average_ranks(values: &[Vec<f64>]) -> Vec<f64> {
    let seeds = values.iter().map(Vec::len).min().unwrap_or(0);
    let mut sums = vec![0.0; values.len()];
    for seed in 0..seeds {
        let (ranks, _) = mid_ranks(values.iter().map(|of| &of[seed]));
        for (sum, rank) in sums.iter_mut().zip(ranks) {
            *sum += rank;
        }
    }
    sums.into_iter().map(|sum| sum / seeds as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_interpolated() {
        let quartiles = Quartiles::of(&[4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(quartiles, Quartiles { lower: 1.75, median: 2.5, upper: 3.25 });
        assert!(Quartiles::of(&[f64::INFINITY; 3]).unwrap().median.is_infinite());
        assert!(Quartiles::of(&[1.0, -f64::NAN]).unwrap().upper.is_nan());
        assert!(Quartiles::of(&[]).is_none());
    }

    #[test]
    fn a_duel_is_won_beyond_chance_or_not_at_all() {
        let low: Vec<f64> = (0..10).map(f64::from).collect();
        let high: Vec<f64> = low.iter().map(|x| x + 100.0).collect();
        let verdict = |a, b| duel(a, b, 0.05).unwrap().0;
        assert_eq!(verdict(&low, &high), Duel::Better);
        assert_eq!(verdict(&high, &low), Duel::Worse);
        assert_eq!(verdict(&low, &low.clone()), Duel::Even);
        assert!(duel(&low, &[], 0.05).is_none());
    }

    #[test]
    fn ranks_are_shared_and_averaged_over_seeds() {
        let ranks = average_ranks(&[vec![1.0, 5.0], vec![1.0, 2.0, 9.0], vec![3.0, 8.0]]);
        assert_eq!(ranks, [1.75, 1.25, 3.0]);
        assert!(average_ranks(&[vec![], vec![1.0]]).iter().all(|rank| rank.is_nan()));
    }
}
