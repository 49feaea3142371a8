//! One run: shown whole, edited.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uaic_study::store::{Id, RunEdit};
use utoipa::ToSchema;

use super::app::Api;
use super::body;
use super::problem::{ApiProblem, Unanswered, Unchanged};
use super::query::Parameters;
use super::segment::{Segment, id_in_path};
use super::shape::{Artifact, Event, Metric, Run, exact};

/// Letters of a text.
const LONGEST: usize = 1 << 16;

type Answer<T> = Result<Json<T>, ApiProblem>;

/// A run with all but its series and the content of its artifacts.
#[derive(Serialize, ToSchema)]
pub(super) struct WholeRun {
    #[serde(flatten)]
    run: Run,
    /// Its tags.
    tags: BTreeMap<String, String>,
    /// Latest values of its metrics, by key.
    metrics: Vec<Metric>,
    /// Its artifacts, by name.
    artifacts: Vec<Artifact>,
    /// The whole configuration.
    config: Value,
    /// Facts about its surroundings.
    environment: BTreeMap<String, String>,
    /// The host that it runs on.
    host: String,
    /// What happened to it, in order.
    events: Vec<Event>,
}

/// Shows a run.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}", tag = "runs",
    params(("id" = String, Path, description = "The id of a run", pattern = "^[0-9a-fA-F]{32}$")),
    responses((status = 200, body = WholeRun, description = "The run"), Unanswered)
)]
pub(super) async fn show(
    State(app): State<Arc<Api>>,
    Segment(id): Segment<String>,
    uri: Uri,
) -> Answer<WholeRun> {
    Parameters::of(uri.query())?.end()?;
    let id = id_in_path("run", &id)?;
    Ok(Json(app.work(move |app| whole(app, id)).await??))
}

fn whole(app: &Api, id: Id) -> Result<WholeRun, ApiProblem> {
    let mut run = app.store.run(id)?;
    let config = exact(std::mem::take(&mut run.start.config));
    let environment = std::mem::take(&mut run.start.environment);
    let host = std::mem::take(&mut run.start.process.host);
    Ok(WholeRun {
        run: run.into(),
        tags: app.store.tags(id)?,
        metrics: app.store.latest_metrics(id)?.into_iter().map(Metric::from).collect(),
        artifacts: app.store.artifacts(id)?.into_iter().map(Artifact::from).collect(),
        config,
        environment,
        host,
        events: app.store.events(id)?.into_iter().map(Event::from).collect(),
    })
}

/// What is to be another of a run; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::option_option, reason = "what is absent stays, and null takes away")]
pub(super) struct Edits {
    /// What it is called; null takes its name away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 65536)]
    name: Option<Option<String>>,
    /// What is written about it, in Markdown; null takes that away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 65536)]
    note: Option<Option<String>>,
    /// Whether it is hidden.
    #[serde(default, deserialize_with = "there")]
    #[schema(value_type = bool, required = false)]
    hidden: Option<bool>,
    /// Tags by key; null takes one away.
    #[serde(default)]
    tags: BTreeMap<String, Option<String>>,
}

/// Tells `null` from nothing.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Takes no `null`.
fn there<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Edits a run, and shows it.
#[utoipa::path(
    patch, path = "/api/v1/runs/{id}", tag = "runs", request_body = Edits,
    params(("id" = String, Path, description = "The id of a run", pattern = "^[0-9a-fA-F]{32}$")),
    responses((status = 200, body = WholeRun, description = "The run as it is now"), Unchanged)
)]
pub(super) async fn edit(
    State(app): State<Arc<Api>>,
    Segment(id): Segment<String>,
    request: Request,
) -> Answer<WholeRun> {
    Parameters::of(request.uri().query())?.end()?;
    let id = id_in_path("run", &id)?;
    let edits: Edits = body::read(request).await?;
    edits.check()?;
    let answer = app.work(move |app| {
        edits.apply(app, id)?;
        whole(app, id)
    });
    Ok(Json(answer.await??))
}

impl Edits {
    fn check(&self) -> Result<(), ApiProblem> {
        let texts = [("name", &self.name), ("note", &self.note)];
        for (place, text) in texts {
            let length = text.as_ref().and_then(|text| text.as_ref()).map_or(0, |text| text.chars().count());
            if length > LONGEST {
                return Err(ApiProblem::invalid(place, format!("`{place}` has more than {LONGEST} letters")));
            }
        }
        Ok(())
    }

    fn apply(self, app: &Api, id: Id) -> Result<(), ApiProblem> {
        // Nothing is changed of a run that is not there.
        app.store.run(id)?;
        for (key, value) in self.tags {
            match value {
                Some(value) => app.store.set_tag(id, &key, &value)?,
                None => app.store.edit_run(id, &RunEdit::RemoveTag(key))?,
            }
        }
        if let Some(name) = self.name {
            app.store.edit_run(id, &RunEdit::Name(name))?;
        }
        if let Some(note) = self.note {
            app.store.edit_run(id, &RunEdit::Note(note))?;
        }
        if let Some(hidden) = self.hidden {
            app.store.set_hidden(id, hidden)?;
        }
        Ok(())
    }
}
