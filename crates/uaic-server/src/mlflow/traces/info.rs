//! What a client tells of a trace.

use std::collections::BTreeMap;

use super::super::experiments::experiment_id;
use super::super::limits::{KEY, cut, tag_value};
use super::super::wire::{Fields, Problem};
use super::assessments;
use super::time::{parse_duration, time_of};
use uaic_study::store::rules::now_ms;
use uaic_study::store::tracking::{TraceInfo, TraceState};

/// Letters of an id.
const ID: usize = 250;
/// Letters of what is shown of a request, and of its answer.
const PREVIEW: usize = 10_000;

/// The beginning of a request, or of an answer.
pub(in super::super) fn preview(text: &str) -> String {
    cut(text, PREVIEW)
}

/// A tag, or metadata, as it is kept.
pub(in super::super) fn cut_pair(key: &str, value: &str) -> (String, String) {
    (cut(key, KEY), tag_value(value))
}

/// A map of tags, or metadata, as it is kept.
fn cut_map(fields: &Fields<'_>, name: &str) -> Result<BTreeMap<String, String>, Problem> {
    Ok(fields.map(name)?.iter().map(|(key, value)| cut_pair(key, value)).collect())
}

/// The state in a field.
///
/// # Errors
/// It is none.
pub(super) fn state_of(fields: &Fields<'_>, name: &str) -> Result<Option<TraceState>, Problem> {
    let mut choices: Vec<(&str, i64, TraceState)> =
        TraceState::ALL.iter().zip(0..).map(|(state, number)| (state.name(), number, *state)).collect();
    // Its name in version 2.
    choices.push(("TRACE_STATUS_UNSPECIFIED", 0, TraceState::Unspecified));
    fields.choice(name, &choices)
}

/// Reads what a client tells.
///
/// # Errors
/// Something that has to be there is not, or is wrong.
pub(super) fn read(fields: &Fields<'_>) -> Result<TraceInfo, Problem> {
    let id = fields.needed_text("trace_id")?;
    if id.chars().count() > ID || id.contains(['/', '\0']) {
        return Err(fields.refuse("trace_id", &format!("it has more than {ID} letters, or a slash")));
    }
    let location = fields.needed_object("trace_location")?;
    let experiment = experiment_id(&location.needed_object("mlflow_experiment")?)?;
    let duration = match fields.text("execution_duration")? {
        None => None,
        Some(text) => {
            let ms = parse_duration(text);
            Some(ms.ok_or_else(|| fields.refuse("execution_duration", "it is none, such as 0.387s"))?)
        }
    };
    let client_request = fields.text("client_request_id")?.map(|text| cut(text, ID));
    let assessments = fields.objects("assessments")?;
    Ok(TraceInfo {
        id: id.to_owned(),
        experiment: experiment.0,
        client_request: client_request.filter(|text| !text.is_empty()),
        request: fields.text("request_preview")?.map(preview),
        response: fields.text("response_preview")?.map(preview),
        time_ms: time_of(fields, "request_time")?.unwrap_or_else(now_ms),
        duration_ms: duration,
        state: state_of(fields, "state")?.unwrap_or_default(),
        metadata: cut_map(fields, "trace_metadata")?,
        tags: cut_map(fields, "tags")?,
        assessments: assessments.iter().map(assessments::read).collect::<Result<_, _>>()?,
    })
}
