//! Parquet: columns of plain values, read and written.
//!
//! Written here and not by the crate `parquet`, for two reasons. That crate trusts what a file says
//! of itself: of 20,000 files with one to three bytes changed it panicked on 257. And it takes 45
//! seconds of processor time to compile, without Zstandard. What tables of predictions need is
//! little: columns without nesting, pages of both versions, plain values, dictionaries, runs, packed
//! differences and split bytes, unpacked, or packed by Snappy, gzip or Zstandard.

mod header;
mod metadata;
mod page;
mod runs;
mod thrift;
mod write;

pub use write::write;

use crate::budget::Budget;
use crate::error::Fault;
use crate::input::{Input, bytes_at, size};
use crate::table::Values;

use metadata::{Chunk, Leaf, Metadata};

/// The names of the columns; those in structures and lists have a path.
pub(crate) fn names(input: &mut dyn Input) -> Result<Vec<String>, Fault> {
    Ok(Metadata::read(input)?.leaves.into_iter().map(|leaf| leaf.name).collect())
}

/// What the file says of itself under a key.
pub(crate) fn note(input: &mut dyn Input, key: &str) -> Result<Option<String>, Fault> {
    let notes = Metadata::read(input)?.notes;
    Ok(notes.into_iter().find(|(own, _)| own == key).map(|(_, value)| value))
}

/// The columns with these numbers.
pub(crate) fn read(input: &mut dyn Input, wanted: &[usize]) -> Result<Vec<Values>, Fault> {
    let metadata = Metadata::read(input)?;
    let mut budget = Budget::new();
    let column = |&place: &usize| {
        let leaf = metadata.leaves.get(place).ok_or_else(|| Fault::damaged("a column is missing"))?;
        if leaf.is_nested {
            return Err(Fault::Unsupported(format!("the column `{}` is nested", leaf.name)));
        }
        let mut values = page::empty(leaf)?;
        for group in &metadata.groups {
            let chunk =
                group.chunks.get(place).ok_or_else(|| Fault::damaged("a group of rows lacks columns"))?;
            if chunk.values != group.rows {
                return Err(Fault::damaged(format!(
                    "`{}` has another number of values than rows",
                    leaf.name
                )));
            }
            budget.values(chunk.values)?;
            add(input, leaf, chunk, &mut values, &mut budget)?;
        }
        Ok(values)
    };
    wanted.iter().map(column).collect()
}

fn add(
    input: &mut dyn Input,
    leaf: &Leaf,
    chunk: &Chunk,
    values: &mut Values,
    budget: &mut Budget,
) -> Result<(), Fault> {
    let whole = size(input)?;
    if chunk.start.checked_add(chunk.size as u64).is_none_or(|end| end > whole) {
        return Err(Fault::damaged(format!("`{}` lies outside of the Parquet file", leaf.name)));
    }
    let bytes = bytes_at(input, chunk.start, chunk.size)?;
    page::read(&bytes, leaf, chunk, values, budget)
}
