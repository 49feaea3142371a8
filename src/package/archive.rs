//! Zip archives with nothing but stored entries: the one-file form of a package.
//!
//! Written here and not by the `zip` crate, because what has to be right is what is *refused*: that
//! crate reads whatever an archive may be, in several ways at once, and a package is one narrow
//! thing. An archive must consist of its entries, one after the other without gaps, then the
//! directory, then its end, with every header saying the same twice. So no two programs can read
//! different content out of it, no entry can overlap another, and as nothing is compressed, nothing
//! is larger than the file itself.
//!
//! The format is PKWARE's APPNOTE 6.3.10, without zip64 (limits are below 4 GiB).

use std::collections::BTreeMap;

use super::error::{EntryFault, PackageFault};
use super::files::{FILES, check_entry};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const LOCAL_SIZE: usize = 30;
const CENTRAL_SIZE: usize = 46;
const END_SIZE: usize = 22;

/// Needs version 2.0 of the format, made on Unix by a program of that version.
const VERSION: u16 = 20;
const MADE_BY: u16 = 3 << 8 | VERSION;
/// 1980-01-01, the first day that archives know: times would make equal packages differ.
const DATE: u16 = 1 << 5 | 1;
/// An ordinary file, `rw-r--r--`.
const MODE: u32 = 0o100_644 << 16;
/// The name is UTF-8; harmless, as all names are ASCII.
const UTF8: u16 = 1 << 11;
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// The bytes of an archive with these files, in this order; equal files give equal bytes.
pub(super) fn write<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let (mut bytes, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for (name, content) in files {
        let offset = bytes.len() as u32;
        let (crc, size) = (crc32fast::hash(content), content.len() as u32);
        put_u32(&mut bytes, LOCAL);
        put_common(&mut bytes, crc, size, name);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(content);
        put_u32(&mut directory, CENTRAL);
        put_u16(&mut directory, MADE_BY);
        put_common(&mut directory, crc, size, name);
        // Comment, disk, internal attributes.
        directory.extend_from_slice(&[0; 6]);
        put_u32(&mut directory, MODE);
        put_u32(&mut directory, offset);
        directory.extend_from_slice(name.as_bytes());
        count += 1;
    }
    let (start, size) = (bytes.len() as u32, directory.len() as u32);
    bytes.append(&mut directory);
    put_u32(&mut bytes, END);
    bytes.extend_from_slice(&[0; 4]);
    put_u16(&mut bytes, count);
    put_u16(&mut bytes, count);
    put_u32(&mut bytes, size);
    put_u32(&mut bytes, start);
    put_u16(&mut bytes, 0);
    bytes
}

/// What both headers of an entry have: from the version needed to the length of extra fields.
fn put_common(bytes: &mut Vec<u8>, crc: u32, size: u32, name: &str) {
    for value in [VERSION, 0, 0, 0, DATE] {
        put_u16(bytes, value);
    }
    for value in [crc, size, size] {
        put_u32(bytes, value);
    }
    put_u16(bytes, name.len() as u16);
    put_u16(bytes, 0);
}

fn put_u16(bytes: &mut Vec<u8>, value: u16) {
    bytes.extend_from_slice(&value.to_le_bytes());
}

fn put_u32(bytes: &mut Vec<u8>, value: u32) {
    bytes.extend_from_slice(&value.to_le_bytes());
}

/// The files of an archive.
///
/// # Errors
/// The archive is damaged, or has an entry that packages do not have.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, PackageFault> {
    let (directory, count) = directory_of(bytes)?;
    let mut reader = Reader { bytes: directory, at: 0 };
    let mut files = BTreeMap::new();
    // Where the next entry must begin.
    let mut next = 0;
    for _ in 0..count {
        let entry = Entry::read(&mut reader)?;
        if entry.offset != next {
            return Err(damaged(format!("the entry `{}` is not where the one before ends", entry.shown())));
        }
        let (content, end) = entry.content(bytes)?;
        if files.insert(entry.name.clone(), content.to_vec()).is_some() {
            return Err(PackageFault::entry(&entry.name, EntryFault::Twice));
        }
        next = end;
    }
    if reader.at != directory.len() {
        return Err(damaged("its directory has more than its entries"));
    }
    if next != bytes.len() - END_SIZE - directory.len() {
        return Err(damaged("there are bytes between its entries and its directory"));
    }
    Ok(files)
}

