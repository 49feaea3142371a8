//! Which samplers there are.

use std::fmt;
use std::str::FromStr;

/// A sampler by its name.
///
/// ```
/// use uaic_study::sampler::SamplerKind;
///
/// assert_eq!("cma-es".parse(), Ok(SamplerKind::CmaEs));
/// assert!("cma".parse::<SamplerKind>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SamplerKind {
    /// Chooses among the others.
    #[default]
    Auto,
    /// Covariance matrix adaptation.
    CmaEs,
    /// A Gaussian process.
    Gp,
    /// Every point of a grid.
    Grid,
    /// A genetic algorithm for several goals.
    Nsga2,
    /// Even draws.
    Random,
    /// A low-discrepancy sequence.
    Sobol,
    /// Densities of good and bad trials.
    Tpe,
}

/// The names of all samplers.
pub const SAMPLERS: [&str; 8] = {
    let mut names = [""; 8];
    let mut at = 0;
    while at < names.len() {
        names[at] = SamplerKind::ALL[at].name();
        at += 1;
    }
    names
};

impl SamplerKind {
    /// Every one, by name.
    pub const ALL: [Self; 8] =
        [Self::Auto, Self::CmaEs, Self::Gp, Self::Grid, Self::Nsga2, Self::Random, Self::Sobol, Self::Tpe];

    /// Its name in a spec.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::CmaEs => "cma-es",
            Self::Gp => "gp",
            Self::Grid => "grid",
            Self::Nsga2 => "nsga2",
            Self::Random => "random",
            Self::Sobol => "sobol",
            Self::Tpe => "tpe",
        }
    }
}

impl fmt::Display for SamplerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text names no sampler.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown sampler `{name}`; there are {}", SAMPLERS.join(", "))]
pub struct UnknownSampler {
    /// The text.
    pub name: String,
}

impl FromStr for SamplerKind {
    type Err = UnknownSampler;

    fn from_str(name: &str) -> Result<Self, UnknownSampler> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| UnknownSampler { name: name.to_owned() })
    }
}
