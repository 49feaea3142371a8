//! A searched parameter as an axis.

use crate::report::figure::{Scale, widened};
use crate::spec::Distribution;
use crate::trial::{ParamValue, Params};

/// A searched parameter as an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// Its full name: `train.lr`.
    pub name: String,
    /// Its axis.
    pub scale: Scale,
    choices: Vec<ParamValue>,
}

impl Dimension {
    pub(super) fn new(name: &str, distribution: &Distribution) -> Self {
        if let Some(only) = distribution.only() {
            let scale = Scale::Levels(vec![only.to_string()]);
            return Self { name: name.to_owned(), scale, choices: vec![only] };
        }
        let (scale, choices) = match distribution {
            Distribution::Uniform { low, high, .. } => (Scale::around([*low, *high]), Vec::new()),
            Distribution::Log { low, high } => (Scale::log_around([*low, *high]), Vec::new()),
            Distribution::Int { low, high, .. } => {
                let (low, high) = widened((*low as f64, *high as f64), 0.04);
                (Scale::Count { low, high }, Vec::new())
            }
            Distribution::IntLog { low, high } => {
                (Scale::log_around([*low as f64, *high as f64]), Vec::new())
            }
            Distribution::Choice(choices) => {
                let choices = in_order(choices);
                (Scale::Levels(choices.iter().map(ToString::to_string).collect()), choices)
            }
        };
        Self { name: name.to_owned(), scale, choices }
    }

    /// The last part of its name: `lr`.
    pub fn short(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// Letters of its longest choice; 0 where it has numbers.
    pub(crate) fn longest_name(&self) -> usize {
        match &self.scale {
            Scale::Levels(names) | Scale::Categories(names) => {
                names.iter().map(|name| name.chars().count()).max().unwrap_or(0)
            }
            Scale::Linear { .. } | Scale::Log { .. } | Scale::Count { .. } => 0,
        }
    }

    /// The place of a trial's value on the axis; none where it has none.
    pub fn of(&self, params: &Params) -> Option<f64> {
        let value = params.get(&self.name)?;
        match self.scale {
            Scale::Levels(_) | Scale::Categories(_) => {
                self.choices.iter().position(|choice| choice == value).map(|at| at as f64)
            }
            _ => value.as_f64(),
        }
    }

    /// That place as a share of the axis, from 0 to 1.
    pub(crate) fn share(&self, params: &Params) -> Option<f64> {
        Some(self.scale.share(self.of(params)?))
    }
}

/// Choices as an axis has them: numbers by their size, also those that are written as text; names in the
/// order of the spec, behind them.
fn in_order(choices: &[ParamValue]) -> Vec<ParamValue> {
    let number = |choice: &ParamValue| match choice {
        ParamValue::Text(text) => text.trim().parse().ok().filter(|number: &f64| !number.is_nan()),
        other => other.as_f64(),
    };
    let mut choices = choices.to_vec();
    choices.sort_by(|a, b| match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    });
    choices
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn choices_that_are_numbers_are_in_their_order() {
        let sorted = |choices: &[&str]| -> Vec<String> {
            let choices: Vec<ParamValue> = choices.iter().map(|text| ParamValue::from(*text)).collect();
            in_order(&choices).iter().map(ToString::to_string).collect()
        };
        assert_eq!(sorted(&["64", "8", "128", "1e3"]), ["8", "64", "128", "1e3"]);
        assert_eq!(sorted(&["relu", "gelu"]), ["relu", "gelu"], "names as the spec has them");
        assert_eq!(sorted(&["auto", "16", "8", "none"]), ["8", "16", "auto", "none"]);
        let floats = [0.5, 0.25, 10.0, -1.0].map(ParamValue::Float);
        assert_eq!(in_order(&floats), [-1.0, 0.25, 0.5, 10.0].map(ParamValue::Float));
    }

    #[test]
    fn categories_have_the_order_of_the_spec() {
        let study = testing::study(&[(1e-2, 64, Some(0.5))]);
        let hidden = study.dimension("hidden_dim").unwrap();
        assert_eq!(hidden.of(&study.trials[0].params), Some(1.0));
        let lr = study.dimension("lr").unwrap().share(&study.trials[0].params).unwrap();
        assert!((0.9..1.0).contains(&lr), "{lr}");
    }
}
