//! Identifiers, parameter values and states that every layer speaks of.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use toml_writer::{ToTomlValue, TomlStringBuilder};

mod goal;
mod metric_key;
mod rank;

pub use goal::{Goal, Goals};
pub use metric_key::{Fold, MetricKey};
pub use rank::{Candidate, Rank, best_first, better};

/// The value of one parameter of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A real number.
    Float(f64),
    /// One of several names.
    Text(String),
}

impl ParamValue {
    /// The value as a number; `None` for booleans and names.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Int(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            Self::Bool(_) | Self::Text(_) => None,
        }
    }

    /// The value as other programs read it, be they C, Python, JSON, TOML or YAML 1.1, to which `1e-5` is
    /// a text: `1.0e-5`, `1.0e+16`. Reads back to the same value.
    pub fn written(&self) -> String {
        let text = self.to_string();
        match (self, text.split_once('e')) {
            (Self::Float(number), Some((mantissa, exponent))) if number.is_finite() => {
                let point = if mantissa.contains('.') { "" } else { ".0" };
                let sign = if exponent.starts_with('-') { "" } else { "+" };
                format!("{mantissa}{point}e{sign}{exponent}")
            }
            _ => text,
        }
    }

    /// The value as TOML; reads back to the same value.
    pub fn to_toml(&self) -> String {
        match self {
            Self::Text(text) => TomlStringBuilder::new(text).as_default().to_toml_value(),
            other => other.to_string(),
        }
    }
}

impl From<&str> for ParamValue {
    fn from(name: &str) -> Self {
        Self::Text(name.to_owned())
    }
}

impl From<String> for ParamValue {
    fn from(name: String) -> Self {
        Self::Text(name)
    }
}

impl From<f64> for ParamValue {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<i64> for ParamValue {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for ParamValue {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for ParamValue {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<bool> for ParamValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            // Shortest text that reads back to the same value, in scientific form where it is shorter.
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// A point of a search space: parameter name (a key path such as `train.lr`) to value.
pub type Params = BTreeMap<String, ParamValue>;

/// Which end of the metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smaller is better.
    Minimize,
    /// Larger is better.
    Maximize,
}

impl Direction {
    /// The order of values from best to worst; NaN comes last.
    pub fn compare(self, a: f64, b: f64) -> Ordering {
        match (a.is_nan(), b.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let (low, high) = match self {
                    Self::Minimize => (a, b),
                    Self::Maximize => (b, a),
                };
                // Not `total_cmp`, to which 0.0 and -0.0 differ. Numbers always have an order.
                low.partial_cmp(&high).unwrap_or(Ordering::Equal)
            }
        }
    }

    /// Whether `a` is strictly better than `b`. Any number is better than NaN.
    pub fn better(self, a: f64, b: f64) -> bool {
        self.compare(a, b).is_lt()
    }
}

impl Direction {
    /// The inverse of its [`Display`](fmt::Display).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Minimize, Self::Maximize].into_iter().find(|direction| direction.to_string() == name)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minimize => "minimize",
            Self::Maximize => "maximize",
        })
    }
}

/// The state of a run (every trial is a run).
///
/// A run whose state is [`RunState::Running`] but whose process is gone is *shown* as
/// [`RunState::Crashed`]; nothing writes that state, the store derives it when it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunState {
    /// Being executed by a live process.
    Running,
    /// Ended with a result.
    Complete,
    /// Stopped early because it could not become good.
    Pruned,
    /// Ended without a result; the reason says why.
    Failed,
    /// Stopped on the user's request before its end; will be repeated on resume.
    Interrupted,
    /// Its process died (derived, never stored).
    Crashed,
}

impl RunState {
    /// Final states never change again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Pruned | Self::Failed)
    }

    /// Whether the state may be followed by `next`. A run that is not final may be started again.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Running => next != Self::Crashed,
            Self::Interrupted | Self::Crashed => next == Self::Running,
            Self::Complete | Self::Pruned | Self::Failed => false,
        }
    }

    /// The name used in listings and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Complete => "COMPLETE",
            Self::Pruned => "PRUNED",
            Self::Failed => "FAILED",
            Self::Interrupted => "INTERRUPTED",
            Self::Crashed => "CRASHED",
        }
    }

    /// The inverse of [`RunState::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Running, Self::Complete, Self::Pruned, Self::Failed, Self::Interrupted, Self::Crashed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What samplers and pruners may know of a trial that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedTrial {
    /// Position in the study, from 0.
    pub number: u32,
    /// The point that was evaluated.
    pub params: Params,
    /// `Complete`, `Pruned` or `Failed`.
    pub state: RunState,
    /// The values of the study's metrics, in their order; present when complete, else empty.
    pub values: Vec<f64>,
    /// By how much the constraints on its outcome are missed, summed; 0 when all hold.
    pub violation: f64,
    /// Reported intermediate values, by step.
    pub intermediate: Vec<(u64, f64)>,
}

