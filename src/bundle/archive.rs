//! Zip archives of stored entries, written and read as streams, of any size.
//!
//! As the archive of a package, one has a single form: entries one after the other, each with the sizes
//! in 64 bits (zip64), then the directory, then its end; every header says the same twice. So any unzip
//! opens it, and no two programs can read different content out of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR: u32 = 0x0706_4b50;
/// Ends of all three kinds together.
const TAIL: u64 = 56 + 20 + 22;
/// Version 4.5 of the format has sizes of 64 bits.
const VERSION: u16 = 45;
/// 1980-01-01: times would make equal archives differ.
const DATE: u16 = 1 << 5 | 1;
/// An ordinary file, `rw-r--r--`.
const MODE: u32 = 0o100_644 << 16;
const UTF8: u16 = 1 << 11;
/// Longest directory that is read, in bytes: millions of entries.
const LONGEST_DIRECTORY: u64 = 512 << 20;

/// An entry of an archive.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    crc: u32,
    size: u64,
    at: u64,
}

impl Entry {
    /// The header in front of the content. The sizes in 32 bits say that those in 64 count.
    fn local(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(50 + self.name.len());
        put_u32(&mut bytes, LOCAL);
        self.put_common(&mut bytes, 20);
        bytes.extend_from_slice(self.name.as_bytes());
        for value in [1, 16] {
            put_u16(&mut bytes, value);
        }
        put_u64(&mut bytes, self.size);
        put_u64(&mut bytes, self.size);
        bytes
    }

    /// Its part of the directory.
    fn central(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(80 + self.name.len());
        put_u32(&mut bytes, CENTRAL);
        put_u16(&mut bytes, 3 << 8 | VERSION);
        self.put_common(&mut bytes, 28);
        // Comment, disk, internal attributes.
        bytes.extend_from_slice(&[0; 6]);
        put_u32(&mut bytes, MODE);
        put_u32(&mut bytes, u32::MAX);
        bytes.extend_from_slice(self.name.as_bytes());
        for value in [1, 24] {
            put_u16(&mut bytes, value);
        }
        for value in [self.size, self.size, self.at] {
            put_u64(&mut bytes, value);
        }
        bytes
    }

    fn put_common(&self, bytes: &mut Vec<u8>, extra: u16) {
        for value in [VERSION, UTF8, 0, 0, DATE] {
            put_u16(bytes, value);
        }
        for value in [self.crc, u32::MAX, u32::MAX] {
            put_u32(bytes, value);
        }
        put_u16(bytes, self.name.len() as u16);
        put_u16(bytes, extra);
    }
}

fn put_u16(bytes: &mut Vec<u8>, value: u16) {
    bytes.extend_from_slice(&value.to_le_bytes());
}

fn put_u32(bytes: &mut Vec<u8>, value: u32) {
    bytes.extend_from_slice(&value.to_le_bytes());
}

fn put_u64(bytes: &mut Vec<u8>, value: u64) {
    bytes.extend_from_slice(&value.to_le_bytes());
}

/// The ends of an archive with a directory of `size` bytes at `at`.
fn tail(count: u64, size: u64, at: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(TAIL as usize);
    put_u32(&mut bytes, END_64);
    put_u64(&mut bytes, 44);
    put_u16(&mut bytes, 3 << 8 | VERSION);
    put_u16(&mut bytes, VERSION);
    bytes.extend_from_slice(&[0; 8]);
    for value in [count, count, size, at] {
        put_u64(&mut bytes, value);
    }
    put_u32(&mut bytes, LOCATOR);
    put_u32(&mut bytes, 0);
    put_u64(&mut bytes, at + size);
    put_u32(&mut bytes, 1);
    put_u32(&mut bytes, END);
    bytes.extend_from_slice(&[0; 4]);
    for value in [u16::MAX, u16::MAX] {
        put_u16(&mut bytes, value);
    }
    for value in [u32::MAX, u32::MAX] {
        put_u32(&mut bytes, value);
    }
    put_u16(&mut bytes, 0);
    bytes
}

/// Writes an archive.
pub(super) struct Writer<'a> {
    out: BufWriter<&'a File>,
    at: u64,
    done: Vec<Entry>,
    open: Option<(Entry, crc32fast::Hasher, blake3::Hasher)>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(file: &'a File) -> Self {
        Self { out: BufWriter::with_capacity(1 << 18, file), at: 0, done: Vec::new(), open: None }
    }

    /// Begins an entry; what is written from now on is its content.
    pub(super) fn begin(&mut self, name: &str) -> io::Result<()> {
        let entry = Entry { name: name.to_owned(), crc: 0, size: 0, at: self.at };
        let header = entry.local();
        self.out.write_all(&header)?;
        self.at += header.len() as u64;
        self.open = Some((entry, crc32fast::Hasher::new(), blake3::Hasher::new()));
        Ok(())
    }

    /// Ends the entry; gives the hash of its content and its size.
    pub(super) fn end(&mut self) -> io::Result<(blake3::Hash, u64)> {
        let Some((mut entry, crc, hash)) = self.open.take() else {
            return Err(io::Error::other("no entry has been begun"));
        };
        entry.crc = crc.finalize();
        self.out.seek(SeekFrom::Start(entry.at))?;
        self.out.write_all(&entry.local())?;
        self.out.seek(SeekFrom::Start(self.at))?;
        let size = entry.size;
        self.done.push(entry);
        Ok((hash.finalize(), size))
    }

    /// Bytes of the current entry so far.
    pub(super) fn position(&self) -> u64 {
        self.open.as_ref().map_or(0, |(entry, _, _)| entry.size)
    }

    /// Writes the directory; gives the size of the whole.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        let start = self.at;
        let mut size = 0;
        for entry in &self.done {
            let bytes = entry.central();
            self.out.write_all(&bytes)?;
            size += bytes.len() as u64;
        }
        self.out.write_all(&tail(self.done.len() as u64, size, start))?;
        self.out.flush()?;
        Ok(start + size + TAIL)
    }
}

