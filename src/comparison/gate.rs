//! Rules that a comparison must pass: `test/accuracy < baseline - 0.005`.

use std::fmt;

use crate::nearest::nearest;
use crate::space::{Constraint, ConstraintError};

/// The name of the baseline's value in a bound.
const BASELINE: &str = "baseline";

/// What stands for the metric in the constraint: names of metrics may have signs in them that a
/// constraint takes for arithmetic.
const METRIC: &str = "metric";

/// What a bound may be.
const BOUND: &str = "`baseline` or a number is expected";

/// A rule: a run breaks it when what it says is true of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// As it was written.
    pub text: String,
    /// What is looked at.
    pub metric: String,
    /// The rule with [`METRIC`] in place of the metric's name.
    constraint: Constraint,
}

/// What is wrong with a rule, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{text}\n{caret} {what}", caret = Caret(*.column))]
pub struct RuleError {
    /// The rule.
    pub text: String,
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong, and what would do.
    pub what: String,
}

/// A mark below a column.
struct Caret(usize);

impl fmt::Display for Caret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>width$}", '^', width = self.0)
    }
}

impl Rule {
    /// Reads `METRIC OP BOUND`: METRIC is a name as it was recorded, between backticks where it has
    /// spaces; OP is one of `<`, `<=`, `>`, `>=`; BOUND is what stands beside a comparison of a
    /// [`Constraint`], and may speak of `baseline`: `baseline - 0.005`, `max(baseline, 0.9)`.
    ///
    /// # Errors
    /// Says what was expected at which column.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        // `at` is in bytes.
        let error = |at: usize, what: String| {
            let column = text[..at].chars().count() + 1;
            RuleError { text: text.to_owned(), column, what }
        };
        let written = text.trim_end();
        let Some((metric, end)) = metric_of(written) else {
            let start = written.len() - written.trim_start().len();
            return Err(error(start, "a metric is expected, such as test/accuracy".to_owned()));
        };
        let relation = &written[end..];
        let start = written.len() - relation.trim_start().len();
        if !written[start..].starts_with(['<', '>']) {
            return Err(error(start, "`<`, `<=`, `>` or `>=` is expected".to_owned()));
        }
        let constraint = read(relation).map_err(|(at, what)| error(end + at, what))?;
        Ok(Self { text: text.to_owned(), metric: metric.to_owned(), constraint })
    }

    /// Whether the bound depends on the baseline.
    pub fn needs_baseline(&self) -> bool {
        self.constraint.names().contains(&BASELINE)
    }

    /// Whether a value breaks the rule. What is no number breaks every rule, for nothing says that
    /// it is good.
    pub fn is_broken(&self, value: f64, baseline: f64) -> bool {
        let is_true = || self.constraint.holds(|name| Some(if name == METRIC { value } else { baseline }));
        value.is_nan() || self.bound(baseline).is_nan() || is_true()
    }

    /// The number that a value is held against.
    pub fn bound(&self, baseline: f64) -> f64 {
        bound(&self.constraint, baseline).unwrap_or(f64::NAN)
    }
}

/// The bound of a rule; none where it speaks of anything but the baseline.
fn bound(constraint: &Constraint, baseline: f64) -> Option<f64> {
    constraint.sides(|name| (name == BASELINE).then_some(baseline)).last().copied().flatten()
}

/// The name at the start of a rule, and where it ends.
fn metric_of(text: &str) -> Option<(&str, usize)> {
    let rest = text.trim_start();
    let start = text.len() - rest.len();
    if let Some(quoted) = rest.strip_prefix('`') {
        let (name, _) = quoted.split_once('`')?;
        return (!name.is_empty()).then_some((name, start + name.len() + 2));
    }
    let is_part = |letter: char| letter.is_alphanumeric() || "/_.=-@".contains(letter);
    let length = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
    rest.starts_with(char::is_alphabetic).then(|| (&rest[..length], start + length))
}

/// Reads a comparison and its bound.
///
/// # Errors
/// Says where in bytes, and what was expected there.
fn read(relation: &str) -> Result<Constraint, (usize, String)> {
    let told = |error: ConstraintError| {
        let at = error.span.start.saturating_sub(METRIC.len());
        (at, if at >= relation.len() { told_of_end(relation) } else { error.message })
    };
    let constraint: Constraint = format!("{METRIC}{relation}").parse().map_err(told)?;
    let is_sign = |letter: char| letter.is_whitespace() || "<>=".contains(letter);
    let start = relation.len() - relation.trim_start_matches(is_sign).len();
    let place = |found: &str| start + relation[start..].find(found).unwrap_or(0);
    if constraint.sides(|_| None).len() > 2 {
        let second = relation[start..].find(['<', '>', '=', '!']).unwrap_or(0);
        return Err((start + second, "the end is expected".to_owned()));
    }
    if let Some(unknown) = constraint.names().into_iter().find(|name| ![METRIC, BASELINE].contains(name)) {
        let near = nearest(unknown, [BASELINE]).map_or("", |_| "; did you mean `baseline`?");
        return Err((place(unknown), format!("there is no `{unknown}` here: {BOUND}{near}")));
    }
    match bound(&constraint, 1.0) {
        None => Err((place(METRIC), BOUND.to_owned())),
        Some(number) if number.is_infinite() && !constraint.names().contains(&BASELINE) => {
            Err((start, "a finite number is expected".to_owned()))
        }
        Some(_) => Ok(constraint),
    }
}

