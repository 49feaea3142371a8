//! Runs and studies in one file, to be moved between stores without loss.
//!
//! [`write()`] puts a [`Selection`] of a store into a file, [`BundleFile`] reads one, and [`bring_in`] puts
//! what an [`Origin`] has (a file or another store) into a store. `docs/bundle.md` is the format.

mod archive;
mod error;
mod file;
mod line;
mod merge;
mod number;
mod origin;
mod selection;
mod verdict;
mod write;

pub use error::BundleError;
pub use file::BundleFile;
pub use merge::{BroughtIn, bring_in};
pub use origin::{Incoming, Origin, Series, StoreOrigin};
pub use selection::Selection;
pub use write::{Written, write};

/// How the name of a bundle ends.
pub const ENDING: &str = "uaicrun";
