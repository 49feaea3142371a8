//! `[objective]`: who evaluates trials in place of our own training.

use toml::Value;

use super::keys;
use super::problem::{At, Complaint, Problem};
use super::read::Reading;
use super::records::ObjectiveSpec;
use super::value::Given;
use crate::trial::ParamValue;

/// The name of a value that has none.
const VALUE: &str = "value";

/// Who evaluates the trials of a spec with `[objective]`.
pub(super) fn of_program(reading: &Reading) -> Result<ObjectiveSpec, Problem> {
    let Some(located) = &reading.objective else {
        return Err(Complaint::new("there is no [objective]").at(At::Start));
    };
    let is_asked = located.value.get("ask").and_then(Value::as_bool) == Some(true);
    let message = match (is_asked, located.value.contains_key("command")) {
        (true, false) => return Ok(ObjectiveSpec::Asked),
        (false, true) => return Ok(ObjectiveSpec::Command(located.value.clone())),
        (true, true) => "[objective] has both `ask` and `command`",
        (false, false) => "[objective] says neither `command` nor `ask`",
    };
    let help =
        "write `command = [\"python3\", \"train.py\"]`, or `ask = true` for `uaic ask` and `uaic tell`";
    Err(Complaint::new(message).help(help).at(located.at.clone()))
}

/// What is minimised where a spec with `[objective]` does not say.
pub(super) fn add_defaults(given: &mut Given) {
    for (path, usual) in [(keys::METRIC, VALUE), (keys::DIRECTION, "minimize")] {
        given.entry(path).or_insert_with(|| ParamValue::Text(usual.to_owned()));
    }
}

/// A metric of its own needs a direction: nothing says which end of it is better.
pub(super) fn undirected(reading: &Reading) -> Option<Problem> {
    let metric = reading.values.get(keys::METRIC)?;
    if reading.has(keys::DIRECTION) {
        return None;
    }
    let complaint = Complaint::new(format!("which end of `{}` is better?", metric.value));
    Some(complaint.help("add `direction = \"minimize\"` or \"maximize\" to [study]").at(metric.at.clone()))
}
