//! Temperature scaling: one number that mends overconfidence without changing an answer.

use super::Undefined;

/// The lowest and the highest temperature that is considered.
pub const TEMPERATURES: (f64, f64) = (0.05, 20.0);

/// More than enough for any bracket to shrink to neighbouring numbers.
const MOST_STEPS: usize = 200;

/// The temperature that minimises the negative log-likelihood of gold labels under softmax of
/// logits, `(N, C)`, divided by it (Guo et al. 2017), within [`TEMPERATURES`]; 1 where every
/// temperature does as well. Rows whose gold label is not below `classes` are left out.
///
/// The likelihood is convex in 1/T, so its slope has one root at most, found by Newton's method
/// inside a shrinking bracket.
///
/// # Errors
/// Where no row is left, or a logit is not finite.
pub fn fit_temperature(logits: &[f32], classes: usize, gold: &[usize]) -> Result<f64, Undefined> {
    if gold.is_empty() {
        return Err(Undefined::NoExamples);
    }
    if logits.iter().any(|logit| !logit.is_finite()) {
        return Err(Undefined::NotANumber);
    }
    let rows = logits.chunks_exact(classes.max(1)).zip(gold);
    let known: Vec<(&[f32], usize)> =
        rows.filter(|&(_, &gold)| gold < classes).map(|(row, &gold)| (row, gold)).collect();
    if known.is_empty() {
        return Err(Undefined::NoKnownLabel);
    }
    let (mut low, mut high) = (1.0 / TEMPERATURES.1, 1.0 / TEMPERATURES.0);
    match (slope(&known, low).0 >= 0.0, slope(&known, high).0 <= 0.0) {
        (true, true) => return Ok(1.0),
        (true, false) => return Ok(TEMPERATURES.1),
        (false, true) => return Ok(TEMPERATURES.0),
        (false, false) => {}
    }
    let mut inverse = 1.0;
    for _ in 0..MOST_STEPS {
        let (slope, curvature) = slope(&known, inverse);
        let end = if slope > 0.0 { &mut high } else { &mut low };
        *end = inverse;
        let newton = inverse - slope / curvature;
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        let step = (next - inverse).abs();
        inverse = next;
        if step <= 1e-14 * inverse {
            break;
        }
    }
    Ok(1.0 / inverse)
}

