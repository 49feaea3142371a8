//! Reading bodies: at most so many bytes, in at most so much time.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::app::App;
use super::fields;
use super::problem::HttpProblem;

/// The whole body.
pub(super) async fn read(app: &App, body: Body) -> Result<Bytes, HttpProblem> {
    let limits = &app.settings.limits;
    let too_large = || HttpProblem::body_too_large(limits.body);
    // What is announced need not be waited for.
    if body.size_hint().lower() > limits.body as u64 {
        return Err(too_large());
    }
    let collect = Limited::new(body, limits.body).collect();
    match tokio::time::timeout(limits.body_time, collect).await {
        Err(_) => Err(HttpProblem::slow()),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(HttpProblem::malformed(format!("the body ends early: {error}"))),
    }
}

/// The request that the body is; an absent type is taken for JSON.
pub(super) async fn read_request<T: DeserializeOwned>(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, HttpProblem> {
    check_type(headers)?;
    let bytes = read(app, body).await?;
    if bytes.is_empty() {
        return Err(HttpProblem::malformed("the body is empty; send a JSON object"));
    }
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| HttpProblem::malformed(format!("the body is no JSON: {error}")))?;
    match value {
        Value::Object(object) => fields::read(object),
        other => {
            let message = format!("the body is {}, and must be an object", fields::kind_of(&other));
            Err(HttpProblem::invalid("", message))
        }
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), HttpProblem> {
    if let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        return Err(HttpProblem::encoded(&encoding.as_bytes().escape_ascii().to_string()));
    }
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json { Ok(()) } else { Err(HttpProblem::unsupported_type(&text.escape_default().to_string())) }
}
