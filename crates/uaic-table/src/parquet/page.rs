//! Pages: what lies between their headers, unpacked and decoded.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use crate::budget::{Budget, MOST_TEXT};
use crate::error::Fault;
use crate::table::Values;

use super::header::{DICTIONARY_PAGE, Header, RUNS};
use super::metadata::{Chunk, Leaf, Physical};
use super::runs::{differences, hybrid};
use super::thrift::Reader;

const PLAIN: i64 = 0;
const PLAIN_DICTIONARY: i64 = 2;
const DIFFERENCES: i64 = 5;
const LENGTHS: i64 = 6;
const DICTIONARY: i64 = 8;
const SPLIT: i64 = 9;

fn cut_off() -> Fault {
    Fault::damaged("a page of the Parquet file is cut off or damaged")
}

/// Adds the values of a chunk, which lies in these bytes.
pub(super) fn read(
    bytes: &[u8],
    leaf: &Leaf,
    chunk: &Chunk,
    values: &mut Values,
    budget: &mut Budget,
) -> Result<(), Fault> {
    let mut dictionary: Option<Values> = None;
    let (mut rest, mut done) = (bytes, 0);
    while done < chunk.values {
        let mut reader = Reader::new(rest);
        let header = Header::read(&mut reader)?;
        let body = rest.get(reader.position()..).ok_or_else(cut_off)?;
        let (body, after) = body.split_at_checked(header.packed).ok_or_else(cut_off)?;
        match header.kind {
            DICTIONARY_PAGE => {
                let body = unpack(body, chunk.codec, header.unpacked)?;
                let mut own = empty(leaf)?;
                budget.values(header.values)?;
                plain(&body, leaf, header.values, &mut own, budget)?;
                dictionary = Some(own);
            }
            0 | 3 => {
                if header.values > chunk.values - done {
                    return Err(cut_off());
                }
                let page = Page { leaf, dictionary: dictionary.as_ref() };
                page.add(&header, body, chunk.codec, values, budget)?;
                done += header.values;
            }
            _ => {}
        }
        rest = after;
    }
    Ok(())
}

/// No values yet, of the kind that a column holds.
pub(super) fn empty(leaf: &Leaf) -> Result<Values, Fault> {
    Ok(match leaf.physical {
        Physical::Boolean => Values::Booleans(Vec::new()),
        Physical::Int32 | Physical::Int64 if leaf.scale.is_some() => Values::Floats(Vec::new()),
        Physical::Int32 | Physical::Int64 => Values::Integers(Vec::new()),
        Physical::Float | Physical::Double => Values::Floats(Vec::new()),
        Physical::Bytes => Values::Texts(Vec::new()),
        Physical::Other => {
            return Err(Fault::Unsupported(format!("the column `{}` is of a type of its own", leaf.name)));
        }
    })
}

fn unpack(bytes: &[u8], codec: i64, size: usize) -> Result<Vec<u8>, Fault> {
    let mut unpacked = Vec::new();
    let limit = size as u64 + 1;
    let read = match codec {
        0 => {
            unpacked.extend_from_slice(bytes);
            Ok(0)
        }
        1 => {
            if snap::raw::decompress_len(bytes).ok() != Some(size) {
                return Err(cut_off());
            }
            unpacked = snap::raw::Decoder::new().decompress_vec(bytes).map_err(|_| cut_off())?;
            Ok(0)
        }
        2 => MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut unpacked),
        6 => {
            let decoder = StreamingDecoder::new(bytes).map_err(|_| cut_off())?;
            decoder.take(limit).read_to_end(&mut unpacked)
        }
        3 => return Err(packed_by("LZO")),
        4 => return Err(packed_by("Brotli")),
        5 | 7 => return Err(packed_by("LZ4")),
        _ => return Err(packed_by("an unknown method")),
    };
    if read.is_ok() && unpacked.len() == size { Ok(unpacked) } else { Err(cut_off()) }
}

fn packed_by(method: &str) -> Fault {
    Fault::Unsupported(format!("it is compressed by {method}, and not by Snappy, gzip or Zstandard"))
}

struct Page<'a> {
    leaf: &'a Leaf,
    dictionary: Option<&'a Values>,
}

