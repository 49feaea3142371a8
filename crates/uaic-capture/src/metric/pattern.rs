//! A pattern of the user's own.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

use super::Said;

/// Compiled patterns may take so much memory.
const LARGEST: usize = 1 << 20;

/// Why a text is no pattern of metrics.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// It cannot be read.
    #[error("`{pattern}` is no regular expression: {source}")]
    Unreadable {
        /// The pattern.
        pattern: String,
        /// Why.
        source: Box<regex::Error>,
    },
    /// It would find nothing.
    #[error(
        "`{pattern}` has no named group, so it names no metric; write `(?P<loss>[0-9.]+)`, or \
         `(?P<key>\\w+)=(?P<value>\\S+)` for any"
    )]
    Nameless {
        /// The pattern.
        pattern: String,
    },
}

/// A regular expression whose named groups are metrics, or that has the groups `key` and `value`; a group
/// `step` says where they belong.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    is_of_pairs: bool,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It is no regular expression, is too large, or has no named group.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let pattern = pattern.to_owned();
        let regex = match RegexBuilder::new(&pattern).size_limit(LARGEST).build() {
            Ok(regex) => regex,
            Err(source) => return Err(PatternError::Unreadable { pattern, source: Box::new(source) }),
        };
        let names: Vec<&str> = regex.capture_names().flatten().collect();
        let is_of_pairs = names.contains(&"key") && names.contains(&"value");
        if !names.iter().any(|name| *name != "step") {
            return Err(PatternError::Nameless { pattern });
        }
        Ok(Self { regex, is_of_pairs })
    }

    /// What it finds in a line.
    pub(super) fn read<'a>(&self, line: &'a str) -> Option<Said<'a>> {
        let mut said = Said::default();
        for captures in self.regex.captures_iter(line) {
            let text = |name| captures.name(name).map(|group| group.as_str());
            said.step = text("step").and_then(|step| step.trim().parse().ok()).or(said.step);
            if self.is_of_pairs {
                let value = text("value").and_then(|value| value.trim().parse().ok());
                said.values.extend(text("key").zip(value).map(|(key, value)| (Cow::Borrowed(key), value)));
                continue;
            }
            for name in self.regex.capture_names().flatten().filter(|name| *name != "step") {
                let value = text(name).and_then(|value| value.trim().parse().ok());
                said.values.extend(value.map(|value| (Cow::Owned(name.to_owned()), value)));
            }
        }
        (!said.values.is_empty()).then_some(said)
    }
}
