//! Which lines of a program's output say the value of a metric, and what they say.
//!
//! A line counts when it is an object of numbers (`object`), when a pattern of the user's own finds
//! something in it ([`Pattern`]), or when it looks as people print metrics (`text`): pairs of a name
//! and a number, with little else around them. What looks like anything else is left alone.

mod object;
mod pattern;
mod series;
mod text;
mod token;
mod words;

use std::borrow::Cow;

pub use pattern::{Pattern, PatternError};
pub(crate) use series::{Counted, STREAMS, Series, SourceId, State};

/// What a line says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said<'a> {
    /// Where the values belong, if it says so.
    pub step: Option<i64>,
    /// Names and values, in their order.
    pub values: Vec<(Cow<'a, str>, f64)>,
}

/// Reads lines of one stream; remembers the epoch that a line of its own has announced.
#[derive(Clone, Debug, Default)]
pub struct LineReader {
    pattern: Option<Pattern>,
    /// The step of a line that said nothing else.
    announced: Option<i64>,
}

impl LineReader {
    /// A reader that looks for a pattern of the user's own in place of what people usually print; objects
    /// of JSON are read in either case.
    pub fn new(pattern: Option<Pattern>) -> Self {
        Self { pattern, announced: None }
    }

    /// What a line says of metrics; `None` where it is something else.
    pub fn read<'a>(&mut self, line: &'a str) -> Option<Said<'a>> {
        let line = line.trim();
        if line.starts_with('{') && line.ends_with('}') {
            return object::read(line);
        }
        if let Some(pattern) = &self.pattern {
            return pattern.read(line);
        }
        let mut said = text::read(line)?;
        if said.values.is_empty() {
            self.announced = said.step;
            return None;
        }
        said.step = said.step.or(self.announced);
        Some(said)
    }

    /// The step that was announced, to go on from elsewhere.
    pub(crate) fn announced(&self) -> Option<i64> {
        self.announced
    }

    /// Goes on where another reader has stopped.
    pub(crate) fn go_on(&mut self, announced: Option<i64>) {
        self.announced = announced;
    }
}

/// Whether a name is that of a step: `epoch`, `step`, `global_step`, `iteration` …
pub(crate) fn is_step(name: &str) -> bool {
    words::fineness(name).is_some()
}

#[cfg(test)]
mod tests;
