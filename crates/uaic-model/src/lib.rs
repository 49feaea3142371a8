//! Text classifiers: what becomes of a text ([`text`]), the networks and their weights ([`model`]),
//! how they are trained ([`train`]), written as ONNX files ([`onnx`]), and asked ([`inference`]).
//!
//! ```
//! use uaic_model::text::{TextSpec, Tokenizer};
//!
//! let tokenizer = Tokenizer::build(["flights to oslo"], &TextSpec::default())?;
//! assert_eq!(tokenizer.encode("oslo flights").len(), 2);
//! # Ok::<(), uaic_model::text::TokenizerError>(())
//! ```

pub mod inference;
pub mod model;
pub mod onnx;
pub mod text;
pub mod train;
