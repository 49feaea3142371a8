//! A program from its start to its end.

use std::fs;
use std::io::{self, PipeWriter};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use uaic_platform::process::{ProcessGroup, inherited_environment};

use crate::argument::{self, Found};
use crate::desk::{Desk, Event, Recorded};
use crate::environment;
use crate::guard::{Guard, Watched};
use crate::keeper::{Keeper, Opening, Unkept};
use crate::metric::Series;
use crate::plan::Plan;
use crate::recorder::{Ending, now_ms};
use crate::recovery::{Left, readings};
use crate::secrets::Secrets;
use crate::signals::{self, Recipient, Testimonies};
use crate::stream::{self, Marks, Spool, Stream, Target};
use crate::watchers::{Gathering, Watchers};

/// Things seen that wait to be recorded, at most: then who sees waits, too. The program does not.
const WAITING: usize = 256;

/// How long a program's last output may take to be shown, after it has ended and as long as nobody
/// takes it.
const GLANCE: Duration = Duration::from_millis(1);

/// Why a program was not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It cannot be started.
    #[error("cannot start `{program}`: {source}")]
    Unstarted {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The system has no more pipes or signals for us.
    #[error("cannot prepare the start of `{program}`: {source}")]
    Unprepared {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
}

/// What came of a program.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// From its start to its end.
    pub took: Duration,
    /// What the recorder did not keep.
    pub unkept: Option<Unkept>,
    /// What could not be seen, and why.
    pub troubles: Vec<String>,
}

/// Runs a program in the foreground, as if nobody stood between, and records what is seen of it. The
/// recorder is opened meanwhile; nothing that it does or fails to do reaches the program.
///
/// # Errors
/// The program was not started.
pub fn run(plan: Plan, opening: Opening) -> Result<Outcome, RunError> {
    let name = plan.program.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default();
    let unprepared = |source| RunError::Unprepared { program: name.clone(), source };
    let prepared = Prepared::new(&plan).map_err(unprepared)?;
    let seen = Seen::begin(&plan, &prepared);
    let guard = start_guard(&plan, &prepared);
    let started = Instant::now();
    let left = leave(&plan, prepared.folder.as_deref());
    let child = prepared.start(&plan).map_err(|source| {
        remove(prepared.folder.as_deref());
        RunError::Unstarted { program: name.clone(), source }
    })?;
    Ok(Running::new(plan, prepared, seen, (child, guard), (started, left), opening).wait())
}

/// What is seen of a program before it starts.
struct Seen {
    found: Arc<Found>,
    secrets: Secrets,
    gathering: Gathering,
    listener: Receiver<Event>,
}

impl Seen {
    fn begin(plan: &Plan, prepared: &Prepared) -> Self {
        let found = Arc::new(argument::read(&plan.program, &prepared.cwd));
        let secrets = environment::secrets().with(found.secrets.clone());
        let (events, listener) = sync_channel(WAITING);
        let gathering = Gathering::start(plan, &prepared.cwd, secrets.clone(), events);
        Self { found, secrets, gathering, listener }
    }
}

/// Leaves what is needed to go on with the recording.
fn leave(plan: &Plan, folder: Option<&Path>) -> Left {
    let left = Left {
        id: plan.id.clone(),
        name: plan.name.clone(),
        experiment: plan.experiment.clone(),
        parent: plan.parent.clone(),
        time_ms: now_ms(),
        spill: plan.spill_file(),
        pattern: plan.pattern.clone(),
        log_limit: plan.log_limit,
    };
    if let Some(folder) = folder {
        // Where it fails, a killed recorder leaves the spool and nothing else.
        let _ = left.leave(folder);
    }
    left
}

/// What is there before the program is.
struct Prepared {
    /// Where the program runs.
    cwd: PathBuf,
    folder: Option<PathBuf>,
    streams: Vec<Arc<Stream>>,
    /// What the program writes to; taken when it starts.
    ends: Mutex<Vec<PipeWriter>>,
    marks: Arc<Marks>,
    recipient: Arc<Recipient>,
    witness: PipeWriter,
    testimonies: Arc<Testimonies>,
}

