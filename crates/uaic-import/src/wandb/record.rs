//! The records of a run, as far as they tell of it.

use std::collections::BTreeMap;

use crate::json::Json;
use crate::protobuf::{Field, Fields, field};
use crate::zone::millis_of_seconds;

/// A record that tells something of a run.
pub(super) enum Record<'a> {
    Run(&'a [u8]),
    Config(&'a [u8]),
    Summary(&'a [u8]),
    History(&'a [u8]),
    Stats(&'a [u8]),
    Exit(i64),
    Other,
}

impl<'a> Record<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        let mut record = Self::Other;
        for (number, found) in Fields::of(message) {
            record = match number {
                2 => Self::History(found.bytes()),
                3 => Self::Summary(found.bytes()),
                5 => Self::Config(found.bytes()),
                7 => Self::Stats(found.bytes()),
                17 => Self::Run(found.bytes()),
                18 => Self::Exit(field(found.bytes(), 1).map_or(0, Field::int)),
                _ => continue,
            };
        }
        record
    }
}

/// An item of a history, a summary or a configuration: the parts of its key, and its value.
pub(super) struct Item {
    pub(super) path: Vec<String>,
    pub(super) value: Json,
}

impl Item {
    /// The items in the fields of a number.
    pub(super) fn all(message: &[u8], number: u32) -> impl Iterator<Item = Self> {
        Fields::of(message)
            .filter(move |(found, _)| *found == number)
            .filter_map(|(_, item)| Self::of(item.bytes()))
    }

    /// `None` of an item whose value cannot be read.
    fn of(message: &[u8]) -> Option<Self> {
        let mut path = vec![];
        let mut value = None;
        for (number, found) in Fields::of(message) {
            match number {
                1 => path = vec![found.text()],
                2 => path.push(found.text()),
                3 => value = Some(Json::Null),
                4 => value = Some(Json::Bool(found.int() != 0)),
                5 => value = Some(Json::Number(zigzag(found.int()).to_string())),
                6 => value = Some(number_of(found.double())),
                7 => value = Some(Json::Text(found.text())),
                8 | 16 => value = Json::parse(found.bytes()).ok(),
                _ => {}
            }
        }
        Some(Self { path: Some(path).filter(|path| !path.is_empty())?, value: value? })
    }

    /// The parts of its key, joined.
    pub(super) fn key(&self) -> String {
        self.path.join(".")
    }
}

fn zigzag(value: i64) -> i64 {
    ((value as u64) >> 1) as i64 ^ -(value & 1)
}

fn number_of(value: f64) -> Json {
    Json::Number(if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{value:?}")
    })
}

/// Settings or a summary while its updates come; a nested one by the joined names of its leaves.
#[derive(Default)]
pub(super) struct Values(pub(super) BTreeMap<String, Json>);

/// Names that are kept.
const MOST_NAMES: usize = 10_000;

/// The longest name that is kept, and the longest value as a text.
const LONGEST: usize = 64 << 10;

impl Values {
    /// Takes a record of updates (1) and removals (2).
    pub(super) fn take(&mut self, message: &[u8]) {
        for item in Item::all(message, 1) {
            self.set(&item.key(), &item.value);
        }
        for (_, removed) in Fields::of(message).filter(|(number, _)| *number == 2) {
            let parts = Fields::of(removed.bytes()).filter(|(number, _)| matches!(number, 1 | 2));
            let key = parts.map(|(_, part)| part.text()).collect::<Vec<_>>().join(".");
            self.forget(&key);
        }
    }

    fn set(&mut self, key: &str, value: &Json) {
        self.forget(key);
        if value.entries().is_empty() {
            let is_short = key.len() <= LONGEST && value.as_str().is_none_or(|text| text.len() <= LONGEST);
            if self.0.len() < MOST_NAMES && is_short {
                self.0.insert(key.to_owned(), value.clone());
            }
            return;
        }
        // Depth is bounded by the reader of JSON.
        for (name, value) in value.entries() {
            self.set(&format!("{key}.{name}"), value);
        }
    }

    fn forget(&mut self, key: &str) {
        self.0.remove(key);
        let within = format!("{key}.");
        let names: Vec<_> = self
            .0
            .range(within.clone()..)
            .map(|(name, _)| name)
            .take_while(|name| name.starts_with(&within))
            .cloned()
            .collect();
        for name in names {
            self.0.remove(&name);
        }
    }
}

/// Milliseconds of `google.protobuf.Timestamp`.
pub(super) fn timestamp(message: &[u8]) -> Option<i64> {
    let seconds = field(message, 1).map_or(0, Field::int);
    let nanos = field(message, 2).map_or(0, Field::int);
    millis_of_seconds(seconds as f64)?;
    Some(seconds * 1000 + (nanos / 1_000_000).clamp(0, 999))
}
