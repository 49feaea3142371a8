//! Writes a table as Parquet: plain values, packed by Snappy, in groups of rows.

use crate::error::{Fault, TableError};
use crate::table::{Column, Table, Values};

use super::runs::pack_bits;
use super::thrift::Writer;

/// Rows of a group.
const GROUP: usize = 1 << 20;

const SNAPPY: i32 = 1;
const PLAIN: i32 = 0;
const RUNS: i32 = 3;

/// What was written of a column in a group.
struct Written {
    start: usize,
    unpacked: usize,
    packed: usize,
    values: usize,
}

/// The bytes of a Parquet file with these columns, and with notes that it keeps by key; equal tables
/// give equal bytes. A column of several numbers a row becomes as many columns, `name_0`, `name_1` ….
///
/// # Errors
/// A column has another number of values than the table has rows.
pub fn write(table: &Table, notes: &[(&str, &str)]) -> Result<Vec<u8>, TableError> {
    for column in &table.columns {
        if table.rows.checked_mul(column.width) != Some(column.values.len()) {
            return Err(TableError::Unequal(column.name.clone()));
        }
    }
    let columns: Vec<(String, Part<'_>)> = table.columns.iter().flat_map(Part::of).collect();
    let mut bytes = b"PAR1".to_vec();
    let mut groups = Vec::new();
    for start in (0..table.rows).step_by(GROUP) {
        let rows = start..(start + GROUP).min(table.rows);
        let chunk = |(_, part): &(String, Part<'_>)| part.chunk(rows.clone(), &mut bytes);
        let chunks: Vec<Written> =
            columns.iter().map(chunk).collect::<Result<_, _>>().map_err(|fault| fault.of(&table.name))?;
        groups.push((rows.len(), chunks));
    }
    let footer = footer(table.rows, &columns, &groups, notes);
    bytes.extend_from_slice(&footer);
    bytes.extend_from_slice(&(footer.len() as u32).to_le_bytes());
    bytes.extend_from_slice(b"PAR1");
    Ok(bytes)
}

/// One number of each row of a column.
struct Part<'a> {
    values: &'a Values,
    width: usize,
    offset: usize,
}

impl<'a> Part<'a> {
    fn of(column: &'a Column) -> impl Iterator<Item = (String, Self)> {
        (0..column.width).map(move |offset| {
            let name =
                if column.width == 1 { column.name.clone() } else { format!("{}_{offset}", column.name) };
            (name, Self { values: &column.values, width: column.width, offset })
        })
    }

    fn kind(&self) -> i32 {
        match self.values {
            Values::Booleans(_) => 0,
            Values::Integers(_) => 2,
            Values::Floats(_) => 5,
            Values::Texts(_) => 6,
        }
    }

    /// Writes the page of some rows, with its header.
    fn chunk(&self, rows: std::ops::Range<usize>, bytes: &mut Vec<u8>) -> Result<Written, Fault> {
        let at = |row: usize| row * self.width + self.offset;
        let is_there: Vec<bool> = rows.clone().map(|row| self.is_there(at(row))).collect();
        let mut content = levels(&is_there);
        self.plain(rows.clone().map(at), &mut content);
        let packed = snap::raw::Encoder::new().compress_vec(&content);
        let packed =
            packed.map_err(|_| Fault::TooMuch("bytes of texts in a group of rows", u32::MAX as usize))?;
        let mut header = Writer::default();
        header.element(|header| {
            header.i32(1, 0);
            header.i32(2, content.len() as i32);
            header.i32(3, packed.len() as i32);
            header.structure(5, |page| {
                page.i32(1, rows.len() as i32);
                page.i32(2, PLAIN);
                page.i32(3, RUNS);
                page.i32(4, RUNS);
            });
        });
        let start = bytes.len();
        bytes.extend_from_slice(&header.bytes);
        bytes.extend_from_slice(&packed);
        let unpacked = header.bytes.len() + content.len();
        Ok(Written { start, unpacked, packed: bytes.len() - start, values: rows.len() })
    }

    fn is_there(&self, at: usize) -> bool {
        match self.values {
            Values::Integers(values) => values[at].is_some(),
            Values::Floats(values) => values[at].is_some(),
            Values::Booleans(values) => values[at].is_some(),
            Values::Texts(values) => values[at].is_some(),
        }
    }

    fn plain(&self, places: impl Iterator<Item = usize>, content: &mut Vec<u8>) {
        match self.values {
            Values::Integers(values) => {
                places.filter_map(|at| values[at]).for_each(|value| content.extend(value.to_le_bytes()));
            }
            Values::Floats(values) => {
                places.filter_map(|at| values[at]).for_each(|value| content.extend(value.to_le_bytes()));
            }
            Values::Booleans(values) => content.extend(pack_bits(places.filter_map(|at| values[at]))),
            Values::Texts(values) => places.filter_map(|at| values[at].as_ref()).for_each(|text| {
                content.extend((text.len() as u32).to_le_bytes());
                content.extend_from_slice(text.as_bytes());
            }),
        }
    }
}

/// Which values are there: one run where all are, else packed bits.
fn levels(is_there: &[bool]) -> Vec<u8> {
    let mut runs = Writer::default();
    if is_there.iter().all(|is| *is) {
        runs.varint((is_there.len() as u64) << 1);
        runs.bytes.push(1);
    } else {
        runs.varint((is_there.len().div_ceil(8) as u64) << 1 | 1);
        runs.bytes.extend(pack_bits(is_there.iter().copied()));
    }
    let mut bytes = (runs.bytes.len() as u32).to_le_bytes().to_vec();
    bytes.extend(runs.bytes);
    bytes
}

fn footer(
    rows: usize,
    columns: &[(String, Part<'_>)],
    groups: &[(usize, Vec<Written>)],
    notes: &[(&str, &str)],
) -> Vec<u8> {
    let mut writer = Writer::default();
    let elements: Vec<Option<&(String, Part<'_>)>> =
        std::iter::once(None).chain(columns.iter().map(Some)).collect();
    writer.element(|file| {
        file.i32(1, 1);
        file.structures(2, &elements, |writer, one| element(writer, *one, columns.len()));
        file.i64(3, rows as i64);
        file.structures(4, groups, |writer, (rows, chunks)| group(writer, *rows, chunks, columns));
        if !notes.is_empty() {
            file.structures(5, notes, |writer, (key, value)| {
                writer.text(1, key);
                writer.text(2, value);
            });
        }
        file.text(6, "uaic");
    });
    writer.bytes
}

/// A column of the schema, or its root.
fn element(writer: &mut Writer, column: Option<&(String, Part<'_>)>, count: usize) {
    const OPTIONAL: i32 = 1;
    const UTF8: i32 = 0;
    let Some((name, part)) = column else {
        writer.text(4, "schema");
        writer.i32(5, count as i32);
        return;
    };
    writer.i32(1, part.kind());
    writer.i32(3, OPTIONAL);
    writer.text(4, name);
    if let Values::Texts(_) = part.values {
        writer.i32(6, UTF8);
        // The same in newer words: a string.
        writer.structure(10, |kind| kind.structure(1, |_| {}));
    }
}

fn group(writer: &mut Writer, rows: usize, chunks: &[Written], columns: &[(String, Part<'_>)]) {
    let both: Vec<(&Written, &(String, Part<'_>))> = chunks.iter().zip(columns).collect();
    writer.structures(1, &both, |writer, (chunk, (name, part))| {
        writer.i64(2, chunk.start as i64);
        writer.structure(3, |data| {
            data.i32(1, part.kind());
            data.integers(2, &[PLAIN, RUNS]);
            data.texts(3, &[name.as_str()]);
            data.i32(4, SNAPPY);
            data.i64(5, chunk.values as i64);
            data.i64(6, chunk.unpacked as i64);
            data.i64(7, chunk.packed as i64);
            data.i64(9, chunk.start as i64);
        });
    });
    writer.i64(2, chunks.iter().map(|chunk| chunk.unpacked as i64).sum());
    writer.i64(3, rows as i64);
}
