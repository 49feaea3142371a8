//! The values one parameter may take.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Steps;
use crate::trial::ParamValue;

/// The values one parameter may take. In a spec: `{ log = [1e-4, 1e-2] }`, `{ choice = [32, 64] }`.
///
/// Valid by construction once it is part of a [`Space`](super::Space): bounds are finite and `low <= high`, log
/// ranges are positive, steps are positive and no wider than the range (any, where that is one value),
/// choices are distinct, at least one, and of one type.
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
    /// What is wrong with it, where it was not read from a spec.
    ///
    /// # Errors
    /// The range is empty, not finite or, with logarithms, not above 0; the step does not fit; there
    /// is no choice.
    pub fn check(&self) -> Result<(), String> {
        let real = |low: f64, high: f64| low.is_finite() && high.is_finite() && low <= high;
        let fits = match *self {
            Self::Uniform { low, high, step } => {
                let fits = |step: f64| step > 0.0 && (low >= high || step <= (high - low) * (1.0 + 1e-9));
                real(low, high) && step.is_none_or(fits)
            }
            Self::Log { low, high } => real(low, high) && low > 0.0,
            Self::Int { low, high, step } => {
                let fits = low == high || i128::from(step) <= i128::from(high) - i128::from(low);
                low <= high && step > 0 && fits
            }
            Self::IntLog { low, high } => low <= high && low > 0,
            Self::Choice(ref values) => !values.is_empty(),
        };
        if fits { Ok(()) } else { Err(format!("{self} is no range to draw from")) }
    }

    /// The value that always comes out of it, where there is but one.
    pub fn only(&self) -> Option<ParamValue> {
        match *self {
            Self::Uniform { low, high, .. } | Self::Log { low, high } => {
                (low >= high).then_some(ParamValue::Float(low))
            }
            Self::Int { low, high, .. } | Self::IntLog { low, high } => {
                (low == high).then_some(ParamValue::Int(low))
            }
            Self::Choice(ref values) => values.first().filter(|_| values.len() == 1).cloned(),
        }
    }

    /// Whether `value` may come out of this distribution.
    pub fn contains(&self, value: &ParamValue) -> bool {
        match (self, value) {
            (Self::Uniform { low, high, step }, ParamValue::Float(x)) => {
                let has = |step: f64| low >= high || Steps::new(*low, *high, step).contain(*x);
                (*low..=*high).contains(x) && step.is_none_or(has)
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

impl Distribution {
    /// What has the values of both: of trials that drew a parameter from different ranges.
    ///
    /// # Errors
    /// Why there is no such distribution.
    pub fn union(&self, other: &Self) -> Result<Self, String> {
        use Distribution::{Choice, Int, IntLog, Log, Uniform};
        let union = match (self, other) {
            (a, b) if a == b => return Ok(a.clone()),
            (&Uniform { low, high, step: None }, &Uniform { low: low2, high: high2, step: None }) => {
                Uniform { low: low.min(low2), high: high.max(high2), step: None }
            }
            (&Log { low, high }, &Log { low: low2, high: high2 }) => {
                Log { low: low.min(low2), high: high.max(high2) }
            }
            (&IntLog { low, high }, &IntLog { low: low2, high: high2 }) => {
                IntLog { low: low.min(low2), high: high.max(high2) }
            }
            (&Int { low, high, step }, &Int { low: low2, high: high2, step: step2 })
                if step == step2 && (i128::from(low) - i128::from(low2)) % i128::from(step.max(1)) == 0 =>
            {
                Int { low: low.min(low2), high: high.max(high2), step }
            }
            (Choice(_), Choice(_)) => return Err("its choices change from trial to trial".to_owned()),
            _ => return Err("its kind or its steps change from trial to trial".to_owned()),
        };
        union.check().map(|()| union)
    }
}

/// As a spec writes it: `{ log = [0.0001, 0.01] }`.
impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform { low, high, step: None } => write!(f, "{{ uniform = [{low:?}, {high:?}] }}"),
            Self::Uniform { low, high, step: Some(step) } => {
                write!(f, "{{ uniform = [{low:?}, {high:?}], step = {step:?} }}")
            }
            Self::Log { low, high } => write!(f, "{{ log = [{low:?}, {high:?}] }}"),
            Self::Int { low, high, step: 1 } => write!(f, "{{ int = [{low}, {high}] }}"),
            Self::Int { low, high, step } => write!(f, "{{ int = [{low}, {high}], step = {step} }}"),
            Self::IntLog { low, high } => write!(f, "{{ int_log = [{low}, {high}] }}"),
            Self::Choice(values) => {
                let values: Vec<_> = values.iter().map(ParamValue::to_toml).collect();
                write!(f, "{{ choice = [{}] }}", values.join(", "))
            }
        }
    }
}
