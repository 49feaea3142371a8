//! Registered models: names, versions, aliases.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use uaic_study::store::rules::no_model;
use uaic_study::store::{Id, ModelVersion};
use utoipa::ToSchema;

use super::app::Api;
use super::body;
use super::problem::{ApiProblem, Unanswered, Unchanged};
use super::query::Parameters;
use super::segment::Segment;
use super::shape::{Event, Whole};

type Answer<T> = Result<Json<T>, ApiProblem>;

/// A version of a model.
#[derive(Serialize, ToSchema)]
#[allow(clippy::struct_field_names, reason = "it is what the answer has")]
pub(super) struct Version {
    /// The name of the model.
    name: String,
    /// Its number, from 1.
    version: u32,
    /// The run that keeps the model, or has made it; null where that is none of this store.
    run: Option<String>,
    /// Where it is, as a client of MLflow has said it; null where it is the run as a whole.
    source: Option<String>,
    /// Why it was registered.
    note: String,
    /// When, milliseconds since 1970 UTC.
    created_ms: Whole,
    /// The aliases that point at it.
    aliases: Vec<String>,
}

impl From<ModelVersion> for Version {
    fn from(own: ModelVersion) -> Self {
        Self {
            name: own.name,
            version: own.version,
            run: own.run.map(|run| run.to_string()),
            source: own.source,
            note: own.note,
            created_ms: Whole(own.created_ms),
            aliases: own.aliases,
        }
    }
}

/// Versions of all models.
#[derive(Serialize, ToSchema)]
pub(super) struct Models {
    /// By name and number.
    versions: Vec<Version>,
}

/// Lists the versions of all models.
#[utoipa::path(
    get, path = "/api/v1/models", tag = "models",
    responses((status = 200, body = Models, description = "All versions"), Unanswered)
)]
pub(super) async fn list(State(app): State<Arc<Api>>, uri: Uri) -> Answer<Models> {
    Parameters::of(uri.query())?.end()?;
    let found = app.work(|app| app.store.model_versions(None)).await??;
    Ok(Json(Models { versions: found.into_iter().map(Version::from).collect() }))
}

/// A model.
#[derive(Serialize, ToSchema)]
pub(super) struct Model {
    /// Its name.
    name: String,
    /// By number.
    versions: Vec<Version>,
    /// What happened to it, in order.
    events: Vec<Event>,
}

fn whole(app: &Api, name: &str) -> Result<Model, ApiProblem> {
    let versions = app.store.model_versions(Some(name))?;
    if versions.is_empty() {
        return Err(no_model(&name.escape_debug().to_string()).into());
    }
    Ok(Model {
        name: name.to_owned(),
        versions: versions.into_iter().map(Version::from).collect(),
        events: app.store.model_events(name)?.into_iter().map(Event::from).collect(),
    })
}

/// Shows a model.
#[utoipa::path(
    get, path = "/api/v1/models/{name}", tag = "models",
    params(("name" = String, Path, description = "The name of a model")),
    responses((status = 200, body = Model, description = "The model"), Unanswered)
)]
pub(super) async fn show(
    State(app): State<Arc<Api>>,
    Segment(name): Segment<String>,
    uri: Uri,
) -> Answer<Model> {
    Parameters::of(uri.query())?.end()?;
    Ok(Json(app.work(move |app| whole(app, &name)).await??))
}

/// A run that is to be a version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVersion {
    /// The run that keeps the model.
    #[schema(value_type = String, pattern = "^[0-9a-fA-F]{32}$")]
    run: Id,
    /// Why.
    #[serde(default)]
    note: String,
}

/// Puts a run under a name, as its next version. One that has a version of this name keeps it.
#[utoipa::path(
    post, path = "/api/v1/models/{name}/versions", tag = "models", request_body = NewVersion,
    params(("name" = String, Path, description = "The name of a model")),
    responses((status = 200, body = Version, description = "The version"), Unchanged)
)]
pub(super) async fn register(
    State(app): State<Arc<Api>>,
    Segment(name): Segment<String>,
    request: Request,
) -> Answer<Version> {
    Parameters::of(request.uri().query())?.end()?;
    let new: NewVersion = body::read(request).await?;
    let made = app.work(move |app| app.store.register_model(&name, new.run, &new.note)).await??;
    Ok(Json(made.into()))
}

/// Where an alias is to point.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    /// The number of a version.
    #[schema(minimum = 0)]
    version: u32,
    /// Why.
    #[serde(default)]
    why: String,
}

/// Lets an alias point at a version.
#[utoipa::path(
    put, path = "/api/v1/models/{name}/aliases/{alias}", tag = "models", request_body = Target,
    params(
        ("name" = String, Path, description = "The name of a model"),
        ("alias" = String, Path, description = "An alias, such as `champion`"),
    ),
    responses((status = 200, body = Model, description = "The model as it is now"), Unchanged)
)]
pub(super) async fn point(
    State(app): State<Arc<Api>>,
    Segment((name, alias)): Segment<(String, String)>,
    request: Request,
) -> Answer<Model> {
    Parameters::of(request.uri().query())?.end()?;
    let target: Target = body::read(request).await?;
    let work = move |app: &Api| {
        app.store.set_model_alias(&name, &alias, Some(target.version), &target.why)?;
        whole(app, &name)
    };
    Ok(Json(app.work(work).await??))
}

/// Takes an alias away.
#[utoipa::path(
    delete, path = "/api/v1/models/{name}/aliases/{alias}", tag = "models",
    params(
        ("name" = String, Path, description = "The name of a model"),
        ("alias" = String, Path, description = "An alias"),
    ),
    responses((status = 200, body = Model, description = "The model as it is now"), Unchanged)
)]
pub(super) async fn unpoint(
    State(app): State<Arc<Api>>,
    Segment((name, alias)): Segment<(String, String)>,
    uri: Uri,
) -> Answer<Model> {
    Parameters::of(uri.query())?.end()?;
    let work = move |app: &Api| {
        app.store.set_model_alias(&name, &alias, None, "")?;
        whole(app, &name)
    };
    Ok(Json(app.work(work).await??))
}
