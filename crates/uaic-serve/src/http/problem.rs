//! Why a request gets no prediction, and how each interface says so.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::header::{ALLOW, CONNECTION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::{self, ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::engine::EngineError;
use crate::fleet::FleetError;
use crate::metrics::Rejection;
use uaic_wording::ErrorKind;

/// A problem, whatever the interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpProblem {
    pub(crate) status: StatusCode,
    /// A word for programs.
    pub(crate) code: &'static str,
    /// What happened and what to do.
    pub(crate) message: String,
    /// Where in the body, as an RFC 6901 pointer.
    pub(crate) pointer: Option<String>,
    /// What it counts as; `None` for what is no refusal.
    pub(crate) rejection: Option<Rejection>,
    /// Whether some of the body may not have been read.
    is_unread: bool,
    /// The methods that the route takes, where it does not take this one.
    allowed: &'static str,
}

impl HttpProblem {
    fn new(
        status: StatusCode,
        code: &'static str,
        rejection: Option<Rejection>,
        message: impl Into<String>,
    ) -> Self {
        let message = message.into();
        Self { status, code, message, pointer: None, rejection, is_unread: false, allowed: "" }
    }

    /// With the place in the body, a JSON pointer.
    pub(crate) fn at(self, pointer: &str) -> Self {
        Self { pointer: Some(pointer.to_owned()), ..self }
    }

    /// The body is no JSON.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", Some(Rejection::Malformed), message)
    }

    /// A field has a value that it cannot have.
    pub(crate) fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let problem = Self::new(status, "invalid", Some(Rejection::Invalid), message);
        Self { pointer: Some(pointer.into()), ..problem }
    }

    /// The body, or a text in it, is too large.
    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", Some(Rejection::TooLarge), message)
    }

    /// As [`HttpProblem::too_large`], of a body that was not read to its end.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        Self { is_unread: true, ..Self::too_large(format!("the body has more than {limit} bytes")) }
    }

    /// The body is compressed.
    pub(crate) fn encoded(found: &str) -> Self {
        let message = format!("the body is encoded as `{found}`, and only plain bodies are read");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, "unsupported_type", Some(Rejection::UnsupportedType), message)
    }

    /// The body is of another type.
    pub(crate) fn unsupported_type(found: &str) -> Self {
        let message =
            format!("the body is `{found}`, and only JSON is read; send `Content-Type: application/json`");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, "unsupported_type", Some(Rejection::UnsupportedType), message)
    }

    /// The client did not send its body in time.
    pub(crate) fn slow() -> Self {
        let message = "the body did not come in time";
        let problem = Self::new(StatusCode::REQUEST_TIMEOUT, "slow", Some(Rejection::Malformed), message);
        Self { is_unread: true, ..problem }
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", None, message)
    }

    /// The route has no such method.
    pub(crate) fn method(allowed: &'static str) -> Self {
        let message = format!("this route does not take the method; it takes {allowed}");
        Self { allowed, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", None, message) }
    }

    /// The state is not one that allows it.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", None, message)
    }

    /// Whoever asks may not.
    pub(crate) fn unauthorized() -> Self {
        let message = "send `Authorization: Bearer TOKEN` with the token of the admin routes";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", None, message)
    }

    /// It takes no more requests, or none yet.
    pub(crate) fn draining() -> Self {
        let message = "the server is being stopped; ask another one";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "draining", Some(Rejection::Draining), message)
    }

    /// It takes no requests yet.
    pub(crate) fn not_ready() -> Self {
        let message = "the models are being loaded; try again in a second";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", Some(Rejection::NotReady), message)
    }

    /// A feature that was turned off.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", None, message)
    }

    /// Too much was asked in too little time.
    pub(crate) fn too_many(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "queue_full", Some(Rejection::QueueFull), message)
    }

    /// A defect.
    pub(crate) fn panicked() -> Self {
        let message = "answering failed, which is a defect; the server's log says where";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", Some(Rejection::Panic), message)
    }

    /// It was not answered in time.
    pub(crate) fn late() -> Self {
        let message = "the answer was not there in time; the server has more to do than it can";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "deadline", Some(Rejection::Deadline), message)
    }

    /// With headers that go with the status.
    pub(super) fn respond(&self, body: impl Serialize) -> Response {
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE if self.rejection.is_some() => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static(self.allowed));
            }
            _ => {}
        }
        if self.is_unread {
            // What is left of the body would have to be read to use the connection again.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(rejection) = self.rejection {
            response.extensions_mut().insert(rejection);
        }
        response
    }
}

impl HttpProblem {
    /// As the interface of a route tells it.
    pub(super) fn respond_at(self, route: &str) -> Response {
        match route {
            "/intent" => IntentProblem::from(self).into_response(),
            _ if route.starts_with("/v2") => InferenceProblem(self).into_response(),
            _ => self.into_response(),
        }
    }
}

