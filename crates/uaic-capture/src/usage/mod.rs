//! What a program uses of the machine, as series: `system/cpu_percent`, `system/memory_bytes` …
//!
//! Elsewhere than on Linux there are none.

#[cfg(target_os = "linux")]
mod graphics;
#[cfg(target_os = "linux")]
mod process_tree;

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use crate::desk::{Event, Value};
use crate::metric::SourceId;
use crate::recorder::now_ms;

/// Series of this machine.
pub(crate) const SYSTEM: SourceId = 1;

/// The first look comes early, for short programs.
const FIRST: Duration = Duration::from_secs(1);

/// Whose use is looked at.
pub(crate) struct Subject {
    /// The program's process.
    pub(crate) pid: u32,
    /// Other children of this process.
    pub(crate) strangers: HashSet<i32>,
    pub(crate) started: Instant,
    pub(crate) every: Duration,
}

/// Looks now and then, until the other end of `stop` is gone.
#[cfg(target_os = "linux")]
pub(crate) fn watch(subject: Subject, events: SyncSender<Event>, stop: Receiver<()>) {
    std::thread::spawn(move || {
        let Subject { pid, strangers, started, every } = subject;
        let mut tree = process_tree::ProcessTree::new(pid, strangers);
        let mut graphics = None;
        let (mut before, mut wait) = ((Instant::now(), tree.look()), FIRST.min(every));
        while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(wait) {
            wait = every;
            let graphics = graphics.get_or_insert_with(graphics::Graphics::new);
            let now = (Instant::now(), tree.look());
            let Some(used) = now.1 else { return };
            let mut values = vec![
                ("memory_bytes".to_owned(), used.memory as f64),
                ("processes".to_owned(), used.processes as f64),
                ("read_bytes".to_owned(), used.read as f64),
                ("written_bytes".to_owned(), used.written as f64),
            ];
            if let (at, Some(earlier)) = before {
                let ticks = used.ticks.saturating_sub(earlier.ticks) as f64;
                let seconds = ticks / rustix::param::clock_ticks_per_second() as f64;
                values.push(("cpu_percent".to_owned(), 100.0 * seconds / (now.0 - at).as_secs_f64()));
            }
            values.extend(graphics.look());
            before = now;
            let (step, time_ms) = (Some(started.elapsed().as_secs() as i64), now_ms());
            let value = |(key, number)| Value { key: format!("system/{key}"), step, time_ms, number };
            let values = values.into_iter().map(value).collect();
            if events.send(Event::Values(SYSTEM, "machine".to_owned(), values)).is_err() {
                return;
            }
        }
    });
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn watch(_subject: Subject, _events: SyncSender<Event>, _stop: Receiver<()>) {}
