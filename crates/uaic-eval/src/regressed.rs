//! What any regression said of some rows, and how far that is from the truth.

use super::{Resample, Undefined};

/// Quantiles at which the pinball loss of a single value is taken.
const QUANTILES: [f64; 3] = [0.1, 0.5, 0.9];

/// What a regression said of some rows: a value for each, quantiles of it where they were predicted.
#[derive(Clone, Debug, PartialEq)]
pub struct Regressed {
    gold: Vec<f64>,
    predicted: Vec<f64>,
    /// Level from 0 to 1, and what was predicted for each row; rising levels.
    quantiles: Vec<(f64, Vec<f64>)>,
    /// Rows by the size of their error, the smallest first.
    by_error: Vec<u32>,
}

impl Regressed {
    /// Rows with their right value and the predicted one, and with predicted quantiles by level.
    ///
    /// # Errors
    /// Without rows, with columns of unequal length, or with a value that is NaN or infinite.
    pub fn new(
        gold: Vec<f64>,
        predicted: Vec<f64>,
        mut quantiles: Vec<(f64, Vec<f64>)>,
    ) -> Result<Self, Undefined> {
        let n = gold.len();
        let is_short = |column: &Vec<f64>| column.len() != n;
        if n == 0 || is_short(&predicted) || quantiles.iter().any(|(_, column)| is_short(column)) {
            return Err(Undefined::NoExamples);
        }
        let columns = [&gold, &predicted].into_iter().chain(quantiles.iter().map(|(_, column)| column));
        if columns.flatten().any(|value| !value.is_finite()) {
            return Err(Undefined::NotANumber);
        }
        quantiles.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut by_error: Vec<u32> = (0..n as u32).collect();
        let size = |row: u32| (gold[row as usize] - predicted[row as usize]).abs();
        by_error.sort_by(|&a, &b| size(a).total_cmp(&size(b)).then(a.cmp(&b)));
        Ok(Self { gold, predicted, quantiles, by_error })
    }