impl Prepared {
    fn new(plan: &Plan) -> io::Result<Self> {
        let folder = create_folder(&plan.folder);
        let targets: &[(&str, Target)] = if stream::are_one() {
            &[("output", Target::Stdout)]
        } else {
            &[("stdout", Target::Stdout), ("stderr", Target::Stderr)]
        };
        let (mut streams, mut ends) = (vec![], vec![]);
        for (name, target) in targets {
            let (pipe, end) = io::pipe()?;
            widen(&pipe);
            let path = folder.as_ref().map(|folder| folder.join(format!("{name}.spool")));
            let spool = Spool::create(path.as_deref()).or_else(|_| Spool::create(None))?;
            streams.push(Arc::new(Stream::new(name, *target, pipe, spool)));
            ends.push(end);
        }
        let marks = folder.as_ref().map(|folder| folder.join("marks"));
        let marks = stream::create(marks.as_deref()).or_else(|_| stream::create(None))?;
        let (testimony, witness) = io::pipe()?;
        let recipient = Recipient::new();
        let testimonies = signals::pass_on(Arc::clone(&recipient), testimony)?;
        let (ends, marks) = (Mutex::new(ends), Arc::new(Marks::new(marks)));
        let cwd = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        Ok(Self { cwd, folder, streams, ends, marks, recipient, witness, testimonies })
    }

    fn start(&self, plan: &Plan) -> io::Result<Child> {
        let (program, arguments) = plan.program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(inherited_environment());
        command.envs(plan.environment.iter().map(|(name, value)| (name, value)));
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ends = ends.drain(..);
        let stdout = ends.next().ok_or(io::ErrorKind::InvalidInput)?;
        let stderr = match ends.next() {
            Some(end) => end,
            None => stdout.try_clone()?,
        };
        become_the_parent_of_orphans();
        let child = command.stdout(stdout).stderr(stderr).spawn()?;
        self.recipient.has_started(Pid::from_child(&child));
        Ok(child)
    }
}

/// A folder that nobody else may look into.
fn create_folder(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    fs::create_dir_all(uaic_platform::fsx::parent_of(&path)).ok()?;
    fs::DirBuilder::new().mode(0o700).create(&path).ok()?;
    Some(path)
}

fn remove(folder: Option<&Path>) {
    if let Some(folder) = folder {
        // What stays lies among temporary files.
        let _ = fs::remove_dir_all(folder);
    }
}

/// Lets a pipe hold what a program writes while nobody reads for a moment.
#[cfg(target_os = "linux")]
fn widen(pipe: &io::PipeReader) {
    const WIDE: usize = 1 << 20;
    // Where the system refuses, the usual size has to do.
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, WIDE);
}

#[cfg(not(target_os = "linux"))]
fn widen(_pipe: &io::PipeReader) {}

/// Whatever the program starts and leaves behind stays below this process, where it can be seen.
fn become_the_parent_of_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// A program that runs.
struct Running {
    prepared: Prepared,
    child: Child,
    started: Instant,
    guard: Arc<Mutex<Option<Guard>>>,
    watchers: Watchers,
    desk: JoinHandle<Recorded>,
    /// Where what could not be recorded goes.
    spill: PathBuf,
}

