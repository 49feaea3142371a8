//! Per-class counts, and what is computed from them alone.

use super::Undefined;

/// How per-class figures are averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// Over all decisions; with one label per example, precision, recall and F1 are then the
    /// accuracy.
    Micro,
    /// Every class alike.
    Macro,
    /// By the number of gold examples.
    Weighted,
}

/// For every class, how many examples are of it, are predicted to be, and both.
///
/// Averages go over the classes that occur as gold or predicted label, and an undefined term
/// counts 0 in them, as scikit-learn has it with `zero_division=0`.
pub(super) struct Tally {
    pub(super) right: Vec<u32>,
    pub(super) support: Vec<u32>,
    pub(super) predicted: Vec<u32>,
}

impl Tally {
    /// Nothing counted yet.
    pub(super) fn new(classes: usize) -> Self {
        let zero = || vec![0; classes];
        Self { right: zero(), support: zero(), predicted: zero() }
    }

    /// Counts an answer as often as a weight says.
    pub(super) fn add(&mut self, gold: usize, predicted: usize, weight: u32) {
        self.support[gold] += weight;
        self.predicted[predicted] += weight;
        if gold == predicted {
            self.right[gold] += weight;
        }
    }

    pub(super) fn accuracy(&self) -> Result<f64, Undefined> {
        let (right, all): (u32, u32) = (self.right.iter().sum(), self.support.iter().sum());
        ratio(right, all).ok_or(Undefined::NoExamples)
    }

    pub(super) fn precision(&self, class: usize) -> Result<f64, Undefined> {
        ratio(self.right[class], self.predicted[class]).ok_or(Undefined::NeverPredicted)
    }

    pub(super) fn recall(&self, class: usize) -> Result<f64, Undefined> {
        ratio(self.right[class], self.support[class]).ok_or(Undefined::NoSupport)
    }

    /// The share of examples of other classes that are not taken for this one.
    pub(super) fn specificity(&self, class: usize) -> Result<f64, Undefined> {
        let all: u32 = self.support.iter().sum();
        let others = all - self.support[class];
        let taken = self.predicted[class] - self.right[class];
        ratio(others - taken, others).ok_or(Undefined::NoNegatives)
    }

    /// The mean recall of the classes that have examples.
    pub(super) fn balanced_accuracy(&self) -> Result<f64, Undefined> {
        let recalls = (0..self.right.len()).filter_map(|class| self.recall(class).ok());
        let (sum, count) = recalls.fold((0.0, 0_u32), |(sum, count), recall| (sum + recall, count + 1));
        if count > 0 { Ok(sum / f64::from(count)) } else { Err(Undefined::NoExamples) }
    }

    /// Cohen's kappa (1960): how much of the agreement that chance leaves is reached.
    pub(super) fn kappa(&self) -> Result<f64, Undefined> {
        let all = f64::from(self.support.iter().sum::<u32>());
        if all == 0.0 {
            return Err(Undefined::NoExamples);
        }
        let pairs = self.support.iter().zip(&self.predicted);
        let chance = pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() / (all * all);
        let agreed = f64::from(self.right.iter().sum::<u32>()) / all;
        if chance < 1.0 { Ok((agreed - chance) / (1.0 - chance)) } else { Err(Undefined::OneClass) }
    }

    /// 2TP / (2TP + FP + FN) needs no case for an undefined precision or recall.
    pub(super) fn f1(&self, class: usize) -> Result<f64, Undefined> {
        let named = self.support[class] + self.predicted[class];
        ratio(2 * self.right[class], named).ok_or(Undefined::NeverOccurs)
    }

    /// The mean of a per-class figure.
    pub(super) fn average(
        &self,
        average: Average,
        figure: impl Fn(&Self, usize) -> Result<f64, Undefined>,
    ) -> Result<f64, Undefined> {
        let (mut sum, mut weight) = (0.0, 0.0);
        for class in 0..self.right.len() {
            if self.support[class] + self.predicted[class] == 0 {
                continue;
            }
            let share = match average {
                Average::Micro => return self.accuracy(),
                Average::Macro => 1.0,
                Average::Weighted => f64::from(self.support[class]),
            };
            sum += share * figure(self, class).unwrap_or(0.0);
            weight += share;
        }
        if weight > 0.0 { Ok(sum / weight) } else { Err(Undefined::NoExamples) }
    }

    /// Matthews' correlation for many classes (Gorodkin 2004).
    pub(super) fn mcc(&self) -> Result<f64, Undefined> {
        let sum_of_products = |a: &[u32], b: &[u32]| -> f64 {
            let products = a.iter().zip(b).map(|(&a, &b)| u64::from(a) * u64::from(b));
            products.sum::<u64>() as f64
        };
        let right = f64::from(self.right.iter().sum::<u32>());
        let all = f64::from(self.support.iter().sum::<u32>());
        let gold_spread = all * all - sum_of_products(&self.support, &self.support);
        let predicted_spread = all * all - sum_of_products(&self.predicted, &self.predicted);
        if all == 0.0 {
            Err(Undefined::NoExamples)
        } else if gold_spread == 0.0 {
            Err(Undefined::OneClass)
        } else if predicted_spread == 0.0 {
            Err(Undefined::OnePrediction)
        } else {
            let covariance = right * all - sum_of_products(&self.support, &self.predicted);
            Ok(covariance / (gold_spread.sqrt() * predicted_spread.sqrt()))
        }
    }
}

/// A share; `None` of nothing.
fn ratio(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}
