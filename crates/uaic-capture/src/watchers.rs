//! Those who see something while a program runs, each on threads of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender, channel};
use std::time::{Duration, Instant, SystemTime};

use crate::desk::Event;
use crate::facts::{self, Subject};
use crate::files::{self, Watch};
use crate::plan::Plan;
use crate::recorder::Ending;
use crate::secrets::Secrets;
use crate::usage;

/// Those who see something while the program runs.
pub(crate) struct Watchers {
    events: SyncSender<Event>,
    subject: Arc<Subject>,
    /// Dropped when they should look once more and end.
    stop: Vec<Sender<()>>,
    artifacts: Vec<PathBuf>,
    since: SystemTime,
}

/// Facts of a program that is about to start: they take the longest, and the code is seen as it was before
/// the program could change it.
pub(crate) struct Gathering {
    subject: Arc<Subject>,
    events: SyncSender<Event>,
}

impl Gathering {
    /// Begins.
    pub(crate) fn start(plan: &Plan, cwd: &Path, secrets: Secrets, events: SyncSender<Event>) -> Self {
        let (program, folder) = (plan.program.clone(), cwd.to_owned());
        let subject = Arc::new(Subject { program, folder, secrets, has_ended: AtomicBool::new(false) });
        facts::gather(&subject, &events);
        Self { subject, events }
    }
}

impl Watchers {
    /// Starts them all: of a program, whose process is `pid`, and not of the process `stranger`.
    pub(crate) fn start(
        plan: &Plan,
        cwd: &Path,
        (pid, stranger): (u32, Option<u32>),
        started: Instant,
        Gathering { subject, events }: Gathering,
    ) -> Self {
        let since = SystemTime::now() - started.elapsed();
        let mut stop = vec![];
        if let Some(opener) = plan.opener.clone().filter(|_| !plan.watch.is_empty()) {
            let (end, stopped) = channel();
            stop.push(end);
            let roots = plan.watch.iter().map(|root| cwd.join(root)).collect();
            files::watch(Watch { roots, opener, started: since }, events.clone(), stopped);
        }
        if !plan.sample_every.is_zero() {
            let (end, stopped) = channel();
            stop.push(end);
            let strangers = stranger.map(|id| id as i32).into_iter().collect();
            let subject = usage::Subject { pid, strangers, started, every: plan.sample_every };
            usage::watch(subject, events.clone(), stopped);
        }
        let artifacts = plan.artifacts.iter().map(|folder| cwd.join(folder)).collect();
        Self { events, subject, stop, artifacts, since }
    }

    /// Lets them look once more, and keeps what the program has left.
    pub(crate) fn finish(self, ending: Ending, took: Duration) {
        self.subject.has_ended.store(true, Ordering::Relaxed);
        drop(self.stop);
        files::collect(&self.artifacts, self.since, &|event| self.events.send(event).is_ok());
        // It fails when the recorder broke, which is seen when it is waited for.
        let _ = self.events.send(Event::Ended(ending, took));
    }
}
