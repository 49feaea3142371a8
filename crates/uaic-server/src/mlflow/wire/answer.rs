//! Answers.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::{Code, Problem};

/// What a request is answered with.
pub(in crate::mlflow) enum Answer {
    /// JSON.
    Json(Vec<u8>),
    /// Plain text.
    Text(&'static str),
}

impl Answer {
    /// An object.
    ///
    /// # Errors
    /// It cannot be written, which is a fault of ours.
    pub(in crate::mlflow) fn of(value: &impl Serialize) -> Result<Self, Problem> {
        serde_json::to_vec(value)
            .map(Self::Json)
            .map_err(|error| Problem::new(Code::InternalError, format!("the answer is no JSON: {error}")))
    }

    /// Nothing to say.
    pub(in crate::mlflow) fn empty() -> Self {
        Self::Json(b"{}".to_vec())
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (kind, body) = match self {
            Self::Json(bytes) => ("application/json", bytes),
            Self::Text(text) => ("text/plain; charset=utf-8", text.as_bytes().to_vec()),
        };
        ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
    }
}
