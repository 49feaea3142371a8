//! Studies for tests of pictures.

use std::sync::OnceLock;

use super::view::{StudyView, TrialView};
use crate::spec::Spec;
use crate::trial::{Direction, ParamValue, Params, RunState};

/// A study of two parameters whose value is given by them.
pub(crate) fn study(values: &[(f64, i64, Option<f64>)]) -> StudyView {
    let text = "[experiment]\nname = \"x\"\n[data]\ndataset = \"flights\"\n[search]\n\"train.lr\" = { log = [1e-4, 1e-2] }\n\"model.hidden_dim\" = { choice = [32, 64] }\n";
    let spec = Spec::parse(text, std::path::Path::new("x.toml"), &[]).unwrap();
    let trial = |(number, (lr, hidden, value)): (usize, &(f64, i64, Option<f64>))| TrialView {
        number: number as u32,
        params: Params::from([
            ("train.lr".to_owned(), ParamValue::Float(*lr)),
            ("model.hidden_dim".to_owned(), ParamValue::Int(*hidden)),
        ]),
        state: if value.is_some() { RunState::Complete } else { RunState::Failed },
        value: *value,
        values: value.iter().copied().collect(),
        violation: 0.0,
        span_ms: (number as i64 * 1000, Some(number as i64 * 1000 + 1500)),
    };
    StudyView {
        experiment: "x".to_owned(),
        id: "0123abcd".to_owned(),
        metric: "val/accuracy".to_owned(),
        direction: Direction::Maximize,
        more_goals: vec![],
        space: spec.search,
        is_of_program: false,
        trials: values.iter().enumerate().map(trial).collect(),
        aside: String::new(),
        leading: OnceLock::new(),
    }
}
