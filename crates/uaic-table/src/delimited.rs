//! CSV and its like: a head with names, then a row a line or more.

use std::io::{BufReader, Read, SeekFrom};

use crate::budget::Budget;
use crate::error::Fault;
use crate::input::Input;
use crate::table::Values;
use crate::text::{self, Kind};

/// Most bytes of one row: a quote that is never closed must not take in the whole file.
const LONGEST_ROW: u64 = 1 << 26;

/// What separates cells: the sign that occurs most often in the first line.
pub(crate) fn separator(head: &[u8]) -> u8 {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |sign: u8| line.split(|byte| *byte == sign).count();
    let mut best = b',';
    for sign in [b'\t', b';', b'|'] {
        if count(sign) > count(best) {
            best = sign;
        }
    }
    best
}

fn reader(input: &mut dyn Input, separator: u8) -> Result<csv::Reader<BufReader<&mut dyn Input>>, Fault> {
    const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
    input.seek(SeekFrom::Start(0))?;
    let mut start = Vec::new();
    (&mut *input).take(3).read_to_end(&mut start)?;
    input.seek(SeekFrom::Start(if start == MARK { 3 } else { 0 }))?;
    Ok(csv::ReaderBuilder::new().delimiter(separator).from_reader(BufReader::with_capacity(1 << 16, input)))
}

/// The names of the columns.
pub(crate) fn names(input: &mut dyn Input, separator: u8) -> Result<Vec<String>, Fault> {
    let mut reader = reader(input, separator)?;
    let head = reader.byte_headers().map_err(fault)?;
    let name = |name: &[u8]| String::from_utf8_lossy(name).trim().to_owned();
    Ok(head.iter().map(name).collect())
}

/// The columns with these numbers, and the line of each row. The file is read twice: what kind a
/// column is of is known at its end.
pub(crate) fn read(
    input: &mut dyn Input,
    separator: u8,
    wanted: &[usize],
) -> Result<(Vec<Values>, Vec<u32>), Fault> {
    let mut kinds = vec![Kind::any(); wanted.len()];
    rows(input, separator, |_, row| {
        for (kind, &column) in kinds.iter_mut().zip(wanted) {
            kind.see(row.get(column).unwrap_or_default());
        }
        Ok(())
    })?;
    let (mut budget, mut lines) = (Budget::new(), Vec::new());
    let mut values: Vec<Values> = kinds.into_iter().map(Kind::values).collect();
    rows(input, separator, |line, row| {
        lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        budget.values(1)?;
        for (values, &column) in values.iter_mut().zip(wanted) {
            text::add(values, row.get(column).unwrap_or_default(), &mut budget)?;
        }
        Ok(())
    })?;
    Ok((values, lines))
}

fn rows(
    input: &mut dyn Input,
    separator: u8,
    mut each: impl FnMut(usize, &csv::StringRecord) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut reader = reader(input, separator)?;
    reader.byte_headers().map_err(fault)?;
    let mut row = csv::StringRecord::new();
    loop {
        let start = reader.position().byte();
        if !reader.read_record(&mut row).map_err(fault)? {
            return Ok(());
        }
        let line = row.position().map_or(0, csv::Position::line) as usize;
        if reader.position().byte() - start > LONGEST_ROW {
            return Err(Fault::at(line, "a row of more than 64 MiB; is a quote not closed?"));
        }
        each(line, &row)?;
    }
}

fn fault(error: csv::Error) -> Fault {
    let line = error.position().map(|position| position.line() as usize);
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells where the head has {expected_len}")
        }
        csv::ErrorKind::Utf8 { err, .. } => format!("cell {} is not UTF-8", err.field() + 1),
        _ => {
            return match error.into_kind() {
                csv::ErrorKind::Io(error) => Fault::Unreadable(error),
                other => Fault::Damaged { line, what: format!("{other:?}") },
            };
        }
    };
    Fault::Damaged { line, what }
}
