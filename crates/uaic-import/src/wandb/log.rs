//! The log that W&B's records lie in: blocks of 32 KiB with checked parts of records.

use std::fs::File;
use std::io::{self, Read};

/// The length of a block.
const BLOCK: usize = 32 << 10;

/// The length of a part's head: checksum, length, kind.
const HEAD: usize = 7;

/// The longest record that is kept.
const LONGEST: usize = 64 << 20;

/// What the file has next.
#[derive(Debug, PartialEq)]
pub(super) enum Next<'a> {
    Record(&'a [u8]),
    /// One that is longer than is kept.
    TooLong,
    /// No whole record, yet.
    End,
    /// Something else.
    Broken(String),
}

/// What a file begins with: `:W&B`, a number, a version.
pub(crate) const MAGIC: &[u8] = b":W&B\xe1\xbe";

/// Reads records one by one.
pub(super) struct Log {
    file: File,
    block: Vec<u8>,
    /// Where in the block the next part begins.
    at: usize,
    /// Bytes of the blocks before.
    before: u64,
    record: Vec<u8>,
}

impl Log {
    /// Begins to read; `None` of a file that is no such log.
    pub(super) fn new(file: File) -> io::Result<Option<Self>> {
        let mut log = Self { file, block: vec![], at: 0, before: 0, record: vec![] };
        log.fill()?;
        log.at = MAGIC.len() + 1;
        Ok(log.block.starts_with(MAGIC).then_some(log))
    }

    /// How many bytes have been read.
    pub(super) fn offset(&self) -> u64 {
        self.before + self.at as u64
    }

    fn fill(&mut self) -> io::Result<()> {
        self.before += self.block.len() as u64;
        self.block.clear();
        self.at = 0;
        self.file.by_ref().take(BLOCK as u64).read_to_end(&mut self.block)?;
        Ok(())
    }

    /// The next record.
    pub(super) fn next(&mut self) -> io::Result<Next<'_>> {
        self.record.clear();
        let mut is_begun = false;
        let mut is_too_long = false;
        loop {
            if self.at + HEAD > BLOCK {
                self.fill()?;
            }
            let part = match part(&self.block, self.at) {
                Ok(Some(part)) => part,
                Ok(None) => return Ok(Next::End),
                Err(why) => return Ok(Next::Broken(format!("{why}, at byte {}", self.offset()))),
            };
            // 1 a whole record, 2 the first part of one, 3 one in between, 4 the last.
            if (part.kind <= 2) == is_begun {
                return Ok(Next::Broken(format!("a part of a record is missing, at byte {}", self.offset())));
            }
            is_begun = true;
            is_too_long |= self.record.len() + part.bytes.len() > LONGEST;
            if !is_too_long {
                self.record.extend_from_slice(part.bytes);
            }
            self.at += HEAD + part.bytes.len();
            if matches!(part.kind, 1 | 4) {
                return Ok(if is_too_long { Next::TooLong } else { Next::Record(&self.record) });
            }
        }
    }
}

struct Part<'a> {
    kind: u8,
    bytes: &'a [u8],
}

/// The part at a place of a block; `None` while it is not whole.
fn part(block: &[u8], at: usize) -> Result<Option<Part<'_>>, &'static str> {
    let Some([a, b, c, d, low, high, kind]) = block.get(at..).and_then(<[u8]>::first_chunk::<HEAD>) else {
        return Ok(None);
    };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    if !(1..=4).contains(kind) || at + HEAD + length > BLOCK {
        return Err("there is no part of a record");
    }
    let Some(bytes) = block.get(at + HEAD..at + HEAD + length) else { return Ok(None) };
    let mut sum = crc32fast::Hasher::new();
    sum.update(&[*kind]);
    sum.update(bytes);
    if sum.finalize() != u32::from_le_bytes([*a, *b, *c, *d]) {
        return Err("a part of a record does not match its checksum");
    }
    Ok(Some(Part { kind: *kind, bytes }))
}
