//! A small program whose output is wanted, within limits.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often to look whether an answer is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// What a program says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It ended well, with this output.
    Given(Vec<u8>),
    /// It said more than was wanted.
    TooLong,
    /// It took too long.
    TooLate,
    /// It could not be started, or ended with an error.
    None,
}

/// Asks a program; it is ended when it says or takes too much.
pub(super) fn ask(command: &mut Command, most: u64, limit: Duration, is_wanted: impl Fn() -> bool) -> Answer {
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = piped.spawn() else { return Answer::None };
    let Some(mut stdout) = child.stdout.take() else { return Answer::None };
    let (tell, listen) = mpsc::channel();
    std::thread::spawn(move || {
        let mut output = vec![];
        let read = (&mut stdout).take(most + 1).read_to_end(&mut output);
        // Whoever asked may have given up.
        let _ = tell.send(read.map(|_| output));
    });
    let deadline = Instant::now() + limit;
    let output = loop {
        match listen.recv_timeout(LOOK) {
            Ok(output) => break output,
            Err(RecvTimeoutError::Timeout) if Instant::now() < deadline && is_wanted() => {}
            Err(_) => return end(&mut child, Answer::TooLate),
        }
    };
    match output {
        Ok(output) if output.len() as u64 > most => end(&mut child, Answer::TooLong),
        Ok(output) => given(&mut child, output),
        Err(_) => end(&mut child, Answer::None),
    }
}

fn given(child: &mut Child, output: Vec<u8>) -> Answer {
    let status: io::Result<_> = child.wait();
    if status.is_ok_and(|status| status.success()) { Answer::Given(output) } else { Answer::None }
}

fn end(child: &mut Child, answer: Answer) -> Answer {
    // It may have ended meanwhile.
    let _ = child.kill();
    let _ = child.wait();
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_limits() {
        let sh = |script: &str, is_wanted: bool| {
            let mut command = Command::new("sh");
            ask(command.args(["-c", script]), 10, Duration::from_millis(200), || is_wanted)
        };
        assert_eq!(sh("echo abc", true), Answer::Given(b"abc\n".to_vec()));
        assert_eq!(sh("echo abc; exit 1", true), Answer::None);
        assert_eq!(sh("yes", true), Answer::TooLong);
        assert_eq!(sh("exec sleep 100", true), Answer::TooLate);
        assert_eq!(sh("exec sleep 100", false), Answer::TooLate);
        assert_eq!(ask(&mut Command::new("no-such-program"), 1, Duration::ZERO, || true), Answer::None);
    }
}