    /// Number of rows, never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.gold.len()
    }

    /// The right value of each row, `(N)`.
    pub fn gold(&self) -> &[f64] {
        &self.gold
    }

    /// The predicted value of each row, `(N)`.
    pub fn predicted(&self) -> &[f64] {
        &self.predicted
    }

    /// Predicted quantiles: level and column, `(N)` each, by rising level.
    pub fn quantiles(&self) -> &[(f64, Vec<f64>)] {
        &self.quantiles
    }

    /// Predicted minus right, `(N)`.
    pub fn residuals(&self) -> Vec<f64> {
        self.predicted.iter().zip(&self.gold).map(|(predicted, gold)| predicted - gold).collect()
    }

    /// The rows with these numbers, in this order; `None` of none.
    ///
    /// # Panics
    /// There is no row of such a number.
    pub fn select(&self, rows: &[usize]) -> Option<Self> {
        let pick = |column: &[f64]| rows.iter().map(|&row| column[row]).collect::<Vec<f64>>();
        let quantiles = self.quantiles.iter().map(|(level, column)| (*level, pick(column))).collect();
        Self::new(pick(&self.gold), pick(&self.predicted), quantiles).ok()
    }

    /// Names of the figures, in the order of [`Regressed::figures`].
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = [
            "mae",
            "rmse",
            "r2",
            "mape",
            "median_absolute_error",
            "max_error",
            "explained_variance",
            "mean_error",
        ]
        .map(ToOwned::to_owned)
        .into();
        names.extend(self.levels().map(|level| format!("pinball_{level}")));
        if let Some((low, high)) = self.ends() {
            names.push(format!("coverage_{low}_{high}"));
        }
        names
    }

    /// Levels at which the pinball loss is taken: the predicted ones, or those of a single value.
    fn levels(&self) -> impl Iterator<Item = f64> {
        let own: Vec<f64> = self.quantiles.iter().map(|(level, _)| *level).collect();
        if own.is_empty() { QUANTILES.to_vec().into_iter() } else { own.into_iter() }
    }

    /// The outermost levels, where there are two.
    fn ends(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.quantiles.first()?.0, self.quantiles.last()?.0);
        (first < last).then_some((first, last))
    }

    /// All figures of a resample; as scikit-learn has them, but absent where that gives a value by
    /// convention: MAPE with a right value of 0, R² and explained variance of what does not vary.
    pub fn figures(&self, resample: Resample<'_>) -> Vec<Result<f64, Undefined>> {
        match resample {
            Resample::Weights(weights) => self.weighed(weights),
            Resample::Drawn(rows) => {
                let mut weights = vec![0; self.len()];
                for &row in rows {
                    weights[row] += 1;
                }
                self.weighed(&weights)
            }
        }
    }

    fn weighed(&self, weights: &[u32]) -> Vec<Result<f64, Undefined>> {
        let all: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
        if all == 0 {
            return vec![Err(Undefined::NoExamples); self.names().len()];
        }
        let mean = |of: &dyn Fn(f64, f64) -> f64| self.mean(weights, all, &self.predicted, of);
        let (gold, error) = (mean(&|gold, _| gold), mean(&|gold, predicted| predicted - gold));
        let square = mean(&|gold, predicted| (predicted - gold).powi(2));
        let spread = mean(&|own, _| (own - gold).powi(2));
        let noise = mean(&|own, predicted| (predicted - own - error).powi(2));
        let explained =
            |rest: f64| if spread > 0.0 { Ok(1.0 - rest / spread) } else { Err(Undefined::Constant) };
        let mut figures = vec![
            Ok(mean(&|gold, predicted| (predicted - gold).abs())),
            Ok(square.sqrt()),
            explained(square),
            self.share(weights, all),
            Ok(self.median(weights, all)),
            Ok(self.largest(weights)),
            explained(noise),
            Ok(error),
        ];
        figures.extend(self.pinballs(weights, all));
        figures.extend(self.coverage(weights, all));
        figures
    }

    fn mean(&self, weights: &[u32], all: u64, column: &[f64], of: &dyn Fn(f64, f64) -> f64) -> f64 {
        let rows = self.gold.iter().zip(column).zip(weights).filter(|(_, weight)| **weight > 0);
        let sum: f64 = rows.map(|((&gold, &value), &weight)| f64::from(weight) * of(gold, value)).sum();
        sum / all as f64
    }

    /// The mean error as a share of the right value.
    fn share(&self, weights: &[u32], all: u64) -> Result<f64, Undefined> {
        if self.gold.iter().zip(weights).any(|(gold, weight)| *gold == 0.0 && *weight > 0) {
            return Err(Undefined::ZeroGold);
        }
        // Values below it have no share that means anything; scikit-learn divides by it, too.
        let of = |gold: f64, predicted: f64| (predicted - gold).abs() / gold.abs().max(f64::EPSILON);
        Ok(self.mean(weights, all, &self.predicted, &of))
    }

    fn error(&self, row: u32) -> f64 {
        (self.gold[row as usize] - self.predicted[row as usize]).abs()
    }

    /// Of an even number the mean of both in the middle.
    fn median(&self, weights: &[u32], all: u64) -> f64 {
        let (mut before, mut lower) = (0, None);
        for &row in &self.by_error {
            before += u64::from(weights[row as usize]);
            if lower.is_none() && before > (all - 1) / 2 {
                lower = Some(self.error(row));
            }
            if before > all / 2 {
                let upper = self.error(row);
                return f64::midpoint(lower.unwrap_or(upper), upper);
            }
        }
        0.0
    }

    fn largest(&self, weights: &[u32]) -> f64 {
        let last = self.by_error.iter().rev().find(|row| weights[**row as usize] > 0);
        last.map_or(0.0, |row| self.error(*row))
    }

    fn pinballs(&self, weights: &[u32], all: u64) -> Vec<Result<f64, Undefined>> {
        let loss = |level: f64, column: &[f64]| {
            self.mean(weights, all, column, &|gold, value| {
                let above = gold - value;
                if above >= 0.0 { level * above } else { (level - 1.0) * above }
            })
        };
        if self.quantiles.is_empty() {
            return QUANTILES.iter().map(|&level| Ok(loss(level, &self.predicted))).collect();
        }
        self.quantiles.iter().map(|(level, column)| Ok(loss(*level, column))).collect()
    }

    /// The share of right values between the outermost predicted quantiles.
    fn coverage(&self, weights: &[u32], all: u64) -> Option<Result<f64, Undefined>> {
        self.ends()?;
        let (low, high) = (&self.quantiles.first()?.1, &self.quantiles.last()?.1);
        let rows = self.gold.iter().zip(low).zip(high).zip(weights);
        let inside = rows.filter(|(((gold, low), high), _)| low <= gold && gold <= high);
        Some(Ok(inside.map(|(_, &weight)| u64::from(weight)).sum::<u64>() as f64 / all as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_weight_is_a_repetition(rows in prop::collection::vec((-9_i32..9, -9_i32..9, 0_u32..4), 1..30)) {
            let column = |of: fn(&(i32, i32, u32)) -> i32| rows.iter().map(|row| f64::from(of(row))).collect();
            let weights: Vec<u32> = rows.iter().map(|row| row.2).collect();
            let all = Regressed::new(column(|row| row.0), column(|row| row.1), vec![]).unwrap();
            let drawn: Vec<usize> =
                (0..rows.len()).flat_map(|row| std::iter::repeat_n(row, weights[row] as usize)).collect();
            prop_assume!(!drawn.is_empty());
            let long = all.select(&drawn).unwrap();
            let (weighed, repeated) =
                (all.figures(Resample::Weights(&weights)), long.figures(Resample::Weights(&vec![1; drawn.len()])));
            for (weighed, repeated) in weighed.iter().zip(&repeated) {
                match (weighed, repeated) {
                    (Ok(a), Ok(b)) => prop_assert!((a - b).abs() < 1e-9, "{a} {b}"),
                    (a, b) => prop_assert_eq!(a, b),
                }
            }
            prop_assert_eq!(all.figures(Resample::Drawn(&drawn)), weighed);
        }
    }

    #[test]
    fn what_has_no_value_says_why() {
        let same = Regressed::new(vec![0.0, 0.0], vec![1.0, 2.0], vec![]).unwrap();
        let figures = same.figures(Resample::Weights(&[1, 1]));
        assert_eq!((figures[2], figures[3], figures[6]), {
            (Err(Undefined::Constant), Err(Undefined::ZeroGold), Err(Undefined::Constant))
        });
        assert!(same.figures(Resample::Drawn(&[])).iter().all(Result::is_err));
        assert_eq!(Regressed::new(vec![], vec![], vec![]), Err(Undefined::NoExamples));
        assert_eq!(Regressed::new(vec![1.0], vec![f64::NAN], vec![]), Err(Undefined::NotANumber));
        assert_eq!(Regressed::new(vec![1.0], vec![1.0], vec![(0.5, vec![])]), Err(Undefined::NoExamples));
    }

    #[test]
    fn predicted_quantiles_have_losses_and_a_coverage() {
        let columns = vec![(0.9, vec![3.0, 3.0]), (0.1, vec![1.0, 2.5])];
        let rows = Regressed::new(vec![2.0, 2.0], vec![2.0, 2.5], columns).unwrap();
        let names = rows.names();
        assert_eq!(names[8..], ["pinball_0.1", "pinball_0.9", "coverage_0.1_0.9"]);
        let figures = rows.figures(Resample::Weights(&[1, 1]));
        assert_eq!(figures.len(), names.len());
        assert_eq!(figures[10], Ok(0.5));
    }
}