impl From<EngineError> for HttpProblem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Full { .. } => Self::too_many(format!("{error}; try again in a second")),
            EngineError::Late => Self::late(),
            EngineError::Closed => Self::draining(),
            EngineError::Failed(why) => {
                tracing::error!(target: "uaic::serve", "{why}");
                Self::panicked()
            }
            EngineError::Panicked => Self::panicked(),
        }
    }
}

impl From<FleetError> for HttpProblem {
    fn from(error: FleetError) -> Self {
        let message = error.to_string();
        match error {
            FleetError::Unknown { .. } | FleetError::Version { .. } => Self::not_found(message),
            FleetError::Source(source) if source.kind == ErrorKind::NotFound => Self::not_found(message),
            FleetError::Nothing { .. } => Self::conflict(message),
            FleetError::Share(_) => Self::invalid("/share", message),
            FleetError::Source(_) | FleetError::Broken(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unusable", None, message)
            }
        }
    }
}

/// A problem as this program's own routes tell it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// What is wrong.
    error: ProblemDetail,
}

/// What is wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemDetail {
    /// A word for programs.
    code: &'static str,
    /// What happened and what to do, for people.
    message: String,
    /// The field at fault, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
}

impl IntoResponse for HttpProblem {
    fn into_response(self) -> Response {
        let detail =
            ProblemDetail { code: self.code, message: self.message.clone(), pointer: self.pointer.clone() };
        self.respond(ProblemBody { error: detail })
    }
}

/// Why a question of texts is not answered: statuses, and what they mean.
const REFUSALS: [(&str, &str); 10] = [
    ("400", "The body is no JSON"),
    ("404", "There is no such model or version"),
    ("408", "The body came too slowly"),
    ("413", "The body or a text is too large"),
    ("415", "The body is of another type"),
    ("422", "A field cannot have its value; the place of the field is told"),
    ("429", "The queue is full"),
    ("500", "A defect"),
    ("503", "Not ready, or being stopped"),
    ("504", "Not answered in time"),
];

/// The documentation of [`REFUSALS`] whose bodies have one type.
fn refusals<Body: ToSchema>() -> BTreeMap<String, RefOr<openapi::Response>> {
    let content = || ContentBuilder::new().schema(Some(Ref::from_schema_name(Body::name()))).build();
    let refusal = |(status, description): (&str, &str)| {
        let response = ResponseBuilder::new().description(description);
        (status.to_owned(), response.content("application/json", content()).build().into())
    };
    REFUSALS.into_iter().map(refusal).collect()
}

impl IntoResponses for HttpProblem {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        refusals::<ProblemBody>()
    }
}

/// A problem as the Open Inference Protocol has it.
pub(crate) struct InferenceProblem(pub(crate) HttpProblem);

/// What is wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct InferenceProblemBody {
    /// What happened and what to do.
    error: String,
}

impl IntoResponses for InferenceProblem {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        refusals::<InferenceProblemBody>()
    }
}

impl IntoResponse for InferenceProblem {
    fn into_response(self) -> Response {
        let HttpProblem { message, pointer, .. } = &self.0;
        let place = pointer.as_ref().map(|pointer| format!(" (at {pointer})")).unwrap_or_default();
        self.0.respond(InferenceProblemBody { error: format!("{message}{place}") })
    }
}

impl<T: Into<HttpProblem>> From<T> for InferenceProblem {
    fn from(problem: T) -> Self {
        Self(problem.into())
    }
}

/// A problem on `/intent`: a label for programs, and a message.
pub(crate) struct IntentProblem {
    label: &'static str,
    problem: HttpProblem,
}

/// What is wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct IntentProblemBody {
    /// A word for programs.
    label: &'static str,
    /// What happened.
    message: String,
}

impl IntentProblem {
    /// A body that cannot be answered; the status is always 400.
    pub(super) fn body(label: &'static str, message: &str) -> Self {
        Self { label, problem: HttpProblem::malformed(message) }
    }
}

impl From<HttpProblem> for IntentProblem {
    fn from(problem: HttpProblem) -> Self {
        let label = match problem.status {
            StatusCode::BAD_REQUEST => "BAD_REQUEST",
            StatusCode::PAYLOAD_TOO_LARGE => "TOO_LARGE",
            StatusCode::REQUEST_TIMEOUT => "TIMEOUT",
            StatusCode::TOO_MANY_REQUESTS => "TOO_MANY_REQUESTS",
            StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
            StatusCode::GATEWAY_TIMEOUT => "DEADLINE",
            StatusCode::METHOD_NOT_ALLOWED => "METHOD_NOT_ALLOWED",
            _ => "INTERNAL_ERROR",
        };
        Self { label, problem }
    }
}

impl IntoResponse for IntentProblem {
    fn into_response(self) -> Response {
        let body = json!({ "label": self.label, "message": self.problem.message });
        self.problem.respond(body)
    }
}
