//! The last lines of what a run printed, however much it is.

use std::io::{self, Write};

use crate::store::{ArtifactRecord, Id, Store, StoreError};

/// Most lines.
const LINES: usize = 40;

/// Most letters of a line.
const LETTERS: usize = 400;

/// The last lines of an artifact, and whether they are all of it.
pub(super) fn last_lines(
    store: &dyn Store,
    run: Id,
    artifact: &ArtifactRecord,
) -> Result<(String, bool), StoreError> {
    let mut tail = Tail::default();
    store.copy_artifact(run, &artifact.name, &mut tail)?;
    let text = String::from_utf8_lossy(&tail.bytes);
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    let is_whole = shown.len() == lines.len() && artifact.size as usize == tail.bytes.len();
    let shown: Vec<String> = shown.iter().map(|line| plain(line)).collect();
    Ok((shown.join("\n"), is_whole))
}

/// Keeps the end of what is written to it.
#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    /// Enough for the lines that are shown.
    const MOST: usize = 64 * 1024;
}

impl Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let own = &bytes[bytes.len().saturating_sub(Self::MOST)..];
        self.bytes.extend_from_slice(own);
        if self.bytes.len() > 2 * Self::MOST {
            self.bytes.drain(..self.bytes.len() - Self::MOST);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line without what steers terminals, and not too long.
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' && letters.next_if_eq(&'[').is_some() {
            // Up to the letter that says what is steered.
            let _ = letters.find(|letter| ('@'..='~').contains(letter));
        } else if letter == '\t' || !letter.is_control() {
            out.push(letter);
        }
    }
    if out.chars().count() > LETTERS {
        out = out.chars().take(LETTERS).chain(['…']).collect();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_without_colours_and_bounded() {
        assert_eq!(plain("\u{1b}[1;31mred\u{1b}[0m\tx\r\u{7}"), "red\tx");
        assert_eq!(plain(&"x".repeat(1000)).chars().count(), LETTERS + 1);
        assert_eq!(plain("\u{1b}["), "");
    }

    #[test]
    fn a_tail_keeps_the_end_in_bounded_memory() {
        let mut tail = Tail::default();
        for number in 0..100_000 {
            tail.write_all(format!("{number}\n").as_bytes()).unwrap();
            assert!(tail.bytes.len() <= 2 * Tail::MOST);
        }
        tail.write_all(&vec![b'x'; 10 * Tail::MOST]).unwrap();
        tail.write_all(b"\nend\n").unwrap();
        assert!(tail.bytes.ends_with(b"xx\nend\n"));
    }
}
