//! Artifacts of a remote store, as streams in both directions: what comes ends with the BLAKE3 hash of all
//! before it, what goes has it in a header.

use std::io::{self, Read};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use uaic_study::store::remote::ArtifactPlace;
use uaic_study::store::{Attempt, Id};

use super::super::app::Api;
use super::super::content;
use super::super::problem::ApiProblem;
use super::super::query::{Parameters, plain};
use super::message::{Refusal, answered, packed};

/// Pieces that wait for the disk.
const WAITING: usize = 8;
/// Bytes of the hash behind a content.
const TRAILER: usize = blake3::OUT_LEN;

/// What is meant.
struct Meant {
    run: Id,
    name: String,
    /// Without it, of a run that is being brought in.
    attempt: Option<u32>,
}

fn meant(uri: &Uri) -> Result<Meant, Refusal> {
    let mut given = Parameters::of(uri.query())?;
    let run = given.id("run")?.ok_or_else(|| ApiProblem::invalid("run", "`run` is missing"))?;
    let attempt = given.read("attempt", "a whole number", plain)?;
    let meant = Meant { run, name: given.needed("name")?, attempt };
    given.end()?;
    Ok(meant)
}

/// Sends an artifact, or the rest of it.
pub(super) async fn give(State(app): State<Arc<Api>>, uri: Uri, headers: HeaderMap) -> Response {
    let meant = match meant(&uri) {
        Ok(meant) => meant,
        Err(refusal) => return refusal.into_response(),
    };
    let found = app.work(move |app| app.store.find_artifact(meant.run, &meant.name)).await;
    match found {
        Ok(Ok(artifact)) => content::send(&app, artifact, &headers),
        Ok(Err(error)) => Refusal::from(error).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// Takes an artifact.
pub(super) async fn take(State(app): State<Arc<Api>>, uri: Uri, body: Body) -> Response {
    answered(async {
        let Meant { run, name, attempt } = meant(&uri)?;
        let place = match attempt {
            Some(number) => ArtifactPlace::Attempt(Attempt { run, number }),
            None => ArtifactPlace::Outside(run),
        };
        let (pieces, inbox) = mpsc::channel(WAITING);
        let writing = app.work(move |app| {
            let mut content =
                Arriving { inbox, piece: Bytes::new(), tail: Vec::new(), hasher: blake3::Hasher::new() };
            packed(&app.store.take_artifact(place, &name, &mut content)?)
        });
        // Both at once: one thread takes from the network while another writes.
        let (written, ()) = tokio::join!(writing, pass_on(body, pieces));
        Ok(written??)
    })
    .await
}

/// Hands a body on. One that is cut ends early, and then lacks its hash.
async fn pass_on(mut body: Body, pieces: mpsc::Sender<Bytes>) {
    let mut is_wanted = true;
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(bytes) = frame.into_data() else { continue };
        // When the writer has ended it has said why; who still sends hears nothing before its end.
        is_wanted = is_wanted && pieces.send(bytes).await.is_ok();
    }
}

/// A content that is coming, without the hash behind it; reading fails where that is not its own.
struct Arriving {
    inbox: mpsc::Receiver<Bytes>,
    piece: Bytes,
    /// The last bytes so far: they may be the hash.
    tail: Vec<u8>,
    hasher: blake3::Hasher,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            let Some(next) = self.inbox.blocking_recv() else { return self.check() };
            self.take_in(&next);
        }
        let count = buffer.len().min(self.piece.len());
        let (now, _) = buffer.split_at_mut(count);
        now.copy_from_slice(&self.piece.split_to(count));
        self.hasher.update(now);
        Ok(count)
    }
}

impl Arriving {
    /// Keeps the last bytes back.
    fn take_in(&mut self, next: &[u8]) {
        let mut whole = std::mem::take(&mut self.tail);
        whole.extend_from_slice(next);
        self.tail = whole.split_off(whole.len().saturating_sub(TRAILER));
        self.piece = whole.into();
    }

    fn check(&self) -> io::Result<usize> {
        if self.tail.len() < TRAILER {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended before its hash"));
        }
        // A cut leaves other bytes there.
        if *self.hasher.finalize().as_bytes() != *self.tail {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not have the hash behind it"));
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> io::Result<Vec<u8>> {
        let (sender, inbox) = mpsc::channel(100);
        for piece in pieces {
            sender.try_send(Bytes::copy_from_slice(piece)).unwrap();
        }
        drop(sender);
        let mut arriving =
            Arriving { inbox, piece: Bytes::new(), tail: Vec::new(), hasher: blake3::Hasher::new() };
        let mut content = Vec::new();
        arriving.read_to_end(&mut content).map(|_| content)
    }

    #[test]
    fn a_content_is_whole_with_its_hash_however_it_is_cut_into_pieces() {
        let content: Vec<u8> = (0..1000_u32).map(|at| (at % 251) as u8).collect();
        let whole = [&content[..], blake3::hash(&content).as_bytes()].concat();
        for width in [1, 7, 31, 32, 33, 500, 5000] {
            // There are at most 100 places.
            let pieces: Vec<&[u8]> = whole.chunks(width.max(whole.len() / 99 + 1)).collect();
            assert_eq!(read(&pieces).unwrap(), content, "{width}");
        }
        assert_eq!(read(&[blake3::hash(b"").as_bytes()]).unwrap(), b"");
        for cut in [0, 1, 32, 999, 1031] {
            assert!(read(&[&whole[..cut]]).is_err(), "{cut}");
        }
        let mut damaged = whole.clone();
        damaged[10] ^= 1;
        assert!(read(&[&damaged]).is_err());
    }
}
