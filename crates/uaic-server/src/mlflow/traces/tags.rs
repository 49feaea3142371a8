//! Tags of traces, and what they are linked to.

use serde_json::Value;

use super::super::app::App;
use super::super::route::Route;
use super::super::wire::{Answer, Fields, Problem};
use super::{cut_pair, info_of, trace_id};

pub(super) const ROUTES: &[Route] = &[
    Route::write("PATCH", "/2.0/mlflow/traces/{trace_id}/tags", set),
    Route::write("PATCH", "/3.0/mlflow/traces/{trace_id}/tags", set),
    Route::write("DELETE", "/2.0/mlflow/traces/{trace_id}/tags", delete),
    Route::write("DELETE", "/3.0/mlflow/traces/{trace_id}/tags", delete),
    Route::write("POST", "/2.0/mlflow/traces/link-to-run", link_to_run),
    Route::write("POST", "/3.0/mlflow/traces/link-to-run", link_to_run),
    Route::write("POST", "/2.0/mlflow/traces/link-prompts", link_prompts),
    Route::write("POST", "/3.0/mlflow/traces/link-prompts", link_prompts),
];

/// Traces that are linked at once, and prompts.
const LINKED: usize = 100;
/// The tag that says which prompts a trace has used.
const PROMPTS_TAG: &str = "mlflow.linkedPrompts";

fn set(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let (key, value) = cut_pair(fields.needed_text("key")?, fields.text_or_empty("value")?);
    app.store.set_trace_tag(trace_id(fields)?, &key, Some(&value))?;
    Ok(Answer::empty())
}

fn delete(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    app.store.set_trace_tag(trace_id(fields)?, fields.needed_text("key")?, None)?;
    Ok(Answer::empty())
}

fn link_to_run(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let ids: Vec<String> = fields.texts("trace_ids")?.into_iter().map(str::to_owned).collect();
    match ids.len() {
        0 => return Err(fields.missing("trace_ids")),
        1..=LINKED => {}
        count => {
            return Err(Problem::invalid(format!(
                "Cannot link more than {LINKED} traces to a run in a single request. Provided {count} traces."
            )));
        }
    }
    app.store.link_traces(&ids, fields.needed_text("run_id")?)?;
    Ok(Answer::empty())
}

fn link_prompts(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let id = trace_id(fields)?;
    let prompts = fields.objects("prompt_versions")?;
    if prompts.is_empty() || prompts.len() > LINKED {
        return Err(fields.refuse("prompt_versions", &format!("it must have from 1 to {LINKED} prompts")));
    }
    let info = info_of(app, id)?;
    let known = info.tags.get(PROMPTS_TAG).and_then(|text| serde_json::from_str(text).ok());
    let mut linked: Vec<(String, String)> = known.map(|list: Vec<Value>| pairs(&list)).unwrap_or_default();
    for prompt in &prompts {
        let version = prompt.needed_integer("version")?;
        let pair = (prompt.needed_text("name")?.to_owned(), version.to_string());
        if !linked.contains(&pair) {
            linked.push(pair);
        }
    }
    // As clients write it, who look for it as a text.
    let one = |(name, version): &(String, String)| {
        format!(
            "{{\"name\": {}, \"version\": {}}}",
            Value::from(name.as_str()),
            Value::from(version.as_str())
        )
    };
    let text = format!("[{}]", linked.iter().map(one).collect::<Vec<_>>().join(", "));
    app.store.set_trace_tag(id, PROMPTS_TAG, Some(&text))?;
    Ok(Answer::empty())
}

/// The names and versions of a list of prompts.
fn pairs(list: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value, name: &str| match value.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    list.iter().filter_map(|value| Some((text(value, "name")?, text(value, "version")?))).collect()
}
