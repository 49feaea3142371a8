//! Why a request is not answered, as RFC 9457 has it.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uaic_study::store::{StoreError, TrackingError};
use uaic_wording::ErrorKind;
use utoipa::openapi::{self, ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It cannot be read.
    Malformed,
    /// A value cannot be that.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// The route takes other methods.
    Method,
    /// What is there does not allow it.
    Conflict,
    /// The body is too large.
    TooLarge,
    /// The body is of another type.
    MediaType,
    /// No part of a content is behind its end.
    Range,
    /// A defect, or a store that cannot be used.
    Internal,
    /// This server cannot do it.
    Unsupported,
}

/// Statuses, words for programs, and what they mean.
const KINDS: [(Kind, StatusCode, &str, &str); 10] = [
    (Kind::Malformed, StatusCode::BAD_REQUEST, "malformed", "The request cannot be read"),
    (Kind::Invalid, StatusCode::UNPROCESSABLE_ENTITY, "invalid", "A value cannot be what it is"),
    (Kind::NotFound, StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
    (Kind::Method, StatusCode::METHOD_NOT_ALLOWED, "method", "The route takes other methods"),
    (Kind::Conflict, StatusCode::CONFLICT, "conflict", "What is there does not allow it"),
    (Kind::TooLarge, StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
    (
        Kind::MediaType,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "media-type",
        "The body is not of a type that is read",
    ),
    (Kind::Range, StatusCode::RANGE_NOT_SATISFIABLE, "range", "The content has no such part"),
    (Kind::Internal, StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server or its store failed"),
    (Kind::Unsupported, StatusCode::NOT_IMPLEMENTED, "unsupported", "This server cannot do it"),
];

impl Kind {
    fn told(self) -> (StatusCode, &'static str, &'static str) {
        let found = KINDS.iter().find(|(kind, ..)| *kind == self);
        found.map_or(
            (StatusCode::INTERNAL_SERVER_ERROR, "internal", "A defect"),
            |(_, status, word, title)| (*status, *word, *title),
        )
    }
}

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiProblem {
    kind: Kind,
    detail: String,
    /// Where in the request.
    place: Option<String>,
}

impl ApiProblem {
    /// A problem, and what to do about it.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), place: None }
    }

    /// A parameter of the query, or a field of the body, that cannot be what it is.
    pub(crate) fn invalid(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..Self::new(Kind::Invalid, detail) }
    }
}

impl From<StoreError> for ApiProblem {
    fn from(error: StoreError) -> Self {
        let kind = match (&error, error.kind()) {
            (StoreError::Tracking(TrackingError::NoRun(_)), _) | (_, ErrorKind::NotFound) => Kind::NotFound,
            (_, ErrorKind::Usage) => Kind::Invalid,
            (_, ErrorKind::Locked) | (StoreError::ReadOnly { .. }, _) => Kind::Conflict,
            _ => {
                tracing::error!(target: "uaic::server", "{error}");
                Kind::Internal
            }
        };
        Self::new(kind, error.to_string())
    }
}

/// A problem as RFC 9457 has it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The kind of problem, as an address below `urn:uaic:problem:`.
    #[serde(rename = "type")]
    #[schema(example = "urn:uaic:problem:not-found")]
    kind: String,
    /// The kind of problem, for people.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What happened and what to do.
    detail: String,
    /// Where: a parameter of the query, or a field of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let (status, word, title) = self.kind.told();
        let problem = Problem {
            kind: format!("urn:uaic:problem:{word}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            place: self.place,
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        (status, [(header::CONTENT_TYPE, kind)], body).into_response()
    }
}

/// The documentation of some problems.
fn documented(kinds: &[Kind]) -> BTreeMap<String, RefOr<openapi::Response>> {
    let content = || ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
    let response = |kind: &Kind| {
        let (status, _, title) = kind.told();
        let response =
            ResponseBuilder::new().description(title).content("application/problem+json", content());
        (status.as_str().to_owned(), response.build().into())
    };
    kinds.iter().map(response).collect()
}

/// What any question may be answered with.
pub(super) struct Unanswered;

impl IntoResponses for Unanswered {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let mut all = documented(&[Kind::Malformed, Kind::Invalid, Kind::NotFound, Kind::Internal]);
        // This one comes from below, and has no body.
        let too_long = ResponseBuilder::new().description("The address or the headers are too long");
        all.insert("431".to_owned(), too_long.build().into());
        all
    }
}

/// What any change may be answered with.
pub(super) struct Unchanged;

impl IntoResponses for Unchanged {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let kinds = [Kind::Conflict, Kind::TooLarge, Kind::MediaType, Kind::Unsupported];
        Unanswered::responses().into_iter().chain(documented(&kinds)).collect()
    }
}

/// What a question for a content may be answered with.
pub(super) struct NoPart;

impl IntoResponses for NoPart {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        Unanswered::responses().into_iter().chain(documented(&[Kind::Range])).collect()
    }
}
