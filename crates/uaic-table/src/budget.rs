//! How much of a file may become memory.

use crate::error::Fault;

/// Most values of a table, over all columns that are read.
pub const MOST_VALUES: usize = 1 << 26;

/// Most bytes of texts of a table, over all columns that are read.
pub const MOST_TEXT: usize = 1 << 30;

/// What may still be read.
pub(crate) struct Budget {
    values: usize,
    text: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { values: MOST_VALUES, text: MOST_TEXT }
    }

    /// Takes room for so many values.
    pub(crate) fn values(&mut self, count: usize) -> Result<(), Fault> {
        self.values = self.values.checked_sub(count).ok_or(Fault::TooMuch("values", MOST_VALUES))?;
        Ok(())
    }

    /// Takes room for so many bytes of texts.
    pub(crate) fn text(&mut self, bytes: usize) -> Result<(), Fault> {
        self.text = self.text.checked_sub(bytes).ok_or(Fault::TooMuch("bytes of texts", MOST_TEXT))?;
        Ok(())
    }
}
