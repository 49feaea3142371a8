//! What every layer of a recurrent network reads in a pass.

use super::batch::Batch;
use uaic_kernel::Kernels;

/// A pass over a packed batch.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub(super) kernels: Kernels,
    /// All trained values.
    pub(super) trained: &'a [f32],
    pub(super) batch: &'a Batch,
}
