//! Which values are trained, and how.

/// How an optimizer treats a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Training {
    /// As one group with all others.
    Plain,
    /// It stays as it is: its values are among [`Weights::frozen`](super::Weights::frozen).
    Frozen,
    /// It is moved, and decays.
    Decayed {
        /// Layers between it and the output: 0 is the head.
        depth: u32,
    },
    /// It is moved, and does not decay.
    Undecayed {
        /// Layers between it and the output.
        depth: u32,
    },
    /// A table, of which only the rows that were looked up have gradients; see
    /// [`Weights::activate`](super::Weights::activate). It does not decay.
    Table {
        /// Layers between it and the output.
        depth: u32,
    },
}
