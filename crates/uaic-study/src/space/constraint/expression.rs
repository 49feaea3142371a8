//! What is compared: arithmetic on numbers and names.

use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    Name(String),
    Negative(Box<Expression>),
    Binary(Operator, Box<[Expression; 2]>),
    Call(Function, Vec<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Unequal,
}

/// Longer ones first, as they are read.
pub(super) const SIGNS: [(&str, Comparison); 6] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Abs,
    Exp,
    Log,
    Log10,
    Log2,
    Max,
    Min,
    Sqrt,
}

pub(super) const FUNCTIONS: [(&str, Function); 8] = [
    ("abs", Function::Abs),
    ("exp", Function::Exp),
    ("log", Function::Log),
    ("log10", Function::Log10),
    ("log2", Function::Log2),
    ("max", Function::Max),
    ("min", Function::Min),
    ("sqrt", Function::Sqrt),
];

impl Comparison {
    pub(super) fn sign(self) -> &'static str {
        SIGNS.iter().find(|(_, comparison)| *comparison == self).map_or("", |(sign, _)| sign)
    }

    #[allow(clippy::float_cmp)] // it is what `==` asks for
    pub(super) fn violation(self, left: f64, right: f64) -> f64 {
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
    pub(super) fn value(&self, value_of: &impl Fn(&str) -> Option<f64>) -> Option<f64> {
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

    pub(super) fn bind(&mut self, name: &str, value: f64) {
        match self {
            Self::Name(found) if found == name => *self = Self::Number(value),
            Self::Name(_) | Self::Number(_) => {}
            Self::Negative(inner) => inner.bind(name, value),
            Self::Binary(_, sides) => sides.iter_mut().for_each(|side| side.bind(name, value)),
            Self::Call(_, arguments) => arguments.iter_mut().for_each(|argument| argument.bind(name, value)),
        }
    }

    pub(super) fn collect<'a>(&'a self, names: &mut Vec<&'a str>) {
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
