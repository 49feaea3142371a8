//! Which trained values an optimizer moves, and by which rule.

use std::ops::Range;

use super::Weights;
use super::layout::Slot;
use super::training::Training;

/// Neighbouring trained values that are treated alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Among the trained values.
    pub range: Range<usize>,
    /// Layers between them and the output: 0 is the head.
    pub depth: u32,
    /// Whether they decay.
    pub decays: bool,
}

/// A table, and which of its rows have ever been looked up.
#[derive(Clone, Debug)]
pub(super) struct Table {
    range: Range<usize>,
    width: usize,
    depth: u32,
    is_active: Vec<bool>,
    active: Vec<u32>,
}

impl Table {
    pub(super) fn new(range: Range<usize>, width: usize, depth: u32) -> Self {
        let is_active = vec![false; range.len() / width.max(1)];
        Self { range, width, depth, is_active, active: Vec::new() }
    }
}

impl Weights {
    /// All values that an optimizer has to move, by rising place. The rows of a table that never
    /// had a gradient are left out, which changes nothing: their moments are zero, and they do not
    /// decay.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The trained values beside [`Weights::spans`].
    pub fn trained_and_spans(&mut self) -> (&mut [f32], &[Span]) {
        (&mut self.trained, &self.spans)
    }

    /// Says that rows of a table have gradients from now on. What is no table is left alone.
    pub fn activate(&mut self, table: &Slot, rows: impl IntoIterator<Item = u32>) {
        let Some(table) = self.tables.iter_mut().find(|own| own.range == table.0) else { return };
        let before = table.active.len();
        for row in rows {
            if !std::mem::replace(&mut table.is_active[row as usize], true) {
                table.active.push(row);
            }
        }
        if table.active.len() > before {
            self.list_spans();
        }
    }

    /// The rows of a table that have ever had gradients, in the order in which they came.
    pub fn active(&self, table: &Slot) -> &[u32] {
        self.tables.iter().find(|own| own.range == table.0).map_or(&[], |own| &own.active)
    }

    pub(super) fn list_spans(&mut self) {
        let mut spans = Vec::new();
        for entry in self.entries.values() {
            let (depth, decays) = match entry.training {
                Some(Training::Plain) => (0, true),
                Some(Training::Decayed { depth }) => (depth, true),
                Some(Training::Undecayed { depth }) => (depth, false),
                Some(Training::Frozen | Training::Table { .. }) | None => continue,
            };
            spans.push(Span { range: entry.range.clone(), depth, decays });
        }
        for Table { range, width, depth, active, .. } in &self.tables {
            spans.extend(active.iter().map(|&row| {
                let start = range.start + row as usize * width;
                Span { range: start..start + width, depth: *depth, decays: false }
            }));
        }
        spans.sort_by_key(|span| span.range.start);
        spans.dedup_by(|next, span| {
            let joins =
                span.range.end == next.range.start && (span.depth, span.decays) == (next.depth, next.decays);
            if joins {
                span.range.end = next.range.end;
            }
            joins
        });
        self.spans = spans;
    }
}
