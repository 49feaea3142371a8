//! `POST /v1/feedback`: what the right label would have been.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::body::read_request;
use super::fields::Within;
use super::problem::{HttpProblem, ProblemBody};
use crate::request_log::Feedback;

/// Longest label, in characters.
const LONGEST_LABEL: usize = 200;

/// Longest id of a request.
const LONGEST_ID: usize = 128;

/// The right label of a text that was answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct FeedbackRequest {
    /// The id that the answer came with (`id`, or the header `X-Request-Id`).
    #[schema(min_length = 1, max_length = 128)]
    id: String,
    /// The right label, whether it is the predicted one, another, or one that the model does not know.
    #[schema(min_length = 1, max_length = 200)]
    label: String,
    /// Which of several texts, from 0.
    #[schema(value_type = Option<u32>, default = 0, minimum = 0, maximum = 1_000_000)]
    position: Option<Within<0, 1_000_000>>,
}

/// The feedback is kept.
#[derive(Serialize, ToSchema)]
pub(super) struct FeedbackResponse {
    /// The id of the request.
    id: String,
    /// Whether the prediction was right; null for a request that is not, or no longer, at hand.
    right: Option<bool>,
}

/// The right label of a text that was answered
///
/// It is kept with the request in the request log; `uaic requests export` makes training data of it.
#[utoipa::path(
    post, path = "/v1/feedback", tag = "predict", request_body = FeedbackRequest,
    responses(
        (status = 202, body = FeedbackResponse, description = "It is being written"),
        (status = 400, body = ProblemBody, description = "The body is no JSON"),
        (status = 408, body = ProblemBody, description = "The body came too slowly"),
        (status = 413, body = ProblemBody, description = "The body is too large"),
        (status = 415, body = ProblemBody, description = "The body is of another type"),
        (status = 422, body = ProblemBody, description = "A field cannot have its value"),
        (status = 429, body = ProblemBody, description = "The request log cannot keep up"),
        (status = 503, body = ProblemBody, description = "The server keeps no request log"),
    )
)]
pub(super) async fn feedback(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<(StatusCode, Json<FeedbackResponse>), HttpProblem> {
    let (parts, body) = request.into_parts();
    let FeedbackRequest { id, label, position } = read_request(&app, &parts.headers, body).await?;
    check_length("id", &id, LONGEST_ID)?;
    check_length("label", &label, LONGEST_LABEL)?;
    let position = position.map_or(0, |Within(number)| number as u32);
    let Some(log) = &app.log else {
        return Err(HttpProblem::unavailable("the server keeps no request log, so it cannot keep feedback"));
    };
    let predicted = log.predicted(&id, position);
    let right = predicted.as_ref().map(|predicted| predicted.is_right(&label));
    let at_ms = jiff::Timestamp::now().as_millisecond();
    if !log.feedback(Feedback { id: id.clone(), position, label, at_ms }) {
        return Err(HttpProblem::too_many("the request log cannot keep up; try again in a second"));
    }
    if let (Some(predicted), Some(right)) = (predicted, right) {
        app.metrics.feedback(&predicted.model, &predicted.version, right);
    }
    Ok((StatusCode::ACCEPTED, Json(FeedbackResponse { id, right })))
}

/// Refuses texts that say nothing, or too much.
fn check_length(name: &str, text: &str, longest: usize) -> Result<(), HttpProblem> {
    if text.trim().is_empty() || text.chars().count() > longest {
        let message = format!("`{name}` has 1 to {longest} characters");
        return Err(HttpProblem::invalid(format!("/{name}"), message));
    }
    Ok(())
}
