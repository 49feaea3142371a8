//! `NumPy`'s archives: a zip file of arrays.

mod array;
mod zip;

use crate::budget::Budget;
use crate::error::Fault;
use crate::input::Input;
use crate::table::Values;

use array::Array;
use zip::Entry;

/// The arrays that have rows, and how many numbers a row of each holds.
pub(crate) fn names(input: &mut dyn Input) -> Result<Vec<(String, usize)>, Fault> {
    let mut names = Vec::new();
    for entry in arrays(input)? {
        let array = Array::head(&entry.start(input)?).map_err(|fault| of(&entry, fault))?;
        names.push((name(&entry), array.width()));
    }
    Ok(names)
}

/// The arrays with these numbers.
pub(crate) fn read(input: &mut dyn Input, wanted: &[usize]) -> Result<Vec<Values>, Fault> {
    let entries = arrays(input)?;
    let mut budget = Budget::new();
    let mut all = Vec::with_capacity(wanted.len());
    for &place in wanted {
        let entry = entries.get(place).ok_or_else(|| Fault::damaged("an array is missing"))?;
        let array = Array::head(&entry.start(input)?).map_err(|fault| of(entry, fault))?;
        budget.values(array.len())?;
        budget.text(array.text_bytes())?;
        let size = array.size().map_err(|fault| of(entry, fault))?;
        all.push(array.values(&entry.content(input, size)?).map_err(|fault| of(entry, fault))?);
    }
    Ok(all)
}

fn arrays(input: &mut dyn Input) -> Result<Vec<Entry>, Fault> {
    let mut entries = zip::entries(input)?;
    entries.retain(|entry| entry.name.strip_suffix(".npy").is_some());
    if entries.is_empty() {
        return Err(Fault::damaged("a zip file without arrays (.npy)"));
    }
    Ok(entries)
}

fn name(entry: &Entry) -> String {
    entry.name.strip_suffix(".npy").unwrap_or(&entry.name).to_owned()
}

/// A fault of an array says of which.
fn of(entry: &Entry, fault: Fault) -> Fault {
    match fault {
        Fault::Damaged { line, what } => {
            Fault::Damaged { line, what: format!("array `{}`: {what}", name(entry)) }
        }
        Fault::Unsupported(what) => Fault::Unsupported(format!("array `{}`: {what}", name(entry))),
        other => other,
    }
}
