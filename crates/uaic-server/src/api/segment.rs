//! Parts of a path.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use uaic_study::store::{Id, StoreError};

use super::problem::{ApiProblem, Kind};

/// Parts of a path; those that are no text are told as a problem.
pub(super) struct Segment<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segment<T> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let read = |error: PathRejection| ApiProblem::new(Kind::Malformed, error.body_text());
        Path::from_request_parts(parts, state).await.map(|Path(value)| Self(value)).map_err(read)
    }
}

/// Reads an id in a path.
pub(super) fn id_in_path(what: &'static str, text: &str) -> Result<Id, ApiProblem> {
    let missing = || StoreError::NotFound { what, id: text.escape_debug().to_string() };
    Id::parse(text).ok_or_else(|| missing().into())
}
