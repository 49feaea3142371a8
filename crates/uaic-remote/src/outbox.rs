//! Points that wait to be sent, and signs of life: what nobody waits for.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use uaic_platform::process::ProcessIdentity;
use uaic_study::store::remote::{PointBlock, WireFault, WriteAnswer, WriteCall};
use uaic_study::store::{Attempt, Id, MetricPoint, StoreError};

use super::connection::Connection;

/// Points that may wait; who logs more has to wait, too.
const WAITING: usize = 500_000;
/// About how many bytes of points go in one request: the server takes 32 MiB.
const BATCH: usize = 4 << 20;
/// Bytes of a point in a message, and of what is said of a block of them besides its key, at most.
const COSTS: (usize, usize) = (28, 160);
/// Among so many of the last blocks the one of a metric is looked for: most programs log some metrics in turn.
const NEAR: usize = 64;
/// So many points wait for no others.
const ENOUGH: usize = 10_000;
/// Longest time that points wait for company.
const GATHER: Duration = Duration::from_millis(100);
/// Time between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long points are sent again while the server is away.
const PATIENCE: Duration = Duration::from_secs(300);
/// The same when the program ends.
const LAST_PATIENCE: Duration = Duration::from_secs(30);

/// Where writes go.
pub(super) const WRITE: &str = "/api/v1/store/write";

/// The handle to the thread that sends. Dropping it sends what waits.
pub(super) struct Outbox {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    connection: Arc<Connection>,
    state: Mutex<State>,
    /// Something is there to be done.
    filled: Condvar,
    /// Something has been done.
    emptied: Condvar,
}

#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct State {
    blocks: Vec<PointBlock>,
    points: usize,
    is_sending: bool,
    /// Somebody waits until all is sent.
    is_awaited: bool,
    is_closed: bool,
    /// This process executes something, and says that it lives.
    beats: bool,
    /// Writes that failed after their caller had gone on.
    failures: HashMap<Attempt, WireFault>,
}

impl Outbox {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        let shared =
            Shared { connection, state: Mutex::default(), filled: Condvar::new(), emptied: Condvar::new() };
        Self { shared: Arc::new(shared), thread: Mutex::new(None) }
    }

    /// Queues points; reports what went wrong with earlier ones of the same attempt.
    pub(super) fn queue(&self, attempt: Attempt, points: &[MetricPoint]) -> Result<(), StoreError> {
        self.earlier_failure(attempt)?;
        if points.is_empty() {
            return Ok(());
        }
        self.start()?;
        let mut state = self.shared.lock();
        while state.points > WAITING {
            state = self.shared.wait(&self.shared.emptied, state, Duration::MAX);
        }
        state.points += points.len();
        for point in points {
            state.add(attempt, point);
        }
        self.shared.filled.notify_one();
        Ok(())
    }

    /// Says from now on that this process lives.
    pub(super) fn beat(&self) -> Result<(), StoreError> {
        if self.shared.lock().beats {
            return Ok(());
        }
        self.start()?;
        self.shared.lock().beats = true;
        self.shared.filled.notify_one();
        Ok(())
    }

    /// Returns once all that was queued is at the server, or has failed.
    pub(super) fn settle(&self) {
        let mut state = self.shared.lock();
        while !state.blocks.is_empty() || state.is_sending {
            state.is_awaited = true;
            self.shared.filled.notify_one();
            state = self.shared.wait(&self.shared.emptied, state, Duration::MAX);
        }
        state.is_awaited = false;
    }

    /// What went wrong with what was queued of an attempt, once.
    pub(super) fn earlier_failure(&self, attempt: Attempt) -> Result<(), StoreError> {
        let failure = self.shared.lock().failures.remove(&attempt);
        failure.map_or(Ok(()), |fault| Err(fault.into()))
    }

    /// The same of any attempt.
    pub(super) fn any_failure(&self) -> Result<(), StoreError> {
        let first = {
            let state = self.shared.lock();
            state.failures.keys().min_by_key(|attempt| (attempt.run, attempt.number)).copied()
        };
        first.map_or(Ok(()), |attempt| self.earlier_failure(attempt))
    }

    /// Starts the thread where there is none yet: who only reads needs none.
    fn start(&self) -> Result<(), StoreError> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let shared = Arc::clone(&self.shared);
            let started = std::thread::Builder::new()
                .name("uaic-remote".to_owned())
                .spawn(move || shared.send_until_closed())
                .map_err(|error| StoreError::WriterGone(error.to_string()))?;
            *thread = Some(started);
        }
        Ok(())
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.filled.notify_one();
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[allow(clippy::unused_self, reason = "the lock is that of this outbox")]
    fn wait<'a>(
        &self,
        until: &Condvar,
        state: MutexGuard<'a, State>,
        most: Duration,
    ) -> MutexGuard<'a, State> {
        if most == Duration::MAX {
            return until.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        until.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner).0
    }

    fn send_until_closed(&self) {
        let identity = ProcessIdentity::current();
        let mut next_beat = Instant::now() + HEARTBEAT;
        loop {
            let (blocks, is_closed) = self.next(next_beat);
            if !blocks.is_empty() {
                self.send(blocks, if is_closed { LAST_PATIENCE } else { PATIENCE });
            } else if is_closed {
                return;
            }
            if Instant::now() >= next_beat {
                next_beat = Instant::now() + HEARTBEAT;
                if self.lock().beats {
                    self.say_alive(&identity);
                }
            }
        }
    }

    /// Waits for points, and a moment for more of them; gives none when it is time for something else.
    fn next(&self, next_beat: Instant) -> (Vec<PointBlock>, bool) {
        let mut state = self.lock();
        let mut gathered = None;
        loop {
            let now = Instant::now();
            let hurries = state.is_awaited || state.is_closed || state.points >= ENOUGH;
            if !state.blocks.is_empty() {
                let deadline = *gathered.get_or_insert(now + GATHER);
                if hurries || now >= deadline {
                    state.is_sending = true;
                    return (state.take(), state.is_closed);
                }
                state = self.wait(&self.filled, state, deadline - now);
            } else if state.is_closed {
                return (Vec::new(), true);
            } else if !state.beats {
                state = self.wait(&self.filled, state, Duration::MAX);
            } else if now >= next_beat {
                return (Vec::new(), false);
            } else {
                state = self.wait(&self.filled, state, next_beat - now);
            }
        }
    }

    fn send(&self, blocks: Vec<PointBlock>, patience: Duration) {
        let call = WriteCall::Points(blocks);
        let answer = self.connection.ask(WRITE, &call, Some(Id::random()), patience);
        let WriteCall::Points(blocks) = call else { return };
        let mut state = self.lock();
        match answer {
            Ok(WriteAnswer::Refused(refused)) => {
                for (attempt, fault) in refused {
                    // The first failure stays: the later ones follow from it.
                    state.failures.entry(attempt).or_insert(fault);
                }
            }
            Ok(_) => {}
            Err(error) => {
                let fault = WireFault::from(error);
                for block in &blocks {
                    state.failures.entry(block.attempt).or_insert_with(|| fault.clone());
                }
            }
        }
        state.is_sending = false;
        self.emptied.notify_all();
    }

    fn say_alive(&self, identity: &ProcessIdentity) {
        let call = WriteCall::Heartbeat(identity.clone());
        let said: Result<WriteAnswer, StoreError> =
            self.connection.ask(WRITE, &call, Some(Id::random()), Duration::ZERO);
        if let Err(error) = said {
            tracing::warn!("no heartbeat: {error}");
        }
    }
}

