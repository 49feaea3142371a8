//! The table of keys: what a spec may say, which values are legal, and what each key means.
//!
//! Reading, the suggestions in errors, the JSON Schema and the commented template all come from
//! this one table. Defaults are those of the structs in `records.rs`, so they cannot disagree.

mod defaults;
mod key;
mod nested;
mod section;
mod table;
#[cfg(test)]
mod tests;

pub(super) use key::{
    ARCHITECTURE, Condition, DATASET, DIRECTION, Key, METRIC, POOLING, PRETRAINED, TOKENIZER,
};
pub(super) use nested::{put_at, value_at};
pub(super) use section::{OBJECTIVE, OURS, SEARCH, SECTIONS, VALIDATION, is_section};
pub(super) use table::KEYS;

/// The key at a full path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}
