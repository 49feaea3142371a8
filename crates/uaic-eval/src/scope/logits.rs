//! Scores that need nothing but logits.

/// The largest softmax probability of a row of logits at a temperature (Hendrycks & Gimpel 2017).
pub fn max_softmax(logits: &[f32], temperature: f64) -> f64 {
    1.0 / sum_of_exponentials(logits, temperature).1
}

/// The largest logit (Hendrycks et al. 2022); NaN where any is.
pub fn max_logit(logits: &[f32]) -> f64 {
    let larger = |best: f64, &logit: &f32| {
        let logit = f64::from(logit);
        if logit > best || logit.is_nan() { logit } else { best }
    };
    logits.iter().fold(f64::NEG_INFINITY, larger)
}

/// Σ p·log p of the softmax at a temperature: 0 for certainty, −log C where all are alike.
pub fn negative_entropy(logits: &[f32], temperature: f64) -> f64 {
    let (top, sum) = sum_of_exponentials(logits, temperature);
    let log_sum = libm::log(sum);
    let terms = logits.iter().map(|&logit| {
        let shifted = (f64::from(logit) - top) / temperature;
        let weight = libm::exp(shifted);
        // A probability that is 0 adds nothing, though its logarithm is −∞.
        if weight == 0.0 { 0.0 } else { weight / sum * (shifted - log_sum) }
    });
    terms.sum()
}

/// The negative energy of a row of logits, T·log Σ exp(z/T) (Liu et al. 2020).
pub fn energy(logits: &[f32], temperature: f64) -> f64 {
    let (top, sum) = sum_of_exponentials(logits, temperature);
    top + temperature * libm::log(sum)
}

/// The largest logit, and Σ exp((z − it)/T), which cannot overflow; NaN wherever a logit is.
fn sum_of_exponentials(logits: &[f32], temperature: f64) -> (f64, f64) {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let terms = logits.iter().map(|&logit| libm::exp((f64::from(logit) - f64::from(top)) / temperature));
    (f64::from(top), terms.sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn large_logits_do_not_overflow() {
        assert_relative_eq!(max_softmax(&[3e38, -3e38], 1.0), 1.0);
        assert_relative_eq!(energy(&[1e5, 1e5], 1.0), 1e5 + 2.0_f64.ln());
        assert_relative_eq!(energy(&[-1e5, -1e5], 1.0), -1e5 + 2.0_f64.ln());
        assert_relative_eq!(negative_entropy(&[1e5, 1e5, -1e5], 1.0), -2.0_f64.ln(), max_relative = 1e-12);
        assert_relative_eq!(max_logit(&[-3.0, -2.0]), -2.0);
    }

    #[test]
    fn what_is_no_number_has_no_score() {
        for row in [[f32::NAN, 0.0], [0.0, f32::NAN]] {
            assert!(max_softmax(&row, 1.0).is_nan() && energy(&row, 1.0).is_nan());
            assert!(max_logit(&row).is_nan() && negative_entropy(&row, 1.0).is_nan());
        }
    }

    #[test]
    fn scores_equal_their_definitions() {
        // z = np.array([1, 2, .5]); t = 2; p = scipy.special.softmax(z / t)
        // p.max(), -scipy.stats.entropy(p), t * scipy.special.logsumexp(z / t)
        let row = [1.0, 2.0, 0.5];
        assert_relative_eq!(max_softmax(&row, 2.0), 0.481_024_263_253_37, max_relative = 1e-12);
        assert_relative_eq!(negative_entropy(&row, 2.0), -1.048_130_378_422_16, max_relative = 1e-12);
        assert_relative_eq!(energy(&row, 2.0), 3.463_675_133_588_8, max_relative = 1e-12);
    }
}
