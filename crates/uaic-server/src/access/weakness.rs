//! Why a password is guessed.

use std::fmt;

/// Letters that a password has at least.
pub const SHORTEST: usize = 12;
/// Bytes that a password has at most; a longer one is work for the server alone.
pub(super) const LONGEST: usize = 1024;

/// Why a password is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// It is short.
    Short,
    /// It is longer than anybody types.
    Long,
    /// It is the name, or made of it.
    Name,
    /// It is one of those that everybody tries.
    Common,
    /// It is made of few letters.
    Repeated,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => write!(f, "it has fewer than {SHORTEST} letters; four words in a row are good"),
            Self::Long => write!(f, "it has more than {LONGEST} bytes, which nobody types"),
            Self::Name => f.write_str("it is made of the user's name"),
            Self::Common => f.write_str("it is made of one that everybody tries first"),
            Self::Repeated => f.write_str("it is made of fewer than five different letters"),
        }
    }
}
