//! Conditions between numbers, written as one would say them: `model.hidden_dim <= 2 *
//! model.embedding_dim`, `1 <= a / b <= 4`.
//!
//! A name may have dots and slashes in it (`train.lr`, `val/accuracy`); a slash followed by a letter
//! belongs to the name, so a division by a name needs a space: `a / b`. Any other name stands between
//! backticks.

mod narrow;

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

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

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Number(f64),
    Name(String),
    Negative(Box<Expression>),
    Binary(Operator, Box<[Expression; 2]>),
    Call(Function, Vec<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Unequal,
}

/// Longer ones first, as they are read.
const SIGNS: [(&str, Comparison); 6] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    Abs,
    Exp,
    Log,
    Log10,
    Log2,
    Max,
    Min,
    Sqrt,
}

const FUNCTIONS: [(&str, Function); 8] = [
    ("abs", Function::Abs),
    ("exp", Function::Exp),
    ("log", Function::Log),
    ("log10", Function::Log10),
    ("log2", Function::Log2),
    ("max", Function::Max),
    ("min", Function::Min),
    ("sqrt", Function::Sqrt),
];

/// Longer chains of comparisons and deeper brackets are nobody's constraint.
const DEEPEST: usize = 64;

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
        let mut parser = Parser { text, at: 0, depth: 0 };
        let first = parser.sum()?;
        let mut rest = Vec::new();
        while let Some(comparison) = parser.comparison() {
            rest.push((comparison, parser.sum()?));
        }
        parser.skip_space();
        if parser.at < text.len() {
            return Err(parser.unexpected());
        }
        if rest.is_empty() {
            let message = "a constraint compares two sides with <=, <, >=, >, == or !=".to_owned();
            return Err(ConstraintError { message, span: 0..text.len() });
        }
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

impl Comparison {
    fn sign(self) -> &'static str {
        SIGNS.iter().find(|(_, comparison)| *comparison == self).map_or("", |(sign, _)| sign)
    }

    #[allow(clippy::float_cmp)] // it is what `==` asks for
    fn violation(self, left: f64, right: f64) -> f64 {
        if left.is_nan() || right.is_nan() {
            return f64::INFINITY;
        }
        let holds = match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Equal => left == right,
            Self::Unequal => left != right,
        };
        if holds { 0.0 } else { (left - right).abs().max(f64::MIN_POSITIVE) }
    }
}

impl Expression {
    fn value(&self, value_of: &impl Fn(&str) -> Option<f64>) -> Option<f64> {
        Some(match self {
            Self::Number(number) => *number,
            Self::Name(name) => value_of(name)?,
            Self::Negative(inner) => -inner.value(value_of)?,
            Self::Binary(operator, sides) => {
                let (a, b) = (sides[0].value(value_of)?, sides[1].value(value_of)?);
                match operator {
                    Operator::Add => a + b,
                    Operator::Subtract => a - b,
                    Operator::Multiply => a * b,
                    Operator::Divide => a / b,
                    Operator::Power => a.powf(b),
                }
            }
            Self::Call(function, arguments) => {
                let values: Option<Vec<f64>> =
                    arguments.iter().map(|argument| argument.value(value_of)).collect();
                let values = values?;
                let first = values[0];
                match function {
                    Function::Abs => first.abs(),
                    Function::Exp => first.exp(),
                    Function::Log => first.ln(),
                    Function::Log10 => first.log10(),
                    Function::Log2 => first.log2(),
                    Function::Sqrt => first.sqrt(),
                    Function::Max => values.into_iter().fold(f64::NEG_INFINITY, f64::max),
                    Function::Min => values.into_iter().fold(f64::INFINITY, f64::min),
                }
            }
        })
    }

    fn bind(&mut self, name: &str, value: f64) {
        match self {
            Self::Name(found) if found == name => *self = Self::Number(value),
            Self::Name(_) | Self::Number(_) => {}
            Self::Negative(inner) => inner.bind(name, value),
            Self::Binary(_, sides) => sides.iter_mut().for_each(|side| side.bind(name, value)),
            Self::Call(_, arguments) => arguments.iter_mut().for_each(|argument| argument.bind(name, value)),
        }
    }

    fn collect<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Number(_) => {}
            Self::Name(name) => names.push(name),
            Self::Negative(inner) => inner.collect(names),
            Self::Binary(_, sides) => sides.iter().for_each(|side| side.collect(names)),
            Self::Call(_, arguments) => arguments.iter().for_each(|argument| argument.collect(names)),
        }
    }
}

/// With every bracket that there could be.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) if *number < 0.0 => write!(f, "({number:?})"),
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Negative(inner) => write!(f, "(-{inner})"),
            Self::Binary(operator, sides) => {
                let sign = match operator {
                    Operator::Add => '+',
                    Operator::Subtract => '-',
                    Operator::Multiply => '*',
                    Operator::Divide => '/',
                    Operator::Power => '^',
                };
                write!(f, "({} {sign} {})", sides[0], sides[1])
            }
            Self::Call(function, arguments) => {
                let name = FUNCTIONS.iter().find(|(_, known)| known == function).map_or("", |(name, _)| name);
                let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
                write!(f, "{name}({})", arguments.join(", "))
            }
        }
    }
}

