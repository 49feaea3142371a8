//! The log of a stream: its lines as they look in the end, without secrets, up to a limit.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::secrets::Secrets;

/// So much of the end is kept of a log that is cut.
const END: usize = 64 << 10;

/// Written out when it has so much.
const BUFFER: usize = 1 << 16;

/// So many of the last lines make a reason, and so much of each.
const LAST_LINES: usize = 3;
const LAST_LETTERS: usize = 200;

/// A log in a file.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: io::BufWriter<File>,
    limit: u64,
    length: u64,
    /// What came after the limit: its end, and how much of it is left out.
    end: VecDeque<u8>,
    left_out: u64,
    trouble: Option<String>,
}

impl Log {
    /// A log in a new file, of at most so many bytes (and the end of what comes after).
    pub(crate) fn create(path: &Path, limit: u64) -> io::Result<Self> {
        // What is there may be gone on with.
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        let file = io::BufWriter::with_capacity(BUFFER, file);
        let path = path.to_owned();
        Ok(Self { path, file, limit, length: 0, end: VecDeque::new(), left_out: 0, trouble: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Why it is not whole.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Adds a line; with secrets where there may be some in it.
    pub(crate) fn add_line(&mut self, line: &[u8], secrets: Option<&Secrets>) {
        match secrets {
            Some(secrets) => self.add(&secrets.mask_from(line, 0)),
            None => self.add(line),
        }
        self.add(b"\n");
    }

    /// Adds a part of a line.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.length).min(bytes.len() as u64) as usize;
        let (kept, rest) = bytes.split_at(room);
        if self.trouble.is_none()
            && let Err(error) = self.file.write_all(kept)
        {
            self.trouble = Some(error.to_string());
        }
        self.length += kept.len() as u64;
        self.end.extend(rest);
        let over = self.end.len().saturating_sub(END);
        if over > END {
            self.end.drain(..over);
            self.left_out += over as u64;
        }
    }

    /// The last lines that are not blank, for a reason of failure; what is not flushed is not among them.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        let mut end = vec![0; 4 * LAST_LINES * LAST_LETTERS];
        let Ok(file) = File::open(&self.path) else { return vec![] };
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let from = length.saturating_sub(end.len() as u64);
        let read = file.read_at(&mut end, from).unwrap_or(0);
        end.truncate(read);
        let text = String::from_utf8_lossy(&end).into_owned();
        let shown = |line: &str| crate::terminal::shown(line).trim().chars().take(LAST_LETTERS).collect();
        let lines = text.lines().rev().filter(|line| !line.trim().is_empty());
        let mut lines: Vec<String> = lines.take(LAST_LINES).map(shown).collect();
        lines.reverse();
        lines
    }

    /// Its length in the file, in which all is then.
    pub(crate) fn flushed(&mut self) -> u64 {
        self.flush();
        self.length
    }

    /// Goes on after so many bytes of a log that another process has begun.
    pub(crate) fn go_on(&mut self, length: u64) {
        let opened = File::options().write(true).truncate(false).open(&self.path);
        let moved = opened.and_then(|mut file| {
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        });
        match moved {
            Ok(file) => self.file = io::BufWriter::with_capacity(BUFFER, file),
            Err(error) => self.trouble = Some(error.to_string()),
        }
        self.length = length;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Puts what is buffered into the file.
    pub(crate) fn flush(&mut self) {
        if let (None, Err(error)) = (&self.trouble, self.file.flush()) {
            self.trouble = Some(error.to_string());
        }
    }

    /// Ends the log; it stays in its file.
    pub(crate) fn finish(&mut self) {
        if self.trouble.is_none() && !self.end.is_empty() {
            let note = format!("\n[{} bytes are left out here]\n", self.left_out);
            let end: Vec<u8> = self.end.drain(..).collect();
            let note = if self.left_out > 0 { note } else { String::new() };
            if let Err(error) = self.file.write_all(note.as_bytes()).and_then(|()| self.file.write_all(&end))
            {
                self.trouble = Some(error.to_string());
            }
        }
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_and_end_are_kept_without_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let secrets = Secrets::new([b"hunter22".to_vec()]);
        let mut log = Log::create(&path, 20).unwrap();
        log.add_line(b"my hunter22", Some(&secrets));
        for i in 0..50_000 {
            log.add_line(format!("line {i}").as_bytes(), None);
        }
        log.finish();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("my ***\nline 0\nline"), "{}", &text[..60]);
        assert!(text.contains(" bytes are left out here]\n") && text.ends_with("line 49998\nline 49999\n"));
        assert!(text.len() < 3 * END);
        assert!(Log::create(&folder.path().join("no/log"), 1).is_err());
    }
}
