//! Conditions between numbers, written as one would say them: `model.hidden_dim <= 2 *
//! model.embedding_dim`, `1 <= a / b <= 4`.
//!
//! A name may have dots and slashes in it (`train.lr`, `val/accuracy`); a slash followed by a letter
//! belongs to the name, so a division by a name needs a space: `a / b`. Any other name stands between
//! backticks.

mod expression;
mod narrow;
mod parser;

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use expression::{Comparison, Expression};
use parser::parse;

/// A comparison of expressions, or a chain of them.
///
/// ```
/// use uaic_study::space::Constraint;
///
/// let constraint: Constraint = "2 * low <= high".parse().unwrap();
/// let values = |name: &str| Some(if name == "low" { 3.0 } else { 5.0 });
/// assert!(!constraint.holds(values));
/// assert_eq!(constraint.violation(values), 1.0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Constraint {
    text: String,
    first: Expression,
    rest: Vec<(Comparison, Expression)>,
}

/// Why a text is no constraint, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConstraintError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes from the start of the text.
    pub span: std::ops::Range<usize>,
}

impl Constraint {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names that it speaks of, in order, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.first.collect(&mut names);
        for (_, expression) in &self.rest {
            expression.collect(&mut names);
        }
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }

    /// The constraint with a number in place of a name.
    #[must_use]
    pub fn with(&self, name: &str, value: f64) -> Self {
        let mut bound = self.clone();
        bound.first.bind(name, value);
        bound.text = bound.first.to_string();
        for (comparison, expression) in &mut bound.rest {
            expression.bind(name, value);
            // Writing to a string cannot fail.
            let _ = write!(bound.text, " {} {expression}", comparison.sign());
        }
        bound
    }

    /// Whether it holds. A comparison with a name that has no value says nothing, and holds.
    pub fn holds(&self, value_of: impl Fn(&str) -> Option<f64>) -> bool {
        self.violation(value_of) == 0.0
    }

    /// What each side comes to, left to right; `None` where a name in it has no value.
    pub fn sides(&self, value_of: impl Fn(&str) -> Option<f64>) -> Vec<Option<f64>> {
        let sides = std::iter::once(&self.first).chain(self.rest.iter().map(|(_, side)| side));
        sides.map(|side| side.value(&value_of)).collect()
    }

    /// By how much it is missed: 0 when it holds, else the sum over its comparisons of the distance
    /// between both sides (infinite where a side is NaN; the smallest positive number where `<`, `>`
    /// or `!=` is missed by nothing).
    pub fn violation(&self, value_of: impl Fn(&str) -> Option<f64>) -> f64 {
        let mut left = self.first.value(&value_of);
        let mut sum = 0.0;
        for (comparison, expression) in &self.rest {
            let right = expression.value(&value_of);
            if let (Some(left), Some(right)) = (left, right) {
                sum += comparison.violation(left, right);
            }
            left = right;
        }
        sum
    }
}

impl std::str::FromStr for Constraint {
    type Err = ConstraintError;

    fn from_str(text: &str) -> Result<Self, ConstraintError> {
        let (first, rest) = parse(text)?;
        Ok(Self { text: text.to_owned(), first, rest })
    }
}

impl TryFrom<String> for Constraint {
    type Error = ConstraintError;

    fn try_from(text: String) -> Result<Self, ConstraintError> {
        text.parse()
    }
}

