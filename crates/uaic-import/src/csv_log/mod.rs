//! CSV files of one history, a row a step, also while they grow.

mod columns;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use uaic_platform::fsx::FileError;

pub(crate) use columns::{Columns, cells, delimiter, is_step_name, number, time_of};

use crate::error::ImportError;
use crate::identity::{FileIdentity, News};
use crate::lines::{Line, Lines};
use crate::python;
use crate::record::SourcePoint;
use crate::zone::Zone;

/// The longest first line.
const LONGEST_HEADER: u64 = 4 << 20;

/// A CSV log that is read from where the last look ended.
///
/// Columns may come late: a log that is written anew with more of them goes on where it was. An empty cell
/// is no point, a half line at the end is waited for. A column `step`, `epoch` or the like is the x.
pub struct CsvLog {
    path: PathBuf,
    zone: Zone,
    delimiter: u8,
    identity: Option<FileIdentity>,
    /// The first line, as it was when the columns were read.
    header: Vec<u8>,
    columns: Columns,
    /// Bytes of whole rows so far, the header among them.
    offset: u64,
    /// Whole rows so far.
    rows: u64,
}

/// A cell that says something.
pub(crate) enum Cell<'a> {
    Point(&'a str, SourcePoint),
    /// A text in a column.
    Text(&'a str, &'a str),
}

impl CsvLog {
    /// A log that is still to be read; a file that does not exist yet is an empty one.
    pub fn open(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            zone: Zone::utc(),
            delimiter: b',',
            identity: None,
            header: vec![],
            columns: Columns::default(),
            offset: 0,
            rows: 0,
        }
    }

    /// Times that are written without a zone are read in this one.
    #[must_use]
    pub fn with_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the points since the last look.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read_new(&mut self, each: &mut dyn FnMut(&str, SourcePoint)) -> Result<News, ImportError> {
        self.look::<ImportError>(Torn::Wait, &mut |cell| {
            if let Cell::Point(key, point) = cell {
                each(key, point);
            }
            Ok(())
        })
    }

    /// Gives the cells of new rows.
    pub(crate) fn look<E: From<ImportError>>(
        &mut self,
        torn: Torn,
        each: &mut impl FnMut(Cell<'_>) -> Result<(), E>,
    ) -> Result<News, E> {
        let mut news = News::default();
        let Some((mut file, identity)) = self.open_file()? else { return Ok(news) };
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let header =
            first_line(&mut file).map_err(FileError::at("read", &self.path)).map_err(ImportError::from)?;
        let Some(header) = header else { return Ok(news) };
        let is_same = self.identity == Some(identity) && length >= self.offset && header == self.header;
        let mut again = 0;
        if !is_same {
            (again, news.replaced) = self.start_over(&header);
            self.identity = Some(identity);
        }
        self.rows(file, torn, again, &mut |cell| {
            news.points += u64::from(matches!(cell, Cell::Point(..)));
            each(cell)
        })?;
        Ok(news)
    }

    fn open_file(&self) -> Result<Option<(File, FileIdentity)>, ImportError> {
        let opened = File::open(&self.path).and_then(|file| {
            let identity = FileIdentity::of(&file.metadata()?);
            Ok((file, identity))
        });
        match opened {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::at("open", &self.path)(error).into()),
            Ok(opened) => Ok(Some(opened)),
        }
    }

    /// Takes the columns of a header that is new. How many rows are to be passed over, because they came
    /// before under fewer columns, and whether the log is another one.
    fn start_over(&mut self, header: &[u8]) -> (u64, bool) {
        let is_first = self.header.is_empty();
        self.delimiter = delimiter(&self.path, header);
        let columns = Columns::of(&cells(header, self.delimiter));
        let has_grown = columns.contain(&self.columns) && columns.len() > self.columns.len();
        let again = if has_grown && !is_first { self.rows } else { 0 };
        self.columns = columns;
        self.header = header.to_vec();
        self.offset = header.len() as u64 + 1;
        self.rows = 0;
        (again, !is_first && !has_grown)
    }

    fn rows<E: From<ImportError>>(
        &mut self,
        mut file: File,
        torn: Torn,
        mut again: u64,
        each: &mut impl FnMut(Cell<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = self.path.clone();
        let wrong = |error| ImportError::from(FileError::at("read", &path)(error));
        file.seek(SeekFrom::Start(self.offset)).map_err(wrong)?;
        let begin = self.offset;
        let mut lines = Lines::new(BufReader::with_capacity(1 << 18, file));
        // A row whose quotes are open goes on in the next line.
        let mut row = vec![];
        let mut is_open = false;
        loop {
            let is_whole = match lines.next().map_err(wrong)? {
                None => return Ok(()),
                Some(Line::TooLong) => continue,
                Some(Line::Whole(line)) => {
                    is_open ^= quotes_open(line);
                    row.extend_from_slice(line);
                    true
                }
                Some(Line::Torn(line)) => {
                    is_open ^= quotes_open(line);
                    row.extend_from_slice(line);
                    false
                }
            };
            if is_open && is_whole && row.len() < crate::lines::LONGEST {
                row.push(b'\n');
                continue;
            }
            let cells = cells(&row, self.delimiter);
            if !is_whole && (torn == Torn::Wait || is_open || cells.len() < self.columns.len()) {
                return Ok(());
            }
            if again > 0 {
                again -= 1;
            } else if !row.is_empty() {
                self.row(&cells, each)?;
            }
            self.rows += 1;
            self.offset = begin + lines.offset();
            row.clear();
            is_open = false;
        }
    }

    fn row<E>(&self, cells: &[String], each: &mut impl FnMut(Cell<'_>) -> Result<(), E>) -> Result<(), E> {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map(String::as_str);
        let step = cell(self.columns.step).and_then(python::whole);
        let time_ms = cell(self.columns.time).and_then(|text| time_of(text, &self.zone));
        for (at, text) in cells.iter().enumerate() {
            let text = text.trim();
            let is_x = Some(at) == self.columns.step || Some(at) == self.columns.time;
            let Some(name) = self.columns.name(at).filter(|_| !is_x && !text.is_empty()) else { continue };
            match number(text) {
                Some(value) => each(Cell::Point(name, SourcePoint { step, time_ms, value }))?,
                None => each(Cell::Text(name, text))?,
            }
        }
        Ok(())
    }
}

/// Whether a line opens a quote that it does not close.
fn quotes_open(line: &[u8]) -> bool {
    line.iter().fold(false, |is_open, byte| is_open ^ (*byte == b'"'))
}

/// What becomes of a last line without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Torn {
    /// Its rest is waited for.
    Wait,
    /// It is a whole row, if it has all its cells.
    Take,
}

impl Torn {
    /// Whoever writes a line writes its end at once: a file that has been left alone has none to come.
    pub(crate) fn of(path: &Path) -> Self {
        let age = fs::metadata(path)
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age.as_secs() >= 60) { Self::Take } else { Self::Wait }
    }
}

/// The first line with its end left out; `None` while it has none.
fn first_line(file: &mut File) -> std::io::Result<Option<Vec<u8>>> {
    file.seek(SeekFrom::Start(0))?;
    let mut line = vec![];
    BufReader::new(file.by_ref().take(LONGEST_HEADER)).read_until(b'\n', &mut line)?;
    Ok(line.pop_if(|byte| *byte == b'\n').map(|_| line))
}
