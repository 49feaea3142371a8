//! How far a sample of counts has moved from another one over the same bins.
//!
//! Everywhere a bin is a pair of counts: those of the reference, then those of the texts that are held
//! against it. Counts of the reference may be fractions, as they are shares of a number of texts.

use super::Undefined;

/// What is added to every bin before logarithms are taken: half a text (Krichevsky & Trofimov, "The
/// performance of universal encoding", IEEE Transactions on Information Theory 27(2), 1981).
const HALF_A_TEXT: f64 = 0.5;

/// The point of the standard normal distribution that 95 % of its values do not exceed.
const NORMAL_95: f64 = 1.644_853_626_951_472_2;

/// Population stability index: Σ (q − p) ln(q / p) over shares p of the reference and q of the texts,
/// which is the divergence of Jeffreys. 0 where both are alike, without an upper end.
///
/// Half a text is added to each bin on both sides, so that an empty bin has a small share and not an
/// infinite index, and so that the same counts always give 0. The more texts there are, the less it
/// changes.
///
/// The usual reading is that of credit scoring: below 0.1 nothing to speak of, to 0.25 worth a look,
/// above worth acting on (Siddiqi, "Credit Risk Scorecards", 2006). These are conventions; what chance
/// alone brings about is [`stability_noise`].
///
/// # Errors
/// One side has no counts, or a count is negative or no finite number.
pub fn population_stability_index(bins: &[(f64, f64)]) -> Result<f64, Undefined> {
    check(bins)?;
    let smooth: Vec<(f64, f64)> =
        bins.iter().map(|(reference, texts)| (reference + HALF_A_TEXT, texts + HALF_A_TEXT)).collect();
    let (reference, texts) = totals(&smooth);
    let term = |(p, q): (f64, f64)| (q - p) * libm::log(q / p);
    Ok(smooth.iter().map(|bin| term((bin.0 / reference, bin.1 / texts))).sum())
}

/// Jensen–Shannon divergence with base 2, from 0 (alike) to 1 (no bin in common): the mean divergence
/// of both shares from their average (Lin, "Divergence measures based on the Shannon entropy", IEEE
/// Transactions on Information Theory 37(1), 1991). Empty bins need no smoothing.
///
/// Small ones are about 0.18 times the stability index, so 0.25 of that is about 0.045 here.
///
/// # Errors
/// As [`population_stability_index`].
pub fn jensen_shannon_divergence(bins: &[(f64, f64)]) -> Result<f64, Undefined> {
    check(bins)?;
    let (reference, texts) = totals(bins);
    let part = |share: f64, middle: f64| if share > 0.0 { share * libm::log2(share / middle) } else { 0.0 };
    let term = |(p, q): (f64, f64)| part(p, f64::midpoint(p, q)) + part(q, f64::midpoint(p, q));
    let sum: f64 = bins.iter().map(|bin| term((bin.0 / reference, bin.1 / texts))).sum();
    Ok((sum / 2.0).clamp(0.0, 1.0))
}

/// The stability index that 95 % of samples from one and the same distribution stay below, in units of
/// 1/n + 1/m for n and m texts. Its mean is the number of bins less one in these units.
///
/// Without drift the index has about a chi-square distribution in these units (Yurdakul & Naranjo,
/// "Statistical properties of the population stability index", Journal of Risk Model Validation 14(4),
/// 2020). Its quantile is that of Wilson & Hilferty (1931), 2.5 % too small for two bins and better for
/// more.
pub fn stability_noise(bins: usize) -> f64 {
    let freedom = bins.saturating_sub(1) as f64;
    if freedom < 1.0 {
        return 0.0;
    }
    let spread = 2.0 / (9.0 * freedom);
    let root = 1.0 - spread + NORMAL_95 * spread.sqrt();
    freedom * root * root * root
}

fn check(bins: &[(f64, f64)]) -> Result<(), Undefined> {
    if bins.iter().any(|bin| [bin.0, bin.1].iter().any(|count| !count.is_finite() || *count < 0.0)) {
        return Err(Undefined::NotANumber);
    }
    let (reference, texts) = totals(bins);
    if reference > 0.0 && texts > 0.0 { Ok(()) } else { Err(Undefined::NoExamples) }
}

