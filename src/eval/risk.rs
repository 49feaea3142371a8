//! What errors remain when only the most confident answers are given.

use super::Undefined;
use super::blocks::{Blocks, Weighed};

/// The risk–coverage curve (El-Yaniv & Wiener 2010): for every number of most confident answers,
/// (its share of all, the share of errors among them), `(N)`. Among answers of equal confidence
/// it is the mean over all their orders.
///
/// # Errors
/// Without examples, or with a NaN.
pub fn risk_coverage(confidences: &[f64], right: &[bool]) -> Result<Vec<(f64, f64)>, Undefined> {
    let sorted = Blocks::new(confidences, right)?;
    let n = confidences.len() as f64;
    let mut curve = Vec::with_capacity(confidences.len());
    walk(sorted.plain(), |given, wrong| curve.push((given / n, wrong / given)));
    Ok(curve)
}

/// The area under the risk–coverage curve (Geifman et al. 2019): the mean of its risks.
///
/// # Errors
/// Without examples, or with a NaN.
pub fn aurc(confidences: &[f64], right: &[bool]) -> Result<f64, Undefined> {
    weighted_aurc(&Blocks::new(confidences, right)?, &vec![1; confidences.len()])
}

/// The same of sorted confidences under some weights.
pub(super) fn weighted_aurc(confidences: &Blocks, weights: &[u32]) -> Result<f64, Undefined> {
    let (mut sum, mut n) = (0.0, 0.0);
    walk(confidences.weigh(weights), |given, wrong| {
        sum += wrong / given;
        n = given;
    });
    if n > 0.0 { Ok(sum / n) } else { Err(Undefined::NoExamples) }
}

/// Tells of every number of answers given how many of them are wrong.
fn walk(blocks: impl Iterator<Item = Weighed>, mut tell: impl FnMut(f64, f64)) {
    let (mut given, mut wrong) = (0.0, 0.0);
    for block in blocks {
        let share = block.negative as f64 / block.all() as f64;
        for step in 1..=block.all() {
            tell(given + step as f64, wrong + share * step as f64);
        }
        given += block.all() as f64;
        wrong += block.negative as f64;
    }
}
