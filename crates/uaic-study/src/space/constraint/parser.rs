//! From the text of a constraint to its expressions.

use super::ConstraintError;
use super::expression::{Comparison, Expression, FUNCTIONS, Function, Operator, SIGNS};

/// Longer chains of comparisons and deeper brackets are nobody's constraint.
const DEEPEST: usize = 64;

/// The first side of a constraint, and each further one with how the side before compares to it.
///
/// # Errors
/// What is wrong, and where.
pub(super) fn parse(text: &str) -> Result<(Expression, Vec<(Comparison, Expression)>), ConstraintError> {
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
    Ok((first, rest))
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
