//! What a program writes: the end of it is kept, and lines that may be metrics are passed on.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use uaic_capture::Secrets;
use uaic_capture::terminal;

/// How much is kept of the end of a stream.
pub(super) const KEPT: usize = 64 * 1024;

/// Longer lines are no metrics.
const LONGEST_LINE: usize = 1024 * 1024;

/// Longer lines are no number.
const LONGEST_NUMBER: usize = 64;

/// So much of the last line is remembered.
const LONGEST_QUOTE: usize = 200;

/// What is known of a stream so far; who reads it and who asks share it.
#[derive(Clone, Default)]
pub(super) struct Output {
    shared: Arc<Mutex<Tail>>,
    /// Nobody asks any more.
    abandoned: Arc<AtomicBool>,
}

#[derive(Default)]
struct Tail {
    /// The end, somewhat more than is kept.
    bytes: Vec<u8>,
    /// Bytes before that.
    cut: u64,
    /// The beginning of the last line that is not blank.
    last_line: String,
}

impl Output {
    /// Reads a stream to its end, and gives each line that is not blank to `on_line`, as a terminal shows
    /// it; and whether it is written over another one.
    pub(super) fn follow(&self, mut stream: impl Read, mut on_line: impl FnMut(&str, bool)) {
        let mut chunk = vec![0; 64 * 1024];
        let mut lines = Lines::default();
        while let Some(read) = read_some(&mut stream, &mut chunk) {
            let bytes = &chunk[..read];
            self.lock().push(bytes);
            lines.push(bytes, &mut |line, is_over| self.take_line(line, is_over, &mut on_line));
            if self.abandoned.load(Ordering::Relaxed) {
                return;
            }
        }
        lines.finish(&mut |line, is_over| self.take_line(line, is_over, &mut on_line));
    }

    fn take_line(&self, line: &[u8], is_over: bool, on_line: &mut impl FnMut(&str, bool)) {
        let text = String::from_utf8_lossy(line);
        let shown = terminal::shown(&text);
        let line = shown.trim();
        if line.is_empty() {
            return;
        }
        self.lock().last_line = line.chars().take(LONGEST_QUOTE).collect();
        on_line(line, is_over);
    }

    /// Lets a reader end even though the stream goes on.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// The beginning of the last line that is not blank; empty where there is none.
    pub(super) fn last_line(&self) -> String {
        self.lock().last_line.clone()
    }

    /// The number that the last line is.
    pub(super) fn last_number(&self) -> Option<f64> {
        let line = self.last_line();
        (line.len() <= LONGEST_NUMBER).then(|| line.parse().ok())?
    }

