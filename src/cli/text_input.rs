//! Texts from a stream, as they come.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;

use super::exit::Failure;
use crate::fsx::FileError;

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// Longest line, so that a stream without line ends does not fill the memory.
const LONGEST: usize = 1 << 20;

/// Where the texts of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Each line is one.
    Lines,
    /// In the first column, between tabs.
    Tsv,
    /// In the member `text` of the object on each line.
    Json,
}

impl Kind {
    /// Where a file's texts are, by its ending.
    pub(super) fn of(path: &Path) -> Self {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("tsv") => Self::Tsv,
            Some("jsonl" | "ndjson" | "json") => Self::Json,
            _ => Self::Lines,
        }
    }
}

/// Opens a file of texts. One that is not there has its own exit code.
///
/// # Errors
/// It cannot be opened.
pub(super) fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).map_err(FileError::at("read", path)).map_err(|error| match error.source.kind() {
        std::io::ErrorKind::NotFound => Failure::not_found(error.to_string()).into(),
        _ => error.into(),
    })
}

/// Some texts that came together.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) texts: Vec<String>,
    /// Bytes that they took.
    pub(super) bytes: u64,
}

#[derive(Deserialize)]
struct Row {
    text: String,
}

/// Hands on the texts of a stream, all that are there at once together, until it ends or nobody wants
/// more (`take` says no).
///
/// # Errors
/// The stream cannot be read, or a line is too long or has no text; `name` is the stream's.
pub(super) fn read(
    stream: impl Read,
    name: &str,
    kind: Kind,
    take: &mut dyn FnMut(Arrival) -> bool,
) -> anyhow::Result<()> {
    let mut reader = BufReader::with_capacity(BUFFER, stream);
    let mut cutter = Cutter { name, kind, number: 0, begun: Vec::new() };
    loop {
        let buffer = reader.fill_buf().map_err(|error| failed(name, &error.to_string()))?;
        let (bytes, mut texts) = (buffer.len(), Vec::new());
        let outcome = cutter.cut(buffer, &mut texts);
        reader.consume(bytes);
        // What came before a line that is no text is handed on all the same.
        let is_wanted = texts.is_empty() || take(Arrival { texts, bytes: bytes as u64 });
        outcome?;
        if bytes == 0 || !is_wanted {
            return Ok(());
        }
    }
}

/// Cuts what comes into lines.
struct Cutter<'a> {
    name: &'a str,
    kind: Kind,
    /// Lines so far.
    number: u64,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
}

impl Cutter<'_> {
    /// The texts of all lines that end in a buffer; an empty one is the end of the stream.
    fn cut(&mut self, buffer: &[u8], texts: &mut Vec<String>) -> anyhow::Result<()> {
        let mut rest = buffer;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            if self.begun.is_empty() {
                texts.push(self.next(line)?);
            } else {
                self.begun.extend_from_slice(line);
                let line = std::mem::take(&mut self.begun);
                texts.push(self.next(&line)?);
            }
        }
        self.begun.extend_from_slice(rest);
        if buffer.is_empty() && !self.begun.is_empty() {
            let line = std::mem::take(&mut self.begun);
            texts.push(self.next(&line)?);
        }
        if self.begun.len() > LONGEST {
            return Err(too_long(self.name, self.number + 1));
        }
        Ok(())
    }

    fn next(&mut self, line: &[u8]) -> anyhow::Result<String> {
        self.number += 1;
        text_of(line, self.name, self.kind, self.number)
    }
}

fn too_long(name: &str, number: u64) -> anyhow::Error {
    failed(name, &format!("line {number} has more than {LONGEST} bytes"))
}

fn failed(name: &str, why: &str) -> anyhow::Error {
    Failure::failed(format!("cannot read {name}: {why}")).into()
}

/// The text of one line.
fn text_of(line: &[u8], name: &str, kind: Kind, number: u64) -> anyhow::Result<String> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mark = [0xef, 0xbb, 0xbf];
    let line = if number == 1 { line.strip_prefix(&mark).unwrap_or(line) } else { line };
    if line.len() > LONGEST {
        return Err(too_long(name, number));
    }
    match kind {
        Kind::Lines => Ok(String::from_utf8_lossy(line).into_owned()),
        Kind::Tsv => {
            let first = line.split(|byte| *byte == b'\t').next().unwrap_or_default();
            Ok(String::from_utf8_lossy(first).into_owned())
        }
        Kind::Json => match serde_json::from_slice::<Row>(line) {
            Ok(row) => Ok(row.text),
            Err(error) => Err(failed(name, &format!("line {number} is no object with a \"text\": {error}"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its parts one by one.
    struct Parts(Vec<&'static [u8]>);

    impl Read for Parts {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let part = self.0.remove(0);
            buffer[..part.len()].copy_from_slice(part);
            Ok(part.len())
        }
    }

    fn arrivals(parts: &[&'static [u8]], kind: Kind) -> anyhow::Result<Vec<Vec<String>>> {
        let mut all = Vec::new();
        let mut take = |arrival: Arrival| {
            all.push(arrival.texts);
            true
        };
        read(Parts(parts.to_vec()), "x", kind, &mut take)?;
        Ok(all)
    }

    #[test]
    fn lines_arrive_as_they_come_and_whole() {
        let found = arrivals(&[b"\xef\xbb\xbfone\ntw", b"o\r\n\nthree\nfo", b"ur"], Kind::Lines).unwrap();
        assert_eq!(found, [vec!["one"], vec!["two", "", "three"], vec!["four"]]);
        assert!(arrivals(&[], Kind::Lines).unwrap().is_empty());
        assert_eq!(arrivals(&[b"a\xff\n"], Kind::Lines).unwrap(), [["a\u{fffd}"]]);
    }

    #[test]
    fn texts_are_found_in_columns_and_members() {
        assert_eq!(arrivals(&[b"a b\tlabel\nc\n"], Kind::Tsv).unwrap(), [["a b", "c"]]);
        let found = arrivals(&[b"{\"id\": 1, \"text\": \"a\\tb\"}\n"], Kind::Json).unwrap();
        assert_eq!(found, [["a\tb"]]);
        let told = arrivals(&[b"{\"text\": \"a\"}\n{\"txt\": 1}\n"], Kind::Json).unwrap_err().to_string();
        assert!(told.contains("cannot read x: line 2") && told.contains("`text`"), "{told}");
    }

    #[test]
    fn a_line_without_an_end_does_not_fill_the_memory() {
        let told = read(std::io::repeat(b'a'), "x", Kind::Lines, &mut |_| true).unwrap_err().to_string();
        assert!(told.contains("line 1 has more than"), "{told}");
    }
}
