//! The spec of a study whose trials were proposed elsewhere, written from what is known of it.

use std::fmt::Write;

use super::Space;
use super::effective::search_toml;
use crate::trial::{Goals, ParamValue};

/// Such a spec. It may name what specs cannot (a metric with a comma): then it does not parse.
pub fn asked_toml(experiment: &str, goals: &Goals, space: &Space, trials: u32) -> String {
    let quoted = |text: &str| ParamValue::from(text).to_toml();
    let mut text = String::from("# Written from the record of another tool, which proposed the trials.\n");
    let directions: Vec<String> = goals.directions().iter().map(ToString::to_string).collect();
    let _ = write!(
        text,
        "[experiment]\nname = {}\n\n[objective]\nask = true\n\n[study]\nmetric = {}\ndirection = {}\ntrials = {}\n",
        quoted(experiment),
        quoted(&goals.metrics().join(", ")),
        quoted(&directions.join(", ")),
        trials.max(1),
    );
    let search = search_toml(space);
    if !search.is_empty() {
        let _ = write!(text, "\n[search]\n{search}");
    }
    text
}
