//! Optuna: its SQLite databases (3.x to 5.x) and its journals; and what the parts of either mean, for who
//! gets them otherwise.

mod database;
mod distribution;
mod journal;
mod meaning;
mod replay;
mod study;
mod trial;

pub(crate) use database::{is_optuna, read as read_database};
pub(crate) use journal::{is_journal, read as read_journal};
pub use meaning::{METRIC_NAMES, goals, meaning, param};
