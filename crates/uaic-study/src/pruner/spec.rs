//! Which pruner a study has, and how it judges.

use super::halving::SuccessiveHalving;
use super::hyperband::Hyperband;
use super::median::Median;
use super::none::Never;
use super::patience::Patience;
use super::percentile::Percentile;
use super::threshold::Threshold;
use super::wilcoxon::Wilcoxon;
use super::{Pruner, PrunerError};

/// The names of all pruners.
pub const PRUNERS: [&str; 8] =
    ["none", "median", "percentile", "successive-halving", "hyperband", "threshold", "patience", "wilcoxon"];

/// A pruner with its settings.
///
/// ```
/// use uaic_study::pruner::{Median, PrunerSpec};
///
/// let spec = PrunerSpec::Median(Median { startup_trials: 3, ..Median::default() });
/// assert_eq!(spec.name(), "median");
/// assert!(spec.build().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum PrunerSpec {
    /// Every trial goes on to its end.
    #[default]
    None,
    /// See [`Median`].
    Median(Median),
    /// See [`Percentile`].
    Percentile(Percentile),
    /// See [`SuccessiveHalving`].
    SuccessiveHalving(SuccessiveHalving),
    /// See [`Hyperband`].
    Hyperband(Hyperband),
    /// See [`Threshold`].
    Threshold(Threshold),
    /// See [`Patience`].
    Patience {
        /// The pruner that has to agree, another one than patience; `None` for nothing but patience.
        around: Option<Box<PrunerSpec>>,
        /// Steps without a gain that a trial is given.
        steps: u64,
        /// A gain has to be larger than this.
        min_delta: f64,
    },
    /// See [`Wilcoxon`].
    Wilcoxon(Wilcoxon),
}

