//! Settings of pruners, and which one they mean.

use serde::{Deserialize, Serialize};

use super::{Hyperband, Median, Never, Patience, Percentile, Pruner, SuccessiveHalving, Threshold, Wilcoxon};

/// The name of every pruner.
pub const NAMES: [&str; 8] =
    ["none", "median", "percentile", "successive-halving", "hyperband", "threshold", "patience", "wilcoxon"];

/// Which pruner a study has and how it judges: the table `[pruner]` of a spec. Each uses the
/// settings that its own documentation names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrunerSettings {
    /// One of [`NAMES`].
    pub kind: String,
    /// Complete trials with a value at the step without which nothing is compared (`median`, `percentile`).
    pub startup_trials: u32,
    /// Steps before which a trial is not judged (`median`, `percentile`, `threshold`); pairs without
    /// which it is not compared (`wilcoxon`).
    pub warmup_steps: u64,
    /// Steps from one judgement to the next (`median`, `percentile`, `threshold`).
    pub interval: u64,
    /// Percent of trials that are good enough (`percentile`).
    pub percentile: f64,
    /// The step of the lowest rung (`successive-halving`, `hyperband`).
    pub min_resource: u64,
    /// The step of a rung divided by that of the one below, and the number of trials of which one
    /// goes on (`successive-halving`, `hyperband`).
    pub reduction: u64,
    /// How many of the lowest rungs let everything pass (`successive-halving`).
    pub grace: u32,
    /// The last step of a trial, if known, from which on none is stopped (`successive-halving`,
    /// `hyperband`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_resource: Option<u64>,
    /// How many brackets there are; as many as there are rungs by default (`hyperband`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brackets: Option<u32>,
    /// Values below stop a trial (`threshold`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Values above stop a trial (`threshold`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// The pruner that has to agree; `none` for nothing but patience (`patience`).
    pub around: String,
    /// Steps without a gain that a trial is given (`patience`).
    pub patience: u64,
    /// A gain has to be larger than this (`patience`).
    pub min_delta: f64,
    /// The probability of error that is taken (`wilcoxon`).
    pub p_threshold: f64,
}

impl Default for PrunerSettings {
    fn default() -> Self {
        Self {
            kind: "none".to_owned(),
            startup_trials: 5,
            warmup_steps: 0,
            interval: 1,
            percentile: 25.0,
            min_resource: 1,
            reduction: 3,
            grace: 0,
            max_resource: None,
            brackets: None,
            lower: None,
            upper: None,
            around: "none".to_owned(),
            patience: 5,
            min_delta: 0.0,
            p_threshold: 0.1,
        }
    }
}

impl PrunerSettings {
    /// What is wrong with the values, whichever pruner they are for.
    fn check(&self) -> Result<(), String> {
        let bounds = [("lower", self.lower), ("upper", self.upper)];
        let nan = bounds.iter().find(|(_, bound)| bound.is_some_and(f64::is_nan));
        let wrong = match self {
            _ if self.interval == 0 => "interval = 0: judgements are at least 1 step apart".to_owned(),
            _ if !(0.0..=100.0).contains(&self.percentile) => {
                format!("percentile = {}: it goes from 0 to 100", self.percentile)
            }
            _ if self.min_resource == 0 => {
                "min_resource = 0: the lowest rung is at step 1 or later".to_owned()
            }
            _ if self.reduction < 2 => {
                format!("reduction = {}: it takes 2 or more trials to leave one out", self.reduction)
            }
            _ if self.brackets == Some(0) => "brackets = 0: there is at least 1".to_owned(),
            _ if self.max_resource.is_some_and(|most| most < self.min_resource) => {
                format!("max_resource is below min_resource = {}", self.min_resource)
            }
            _ if nan.is_some() => "the bounds of a threshold are numbers".to_owned(),
            Self { lower: Some(lower), upper: Some(upper), .. } if lower >= upper => {
                format!("lower = {lower} is not below upper = {upper}")
            }
            _ if self.patience == 0 => "patience = 0: a trial is given at least 1 step".to_owned(),
            _ if !(self.min_delta >= 0.0 && self.min_delta.is_finite()) => {
                format!("min_delta = {}: it is a number from 0 up", self.min_delta)
            }
            _ if !(0.0..=1.0).contains(&self.p_threshold) => {
                format!("p_threshold = {}: it goes from 0 to 1", self.p_threshold)
            }
            _ => return Ok(()),
        };
        Err(wrong)
    }
}

/// The pruner that the settings mean.
///
/// # Errors
/// A sentence that says which setting is wrong, with its value: there is no such pruner, or a value
/// is out of range.
pub fn by_settings(settings: &PrunerSettings) -> Result<Box<dyn Pruner>, String> {
    settings.check()?;
    by_name(&settings.kind, settings)
}

fn by_name(name: &str, settings: &PrunerSettings) -> Result<Box<dyn Pruner>, String> {
    Ok(match name {
        "none" => Box::new(Never),
        "median" => Box::new(Median::new(settings)),
        "percentile" => Box::new(Percentile::new(settings)),
        "successive-halving" => Box::new(SuccessiveHalving::new(settings)),
        "hyperband" => Box::new(Hyperband::new(settings)),
        "threshold" if settings.lower.or(settings.upper).is_none() => {
            return Err("a threshold takes `lower`, `upper` or both".to_owned());
        }
        "threshold" => Box::new(Threshold::new(settings)),
        "wilcoxon" => Box::new(Wilcoxon::new(settings)),
        "patience" => Box::new(Patience::new(settings, around(settings)?)),
        unknown => return Err(format!("there is no pruner `{unknown}`; there are {}", NAMES.join(", "))),
    })
}

/// What patience is around.
fn around(settings: &PrunerSettings) -> Result<Option<Box<dyn Pruner>>, String> {
    match settings.around.as_str() {
        "none" => Ok(None),
        "patience" => Err("around = \"patience\": patience is around another pruner".to_owned()),
        name => by_name(name, settings).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_may_leave_out_what_is_usual() {
        let read = |text: &str| toml::from_str::<PrunerSettings>(text);
        assert_eq!(read("").unwrap(), PrunerSettings::default());
        let settings = read("kind = \"hyperband\"\nmax_resource = 27\n").unwrap();
        assert_eq!((settings.kind.as_str(), settings.max_resource), ("hyperband", Some(27)));
        assert!(read("knid = \"median\"").unwrap_err().to_string().contains("knid"));
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(read(&text).unwrap(), settings, "{text}");
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_value() {
        let refused = |text: &str| {
            let error = by_settings(&toml::from_str(text).unwrap()).err();
            error.unwrap_or_else(|| panic!("{text} was taken"))
        };
        assert!(refused("kind = \"medain\"").contains("`medain`; there are none, median"));
        assert!(refused("kind = \"threshold\"").contains("`lower`"));
        assert!(refused("kind = \"patience\"\naround = \"patience\"").contains("another"));
        assert!(refused("kind = \"patience\"\naround = \"x\"").contains("`x`"));
        for text in [
            "interval = 0",
            "percentile = 101.0",
            "percentile = nan",
            "min_resource = 0",
            "reduction = 1",
            "brackets = 0",
            "min_resource = 9\nmax_resource = 3",
            "lower = nan",
            "lower = 1.0\nupper = 1.0",
            "patience = 0",
            "min_delta = -0.1",
            "p_threshold = 2.0",
        ] {
            let key = text.lines().last().unwrap().split(' ').next().unwrap();
            let told = refused(text);
            assert!(told.contains(key) || told.contains("bounds"), "{text}: {told}");
        }
    }
}
