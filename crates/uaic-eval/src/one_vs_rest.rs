//! Rankings of a classifier with many classes: each class against all others.
//!
//! A gold label that is not below `classes`, one that the classifier does not know, makes its
//! example a negative of every class.

use super::blocks::Blocks;
use super::ranking::{Areas, Ranking};
use super::{Average, Undefined};

/// The probabilities of one class and whether each example is of it, from probabilities `(N, C)`.
pub fn one_vs_rest(
    probabilities: &[f64],
    classes: usize,
    gold: &[usize],
    class: usize,
) -> (Vec<f64>, Vec<bool>) {
    let scores = probabilities.chunks_exact(classes.max(1)).map(|row| row[class]);
    (scores.collect(), gold.iter().map(|&gold| gold == class).collect())
}

/// The area under the ROC curve of every class, `(C)`.
pub fn auroc_per_class(probabilities: &[f64], classes: usize, gold: &[usize]) -> Vec<Result<f64, Undefined>> {
    per_class(probabilities, classes, gold, |areas| areas.auroc)
}

/// The average precision of every class, `(C)`.
pub fn average_precision_per_class(
    probabilities: &[f64],
    classes: usize,
    gold: &[usize],
) -> Vec<Result<f64, Undefined>> {
    per_class(probabilities, classes, gold, |areas| areas.average_precision)
}

/// The area under the ROC curve, averaged over the classes that have one: alike, or by their
/// number of examples; or of all pairs of an example and a class as one ranking (micro).
///
/// # Errors
/// Where no class has one, with the reason of the first.
pub fn auroc_average(
    probabilities: &[f64],
    classes: usize,
    gold: &[usize],
    average: Average,
) -> Result<f64, Undefined> {
    let rankings = Rankings::new(probabilities, classes, gold)?;
    rankings.average(average, &vec![1; gold.len()], gold).auroc
}

/// The average precision, averaged over the classes that have one: alike, or by their number of
/// examples; or of all pairs of an example and a class as one ranking (micro).
///
/// # Errors
/// Where no class has one, with the reason of the first.
pub fn average_precision_average(
    probabilities: &[f64],
    classes: usize,
    gold: &[usize],
    average: Average,
) -> Result<f64, Undefined> {
    let rankings = Rankings::new(probabilities, classes, gold)?;
    rankings.average(average, &vec![1; gold.len()], gold).average_precision
}

fn per_class(
    probabilities: &[f64],
    classes: usize,
    gold: &[usize],
    area: impl Fn(Areas) -> Result<f64, Undefined>,
) -> Vec<Result<f64, Undefined>> {
    let weights = vec![1; gold.len()];
    let of_class = |class| {
        let (scores, positive) = one_vs_rest(probabilities, classes, gold, class);
        area(Ranking::new(&Blocks::new(&scores, &positive)?, 1).areas(&weights))
    };
    (0..classes).map(of_class).collect()
}

/// Every class and all of them together, sorted once.
pub(super) struct Rankings {
    per_class: Vec<Ranking>,
    all: Ranking,
}

impl Rankings {
    pub(super) fn new(probabilities: &[f64], classes: usize, gold: &[usize]) -> Result<Self, Undefined> {
        let of_class = |class| {
            let (scores, positive) = one_vs_rest(probabilities, classes, gold, class);
            Ok(Ranking::new(&Blocks::new(&scores, &positive)?, 1))
        };
        let pairs = gold.iter().flat_map(|&gold| (0..classes).map(move |class| gold == class));
        let all = Blocks::new(probabilities, &pairs.collect::<Vec<bool>>())?;
        Ok(Self {
            per_class: (0..classes).map(of_class).collect::<Result<_, Undefined>>()?,
            all: Ranking::new(&all, classes),
        })
    }

    /// Both areas with every example counted as often as its weight says.
    pub(super) fn average(&self, average: Average, weights: &[u32], gold: &[usize]) -> Areas {
        let mut shares = vec![1.0; self.per_class.len()];
        match average {
            Average::Micro => return self.all.areas(weights),
            Average::Macro => {}
            Average::Weighted => {
                shares.fill(0.0);
                for (&gold, &weight) in gold.iter().zip(weights) {
                    if let Some(share) = shares.get_mut(gold) {
                        *share += f64::from(weight);
                    }
                }
            }
        }
        let areas: Vec<Areas> = self.per_class.iter().map(|ranking| ranking.areas(weights)).collect();
        Areas {
            auroc: mean(areas.iter().map(|areas| areas.auroc).zip(shares.iter().copied())),
            average_precision: mean(areas.iter().map(|areas| areas.average_precision).zip(shares)),
        }
    }
}

/// The mean of what has a value, by its share.
fn mean(terms: impl Iterator<Item = (Result<f64, Undefined>, f64)>) -> Result<f64, Undefined> {
    let (mut sum, mut shares, mut reason) = (0.0, 0.0, None);
    for (value, share) in terms {
        match value {
            Ok(value) => {
                sum += share * value;
                shares += share;
            }
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    if shares > 0.0 { Ok(sum / shares) } else { Err(reason.unwrap_or(Undefined::NoExamples)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBABILITIES: [f64; 6] = [0.7, 0.3, 0.4, 0.6, 0.9, 0.1];

    #[test]
    fn an_unknown_label_is_a_negative_of_every_class() {
        let (scores, positive) = one_vs_rest(&PROBABILITIES, 2, &[0, 1, 2], 0);
        assert_eq!((scores, positive), (vec![0.7, 0.4, 0.9], vec![true, false, false]));
        assert_eq!(auroc_per_class(&PROBABILITIES, 2, &[0, 1, 2]), [Ok(0.5), Ok(1.0)]);
        assert_eq!(auroc_average(&PROBABILITIES, 2, &[0, 1, 2], Average::Macro), Ok(0.75));
    }

    #[test]
    fn a_class_that_does_not_occur_is_no_part_of_the_mean() {
        let gold = [0, 0, 2];
        assert_eq!(auroc_per_class(&PROBABILITIES, 2, &gold), [Ok(0.0), Err(Undefined::NoPositives)]);
        assert_eq!(auroc_average(&PROBABILITIES, 2, &gold, Average::Macro), Ok(0.0));
        assert_eq!(auroc_average(&PROBABILITIES, 2, &gold, Average::Weighted), Ok(0.0));
    }

    #[test]
    fn a_mean_of_nothing_says_why() {
        let none = auroc_average(&PROBABILITIES, 2, &[2, 2, 2], Average::Macro);
        assert_eq!(none, Err(Undefined::NoPositives));
        let one = auroc_average(&PROBABILITIES, 2, &[0, 0, 0], Average::Macro);
        assert_eq!(one, Err(Undefined::NoNegatives), "of the first class");
        assert_eq!(auroc_average(&[], 2, &[], Average::Micro), Err(Undefined::NoExamples));
        let nan = average_precision_average(&[f64::NAN, 0.0], 2, &[1], Average::Macro);
        assert_eq!(nan, Err(Undefined::NotANumber));
    }
}
