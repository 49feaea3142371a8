//! One trial: the program from its start to its end.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::CommandObjective;
use super::folder::{Folder, Follower};
use super::invocation::Invocation;
use super::output::Output;
use super::process::{self, Launch, Process, Streams};
use super::reported::Reported;
use super::supervisor::Ending;
use crate::number;
use crate::store::{MetricPoint, StoreError};
use crate::study::{ObjectiveError, Trial};
use uaic_capture::json_line::{self, Line};
use uaic_capture::terminal;

/// How often to look at the file of metrics, and whether the trial should stop.
const LOOK: Duration = Duration::from_millis(20);

/// How long a stream may stay open after everything that is known of has ended: somebody who left the
/// group may hold it.
const LINGER: Duration = Duration::from_secs(2);

/// Lines that wait to be read, at most: then the program waits, too.
const WAITING: usize = 256;

/// How long a program whose last value the pruner refuses may take to end by itself, before it is asked
/// to: there is nothing to save by stopping one that is done. Another value says that it is not.
const PATIENCE: Duration = Duration::from_secs(1);

/// Broken lines that are warned of, at most.
const WARNINGS: usize = 20;

/// What the threads that watch a program tell.
enum Event {
    /// A line of stdout that may be metrics, and what it says.
    Line(String, Line),
    /// A stream has ended.
    Closed,
    /// The program has ended.
    Ended,
}

/// Why a program is being stopped.
pub(super) enum Stop {
    /// The pruner's reason.
    Pruned(String),
    Cancelled,
    TimedOut,
}

impl Stop {
    /// What the program finds in the stop file.
    fn word(&self) -> &'static str {
        match self {
            Self::Pruned(_) => "pruned",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timeout",
        }
    }
}

/// That a program should stop, unless it is done.
struct Verdict {
    why: String,
    since: Instant,
    /// What it has said since.
    held: Vec<Values>,
}

/// The step and the values of a line.
type Values = (Option<u64>, Vec<(String, f64)>);

/// A trial whose program runs.
pub(super) struct Execution<'a> {
    pub(super) objective: &'a CommandObjective,
    pub(super) trial: &'a Trial<'a>,
    pub(super) folder: &'a Folder,
    pub(super) started: Instant,
    pub(super) stdout: Output,
    pub(super) stderr: Output,
    pub(super) reported: Reported,
    /// Points that are not yet recorded.
    pending: Vec<MetricPoint>,
    follower: Follower,
    pub(super) stopped: Option<Stop>,
    /// What the pruner has said, of a program that may just be done.
    verdict: Option<Verdict>,
    warnings: usize,
}

impl<'a> Execution<'a> {
    /// A program that is about to run.
    pub(super) fn new(objective: &'a CommandObjective, trial: &'a Trial<'a>, folder: &'a Folder) -> Self {
        Self {
            objective,
            trial,
            folder,
            started: Instant::now(),
            stdout: Output::default(),
            stderr: Output::default(),
            reported: Reported::default(),
            pending: vec![],
            follower: Follower::default(),
            stopped: None,
            verdict: None,
            warnings: 0,
        }
    }

    /// Runs the program to its end.
    pub(super) fn run(&mut self) -> Result<Ending, ObjectiveError> {
        if self.trial.is_cancelled() {
            return Err(ObjectiveError::Cancelled);
        }
        let invocation = Invocation::of(self.objective, self.trial, self.folder);
        invocation.describe(self.objective, self.trial)?;
        let ended = Arc::new(OnceLock::new());
        let (events, listener) = sync_channel(WAITING);
        let launch = Launch {
            arguments: &invocation.arguments,
            environment: &invocation.environment,
            cwd: &self.objective.spec.cwd,
            folder: self.folder.path(),
            grace: self.objective.spec.grace,
            supervisor: self.objective.supervisor.as_deref(),
        };
        let (tell, end) = (events.clone(), Arc::clone(&ended));
        let started = process::start(&launch, move |ending| {
            let _ = end.set(ending);
            // Where many lines wait, somebody looks soon anyway.
            let _ = tell.try_send(Event::Ended);
        });
        match started {
            Err(error) => Ok(Ending::Unstarted(error.to_string())),
            Ok((process, streams)) => {
                self.follow(streams, &events);
                drop(events);
                Ok(self.watch(process, listener, &ended)?)
            }
        }
    }

    /// Starts the threads that read what the program writes.
    fn follow(&self, streams: Streams, events: &SyncSender<Event>) {
        let (stdout, tell) = (self.stdout.clone(), events.clone());
        let expected = self.objective.expected.clone();
        std::thread::spawn(move || {
            if let Some(stream) = streams.stdout {
                stdout.follow(stream, |line, is_over| match json_line::read(line, &expected, is_over) {
                    Line::Other => {}
                    // When nobody listens any more, reading goes on: the program must not block.
                    read => drop(tell.send(Event::Line(line.to_owned(), read))),
                });
            }
            let _ = tell.send(Event::Closed);
        });
        let (stderr, tell) = (self.stderr.clone(), events.clone());
        std::thread::spawn(move || {
            if let Some(stream) = streams.stderr {
                stderr.follow(stream, |_, _| ());
            }
            let _ = tell.send(Event::Closed);
        });
    }

