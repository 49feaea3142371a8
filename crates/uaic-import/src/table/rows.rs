//! The rows of a table, as names and texts.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use uaic_platform::fsx::FileError;

use super::TableKind;
use crate::csv_log::{Torn, delimiter};
use crate::error::ImportError;
use crate::json::Json;
use crate::lines::{LONGEST, Line, Lines};

/// A row.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// Its number, from 0.
    pub(super) number: u64,
    /// How many bytes came before.
    pub(super) offset: u64,
    /// Columns, and what they have; nested names are joined with points.
    pub(super) cells: Vec<(String, String)>,
}

/// Reads rows one by one.
pub(super) struct Rows {
    path: PathBuf,
    length: u64,
    number: u64,
    bad: u64,
    ended_early: Option<String>,
    format: Format,
}

enum Format {
    Csv { reader: Box<csv::Reader<Bounded>>, header: Vec<String>, record: csv::ByteRecord },
    Jsonl { lines: Lines<BufReader<File>>, torn: Torn },
}

/// Ends a record that is longer than any is.
struct Bounded {
    file: File,
    left: usize,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("a row is longer than 16 MiB: a quote is open, perhaps"));
        }
        let length = buffer.len().min(self.left);
        let read = self.file.read(buffer.get_mut(..length).unwrap_or_default())?;
        self.left -= read;
        Ok(read)
    }
}

impl Rows {
    pub(super) fn new(file: File, path: &Path, kind: TableKind, length: u64) -> Result<Self, ImportError> {
        let format = match kind {
            TableKind::Csv => csv_format(file, path)?,
            TableKind::Jsonl => {
                Format::Jsonl { lines: Lines::new(BufReader::new(file)), torn: Torn::of(path) }
            }
        };
        Ok(Self { path: path.to_owned(), length, number: 0, bad: 0, ended_early: None, format })
    }

    /// The length of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What of the file was no row.
    pub(super) fn trouble(&self) -> Option<String> {
        let bad = (self.bad > 0).then(|| format!("{} lines are no rows", self.bad));
        self.ended_early.clone().or(bad)
    }

    /// The names of the columns; of JSONL those of the first row.
    pub(super) fn names(mut self) -> Result<Vec<String>, ImportError> {
        if let Format::Csv { header, .. } = self.format {
            return Ok(header);
        }
        Ok(self.next()?.map(|row| row.cells.into_iter().map(|(name, _)| name).collect()).unwrap_or_default())
    }

    /// The next row; a file that cannot be read on ends, and tells why.
    pub(super) fn next(&mut self) -> Result<Option<Row>, ImportError> {
        let next = match &mut self.format {
            Format::Csv { reader, header, record } => {
                reader.get_mut().left = LONGEST;
                let offset = reader.position().byte();
                match reader.read_byte_record(record) {
                    Ok(true) => Some(Ok((offset, cells(header, record)))),
                    Ok(false) => None,
                    Err(error) => Some(Err(error.to_string())),
                }
            }
            Format::Jsonl { lines, torn } => {
                next_object(lines, *torn, &mut self.bad).map_err(FileError::at("read", &self.path))?.map(Ok)
            }
        };
        match next {
            Some(Ok((offset, cells))) => {
                let number = self.number;
                self.number += 1;
                Ok(Some(Row { number, offset, cells }))
            }
            Some(Err(why)) => {
                self.ended_early = Some(why);
                Ok(None)
            }
            None => Ok(None),
        }
    }
}

fn csv_format(file: File, path: &Path) -> Result<Format, ImportError> {
    let mut first = vec![];
    {
        let file = File::open(path).map_err(FileError::at("open", path))?;
        file.take(64 << 10).read_to_end(&mut first).map_err(FileError::at("read", path))?;
    }
    let header = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(path, header))
        .from_reader(Bounded { file, left: LONGEST });
    let mut record = csv::ByteRecord::new();
    let malformed = |error: csv::Error| ImportError::Malformed {
        path: path.to_owned(),
        format: "table",
        why: error.to_string(),
    };
    reader.read_byte_record(&mut record).map_err(malformed)?;
    let name = |cell: &[u8]| String::from_utf8_lossy(cell).trim_start_matches('\u{feff}').trim().to_owned();
    let header = record.iter().map(name).collect();
    Ok(Format::Csv { reader: Box::new(reader), header, record })
}

fn cells(header: &[String], record: &csv::ByteRecord) -> Vec<(String, String)> {
    let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
    let named = header.iter().zip(record).filter(|(name, _)| !name.is_empty());
    named.map(|(name, cell)| (name.clone(), text(cell))).collect()
}

/// The leaves of the next object, and how many bytes came before.
type Leaves = (u64, Vec<(String, String)>);

fn next_object<R: io::BufRead>(
    lines: &mut Lines<R>,
    torn: Torn,
    bad: &mut u64,
) -> io::Result<Option<Leaves>> {
    loop {
        let offset = lines.offset();
        let (line, is_whole) = match lines.next()? {
            None => return Ok(None),
            Some(Line::TooLong) => {
                *bad += 1;
                continue;
            }
            Some(Line::Whole(line)) => (line, true),
            Some(Line::Torn(line)) => (line, false),
        };
        match Json::parse(line) {
            Ok(json @ Json::Map(_)) if is_whole || torn == Torn::Take => {
                let mut cells = vec![];
                leaves(&json, "", &mut cells);
                return Ok(Some((offset, cells)));
            }
            // Half a line comes with the next import.
            _ if !is_whole => return Ok(None),
            _ => *bad += u64::from(!line.is_empty()),
        }
    }
}

fn leaves(tree: &Json, prefix: &str, cells: &mut Vec<(String, String)>) {
    for (key, value) in tree.entries() {
        let name = format!("{prefix}{key}");
        match value {
            Json::Map(entries) if !entries.is_empty() => leaves(value, &format!("{name}."), cells),
            // A cell without a value is empty.
            Json::Null => {}
            _ => cells.push((name, value.tag())),
        }
    }
}
