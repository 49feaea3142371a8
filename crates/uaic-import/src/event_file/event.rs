//! What an event says: numbers of series, and settings of the plugin for hyperparameters.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::protobuf::{Field, Fields, field, take, varint};
use crate::record::SourcePoint;
use crate::zone::millis_of_seconds;

/// How many names are remembered.
const MOST_TAGS: usize = 100_000;

/// Longer names are not remembered.
const LONGEST_TAG: usize = 1000;

/// Something that an event says.
pub(crate) enum Item<'a> {
    /// A point of a series.
    Point(&'a str, SourcePoint),
    /// A message of the plugin `hparams`.
    Hparams(&'a [u8]),
    /// Something that is no number; told the first time that its name comes.
    Other { tag: &'a str, kind: &'static str },
}

/// What the names of a file stand for.
#[derive(Default)]
pub(super) struct Tags {
    kinds: HashMap<String, Kind>,
}

/// What tensors under a name are: the first of them says so.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Scalar,
    Other,
}

/// A value of a summary.
#[derive(Default)]
struct Value<'a> {
    tag: Cow<'a, str>,
    simple: Option<f32>,
    tensor: Option<&'a [u8]>,
    metadata: Option<&'a [u8]>,
    other: Option<&'static str>,
}

/// Gives what an event says; fields that cannot be read end it.
pub(super) fn walk<E>(
    event: &[u8],
    tags: &mut Tags,
    each: &mut impl FnMut(Item<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let (mut wall_time, mut step, mut summary) = (0.0, 0, None);
    for (number, field) in Fields::of(event) {
        match number {
            1 => wall_time = field.double(),
            2 => step = field.int(),
            5 => summary = Some(field.bytes()),
            _ => {}
        }
    }
    let time_ms = millis_of_seconds(wall_time);
    let point = |value| SourcePoint { step: Some(step), time_ms, value };
    for (_, value) in Fields::of(summary.unwrap_or_default()).filter(|(number, _)| *number == 1) {
        let value = Value::of(value.bytes());
        if let Some(number) = value.simple {
            each(Item::Point(&value.tag, point(f64::from(number))))?;
            continue;
        }
        match tags.meaning(&value) {
            Meaning::Scalar(number) => each(Item::Point(&value.tag, point(number)))?,
            Meaning::Hparams(content) => each(Item::Hparams(content))?,
            Meaning::Other(kind) => each(Item::Other { tag: &value.tag, kind })?,
            Meaning::Known => {}
        }
    }
    Ok(())
}

enum Meaning<'a> {
    Scalar(f64),
    Hparams(&'a [u8]),
    Other(&'static str),
    /// No number, as was told before.
    Known,
}

impl Tags {
    fn meaning<'a>(&mut self, value: &Value<'a>) -> Meaning<'a> {
        let plugin = value.metadata.and_then(|metadata| field(metadata, 1)).map(Field::bytes);
        let name = plugin.and_then(|plugin| field(plugin, 1)).map(Field::bytes);
        if name == Some(b"hparams") {
            return Meaning::Hparams(
                plugin.and_then(|plugin| field(plugin, 2)).map(Field::bytes).unwrap_or_default(),
            );
        }
        let known = self.kinds.get(value.tag.as_ref()).copied();
        let is_scalar = known == Some(Kind::Scalar) || name == Some(b"scalars");
        let number = value.tensor.filter(|_| is_scalar).and_then(number);
        let kind = if number.is_some() { Kind::Scalar } else { Kind::Other };
        if known.is_none() && self.kinds.len() < MOST_TAGS && value.tag.len() <= LONGEST_TAG {
            self.kinds.insert(value.tag.clone().into_owned(), kind);
        }
        match (number, known) {
            (Some(number), _) => Meaning::Scalar(number),
            (None, Some(_)) => Meaning::Known,
            (None, None) => Meaning::Other(value.other.unwrap_or_else(|| kind_of_plugin(name))),
        }
    }
}

fn kind_of_plugin(name: Option<&[u8]>) -> &'static str {
    match name {
        Some(b"text") => "a text",
        Some(b"images") => "an image",
        Some(b"histograms") => "a histogram",
        Some(b"audio") => "a sound",
        Some(b"pr_curves") => "a curve",
        Some(b"scalars") => "a number of an unknown type",
        _ => "a tensor",
    }
}

impl<'a> Value<'a> {
    fn of(message: &'a [u8]) -> Self {
        let mut value = Self::default();
        for (number, field) in Fields::of(message) {
            match (number, field) {
                (1, field) => value.tag = String::from_utf8_lossy(field.bytes()),
                (2, Field::Fixed32(bits)) => value.simple = Some(f32::from_bits(bits)),
                (4, _) => value.other = Some("an image"),
                (3 | 5, _) => value.other = Some("a histogram"),
                (6, _) => value.other = Some("a sound"),
                (8, field) => value.tensor = Some(field.bytes()),
                (9, field) => value.metadata = Some(field.bytes()),
                _ => {}
            }
        }
        value
    }
}

/// The only element of a tensor; `None` of one with several, or of texts.
fn number(tensor: &[u8]) -> Option<f64> {
    let mut kind = 0;
    let mut content: &[u8] = &[];
    let mut listed = None;
    for (number, field) in Fields::of(tensor) {
        match (number, field) {
            (1, field) => kind = field.int(),
            (4, field) => content = field.bytes(),
            (5, Field::Fixed32(bits)) => listed = Some(f64::from(f32::from_bits(bits))),
            (5, Field::Bytes(packed)) => {
                listed = only(packed, |bytes| take(bytes).map(|b| f64::from(f32::from_le_bytes(*b))));
            }
            (6, Field::Fixed64(bits)) => listed = Some(f64::from_bits(bits)),
            (6, Field::Bytes(packed)) => {
                listed = only(packed, |bytes| take(bytes).map(|b| f64::from_le_bytes(*b)));
            }
            (7 | 10 | 11, Field::Varint(value)) => listed = Some(value as i64 as f64),
            (7 | 10 | 11, Field::Bytes(packed)) => {
                listed = only(packed, |bytes| varint(bytes).map(|v| v as i64 as f64));
            }
            _ => {}
        }
    }
    listed.or_else(|| element(kind, content))
}

/// The value of packed ones, if it is one.
fn only(mut packed: &[u8], read: impl Fn(&mut &[u8]) -> Option<f64>) -> Option<f64> {
    read(&mut packed).filter(|_| packed.is_empty())
}

/// The value of a tensor's raw bytes, by the number of its type.
fn element(kind: i64, content: &[u8]) -> Option<f64> {
    Some(match (kind, content) {
        (1, content) => f64::from(f32::from_le_bytes(content.try_into().ok()?)),
        (2, content) => f64::from_le_bytes(content.try_into().ok()?),
        (3, content) => f64::from(i32::from_le_bytes(content.try_into().ok()?)),
        (9, content) => i64::from_le_bytes(content.try_into().ok()?) as f64,
        // bfloat16 is the upper half of a float.
        (14, [low, high]) => f64::from(f32::from_le_bytes([0, 0, *low, *high])),
        _ => return None,
    })
}
