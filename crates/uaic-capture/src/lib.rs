//! What can be seen of a program from outside?

pub mod json_line;
pub mod metric;
mod recorder;
mod secrets;
pub mod terminal;

pub use recorder::{Facts, Point};
pub use secrets::Secrets;
