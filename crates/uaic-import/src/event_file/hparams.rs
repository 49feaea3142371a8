//! The settings of a run, as the plugin for hyperparameters keeps them.

use std::collections::BTreeMap;

use uaic_study::trial::{ParamValue, RunState};

use crate::protobuf::{Field, Fields, field};
use crate::record::SourceParam;
use crate::zone::millis_of_seconds;

/// Settings that are kept.
const MOST_PARAMS: usize = 10_000;

/// What a session says when it starts and ends.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Session {
    pub(crate) params: BTreeMap<String, SourceParam>,
    /// The group of sessions that repeat each other.
    pub(crate) group: Option<String>,
    pub(crate) started_ms: Option<i64>,
    pub(crate) ended_ms: Option<i64>,
    pub(crate) state: Option<RunState>,
}

impl Session {
    /// Takes a message of the plugin.
    pub(crate) fn take(&mut self, content: &[u8]) {
        for (number, message) in Fields::of(content) {
            match number {
                3 => self.take_start(message.bytes()),
                4 => self.take_end(message.bytes()),
                _ => {}
            }
        }
    }

    fn take_start(&mut self, message: &[u8]) {
        for (number, found) in Fields::of(message) {
            match number {
                1 => {
                    let name = field(found.bytes(), 1).map(Field::text).unwrap_or_default();
                    let value = field(found.bytes(), 2).and_then(|value| param(value.bytes()));
                    let has_place = self.params.len() < MOST_PARAMS;
                    self.params.extend(value.filter(|_| has_place).map(|value| (name, value)));
                }
                4 => self.group = Some(found.text()).filter(|name| !name.is_empty()),
                5 => self.started_ms = millis_of_seconds(found.double()),
                _ => {}
            }
        }
    }

    fn take_end(&mut self, message: &[u8]) {
        for (number, found) in Fields::of(message) {
            match (number, found.int()) {
                (1, 1) => self.state = Some(RunState::Complete),
                (1, 2) => self.state = Some(RunState::Failed),
                (1, 3) => self.state = Some(RunState::Running),
                (2, _) => self.ended_ms = millis_of_seconds(found.double()),
                _ => {}
            }
        }
    }
}

/// A value of `google.protobuf.Value`; lists and maps are none that the plugin writes.
fn param(message: &[u8]) -> Option<SourceParam> {
    let (number, value) = Fields::of(message).last()?;
    Some(match number {
        1 => ParamValue::from("None").into(),
        2 => number_param(value.double()),
        3 => ParamValue::Text(value.text()).into(),
        4 => ParamValue::Bool(value.int() != 0).into(),
        _ => return None,
    })
}

/// The plugin makes a float of every number.
fn number_param(value: f64) -> SourceParam {
    if value.is_finite() {
        ParamValue::Float(value).into()
    } else {
        ParamValue::Text(format!("{value:?}").to_lowercase()).into()
    }
}
