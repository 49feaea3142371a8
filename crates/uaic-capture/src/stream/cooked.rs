//! Bytes become lines as they look in the end: of one that a progress bar has written over again and
//! again, what stands there at last.

use memchr::{memchr, memrchr};

/// Longer lines are no metrics, and come in parts.
const LONGEST: usize = 1 << 20;

/// An open line that was written over is shortened when it has so much.
const LONG: usize = 1 << 16;

const BACKSPACE: u8 = 8;

/// A line, or a part of one that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A whole line without its end.
    Line(&'a [u8]),
    /// A part of a line; more will come.
    Part(&'a [u8]),
}

/// Divides bytes into lines.
#[derive(Debug, Default)]
pub(crate) struct Cooked {
    /// The beginning of a line whose end has not come.
    open: Vec<u8>,
    /// Parts of the line were given already.
    in_parts: bool,
}

impl Cooked {
    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8], on_piece: &mut impl FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while let Some(at) = memchr(b'\n', rest) {
            if self.open.is_empty() && !self.in_parts {
                give(&rest[..at], on_piece);
            } else {
                self.extend(&rest[..at], on_piece);
                self.finish(on_piece);
            }
            rest = &rest[at + 1..];
        }
        self.extend(rest, on_piece);
    }

    /// Ends the open line, if there is one.
    pub(crate) fn finish(&mut self, on_piece: &mut impl FnMut(Piece<'_>)) {
        let open = std::mem::take(&mut self.open);
        if std::mem::take(&mut self.in_parts) {
            on_piece(Piece::Part(&open));
            on_piece(Piece::Part(b"\n"));
        } else {
            give(&open, on_piece);
        }
    }

    /// Whether a line has begun.
    pub(crate) fn is_open(&self) -> bool {
        self.in_parts || !self.open.is_empty()
    }

    fn extend(&mut self, part: &[u8], on_piece: &mut impl FnMut(Piece<'_>)) {
        self.open.extend_from_slice(part);
        if self.open.len() > LONG
            && let Some(at) = self.open.len().checked_sub(2).and_then(|end| memrchr(b'\r', &self.open[..end]))
        {
            self.open.drain(..=at);
        }
        if self.open.len() > LONGEST {
            on_piece(Piece::Part(&self.open));
            self.open.clear();
            self.in_parts = true;
        }
    }
}

/// Gives a line as it looks in the end.
fn give(line: &[u8], on_piece: &mut impl FnMut(Piece<'_>)) {
    let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |at| at + 1);
    let line = &line[..end];
    let line = memrchr(b'\r', line).map_or(line, |at| &line[at + 1..]);
    if memchr(BACKSPACE, line).is_none() {
        return on_piece(Piece::Line(line));
    }
    let mut shown = Vec::with_capacity(line.len());
    for byte in line {
        match *byte {
            BACKSPACE => shown.truncate(shown.len().saturating_sub(1)),
            byte => shown.push(byte),
        }
    }
    on_piece(Piece::Line(&shown));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], at_a_time: usize) -> Vec<String> {
        let (mut cooked, mut lines) = (Cooked::default(), vec![]);
        let mut note = |piece: Piece<'_>| match piece {
            Piece::Line(line) => lines.push(String::from_utf8_lossy(line).into_owned()),
            Piece::Part(part) => lines.push(format!("part {}", part.len())),
        };
        for part in bytes.chunks(at_a_time) {
            cooked.push(part, &mut note);
        }
        if cooked.is_open() {
            cooked.finish(&mut note);
        }
        lines
    }

    #[test]
    fn of_a_progress_bar_the_last_state_stays() {
        let bytes = b"a\n\r  0%\r 50%\r100% loss: 0.5\r\nb\r\n\n10%\x08\x08\x0820%\x08\x08\x08\nlast\r";
        for at_a_time in 1..bytes.len() {
            assert_eq!(lines(bytes, at_a_time), ["a", "100% loss: 0.5", "b", "", "", "last"], "{at_a_time}");
        }
        assert_eq!(lines(b"x\x08y", 1), ["y"]);
    }

    #[test]
    fn lines_without_end_cost_no_memory() {
        let bar = b"\r 50%".repeat(1_000_000);
        let mut cooked = Cooked::default();
        for part in bar.chunks(10_007) {
            cooked.push(part, &mut |_| panic!("no line has ended"));
            assert!(cooked.open.len() < 2 * LONG);
        }
        let long = vec![b'x'; 3 * LONGEST];
        let parts = lines(&[&long[..], b"\nb"].concat(), 60_000);
        assert_eq!((parts[0].starts_with("part "), parts.last().unwrap().as_str()), (true, "b"));
        let length =
            |part: &String| part.strip_prefix("part ").and_then(|length| length.parse::<usize>().ok());
        assert_eq!(parts.iter().filter_map(length).sum::<usize>(), long.len() + 1);
    }
}
