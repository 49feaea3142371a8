//! What came in, and what did not.

use uaic_import::Skipped;

/// What an import has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Runs that are new.
    pub new: u64,
    /// Runs that were there and have more now.
    pub grown: u64,
    /// Runs that were there and are the same.
    pub same: u64,
    /// Studies that are new.
    pub studies: u64,
    /// Points that are new.
    pub points: u64,
    /// Artifacts that are new.
    pub artifacts: u64,
    /// What did not come in, in its order; the first of many.
    pub skipped: Vec<Skipped>,
    /// How many things did not come in.
    pub skipped_count: u64,
    /// What is in doubt, each once.
    pub warnings: Vec<String>,
}

/// Most things that are kept by name: a file may be broken a million times.
const NAMED: usize = 1000;

impl Summary {
    pub(super) fn skip(&mut self, skipped: Skipped) {
        self.skipped_count += 1;
        if self.skipped.len() < NAMED {
            self.skipped.push(skipped);
        }
    }

    pub(super) fn warn(&mut self, text: &str) {
        if self.warnings.len() < NAMED && self.warnings.iter().all(|known| known != text) {
            self.warnings.push(text.to_owned());
        }
    }

    /// How many runs the sources had.
    pub fn runs(&self) -> u64 {
        self.new + self.grown + self.same
    }
}
