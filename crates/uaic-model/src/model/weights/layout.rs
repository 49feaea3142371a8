//! Where the values of a tensor lie.

use std::ops::Range;

use super::training::Training;
use uaic_kernel::{LANES, PANEL, Row};

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) shape: Vec<usize>,
    pub(super) columns: Option<Columns>,
    pub(super) range: Range<usize>,
    /// `None`: a buffer.
    pub(super) training: Option<Training>,
}

/// Where the values of a trained tensor are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot(pub(super) Range<usize>);

/// Where the values of a buffer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferSlot(pub(super) Range<usize>);

/// How the rows of a matrix `(out, in)`, or the values of a vector `(out)`, become the columns of
/// panels `[⌈out / 64⌉][in][64]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// One after the other.
    Plain,
    /// The four gates of `hidden` units, given gate by gate: 16 units of each make a panel.
    Gates {
        /// Units.
        hidden: usize,
    },
}

impl Columns {
    /// The number of panels for `outputs` rows.
    pub fn panels(self, outputs: usize) -> usize {
        match self {
            Self::Plain => outputs.div_ceil(PANEL),
            Self::Gates { hidden } => hidden.div_ceil(LANES),
        }
    }

    /// The panel and the column of a row.
    fn place(self, output: usize) -> (usize, usize) {
        match self {
            Self::Plain => (output / PANEL, output % PANEL),
            Self::Gates { hidden } => {
                let (gate, unit) = (output / hidden, output % hidden);
                (unit / LANES, gate * LANES + unit % LANES)
            }
        }
    }
}

impl Entry {
    /// Where each value, in the order of the shape, is in the entry's range.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let inputs = inputs(&self.shape);
        (0..self.shape.iter().product()).map(move |at| match self.columns {
            None => at,
            Some(columns) => {
                let (panel, column) = columns.place(at / inputs);
                (panel * inputs + at % inputs) * PANEL + column
            }
        })
    }
}

impl Slot {
    /// Where the values are among all trained ones.
    pub fn range(&self) -> Range<usize> {
        self.0.clone()
    }

    /// The values among `trained` ones, or among gradients in their order.
    pub fn of<'a>(&self, trained: &'a [f32]) -> &'a [f32] {
        &trained[self.0.clone()]
    }

    /// As [`Slot::of`], as rows of panels.
    pub fn rows<'a>(&self, trained: &'a [f32]) -> &'a [Row] {
        self.of(trained).as_chunks().0
    }
}

/// Values of a row.
pub(super) fn inputs(shape: &[usize]) -> usize {
    shape[1..].iter().product()
}
