//! Data sets of labelled texts: reading, checking, dividing, fetching, generating.
//!
//! A data set is a folder of `SPLIT.tsv` files, one `text<TAB>label` line per example, in UTF-8,
//! without header or quoting. `train.tsv` must be there; `dev`, `test`, `ood`, `ood_dev` and
//! `ood_test` are known names, others are allowed. The examples of the `ood*` splits are
//! out of scope: whatever their label says, it is no class.

mod dataset;
mod error;
pub mod fetch;
mod find;
pub mod generate;
mod location;
pub mod split;
pub mod stats;
pub mod tsv;

pub use dataset::{Dataset, Split, is_out_of_scope};
pub use error::{BadLines, DataError, LineError, MissingDataset};
pub use find::{ROOT, find, list};
pub use location::find_dataset;
pub use uaic_model::train::Example;