impl Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some((entry, crc, hash)) = &mut self.open else {
            return Err(io::Error::other("no entry has been begun"));
        };
        self.out.write_all(bytes)?;
        crc.update(bytes);
        hash.update(bytes);
        entry.size += bytes.len() as u64;
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Where the contents of an archive are.
#[derive(Debug)]
pub(super) struct Directory {
    entries: BTreeMap<String, (u64, u64)>,
}

/// Why something is no archive of this form; `None` says that reading failed.
pub(super) enum Fault {
    Io(io::Error),
    Form(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Form("it is cut off".to_owned()),
            _ => Self::Io(error),
        }
    }
}

fn form<T>(why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Form(why.into()))
}

impl Directory {
    /// Reads the directory of an archive, and holds every header of it against what the one form is.
    pub(super) fn read(path: &Path) -> Result<Self, Fault> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let Some(end) = length.checked_sub(TAIL) else { return form("it is too short") };
        file.seek(SeekFrom::Start(end))?;
        let mut last = vec![0; TAIL as usize];
        file.read_exact(&mut last)?;
        let number = |at: usize| -> u64 {
            last.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
        };
        let (count, size, start) = (number(32), number(40), number(48));
        if start.checked_add(size) != Some(end) || last != tail(count, size, start) {
            return form("it does not end like one; it may be cut off");
        }
        if size > LONGEST_DIRECTORY || count > size / 74 {
            return form("its directory is too long");
        }
        file.seek(SeekFrom::Start(start))?;
        let mut directory = BufReader::new(file.take(size));
        let mut contents = BufReader::new(File::open(path)?);
        let mut entries = BTreeMap::new();
        let mut next = 0;
        for _ in 0..count {
            let entry = read_central(&mut directory)?;
            if entry.at != next {
                return form(format!("the entry {} is not where the one before ends", entry.name));
            }
            contents.seek(SeekFrom::Start(entry.at))?;
            let expected = entry.local();
            let mut local = vec![0; expected.len()];
            contents.read_exact(&mut local)?;
            if local != expected {
                return form(format!("the two headers of {} differ", entry.name));
            }
            let content = entry.at + expected.len() as u64;
            next = match content.checked_add(entry.size) {
                Some(next) if next <= start => next,
                _ => return form(format!("the entry {} is longer than the archive", entry.name)),
            };
            if entries.insert(entry.name.clone(), (content, entry.size)).is_some() {
                return form(format!("the entry {} occurs twice", entry.name));
            }
        }
        if next != start || directory.read(&mut [0])? != 0 {
            return form("it has more than its entries");
        }
        Ok(Self { entries })
    }

    /// The content of an entry.
    pub(super) fn content(&self, path: &Path, name: &str) -> io::Result<Option<io::Take<File>>> {
        self.part(path, name, 0, u64::MAX)
    }

    /// A part of the content of an entry.
    pub(super) fn part(
        &self,
        path: &Path,
        name: &str,
        from: u64,
        length: u64,
    ) -> io::Result<Option<io::Take<File>>> {
        let Some(&(at, size)) = self.entries.get(name) else { return Ok(None) };
        let mut file = File::open(path)?;
        let from = from.min(size);
        file.seek(SeekFrom::Start(at + from))?;
        Ok(Some(file.take(length.min(size - from))))
    }

    pub(super) fn size(&self, name: &str) -> Option<u64> {
        self.entries.get(name).map(|(_, size)| *size)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

/// The next entry of a directory.
fn read_central(directory: &mut impl Read) -> Result<Entry, Fault> {
    let mut fixed = [0; 46];
    directory.read_exact(&mut fixed)?;
    let length = usize::from(u16::from_le_bytes([fixed[28], fixed[29]]));
    let crc = u32::from_le_bytes([fixed[16], fixed[17], fixed[18], fixed[19]]);
    let mut rest = vec![0; length + 28];
    directory.read_exact(&mut rest)?;
    let (name, extra) = rest.split_at(length);
    let number = |at: usize| -> u64 {
        extra.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
    };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'-' | b'_');
    if !name.iter().all(is_plain) || name.is_empty() {
        return form("an entry has a name that no bundle has");
    }
    let name = String::from_utf8_lossy(name).into_owned();
    let entry = Entry { name, crc, size: number(4), at: number(20) };
    if entry.central() != [&fixed[..], &rest].concat() {
        return form(format!("the entry {} is not stored as those of a bundle are", entry.name));
    }
    Ok(entry)
}
