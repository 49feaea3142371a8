//! Connections: accepted up to a limit, and closed when the other side takes its time.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::Service;

use super::http::App;
use super::listener::Listener;
use super::metrics::RefusedConnection;

/// How often connections are looked at: limits on time are this coarse.
const TICK: Duration = Duration::from_millis(500);

/// Bytes of the head of a request.
const HEAD: usize = 32 << 10;

/// Lines of the head of a request.
const HEADERS: usize = 64;

/// What a client hears that is one too many.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Accepts until told to stop; then waits until all connections are closed.
pub(super) async fn accept(
    listener: Listener,
    router: Router,
    app: Arc<App>,
    mut stop: watch::Receiver<bool>,
) {
    let limit = app.settings.limits.connections.max(1);
    let places = Arc::new(Semaphore::new(limit));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                // Such as too many open files: it gets better when others close.
                tracing::warn!(target: "uaic::serve", "a connection is not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            tokio::spawn(serve(stream, router.clone(), Arc::clone(&app), stop.clone(), place));
        } else {
            app.metrics.connection_refused(RefusedConnection::Limit);
            tokio::spawn(turn_away(stream));
        }
    }
    drop(listener);
    // All places are free when all connections are closed.
    let _ = places.acquire_many(u32::try_from(limit).unwrap_or(u32::MAX)).await;
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
    stream: impl AsyncRead + AsyncWrite + Unpin,
    router: Router,
    app: Arc<App>,
    mut stop: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    let _open = app.metrics.connection();
    let clock = Arc::new(Clock::new());
    let service = service_fn(|request: Request<Incoming>| {
        let (clock, mut router) = (Arc::clone(&clock), router.clone());
        async move {
            clock.enter(BUSY);
            let response: Result<Response<Body>, Infallible> = router.call(request.map(Body::new)).await;
            clock.enter(IDLE);
            response
        }
    });
    let io = TokioIo::new(Timed { stream, clock: Arc::clone(&clock) });
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD).max_headers(HEADERS).half_close(false).header_read_timeout(None);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut tick = tokio::time::interval(TICK);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            // What goes wrong with one connection, such as a head that is no HTTP, ends it; hyper has
            // answered what can be answered.
            _ = connection.as_mut() => break,
            _ = tick.tick() => {
                if let Some(why) = clock.overdue(&app) {
                    if why == Overdue::Slow {
                        app.metrics.connection_refused(RefusedConnection::Slow);
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

/// Nothing of a request has come.
const IDLE: u8 = 0;
/// Its head is coming.
const HEADING: u8 = 1;
/// It is being answered; its body has limits of its own.
const BUSY: u8 = 2;

/// Why a connection is closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overdue {
    /// The client sends its head, or takes its answer, too slowly.
    Slow,
    /// It has nothing to say.
    Quiet,
}

/// Since when a connection does what it does.
struct Clock {
    start: Instant,
    phase: AtomicU8,
    /// Milliseconds after the start.
    since: AtomicU64,
    /// Since when the client does not take what it asked for; 0 while it does.
    stalled: AtomicU64,
}

impl Clock {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            // Whoever connects is expected to say something.
            phase: AtomicU8::new(HEADING),
            since: AtomicU64::new(0),
            stalled: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Ordering::Relaxed);
        self.since.store(self.now(), Ordering::Relaxed);
    }

    /// Bytes have come.
    fn has_received(&self) {
        if self.phase.load(Ordering::Relaxed) == IDLE {
            self.enter(HEADING);
        }
    }

    fn overdue(&self, app: &App) -> Option<Overdue> {
        let limits = &app.settings.limits;
        let now = self.now();
        let is_over = |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) > limit.as_millis();
        let stalled = self.stalled.load(Ordering::Relaxed);
        if stalled > 0 && is_over(stalled, limits.write_time) {
            return Some(Overdue::Slow);
        }
        let since = self.since.load(Ordering::Relaxed);
        match self.phase.load(Ordering::Relaxed) {
            HEADING if is_over(since, limits.header_time) => Some(Overdue::Slow),
            IDLE if is_over(since, limits.idle_time) => Some(Overdue::Quiet),
            _ => None,
        }
    }
}

/// A stream whose clock knows what it does. It takes one part at a time: an answer is small, and
/// copying its body behind its head is quicker than a list of the two.
struct Timed<S> {
    stream: S,
    clock: Arc<Clock>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.clock.has_received();
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin> Timed<S> {
    /// Notes whether the client takes what is written.
    fn note<T>(&self, poll: Poll<T>) -> Poll<T> {
        let stalled = &self.clock.stalled;
        if poll.is_ready() {
            stalled.store(0, Ordering::Relaxed);
        } else if stalled.load(Ordering::Relaxed) == 0 {
            stalled.store(self.clock.now().max(1), Ordering::Relaxed);
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