impl Running {
    fn new(
        plan: Plan,
        prepared: Prepared,
        Seen { found, secrets, gathering, listener }: Seen,
        (child, guard): (Child, Option<Guard>),
        (started, left): (Instant, Left),
        opening: Opening,
    ) -> Self {
        let guard = Arc::new(Mutex::new(guard));
        relay(&prepared, &guard);
        let stranger = guard.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Guard::id);
        let whom = (child.id(), stranger);
        let watchers = Watchers::start(&plan, &prepared.cwd, whom, started, gathering);
        let spill = left.spill.clone();
        let desk = start_desk(plan, &prepared, (left, found, secrets), opening, listener);
        Self { prepared, child, started, guard, watchers, desk, spill }
    }

    /// Waits until the program has ended and everything is recorded.
    fn wait(mut self) -> Outcome {
        ProcessGroup::led_by(&self.child).wait_for_leader();
        let took = self.started.elapsed();
        let ending = self.take_ending();
        let has_ended = self.drain();
        let Self { prepared, guard, watchers, desk, spill, .. } = self;
        watchers.finish(ending, took);
        let recorded = desk.join();
        let guard = guard.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Ok(Recorded { unkept, troubles }) = recorded else {
            // The guard, not released, writes what is in the spools to a file.
            let reason = "the recorder broke; what it left is being written to a file".to_owned();
            let unkept = Some(Unkept { reason, file: guard.is_some().then_some(spill), lost: None });
            return Outcome { ending, took, unkept, troubles: vec![] };
        };
        if let Some(guard) = guard {
            guard.release(has_ended);
        }
        remove(prepared.folder.as_deref());
        Outcome { ending, took, unkept, troubles }
    }

    fn take_ending(&mut self) -> Ending {
        use std::os::unix::process::ExitStatusExt;
        // From here on signals are for us.
        let ending = match self.child.try_wait() {
            Ok(Some(status)) => match (status.code(), status.signal()) {
                (Some(code), _) => Ending::Exit(code),
                (None, Some(signal)) => Ending::Signal(signal),
                (None, None) => Ending::Unknown,
            },
            _ => Ending::Unknown,
        };
        self.prepared.recipient.has_ended(ending.code());
        ending
    }

    /// Waits until all that the program has written is spooled and shown; says whether its streams have
    /// ended, or others still hold them.
    fn drain(&self) -> bool {
        let streams = &self.prepared.streams;
        loop {
            if streams.iter().all(|stream| stream.has_ended()) {
                return true;
            }
            if streams.iter().all(|stream| stream.has_ended() || stream.is_drained()) {
                // It may be on its way to its end.
                std::thread::sleep(2 * GLANCE);
                if streams.iter().all(|stream| stream.has_ended() || stream.is_drained()) {
                    return streams.iter().all(|stream| stream.has_ended());
                }
            }
            std::thread::sleep(GLANCE / 4);
        }
    }
}

fn start_guard(plan: &Plan, prepared: &Prepared) -> Option<Guard> {
    let uaic = plan.guard.as_deref()?;
    let Prepared { streams, marks, witness, folder, .. } = prepared;
    let watched = Watched { uaic, folder: folder.as_deref(), streams, marks, witness };
    // Without one everything works as long as nobody kills us.
    let guard = Guard::start(&watched).ok()?;
    prepared.recipient.has_witness(guard.id());
    // Before it holds the pipes, the program would not outlive us.
    prepared.testimonies.wait_until_ready();
    Some(guard)
}

fn relay(prepared: &Prepared, guard: &Arc<Mutex<Option<Guard>>>) {
    for (at, stream) in prepared.streams.iter().enumerate() {
        let (stream, marks, guard) = (Arc::clone(stream), Arc::clone(&prepared.marks), Arc::clone(guard));
        std::thread::spawn(move || {
            let on_unseen = || {
                if let Some(guard) = &*guard.lock().unwrap_or_else(PoisonError::into_inner) {
                    guard.close(at);
                }
            };
            stream::relay(&stream, |shown| marks.set(at, shown), on_unseen);
        });
    }
}

fn start_desk(
    plan: Plan,
    prepared: &Prepared,
    (left, found, secrets): (Left, Arc<Found>, Secrets),
    opening: Opening,
    listener: Receiver<Event>,
) -> JoinHandle<Recorded> {
    let (streams, folder) = (prepared.streams.clone(), prepared.folder.clone());
    std::thread::spawn(move || {
        let mut keeper = Keeper::open(opening, left.head(), left.spill);
        describe(&plan, &found, &mut keeper);
        let readings = readings(&streams, folder.as_deref(), plan.pattern.as_deref(), plan.log_limit);
        let mut desk = Desk::new(keeper, readings, Series::default(), secrets, folder);
        desk.troubles = found.problems.iter().map(ToString::to_string).collect();
        desk.work(&listener)
    })
}

/// Records what is known before anything is seen.
fn describe(plan: &Plan, found: &Found, keeper: &mut Keeper) {
    let mut params = found.params.clone();
    params.extend(plan.params.clone());
    if !params.is_empty() {
        keeper.params(&params);
    }
    for (key, value) in &plan.tags {
        keeper.tag(key, value);
    }
    if let Some(note) = &plan.note {
        keeper.note(note);
    }
}