/// Reads by recursive descent: sum, product, sign, power, atom.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes a token, if it comes next.
    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn unexpected(&self) -> ConstraintError {
        let rest = self.rest();
        let width = rest.chars().next().map_or(0, char::len_utf8);
        let message = match rest.chars().next() {
            None => "the constraint ends too early".to_owned(),
            Some('=') => "`=` compares nothing; write `==`".to_owned(),
            Some(other) => format!("`{other}` is not expected here"),
        };
        ConstraintError { message, span: self.at..self.at + width }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        SIGNS.into_iter().find(|(token, _)| self.take(token)).map(|(_, comparison)| comparison)
    }

    fn sum(&mut self) -> Result<Expression, ConstraintError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = format!("brackets are more than {DEEPEST} deep");
            return Err(ConstraintError { message, span: self.at..self.at });
        }
        let mut left = self.product()?;
        loop {
            let operator = if self.take("+") {
                Operator::Add
            } else if self.take("-") {
                Operator::Subtract
            } else {
                self.depth -= 1;
                return Ok(left);
            };
            left = Expression::Binary(operator, Box::new([left, self.product()?]));
        }
    }

    fn product(&mut self) -> Result<Expression, ConstraintError> {
        let mut left = self.signed()?;
        loop {
            let operator = if self.take("*") {
                Operator::Multiply
            } else if self.take("/") {
                Operator::Divide
            } else {
                return Ok(left);
            };
            left = Expression::Binary(operator, Box::new([left, self.signed()?]));
        }
    }

    fn signed(&mut self) -> Result<Expression, ConstraintError> {
        let mut negative = false;
        while self.take("-") {
            negative = !negative;
        }
        let mut inner = self.atom()?;
        if self.take("^") {
            // Only here does `signed` call itself, once per sign of power.
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(self.unexpected());
            }
            inner = Expression::Binary(Operator::Power, Box::new([inner, self.signed()?]));
            self.depth -= 1;
        }
        Ok(if negative { Expression::Negative(Box::new(inner)) } else { inner })
    }

    fn atom(&mut self) -> Result<Expression, ConstraintError> {
        if self.take("(") {
            let inner = self.sum()?;
            return if self.take(")") { Ok(inner) } else { Err(self.unexpected()) };
        }
        self.skip_space();
        let rest = self.rest();
        match rest.chars().next() {
            Some('`') => match rest[1..].split_once('`') {
                Some((name, _)) if !name.is_empty() => {
                    self.at += name.len() + 2;
                    Ok(Expression::Name(name.to_owned()))
                }
                _ => Err(self.unexpected()),
            },
            Some(first) if first.is_ascii_digit() || first == '.' => self.number(),
            Some(first) if first.is_alphabetic() || first == '_' => self.name_or_call(),
            _ => Err(self.unexpected()),
        }
    }

    fn number(&mut self) -> Result<Expression, ConstraintError> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let is_part = |at: usize| match bytes[at] {
            b'0'..=b'9' | b'.' | b'_' | b'e' | b'E' => true,
            b'+' | b'-' => at > 0 && matches!(bytes[at - 1], b'e' | b'E'),
            _ => false,
        };
        let length = (0..bytes.len()).find(|&at| !is_part(at)).unwrap_or(bytes.len());
        let text = rest[..length].replace('_', "");
        let span = self.at..self.at + length;
        self.at += length;
        text.parse()
            .map(Expression::Number)
            .map_err(|_| ConstraintError { message: format!("`{}` is no number", &rest[..length]), span })
    }

    fn name_or_call(&mut self) -> Result<Expression, ConstraintError> {
        let rest = self.rest();
        let mut length = 0;
        let mut characters = rest.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let follows_letter = characters.peek().is_some_and(|(_, next)| next.is_alphabetic());
            let belongs = character.is_alphanumeric()
                || character == '_'
                || (matches!(character, '.' | '/') && follows_letter);
            if !belongs {
                break;
            }
            length = at + character.len_utf8();
        }
        let name = &rest[..length];
        let start = self.at;
        self.at += length;
        if !self.take("(") {
            return Ok(Expression::Name(name.to_owned()));
        }
        let Some((_, function)) = FUNCTIONS.into_iter().find(|(known, _)| *known == name) else {
            let names = FUNCTIONS.map(|(name, _)| name).join(", ");
            let message = format!("unknown function `{name}`; there are {names}");
            return Err(ConstraintError { message, span: start..start + length });
        };
        let mut arguments = vec![self.sum()?];
        while self.take(",") {
            arguments.push(self.sum()?);
        }
        if !self.take(")") {
            return Err(self.unexpected());
        }
        let takes_many = matches!(function, Function::Max | Function::Min);
        if !takes_many && arguments.len() > 1 {
            let message = format!("`{name}` takes one argument");
            return Err(ConstraintError { message, span: start..self.at });
        }
        Ok(Expression::Call(function, arguments))
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
