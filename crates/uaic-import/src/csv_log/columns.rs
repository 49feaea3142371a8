//! What the columns of a log stand for.

use std::path::Path;

use crate::folder;
use crate::python;
use crate::zone::{Zone, millis_of_seconds};

/// Names of the x, the likeliest first.
const STEPS: [&str; 9] =
    ["step", "global_step", "trainer/global_step", "_step", "iteration", "iter", "batch", "epoch", "round"];

/// Names of times.
const TIMES: [&str; 4] = ["timestamp", "_timestamp", "wall_time", "time_ms"];

/// The columns of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns {
    names: Vec<String>,
    /// The x.
    pub(crate) step: Option<usize>,
    /// When a row was written.
    pub(crate) time: Option<usize>,
}

impl Columns {
    pub(crate) fn of(names: &[String]) -> Self {
        let names: Vec<_> =
            names.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        let first_of = |wanted: &[&str]| wanted.iter().find_map(|wanted| position(&names, wanted));
        Self { step: first_of(&STEPS), time: first_of(&TIMES), names }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The name of a column; a column without one is none.
    pub(crate) fn name(&self, at: usize) -> Option<&str> {
        self.names.get(at).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// Whether these are the others, and perhaps more.
    pub(crate) fn contain(&self, others: &Self) -> bool {
        others.names.iter().all(|name| self.names.contains(name))
    }
}

fn position(names: &[String], wanted: &str) -> Option<usize> {
    names.iter().position(|name| name.eq_ignore_ascii_case(wanted))
}

/// Whether a column of this name is an x.
pub(crate) fn is_step_name(name: &str) -> bool {
    STEPS.iter().any(|step| name.trim().eq_ignore_ascii_case(step))
}

/// What separates cells: tabs in `.tsv`, semicolons where the header has them and no comma.
pub(crate) fn delimiter(path: &Path, header: &[u8]) -> u8 {
    if folder::name(path).to_ascii_lowercase().ends_with(".tsv") {
        b'\t'
    } else if header.contains(&b';') && !header.contains(&b',') {
        b';'
    } else {
        b','
    }
}

/// The cells of a row.
pub(crate) fn cells(row: &[u8], delimiter: u8) -> Vec<String> {
    if !row.contains(&b'"') {
        let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
        return row.strip_suffix(b"\r").unwrap_or(row).split(|byte| *byte == delimiter).map(text).collect();
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(row);
    let mut record = csv::ByteRecord::new();
    // Reading from memory does not fail.
    let _ = reader.read_byte_record(&mut record);
    record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
}

/// A number, or a boolean as 1 and 0.
pub(crate) fn number(text: &str) -> Option<f64> {
    match text {
        "True" | "true" => Some(1.0),
        "False" | "false" => Some(0.0),
        _ => python::float(text),
    }
}

/// A time as a text, or as seconds or milliseconds since 1970.
pub(crate) fn time_of(text: &str, zone: &Zone) -> Option<i64> {
    match python::float(text) {
        // Seconds up to the year 5138, milliseconds from 1973.
        Some(number) if number.abs() < 1e11 => millis_of_seconds(number),
        Some(number) => millis_of_seconds(number / 1000.0),
        None => zone.millis(text),
    }
}
