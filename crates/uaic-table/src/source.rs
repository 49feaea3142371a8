//! A file of some kind, its columns, and those of them that are wanted.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use crate::error::{Fault, TableError};
use crate::input::Input;
use crate::table::{Column, Table, Values};
use crate::{delimited, json_lines, npz, parquet};

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A head with names, then a row a line, with commas, semicolons, tabs or bars between cells.
    Csv,
    /// An object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
    /// `NumPy`'s archive of arrays.
    Npz,
}

impl Format {
    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::JsonLines => "JSON lines",
            Self::Parquet => "Parquet",
            Self::Npz => "NPZ",
        }
    }
}

/// A column by its name, and how many numbers a row of it holds: 1 but for arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnName {
    /// Its name.
    pub name: String,
    /// Values of each row.
    pub width: usize,
}

/// A file whose columns can be read.
pub struct Source {
    name: String,
    format: Format,
    separator: u8,
    input: Box<dyn Input>,
    names: Vec<ColumnName>,
}

impl Source {
    /// Opens a file and looks at its columns.
    ///
    /// # Errors
    /// It cannot be read, or is none of the formats.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Self::new(name, Box::new(file)),
            Err(source) => Err(TableError::Unreadable { name, source }),
        }
    }

    /// The same of the bytes of a file.
    ///
    /// # Errors
    /// They are none of the formats.
    pub fn of_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, TableError> {
        Self::new(name.to_owned(), Box::new(Cursor::new(bytes)))
    }

    fn new(name: String, mut input: Box<dyn Input>) -> Result<Self, TableError> {
        let mut head = Vec::new();
        let looked = input.by_ref().take(1 << 16).read_to_end(&mut head);
        looked.map_err(|error| Fault::Unreadable(error).of(&name))?;
        let format = match head.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&head) {
            [b'P', b'A', b'R', b'1', ..] => Format::Parquet,
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Format::Npz,
            text if text.trim_ascii_start().first() == Some(&b'{') => Format::JsonLines,
            _ => Format::Csv,
        };
        let separator = delimited::separator(&head);
        let mut source = Self { name, format, separator, input, names: Vec::new() };
        source.names = source.look().map_err(|fault| fault.of(&source.name))?;
        Ok(source)
    }

    fn look(&mut self) -> Result<Vec<ColumnName>, Fault> {
        let input = self.input.as_mut();
        let plain = |name: String| ColumnName { name, width: 1 };
        let wide = |(name, width): (String, usize)| ColumnName { name, width };
        Ok(match self.format {
            Format::Csv => delimited::names(input, self.separator)?.into_iter().map(plain).collect(),
            Format::JsonLines => json_lines::names(input)?.into_iter().map(wide).collect(),
            Format::Parquet => parquet::names(input)?.into_iter().map(plain).collect(),
            Format::Npz => npz::names(input)?.into_iter().map(wide).collect(),
        })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which kind of file it is.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Its columns, in their order.
    pub fn columns(&self) -> &[ColumnName] {
        &self.names
    }

    /// What a Parquet file says of itself under a key; `None` elsewhere, or where it says nothing.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn note(&mut self, key: &str) -> Result<Option<String>, TableError> {
        if self.format != Format::Parquet {
            return Ok(None);
        }
        parquet::note(self.input.as_mut(), key).map_err(|fault| fault.of(&self.name))
    }

    /// The columns of these names, in this order.
    ///
    /// # Errors
    /// There is no column of a name, or several; or the file cannot be read, is damaged, or would
    /// take more memory than a table may.
    pub fn read(&mut self, wanted: &[&str]) -> Result<Table, TableError> {
        let places = wanted.iter().map(|name| self.find(name)).collect::<Result<Vec<usize>, _>>()?;
        let chosen: Vec<ColumnName> = places.iter().map(|&place| self.names[place].clone()).collect();
        let read = self.values(&places, &chosen);
        let (values, lines) = read.map_err(|fault| fault.of(&self.name))?;
        let mut table = Table { lines, name: self.name.clone(), ..Table::default() };
        for (ColumnName { name, width }, values) in chosen.into_iter().zip(values) {
            table.columns.push(Column { name, width, values });
        }
        table.rows = self.rows(&table)?;
        Ok(table)
    }

    fn values(&mut self, places: &[usize], chosen: &[ColumnName]) -> Result<(Vec<Values>, Vec<u32>), Fault> {
        let input = self.input.as_mut();
        match self.format {
            Format::Csv => delimited::read(input, self.separator, places),
            Format::JsonLines => {
                let wanted: Vec<(&str, usize)> =
                    chosen.iter().map(|column| (column.name.as_str(), column.width)).collect();
                json_lines::read(input, &wanted)
            }
            Format::Parquet => Ok((parquet::read(input, places)?, Vec::new())),
            Format::Npz => Ok((npz::read(input, places)?, Vec::new())),
        }
    }

    fn find(&self, name: &str) -> Result<usize, TableError> {
        let mut found = (0..self.names.len()).filter(|&place| self.names[place].name == name);
        match (found.next(), found.next()) {
            (Some(place), None) => Ok(place),
            (Some(_), Some(_)) => {
                Err(TableError::Ambiguous { name: self.name.clone(), column: name.to_owned() })
            }
            (None, _) => {
                let all = self.names.iter().map(|column| column.name.as_str());
                Err(TableError::no_column(&self.name, name, all))
            }
        }
    }

    /// The number of rows, which all columns have.
    fn rows(&self, table: &Table) -> Result<usize, TableError> {
        let rows = |column: &Column| column.values.len() / column.width.max(1);
        let Some(first) = table.columns.first() else { return Ok(0) };
        match table.columns.iter().find(|column| rows(column) != rows(first)) {
            None => Ok(rows(first)),
            Some(other) => {
                let what = format!(
                    "`{}` has {} rows and `{}` has {}",
                    first.name,
                    rows(first),
                    other.name,
                    rows(other)
                );
                Err(Fault::damaged(what).of(&self.name))
            }
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Source")
            .field("name", &self.name)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}
