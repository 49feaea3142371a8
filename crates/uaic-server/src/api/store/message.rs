//! Messages in, messages out.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uaic_study::store::StoreError;
use uaic_study::store::remote::{WireFault, pack, unpack};
use uaic_wording::ErrorKind;

use super::super::problem::{ApiProblem, Kind};

/// What messages are.
pub(super) const MESSAGE: &str = "application/msgpack";

/// Why a message is not answered as it was meant.
pub(super) enum Refusal {
    /// The store's reason, as a message.
    Store(StoreError),
    /// It is no message of ours.
    Problem(ApiProblem),
}

impl Refusal {
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::Problem(ApiProblem::new(Kind::Malformed, message))
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ApiProblem> for Refusal {
    fn from(problem: ApiProblem) -> Self {
        Self::Problem(problem)
    }
}

/// A message as bytes.
pub(super) fn packed<T: Serialize>(message: &T) -> Result<Vec<u8>, StoreError> {
    pack(message).map_err(|error| StoreError::Malformed { what: "answer", detail: error.to_string() })
}

/// The message in a body.
pub(super) async fn read_call<T: DeserializeOwned>(body: Body, most: usize) -> Result<T, Refusal> {
    let bytes = collect(body, most).await?;
    unpack(&bytes).map_err(|error| Refusal::bad(format!("the body is no message of this version: {error}")))
}

async fn collect(body: Body, most: usize) -> Result<Bytes, Refusal> {
    let collected = Limited::new(body, most).collect().await.map_err(|error| {
        let (kind, message) = if error.is::<LengthLimitError>() {
            (Kind::TooLarge, format!("the body has more than {most} bytes"))
        } else {
            (Kind::Malformed, format!("the body did not come whole: {error}"))
        };
        ApiProblem::new(kind, message)
    })?;
    Ok(collected.to_bytes())
}

/// The response of a message that is there, or was refused.
pub(super) async fn answered(work: impl Future<Output = Result<Vec<u8>, Refusal>>) -> Response {
    match work.await {
        Ok(message) => of(StatusCode::OK, message),
        Err(refusal) => refusal.into_response(),
    }
}

fn of(status: StatusCode, message: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(MESSAGE))], message).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Store(error) => error,
            Self::Problem(problem) => return problem.into_response(),
        };
        let status = match error.kind() {
            _ if matches!(
                error,
                StoreError::Malformed { what: "request", .. } | StoreError::Input { .. }
            ) =>
            {
                StatusCode::BAD_REQUEST
            }
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Usage => StatusCode::BAD_REQUEST,
            ErrorKind::Locked => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(target: "uaic::server", "{error}");
        }
        match pack(&WireFault::from(error)) {
            Ok(message) => of(status, message),
            Err(_) => status.into_response(),
        }
    }
}