impl Page<'_> {
    fn add(
        &self,
        header: &Header,
        body: &[u8],
        codec: i64,
        values: &mut Values,
        budget: &mut Budget,
    ) -> Result<(), Fault> {
        let (levels, content) = self.divide(header, body, codec)?;
        let mut own = empty(self.leaf)?;
        let present = match &levels {
            Some(levels) => levels.iter().filter(|level| **level == 1).count(),
            None => header.values,
        };
        self.decode(&content, header.encoding, present, &mut own, budget)?;
        spread(own, levels.as_deref(), values);
        Ok(())
    }

    /// Levels that say which values are there, where some may be missing, and the bytes of the values.
    fn divide(&self, header: &Header, body: &[u8], codec: i64) -> Result<(Option<Vec<u32>>, Vec<u8>), Fault> {
        if let Some([repetition, definition]) = header.levels {
            let start = repetition.checked_add(definition).ok_or_else(cut_off)?;
            let (levels, packed) = body.split_at_checked(start).ok_or_else(cut_off)?;
            let size = header.unpacked.checked_sub(start).ok_or_else(cut_off)?;
            let codec = if header.are_values_packed { codec } else { 0 };
            let content = if size == 0 { Vec::new() } else { unpack(packed, codec, size)? };
            let levels = levels.get(repetition..).ok_or_else(cut_off)?;
            let levels = self.leaf.is_optional.then(|| hybrid(levels, 1, header.values)).transpose()?;
            return Ok((levels, content));
        }
        let mut content = unpack(body, codec, header.unpacked)?;
        if !self.leaf.is_optional {
            return Ok((None, content));
        }
        if header.level_encoding != RUNS {
            return Err(Fault::Unsupported("levels in an encoding that has been given up".to_owned()));
        }
        let size =
            content.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize).ok_or_else(cut_off)?;
        let levels = content.get(4..).and_then(|rest| rest.get(..size)).ok_or_else(cut_off)?;
        let levels = hybrid(levels, 1, header.values)?;
        content.drain(..4 + size);
        Ok((Some(levels), content))
    }

    fn decode(
        &self,
        bytes: &[u8],
        encoding: i64,
        count: usize,
        values: &mut Values,
        budget: &mut Budget,
    ) -> Result<(), Fault> {
        match (encoding, &mut *values) {
            (PLAIN, _) => plain(bytes, self.leaf, count, values, budget),
            (PLAIN_DICTIONARY | DICTIONARY, _) => self.look_up(bytes, count, values, budget),
            (RUNS, Values::Booleans(values)) => {
                let bits = hybrid(bytes.get(4..).unwrap_or_default(), 1, count)?;
                values.extend(bits.into_iter().map(|bit| Some(bit == 1)));
                Ok(())
            }
            (DIFFERENCES, _) if matches!(self.leaf.physical, Physical::Int32 | Physical::Int64) => {
                let numbers = differences(bytes, count)?.0;
                numbers.into_iter().try_for_each(|number| whole(self.leaf, number, values))
            }
            (LENGTHS, Values::Texts(values)) => {
                let (lengths, mut at) = differences(bytes, count)?;
                for length in lengths {
                    let length = usize::try_from(length).map_err(|_| cut_off())?;
                    let text = bytes.get(at..).and_then(|rest| rest.get(..length)).ok_or_else(cut_off)?;
                    values.push(Some(self.leaf.text(text, budget)?));
                    at += length;
                }
                Ok(())
            }
            (SPLIT, _) => {
                let size =
                    if matches!(self.leaf.physical, Physical::Float | Physical::Int32) { 4 } else { 8 };
                if count.checked_mul(size) != Some(bytes.len()) {
                    return Err(cut_off());
                }
                let joined: Vec<u8> =
                    (0..bytes.len()).map(|at| bytes[at % size * count + at / size]).collect();
                plain(&joined, self.leaf, count, values, budget)
            }
            _ => Err(Fault::Unsupported(format!(
                "the column `{}` has the encoding {encoding}",
                self.leaf.name
            ))),
        }
    }

    fn look_up(
        &self,
        bytes: &[u8],
        count: usize,
        values: &mut Values,
        budget: &mut Budget,
    ) -> Result<(), Fault> {
        let Some(dictionary) = self.dictionary else { return Err(cut_off()) };
        let (width, rest) = match bytes.split_first() {
            Some((width, rest)) => (u32::from(*width), rest),
            None if count == 0 => return Ok(()),
            None => return Err(cut_off()),
        };
        let places = hybrid(rest, width, count)?;
        match (dictionary, values) {
            (Values::Integers(from), Values::Integers(to)) => pick(from, &places, to),
            (Values::Floats(from), Values::Floats(to)) => pick(from, &places, to),
            (Values::Booleans(from), Values::Booleans(to)) => pick(from, &places, to),
            (Values::Texts(from), Values::Texts(to)) => {
                let length =
                    |place: &u32| from.get(*place as usize).and_then(Option::as_ref).map_or(0, String::len);
                // One long text in the dictionary must not become very many.
                let sizes = places.iter().map(length).fold(0_usize, usize::saturating_add);
                budget.text(sizes)?;
                pick(from, &places, to)
            }
            _ => Err(cut_off()),
        }
    }
}

