//! Tensors that are trained or not, as a specification has it.

use std::ops::Range;

use super::Weights;
use super::init::Init;
use super::layout::{Columns, Slot};
use super::training::Training;
use uaic_kernel::Row;

/// Where a new model has a tensor's values from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Adapted weights, when they have it; else it is drawn.
    Adapted,
    /// It is drawn in any case.
    Drawn,
}

/// What a layer says of a tensor.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its name.
    pub name: &'a str,
    /// As in PyTorch.
    pub shape: &'a [usize],
    /// As panels; `None`: as it is, row-major.
    pub columns: Option<Columns>,
    /// What a new one is filled with.
    pub init: Init,
    /// Whether and how it is trained.
    pub training: Training,
    /// Where a new model has it from.
    pub source: Source,
}

/// Where the values of a tensor are that is trained or frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Among the trained values.
    Trained(Slot),
    /// Among the frozen ones.
    Frozen(Range<usize>),
}

impl Parameter {
    /// The values.
    pub fn of<'a>(&self, weights: &'a Weights) -> &'a [f32] {
        match self {
            Self::Trained(slot) => slot.of(&weights.trained),
            Self::Frozen(range) => &weights.frozen[range.clone()],
        }
    }

    /// As [`Parameter::of`], as rows of panels.
    pub fn rows<'a>(&self, weights: &'a Weights) -> &'a [Row] {
        self.of(weights).as_chunks().0
    }

    /// Its place among the trained values, if it is there.
    pub fn trained(&self) -> Option<&Slot> {
        match self {
            Self::Trained(slot) => Some(slot),
            Self::Frozen(_) => None,
        }
    }
}