/// First and second derivative of the negative log-likelihood by the inverse temperature: the sum
/// over rows of the expected logit less the gold one, and of the variance of the logit.
fn slope(rows: &[(&[f32], usize)], inverse: f64) -> (f64, f64) {
    let (mut slope, mut curvature) = (0.0, 0.0);
    for &(row, gold) in rows {
        let top = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for &logit in row {
            // Below the largest, so that equal logits cancel exactly and nothing overflows.
            let logit = f64::from(logit) - top;
            let weight = libm::exp(logit * inverse);
            sum += weight;
            first += weight * logit;
            second += weight * logit * logit;
        }
        let mean = first / sum;
        slope += mean - (f64::from(row[gold]) - top);
        curvature += second / sum - mean * mean;
    }
    (slope, curvature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    fn likelihood(logits: &[f32], classes: usize, gold: &[usize], temperature: f64) -> f64 {
        let rows = logits.chunks_exact(classes).zip(gold).filter(|(_, gold)| **gold < classes);
        let loss = |(row, &gold): (&[f32], &usize)| {
            let scaled: Vec<f64> = row.iter().map(|&logit| f64::from(logit) / temperature).collect();
            let top = scaled.iter().copied().fold(f64::MIN, f64::max);
            scaled.iter().map(|logit| (logit - top).exp()).sum::<f64>().ln() + top - scaled[gold]
        };
        rows.map(loss).sum()
    }

    proptest! {
        #[test]
        fn no_other_temperature_is_better(
            rows in prop::collection::vec((prop::array::uniform3(-8.0_f32..8.0), 0_usize..4), 1..40),
            other in -3.0_f64..3.0,
        ) {
            let logits: Vec<f32> = rows.iter().flat_map(|row| row.0).collect();
            let gold: Vec<usize> = rows.iter().map(|row| row.1).collect();
            prop_assume!(gold.iter().any(|&gold| gold < 3));
            let best = fit_temperature(&logits, 3, &gold).unwrap();
            prop_assert!((TEMPERATURES.0..=TEMPERATURES.1).contains(&best));
            let at_best = likelihood(&logits, 3, &gold, best);
            for other in [other.exp(), best * 1.001, best / 1.001] {
                let other = other.clamp(TEMPERATURES.0, TEMPERATURES.1);
                prop_assert!(at_best <= likelihood(&logits, 3, &gold, other) + 1e-9 * at_best.max(1.0));
            }
        }

        #[test]
        fn the_order_of_rows_does_not_matter(
            rows in prop::collection::vec((prop::array::uniform3(-3.0_f32..3.0), 0_usize..3), 10..40),
        ) {
            let fit = |rows: &[([f32; 3], usize)]| {
                let logits: Vec<f32> = rows.iter().flat_map(|row| row.0).collect();
                fit_temperature(&logits, 3, &rows.iter().map(|row| row.1).collect::<Vec<_>>()).unwrap()
            };
            let back: Vec<_> = rows.iter().rev().copied().collect();
            let (forth, back) = (fit(&rows), fit(&back));
            prop_assert!((forth - back).abs() <= 1e-9 * forth, "{} {}", forth, back);
        }
    }

    #[test]
    fn logits_twice_as_large_need_twice_the_temperature() {
        let (logits, gold) = ([2.0, 0.0, 1.0, 0.0, 0.5, 1.5, 3.0, 1.0], [0, 1, 1, 0]);
        let twice: Vec<f32> = logits.iter().map(|logit| 2.0 * logit).collect();
        let once = fit_temperature(&logits, 2, &gold).unwrap();
        assert_relative_eq!(fit_temperature(&twice, 2, &gold).unwrap(), 2.0 * once, max_relative = 1e-12);
    }

    #[test]
    fn of_two_classes_it_is_known_in_closed_form() {
        // With margin 2 and three of four right, sigmoid(2/T) = 3/4, so T = 2 / ln 3.
        let logits = [2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0];
        let fitted = fit_temperature(&logits, 2, &[0, 0, 0, 1]).unwrap();
        assert_relative_eq!(fitted, 2.0 / 3.0_f64.ln(), max_relative = 1e-12);
    }

    #[test]
    fn what_knows_no_best_temperature_stops_at_a_bound() {
        assert_eq!(fit_temperature(&[1.0, 0.0], 2, &[0]), Ok(TEMPERATURES.0), "never wrong");
        assert_eq!(fit_temperature(&[1.0, 0.0], 2, &[1]), Ok(TEMPERATURES.1), "always wrong");
        assert_eq!(fit_temperature(&[0.1, 0.1, 0.1], 3, &[1]), Ok(1.0), "it changes nothing");
        assert_eq!(fit_temperature(&[7.0], 1, &[0]), Ok(1.0), "it changes nothing");
    }

    #[test]
    fn extreme_logits_are_no_trouble() {
        let fitted = fit_temperature(&[3e38, -3e38, 3e38, -3e38], 2, &[0, 1]);
        assert_eq!(fitted, Ok(TEMPERATURES.1));
    }

    #[test]
    fn labels_the_classifier_does_not_know_are_left_out() {
        let with = fit_temperature(&[2.0, 0.0, 1.0, 0.0, 9.0, 0.0], 2, &[0, 1, 2]);
        assert_eq!(with, fit_temperature(&[2.0, 0.0, 1.0, 0.0], 2, &[0, 1]));
        assert_eq!(fit_temperature(&[9.0, 0.0], 2, &[u32::MAX as usize]), Err(Undefined::NoKnownLabel));
        assert_eq!(fit_temperature(&[], 2, &[]), Err(Undefined::NoExamples));
        assert_eq!(fit_temperature(&[f32::NAN, 0.0], 2, &[0]), Err(Undefined::NotANumber));
    }
}
