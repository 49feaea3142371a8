//! Problems on their way to becoming errors: found by byte range, reported by line and column.

use std::ops::Range;

/// What is wrong, and how to mend it; where is added by who knows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(super) fn maybe_help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }

    pub(super) fn at(self, place: At) -> Problem {
        Problem { complaint: self, at: place }
    }
}

/// Where in what was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    /// The file as a whole: something is missing in it.
    Start,
    /// Bytes of the file.
    File {
        /// First byte.
        start: usize,
        /// One past the last byte.
        end: usize,
    },
    /// An override, by its position in the list.
    Override(usize),
}

/// A complaint with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    pub(super) complaint: Complaint,
    pub(super) at: At,
}

/// What is being read: decides what a byte range means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The file.
    File,
    /// An override, by its position in the list.
    Override(usize),
}

impl Origin {
    /// The place of a byte range. Overrides are short: they are pointed to as a whole.
    pub(super) fn at(self, span: Range<usize>) -> At {
        match self {
            Self::File => At::File { start: span.start, end: span.end },
            Self::Override(index) => At::Override(index),
        }
    }
}