impl FinishedTrial {
    /// A complete trial with one value, and nothing else to know of it.
    pub fn complete(number: u32, params: Params, value: f64) -> Self {
        Self {
            number,
            params,
            state: RunState::Complete,
            values: vec![value],
            violation: 0.0,
            intermediate: vec![],
        }
    }

    /// A trial that failed.
    pub fn failed(number: u32, params: Params) -> Self {
        Self { state: RunState::Failed, values: vec![], ..Self::complete(number, params, 0.0) }
    }

    /// A trial that was stopped early, after these reports.
    pub fn pruned(number: u32, params: Params, intermediate: Vec<(u64, f64)>) -> Self {
        Self { state: RunState::Pruned, values: vec![], intermediate, ..Self::complete(number, params, 0.0) }
    }

    /// Its place among the others; `None` unless it is complete with a number.
    pub fn rank(&self) -> Option<Rank> {
        Candidate::shown(self.number, self.state, self.value(), self.violation).rank()
    }

    /// The value of the study's first metric; present when complete.
    pub fn value(&self) -> Option<f64> {
        self.values.first().copied()
    }
}

/// A trial that has been proposed but has not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingTrial {
    /// Position in the study, from 0.
    pub number: u32,
    /// The proposed point.
    pub params: Params,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tie_is_no_improvement_and_nan_never_wins() {
        for direction in [Direction::Minimize, Direction::Maximize] {
            assert!(!direction.better(1.0, 1.0));
            assert!(!direction.better(f64::NAN, 1.0));
            assert!(direction.better(1.0, f64::NAN));
            assert!(!direction.better(f64::NAN, f64::NAN));
        }
        assert!(Direction::Minimize.better(1.0, 2.0));
        assert!(Direction::Maximize.better(f64::INFINITY, 2.0));
    }

    #[test]
    fn values_are_ordered_from_best_to_worst_with_nan_last() {
        let sorted = |direction: Direction| {
            let mut values = [1.0, f64::NAN, f64::NEG_INFINITY, -0.0, 0.0, f64::INFINITY];
            values.sort_by(|a, b| direction.compare(*a, *b));
            values.map(|value| format!("{value:?}")).join(" ")
        };
        assert_eq!(sorted(Direction::Minimize), "-inf -0.0 0.0 1.0 inf NaN");
        assert_eq!(sorted(Direction::Maximize), "inf 1.0 -0.0 0.0 -inf NaN", "equals stay as they were");
    }

    #[test]
    fn final_states_are_terminal() {
        use RunState::{Complete, Crashed, Failed, Interrupted, Pruned, Running};
        for last in [Complete, Pruned, Failed] {
            for next in [Running, Complete, Pruned, Failed, Interrupted, Crashed] {
                assert!(!last.may_become(next));
            }
        }
        assert!(Interrupted.may_become(Running) && !Interrupted.may_become(Complete));
        assert!(Running.may_become(Running), "a run whose process died is started again");
    }

    #[test]
    fn numbers_are_written_so_that_every_reader_sees_a_number() {
        let written = [1e-5, 1.5e-7, 1e16, -2.5e300, 0.001, 0.0, 3.0, 1e15, f64::MIN_POSITIVE]
            .map(|number| (ParamValue::Float(number).written(), number));
        for (text, number) in &written {
            // YAML 1.1: [-+]?([0-9][0-9_]*)?\.[0-9.]*([eE][-+][0-9]+)?
            let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "+0"));
            assert!(mantissa.contains('.') && exponent.starts_with(['-', '+']), "{text}");
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits(), "{text}");
        }
        assert_eq!(written[0].0, "1.0e-5");
        assert_eq!(written[2].0, "1.0e+16");
        assert_eq!(ParamValue::Int(i64::MIN).written(), "-9223372036854775808");
        assert_eq!(ParamValue::Text("1e-5".into()).written(), "1e-5", "texts are left alone");
    }

    #[test]
    fn parameter_values_survive_json() {
        for value in [
            ParamValue::Int(3),
            ParamValue::Float(3.0),
            ParamValue::Float(1e-7),
            ParamValue::Bool(true),
            ParamValue::Text("adam".into()),
        ] {
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<ParamValue>(&json).unwrap(), value, "{json}");
        }
    }
}
