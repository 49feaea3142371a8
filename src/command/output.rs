//! What a program writes: the end of it is kept, and lines that may be metrics are passed on.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::secrets::Secrets;

/// How much is kept of the end of a stream.
pub(super) const KEPT: usize = 64 * 1024;

/// Longer lines are no metrics.
const LONGEST_LINE: usize = 1024 * 1024;

/// Longer lines are no number.
const LONGEST_NUMBER: usize = 64;

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
    /// The last line that is not blank, when it is short.
    last_line: Option<String>,
}

impl Output {
    /// Reads a stream to its end, and gives each line that begins like an object to `on_line`.
    pub(super) fn follow(&self, mut stream: impl Read, mut on_line: impl FnMut(String)) {
        let mut chunk = vec![0; 64 * 1024];
        let mut lines = Lines::default();
        while let Some(read) = read_some(&mut stream, &mut chunk) {
            let bytes = &chunk[..read];
            self.lock().push(bytes);
            lines.push(bytes, &mut |line| self.take_line(line, &mut on_line));
            if self.abandoned.load(Ordering::Relaxed) {
                return;
            }
        }
        lines.finish(&mut |line| self.take_line(line, &mut on_line));
    }

    fn take_line(&self, line: &[u8], on_line: &mut impl FnMut(String)) {
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        let short = line.len() <= LONGEST_NUMBER;
        self.lock().last_line = short.then(|| String::from_utf8_lossy(line).into_owned());
        if line.starts_with(b"{") {
            on_line(String::from_utf8_lossy(line).into_owned());
        }
    }

    /// Lets a reader end even though the stream goes on.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// The number that the last line is.
    pub(super) fn last_number(&self) -> Option<f64> {
        self.lock().last_line.as_deref()?.parse().ok()
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

/// Divides bytes into lines.
#[derive(Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end has not come.
    open: Vec<u8>,
    /// That line is too long; its beginning was thrown away.
    skipping: bool,
}

impl Lines {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8], on_line: &mut impl FnMut(&[u8])) {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        // What comes after the last line end; `split` always gives one part.
        let rest = parts.next_back().unwrap_or_default();
        for part in parts {
            self.extend(part);
            self.finish(on_line);
        }
        self.extend(rest);
    }

    /// Ends the open line.
    pub(super) fn finish(&mut self, on_line: &mut impl FnMut(&[u8])) {
        if !self.skipping && !self.open.is_empty() {
            on_line(&self.open);
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
        output.follow(Slowly(bytes, at_a_time), |line| lines.push(line));
        (output, lines)
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_come() {
        let bytes = b"a\n {\"x\": 1}\r\n\n{\"y\"\xff: 2}\nz\n{\"last\": 3}";
        for at_a_time in 1..bytes.len() {
            let (output, lines) = follow(bytes, at_a_time);
            assert_eq!(lines, ["{\"x\": 1}", "{\"y\"\u{fffd}: 2}", "{\"last\": 3}"], "{at_a_time}");
            assert_eq!(output.end(&Secrets::default()), (bytes.to_vec(), 0));
        }
    }

    #[test]
    fn the_last_line_may_be_a_number() {
        assert_eq!(follow(b"epoch 1\n 0.25 \n\n", 4).0.last_number(), Some(0.25));
        assert_eq!(follow(b"1\nx", 4).0.last_number(), None);
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
