//! Experiments.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;
use uaic_study::store::tracking::{ExperimentRecord, ExperimentSearch, Lifecycle};
use utoipa::ToSchema;

use super::app::Api;
use super::problem::{ApiProblem, Unanswered};
use super::query::Parameters;
use super::shape::Whole;

/// Experiments of a page, without a wish; at most.
const PAGE: (u32, u32) = (100, 1000);

/// An experiment.
#[derive(Serialize, ToSchema)]
pub(super) struct Experiment {
    /// Its number, as clients of MLflow know it.
    id: Whole,
    /// Its name.
    name: String,
    /// When it was made, milliseconds since 1970 UTC.
    created_ms: Whole,
    /// When it was changed.
    updated_ms: Whole,
    /// Its tags.
    tags: BTreeMap<String, String>,
}

impl From<ExperimentRecord> for Experiment {
    fn from(own: ExperimentRecord) -> Self {
        Self {
            id: Whole(own.id.0),
            name: own.name,
            created_ms: Whole(own.created_ms),
            updated_ms: Whole(own.updated_ms),
            tags: own.tags,
        }
    }
}

/// Some experiments.
#[derive(Serialize, ToSchema)]
pub(super) struct Experiments {
    /// Those that are not deleted, the newest first.
    experiments: Vec<Experiment>,
}

/// Lists experiments.
#[utoipa::path(
    get, path = "/api/v1/experiments", tag = "experiments",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many; 100 without it", minimum = 1, maximum = 1000),
        ("offset" = Option<u32>, Query, description = "Leave out so many", minimum = 0, maximum = 2_147_483_647),
    ),
    responses((status = 200, body = Experiments, description = "Some experiments"), Unanswered)
)]
pub(super) async fn list(State(app): State<Arc<Api>>, uri: Uri) -> Result<Json<Experiments>, ApiProblem> {
    let mut given = Parameters::of(uri.query())?;
    let limit = given.count("limit", PAGE.0, PAGE.1)?;
    let offset = given.offset("offset")?;
    given.end()?;
    let search = ExperimentSearch {
        clauses: Vec::new(),
        lifecycle: Lifecycle::Active,
        order: Vec::new(),
        limit,
        offset: offset.into(),
    };
    let found = app.work(move |app| app.store.search_experiments(&search)).await??;
    Ok(Json(Experiments { experiments: found.into_iter().map(Experiment::from).collect() }))
}
