//! Independent draws, blind to what was tried before: the baseline of every comparison.

use crate::trial::Params;
use uaic_kernel::rng::ChaCha8Rng;

use super::axis::{axes, draw_evenly};
use super::table::{Table, first_admitted};
use super::{Duplicates, Explanation, History, Sampler, Settings};

/// Draws every parameter evenly: values of a list and steps alike, logarithmic ranges evenly in the
/// logarithm.
#[derive(Clone, Debug)]
pub struct Random {
    avoid: bool,
    table: Table,
}

impl Random {
    /// A random sampler.
    pub fn new(settings: &Settings) -> Self {
        Self { avoid: settings.duplicates == Duplicates::Avoid, table: Table::default() }
    }
}

impl Sampler for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn propose(&mut self, _number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let axes = axes(history.space);
        if self.avoid {
            self.table.update(history, &axes);
        }
        first_admitted(history, &self.table, self.avoid, rng, |rng| draw_evenly(&axes, rng))
    }

    fn explain(&mut self, _number: u32, _history: &History<'_>, _params: &Params) -> Explanation {
        Explanation { sampler: "random", reason: "drawn evenly".to_owned(), ..Explanation::default() }
    }
}
