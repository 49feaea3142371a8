//! From the pipe over the spool to the screen.

use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Stream;

/// After each look there is a pause: whoever writes many lines fills the pipe meanwhile and need not
/// wake us for each. It is the longest that a line waits.
const PAUSE: Duration = Duration::from_millis(1);

/// What is shown at a time.
const CHUNK: usize = 1 << 18;

/// Where to show a stream.
struct Screen {
    /// `None` once it cannot be written any more.
    file: Option<File>,
    chunk: Vec<u8>,
}

/// Whether anybody looks at a screen.
#[derive(PartialEq, Eq)]
enum Seen {
    Yes,
    /// Whoever read it is gone: the program should know.
    No,
}

/// Relays a stream to its end, or until nobody looks at it; `mark` is told how much was shown.
pub(crate) fn relay(stream: &Stream, mut mark: impl FnMut(u64), on_unseen: impl FnOnce()) {
    let mut screen = Screen { file: stream.target.open().ok(), chunk: vec![0; CHUNK] };
    let mut written = stream.spool.length();
    let mut seen = screen.show(stream, written, &mut mark);
    while seen == Seen::Yes {
        let Some(pipe) = stream.pipe() else { break };
        match stream.spool.take(&pipe, &mut written) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                stream.spool.give_up(&error);
                screen.pass_on(&pipe);
                break;
            }
        }
        drop(pipe);
        seen = screen.show(stream, written, &mut mark);
        std::thread::sleep(PAUSE);
    }
    if seen == Seen::No {
        on_unseen();
    }
    stream.close();
    stream.has_ended.store(true, Ordering::Release);
}

impl Screen {
    /// Shows what is in the spool and was not shown.
    fn show(&mut self, stream: &Stream, written: u64, mark: &mut impl FnMut(u64)) -> Seen {
        let mut shown = stream.spool.shown();
        while shown < written {
            let length = self.chunk.len().min((written - shown) as usize);
            let read = match stream.spool.read_at(&mut self.chunk[..length], shown) {
                Ok(0) | Err(_) => return Seen::Yes,
                Ok(read) => read,
            };
            if self.write(read) == Seen::No {
                return Seen::No;
            }
            shown += read as u64;
            stream.spool.set_shown(shown);
            mark(shown);
        }
        Seen::Yes
    }

    /// Writes the beginning of the chunk.
    fn write(&mut self, length: usize) -> Seen {
        let Some(file) = &mut self.file else { return Seen::Yes };
        let mut rest = &self.chunk[..length];
        while !rest.is_empty() {
            match file.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    // Somebody has made it so that it does not wait.
                    ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
                    ErrorKind::BrokenPipe => return Seen::No,
                    // A terminal that is gone; the record goes on.
                    _ => {
                        self.file = None;
                        return Seen::Yes;
                    }
                },
            }
        }
        Seen::Yes
    }

    /// Shows the rest of a stream that nobody can keep.
    fn pass_on(&mut self, pipe: &PipeReader) {
        loop {
            match (&*pipe).read(&mut self.chunk) {
                Ok(0) => return,
                Ok(read) => {
                    if self.write(read) == Seen::No {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }
}
