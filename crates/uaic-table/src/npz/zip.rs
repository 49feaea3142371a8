//! Entries of a zip file, as far as `NumPy` writes them: stored or deflated, with or without zip64.
//!
//! The format is PKWARE's APPNOTE 6.3.10. Sizes come from the directory; nothing is allocated that
//! the file does not hold, and nothing is inflated beyond what the array says that it needs.

use std::io::Read;

use flate2::read::DeflateDecoder;

use crate::error::Fault;
use crate::input::{Input, bytes_at, size};

const END: [u8; 4] = *b"PK\x05\x06";
const END64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR64: [u8; 4] = *b"PK\x06\x07";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";

/// Most bytes of a directory.
const LARGEST_DIRECTORY: u64 = 1 << 26;

/// Bytes of an entry that hold the head of an array.
const HEAD: usize = 1 << 16;

/// An entry.
pub(super) struct Entry {
    pub(super) name: String,
    is_deflated: bool,
    packed: u64,
    size: u64,
    offset: u64,
}

/// The entries of the directory.
pub(super) fn entries(input: &mut dyn Input) -> Result<Vec<Entry>, Fault> {
    let whole = size(input)?;
    let tail_size = whole.min(22 + 0xffff);
    let tail = bytes_at(input, whole - tail_size, tail_size as usize)?;
    let at = (0..tail.len().saturating_sub(21)).rev().find(|&at| tail[at..].starts_with(&END));
    let at = at.ok_or_else(|| Fault::damaged("not a whole zip file: its end is missing"))?;
    let end = Fields(&tail[at..]);
    let (mut length, mut start) = (u64::from(end.u32(12)?), u64::from(end.u32(16)?));
    if length == u64::from(u32::MAX) || start == u64::from(u32::MAX) || end.u16(10)? == u16::MAX {
        let locator = at.checked_sub(20).map(|at| Fields(&tail[at..]));
        let locator = locator.filter(|fields| fields.0.starts_with(&LOCATOR64));
        let locator = locator.ok_or_else(|| Fault::damaged("its zip64 directory is missing"))?;
        let place = locator.u64(8)?;
        if place.checked_add(56).is_none_or(|end| end > whole) {
            return Err(Fault::damaged("its zip64 directory lies outside"));
        }
        let record = bytes_at(input, place, 56)?;
        if !record.starts_with(&END64) {
            return Err(Fault::damaged("its zip64 directory is damaged"));
        }
        (length, start) = (Fields(&record).u64(40)?, Fields(&record).u64(48)?);
    }
    if length > LARGEST_DIRECTORY || start.checked_add(length).is_none_or(|end| end > whole) {
        return Err(Fault::damaged("its directory lies outside of the zip file"));
    }
    directory(&bytes_at(input, start, length as usize)?)
}

fn directory(bytes: &[u8]) -> Result<Vec<Entry>, Fault> {
    let (mut entries, mut rest) = (Vec::new(), bytes);
    while rest.starts_with(&CENTRAL) {
        let head = Fields(rest);
        let (name, extra, comment) = (head.u16(28)?, head.u16(30)?, head.u16(32)?);
        let name_end = 46 + usize::from(name);
        let extra_end = name_end + usize::from(extra);
        let (Some(name), Some(extra)) = (rest.get(46..name_end), rest.get(name_end..extra_end)) else {
            return Err(Fault::damaged("its directory is cut off"));
        };
        let method = head.u16(10)?;
        let name = String::from_utf8_lossy(name).into_owned();
        if head.u16(8)? & 1 != 0 || !matches!(method, 0 | 8) {
            return Err(Fault::Unsupported(format!(
                "`{name}` is encrypted, or compressed by method {method}"
            )));
        }
        let mut entry = Entry {
            name,
            is_deflated: method == 8,
            packed: u64::from(head.u32(20)?),
            size: u64::from(head.u32(24)?),
            offset: u64::from(head.u32(42)?),
        };
        entry.widen(extra)?;
        entries.push(entry);
        rest = rest.get(extra_end + usize::from(comment)..).unwrap_or_default();
    }
    Ok(entries)
}

