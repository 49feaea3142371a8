//! Samplers measured: studies of known functions, played in memory, and what can be concluded from them.

mod functions;
mod play;
pub mod rank_sum;
mod standings;

pub use functions::{FUNCTIONS, Function};
pub use play::{Game, Plan, play, play_all};
pub use standings::{Duel, Quartiles, average_ranks, duel};
