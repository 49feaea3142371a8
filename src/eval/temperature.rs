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
