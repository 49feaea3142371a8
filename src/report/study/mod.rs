//! Pictures of a study: what was tried, what came of it, and what mattered. A [`StudyView`] is what
//! they are made of; each is a function from it to a figure, in a file of its own.

mod caption;
mod contour;
mod dimension;
mod distribution;
mod history;
mod hypervolume;
mod importance;
mod intermediate;
mod objectives;
mod of_runs;
mod parallel;
mod pareto;
mod slice;
#[cfg(test)]
pub(crate) mod testing;
mod timeline;
mod view;

pub use contour::{contour, contour_matrix, rank};
pub use dimension::Dimension;
pub use distribution::edf;
pub use history::history;
pub use hypervolume::hypervolume;
pub use importance::{importance, importance_top, importances};
pub use intermediate::{Series, intermediate};
pub use objectives::Objectives;
pub use of_runs::{Aim, as_runs, direction_by_name};
pub use parallel::parallel;
pub use pareto::pareto_front;
pub use slice::slice;
pub use timeline::timeline;
pub use view::{StudyView, TrialView, ViewError};