    /// The end of the stream, and after how many bytes it begins.
    pub(super) fn end(&self, secrets: &Secrets) -> (Vec<u8>, u64) {
        let tail = self.lock();
        let from = tail.bytes.len().saturating_sub(KEPT);
        // The first bytes may be the end of a secret whose beginning is gone.
        let from = if tail.cut > 0 { from.max(secrets.longest().min(tail.bytes.len())) } else { from };
        (secrets.mask_from(&tail.bytes, from), tail.cut + from as u64)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tail> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of bytes read; `None` at the end, or where nothing more can be read.
fn read_some(stream: &mut impl Read, chunk: &mut [u8]) -> Option<usize> {
    loop {
        match stream.read(chunk) {
            Ok(0) => return None,
            Ok(read) => return Some(read),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Cut seldom, so that each byte is moved but a few times.
        if self.bytes.len() > 4 * KEPT {
            let cut = self.bytes.len() - 2 * KEPT;
            self.bytes.drain(..cut);
            self.cut += cut as u64;
        }
    }
}

/// Divides bytes into lines. A progress bar begins its line again, by a carriage return or backspaces;
/// what comes after these is a line of its own, written over the one before.
#[derive(Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end has not come.
    open: Vec<u8>,
    /// That line is too long; its beginning was thrown away.
    skipping: bool,
    /// It is written over another.
    is_over: bool,
}

impl Lines {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8], on_line: &mut impl FnMut(&[u8], bool)) {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r' | 8)) {
            self.extend(&rest[..at]);
            self.finish(on_line);
            self.is_over = rest[at] != b'\n';
            rest = &rest[at + 1..];
        }
        self.extend(rest);
    }

    /// Ends the open line.
    pub(super) fn finish(&mut self, on_line: &mut impl FnMut(&[u8], bool)) {
        if !self.skipping && !self.open.is_empty() {
            on_line(&self.open, self.is_over);
        }
        self.open.clear();
        self.skipping = false;
    }

    fn extend(&mut self, part: &[u8]) {
        self.skipping |= self.open.len() + part.len() > LONGEST_LINE;
        if self.skipping {
            self.open.clear();
        } else {
            self.open.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes at a time.
    struct Slowly<'a>(&'a [u8], usize);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(self.0.len());
            (&mut self.0).read(&mut buffer[..length])
        }
    }

    fn follow(bytes: &[u8], at_a_time: usize) -> (Output, Vec<String>) {
        let (output, mut lines) = (Output::default(), vec![]);
        output.follow(Slowly(bytes, at_a_time), |line, is_over| {
            lines.push(if is_over { format!("<{line}") } else { line.to_owned() });
        });
        (output, lines)
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_come() {
        let bytes = b"a\n {\"x\": 1}\r\n\n{\"y\"\xff: 2}\nz\n{\"last\": 3}";
        for at_a_time in 1..bytes.len() {
            let (output, lines) = follow(bytes, at_a_time);
            assert_eq!(lines, ["a", "{\"x\": 1}", "{\"y\"\u{fffd}: 2}", "z", "{\"last\": 3}"], "{at_a_time}");
            assert_eq!(output.end(&Secrets::default()), (bytes.to_vec(), 0));
        }
    }

    #[test]
    fn a_progress_bar_is_many_lines_over_each_other() {
        let bar = b"\r  0%\r 50% #\r100% ##{\"y\": 1}\r\nnext\n10%\x08\x08\x0820%\x08\x08\x08 \r\r{\"y\": 2}";
        for at_a_time in 1..bar.len() {
            let lines = follow(bar, at_a_time).1;
            let expected = ["<0%", "<50% #", "<100% ##{\"y\": 1}", "next", "10%", "<20%", "<{\"y\": 2}"];
            assert_eq!(lines, expected, "{at_a_time}");
        }
        let long = [b"\r 50%".repeat(LONGEST_LINE), b"\r{\"y\": 3}\n".to_vec()].concat();
        assert_eq!(
            follow(&long, 60_000).1.last().unwrap(),
            "<{\"y\": 3}",
            "a bar without end is no long line"
        );
    }

    #[test]
    fn lines_are_what_a_terminal_shows() {
        assert_eq!(follow(b"\xef\xbb\xbf{}\n\x1b[1mb\x1b[0m\n\x1b[K\n", 5).1, ["{}", "b"]);
        let (output, _) = follow("\u{1b}[32m 0.25\u{1b}[0m\r\n\u{1b}[K".as_bytes(), 4);
        assert_eq!((output.last_line().as_str(), output.last_number()), ("0.25", Some(0.25)));
    }

    #[test]
    fn the_last_line_may_be_a_number() {
        assert_eq!(follow(b"epoch 1\n 0.25 \n\n", 4).0.last_number(), Some(0.25));
        assert_eq!(follow(b"1\nx", 4).0.last_number(), None);
        assert_eq!(follow(b"\r10\r 20\r0.5", 4).0.last_number(), Some(0.5));
        assert!(follow(b"nan", 4).0.last_number().unwrap().is_nan());
        assert_eq!(follow(format!("1\n{}", "1".repeat(65)).as_bytes(), 4).0.last_number(), None);
    }

    #[test]
    fn an_endless_line_costs_no_memory_and_is_no_line() {
        let long = [b"{".repeat(LONGEST_LINE + 1), b"\n{\"x\": 1}\n".to_vec()].concat();
        assert_eq!(follow(&long, 60_000).1, ["{\"x\": 1}"]);
    }

    #[test]
    fn only_the_end_is_kept() {
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
        let (end, cut) = follow(&bytes, 10_000).0.end(&Secrets::default());
        assert_eq!((end.len(), cut), (KEPT, 1_000_000 - KEPT as u64));
        assert_eq!(end, bytes[bytes.len() - KEPT..]);
    }

    #[test]
    fn no_part_of_a_secret_stays_at_the_cut() {
        let secret = "0123456789";
        let secrets = Secrets::new([secret.as_bytes().to_vec()]);
        for shift in 0..12 {
            let bytes = [vec![b'.'; 500_000], secret.repeat(30_000).into_bytes(), vec![b'.'; shift]].concat();
            let (end, _) = follow(&bytes, 10_001).0.end(&secrets);
            assert!(end.iter().all(|byte| b"*.".contains(byte)), "{shift}");
        }
    }
}
