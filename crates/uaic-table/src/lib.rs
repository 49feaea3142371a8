//! Tables that other programs wrote, read column by column, and written for others to read.
//!
//! A [`Source`] is a CSV, JSON-lines, Parquet or NPZ file, found out by its content. It names its
//! columns, and reads those that are wanted. Whatever the bytes, reading ends with a table or with an
//! error that says where the trouble is: lengths are checked before anything is allocated, and a file
//! that would grow beyond [`MOST_VALUES`] or [`MOST_TEXT`] is refused.
//!
//! ```
//! use uaic_table::{Column, Source, Table, Values, write_parquet};
//!
//! let mut source = Source::of_bytes("p.csv", b"y,p_cat,p_dog\ncat,0.9,0.1\ndog,0.5,0.5\n".to_vec())?;
//! let table = source.read(&["y", "p_dog"])?;
//! assert_eq!(table.columns[1].values, Values::Floats(vec![Some(0.1), Some(0.5)]));
//!
//! let bytes = write_parquet(&table, &[])?;
//! let again = Source::of_bytes("p.parquet", bytes)?.read(&["y", "p_dog"])?;
//! assert_eq!(again.columns, table.columns);
//! # Ok::<(), uaic_table::TableError>(())
//! ```
//!
//! | module | what it answers |
//! |---|---|
//! | `source` | which kind of file is it, and what are its columns? |
//! | `table` | what are columns and values? |
//! | `text` | what kind of values is a column of texts? |
//! | `delimited`, `json_lines` | what does a line say? |
//! | `npz` | what do NumPy's archives hold? |
//! | `parquet` | what do Parquet files hold, and how is one written? |
//! | `input` | what is at a place of a file? |
//! | `budget`, `error` | when is it too much, and what went wrong? |

mod budget;
mod delimited;
mod error;
mod input;
mod json_lines;
mod npz;
mod parquet;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use budget::{MOST_TEXT, MOST_VALUES};
pub use error::TableError;
pub use parquet::write as write_parquet;
pub use source::{ColumnName, Format, Source};
pub use table::{Column, Table, Values};
