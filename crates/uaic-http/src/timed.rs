//! What a connection does, and since when.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::settings::ConnectionLimits;

/// How a client of HTTP/2 begins: with a method that no other has.
const PREFACE: &[u8] = b"PRI";

/// Nothing has come yet, of a client that is expected to say something.
const OPENED: u8 = 3;
/// Nothing of a request has come.
const IDLE: u8 = 0;
/// Its head is coming.
const HEADING: u8 = 1;
/// It is being answered; its body has limits of its own.
const BUSY: u8 = 2;

/// A request that is being answered.
pub(super) struct Busy(Arc<Clock>);

impl Busy {
    pub(super) fn new(clock: Arc<Clock>) -> Self {
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
pub(super) enum Overdue {
    /// The client sends its head, or takes its answer, too slowly.
    Slow,
    /// It has nothing to say.
    Quiet,
}

/// Since when a connection does what it does.
pub(super) struct Clock {
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
    pub(super) fn new() -> Self {
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

    pub(super) fn overdue(&self, limits: &ConnectionLimits) -> Option<Overdue> {
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
pub(super) struct Timed<S> {
    pub(super) stream: S,
    pub(super) clock: Arc<Clock>,
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
