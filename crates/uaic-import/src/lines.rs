//! Lines of files that may grow, each of bounded length.

use std::io::{self, BufRead};

/// The longest line that is kept.
pub(crate) const LONGEST: usize = 16 << 20;

/// A line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A whole one.
    Whole(&'a [u8]),
    /// The last one, whose end is not written yet.
    Torn(&'a [u8]),
    /// One that is longer than is kept.
    TooLong,
}

/// Reads lines and knows where the next begins.
pub(crate) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    /// Bytes of whole lines so far.
    offset: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, line: vec![], offset: 0 }
    }

    /// How many bytes the whole lines so far have had.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut length = 0u64;
        let is_whole = loop {
            let bytes = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            if bytes.is_empty() {
                break false;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(bytes.len(), |end| end + 1);
            let kept = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
            if self.line.len() + kept.len() <= LONGEST {
                self.line.extend_from_slice(kept);
            }
            length += taken as u64;
            self.reader.consume(taken);
            if end.is_some() {
                break true;
            }
        };
        if length == 0 {
            return Ok(None);
        }
        if !is_whole {
            return Ok(Some(Line::Torn(trimmed(&self.line))));
        }
        self.offset += length;
        let is_kept = self.line.len() as u64 + 1 == length;
        Ok(Some(if is_kept { Line::Whole(trimmed(&self.line)) } else { Line::TooLong }))
    }
}

/// Without the carriage return of Windows.
fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_torn_or_too_long() {
        let long = vec![b'x'; LONGEST + 1];
        let text = [b"one\r\n\n".as_slice(), &long, b"\nlast"].concat();
        let mut lines = Lines::new(text.as_slice());
        assert_eq!(lines.next().unwrap(), Some(Line::Whole(b"one")));
        assert_eq!(lines.next().unwrap(), Some(Line::Whole(b"")));
        assert_eq!(lines.next().unwrap(), Some(Line::TooLong));
        assert_eq!(lines.offset(), text.len() as u64 - 4);
        assert_eq!(lines.next().unwrap(), Some(Line::Torn(b"last")));
        assert_eq!(lines.next().unwrap(), None);
    }
}
