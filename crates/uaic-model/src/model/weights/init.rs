//! What new tensors are filled with.

use rand::RngExt;

use uaic_kernel::rng::ChaCha8Rng;

/// How a new tensor is filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Uniform in ±bound.
    Uniform(f64),
    /// Normal with mean 0 and this deviation (Box–Muller).
    Normal(f64),
    /// One value.
    Constant(f32),
}

impl Init {
    pub(super) fn draw(self, rng: &mut ChaCha8Rng) -> f32 {
        match self {
            Self::Uniform(bound) => rng.random_range(-bound..bound) as f32,
            Self::Normal(deviation) => {
                let radius = (-2.0 * libm::log(1.0 - rng.random::<f64>())).sqrt();
                (deviation * radius * libm::cos(std::f64::consts::TAU * rng.random::<f64>())) as f32
            }
            Self::Constant(value) => value,
        }
    }
}
