//! What changes in the store while somebody looks, whoever changes it: asked for, or told as it happens.
//!
//! The store keeps the order in which runs changed last, so a cursor is a place in that order and survives
//! everything; who comes back is told each run that has changed meanwhile, once. Nobody waits on the
//! database: who listens looks every so often whether anything was written, which costs microseconds.

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use uaic_study::store::StoreError;
use uaic_study::store::remote::{Changed, Feed, News};
use utoipa::ToSchema;

use super::app::Api;
use super::problem::{ApiProblem, Kind, Unanswered};
use super::query::{Parameters, plain};

/// Changes of an answer, without a wish; at most.
const PAGE: (u32, u32) = (1000, 10_000);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);
/// After so long without anything a connection is kept up.
const QUIET: Duration = Duration::from_secs(15);

/// A run or a study that has changed.
#[derive(Serialize, ToSchema)]
pub(super) struct Change {
    /// Its place in the order of changes.
    cursor: String,
    /// Its id.
    id: String,
    /// `trial`, `final`, `imported`, `free` or `study`; null of what is gone.
    kind: Option<&'static str>,
    /// The study that it belongs to, or is.
    study: Option<String>,
    /// Its state; null of what is gone.
    state: Option<&'static str>,
}

impl From<Changed> for Change {
    fn from(own: Changed) -> Self {
        Self {
            cursor: own.cursor.to_string(),
            id: own.id.to_string(),
            kind: match (own.kind, own.state) {
                (Some(kind), _) => Some(kind.name()),
                (None, Some(_)) => Some("study"),
                (None, None) => None,
            },
            study: own.study.map(|study| study.to_string()),
            state: own.state.map(uaic_study::trial::RunState::name),
        }
    }
}

/// What has changed.
#[derive(Serialize, ToSchema)]
pub(super) struct Changes {
    /// Oldest first; each run once.
    changes: Vec<Change>,
    /// What comes behind is asked for with it.
    cursor: String,
}

/// Asks what has changed since a cursor; without one, for the cursor of now.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "changes",
    params(
        ("after" = Option<String>, Query, description = "A cursor", pattern = "^[0-9]{1,19}$"),
        ("limit" = Option<u32>, Query, description = "At most so many; 1000 without it", minimum = 1, maximum = 10000),
    ),
    responses((status = 200, body = Changes, description = "What has changed; the newest may be told twice"), Unanswered)
)]
pub(super) async fn list(State(app): State<Arc<Api>>, uri: Uri) -> Result<Json<Changes>, ApiProblem> {
    let mut given = Parameters::of(uri.query())?;
    let after = given.read("after", "a cursor", plain::<u64>)?;
    let limit = given.count("limit", PAGE.0, PAGE.1)?;
    given.end()?;
    let work = move |app: &Api| -> Result<News, StoreError> {
        let mut feed = app.store.feed()?;
        match after {
            Some(cursor) => feed.since(cursor, limit),
            None => Ok(News { changes: Vec::new(), cursor: feed.newest()? }),
        }
    };
    let news = app.work(work).await??;
    let changes = news.changes.into_iter().map(Change::from).collect();
    Ok(Json(Changes { changes, cursor: news.cursor.to_string() }))
}

/// Tells what changes, as it happens: server-sent events `change`, whose `data` is a `Change` and whose id is
/// its cursor, so that a browser goes on where it was (`Last-Event-ID`). The newest may be told twice.
#[utoipa::path(
    get, path = "/api/v1/changes/stream", tag = "changes",
    params(
        ("after" = Option<String>, Query, description = "A cursor; without it, from now on", pattern = "^[0-9]{1,19}$"),
        ("Last-Event-ID" = Option<String>, Header, description = "The same, as browsers send it"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream", description = "Events, without an end"),
        Unanswered
    )
)]
pub(super) async fn follow(
    State(app): State<Arc<Api>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let mut given = Parameters::of(uri.query())?;
    let after = given.read("after", "a cursor", plain::<u64>)?;
    given.end()?;
    let last = headers.get("last-event-id").and_then(|last| last.to_str().ok());
    let last = last.map(|last| {
        plain(last).ok_or_else(|| ApiProblem::invalid("Last-Event-ID", "it is no cursor of this server"))
    });
    let after = last.transpose()?.or(after);
    let permit = Arc::clone(&app.listeners).try_acquire_owned();
    let permit =
        permit.map_err(|_| ApiProblem::new(Kind::Conflict, "too many listen already; ask for changes"))?;
    let opened = app.work(move |app| -> Result<(Box<dyn Feed>, u64), StoreError> {
        let mut feed = app.store.feed()?;
        let newest = feed.newest()?;
        Ok((feed, after.unwrap_or(newest)))
    });
    let (feed, cursor) = opened.await??;
    let listener =
        Listener { app, feed: Some(feed), cursor, told: Instant::now(), greets: true, _permit: permit };
    let body = Body::from_stream(stream::unfold(listener, Listener::next));
    let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((kind, [("x-accel-buffering", "no")], body).into_response())
}

/// Who is told of changes.
struct Listener {
    app: Arc<Api>,
    feed: Option<Box<dyn Feed>>,
    cursor: u64,
    /// When something was sent last.
    told: Instant,
    /// Nothing has been sent yet.
    greets: bool,
    _permit: OwnedSemaphorePermit,
}

impl Listener {
    /// Waits for the next events; ends with the server.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if std::mem::take(&mut self.greets) {
            // The head goes at once, and a browser knows how soon to come back.
            return Some((Ok(Bytes::from_static(b"retry: 1000\n\n")), self));
        }
        let mut ended = self.app.ended.clone();
        loop {
            let mut feed = self.feed.take()?;
            let cursor = self.cursor;
            let (feed, news) = tokio::task::spawn_blocking(move || {
                let news = feed.since(cursor, PAGE.0);
                (feed, news)
            })
            .await
            .ok()?;
            self.feed = Some(feed);
            let news = news.inspect_err(|error| tracing::error!(target: "uaic::server", "{error}")).ok()?;
            self.cursor = news.cursor;
            let is_quiet = self.told.elapsed() >= QUIET;
            if !news.changes.is_empty() || is_quiet {
                self.told = Instant::now();
                return Some((Ok(events(news.changes)), self));
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                _ = ended.wait_for(|ended| *ended) => return None,
            }
        }
    }
}

/// Changes as events; none as a comment.
fn events(changes: Vec<Changed>) -> Bytes {
    if changes.is_empty() {
        return Bytes::from_static(b":\n\n");
    }
    let mut text = String::new();
    for change in changes {
        let cursor = change.cursor;
        let data = serde_json::to_string(&Change::from(change)).unwrap_or_default();
        // Writing to a text does not fail.
        let _ = write!(text, "id: {cursor}\nevent: change\ndata: {data}\n\n");
    }
    text.into()
}
