//! Connections: accepted up to a limit, and closed when the other side takes its time.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tower::Service;

use super::listener::{Listener, Peer, Stream};
use super::tls::Tls;

/// How often connections are looked at: limits on time are this coarse.
const TICK: Duration = Duration::from_millis(500);

/// Bytes of the head of a request.
const HEAD: usize = 32 << 10;

/// Lines of the head of a request.
const HEADERS: usize = 64;

/// What one client may ask for at once over HTTP/2.
const STREAMS: u32 = 256;

/// How a client of HTTP/2 begins: with a method that no other has.
const PREFACE: &[u8] = b"PRI";

/// What a client hears that is one too many.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/1.1, or HTTP/2 where the client begins with it.
    Http1Or2,
}

/// How many connections there may be, and how slow they.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Open connections; who is one too many is turned away.
    pub connections: usize,
    /// Time for the head of a request, from its first byte.
    pub header_time: Duration,
    /// Time for the client to take an answer.
    pub write_time: Duration,
    /// Time that a connection may be idle.
    pub idle_time: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            header_time: Duration::from_secs(5),
            write_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
        }
    }
}

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

/// Nothing has come yet, of a client that is expected to say something.
const OPENED: u8 = 3;
/// Nothing of a request has come.
const IDLE: u8 = 0;
/// Its head is coming.
const HEADING: u8 = 1;
/// It is being answered; its body has limits of its own.
const BUSY: u8 = 2;

/// A request that is being answered.
struct Busy(Arc<Clock>);

impl Busy {
    fn new(clock: Arc<Clock>) -> Self {
        clock.requests.fetch_add(1, Ordering::Relaxed);
        clock.enter(BUSY);
        Self(clock)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // Over HTTP/2 others may still be.
        if self.0.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.enter(IDLE);
        }
    }
}

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
    /// How many requests are being answered.
    requests: AtomicU32,
    /// Whether it is one of HTTP/2, where bytes need not be the head of a request.
    is_multiplexed: AtomicBool,
    /// Since when the client does not take what it asked for; 0 while it does.
    stalled: AtomicU64,
}

impl Clock {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            phase: AtomicU8::new(OPENED),
            since: AtomicU64::new(0),
            requests: AtomicU32::new(0),
            is_multiplexed: AtomicBool::new(false),
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
    fn has_received(&self, bytes: &[u8]) {
        // The very first bytes of a connection tell.
        let is_first = self.phase.load(Ordering::Relaxed) == OPENED;
        if is_first && bytes.starts_with(PREFACE) {
            self.is_multiplexed.store(true, Ordering::Relaxed);
        }
        let is_multiplexed = self.is_multiplexed.load(Ordering::Relaxed);
        match self.phase.load(Ordering::Relaxed) {
            BUSY => {}
            _ if is_multiplexed => self.enter(IDLE),
            OPENED => self.phase.store(HEADING, Ordering::Relaxed),
            IDLE => self.enter(HEADING),
            _ => {}
        }
    }

    fn overdue(&self, limits: &ConnectionLimits) -> Option<Overdue> {
        let now = self.now();
        let is_over = |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) > limit.as_millis();
        let stalled = self.stalled.load(Ordering::Relaxed);
        if stalled > 0 && is_over(stalled, limits.write_time) {
            return Some(Overdue::Slow);
        }
        let since = self.since.load(Ordering::Relaxed);
        match self.phase.load(Ordering::Relaxed) {
            OPENED | HEADING if is_over(since, limits.header_time) => Some(Overdue::Slow),
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
        if let Some(come @ [_, ..]) = buffer.filled().get(before..) {
            self.clock.has_received(come);
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
            // A long answer is on its way.
            if self.clock.phase.load(Ordering::Relaxed) == IDLE {
                self.clock.enter(IDLE);
            }
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