/// The directory of an archive, and its number of entries.
fn directory_of(bytes: &[u8]) -> Result<(&[u8], u16), PackageFault> {
    let at = bytes.len().checked_sub(END_SIZE).ok_or_else(|| damaged("it is too short"))?;
    let mut end = Reader { bytes: &bytes[at..], at: 0 };
    if end.u32()? != END {
        return Err(damaged("it does not end like one; it may be cut off"));
    }
    let (disks, here, count) = (end.u32()?, end.u16()?, end.u16()?);
    let (size, start, comment) = (end.u32()? as usize, end.u32()? as usize, end.u16()?);
    if disks != 0 || here != count || comment != 0 {
        return Err(damaged("it is in parts, or has a comment"));
    }
    if usize::from(count) > FILES.len() {
        return Err(damaged(format!("it has {count} entries, and packages at most {}", FILES.len())));
    }
    let directory = start.checked_add(size).filter(|end| *end == at).map(|end| &bytes[start..end]);
    Ok((directory.ok_or_else(|| damaged("its directory is not where it should be"))?, count))
}

fn damaged(why: impl Into<String>) -> PackageFault {
    PackageFault::Damaged(why.into())
}

/// An entry of the directory.
struct Entry {
    name: String,
    common: Common,
    offset: usize,
}

/// What both headers of an entry say.
#[derive(PartialEq)]
struct Common {
    version: u16,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
}

impl Common {
    /// Reads up to the sizes; times are skipped.
    fn read(reader: &mut Reader<'_>) -> Result<Self, PackageFault> {
        let (version, flags, method) = (reader.u16()?, reader.u16()?, reader.u16()?);
        reader.u32()?;
        let (crc, packed, size) = (reader.u32()?, reader.u32()?, reader.u32()?);
        Ok(Self { version, flags, method, crc, packed, size })
    }
}

impl Entry {
    /// Reads the next entry of the directory, and refuses what packages do not have.
    fn read(reader: &mut Reader<'_>) -> Result<Self, PackageFault> {
        if reader.u32()? != CENTRAL {
            return Err(damaged("its directory does not list what it says"));
        }
        let made_by = reader.u16()?;
        let common = Common::read(reader)?;
        let (name, extra, comment) = (reader.u16()?, reader.u16()?, reader.u16()?);
        let (disk, _, attributes) = (reader.u16()?, reader.u16()?, reader.u32()?);
        let offset = reader.u32()? as usize;
        let name = String::from_utf8_lossy(reader.take(name.into())?).into_owned();
        reader.take(extra.into())?;
        reader.take(comment.into())?;
        let refuse = |why| Err(PackageFault::entry(&name, why));
        check_entry(&name, common.size.into())?;
        let mode = (attributes >> 16) & 0o170_000;
        let is_unix = made_by >> 8 == 3;
        if (is_unix && mode != 0 && mode != 0o100_000) || attributes & 0x10 != 0 {
            return refuse(EntryFault::NotAFile);
        }
        if common.flags & ENCRYPTED != 0 {
            return refuse(EntryFault::Encrypted);
        }
        if common.method != 0 || common.packed != common.size {
            return refuse(EntryFault::Compressed);
        }
        if common.flags & !UTF8 != 0 || disk != 0 {
            return refuse(EntryFault::Feature);
        }
        Ok(Self { name, common, offset })
    }

    /// The content, and where it ends in the archive.
    fn content<'a>(&self, bytes: &'a [u8]) -> Result<(&'a [u8], usize), PackageFault> {
        let differs = || damaged(format!("the two headers of `{}` differ", self.shown()));
        let mut reader = Reader { bytes, at: self.offset };
        if reader.u32()? != LOCAL || Common::read(&mut reader)? != self.common {
            return Err(differs());
        }
        let (name, extra) = (reader.u16()?, reader.u16()?);
        if reader.take(name.into())? != self.name.as_bytes() {
            return Err(differs());
        }
        reader.take(extra.into())?;
        let content = reader.take(self.common.size as usize)?;
        if crc32fast::hash(content) != self.common.crc {
            return Err(PackageFault::entry(&self.name, EntryFault::Checksum));
        }
        Ok((content, reader.at))
    }

    fn shown(&self) -> std::str::EscapeDebug<'_> {
        self.name.escape_debug()
    }
}