impl Entry {
    /// Takes sizes of more than 32 bits from the extra field.
    fn widen(&mut self, mut extra: &[u8]) -> Result<(), Fault> {
        while let Some((head, rest)) = extra.split_at_checked(4) {
            let (kind, length) = (Fields(head).u16(0)?, usize::from(Fields(head).u16(2)?));
            let Some((own, others)) = rest.split_at_checked(length) else { break };
            if kind == 1 {
                let (fields, mut at) = (Fields(own), 0);
                for value in [&mut self.size, &mut self.packed, &mut self.offset] {
                    if *value == u64::from(u32::MAX) {
                        *value = fields.u64(at)?;
                        at += 8;
                    }
                }
            }
            extra = others;
        }
        Ok(())
    }

    /// The first bytes of what the entry holds.
    pub(super) fn start(&self, input: &mut dyn Input) -> Result<Vec<u8>, Fault> {
        let packed = self.packed(input, if self.is_deflated { 2 * HEAD } else { HEAD })?;
        Ok(self.unpacked(&packed, HEAD))
    }

    /// Its first `wanted` bytes, which have to be there.
    pub(super) fn content(&self, input: &mut dyn Input, wanted: usize) -> Result<Vec<u8>, Fault> {
        if self.size < wanted as u64 {
            return Err(Fault::damaged(format!("`{}` is shorter than its head says", self.name)));
        }
        let limit = if self.is_deflated { usize::MAX } else { wanted };
        let content = self.unpacked(&self.packed(input, limit)?, wanted);
        if content.len() == wanted {
            Ok(content)
        } else {
            Err(Fault::damaged(format!("`{}` is cut off or damaged", self.name)))
        }
    }

    /// At most so many of its bytes as they lie in the file.
    fn packed(&self, input: &mut dyn Input, most: usize) -> Result<Vec<u8>, Fault> {
        let whole = size(input)?;
        let outside = || Fault::damaged(format!("`{}` lies outside of the zip file", self.name));
        if self.offset.checked_add(30).is_none_or(|end| end > whole) {
            return Err(outside());
        }
        let head = bytes_at(input, self.offset, 30)?;
        if !head.starts_with(&LOCAL) {
            return Err(outside());
        }
        let skipped = u64::from(Fields(&head).u16(26)?) + u64::from(Fields(&head).u16(28)?);
        let start = self.offset + 30 + skipped;
        if start.checked_add(self.packed).is_none_or(|end| end > whole) {
            return Err(outside());
        }
        bytes_at(input, start, self.packed.min(most as u64) as usize)
    }

    /// What so many bytes are unpacked; fewer where the data are cut off or damaged.
    fn unpacked(&self, packed: &[u8], most: usize) -> Vec<u8> {
        if !self.is_deflated {
            return packed.iter().copied().take(most).collect();
        }
        let mut content = Vec::new();
        // What was read before an error is there; whether it is enough, the caller sees.
        let _ = DeflateDecoder::new(packed).take(most as u64).read_to_end(&mut content);
        content
    }
}

/// Little-endian numbers at places.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const SIZE: usize>(&self, at: usize) -> Result<[u8; SIZE], Fault> {
        let bytes = self.0.get(at..).and_then(|bytes| bytes.first_chunk());
        bytes.copied().ok_or_else(|| Fault::damaged("a header of the zip file is cut off"))
    }

    fn u16(&self, at: usize) -> Result<u16, Fault> {
        Ok(u16::from_le_bytes(self.bytes(at)?))
    }

    fn u32(&self, at: usize) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.bytes(at)?))
    }

    fn u64(&self, at: usize) -> Result<u64, Fault> {
        Ok(u64::from_le_bytes(self.bytes(at)?))
    }
}
