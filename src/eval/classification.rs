//! Accuracy and F1 from a confusion matrix; log-loss from probabilities.

/// How per-class figures are averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// Every class alike.
    Macro,
    /// By the number of gold examples.
    Weighted,
}

/// Counts of (gold, predicted) pairs over `classes` labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u32>,
}

impl Confusion {
    /// Counts pairs of label numbers; all must be below `classes`.
    pub fn count(classes: usize, gold: &[usize], predicted: &[usize]) -> Self {
        let mut counts = vec![0; classes * classes];
        for (&gold, &predicted) in gold.iter().zip(predicted) {
            counts[gold * classes + predicted] += 1;
        }
        Self { classes, counts }
    }

    /// Examples with this gold and this predicted label.
    pub fn get(&self, gold: usize, predicted: usize) -> u32 {
        self.counts[gold * self.classes + predicted]
    }

    /// Examples with this gold label.
    pub fn support(&self, class: usize) -> u32 {
        (0..self.classes).map(|predicted| self.get(class, predicted)).sum()
    }

    /// Share of examples on the diagonal; `None` without examples.
    pub fn accuracy(&self) -> Option<f64> {
        let right: u32 = (0..self.classes).map(|class| self.get(class, class)).sum();
        let all: u32 = self.counts.iter().sum();
        (all > 0).then(|| f64::from(right) / f64::from(all))
    }

    /// F1 averaged over the classes that occur as gold or predicted label (as scikit-learn does
    /// with `zero_division=0`); `None` without examples.
    pub fn f1(&self, average: Average) -> Option<f64> {
        let mut sum = 0.0;
        let mut weight = 0.0;
        for class in 0..self.classes {
            let support = self.support(class);
            let predicted: u32 = (0..self.classes).map(|gold| self.get(gold, class)).sum();
            if support + predicted == 0 {
                continue;
            }
            // 2TP / (2TP + FP + FN) needs no case for an undefined precision or recall.
            let f1 = 2.0 * f64::from(self.get(class, class)) / f64::from(support + predicted);
            let share = match average {
                Average::Macro => 1.0,
                Average::Weighted => f64::from(support),
            };
            sum += share * f1;
            weight += share;
        }
        (weight > 0.0).then(|| sum / weight)
    }
}

/// Whether a label is right by the lenient rule of the literature: it is the gold label, or one of
/// its intents where `a+b` names two.
pub fn is_any_gold(gold: &str, predicted: &str) -> bool {
    gold == predicted || gold.split('+').any(|intent| intent == predicted)
}

/// Mean negative log-probability of the gold label, given per example; natural log, probabilities
/// cut at 1e-15 as in scikit-learn, except that NaN stays NaN. `None` without examples.
pub fn log_loss(gold_probabilities: &[f64]) -> Option<f64> {
    let cut = |p: f64| if p.is_nan() { p } else { p.max(1e-15) };
    let sum: f64 = gold_probabilities.iter().map(|&p| -libm::log(cut(p))).sum();
    (!gold_probabilities.is_empty()).then(|| sum / gold_probabilities.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn figures_equal_scikit_learn() {
        // from sklearn.metrics import accuracy_score, f1_score
        // g = [0,0,0,1,1,2,2,2,2,3]; p = [0,1,0,1,1,2,0,2,2,2]
        // accuracy_score(g, p)                                     -> 0.7
        // f1_score(g, p, average="macro", zero_division=0)         -> 0.5541666666666667
        // f1_score(g, p, average="weighted", zero_division=0)      -> 0.66
        let gold = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3];
        let predicted = [0, 1, 0, 1, 1, 2, 0, 2, 2, 2];
        let confusion = Confusion::count(5, &gold, &predicted);
        assert_relative_eq!(confusion.accuracy().unwrap(), 0.7);
        assert_relative_eq!(confusion.f1(Average::Macro).unwrap(), 0.554_166_666_666_666_7, epsilon = 1e-12);
        assert_relative_eq!(confusion.f1(Average::Weighted).unwrap(), 0.66, epsilon = 1e-12);
    }

    #[test]
    fn nothing_evaluated_is_absent_not_zero() {
        let confusion = Confusion::count(3, &[], &[]);
        assert_eq!(confusion.accuracy(), None);
        assert_eq!(confusion.f1(Average::Macro), None);
        assert_eq!(log_loss(&[]), None);
    }

    #[test]
    fn the_lenient_rule_accepts_one_of_several_gold_intents() {
        assert!(is_any_gold("flight+airfare", "airfare") && is_any_gold("flight+airfare", "flight+airfare"));
        assert!(!is_any_gold("flight", "flight+airfare"), "a guess at two intents is no answer to one");
        assert!(!is_any_gold("flight", "airfare"));
    }

    #[test]
    fn log_loss_is_finite_for_a_zero_probability() {
        assert_relative_eq!(log_loss(&[1.0, 0.5]).unwrap(), 0.5 * 2.0_f64.ln());
        assert!(log_loss(&[0.0]).unwrap().is_finite());
        assert!(log_loss(&[0.5, f64::NAN]).unwrap().is_nan(), "a broken model must not look finite");
    }
}
