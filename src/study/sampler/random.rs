//! Independent draws, blind to what was tried before: the baseline of every comparison.

use crate::rng::ChaCha8Rng;
use crate::trial::Params;

use super::axis::{axes, draw_evenly, to_params};
use super::{History, Sampler};

/// Draws every parameter evenly: values of a list and steps alike, logarithmic ranges evenly in the
/// logarithm.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Sampler for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn propose(&self, _number: u32, history: &History<'_>, rng: &mut ChaCha8Rng) -> Params {
        let axes = axes(history.space);
        to_params(history.space, &axes, &draw_evenly(&axes, rng))
    }
}
