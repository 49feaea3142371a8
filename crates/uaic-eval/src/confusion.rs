//! The confusion matrix and what is computed from it.

use super::{Average, Tally, Undefined};

/// Counts of (gold, predicted) pairs over `classes` labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u32>,
}

/// The figures of one class; what is undefined says why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassFigures {
    /// Examples with this gold label.
    pub support: u32,
    /// Examples with this predicted label.
    pub predicted: u32,
    /// Share of right ones among those predicted; undefined for a class never predicted.
    pub precision: Result<f64, Undefined>,
    /// Share of right ones among those with this gold label; undefined without support.
    pub recall: Result<f64, Undefined>,
    /// 2TP / (2TP + FP + FN); undefined for a class that neither occurs nor is predicted.
    pub f1: Result<f64, Undefined>,
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

    /// Number of classes, whether they occur or not.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Examples with this gold and this predicted label.
    pub fn get(&self, gold: usize, predicted: usize) -> u32 {
        self.counts[gold * self.classes + predicted]
    }

    /// Examples with this gold label.
    pub fn support(&self, class: usize) -> u32 {
        (0..self.classes).map(|predicted| self.get(class, predicted)).sum()
    }

    /// Examples with this predicted label.
    pub fn predicted(&self, class: usize) -> u32 {
        (0..self.classes).map(|gold| self.get(gold, class)).sum()
    }

    /// The figures of every class, `(classes)`.
    pub fn per_class(&self) -> Vec<ClassFigures> {
        let tally = self.tally();
        let figures = |class| ClassFigures {
            support: tally.support[class],
            predicted: tally.predicted[class],
            precision: tally.precision(class),
            recall: tally.recall(class),
            f1: tally.f1(class),
        };
        (0..self.classes).map(figures).collect()
    }

    /// Share of examples on the diagonal; `None` without examples.
    pub fn accuracy(&self) -> Option<f64> {
        self.tally().accuracy().ok()
    }

    /// Precision averaged over the classes that occur as gold or predicted label; that of a class
    /// never predicted counts 0 (as scikit-learn does with `zero_division=0`).
    ///
    /// # Errors
    /// Without examples.
    pub fn precision(&self, average: Average) -> Result<f64, Undefined> {
        self.tally().average(average, Tally::precision)
    }

    /// Recall averaged over the classes that occur as gold or predicted label; that of a class
    /// without support counts 0 (as scikit-learn does with `zero_division=0`).
    ///
    /// # Errors
    /// Without examples.
    pub fn recall(&self, average: Average) -> Result<f64, Undefined> {
        self.tally().average(average, Tally::recall)
    }

    /// F1 averaged over the classes that occur as gold or predicted label (as scikit-learn does
    /// with `zero_division=0`); `None` without examples.
    pub fn f1(&self, average: Average) -> Option<f64> {
        self.tally().average(average, Tally::f1).ok()
    }

    /// Matthews' correlation coefficient for many classes (Gorodkin 2004): 1 for a perfect
    /// prediction, 0 for one independent of the gold labels.
    ///
    /// # Errors
    /// Without examples, and where all gold or all predicted labels are the same (scikit-learn
    /// gives 0 there).
    pub fn mcc(&self) -> Result<f64, Undefined> {
        self.tally().mcc()
    }

    fn tally(&self) -> Tally {
        let classes = 0..self.classes;
        Tally {
            right: classes.clone().map(|class| self.get(class, class)).collect(),
            support: classes.clone().map(|class| self.support(class)).collect(),
            predicted: classes.map(|class| self.predicted(class)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

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
        assert_eq!(confusion.precision(Average::Micro), Err(Undefined::NoExamples));
        assert_eq!(confusion.recall(Average::Weighted), Err(Undefined::NoExamples));
        assert_eq!(confusion.mcc(), Err(Undefined::NoExamples));
    }

    #[test]
    fn an_undefined_figure_of_a_class_says_why() {
        let classes = Confusion::count(4, &[0, 1], &[2, 1]).per_class();
        assert_eq!(classes[0].precision, Err(Undefined::NeverPredicted));
        assert_eq!((classes[0].recall, classes[0].f1), (Ok(0.0), Ok(0.0)));
        assert_eq!((classes[1].precision, classes[1].recall, classes[1].f1), (Ok(1.0), Ok(1.0), Ok(1.0)));
        assert_eq!((classes[2].precision, classes[2].recall), (Ok(0.0), Err(Undefined::NoSupport)));
        assert_eq!(classes[3].f1, Err(Undefined::NeverOccurs));
        assert_eq!((classes[2].support, classes[2].predicted), (0, 1));
    }

    #[test]
    fn correlation_needs_two_classes_on_both_sides() {
        assert_eq!(Confusion::count(2, &[1, 1], &[0, 1]).mcc(), Err(Undefined::OneClass));
        assert_eq!(Confusion::count(2, &[0, 1], &[1, 1]).mcc(), Err(Undefined::OnePrediction));
        assert_relative_eq!(Confusion::count(2, &[0, 1, 0], &[1, 0, 1]).mcc().unwrap(), -1.0);
    }

    proptest! {
        #[test]
        fn micro_averages_are_the_accuracy(pairs in prop::collection::vec((0_usize..6, 0_usize..6), 1..50)) {
            let (gold, predicted): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
            let confusion = Confusion::count(6, &gold, &predicted);
            let accuracy = confusion.accuracy().unwrap();
            prop_assert_eq!(confusion.precision(Average::Micro), Ok(accuracy));
            prop_assert_eq!(confusion.recall(Average::Micro), Ok(accuracy));
            prop_assert_eq!(confusion.f1(Average::Micro), Some(accuracy));
            prop_assert!((confusion.recall(Average::Weighted).unwrap() - accuracy).abs() < 1e-12);
        }

        #[test]
        fn gold_and_predicted_swap_precision_and_recall(
            pairs in prop::collection::vec((0_usize..6, 0_usize..6), 1..50),
        ) {
            let (gold, predicted): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
            let (forth, back) = (Confusion::count(6, &gold, &predicted), Confusion::count(6, &predicted, &gold));
            prop_assert_eq!(forth.precision(Average::Macro), back.recall(Average::Macro));
            prop_assert_eq!(forth.f1(Average::Macro), back.f1(Average::Macro));
            prop_assert_eq!(forth.mcc().ok(), back.mcc().ok());
            for class in 0..6 {
                prop_assert_eq!(forth.support(class), back.predicted(class));
            }
        }

        #[test]
        fn f1_is_the_harmonic_mean_where_there_is_one(
            pairs in prop::collection::vec((0_usize..4, 0_usize..4), 1..50),
        ) {
            let (gold, predicted): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
            for class in Confusion::count(4, &gold, &predicted).per_class() {
                if let (Ok(precision), Ok(recall)) = (class.precision, class.recall)
                    && precision + recall > 0.0
                {
                    let harmonic = 2.0 * precision * recall / (precision + recall);
                    prop_assert!((class.f1.unwrap() - harmonic).abs() < 1e-12);
                }
            }
        }
    }
}
