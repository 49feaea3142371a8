//! Figures and pages that explain a study and its model, or runs of any kind.
//!
//! A [`figure::Figure`] is numbers and names: what a picture shows, without a pixel. Builders turn
//! records and predictions into figures, and [`draw`](draw::draw) turns any figure into PNG or SVG.

mod answers;
pub mod comparison;
pub mod curves;
mod drawing;
mod error;
pub mod folder;
#[cfg(feature = "serve")]
pub mod load;
pub mod mistakes;
pub mod model;
pub mod page;
mod pictures;
pub mod plot;
mod plot_options;
pub mod predicted;
mod program;
pub mod run_report;
pub mod runs_report;
pub mod scatter;
pub mod sheet;
mod shell;
pub mod study;
pub mod study_report;
pub mod subject;
pub(crate) mod wording;

pub use uaic_chart::{draw, figure, series};
