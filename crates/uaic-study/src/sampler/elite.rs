//! The best trials of a history, kept up to date as it grows.

use super::History;
use super::selection::{best_first, is_ranked};
use super::table::Table;

/// The rows of the best trials so far, at most so many.
#[derive(Debug)]
pub(super) struct Elite {
    limit: usize,
    /// Rows of the table, best first.
    rows: Vec<usize>,
    /// How many of all rows have told something.
    ranked: usize,
    read: usize,
    last: Option<u32>,
}

impl Elite {
    /// None yet.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, rows: vec![], ranked: 0, read: 0, last: None }
    }

    /// Rows of the table, best first.
    pub(super) fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// How many trials have told something.
    pub(super) fn ranked(&self) -> usize {
        self.ranked
    }

    /// Takes up the rows that are new, one by one, so that it does not matter how many come at once.
    pub(super) fn update(&mut self, history: &History<'_>, table: &Table) {
        let places = &table.places()[..table.finished_rows()];
        let trial = |row: usize| &history.finished[places[row]];
        let is_same =
            self.read <= places.len() && self.read.checked_sub(1).map(|row| trial(row).number) == self.last;
        if !is_same {
            *self = Self::new(self.limit);
        }
        for row in (self.read..places.len()).filter(|&row| is_ranked(trial(row))) {
            self.ranked += 1;
            self.rows.push(row);
            self.rows.sort_unstable();
            let trials: Vec<_> = self.rows.iter().map(|&row| trial(row)).collect();
            let order = best_first(&trials, history.directions);
            self.rows = order.into_iter().take(self.limit).map(|place| self.rows[place]).collect();
        }
        self.read = places.len();
        self.last = places.len().checked_sub(1).map(|row| trial(row).number);
    }
}
