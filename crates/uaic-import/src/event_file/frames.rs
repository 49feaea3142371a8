//! The records of an event file: a length, its checksum, the bytes, and theirs.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::checksum::masked_crc32c;

/// The longest record that is read; longer ones are passed over.
const LONGEST: u64 = 64 << 20;

/// How much is read at once.
const CHUNK: usize = 1 << 20;

/// What a file has next.
#[derive(Debug, PartialEq)]
pub(super) enum Frame<'a> {
    /// A record.
    Record(&'a [u8]),
    /// One that is longer than is read.
    TooLong(u64),
    /// No whole record, yet.
    End,
    /// Something else; what follows cannot be found.
    Broken(&'static str),
}

/// Reads records one by one; a half one is waited for.
pub(super) struct Frames {
    file: File,
    buffer: Vec<u8>,
    /// Where in the buffer the next record begins.
    start: usize,
    /// Where in the file it begins.
    offset: u64,
}

impl Frames {
    pub(super) fn new(file: File) -> Self {
        Self { file, buffer: vec![], start: 0, offset: 0 }
    }

    /// How much of the file has been read, half a record at its end among it.
    pub(super) fn read(&self) -> u64 {
        self.offset + (self.buffer.len() - self.start) as u64
    }

    /// Forgets a half record: its file was cut off.
    pub(super) fn reread(&mut self) -> io::Result<()> {
        self.buffer.clear();
        self.start = 0;
        self.file.seek(SeekFrom::Start(self.offset)).map(drop)
    }

    /// How many bytes the records so far have had.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next record. After [`Frame::End`] it may be asked again.
    pub(super) fn next(&mut self) -> io::Result<Frame<'_>> {
        if !self.fill(12)? {
            return Ok(Frame::End);
        }
        let head = self.buffer.get(self.start..).and_then(<[u8]>::split_first_chunk::<8>);
        let Some((length, rest)) = head else { return Ok(Frame::End) };
        if rest.first_chunk().map(|sum| u32::from_le_bytes(*sum)) != Some(masked_crc32c(length)) {
            return Ok(Frame::Broken("the length of a record does not match its checksum"));
        }
        let length = u64::from_le_bytes(*length);
        if length > LONGEST {
            return self.pass_over(length);
        }
        let length = length as usize;
        if !self.fill(length + 16)? {
            return Ok(Frame::End);
        }
        let begin = self.start + 12;
        self.start = begin + length + 4;
        self.offset += length as u64 + 16;
        let record = self.buffer.get(begin..begin + length).unwrap_or_default();
        let sum = self.buffer.get(begin + length..).and_then(<[u8]>::first_chunk::<4>);
        if sum.map(|sum| u32::from_le_bytes(*sum)) != Some(masked_crc32c(record)) {
            self.start = begin - 12;
            self.offset -= length as u64 + 16;
            return Ok(Frame::Broken("a record does not match its checksum"));
        }
        Ok(Frame::Record(record))
    }

    /// Has so many bytes of the next record in the buffer, if the file has them. Nothing is reserved for
    /// what a length only claims.
    fn fill(&mut self, length: usize) -> io::Result<bool> {
        while self.buffer.len() - self.start < length {
            self.buffer.drain(..self.start);
            self.start = 0;
            let read = self.file.by_ref().take(CHUNK as u64).read_to_end(&mut self.buffer)?;
            if read == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn pass_over(&mut self, length: u64) -> io::Result<Frame<'_>> {
        let end = self.offset.checked_add(16).and_then(|begin| begin.checked_add(length));
        let Some(end) = end.filter(|end| *end < i64::MAX as u64) else {
            return Ok(Frame::Broken("a record is longer than a file can be"));
        };
        if self.file.metadata()?.len() < end {
            return Ok(Frame::End);
        }
        self.file.seek(SeekFrom::Start(end))?;
        self.buffer.clear();
        self.start = 0;
        self.offset = end;
        Ok(Frame::TooLong(length))
    }
}