impl State {
    /// Puts a point behind those of its metric.
    fn add(&mut self, attempt: Attempt, point: &MetricPoint) {
        let near = self.blocks.iter_mut().rev().take(NEAR);
        let own = near.into_iter().find(|block| block.attempt == attempt && block.key == point.key);
        if let Some(block) = own {
            block.points.push(point.into());
        } else {
            let points = vec![point.into()];
            self.blocks.push(PointBlock { attempt, key: point.key.clone(), points });
        }
    }

    /// Takes as many points as one request may have, and at least one.
    fn take(&mut self) -> Vec<PointBlock> {
        let (a_point, a_block) = COSTS;
        let mut taken: Vec<PointBlock> = Vec::new();
        let mut left = BATCH;
        let mut rest = std::mem::take(&mut self.blocks).into_iter();
        for mut block in rest.by_ref() {
            let room = left.saturating_sub(a_block + block.key.len()) / a_point;
            if room == 0 && !taken.is_empty() {
                self.blocks.push(block);
                break;
            }
            let count = block.points.len().min(room.max(1));
            let later = block.points.split_off(count);
            left = left.saturating_sub(a_block + block.key.len() + count * a_point);
            self.points -= count;
            let is_cut = !later.is_empty();
            if is_cut {
                let (attempt, key) = (block.attempt, block.key.clone());
                self.blocks.push(PointBlock { attempt, key, points: later });
            }
            taken.push(block);
            if is_cut {
                break;
            }
        }
        self.blocks.extend(rest);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uaic_study::store::Point;

    #[test]
    fn a_batch_has_an_end_and_what_is_left_keeps_its_order() {
        let attempt = Attempt { run: Id([1; 16]), number: 1 };
        let block = |key: &str, from: usize, count: usize| PointBlock {
            attempt,
            key: key.to_owned(),
            points: (from..from + count)
                .map(|step| Point { step: step as i64, time_ms: 0, value: 0.0 })
                .collect(),
        };
        let many = BATCH / COSTS.0;
        let all = vec![block("a", 0, 3), block("b", 0, many), block("c", 0, 5)];
        let mut state = State { points: many + 8, blocks: all, ..State::default() };
        let first = state.take();
        let cut = first[1].points.len();
        assert!(cut < many && cut > many - 50, "{cut} of {many}");
        assert_eq!(first, [block("a", 0, 3), block("b", 0, cut)]);
        assert_eq!(state.points, many - cut + 5);
        assert_eq!(state.take(), [block("b", cut, many - cut), block("c", 0, 5)]);
        assert_eq!((state.points, state.blocks.len()), (0, 0));
        let long = "k".repeat(BATCH);
        let mut state = State { points: 2, blocks: vec![block(&long, 0, 2)], ..State::default() };
        assert_eq!(state.take(), [block(&long, 0, 1)]);
        assert_eq!(state.take(), [block(&long, 1, 1)]);
    }

    #[test]
    fn metrics_that_are_logged_in_turn_are_one_block_each() {
        let attempt = Attempt { run: Id([1; 16]), number: 1 };
        let mut state = State::default();
        for step in 0..100 {
            for key in ["loss", "accuracy"] {
                state.add(attempt, &MetricPoint { key: key.into(), step, time_ms: 0, value: 0.5 });
            }
        }
        let shown: Vec<_> = state.blocks.iter().map(|block| (&*block.key, block.points.len())).collect();
        assert_eq!(shown, [("loss", 100), ("accuracy", 100)]);
    }
}