impl PrunerSpec {
    /// The pruner's name, one of [`PRUNERS`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Median(_) => "median",
            Self::Percentile(_) => "percentile",
            Self::SuccessiveHalving(_) => "successive-halving",
            Self::Hyperband(_) => "hyperband",
            Self::Threshold(_) => "threshold",
            Self::Patience { .. } => "patience",
            Self::Wilcoxon(_) => "wilcoxon",
        }
    }

    /// That its settings agree with each other.
    ///
    /// # Errors
    /// Which one is wrong, with its value.
    pub fn check(&self) -> Result<(), PrunerError> {
        match self {
            Self::None => Ok(()),
            Self::Median(median) => median.check(),
            Self::Percentile(percentile) => percentile.check(),
            Self::SuccessiveHalving(halving) => halving.check(),
            Self::Hyperband(hyperband) => hyperband.check(),
            Self::Threshold(threshold) => threshold.check(),
            Self::Wilcoxon(wilcoxon) => wilcoxon.check(),
            Self::Patience { around, steps, min_delta } => {
                if let Some(Self::Patience { .. }) = around.as_deref() {
                    let message = "around = \"patience\": patience is around another pruner";
                    return Err(PrunerError::new("around", message));
                }
                if *steps == 0 {
                    let message = "patience = 0: a trial is given at least 1 step";
                    return Err(PrunerError::new("patience", message));
                }
                if !(*min_delta >= 0.0 && min_delta.is_finite()) {
                    let message = format!("min_delta = {min_delta}: it is a number from 0 up");
                    return Err(PrunerError::new("min_delta", message));
                }
                around.as_deref().map_or(Ok(()), Self::check)
            }
        }
    }

    /// The pruner.
    ///
    /// # Errors
    /// As [`PrunerSpec::check`].
    pub fn build(&self) -> Result<Box<dyn Pruner>, PrunerError> {
        self.check()?;
        Ok(match self {
            Self::None => Box::new(Never),
            Self::Median(median) => Box::new(*median),
            Self::Percentile(percentile) => Box::new(*percentile),
            Self::SuccessiveHalving(halving) => Box::new(*halving),
            Self::Hyperband(hyperband) => Box::new(*hyperband),
            Self::Threshold(threshold) => Box::new(*threshold),
            Self::Wilcoxon(wilcoxon) => Box::new(*wilcoxon),
            Self::Patience { around, steps, min_delta } => {
                let alone = Patience::new(*steps, *min_delta);
                match around {
                    None => Box::new(alone),
                    Some(around) => Box::new(alone.around(around.build()?)),
                }
            }
        })
    }

    /// The same for trials of so many steps, where the pruner wants to know that and has not been told.
    #[must_use]
    pub fn of_steps(self, steps: u64) -> Self {
        match self {
            Self::SuccessiveHalving(halving) => {
                let max_resource = halving.max_resource.or(Some(steps));
                Self::SuccessiveHalving(SuccessiveHalving { max_resource, ..halving })
            }
            Self::Hyperband(hyperband) => {
                let max_resource = hyperband.max_resource.or(Some(steps));
                Self::Hyperband(Hyperband { max_resource, ..hyperband })
            }
            Self::Patience { around, steps: patience, min_delta } => {
                let around = around.map(|around| Box::new(around.of_steps(steps)));
                Self::Patience { around, steps: patience, min_delta }
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Timing;
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_with_its_value() {
        let around =
            |around| PrunerSpec::Patience { around: Some(Box::new(around)), steps: 5, min_delta: 0.0 };
        let patience = |steps, min_delta| PrunerSpec::Patience { around: None, steps, min_delta };
        let median = Median { timing: Timing { interval: 0, ..Timing::default() }, ..Median::default() };
        let percentile =
            |percentile| PrunerSpec::Percentile(Percentile { percentile, ..Percentile::default() });
        let halving = SuccessiveHalving::default();
        let hyperband = Hyperband::default();
        let threshold =
            |lower, upper| PrunerSpec::Threshold(Threshold { lower, upper, ..Threshold::default() });
        for (spec, setting) in [
            (PrunerSpec::Median(median), "interval"),
            (percentile(101.0), "percentile"),
            (percentile(f64::NAN), "percentile"),
            (PrunerSpec::SuccessiveHalving(SuccessiveHalving { min_resource: 0, ..halving }), "min_resource"),
            (PrunerSpec::SuccessiveHalving(SuccessiveHalving { reduction: 1, ..halving }), "reduction"),
            (PrunerSpec::Hyperband(Hyperband { brackets: Some(0), ..hyperband }), "brackets"),
            (
                PrunerSpec::Hyperband(Hyperband { min_resource: 9, max_resource: Some(3), ..hyperband }),
                "max_resource",
            ),
            (threshold(Some(f64::NAN), None), "lower"),
            (threshold(Some(1.0), Some(1.0)), "lower"),
            (threshold(None, None), "lower"),
            (patience(0, 0.0), "patience"),
            (patience(1, -0.1), "min_delta"),
            (around(patience(1, 0.0)), "around"),
            (around(percentile(-1.0)), "percentile"),
            (PrunerSpec::Wilcoxon(Wilcoxon { p_threshold: 2.0, ..Wilcoxon::default() }), "p_threshold"),
        ] {
            let Err(error) = spec.build() else { panic!("{spec:?} was taken") };
            assert_eq!(error.setting, setting, "{error}");
        }
    }

    #[test]
    fn the_steps_of_a_trial_are_told_to_whom_they_matter() {
        let halving = PrunerSpec::SuccessiveHalving(SuccessiveHalving::default());
        let around = |inner| PrunerSpec::Patience { around: Some(Box::new(inner)), steps: 1, min_delta: 0.0 };
        let told = |spec: PrunerSpec| match spec {
            PrunerSpec::SuccessiveHalving(halving) => halving.max_resource,
            other => panic!("{other:?}"),
        };
        assert_eq!(told(halving.clone().of_steps(7)), Some(7));
        assert_eq!(told(halving.clone().of_steps(7).of_steps(9)), Some(7), "what was said stays");
        assert_eq!(around(halving.clone()).of_steps(7), around(halving.of_steps(7)));
        assert_eq!(PrunerSpec::None.of_steps(7), PrunerSpec::None);
    }
}