/// What is missing where a rule ends too early.
fn told_of_end(relation: &str) -> String {
    if relation.ends_with(|letter| "<>=+-*/^(,".contains(letter)) {
        BOUND.to_owned()
    } else {
        "the rule ends too early".to_owned()
    }
}

#[cfg(test)]
// Exact values are meant.
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;

    fn is_broken(rule: &str, value: f64, baseline: f64) -> bool {
        Rule::parse(rule).unwrap().is_broken(value, baseline)
    }

    #[test]
    fn rules_hold_values_against_numbers_and_the_baseline() {
        assert!(is_broken("test/accuracy < baseline - 0.005", 0.9, 0.91));
        assert!(!is_broken("test/accuracy < baseline - 0.005", 0.906, 0.91));
        assert!(
            is_broken("test/loss>baseline*1.1", 0.56, 0.5) && !is_broken("test/loss>baseline*1.1", 0.54, 0.5)
        );
        assert!(is_broken("test/loss >= baseline+1e-2", 0.52, 0.5));
        assert!(is_broken("oos/auroc <= .5", 0.5, 0.0) && !is_broken("oos/auroc < .5", 0.5, 0.0));
        assert!(is_broken("x > -1", 0.0, 0.0) && is_broken("x < baseline", 1.0, 2.0));
        assert!(is_broken("x<baseline-1e-3", 0.9985, 1.0));
        assert!(Rule::parse("x < baseline").unwrap().needs_baseline());
        assert!(!Rule::parse("x < 3").unwrap().needs_baseline());
    }

    #[test]
    fn bounds_are_all_that_constraints_know() {
        assert!(is_broken("x < baseline / 2", 0.4, 1.0) && !is_broken("x < baseline / 2", 0.6, 1.0));
        assert!(is_broken("x < max(0.5, baseline - 0.1)", 0.45, 0.5));
        let rule = Rule::parse("`odd name` > 2 * (baseline + 1)").unwrap();
        assert_eq!((rule.metric.as_str(), rule.bound(3.0)), ("odd name", 8.0));
    }

    #[test]
    fn names_of_metrics_may_have_signs_in_them() {
        for name in ["f1-macro", "recall@5", "fold=3/val/loss", "top_3", "val.x", "baseline"] {
            let rule = Rule::parse(&format!("{name}<=baseline-0.5")).unwrap();
            assert_eq!((rule.metric.as_str(), rule.bound(2.0)), (name, 1.5));
            assert!(rule.is_broken(1.5, 2.0) && !rule.is_broken(1.6, 2.0));
        }
    }

    #[test]
    fn what_is_no_number_breaks_every_rule() {
        assert!(is_broken("x < 0.5", f64::NAN, 1.0) && is_broken("x > baseline", 1.0, f64::NAN));
    }

    #[test]
    fn errors_point_at_the_column() {
        for (text, column, what) in [
            ("", 1, "a metric"),
            ("0.5 < x", 1, "a metric"),
            ("test/accuracy", 14, "`<`"),
            ("test/accuracy = 0.5", 15, "`<`"),
            ("test/accuracy < ", 16, "`baseline` or"),
            ("test/accuracy < basline", 17, "`baseline` or"),
            ("test/accuracy < baseline - x", 28, "a number"),
            ("test/accuracy < baseline -", 27, "a number"),
            ("größe < 0.5 0.6", 13, "`0` is not expected"),
            ("x < 1 < 2", 7, "the end"),
            ("x < baseline + x", 16, "`baseline` or"),
            ("x < max(1, baseline", 20, "too early"),
            ("x < y - y", 5, "there is no `y`"),
            ("`odd name < 3", 1, "a metric"),
            ("x < 1e999", 5, "finite"),
            ("x < inf", 5, "`baseline` or"),
        ] {
            let error = Rule::parse(text).unwrap_err();
            assert_eq!(error.column, column, "{error}");
            assert!(error.what.contains(what), "{error}");
        }
        let told = Rule::parse("test/accuracy = 0.5").unwrap_err().to_string();
        assert_eq!(told, "test/accuracy = 0.5\n              ^ `<`, `<=`, `>` or `>=` is expected");
    }
}
