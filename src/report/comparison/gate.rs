//! Rules that a comparison must pass: `test/accuracy < baseline - 0.005`.

use std::fmt;

/// A rule: a run breaks it when what it says is true of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// As it was written.
    pub text: String,
    /// What is looked at.
    pub metric: String,
    relation: Relation,
    bound: Bound,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Below,
    AtMost,
    Above,
    AtLeast,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    Number(f64),
    /// The baseline's value times the first, plus the second.
    Baseline(f64, f64),
}

/// A word of a rule and its column.
type Word<'t> = (usize, &'t str);

impl Rule {
    /// Reads `METRIC OP BOUND`: OP is one of `<`, `<=`, `>`, `>=`; BOUND is a number, `baseline`,
    /// `baseline + number`, `baseline - number` or `baseline * number`.
    ///
    /// # Errors
    /// Says what was expected at which column.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let words = words(text);
        let error = |at: usize, what: &str| {
            let end = text.trim_end().chars().count() + 1;
            let column = words.get(at).map_or(end, |(column, _)| *column);
            RuleError { text: text.to_owned(), column, what: what.to_owned() }
        };
        let word = |at: usize| words.get(at).map_or("", |(_, word)| word);
        let metric = word(0);
        if !metric.chars().next().is_some_and(char::is_alphabetic) {
            return Err(error(0, "a metric is expected, such as test/accuracy"));
        }
        let relation = match word(1) {
            "<" => Relation::Below,
            "<=" => Relation::AtMost,
            ">" => Relation::Above,
            ">=" => Relation::AtLeast,
            _ => return Err(error(1, "`<`, `<=`, `>` or `>=` is expected")),
        };
        let (bound, used) = match (word(2), word(3)) {
            ("baseline", "") => (Bound::Baseline(1.0, 0.0), 3),
            ("baseline", sign) => {
                let Some(number) = number(word(4)) else { return Err(error(4, "a number is expected")) };
                match sign {
                    "+" => (Bound::Baseline(1.0, number), 5),
                    "-" => (Bound::Baseline(1.0, -number), 5),
                    "*" => (Bound::Baseline(number, 0.0), 5),
                    _ => return Err(error(3, "`+`, `-`, `*` or the end is expected")),
                }
            }
            ("-", digits) if number(digits).is_some() => (Bound::Number(-number(digits).unwrap_or(0.0)), 4),
            (digits, _) => match number(digits) {
                Some(number) => (Bound::Number(number), 3),
                None => return Err(error(2, "`baseline` or a number is expected")),
            },
        };
        if words.len() > used {
            return Err(error(used, "the end is expected"));
        }
        Ok(Self { text: text.to_owned(), metric: metric.to_owned(), relation, bound })
    }

    /// Whether the bound depends on the baseline.
    pub fn needs_baseline(&self) -> bool {
        matches!(self.bound, Bound::Baseline(..))
    }

    /// Whether a value breaks the rule. What is no number breaks every rule, for nothing says that
    /// it is good.
    pub fn is_broken(&self, value: f64, baseline: f64) -> bool {
        let bound = self.bound(baseline);
        if value.is_nan() || bound.is_nan() {
            return true;
        }
        match self.relation {
            Relation::Below => value < bound,
            Relation::AtMost => value <= bound,
            Relation::Above => value > bound,
            Relation::AtLeast => value >= bound,
        }
    }

    /// The number that a value is held against.
    pub fn bound(&self, baseline: f64) -> f64 {
        match self.bound {
            Bound::Number(number) => number,
            Bound::Baseline(factor, offset) => baseline * factor + offset,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    let starts = text.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|number: &f64| starts && number.is_finite())
}

/// Names, numbers, comparisons and signs, each with its column. A sign inside a number (`1e-3`) or a
/// name (`f1-macro`) is a part of it.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = text;
    let mut column = 1;
    while let Some(first) = rest.chars().next() {
        let is_part = |c: char| c.is_alphanumeric() || "/_.=-@".contains(c);
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if first.is_ascii_digit() || first == '.' {
            let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
            digits + exponent(&rest[digits..])
        } else if first.is_alphabetic() {
            rest.find(|c| !is_part(c)).unwrap_or(rest.len())
        } else if rest.starts_with("<=") || rest.starts_with(">=") {
            2
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(length);
        // `baseline-0.01` is a sum, whatever names may contain.
        let (word, after) = if word.starts_with("baseline-") { rest.split_at(8) } else { (word, after) };
        if !first.is_whitespace() {
            words.push((column, word));
        }
        column += word.chars().count();
        rest = after;
    }
    words
}

/// The length of an exponent, such as `e-3`.
fn exponent(rest: &str) -> usize {
    let Some(after) = rest.strip_prefix(['e', 'E']) else { return 0 };
    let signed = after.strip_prefix(['-', '+']).unwrap_or(after);
    let digits = signed.len() - signed.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 { rest.len() - signed.len() + digits } else { 0 }
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
            ("test/accuracy < baseline / 2", 26, "`+`, `-`"),
            ("test/accuracy < baseline - x", 28, "a number"),
            ("test/accuracy < baseline -", 27, "a number"),
            ("größe < 0.5 0.6", 13, "the end"),
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
