//! Sending requests: threads with an event loop each, and connections that take turns.

use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{Barrier, watch};
use tokio::task::JoinSet;

use super::connection::Connection;
use super::errors::{ErrorClass, LoadError};
use super::plan::{End, Pace, Plan};
use super::schedule::{Schedule, Turn, after};
use super::tally::Tally;
use super::timer::Timer;

/// How often the caller is told how far it is.
const TELLING: Duration = Duration::from_millis(100);

/// How long a connection of a closed loop waits after it could not be opened: nothing else would
/// keep it from trying for ever as fast as it can.
const PAUSE: Duration = Duration::from_millis(50);

/// Files that are open beside the connections, roughly.
const OTHER_FILES: u64 = 64;

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Time since requests count; none in the warm-up.
    pub elapsed: Option<Duration>,
    /// Answers that count so far.
    pub answered: u64,
    /// Of these, those that are not 2xx, and requests without an answer.
    pub unsuccessful: u64,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What came of the requests.
    pub tally: Tally,
    /// From when requests counted to the end of the last one, and at least as long as was planned.
    pub elapsed: Duration,
    /// Wall time of the threads, warm-up included.
    pub ran: Duration,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
}

/// What all connections share.
struct Shared {
    plan: Plan,
    schedule: Schedule,
    /// Opened when every connection has been, so that the first requests do not wait for it.
    gate: Barrier,
    begun: AtomicU64,
    answered: AtomicU64,
    unsuccessful: AtomicU64,
}

/// Sends what is planned; `watch` is told ten times a second how far it is, and may stop it.
///
/// # Errors
/// The plan has nothing to send, or the system gives no threads or too few files. What happens to requests is no error.
pub fn run(plan: Plan, watch: &mut dyn FnMut(&Progress) -> ControlFlow<()>) -> Result<Outcome, LoadError> {
    if plan.requests.is_empty() || plan.concurrency == 0 {
        return Err(LoadError::Nothing);
    }
    allow_files(plan.concurrency)?;
    let threads = plan.threads.clamp(1, plan.concurrency);
    let shared = Arc::new(Shared {
        schedule: Schedule::new(plan.pace, plan.end, plan.warm_up),
        gate: Barrier::new(plan.concurrency as usize),
        begun: AtomicU64::new(0),
        answered: AtomicU64::new(0),
        unsuccessful: AtomicU64::new(0),
        plan,
    });
    let began = Instant::now();
    let (stop, stopped) = watch::channel(false);
    // It is closed when the last thread has ended.
    let (running, ended) = mpsc::channel::<()>();
    let workers = (0..threads).map(|number| {
        let connections = share_of(shared.plan.concurrency, threads, number);
        let (shared, stopped, running) = (Arc::clone(&shared), stopped.clone(), running.clone());
        let thread = thread::Builder::new().name(format!("uaic-load-{number}"));
        thread.spawn(move || {
            let tally = work(&shared, connections, stopped);
            drop(running);
            tally
        })
    });
    let workers: Vec<JoinHandle<_>> = workers.collect::<io::Result<_>>().map_err(LoadError::Start)?;
    drop(running);
    let mut interrupted = None;
    while ended.recv_timeout(TELLING) == Err(mpsc::RecvTimeoutError::Timeout) {
        if interrupted.is_none() && watch(&shared.progress()).is_break() {
            interrupted = Some(Instant::now());
            // Threads that have ended do not listen any more.
            let _ = stop.send(true);
        }
    }
    let mut tally = Tally::default();
    for worker in workers {
        tally.merge(worker.join().map_err(|_| LoadError::Panicked)?.map_err(LoadError::Start)?);
    }
    tally.unfinished = shared.begun.load(Ordering::Relaxed) - tally.answered() - tally.failed();
    let elapsed = shared.elapsed(&tally, interrupted);
    Ok(Outcome { tally, elapsed, ran: began.elapsed(), interrupted: interrupted.is_some() })
}

