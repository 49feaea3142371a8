//! Settings of pruners, and which one they mean.

pub use super::spec::{PRUNERS as NAMES, PrunerSpec as PrunerSettings};

use super::{Hyperband, Median, Never, Patience, Percentile, Pruner, SuccessiveHalving, Threshold, Wilcoxon};

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