/// Takes little-endian numbers and slices from bytes, never more than there are.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], PackageFault> {
        let taken = self.at.checked_add(count).and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| damaged("something in it is longer than the archive"))?;
        self.at += count;
        Ok(taken)
    }

    fn u16(&mut self) -> Result<u16, PackageFault> {
        Ok(self.take(2)?.iter().rev().fold(0, |value, byte| value << 8 | u16::from(*byte)))
    }

    fn u32(&mut self) -> Result<u32, PackageFault> {
        Ok(self.take(4)?.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }
}

const _: () = assert!(LOCAL_SIZE == 4 + 2 * 5 + 4 * 3 + 2 * 2 && CENTRAL_SIZE == LOCAL_SIZE + 16);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::files::{CONFIG, LABELS, MANIFEST};

    fn small() -> Vec<u8> {
        write([(MANIFEST, &b"{}"[..]), (LABELS, b"[\"a\", \"b\"]"), (CONFIG, b"")].into_iter())
    }

    /// Where the `number`-th header of a kind begins.
    fn header(bytes: &[u8], signature: u32, number: usize) -> usize {
        let found = bytes.windows(4).enumerate().filter(|(_, window)| **window == signature.to_le_bytes());
        found.map(|(at, _)| at).nth(number).unwrap()
    }

    /// What is said of an archive after both headers of its second entry are changed at an offset
    /// from the version that they need.
    fn told(offset: usize, bytes: &[u8]) -> String {
        let mut archive = small();
        for start in [header(&archive, LOCAL, 1) + 4, header(&archive, CENTRAL, 1) + 6] {
            archive[start + offset..][..bytes.len()].copy_from_slice(bytes);
        }
        read(&archive).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let files = read(&small()).unwrap();
        assert_eq!(files.len(), 3);
        assert_eq!(
            (&files[MANIFEST][..], &files[LABELS][..], files[CONFIG].len()),
            (&b"{}"[..], &b"[\"a\", \"b\"]"[..], 0)
        );
        assert_eq!(small().len(), 3 * (LOCAL_SIZE + CENTRAL_SIZE) + 2 * (13 + 11 + 11) + 12 + END_SIZE);
        assert!(read(&write(std::iter::empty())).unwrap().is_empty());
    }

    #[test]
    fn what_packages_do_not_have_is_refused_by_name() {
        assert!(told(4, &[8, 0]).contains("`labels.json` is refused: it is compressed"));
        assert!(told(2, &[1, 0]).contains("encrypted"));
        assert!(told(2, &[8, 0]).contains("a feature of archives"));
        assert!(told(14, &[0xff; 8]).contains("at most 4194304"));
        assert!(told(10, &[0; 4]).contains("checksum is wrong"));
        let mut archive = small();
        let attributes = header(&archive, CENTRAL, 1) + 38;
        archive[attributes + 2..][..2].copy_from_slice(&0o120_777_u16.to_le_bytes());
        assert!(read(&archive).unwrap_err().to_string().contains("is a link"));
    }

    #[test]
    fn names_are_refused_whatever_they_lead_to() {
        for name in ["../../evil.json", "/etc/passwd", "a\\b.json", "run.sh", "."] {
            let error = read(&write([(name, &b"x"[..])].into_iter())).unwrap_err();
            assert!(matches!(error, PackageFault::Entry { .. }), "{name}: {error}");
        }
        let twice = write([(CONFIG, &b"x"[..]), (CONFIG, b"y")].into_iter());
        assert!(read(&twice).unwrap_err().to_string().contains("occurs twice"));
    }

    #[test]
    fn nothing_may_be_hidden_between_the_parts() {
        let archive = small();
        for at in [0, header(&archive, LOCAL, 1), header(&archive, CENTRAL, 0), archive.len()] {
            let mut longer = archive.clone();
            longer.insert(at, 0);
            assert!(read(&longer).is_err(), "a byte at {at}");
        }
        let mut overlapping = archive.clone();
        let offset = header(&archive, CENTRAL, 1) + 42;
        overlapping[offset..][..4].copy_from_slice(&0_u32.to_le_bytes());
        assert!(read(&overlapping).is_err());
        for length in 0..archive.len() {
            assert!(read(&archive[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn headers_that_disagree_are_refused() {
        let archive = small();
        let local = header(&archive, LOCAL, 1);
        for at in [6, 8, 14, 18, 22, LOCAL_SIZE] {
            let mut changed = archive.clone();
            changed[local + at] ^= 1;
            assert!(read(&changed).is_err(), "at {at}");
        }
    }

    #[test]
    fn the_bytes_do_not_change_between_releases() {
        assert_eq!(&blake3::hash(&small()).to_hex()[..16], "447644198e14f1fd");
    }
}
