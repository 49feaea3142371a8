//! Artifacts of runs: listed, and their contents.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::app::Api;
use super::content;
use super::problem::{ApiProblem, NoPart, Unanswered};
use super::query::Parameters;
use super::segment::{Segment, id_in_path};
use super::shape::Artifact;

/// All artifacts of a run.
#[derive(Serialize, ToSchema)]
pub(super) struct Artifacts {
    /// By name.
    artifacts: Vec<Artifact>,
}

/// Lists the artifacts of a run.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/artifacts", tag = "artifacts",
    params(("id" = String, Path, description = "The id of a run", pattern = "^[0-9a-fA-F]{32}$")),
    responses((status = 200, body = Artifacts, description = "All of them"), Unanswered)
)]
pub(super) async fn list(
    State(app): State<Arc<Api>>,
    Segment(id): Segment<String>,
    uri: Uri,
) -> Result<Json<Artifacts>, ApiProblem> {
    Parameters::of(uri.query())?.end()?;
    let id = id_in_path("run", &id)?;
    let found = app.work(move |app| app.store.artifacts(id)).await??;
    Ok(Json(Artifacts { artifacts: found.into_iter().map(Artifact::from).collect() }))
}

/// Gives the content of an artifact, or a part of it: as something to keep, whatever it is.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/artifact", tag = "artifacts",
    params(
        ("id" = String, Path, description = "The id of a run", pattern = "^[0-9a-fA-F]{32}$"),
        ("name" = String, Query, description = "The name of the artifact"),
        ("Range" = Option<String>, Header, description = "One range of bytes, such as `bytes=0-999`"),
        ("If-None-Match" = Option<String>, Header, description = "What `ETag` was"),
    ),
    responses(
        (status = 200, description = "The content", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 304, description = "It is as it was"),
        NoPart
    )
)]
pub(super) async fn content_of(
    State(app): State<Arc<Api>>,
    Segment(id): Segment<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let mut given = Parameters::of(uri.query())?;
    let name = given.needed("name")?;
    given.end()?;
    let id = id_in_path("run", &id)?;
    let found = app.work(move |app| app.store.find_artifact(id, &name)).await??;
    Ok(content::send(&app, found, &headers))
}