/// The values of a dictionary at places.
fn pick<T: Clone>(from: &[Option<T>], places: &[u32], to: &mut Vec<Option<T>>) -> Result<(), Fault> {
    for &place in places {
        to.push(from.get(place as usize).cloned().ok_or_else(cut_off)?);
    }
    Ok(())
}

/// Values as they are.
fn plain(
    bytes: &[u8],
    leaf: &Leaf,
    count: usize,
    values: &mut Values,
    budget: &mut Budget,
) -> Result<(), Fault> {
    let sized = |size: usize| {
        let end = count.checked_mul(size).ok_or_else(cut_off)?;
        bytes.get(..end).ok_or_else(cut_off)
    };
    match (leaf.physical, values) {
        (Physical::Boolean, Values::Booleans(values)) => {
            let bits = bytes.get(..count.div_ceil(8)).ok_or_else(cut_off)?;
            values.extend((0..count).map(|at| Some(bits[at / 8] >> (at % 8) & 1 == 1)));
        }
        (Physical::Int32, values) => {
            for number in sized(4)?.as_chunks().0 {
                let number = i32::from_le_bytes(*number);
                let is_unsigned = leaf.is_unsigned && number < 0;
                whole(leaf, if is_unsigned { i64::from(number as u32) } else { number.into() }, values)?;
            }
        }
        (Physical::Int64, values) => {
            for number in sized(8)?.as_chunks().0 {
                whole(leaf, i64::from_le_bytes(*number), values)?;
            }
        }
        (Physical::Float, Values::Floats(values)) => {
            values
                .extend(sized(4)?.as_chunks().0.iter().map(|bytes| Some(f32::from_le_bytes(*bytes).into())));
        }
        (Physical::Double, Values::Floats(values)) => {
            values.extend(sized(8)?.as_chunks().0.iter().map(|bytes| Some(f64::from_le_bytes(*bytes))));
        }
        (Physical::Bytes, Values::Texts(values)) => {
            let mut rest = bytes;
            for _ in 0..count {
                let (size, after) = rest.split_first_chunk().ok_or_else(cut_off)?;
                let size = u32::from_le_bytes(*size) as usize;
                let (text, after) = after.split_at_checked(size).ok_or_else(cut_off)?;
                values.push(Some(leaf.text(text, budget)?));
                rest = after;
            }
        }
        _ => return Err(cut_off()),
    }
    Ok(())
}

/// A whole number, or the decimal one that it stands for.
fn whole(leaf: &Leaf, number: i64, values: &mut Values) -> Result<(), Fault> {
    match values {
        Values::Integers(_) if leaf.is_unsigned && number < 0 => {
            Err(Fault::damaged(format!("`{}` has a whole number beyond 2^63", leaf.name)))
        }
        Values::Integers(values) => {
            values.push(Some(number));
            Ok(())
        }
        Values::Floats(values) => {
            values.push(Some(number as f64 / 10_f64.powi(leaf.scale.unwrap_or(0))));
            Ok(())
        }
        _ => Err(cut_off()),
    }
}

impl Leaf {
    fn text(&self, bytes: &[u8], budget: &mut Budget) -> Result<String, Fault> {
        debug_assert!(bytes.len() <= MOST_TEXT);
        budget.text(bytes.len())?;
        let text = std::str::from_utf8(bytes);
        text.map(ToOwned::to_owned)
            .map_err(|_| Fault::damaged(format!("`{}` holds bytes that are not UTF-8", self.name)))
    }
}

/// Adds values, with nothing where a level is 0.
fn spread(own: Values, levels: Option<&[u32]>, values: &mut Values) {
    fn add<T>(own: Vec<Option<T>>, levels: Option<&[u32]>, all: &mut Vec<Option<T>>) {
        let Some(levels) = levels else { return all.extend(own) };
        let mut own = own.into_iter();
        all.extend(levels.iter().map(|level| if *level == 1 { own.next().flatten() } else { None }));
    }
    match (own, values) {
        (Values::Integers(own), Values::Integers(all)) => add(own, levels, all),
        (Values::Floats(own), Values::Floats(all)) => add(own, levels, all),
        (Values::Booleans(own), Values::Booleans(all)) => add(own, levels, all),
        (Values::Texts(own), Values::Texts(all)) => add(own, levels, all),
        _ => {}
    }
}
