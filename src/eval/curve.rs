//! Curves of one class against the rest: what a threshold on its score would let through.
//!
//! Examples of equal score pass a threshold together, so every curve has one point per distinct
//! score, and none depends on the order of rows.

use super::Undefined;
use super::blocks::Blocks;

/// A point of a ROC curve: examples with at least this score count as positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// The lowest score that passes; infinite at the first point, where nothing does.
    pub threshold: f64,
    /// Share of negatives that pass.
    pub false_positive_rate: f64,
    /// Share of positives that pass.
    pub true_positive_rate: f64,
}

/// A point of a precision–recall curve: examples with at least this score count as positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecallPoint {
    /// The lowest score that passes.
    pub threshold: f64,
    /// Share of positives among those that pass.
    pub precision: f64,
    /// Share of positives that pass.
    pub recall: f64,
}

/// The ROC curve from (0, 0) to (1, 1), a point per distinct score, falling.
///
/// # Errors
/// Without positives or negatives, or with a NaN.
pub fn roc_curve(scores: &[f64], positive: &[bool]) -> Result<Vec<RocPoint>, Undefined> {
    let Cuts { points: cuts, positives, negatives } = Cuts::new(scores, positive)?;
    if positives == 0.0 {
        return Err(Undefined::NoPositives);
    }
    if negatives == 0.0 {
        return Err(Undefined::NoNegatives);
    }
    let point = |cut: &Cut| RocPoint {
        threshold: cut.threshold,
        false_positive_rate: cut.negatives / negatives,
        true_positive_rate: cut.positives / positives,
    };
    Ok(cuts.iter().map(point).collect())
}

/// The precision–recall curve, a point per distinct score, falling, so that recall rises to 1.
/// There is no point where nothing passes: precision has no value there.
///
/// # Errors
/// Without positives, or with a NaN.
pub fn precision_recall_curve(
    scores: &[f64],
    positive: &[bool],
) -> Result<Vec<PrecisionRecallPoint>, Undefined> {
    let Cuts { points: cuts, positives, .. } = Cuts::new(scores, positive)?;
    if positives == 0.0 {
        return Err(Undefined::NoPositives);
    }
    let point = |cut: &Cut| PrecisionRecallPoint {
        threshold: cut.threshold,
        precision: cut.positives / cut.all(),
        recall: cut.positives / positives,
    };
    Ok(cuts[1..].iter().map(point).collect())
}

/// The curve of cumulative gain: (share of examples taken, share of positives found), taking the
/// highest scores first, from (0, 0) to (1, 1). Between its points, inside a block of equal
/// scores, a straight line is the mean over all orders of the block.
///
/// # Errors
/// Without positives, or with a NaN.
pub fn gain_curve(scores: &[f64], positive: &[bool]) -> Result<Vec<(f64, f64)>, Undefined> {
    let Cuts { points: cuts, positives, negatives } = Cuts::new(scores, positive)?;
    if positives == 0.0 {
        return Err(Undefined::NoPositives);
    }
    let all = positives + negatives;
    Ok(cuts.iter().map(|cut| (cut.all() / all, cut.positives / positives)).collect())
}

/// The lift of the highest 10 %, 20 %, …, 100 % of scores: the precision among them by the base
/// rate, so 1 is what chance gives. Where a limit falls inside a block of equal scores or inside
/// an example, that part of it counts.
///
/// # Errors
/// Without positives, or with a NaN.
pub fn lift_by_decile(scores: &[f64], positive: &[bool]) -> Result<[f64; 10], Undefined> {
    let Cuts { points: cuts, positives, negatives } = Cuts::new(scores, positive)?;
    if positives == 0.0 {
        return Err(Undefined::NoPositives);
    }
    let all = positives + negatives;
    let mut lift = [0.0; 10];
    for (decile, lift) in (1_u8..).zip(&mut lift) {
        let taken = f64::from(decile) * all / 10.0;
        let next = cuts.partition_point(|cut| cut.all() < taken).clamp(1, cuts.len() - 1);
        let (before, after) = (&cuts[next - 1], &cuts[next]);
        let part = (taken - before.all()) / (after.all() - before.all());
        let found = before.positives + part * (after.positives - before.positives);
        *lift = (found / taken) / (positives / all);
    }
    Ok(lift)
}

/// How many of either kind have at least a score, for every score that occurs; the first cut lets
/// nothing through.
struct Cuts {
    points: Vec<Cut>,
    positives: f64,
    negatives: f64,
}

struct Cut {
    threshold: f64,
    positives: f64,
    negatives: f64,
}

impl Cut {
    fn all(&self) -> f64 {
        self.positives + self.negatives
    }
}

impl Cuts {
    fn new(scores: &[f64], positive: &[bool]) -> Result<Self, Undefined> {
        let sorted = Blocks::new(scores, positive)?;
        let (mut positives, mut negatives) = (0.0, 0.0);
        let mut cuts = vec![Cut { threshold: f64::INFINITY, positives, negatives }];
        for block in sorted.plain() {
            positives += block.positive as f64;
            negatives += block.negative as f64;
            cuts.push(Cut { threshold: block.score, positives, negatives });
        }
        Ok(Self { points: cuts, positives, negatives })
    }
}
