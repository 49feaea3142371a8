//! The operations of a journal, and what their studies and trials are called.

use crate::json::Json;

/// An operation.
#[derive(Debug)]
pub(super) enum Operation {
    CreateStudy(Json),
    DeleteStudy(Json),
    StudyUser(Json),
    StudySystem(Json),
    CreateTrial(Json),
    Param(Json),
    StateValues(Json),
    Report(Json),
    TrialUser(Json),
    TrialSystem(Json),
    /// One of other programs, which says nothing of studies.
    Other,
}

impl Operation {
    /// Reads a line; `None` of one that is none.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        let json = Json::parse(line).ok()?;
        Some(match json.get("op_code")?.as_i64()? {
            0 => Self::CreateStudy(json),
            1 => Self::DeleteStudy(json),
            2 => Self::StudyUser(json),
            3 => Self::StudySystem(json),
            4 => Self::CreateTrial(json),
            5 => Self::Param(json),
            6 => Self::StateValues(json),
            7 => Self::Report(json),
            8 => Self::TrialUser(json),
            9 => Self::TrialSystem(json),
            _ => Self::Other,
        })
    }
}

/// A number that names a study or a trial: its place among those that were created.
pub(super) fn place(json: &Json, key: &str) -> Option<usize> {
    json.get(key).and_then(Json::as_i64).and_then(|place| usize::try_from(place).ok())
}

/// A text.
pub(super) fn text<'a>(json: &'a Json, key: &str) -> Option<&'a str> {
    json.get(key).and_then(Json::as_str)
}

/// The values of a trial, however many.
pub(super) fn values(json: &Json) -> Vec<f64> {
    let listed: Vec<_> =
        json.get("values").map(Json::items).unwrap_or_default().iter().filter_map(Json::as_f64).collect();
    if listed.is_empty() { json.get("value").and_then(Json::as_f64).into_iter().collect() } else { listed }
}
