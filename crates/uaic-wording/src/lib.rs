//! How numbers and names are written for people, and read from them.
//!
//! ```
//! use uaic_wording::{nearest::nearest, number};
//!
//! assert_eq!(number::significant(0.012_345_6), "0.01235");
//! assert_eq!(nearest("learning_rat", ["learning_rate", "batch_size"]), Some("learning_rate"));
//! ```

pub mod duration;
mod error_kind;
pub mod nearest;
pub mod number;

pub use error_kind::ErrorKind;
