//! Which parameters a study's metric depends on.
//!
//! Two ways to ask, which answer differently. [`importance`] (functional ANOVA) says how much of the
//! variance over the whole space a parameter explains, most of which may lie among bad points;
//! [`ped_anova`] says how much it matters for reaching the best trials.

mod error;
mod fanova;
mod forest;
mod ped_anova;
#[cfg(test)]
mod testing;
mod usable;

pub use error::{ImportanceError, LEAST_TRIALS};
pub use fanova::{importance, takes_ranks};
pub use ped_anova::{TOP, ped_anova};
