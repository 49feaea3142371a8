//! What a Parquet file says of itself at its end.

use crate::error::Fault;
use crate::input::{Input, bytes_at, size};

use super::thrift::{Reader, Type};

/// Most bytes of it.
const LARGEST: usize = 1 << 26;

/// How the values of a column are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Physical {
    Boolean,
    Int32,
    Int64,
    Float,
    Double,
    Bytes,
    /// Twelve-byte times and values of other fixed sizes.
    Other,
}

/// One column of the schema.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) name: String,
    pub(super) physical: Physical,
    /// Whether values may be missing.
    pub(super) is_optional: bool,
    /// Whether it lies in a structure or list.
    pub(super) is_nested: bool,
    pub(super) is_unsigned: bool,
    /// Digits behind the point of a decimal number.
    pub(super) scale: Option<i32>,
}

/// The values of one column in one group of rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    pub(super) codec: i64,
    pub(super) values: usize,
    pub(super) start: u64,
    pub(super) size: usize,
}

/// Some rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) chunks: Vec<Chunk>,
    pub(super) rows: usize,
}

/// All of it.
pub(super) struct Metadata {
    pub(super) leaves: Vec<Leaf>,
    pub(super) groups: Vec<Group>,
    pub(super) notes: Vec<(String, String)>,
}

/// An element of the schema as it is written.
#[derive(Default)]
struct Element {
    kind: Option<i64>,
    repetition: i64,
    name: String,
    children: usize,
    converted: Option<i64>,
    scale: i32,
}

impl Metadata {
    pub(super) fn read(input: &mut dyn Input) -> Result<Self, Fault> {
        let whole = size(input)?;
        if whole < 12 {
            return Err(Fault::damaged("too short for a Parquet file"));
        }
        let end = bytes_at(input, whole - 8, 8)?;
        if end[4..] != *b"PAR1" {
            return Err(Fault::damaged("not a whole Parquet file: its end is missing"));
        }
        let length = end.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
        if length > LARGEST || length as u64 > whole - 12 {
            return Err(Fault::damaged("the description at the end of the Parquet file lies outside of it"));
        }
        let bytes = bytes_at(input, whole - 8 - length as u64, length)?;
        Self::parse(&mut Reader::new(&bytes))
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let (mut elements, mut groups, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        reader.fields(|reader, id, kind| {
            match id {
                2 => elements = reader.list(kind, Element::read)?,
                4 => groups = reader.list(kind, Group::read)?,
                5 => notes = reader.list(kind, note)?,
                _ => reader.skip(kind)?,
            }
            Ok(())
        })?;
        Ok(Self { leaves: leaves(&elements)?, groups, notes })
    }
}

impl Element {
    fn read(reader: &mut Reader<'_>, kind: Type) -> Result<Self, Fault> {
        let mut own = Self::default();
        reader.structure(kind, |reader, id, kind| {
            match id {
                1 => own.kind = Some(reader.integer(kind)?),
                3 => own.repetition = reader.integer(kind)?,
                4 => own.name = reader.text(kind)?,
                5 => own.children = reader.size(kind)?,
                6 => own.converted = Some(reader.integer(kind)?),
                7 => own.scale = reader.integer(kind)? as i32,
                _ => reader.skip(kind)?,
            }
            Ok(())
        })?;
        Ok(own)
    }

    fn leaf(&self, name: String, is_nested: bool) -> Leaf {
        const DECIMAL: i64 = 5;
        Leaf {
            name,
            physical: match self.kind {
                Some(0) => Physical::Boolean,
                Some(1) => Physical::Int32,
                Some(2) => Physical::Int64,
                Some(4) => Physical::Float,
                Some(5) => Physical::Double,
                Some(6) => Physical::Bytes,
                _ => Physical::Other,
            },
            is_optional: self.repetition == 1,
            is_nested: is_nested || self.repetition == 2,
            is_unsigned: matches!(self.converted, Some(11..=14)),
            scale: (self.converted == Some(DECIMAL)).then_some(self.scale),
        }
    }
}

/// The columns, whose elements follow each other, each before its children; the first is the whole.
fn leaves(elements: &[Element]) -> Result<Vec<Leaf>, Fault> {
    let Some((_, elements)) = elements.split_first() else {
        return Err(Fault::damaged("the Parquet file does not say which columns it has"));
    };
    let mut leaves = Vec::new();
    // Of each open structure its name and how many children are to come.
    let mut open: Vec<(&str, usize)> = Vec::new();
    for element in elements {
        if element.children > 0 {
            open.push((&element.name, element.children));
            if open.len() > 64 {
                return Err(Fault::damaged("structures lie too deep in each other"));
            }
            continue;
        }
        let path: Vec<&str> = open.iter().map(|(name, _)| *name).chain([element.name.as_str()]).collect();
        leaves.push(element.leaf(path.join("."), !open.is_empty()));
        // This child is done, and with it every structure that it was the last of.
        while let Some((_, left)) = open.last_mut() {
            *left -= 1;
            if *left > 0 {
                break;
            }
            open.pop();
        }
    }
    Ok(leaves)
}

impl Group {
    fn read(reader: &mut Reader<'_>, kind: Type) -> Result<Self, Fault> {
        let mut own = Self::default();
        reader.structure(kind, |reader, id, kind| {
            match id {
                1 => own.chunks = reader.list(kind, Chunk::read)?,
                3 => own.rows = reader.size(kind)?,
                _ => reader.skip(kind)?,
            }
            Ok(())
        })?;
        Ok(own)
    }
}

impl Chunk {
    fn read(reader: &mut Reader<'_>, kind: Type) -> Result<Self, Fault> {
        let mut own = Self::default();
        reader.structure(kind, |reader, id, kind| match id {
            1 => Err(Fault::Unsupported("a Parquet file whose columns lie in other files".to_owned())),
            3 => own.describe(reader, kind),
            _ => reader.skip(kind),
        })?;
        Ok(own)
    }

    fn describe(&mut self, reader: &mut Reader<'_>, kind: Type) -> Result<(), Fault> {
        let (mut data, mut dictionary) = (0_usize, 0_usize);
        reader.structure(kind, |reader, id, kind| {
            match id {
                4 => self.codec = reader.integer(kind)?,
                5 => self.values = reader.size(kind)?,
                7 => self.size = reader.size(kind)?,
                9 => data = reader.size(kind)?,
                11 => dictionary = reader.size(kind)?,
                _ => reader.skip(kind)?,
            }
            Ok(())
        })?;
        self.start = if dictionary > 0 { data.min(dictionary) } else { data } as u64;
        Ok(())
    }
}

fn note(reader: &mut Reader<'_>, kind: Type) -> Result<(String, String), Fault> {
    let (mut key, mut value) = (String::new(), String::new());
    reader.structure(kind, |reader, id, kind| {
        match id {
            1 => key = reader.text(kind)?,
            2 => value = reader.text(kind)?,
            _ => reader.skip(kind)?,
        }
        Ok(())
    })?;
    Ok((key, value))
}
