//! Where a page of a listing ended.
//!
//! A cursor is the time of the first page and a place behind it: what starts later is on no page, so that
//! nothing is listed twice while runs come in. It belongs to its question, by a digest of it.

use super::problem::ApiProblem;

/// A place in a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// When the first page was asked for.
    pub(super) time_ms: i64,
    /// How many come before.
    pub(super) offset: u32,
}

impl Cursor {
    /// Reads what [`Cursor::written`] gave; without it, the beginning now.
    ///
    /// # Errors
    /// It is none, or one of another question.
    pub(super) fn read(text: Option<&str>, question: &str, now_ms: i64) -> Result<Self, ApiProblem> {
        let Some(text) = text else { return Ok(Self { time_ms: now_ms, offset: 0 }) };
        let mut parts = text.split('-');
        let mut read = || {
            let mut number = || i64::from_str_radix(parts.next()?, 16).ok().filter(|number| *number >= 0);
            Some((number()?, u32::try_from(number()?).ok()?, number()?, parts.next().is_none()))
        };
        let own = digest(question);
        match read() {
            Some((time_ms, offset, digest, true)) if digest == own => Ok(Self { time_ms, offset }),
            Some((.., true)) => Err(ApiProblem::invalid(
                "cursor",
                "the cursor belongs to another question; ask the first page again",
            )),
            _ => Err(ApiProblem::invalid("cursor", "the cursor is none of this server")),
        }
    }

    /// When the first page was asked for, by what is given as a cursor.
    pub(super) fn time_in(text: &str) -> Option<i64> {
        i64::from_str_radix(text.split('-').next()?, 16).ok().filter(|time_ms| *time_ms >= 0)
    }

    /// The place `count` further.
    pub(super) fn behind(self, count: u32) -> Self {
        Self { offset: self.offset.saturating_add(count), ..self }
    }

    /// As it is in an answer.
    pub(super) fn written(self, question: &str) -> String {
        format!("{:x}-{:x}-{:x}", self.time_ms.max(0), self.offset, digest(question))
    }
}

/// A few bits of a question.
fn digest(question: &str) -> i64 {
    let hash = blake3::hash(question.as_bytes());
    let bytes = hash.as_bytes().iter().take(6);
    bytes.fold(0, |digest, byte| digest << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_question() {
        let first = Cursor::read(None, "a", 5).unwrap();
        let next = first.behind(100);
        assert_eq!(Cursor::read(Some(&next.written("a")), "a", 7).unwrap(), next);
        assert!(Cursor::read(Some(&next.written("a")), "b", 7).is_err());
        for text in [
            "",
            "-",
            "--",
            "1-2",
            "1-2-3-4",
            "-1-2-3",
            "x-1-1",
            "ffffffffffffffffffff-1-1",
            "1-fffffffff-1",
            "ü",
        ] {
            assert!(Cursor::read(Some(text), "a", 7).is_err(), "{text}");
        }
    }
}