    /// Watches the program until it has ended and all that it said is read.
    fn watch(
        &mut self,
        mut process: Process,
        listener: Receiver<Event>,
        ended: &OnceLock<Ending>,
    ) -> Result<Ending, StoreError> {
        // Let go of first, so that no reader waits for us while we wait for the program's end.
        let listener = listener;
        let (mut open, mut looked) = (2, self.started);
        let mut linger: Option<Instant> = None;
        loop {
            match listener.recv_timeout(LOOK) {
                Ok(Event::Line(text, line)) => self.take(&text, line),
                Ok(Event::Closed) => open -= 1,
                Ok(Event::Ended) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => open = 0,
            }
            if let Some(ending) = ended.get() {
                let until = *linger.get_or_insert_with(|| Instant::now() + LINGER);
                if open == 0 || Instant::now() >= until {
                    self.stdout.abandon();
                    self.stderr.abandon();
                    self.look_at_file(true);
                    self.record()?;
                    return Ok(ending.clone());
                }
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.look_at_file(false);
                self.record()?;
                if ended.get().is_none() {
                    self.look_for_reasons();
                }
            }
            if self.stopped.is_some() {
                process.stop();
            }
        }
    }

    /// Whether there is a reason to stop the program, other than the values that it goes on to give.
    fn look_for_reasons(&mut self) {
        let timeout = self.objective.spec.timeout;
        let is_late = timeout.is_some_and(|timeout| self.started.elapsed() >= timeout);
        if self.trial.is_cancelled() {
            self.stop(Stop::Cancelled);
        } else if self.verdict.as_ref().is_some_and(|verdict| is_late || verdict.since.elapsed() >= PATIENCE)
        {
            self.prune();
        } else if is_late {
            self.stop(Stop::TimedOut);
        }
    }

    /// Stops the program as the pruner has said. How much a program says after the verdict depends on
    /// the clock, and what is recorded must not.
    fn prune(&mut self) {
        if let Some(verdict) = self.verdict.take() {
            self.stop(Stop::Pruned(verdict.why));
        }
    }

    /// Takes what a program that has ended by itself has said since the pruner's verdict, which comes too
    /// late.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        let held = self.verdict.take().map(|verdict| verdict.held).unwrap_or_default();
        for (step, values) in held {
            self.note(step, values);
        }
        self.record()
    }

    /// Notes that the program should stop; the first reason counts.
    fn stop(&mut self, why: Stop) {
        if self.stopped.is_some() {
            return;
        }
        tracing::info!("stopping the program: {}", why.word());
        if let Err(error) = self.folder.write_stop(why.word()) {
            tracing::warn!("{error}");
        }
        self.stopped = Some(why);
    }

    fn look_at_file(&mut self, to_the_end: bool) {
        let mut lines = Vec::new();
        let mut follower = std::mem::take(&mut self.follower);
        let mut note = |line: &[u8], _: bool| {
            lines.push(terminal::shown(&String::from_utf8_lossy(line)).into_owned());
        };
        follower.look(&self.folder.metrics, &mut note);
        if to_the_end {
            follower.finish(&mut note);
        }
        self.follower = follower;
        for line in lines {
            let read = json_line::read_strictly(&line);
            self.take(&line, read);
        }
    }

    /// Takes what a line says.
    fn take(&mut self, text: &str, line: Line) {
        match line {
            Line::Metrics { step, values, problems } => {
                for problem in &problems {
                    self.warn(problem);
                }
                if !problems.is_empty() {
                    self.reported.pass_over(text, problems.join("; "), false);
                }
                self.take_values(step, values);
            }
            Line::Broken(why) => {
                self.warn(&why);
                self.reported.pass_over(text, why, false);
            }
            Line::Doubtful(why) => self.reported.pass_over(text, why, true),
            Line::Other => {}
        }
    }

    /// Takes the values of a line, unless the trial is pruned.
    pub(super) fn take_values(&mut self, step: Option<u64>, values: Vec<(String, f64)>) {
        let is_judged = |(key, _): &(String, f64)| self.objective.spec.prune_by.as_ref() == Some(key);
        match &mut self.verdict {
            _ if matches!(self.stopped, Some(Stop::Pruned(_))) => {}
            Some(_) if values.iter().any(is_judged) => self.prune(),
            Some(verdict) => verdict.held.push((step, values)),
            None => {
                if let Some((step, value)) = self.note(step, values)
                    && let Err(ObjectiveError::Pruned(why)) = self.trial.report(step, value)
                {
                    self.verdict = Some(Verdict { why, since: Instant::now(), held: vec![] });
                }
            }
        }
    }

    /// Notes the values of a line, and gives the one that the pruner judges by.
    fn note(&mut self, step: Option<u64>, values: Vec<(String, f64)>) -> Option<(u64, f64)> {
        let mut judged = None;
        for (key, value) in values {
            let step = self.reported.add(&key, step, value);
            if self.objective.spec.prune_by.as_ref() == Some(&key) {
                judged = Some((step, value));
            }
            self.pending.push(MetricPoint::new(key, step, value));
        }
        judged
    }

    fn warn(&mut self, why: &str) {
        self.warnings += 1;
        match self.warnings {
            ..=WARNINGS => {
                tracing::warn!("a line of metrics is ignored: {}", self.objective.secrets.mask(why));
            }
            few if few == WARNINGS + 1 => tracing::warn!("further broken lines of metrics are not named"),
            _ => {}
        }
    }

    /// Records the points that have come, and shows the newest.
    pub(super) fn record(&mut self) -> Result<(), StoreError> {
        let Some(last) = self.pending.last() else { return Ok(()) };
        let same_step = self.pending.iter().filter(|point| point.step == last.step);
        let newest = same_step.rev().take(4).collect::<Vec<_>>().into_iter().rev();
        let values: Vec<_> =
            newest.map(|point| format!("{} {}", point.key, number::shown(point.value))).collect();
        self.trial.progress(0.0, format!("step {} {}", last.step, values.join(" ")));
        self.trial.log(&self.pending)?;
        self.pending.clear();
        Ok(())
    }
}
