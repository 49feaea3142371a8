//! Errors of a spec, with the place and the line that each is about.

use std::fmt;
use std::path::{Path, PathBuf};

use super::problem::{At, Problem};
use crate::ErrorKind;

/// All that is wrong with a spec, in the order of the text, overrides last. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SpecErrors(pub Vec<SpecError>);

impl SpecErrors {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Usage
    }
}

/// One thing that is wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
    /// How to mend it.
    pub help: Option<String>,
}

/// What a spec error points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file cannot be read at all.
    Path(PathBuf),
    /// A part of the file's text.
    Text {
        /// The file, as given.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// The line's text.
        source: String,
        /// How many characters from the column on; 0 when it is about the whole file.
        width: usize,
    },
    /// A `-P key=value`.
    Override(String),
}

impl Place {
    /// The file, or the override as it was typed.
    pub fn path(&self) -> String {
        match self {
            Self::Path(path) | Self::Text { path, .. } => path.display().to_string(),
            Self::Override(text) => format!("-P {text}"),
        }
    }

    /// The line, from 1; only of a place in a file's text.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Text { line, .. } => Some(*line),
            Self::Path(_) | Self::Override(_) => None,
        }
    }

    /// The column in characters, from 1; only of a place in a file's text.
    pub fn column(&self) -> Option<usize> {
        match self {
            Self::Text { column, .. } => Some(*column),
            Self::Path(_) | Self::Override(_) => None,
        }
    }
}

impl SpecErrors {
    /// The errors of a text, by position.
    pub(super) fn locate(
        mut problems: Vec<Problem>,
        text: &str,
        path: &Path,
        overrides: &[(String, String)],
    ) -> Self {
        let text = without_mark(text);
        problems.sort_by(|a, b| a.at.cmp(&b.at));
        let locate = |problem: Problem| SpecError {
            message: problem.complaint.message,
            place: match problem.at {
                At::Start => text_place(text, path, 0, 0),
                At::File { start, end } => text_place(text, path, start, end),
                At::Override(index) => Place::Override(
                    overrides.get(index).map(|(key, value)| format!("{key}={value}")).unwrap_or_default(),
                ),
            },
            help: problem.complaint.help,
        };
        Self(problems.into_iter().map(locate).collect())
    }

    /// An error about a file that is no UTF-8 after `before`.
    pub(super) fn undecodable(path: &Path, before: &str) -> Self {
        Self(vec![SpecError {
            message: "the file is not UTF-8 text".to_owned(),
            place: place_after(without_mark(before), path),
            help: Some("save it as UTF-8".to_owned()),
        }])
    }

    /// An error about a file that cannot be read.
    pub(super) fn unreadable(path: &Path, message: String, help: Option<String>) -> Self {
        Self(vec![SpecError { message, place: Place::Path(path.to_owned()), help }])
    }
}

/// The place after `before`, where the text cannot be shown.
fn place_after(before: &str, path: &Path) -> Place {
    Place::Text {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1,
        source: String::new(),
        width: 0,
    }
}

/// A byte order mark is no part of the text: positions are counted without it.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn text_place(text: &str, path: &Path, start: usize, end: usize) -> Place {
    let before = &text[..boundary(text, start)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let source = text[line_start..].lines().next().unwrap_or_default();
    let column = before[line_start..].chars().count();
    // A range over several lines is underlined to the end of its first.
    let left = source.chars().count().saturating_sub(column);
    let inside = &text[before.len()..boundary(text, end).max(before.len())];
    let width = if end == 0 { 0 } else { inside.chars().count().min(left).max(1) };
    Place::Text {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: column + 1,
        source: source.to_owned(),
        width,
    }
}

/// The last start of a character at or before a byte position.
fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The arrow stands above the bar that follows the line number.
        let gutter = " ".repeat(self.place.line().map_or(1, |line| line.to_string().len()));
        write!(f, "error: {}\n{gutter}--> {}", printable(&self.message), printable(&self.place.path()))?;
        if let Place::Text { line, column, source, width, .. } = &self.place {
            write!(f, ":{line}:{column}")?;
            if *width > 0 {
                write_snippet(f, *line, *column, source, *width)?;
            }
        }
        match &self.help {
            Some(help) => write!(f, "\nhelp: {}", printable(help)),
            None => Ok(()),
        }
    }
}

/// The line with its number, and carets under what is meant. Long lines are cut around it.
fn write_snippet(
    f: &mut fmt::Formatter<'_>,
    line: usize,
    column: usize,
    source: &str,
    width: usize,
) -> fmt::Result {
    const LONGEST: usize = 120;
    const CONTEXT: usize = 30;
    let from = if source.chars().count() <= LONGEST { 0 } else { (column - 1).saturating_sub(CONTEXT) };
    let shown: String = source.chars().skip(from).take(LONGEST).collect();
    // Tabs are kept in the margin, so that the carets stand under them whatever their width.
    let margin: String =
        shown.chars().take(column - 1 - from).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let carets = "^".repeat(width.min(LONGEST.saturating_sub(column - 1 - from)).max(1));
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    write!(f, "\n{gutter} |\n{number} | {}\n{gutter} | {margin}{carets}", printable(&shown))
}

/// Control characters would act on the terminal; they are shown as `�`, all but tabs and newlines.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' && c != '\n' { '\u{fffd}' } else { c }).collect()
}