impl Shared {
    fn progress(&self) -> Progress {
        let now = Instant::now();
        let counts_from = self.schedule.counts_from().filter(|start| *start <= now);
        Progress {
            elapsed: counts_from.map(|start| now - start),
            answered: self.answered.load(Ordering::Relaxed),
            unsuccessful: self.unsuccessful.load(Ordering::Relaxed),
        }
    }

    fn elapsed(&self, tally: &Tally, interrupted: Option<Instant>) -> Duration {
        let Some(start) = self.schedule.counts_from() else { return Duration::ZERO };
        let planned = match self.plan.end {
            End::Duration(duration) => after(start, duration),
            End::Requests(_) => start,
        };
        let end = interrupted.unwrap_or_else(|| tally.last.unwrap_or(start).max(planned));
        end.saturating_duration_since(start)
    }
}

/// How many connections a thread has.
fn share_of(connections: u32, threads: u32, number: u32) -> u32 {
    connections / threads + u32::from(number < connections % threads)
}

/// Raises the limit of open files as far as the system lets a user.
fn allow_files(connections: u32) -> Result<(), LoadError> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let needed = u64::from(connections) + OTHER_FILES;
    let fits = |allowed: Option<u64>| allowed.is_none_or(|allowed| allowed >= needed);
    if fits(limit.current) {
        return Ok(());
    }
    let raised = Rlimit { current: Some(needed), maximum: limit.maximum };
    if fits(limit.maximum) && setrlimit(Resource::Nofile, raised).is_ok() {
        return Ok(());
    }
    let allowed = limit.maximum.unwrap_or_default();
    Err(LoadError::Files { wanted: connections, allowed, needed })
}

/// One thread: its connections take turns until there are none, or it is stopped.
fn work(shared: &Arc<Shared>, connections: u32, mut stopped: watch::Receiver<bool>) -> io::Result<Tally> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tally = Arc::new(Mutex::new(Tally::default()));
    runtime.block_on(async {
        let timer = Arc::new(Timer::new()?);
        if let Pace::Open(_) = shared.plan.pace {
            let ringing = Arc::clone(&timer);
            tokio::spawn(async move { ringing.run().await });
        }
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let (shared, timer, tally) = (Arc::clone(shared), Arc::clone(&timer), Arc::clone(&tally));
            tasks.spawn(async move { Sender::new(&shared, &timer, &tally).send_all().await });
        }
        tokio::select! {
            () = async { while tasks.join_next().await.is_some() {} } => {}
            _ = stopped.wait_for(|is_stopped| *is_stopped) => {}
        }
        io::Result::Ok(())
    })?;
    // Connections that were on their way are gone before their sum is taken.
    drop(runtime);
    let mut tally = std::mem::take(&mut *lock(&tally));
    tally.cpu = cpu_time();
    Ok(tally)
}

fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Time that this thread has had on a processor.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// One connection and what it needs to take turns.
struct Sender<'a> {
    shared: &'a Shared,
    timer: &'a Timer,
    tally: &'a Mutex<Tally>,
    connection: Connection,
}

impl<'a> Sender<'a> {
    fn new(shared: &'a Shared, timer: &'a Timer, tally: &'a Mutex<Tally>) -> Self {
        let connection = Connection::new(shared.plan.address, shared.plan.is_bodiless);
        Self { shared, timer, tally, connection }
    }

    async fn send_all(mut self) {
        // What fails here fails again with the first request, and counts then.
        let _ = tokio::time::timeout(self.shared.plan.timeout, self.connection.open()).await;
        self.shared.gate.wait().await;
        self.shared.schedule.start();
        let mut now = Instant::now();
        while let Some(turn) = self.shared.schedule.next(now) {
            let outcome = self.take(turn, now).await;
            now = Instant::now();
            let is_unconnected = matches!(outcome, Err(ErrorClass::Refused | ErrorClass::Unreachable));
            if is_unconnected && self.shared.plan.pace == Pace::Closed {
                tokio::time::sleep(PAUSE).await;
                now = Instant::now();
            }
        }
    }

