//! Connections: accepted up to a limit, and closed when the other side takes its time.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tower::Service;

use super::listener::{Listener, Peer, Stream};
use super::settings::{ConnectionLimits, Protocol};
use super::timed::{Busy, Clock, Overdue, Timed};
use super::tls::Tls;

/// How often connections are looked at: limits on time are this coarse.
const TICK: Duration = Duration::from_millis(500);

/// Bytes of the head of a request.
const HEAD: usize = 32 << 10;

/// Lines of the head of a request.
const HEADERS: usize = 64;

/// What one client may ask for at once over HTTP/2.
const STREAMS: u32 = 256;

/// What a client hears that is one too many.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Why a connection was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There are as many as there may be.
    Limit,
    /// It took too long to send its request, or to take its answer.
    Slow,
}

/// Who counts connections.
pub trait Observer: Send + Sync + 'static {
    /// One more is open.
    fn opened(&self);

    /// One is closed.
    fn closed(&self);

    /// One was not kept.
    fn refused(&self, why: Refused);
}

/// Counts nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uncounted;

impl Observer for Uncounted {
    fn opened(&self) {}
    fn closed(&self) {}
    fn refused(&self, _: Refused) {}
}

/// An open connection, for whoever counts them.
struct Open(Arc<dyn Observer>);

impl Open {
    fn new(observer: Arc<dyn Observer>) -> Self {
        observer.opened();
        Self(observer)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed();
    }
}

/// Accepts until told to stop; then waits until all connections are closed.
pub async fn accept(
    listener: Listener,
    protocol: Protocol,
    router: Router,
    limits: ConnectionLimits,
    observer: Arc<dyn Observer>,
    stop: watch::Receiver<bool>,
) {
    accept_with(listener, None, protocol, router, limits, observer, stop).await;
}

/// Accepts as [`accept`] does, connections that are encrypted.
pub async fn accept_encrypted(
    listener: Listener,
    tls: Arc<Tls>,
    protocol: Protocol,
    router: Router,
    limits: ConnectionLimits,
    observer: Arc<dyn Observer>,
    stop: watch::Receiver<bool>,
) {
    accept_with(listener, Some(tls), protocol, router, limits, observer, stop).await;
}

async fn accept_with(
    listener: Listener,
    tls: Option<Arc<Tls>>,
    protocol: Protocol,
    router: Router,
    limits: ConnectionLimits,
    observer: Arc<dyn Observer>,
    mut stop: watch::Receiver<bool>,
) {
    let limit = limits.connections.max(1);
    let places = Arc::new(Semaphore::new(limit));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Such as too many open files: it gets better when others close.
                tracing::warn!(target: "uaic::http", "a connection is not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let open = Open::new(Arc::clone(&observer));
            let (router, stop, tls) = (router.clone(), stop.clone(), tls.clone());
            tokio::spawn(async move {
                let (stream, peer) = match tls {
                    None => (Either::Left(stream), peer),
                    Some(tls) => match encrypted(&tls, stream, &limits, &open).await {
                        Some(stream) => (Either::Right(stream), Peer { is_encrypted: true, ..peer }),
                        None => return,
                    },
                };
                serve(stream, protocol, (router, peer), &limits, &open, stop).await;
                drop(place);
            });
        } else {
            observer.refused(Refused::Limit);
            // Whoever expects keys would make nothing of a sentence.
            if tls.is_none() {
                tokio::spawn(turn_away(stream));
            }
        }
    }
    drop(listener);
    // All places are free when all connections are closed.
    let _ = places.acquire_many(u32::try_from(limit).unwrap_or(u32::MAX)).await;
}

/// The stream with keys agreed on; `None` where they are not, or not in time.
async fn encrypted(
    tls: &Tls,
    stream: Stream,
    limits: &ConnectionLimits,
    open: &Open,
) -> Option<Box<TlsStream<Stream>>> {
    match tokio::time::timeout(limits.header_time, tls.encrypt(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(target: "uaic::http", "a connection is not encrypted: {error}");
            None
        }
        Err(_) => {
            open.0.refused(Refused::Slow);
            None
        }
    }
}

async fn turn_away(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let told = async {
        stream.write_all(TOO_MANY).await?;
        stream.shutdown().await
    };
    // Whoever does not even read this learns nothing.
    let _ = tokio::time::timeout(Duration::from_secs(1), told).await;
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    protocol: Protocol,
    (router, peer): (Router, Peer),
    limits: &ConnectionLimits,
    open: &Open,
    mut stop: watch::Receiver<bool>,
) {
    let clock = Arc::new(Clock::new());
    let service = service_fn(|request: Request<Incoming>| {
        let (clock, mut router) = (Arc::clone(&clock), router.clone());
        async move {
            let _busy = Busy::new(clock);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            let response: Result<Response<Body>, Infallible> = router.call(request).await;
            response
        }
    });
    let io = TokioIo::new(Timed { stream, clock: Arc::clone(&clock) });
    let builder = builder(protocol);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut tick = tokio::time::interval(TICK);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            // What goes wrong with one connection, such as a head that is no HTTP, ends it; hyper has
            // answered what can be answered.
            _ = connection.as_mut() => break,
            _ = tick.tick() => {
                if let Some(why) = clock.overdue(limits) {
                    if why == Overdue::Slow {
                        open.0.refused(Refused::Slow);
                    }
                    break;
                }
            }
            _ = stop.wait_for(|stop| *stop), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn builder(protocol: Protocol) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(HEAD).max_headers(HEADERS).half_close(false).header_read_timeout(None);
    match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http1Or2 => {
            builder.http2().timer(TokioTimer::new()).max_header_list_size(HEAD as u32);
            builder.http2().max_concurrent_streams(STREAMS);
            builder
        }
    }
}
