//! `POST /intent`: the contract of the server that uaic replaces, to the letter.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::app::App;
use super::body;
use super::context::RequestContext;
use super::dispatch::{ModelRef, dispatch};
use super::fields;
use super::problem::{HttpProblem, IntentProblem, IntentProblemBody};
use super::wire::{TOP_LABELS, TopLabel, is_too_long, key_of};
use crate::engine::EngineRequest;

/// A text.
#[derive(Deserialize, ToSchema)]
pub(super) struct IntentRequest {
    /// What the intent of is asked.
    #[schema(example = "show me flights from boston to denver", min_length = 1)]
    text: String,
}

/// The most probable intents.
#[derive(Serialize, ToSchema)]
pub(super) struct IntentResponse {
    /// Three of them (fewer when the model has fewer), most confident first.
    intents: Vec<TopLabel>,
}

/// The three most probable intents of a text
///
/// The model is the default one: the first that the server was started with.
#[utoipa::path(
    post, path = "/intent", tag = "predict", operation_id = "intent", request_body = IntentRequest,
    responses(
        (status = 200, body = IntentResponse),
        (status = 400, body = IntentProblemBody,
         description = "`BODY_MISSING`, `TEXT_MISSING`, `INVALID_TYPE`, `TEXT_EMPTY` or `BAD_REQUEST`"),
        (status = 408, body = IntentProblemBody, description = "`TIMEOUT`: the body came too slowly"),
        (status = 413, body = IntentProblemBody, description = "`TOO_LARGE`: body or text"),
        (status = 429, body = IntentProblemBody, description = "`TOO_MANY_REQUESTS`: the queue is full"),
        (status = 500, body = IntentProblemBody, description = "`INTERNAL_ERROR`: a defect"),
        (status = 503, body = IntentProblemBody, description = "`UNAVAILABLE`: not ready, or being stopped"),
        (status = 504, body = IntentProblemBody, description = "`DEADLINE`: not answered in time"),
    )
)]
pub(super) async fn predict(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Result<Json<IntentResponse>, IntentProblem> {
    let (parts, body) = request.into_parts();
    let text = text_of(&body::read(&app, body).await?)?;
    if is_too_long(&app, &text) {
        let limit = app.settings.limits.text;
        return Err(HttpProblem::too_large(format!("\"text\" has more than {limit} characters.")).into());
    }
    let model = ModelRef { name: None, version: None, key: key_of(&parts.headers) };
    let request =
        EngineRequest { texts: vec![text], top: TOP_LABELS, explain: false, deadline: app.deadline() };
    let (_, response) = dispatch(&app, &context, model, request).await?;
    let top = response.predictions.into_iter().next().map(|prediction| prediction.top).unwrap_or_default();
    Ok(Json(IntentResponse { intents: top.into_iter().map(TopLabel::from).collect() }))
}

/// The text that a body asks about.
fn text_of(bytes: &[u8]) -> Result<String, IntentProblem> {
    let missing = || IntentProblem::body("BODY_MISSING", "Request body is missing.");
    if bytes.is_empty() {
        return Err(missing());
    }
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|_| IntentProblem::body("BAD_REQUEST", "Invalid JSON format."))?;
    if is_falsy(&body) {
        return Err(missing());
    }
    let Value::Object(object) = body else {
        return Err(IntentProblem::body("BAD_REQUEST", "Invalid JSON format."));
    };
    let has_text = object.contains_key("text");
    match fields::read(object) {
        Ok(IntentRequest { text }) if text.trim().is_empty() => {
            Err(IntentProblem::body("TEXT_EMPTY", "\"text\" is empty."))
        }
        Ok(IntentRequest { text }) => Ok(text),
        Err(_) if has_text => Err(IntentProblem::body("INVALID_TYPE", "\"text\" is not a string.")),
        Err(_) => Err(IntentProblem::body("TEXT_MISSING", "\"text\" missing from request body.")),
    }
}

/// What Python takes for false.
fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}
