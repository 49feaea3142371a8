//! What is said before each page.

use crate::error::Fault;

use super::thrift::{Reader, Type};

/// Most bytes of an unpacked page.
const LARGEST_PAGE: usize = 1 << 28;

/// The kind of a page that holds a dictionary.
pub(super) const DICTIONARY_PAGE: i64 = 2;

/// Runs and packed bits, the only encoding of levels.
pub(super) const RUNS: i64 = 3;

/// The header of a page.
#[derive(Default)]
pub(super) struct Header {
    pub(super) kind: i64,
    pub(super) unpacked: usize,
    pub(super) packed: usize,
    pub(super) values: usize,
    pub(super) encoding: i64,
    pub(super) level_encoding: i64,
    /// Bytes of levels before the values, where they are not packed with them.
    pub(super) levels: Option<[usize; 2]>,
    pub(super) are_values_packed: bool,
}

impl Header {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let mut own = Self { are_values_packed: true, level_encoding: RUNS, ..Self::default() };
        reader.fields(|reader, id, kind| {
            match id {
                1 => own.kind = reader.integer(kind)?,
                2 => own.unpacked = reader.size(kind)?,
                3 => own.packed = reader.size(kind)?,
                5 | 7 => own.describe(reader, kind)?,
                8 => own.describe_second(reader, kind)?,
                _ => reader.skip(kind)?,
            }
            Ok(())
        })?;
        if own.unpacked > LARGEST_PAGE {
            return Err(Fault::TooMuch("bytes of a page", LARGEST_PAGE));
        }
        Ok(own)
    }

    /// A page of values of the first version, or a dictionary.
    fn describe(&mut self, reader: &mut Reader<'_>, kind: Type) -> Result<(), Fault> {
        reader.structure(kind, |reader, id, kind| {
            match id {
                1 => self.values = reader.size(kind)?,
                2 => self.encoding = reader.integer(kind)?,
                // Of a dictionary the third says whether it is sorted.
                3 if self.kind != DICTIONARY_PAGE => self.level_encoding = reader.integer(kind)?,
                _ => reader.skip(kind)?,
            }
            Ok(())
        })
    }

    fn describe_second(&mut self, reader: &mut Reader<'_>, kind: Type) -> Result<(), Fault> {
        let mut levels = [0, 0];
        reader.structure(kind, |reader, id, kind| {
            match id {
                1 => self.values = reader.size(kind)?,
                4 => self.encoding = reader.integer(kind)?,
                5 => levels[1] = reader.size(kind)?,
                6 => levels[0] = reader.size(kind)?,
                7 => self.are_values_packed = Reader::boolean(kind)?,
                _ => reader.skip(kind)?,
            }
            Ok(())
        })?;
        self.levels = Some(levels);
        Ok(())
    }
}