fn totals(bins: &[(f64, f64)]) -> (f64, f64) {
    bins.iter().fold((0.0, 0.0), |sums, bin| (sums.0 + bin.0, sums.1 + bin.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    fn bins(reference: &[u32], texts: &[u32]) -> Vec<(f64, f64)> {
        reference.iter().zip(texts).map(|(&a, &b)| (f64::from(a), f64::from(b))).collect()
    }

    #[test]
    fn both_measures_equal_scipy() {
        // import numpy as np
        // from scipy.spatial.distance import jensenshannon
        // def psi(r, w):
        //     p, q = (r + .5) / (r + .5).sum(), (w + .5) / (w + .5).sum()
        //     return ((q - p) * np.log(q / p)).sum()
        // for r, w in ...: r, w = np.array(r, float), np.array(w, float)
        //     print(psi(r, w), jensenshannon(r, w, base=2) ** 2)
        let goldens: [(&[u32], &[u32], f64, f64); 4] = [
            (&[50, 30, 20], &[20, 30, 50], 0.532_935_044_415_932, 0.095_815_602_003_358_4),
            (&[100, 100, 100, 100], &[5, 7, 0, 3], 0.608_182_331_340_509_5, 0.155_315_616_022_664_05),
            (&[740, 200, 0, 60], &[100, 0, 10, 90], 1.979_705_435_734_568_7, 0.263_607_439_779_610_1),
            (&[10, 0], &[0, 10], 5.535_495_341_315_315, 1.0),
        ];
        for (reference, texts, psi, js) in goldens {
            let bins = bins(reference, texts);
            let found = population_stability_index(&bins).unwrap();
            assert_relative_eq!(found, psi, max_relative = 1e-12);
            assert_relative_eq!(jensen_shannon_divergence(&bins).unwrap(), js, max_relative = 1e-12);
        }
    }

    #[test]
    fn noise_is_the_chi_square_quantile() {
        // scipy.stats.chi2.ppf(.95, [1, 2, 9, 30, 100])
        let goldens =
            [(2, 3.841_459), (3, 5.991_465), (10, 16.918_978), (31, 43.772_972), (101, 124.342_113)];
        for (bins, quantile) in goldens {
            assert_relative_eq!(stability_noise(bins), quantile, max_relative = 0.025);
        }
        assert_relative_eq!(stability_noise(10), 16.918_978, max_relative = 1e-3);
        assert!(stability_noise(1) <= 0.0 && stability_noise(0) <= 0.0);
    }

    #[test]
    fn what_cannot_be_measured_has_no_value() {
        for measure in [population_stability_index, jensen_shannon_divergence] {
            assert_eq!(measure(&[]), Err(Undefined::NoExamples));
            assert_eq!(measure(&[(1.0, 0.0), (3.0, 0.0)]), Err(Undefined::NoExamples));
            assert_eq!(measure(&[(0.0, 2.0)]), Err(Undefined::NoExamples));
            for odd in [f64::NAN, f64::INFINITY, -1.0] {
                assert_eq!(measure(&[(1.0, 1.0), (odd, 1.0)]), Err(Undefined::NotANumber));
            }
        }
    }

    proptest! {
        #[test]
        fn measures_are_symmetric_and_never_negative(
            counts in prop::collection::vec((0_u32..300, 0_u32..300), 1..20),
        ) {
            let there: Vec<(f64, f64)> =
                counts.iter().map(|&(a, b)| (f64::from(a) + 0.25, f64::from(b) + 0.25)).collect();
            let back: Vec<(f64, f64)> = there.iter().map(|&(a, b)| (b, a)).collect();
            let psi = population_stability_index(&there).unwrap();
            let js = jensen_shannon_divergence(&there).unwrap();
            prop_assert!(psi >= -1e-12 && (0.0..=1.0).contains(&js));
            prop_assert!((psi - population_stability_index(&back).unwrap()).abs() <= 1e-9 * (1.0 + psi));
            prop_assert!((js - jensen_shannon_divergence(&back).unwrap()).abs() <= 1e-12);
        }

        #[test]
        fn equal_counts_have_not_moved(counts in prop::collection::vec(1_u32..300, 1..20)) {
            let same = bins(&counts, &counts);
            prop_assert!(population_stability_index(&same).unwrap().abs() <= 1e-12);
            prop_assert!(jensen_shannon_divergence(&same).unwrap() <= 1e-12);
        }
    }
}
