//! Files that come as streams, and go for good.

use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use super::super::app::App;
use super::super::runs::run_id;
use super::super::wire::{Answer, Code, Problem, of_query};
use super::path::{behind, checked};
use super::place::{of_path, of_run as place_of_run};
use uaic_study::store::StoreError;
use uaic_study::store::tracking::FilePlace;

/// What is behind the prefix in the address of a file.
pub(super) const MARKER: &str = "/mlflow-artifacts/artifacts/";
/// Pieces that wait for the disk.
const WAITING: usize = 4;
/// Bytes of a piece: small ones cost more to hand over than to write.
const PIECE: usize = 256 << 10;
/// How long the next bytes may take to come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that a browser may send.
const FROM_BROWSER: u64 = 10 << 20;

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A piece of a file; the end says that it has come whole.
enum Piece {
    Bytes(Vec<Bytes>),
    End,
}

/// Takes a file by its path.
pub(super) fn by_path(app: Arc<App>, request: Request) -> Answering {
    Box::pin(async move {
        let path = request.uri().path().to_owned();
        let place = move |app: &App| Ok(of_path(app, &behind(&path, MARKER)?)?.own().clone());
        take(app, request.into_body(), u64::MAX, place).await.into_response()
    })
}

/// Takes a file of a run from a browser.
pub(super) fn of_run(app: Arc<App>, request: Request) -> Answering {
    Box::pin(async move {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let place = move |app: &App| {
            let query = of_query(&query)?;
            let fields = query.fields();
            let path = checked(fields.needed_text("path")?)?;
            Ok(place_of_run(app, run_id(&fields)?, &path)?.0.own().clone())
        };
        take(app, request.into_body(), FROM_BROWSER, place).await.into_response()
    })
}

/// Writes a body to where it belongs, in pieces: one thread reads, another writes.
async fn take(
    app: Arc<App>,
    mut body: Body,
    most: u64,
    place: impl FnOnce(&App) -> Result<FilePlace, Problem> + Send + 'static,
) -> Result<Answer, Problem> {
    let (pieces, mut inbox) = mpsc::channel(WAITING);
    let writing = tokio::task::spawn_blocking(move || -> Result<(), Problem> {
        let place = place(&app)?;
        let mut staged = app.store.stage_file()?;
        while let Some(piece) = inbox.blocking_recv() {
            match piece {
                Piece::Bytes(parts) => {
                    parts.iter().try_for_each(|part| staged.write_all(part)).map_err(|source| {
                        Problem::new(Code::InternalError, format!("an artifact cannot be written: {source}"))
                    })?;
                }
                Piece::End => {
                    staged.publish(&place)?;
                    return Ok(());
                }
            }
        }
        Err(incomplete("it stopped"))
    });
    let mut left = most;
    let read = async {
        let (mut parts, mut size) = (Vec::new(), 0);
        while let Some(frame) =
            tokio::time::timeout(PATIENCE, body.frame()).await.map_err(|_| incomplete("nothing comes"))?
        {
            let frame = frame.map_err(|error| incomplete(&error.to_string()))?;
            let Ok(bytes) = frame.into_data() else { continue };
            left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
                Problem::invalid(format!("an artifact from a browser can have at most {most} bytes"))
            })?;
            size += bytes.len();
            parts.push(bytes);
            if size >= PIECE {
                size = 0;
                // Where the writer has ended, it says why.
                if pieces.send(Piece::Bytes(std::mem::take(&mut parts))).await.is_err() {
                    return Ok(());
                }
            }
        }
        let _ = pieces.send(Piece::Bytes(parts)).await;
        let _ = pieces.send(Piece::End).await;
        Ok(())
    };
    let read: Result<(), Problem> = read.await;
    drop(pieces);
    let written = writing.await.map_err(|error| {
        Problem::new(Code::InternalError, format!("an artifact was not written: {error}"))
    })?;
    read?;
    written?;
    Ok(Answer::empty())
}

fn incomplete(why: &str) -> Problem {
    Problem::new(Code::BadRequest, format!("the artifact did not come whole: {why}"))
}

/// Removes a file, or a folder with all that is in it.
pub(super) fn remove(app: Arc<App>, request: Request) -> Answering {
    Box::pin(async move {
        let path = request.uri().path().to_owned();
        let work = move || -> Result<Answer, Problem> {
            let places = of_path(&app, &behind(&path, MARKER)?)?;
            for place in places.all() {
                match app.store.remove_files(place) {
                    Ok(()) | Err(StoreError::Tracking(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(Answer::empty())
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done.into_response(),
            Err(error) => {
                Problem::new(Code::InternalError, format!("nothing was removed: {error}")).into_response()
            }
        }
    })
}
