//! Thrift's compact protocol, in which Parquet's headers are written.

use crate::error::Fault;

/// Deepest structure within structures.
const DEEPEST: usize = 32;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type(u8);

impl Type {
    const TRUE: Self = Self(1);
    const FALSE: Self = Self(2);
    const BINARY: Self = Self(8);
    const LIST: Self = Self(9);
    const SET: Self = Self(10);
    const STRUCT: Self = Self(12);
}

fn cut_off() -> Fault {
    Fault::damaged("a header of the Parquet file is cut off or damaged")
}

/// Reads headers.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = self.bytes.get(self.at).copied().ok_or_else(cut_off)?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let bytes = self.bytes.get(self.at..).and_then(|rest| rest.get(..count)).ok_or_else(cut_off)?;
        self.at += count;
        Ok(bytes)
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let (value, read) = varint(self.bytes.get(self.at..).unwrap_or_default()).ok_or_else(cut_off)?;
        self.at += read;
        Ok(value)
    }

    /// A whole number.
    pub(super) fn integer(&mut self, kind: Type) -> Result<i64, Fault> {
        match kind.0 {
            3 => Ok(i64::from(self.byte()? as i8)),
            4..=6 => self.varint().map(unzigzag),
            _ => Err(cut_off()),
        }
    }

    /// A size or count, which cannot be negative.
    pub(super) fn size(&mut self, kind: Type) -> Result<usize, Fault> {
        usize::try_from(self.integer(kind)?).map_err(|_| cut_off())
    }

    pub(super) fn boolean(kind: Type) -> Result<bool, Fault> {
        match kind {
            Type::TRUE => Ok(true),
            Type::FALSE => Ok(false),
            _ => Err(cut_off()),
        }
    }

    pub(super) fn text(&mut self, kind: Type) -> Result<String, Fault> {
        if kind != Type::BINARY {
            return Err(cut_off());
        }
        let size = usize::try_from(self.varint()?).map_err(|_| cut_off())?;
        Ok(String::from_utf8_lossy(self.take(size)?).into_owned())
    }

    /// The elements of a list: `each` reads one of them.
    pub(super) fn list<T>(
        &mut self,
        kind: Type,
        mut each: impl FnMut(&mut Self, Type) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        if kind != Type::LIST && kind != Type::SET {
            return Err(cut_off());
        }
        let (count, kind) = self.list_head()?;
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(each(self, kind)?);
        }
        Ok(all)
    }

    /// An element takes at least a byte, so a list is no longer than what is left.
    fn list_head(&mut self) -> Result<(usize, Type), Fault> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        let left = self.bytes.len() - self.at;
        if count > left as u64 { Err(cut_off()) } else { Ok((count as usize, Type(head & 15))) }
    }

    /// The fields of a structure: `each` reads the value of one.
    pub(super) fn structure(
        &mut self,
        kind: Type,
        each: impl FnMut(&mut Self, i16, Type) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if kind == Type::STRUCT { self.fields(each) } else { Err(cut_off()) }
    }

    /// The same of the outermost one.
    pub(super) fn fields(
        &mut self,
        mut each: impl FnMut(&mut Self, i16, Type) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut id = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            id = match i16::from(head >> 4) {
                0 => unzigzag(self.varint()?) as i16,
                step => id.wrapping_add(step),
            };
            each(self, id, Type(head & 15))?;
        }
    }

    /// Passes a value.
    pub(super) fn skip(&mut self, kind: Type) -> Result<(), Fault> {
        self.skip_within(kind, 0)
    }

    fn skip_within(&mut self, kind: Type, depth: usize) -> Result<(), Fault> {
        if depth > DEEPEST {
            return Err(cut_off());
        }
        match kind.0 {
            1 | 2 => Ok(()),
            3 => self.take(1).map(drop),
            4..=6 => self.varint().map(drop),
            7 => self.take(8).map(drop),
            8 => {
                let size = usize::try_from(self.varint()?).map_err(|_| cut_off())?;
                self.take(size).map(drop)
            }
            9 | 10 => {
                let (count, kind) = self.list_head()?;
                // Truth values take a byte each here.
                let kind = if matches!(kind.0, 1 | 2) { Type(3) } else { kind };
                (0..count).try_for_each(|_| self.skip_within(kind, depth + 1))
            }
            11 => self.skip_map(depth),
            12 => self.fields(|reader, _, kind| reader.skip_within(kind, depth + 1)),
            _ => Err(cut_off()),
        }
    }

    fn skip_map(&mut self, depth: usize) -> Result<(), Fault> {
        let count = self.varint()?;
        if count == 0 {
            return Ok(());
        }
        if count > (self.bytes.len() - self.at) as u64 {
            return Err(cut_off());
        }
        let kinds = self.byte()?;
        (0..count).try_for_each(|_| {
            self.skip_within(Type(kinds >> 4), depth + 1)?;
            self.skip_within(Type(kinds & 15), depth + 1)
        })
    }
}

/// A number of seven bits a byte, and how many bytes it takes.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * place as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, place + 1));
        }
    }
    None
}

pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Writes headers.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
    last: Vec<i16>,
}

impl Writer {
    fn head(&mut self, id: i16, kind: u8) {
        if self.last.is_empty() {
            self.last.push(0);
        }
        if let Some(last) = self.last.last_mut() {
            let step = id - *last;
            *last = id;
            // Our structures have no gap of more than 15.
            self.bytes.push((step as u8) << 4 | kind);
        }
    }

    pub(super) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn zigzag(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63) as u64);
    }

    pub(super) fn i32(&mut self, id: i16, value: i32) {
        self.head(id, 5);
        self.zigzag(value.into());
    }

    pub(super) fn i64(&mut self, id: i16, value: i64) {
        self.head(id, 6);
        self.zigzag(value);
    }

    pub(super) fn text(&mut self, id: i16, text: &str) {
        self.head(id, 8);
        self.plain_text(text);
    }

    fn plain_text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(super) fn structure(&mut self, id: i16, write: impl FnOnce(&mut Self)) {
        self.head(id, 12);
        self.element(write);
    }

    /// A structure as an element of a list, or the outermost one.
    pub(super) fn element(&mut self, write: impl FnOnce(&mut Self)) {
        self.last.push(0);
        write(self);
        self.last.pop();
        self.bytes.push(0);
    }

    fn list_head(&mut self, id: i16, count: usize, kind: u8) {
        self.head(id, 9);
        if count < 15 {
            self.bytes.push((count as u8) << 4 | kind);
        } else {
            self.bytes.push(0xf0 | kind);
            self.varint(count as u64);
        }
    }

    pub(super) fn structures<T>(&mut self, id: i16, all: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.list_head(id, all.len(), 12);
        for one in all {
            self.element(|writer| write(writer, one));
        }
    }

    pub(super) fn integers(&mut self, id: i16, all: &[i32]) {
        self.list_head(id, all.len(), 5);
        for value in all {
            self.zigzag((*value).into());
        }
    }

    pub(super) fn texts(&mut self, id: i16, all: &[&str]) {
        self.list_head(id, all.len(), 8);
        for text in all {
            self.plain_text(text);
        }
    }
}
