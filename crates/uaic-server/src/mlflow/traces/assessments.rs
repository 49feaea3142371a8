//! What people, judges and programs say of traces.

use serde::Serialize;
use serde_json::Value;

use super::super::app::App;
use super::super::limits::check_length;
use super::super::route::Route;
use super::super::wire::{Answer, Fields, Problem};
use super::shape::Said;
use super::time::time_of;
use super::trace_id;
use uaic_study::store::Id;
use uaic_study::store::rules::now_ms;
use uaic_study::store::tracking::{Assessment, AssessmentEdit};

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/3.0/mlflow/traces/{trace_id}/assessments", create),
    Route::read("GET", "/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}", get),
    Route::write("PATCH", "/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}", update),
    Route::write("DELETE", "/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}", delete),
];

/// Letters of a name.
const NAME: usize = 250;
/// Letters of an id.
const ID: usize = 250;

#[derive(Serialize)]
struct One<'a> {
    assessment: Said<'a>,
}

fn one(trace: &str, said: &Assessment) -> Result<Answer, Problem> {
    Answer::of(&One { assessment: Said::of(trace, said) })
}

/// A text that may be left out, or be empty.
fn known(fields: &Fields<'_>, name: &str) -> Result<Option<String>, Problem> {
    Ok(fields.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned))
}

/// Whether it is an expectation, its value, and why there is none.
type Verdict = (bool, Value, Option<Value>);

fn verdict(fields: &Fields<'_>) -> Result<Option<Verdict>, Problem> {
    if let Some(feedback) = fields.object("feedback")? {
        let error = match feedback.any("error")? {
            Some(error) => Some(error),
            None => fields.any("error")?,
        };
        return Ok(Some((false, feedback.any("value")?.cloned().unwrap_or_default(), error.cloned())));
    }
    let Some(expectation) = fields.object("expectation")? else { return Ok(None) };
    let value = match expectation.object("serialized_value")? {
        Some(serialized) => {
            let text = serialized.needed_text("value")?;
            serde_json::from_str(text).map_err(|_| serialized.refuse("value", "it is no JSON"))?
        }
        None => expectation.any("value")?.cloned().unwrap_or_default(),
    };
    Ok(Some((true, value, None)))
}

/// Reads what somebody says.
///
/// # Errors
/// Something that has to be there is not, or is wrong.
pub(super) fn read(fields: &Fields<'_>) -> Result<Assessment, Problem> {
    let name = fields.needed_text("assessment_name")?;
    check_length("assessment_name", name, NAME)?;
    let (is_expectation, value, error) = verdict(fields)?
        .ok_or_else(|| Problem::invalid("The assessment must have either feedback or an expectation."))?;
    let choices = [
        ("SOURCE_TYPE_UNSPECIFIED", 0, "SOURCE_TYPE_UNSPECIFIED"),
        ("HUMAN", 1, "HUMAN"),
        ("LLM_JUDGE", 2, "LLM_JUDGE"),
        ("CODE", 3, "CODE"),
        ("AI_JUDGE", 2, "LLM_JUDGE"),
    ];
    let source = match fields.object("source")? {
        Some(source) => {
            let kind = source.choice("source_type", &choices)?.unwrap_or("SOURCE_TYPE_UNSPECIFIED");
            let id = source.text_or_empty("source_id")?;
            check_length("source_id", id, ID)?;
            (kind.to_owned(), id.to_owned())
        }
        None => ("SOURCE_TYPE_UNSPECIFIED".to_owned(), String::new()),
    };
    let created_ms = time_of(fields, "create_time")?.unwrap_or_else(now_ms);
    Ok(Assessment {
        id: format!("a-{}", Id::random()),
        name: name.to_owned(),
        span: known(fields, "span_id")?,
        is_expectation,
        value,
        error,
        source,
        created_ms,
        updated_ms: time_of(fields, "last_update_time")?.unwrap_or(created_ms),
        rationale: fields.text("rationale")?.map(str::to_owned),
        metadata: fields.map("metadata")?,
        overrides: known(fields, "overrides")?,
        is_valid: fields.boolean("valid")?.unwrap_or(true),
    })
}

fn create(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let trace = trace_id(fields)?;
    let new = read(&fields.needed_object("assessment")?)?;
    app.store.add_assessment(trace, &new)?;
    one(trace, &new)
}

fn get(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let trace = trace_id(fields)?;
    one(trace, &app.store.assessment(trace, fields.needed_text("assessment_id")?)?)
}

fn update(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let (trace, id) = (trace_id(fields)?, fields.needed_text("assessment_id")?);
    let own = fields.needed_object("assessment")?;
    let mut edit = AssessmentEdit::default();
    for path in fields.needed_text("update_mask")?.split(',').map(str::trim) {
        match path {
            "assessmentName" | "assessment_name" => {
                let name = own.needed_text("assessment_name")?;
                check_length("assessment_name", name, NAME)?;
                edit.name = Some(name.to_owned());
            }
            "feedback" | "expectation" => {
                if edit.value.is_some() {
                    let message = "Cannot specify both `expectation` and `feedback` parameters.";
                    return Err(Problem::invalid(message));
                }
                let value =
                    verdict(&own)?.filter(|(is_expectation, ..)| *is_expectation == (path == "expectation"));
                edit.value = Some(value.ok_or_else(|| own.missing(path))?);
            }
            "rationale" => edit.rationale = Some(own.text_or_empty("rationale")?.to_owned()),
            "metadata" => edit.metadata = Some(own.map("metadata")?),
            "valid" => edit.is_valid = own.boolean("valid")?,
            _ => {
                let why = format!(
                    "`{path}` cannot be changed; assessmentName, feedback, expectation, rationale, metadata and valid can"
                );
                return Err(fields.refuse("update_mask", &why));
            }
        }
    }
    one(trace, &app.store.edit_assessment(trace, id, &edit)?)
}

fn delete(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    app.store.remove_assessment(trace_id(fields)?, fields.needed_text("assessment_id")?)?;
    Ok(Answer::empty())
}
