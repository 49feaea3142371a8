//! Search spaces: named distributions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::trial::{ParamValue, Params};

/// The values one parameter may take. In a spec: `{ log = [1e-4, 1e-2] }`, `{ choice = [32, 64] }`.
///
/// Valid by construction once it is part of a [`Space`]: bounds are finite and `low < high`, log
/// ranges are positive, steps are positive and no wider than the range, choices are distinct, at
/// least one, and of one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// A real number between two bounds, both included.
    Uniform {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
        /// Distance between allowed values, counted from `low`; any value when absent.
        step: Option<f64>,
    },
    /// A real number whose logarithm is uniform.
    Log {
        /// Smallest value, above 0.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// A whole number between two bounds, both included.
    Int {
        /// Smallest value.
        low: i64,
        /// Largest value.
        high: i64,
        /// Distance between allowed values, counted from `low`; 1 by default.
        step: i64,
    },
    /// A whole number whose logarithm is uniform.
    IntLog {
        /// Smallest value, at least 1.
        low: i64,
        /// Largest value.
        high: i64,
    },
    /// One of several values, without order.
    Choice(Vec<ParamValue>),
}

impl Distribution {
    /// Whether `value` may come out of this distribution.
    pub fn contains(&self, value: &ParamValue) -> bool {
        match (self, value) {
            (Self::Uniform { low, high, step }, ParamValue::Float(x)) => {
                (*low..=*high).contains(x)
                    && step.is_none_or(|step| {
                        let on_grid = low + ((x - low) / step).round() * step;
                        // What rounding can do to `low + n · step`, however narrow the steps are.
                        let rounding = 4.0 * f64::EPSILON * low.abs().max(high.abs());
                        (x - on_grid).abs() <= 1e-6 * step + rounding
                    })
            }
            (Self::Log { low, high }, ParamValue::Float(x)) => (*low..=*high).contains(x),
            (Self::Int { low, high, step }, ParamValue::Int(x)) => {
                // In i128, for the distance may not fit into i64.
                (*low..=*high).contains(x) && (i128::from(*x) - i128::from(*low)) % i128::from(*step) == 0
            }
            (Self::IntLog { low, high }, ParamValue::Int(x)) => (*low..=*high).contains(x),
            (Self::Choice(values), value) => values.contains(value),
            _ => false,
        }
    }
}

/// A search space: key path (such as `train.lr`) to distribution, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Space(pub BTreeMap<String, Distribution>);

impl Space {
    /// Parameter names and their distributions, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Distribution)> {
        self.0.iter().map(|(name, distribution)| (name.as_str(), distribution))
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is searched.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `params` has exactly this space's names, each within its distribution.
    pub fn contains(&self, params: &Params) -> bool {
        self.0.len() == params.len()
            && self.0.iter().all(|(name, distribution)| {
                params.get(name).is_some_and(|value| distribution.contains(value))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_wider_than_i64_contains_its_steps_and_nothing_else() {
        let wide = Distribution::Int { low: i64::MIN, high: i64::MAX, step: 3 };
        assert!(wide.contains(&ParamValue::Int(i64::MIN)));
        assert!(wide.contains(&ParamValue::Int(i64::MAX)), "2^64 − 1 is a multiple of 3");
        assert!(!wide.contains(&ParamValue::Int(i64::MAX - 1)));
    }

    #[test]
    fn fine_steps_far_from_zero_are_contained_in_spite_of_rounding() {
        let (low, step) = (1e9, 1e-3);
        let far = Distribution::Uniform { low, high: low + 1.0, step: Some(step) };
        for cell in 0..=1000 {
            assert!(far.contains(&ParamValue::Float(low + f64::from(cell) * step)), "{cell}");
        }
        assert!(!far.contains(&ParamValue::Float(low + 0.5 * step)));
        let near = Distribution::Uniform { low: 0.1, high: 0.5, step: Some(0.1) };
        assert!(near.contains(&ParamValue::Float(0.1 + 2.0 * 0.1)));
        assert!(!near.contains(&ParamValue::Float(0.300_001)));
    }
}