impl From<Constraint> for String {
    fn from(constraint: Constraint) -> Self {
        constraint.text
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The constraints in a text with ` and ` between.
///
/// # Errors
/// One of them is none; says what is wrong with it.
pub fn parse_constraints(text: &str) -> Result<Vec<Constraint>, ConstraintError> {
    text.split(" and ").map(str::trim).filter(|part| !part.is_empty()).map(str::parse).collect()
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // violations are exact here
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn violation(text: &str) -> f64 {
        let constraint: Constraint = text.parse().unwrap();
        constraint.violation(|name| match name {
            "a" => Some(2.0),
            "model.b" => Some(3.0),
            "val/loss" => Some(0.5),
            "odd name" => Some(7.0),
            _ => None,
        })
    }

    #[test]
    fn arithmetic_follows_the_usual_order() {
        for holds in [
            "a <= model.b",
            "a + 2 * model.b == 8",
            "(a + 2) * model.b == 12",
            "-a ^ 2 == -4",
            "2 ^ 3 ^ 2 == 512",
            "a / model.b < 1",
            "8 / a / 2 == 2",
            "1 < a < model.b <= 3",
            "a - -1 == 3",
            "max(a, model.b, 1) == 3 ",
            "log2(8) == model.b",
            "`odd name` - a == 5",
            "1e-2 + .5 > val/loss",
            "1_000 >= 10e+1",
            "val/loss * 2 == 1",
        ] {
            assert_eq!(violation(holds), 0.0, "{holds}");
        }
        approx::assert_abs_diff_eq!(violation("a >= model.b + 0.5"), 1.5);
        approx::assert_abs_diff_eq!(violation("model.b < a < 1"), 2.0);
        assert!(violation("a < 2") > 0.0);
        assert_eq!(violation("log(0 - 1) < 2"), f64::INFINITY);
    }

    #[test]
    fn what_has_no_value_is_not_missed() {
        assert_eq!(violation("a > absent"), 0.0);
        assert_eq!(violation("5 < a + absent < 1"), 0.0);
        approx::assert_abs_diff_eq!(violation("absent < a < 1"), 1.0);
    }

    #[test]
    fn errors_say_what_and_where() {
        for (text, message, span) in [
            ("a <= ", "the constraint ends too early", 5..5),
            ("a = 3", "`=` compares nothing; write `==`", 2..3),
            ("a", "a constraint compares two sides with <=, <, >=, >, == or !=", 0..1),
            ("a < $", "`$` is not expected here", 4..5),
            ("a < 1.2.3", "`1.2.3` is no number", 4..9),
            (
                "sine(a) < 1",
                "unknown function `sine`; there are abs, exp, log, log10, log2, max, min, sqrt",
                0..4,
            ),
            ("abs(a, a) < 1", "`abs` takes one argument", 0..9),
        ] {
            let error = text.parse::<Constraint>().unwrap_err();
            assert_eq!((error.message.as_str(), error.span), (message, span), "{text}");
        }
        let deep = format!("{}a < 1", "(".repeat(10_000));
        assert!(deep.parse::<Constraint>().is_err());
        assert!(format!("a < {}", "2^".repeat(10_000)).parse::<Constraint>().is_err());
    }

    #[test]
    fn sides_have_values_where_their_names_have() {
        let constraint: Constraint = "1 < 2 * a <= b".parse().unwrap();
        let sides = constraint.sides(|name| (name == "a").then_some(3.0));
        assert_eq!(sides, [Some(1.0), Some(6.0), None]);
    }

    #[test]
    fn names_come_in_order_and_once() {
        let constraint: Constraint = "b * a <= min(b, `odd name`) + val/loss".parse().unwrap();
        assert_eq!(constraint.names(), ["b", "a", "odd name", "val/loss"]);
    }

    #[test]
    fn a_bound_constraint_reads_back_as_what_it_is() {
        let whole: Constraint = "-a ^ 2 + min(b, 2 * a) <= b / 3 < 1e9".parse().unwrap();
        let bound = whole.with("a", -1.5);
        assert_eq!(bound.names(), ["b"]);
        let again: Constraint = bound.text().parse().unwrap();
        for b in [-20.0, 0.5, 7.0] {
            let expected = whole.violation(|name| Some(if name == "a" { -1.5 } else { b }));
            assert_eq!(bound.violation(|_| Some(b)), expected);
            assert_eq!(again.violation(|_| Some(b)), expected, "{again}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_trouble(text in "[a-b0-9 .+*/^()<>=!,`é-]{0,40}") {
            if let Ok(constraint) = text.parse::<Constraint>() {
                constraint.violation(|_| Some(1.0));
            }
        }
    }
}
