//! Files that go as streams.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::mpsc;

use super::super::app::App;
use super::super::runs::run_id;
use super::super::wire::{Code, Problem, of_query};
use super::path::{behind, checked};
use super::place::{Places, of_path, of_run as place_of_run};
use super::upload::MARKER;
use crate::outlet::Outlet;
use uaic_study::store::{ArtifactRecord, StoreError};

/// Pieces that wait for the client.
const WAITING: usize = 4;

/// What a name in a header is written with (RFC 5987).
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Sends a file by its path.
pub(super) fn by_path(app: Arc<App>, request: Request) -> Answering {
    Box::pin(async move {
        let path = request.uri().path().to_owned();
        send(app, move |app| of_path(app, &behind(&path, MARKER)?)).await
    })
}

/// Sends an artifact of a run.
pub(super) fn of_run(app: Arc<App>, request: Request) -> Answering {
    Box::pin(async move {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let places = move |app: &App| {
            let query = of_query(&query)?;
            let fields = query.fields();
            let path = checked(fields.needed_text("path")?)?;
            Ok(place_of_run(app, run_id(&fields)?, &path)?.0)
        };
        send(app, places).await
    })
}

/// Finds a file, and sends it as it is read.
///
/// Whoever has no place to look in says why.
pub(in super::super) async fn send(
    app: Arc<App>,
    places: impl FnOnce(&App) -> Result<Places, Problem> + Send + 'static,
) -> Response {
    let reader = Arc::clone(&app);
    let found = tokio::task::spawn_blocking(move || find(&reader, &places(&reader)?)).await;
    let file = match found {
        Ok(Ok(file)) => file,
        Ok(Err(problem)) => return problem.into_response(),
        Err(error) => {
            return Problem::new(Code::InternalError, format!("no artifact was looked for: {error}"))
                .into_response();
        }
    };
    let headers = headers(&file);
    let (pieces, inbox) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut outlet = Outlet { pieces, buffer: Vec::new() };
        let copied = app
            .store
            .copy_file(&file, &mut outlet)
            .and_then(|()| outlet.flush().map_err(|source| StoreError::Output { source }));
        // A connection that is cut says that this was not all.
        if let Err(error) = copied {
            if !matches!(error, StoreError::Output { .. }) {
                tracing::error!(target: "uaic::server", "an artifact was not sent whole: {error}");
            }
            let _ = outlet.pieces.blocking_send(Err(io::Error::other(error.to_string())));
        }
    });
    let body = Body::from_stream(stream::unfold(inbox, |mut inbox| async move {
        inbox.recv().await.map(|piece| (piece, inbox))
    }));
    (headers, body).into_response()
}

fn find(app: &App, places: &Places) -> Result<ArtifactRecord, Problem> {
    for place in places.all() {
        match app.store.file(place) {
            Ok(file) => return Ok(file),
            Err(StoreError::NotFound { .. } | StoreError::Tracking(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    for place in places.all() {
        if app.store.list_files(place).is_ok_and(|files| !files.is_empty()) {
            return Err(Problem::invalid("the path is of a folder, and only files can be downloaded"));
        }
    }
    Err(Problem::missing("No such artifact"))
}

fn headers(file: &ArtifactRecord) -> [(header::HeaderName, HeaderValue); 4] {
    let name = file.name.rsplit('/').next().unwrap_or_default();
    let value =
        |text: String| HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let is_simple = name.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\%;".contains(&byte));
    let disposition = if is_simple {
        format!("attachment; filename=\"{name}\"")
    } else {
        format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, &PLAIN))
    };
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind(name))),
        (header::CONTENT_LENGTH, HeaderValue::from(file.size)),
        (header::CONTENT_DISPOSITION, value(disposition)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]
}

/// The type of a file, by what its name ends with.
fn kind(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or(name, |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "txt" | "log" | "md" | "yaml" | "yml" | "toml" | "ini" | "cfg" | "py" | "rst" | "mlmodel"
        | "mlproject" => "text/plain",
        "json" => "application/json",
        "html" | "htm" => "text/html",
        "csv" => "text/csv",
        "tsv" => "text/tab-separated-values",
        "xml" => "text/xml",
        "css" => "text/css",
        "js" => "text/javascript",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "mp4" => "video/mp4",
        "wav" => "audio/x-wav",
        _ => "application/octet-stream",
    }
}
