//! Signals that reach us and are meant for the program.
//!
//! Program and recorder are one process group, that of the shell's job. What a terminal sends (Ctrl-C,
//! Ctrl-\, hanging up) and what is sent to the group reaches the program anyway; what is sent to us alone
//! has to be passed on. Which it was, a witness in the same group can tell: see [`crate::guard`].

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::process::exit;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

/// What is passed on.
const PASSED_ON: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// What ends a recorder that is waited for.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// How long a witness may take to say that it has got a signal, too.
const TESTIMONY: Duration = Duration::from_millis(25);

/// How long a witness may take to be there.
const GETTING_READY: Duration = Duration::from_millis(500);

/// No signal, but that the witness is there.
const READY: u8 = 0;

/// The program, as signals see it.
#[derive(Debug)]
pub(crate) struct Recipient {
    state: Mutex<State>,
    /// The process that is the witness; 0 where there is none.
    witness: AtomicU32,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Unstarted,
    Running(Pid),
    /// With the code that is to be returned.
    Ended(u8),
}

impl Recipient {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::Unstarted), witness: AtomicU32::new(0) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_started(&self, pid: Pid) {
        *self.lock() = State::Running(pid);
    }

    pub(crate) fn has_witness(&self, pid: u32) {
        self.witness.store(pid, Ordering::Relaxed);
    }

    /// Whether nobody can say for whom a signal was, and it is one of those that a terminal sends.
    fn is_guessed_for_all(&self, signal: i32) -> bool {
        let is_silent = match self.witness.load(Ordering::Relaxed) {
            0 => true,
            pid => fields(&format!("/proc/{pid}/stat")).is_none_or(|fields| fields.state == "Z"),
        };
        let is_foremost = || fields("/proc/self/stat").is_some_and(|fields| fields.group == fields.foremost);
        is_silent && [SIGINT, SIGQUIT].contains(&signal) && is_foremost()
    }

    /// From here on its id may be another's.
    pub(crate) fn has_ended(&self, code: u8) {
        *self.lock() = State::Ended(code);
    }

    fn pass_on(&self, signal: i32) {
        if let (State::Running(pid), Some(signal)) = (*self.lock(), Signal::from_named_raw(signal)) {
            // It has just ended where that fails.
            let _ = kill_process(pid, signal);
        }
    }
}

/// Passes signals on as long as this process lives. What was ignored when it was started, as by `nohup`,
/// stays so.
///
/// # Errors
/// The system refuses.
pub(crate) fn pass_on(recipient: Arc<Recipient>, witness: PipeReader) -> io::Result<Arc<Testimonies>> {
    let mut signals = Signals::new(heeded())?;
    let testimonies = Arc::new(Testimonies::default());
    let (noted, given) = (Arc::clone(&testimonies), Arc::clone(&testimonies));
    std::thread::spawn(move || noted.listen(witness));
    std::thread::spawn(move || {
        for signal in &mut signals {
            let state = *recipient.lock();
            match state {
                State::Ended(code) if ENDING.contains(&signal) => exit(i32::from(code)),
                _ if testimonies.was_for_all(signal) || recipient.is_guessed_for_all(signal) => {}
                _ => recipient.pass_on(signal),
            }
        }
    });
    Ok(given)
}

/// Tells a process which signals reach this one, in place of dying of them.
///
/// # Errors
/// The system refuses.
pub(crate) fn tell(mut listener: PipeWriter) -> io::Result<()> {
    let mut signals = Signals::new(heeded())?;
    listener.write_all(&[READY])?;
    std::thread::spawn(move || {
        for signal in &mut signals {
            // Nobody listens once the recorder is gone.
            let _ = listener.write_all(&[signal as u8]);
        }
    });
    Ok(())
}

/// What the witness has told.
#[derive(Debug, Default)]
pub(crate) struct Testimonies {
    seen: Mutex<Seen>,
    /// The witness is there.
    is_ready: AtomicBool,
}

#[derive(Debug, Default)]
struct Seen {
    /// When each signal was seen, newest last.
    signals: Vec<(i32, Instant)>,
}

impl Testimonies {
    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self, mut witness: PipeReader) {
        let mut signal = [0];
        loop {
            match witness.read(&mut signal) {
                Ok(0) => break,
                Ok(_) if signal[0] == READY => self.is_ready.store(true, Ordering::Release),
                Ok(_) => self.lock().signals.push((i32::from(signal[0]), Instant::now())),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    }

    /// Waits until the witness is there, but no longer than it should take.
    pub(crate) fn wait_until_ready(&self) {
        let until = Instant::now() + GETTING_READY;
        while !self.is_ready.load(Ordering::Acquire) && Instant::now() < until {
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Whether a signal that has just come was sent to the whole group.
    fn was_for_all(&self, signal: i32) -> bool {
        let until = Instant::now() + TESTIMONY;
        loop {
            let mut seen = self.lock();
            // Told before is told, too: the witness may be quicker than we are.
            seen.signals.retain(|(_, when)| when.elapsed() < 4 * TESTIMONY);
            if let Some(at) = seen.signals.iter().position(|(seen, _)| *seen == signal) {
                seen.signals.remove(at);
                return true;
            }
            drop(seen);
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The signals that were not ignored when this process was started.
fn heeded() -> Vec<i32> {
    let ignored = ignored();
    PASSED_ON.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}

/// The signals that are ignored, a bit each; none where the system does not tell.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// What the system says of a process.
struct Fields {
    state: String,
    /// Its process group.
    group: i32,
    /// The group that its terminal sends signals to.
    foremost: i32,
}

fn fields(path: &str) -> Option<Fields> {
    let stat = std::fs::read_to_string(path).ok()?;
    // The command's name is in parentheses and may itself contain blanks and parentheses.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse().ok();
    Some(Fields { state: (*fields.first()?).to_owned(), group: number(2)?, foremost: number(5)? })
}