    /// One turn: waits until it is due, sends, and counts what came of it.
    async fn take(&mut self, turn: Turn, now: Instant) -> Result<u16, ErrorClass> {
        let plan = &self.shared.plan;
        let is_early = turn.due > now;
        let mut sent = now;
        if is_early {
            self.timer.until(turn.due).await;
            sent = Instant::now();
        }
        if turn.counts {
            self.shared.begun.fetch_add(1, Ordering::Relaxed);
        }
        let request = &plan.requests[(turn.number % plan.requests.len() as u64) as usize];
        let outcome = if sent.saturating_duration_since(turn.due) > plan.timeout {
            Err(ErrorClass::Unsent)
        } else {
            let answer =
                tokio::time::timeout_at(after(sent, plan.timeout).into(), self.connection.exchange(request));
            answer.await.unwrap_or_else(|_| {
                self.connection.close();
                Err(ErrorClass::Timeout)
            })
        };
        let times = Times { sent, ended: Instant::now(), lag: is_early.then(|| sent - turn.due) };
        self.count(turn, request.len(), &times, outcome);
        outcome
    }

    fn count(&mut self, turn: Turn, size: usize, times: &Times, outcome: Result<u16, ErrorClass>) {
        let mut tally = lock(self.tally);
        tally.connections += std::mem::take(&mut self.connection.opened);
        let received = std::mem::take(&mut self.connection.received);
        let is_sent = outcome != Err(ErrorClass::Unsent);
        tally.sent += u64::from(is_sent);
        if !turn.counts {
            return;
        }
        let response = times.ended.saturating_duration_since(turn.due);
        tally.last = tally.last.max(Some(times.ended));
        tally.bytes_received += received;
        tally.bytes_sent += if is_sent { size as u64 } else { 0 };
        if let Some(lag) = times.lag {
            tally.lag.record(lag);
        }
        match outcome {
            Ok(status) => {
                *tally.statuses.entry(status).or_default() += 1;
                self.shared.answered.fetch_add(1, Ordering::Relaxed);
                if (200..300).contains(&status) {
                    tally.response.record(response);
                    tally.service.record(times.ended - times.sent);
                    return;
                }
                tally.refusals.record(response);
                let body = || String::from_utf8_lossy(self.connection.excerpt()).into_owned();
                tally.first_refusal.get_or_insert_with(|| (status, body()));
            }
            Err(class) => {
                *tally.errors.entry(class).or_default() += 1;
                tally.failures.record(response);
                if let Some(why) = self.connection.bad_answer.take() {
                    tally.first_bad_answer.get_or_insert_with(|| why.to_string());
                }
            }
        }
        self.shared.unsuccessful.fetch_add(1, Ordering::Relaxed);
    }
}

/// When a request was sent and when it ended.
struct Times {
    sent: Instant,
    ended: Instant,
    /// How late it was sent although its connection had waited for it.
    lag: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_without_requests_or_connections_is_refused() {
        let plan = Plan {
            address: ([127, 0, 0, 1], 9).into(),
            requests: vec![Vec::new()],
            is_bodiless: false,
            concurrency: 1,
            threads: 1,
            pace: Pace::Closed,
            end: End::Requests(1),
            warm_up: Duration::ZERO,
            timeout: Duration::from_secs(1),
        };
        for plan in [Plan { requests: Vec::new(), ..plan.clone() }, Plan { concurrency: 0, ..plan }] {
            let outcome = run(plan, &mut |_| ControlFlow::Continue(()));
            assert!(matches!(outcome, Err(LoadError::Nothing)));
        }
    }

    #[test]
    fn threads_share_all_connections() {
        for (connections, threads) in [(1, 1), (7, 3), (64, 2), (5, 5)] {
            let shares = (0..threads).map(|number| share_of(connections, threads, number));
            assert_eq!(shares.sum::<u32>(), connections);
        }
    }
}
