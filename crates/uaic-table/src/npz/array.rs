//! `NumPy`'s arrays: a head in Python's words, then the values.

use crate::budget::MOST_VALUES;
use crate::error::Fault;
use crate::table::Values;

/// What an array is, by its head.
pub(super) struct Array {
    /// Where its values begin.
    start: usize,
    kind: Kind,
    /// Bytes of a value.
    size: usize,
    is_big_endian: bool,
    /// Whether columns lie one after the other, and not rows.
    by_column: bool,
    rows: usize,
    width: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Float,
    Signed,
    Unsigned,
    Boolean,
    /// Letters of four bytes.
    Unicode,
    /// Bytes.
    Bytes,
}

impl Array {
    /// Reads the head of an array.
    pub(super) fn head(bytes: &[u8]) -> Result<Self, Fault> {
        let cut_off = || Fault::damaged("its head is cut off");
        if !bytes.starts_with(b"\x93NUMPY") {
            return Err(Fault::damaged("not a NumPy array"));
        }
        let at = |place: usize| bytes.get(place).copied().map(usize::from).ok_or_else(cut_off);
        let (length, from): (usize, usize) = match at(6)? {
            1 => (at(8)? | at(9)? << 8, 10),
            2 | 3 => (at(8)? | at(9)? << 8 | at(10)? << 16 | at(11)? << 24, 12),
            version => return Err(Fault::Unsupported(format!("version {version} of NumPy's format"))),
        };
        let head = bytes.get(from..from.saturating_add(length)).ok_or_else(cut_off)?;
        let head = std::str::from_utf8(head).map_err(|_| Fault::damaged("its head is not UTF-8"))?;
        let value = |key: &str| {
            let after = head.split_once(&format!("'{key}':")).map(|(_, after)| after.trim_start());
            after.ok_or_else(|| Fault::damaged(format!("its head does not say `{key}`")))
        };
        let mut array = Self {
            start: from + length,
            by_column: value("fortran_order")?.starts_with("True"),
            ..Self::of_type(value("descr")?)?
        };
        array.shape(value("shape")?)?;
        Ok(array)
    }

    /// `'<f8', …`
    fn of_type(text: &str) -> Result<Self, Fault> {
        let name = text.strip_prefix('\'').and_then(|text| text.split('\'').next());
        let unknown = || {
            Fault::Unsupported(
                "values that are neither numbers nor texts (numpy.savez with plain arrays)".to_owned(),
            )
        };
        let name = name.ok_or_else(unknown)?;
        let mut letters = name.chars();
        let (order, kind) = (letters.next().ok_or_else(unknown)?, letters.next().ok_or_else(unknown)?);
        let size: usize = letters.as_str().parse().map_err(|_| unknown())?;
        let (kind, is_known) = match kind {
            'f' => (Kind::Float, matches!(size, 2 | 4 | 8)),
            'i' => (Kind::Signed, matches!(size, 1 | 2 | 4 | 8)),
            'u' => (Kind::Unsigned, matches!(size, 1 | 2 | 4 | 8)),
            'b' => (Kind::Boolean, size == 1),
            'U' => (Kind::Unicode, size <= 1 << 20),
            'S' => (Kind::Bytes, size <= 1 << 22),
            _ => return Err(unknown()),
        };
        if !is_known || !matches!(order, '<' | '>' | '|' | '=') {
            return Err(Fault::Unsupported(format!("values of type `{name}`")));
        }
        let size = if kind == Kind::Unicode { 4 * size } else { size };
        Ok(Self { start: 0, kind, size, is_big_endian: order == '>', by_column: false, rows: 0, width: 1 })
    }

    /// `(3,)` or `(3, 2), …`
    fn shape(&mut self, text: &str) -> Result<(), Fault> {
        let inside = text.strip_prefix('(').and_then(|text| text.split(')').next());
        let inside = inside.ok_or_else(|| Fault::damaged("its shape cannot be read"))?;
        let sides = inside.split(',').map(str::trim).filter(|side| !side.is_empty());
        let sides: Result<Vec<usize>, _> = sides.map(str::parse).collect();
        match sides.map_err(|_| Fault::damaged("its shape cannot be read"))?[..] {
            // A single value is a row.
            [] => (self.rows, self.width) = (1, 1),
            [rows] => (self.rows, self.width) = (rows, 1),
            [rows, width] => (self.rows, self.width) = (rows, width),
            _ => return Err(Fault::Unsupported("more than two dimensions".to_owned())),
        }
        let is_too_much = self.rows.checked_mul(self.width.max(1)).is_none_or(|values| values > MOST_VALUES);
        if is_too_much { Err(Fault::TooMuch("values", MOST_VALUES)) } else { Ok(()) }
    }

    /// Values of a row.
    pub(super) fn width(&self) -> usize {
        self.width.max(1)
    }

    pub(super) fn len(&self) -> usize {
        self.rows * self.width
    }

    /// Bytes of texts that the values may take.
    pub(super) fn text_bytes(&self) -> usize {
        match self.kind {
            Kind::Unicode | Kind::Bytes => self.len().saturating_mul(self.size),
            _ => 0,
        }
    }

    /// Bytes from the beginning of the head to the last value.
    pub(super) fn size(&self) -> Result<usize, Fault> {
        let values = self.len().checked_mul(self.size).and_then(|bytes| bytes.checked_add(self.start));
        values.filter(|bytes| *bytes <= 1 << 33).ok_or(Fault::TooMuch("values", MOST_VALUES))
    }

    /// The values of an array with this head, row by row.
    pub(super) fn values(&self, bytes: &[u8]) -> Result<Values, Fault> {
        let values = bytes.get(self.start..).unwrap_or_default();
        let order = (0..self.rows).flat_map(|row| (0..self.width).map(move |column| (row, column)));
        let places = order.map(|(row, column)| {
            if self.by_column { column * self.rows + row } else { row * self.width + column } //
        });
        let cells =
            places.map(|place| values.get(place * self.size..).and_then(|rest| rest.get(..self.size)));
        let cells =
            cells.map(|cell| cell.ok_or_else(|| Fault::damaged("it has fewer values than its shape")));
        Ok(match self.kind {
            Kind::Float => {
                Values::Floats(cells.map(|cell| Ok(Some(self.float(cell?)))).collect::<Result<_, Fault>>()?)
            }
            Kind::Signed | Kind::Unsigned => Values::Integers(
                cells.map(|cell| Ok(Some(self.integer(cell?)?))).collect::<Result<_, Fault>>()?,
            ),
            Kind::Boolean => {
                Values::Booleans(cells.map(|cell| Ok(Some(cell? != [0]))).collect::<Result<_, Fault>>()?)
            }
            Kind::Unicode | Kind::Bytes => {
                Values::Texts(cells.map(|cell| Ok(Some(self.text(cell?)?))).collect::<Result<_, Fault>>()?)
            }
        })
    }

    /// The bits of a value, the highest first.
    fn bits(&self, cell: &[u8]) -> u64 {
        let add = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        if self.is_big_endian { cell.iter().fold(0, add) } else { cell.iter().rev().fold(0, add) }
    }

    fn float(&self, cell: &[u8]) -> f64 {
        let bits = self.bits(cell);
        match self.size {
            2 => half(bits as u16),
            4 => f64::from(f32::from_bits(bits as u32)),
            _ => f64::from_bits(bits),
        }
    }

    fn integer(&self, cell: &[u8]) -> Result<i64, Fault> {
        let bits = self.bits(cell);
        if self.kind == Kind::Unsigned {
            return i64::try_from(bits).map_err(|_| Fault::damaged("a whole number beyond 2^63"));
        }
        // The sign is the highest bit of the value.
        let unused = 64 - 8 * self.size as u32;
        Ok(((bits << unused) as i64) >> unused)
    }

    fn text(&self, cell: &[u8]) -> Result<String, Fault> {
        let broken = || Fault::damaged("a text is not Unicode");
        if self.kind == Kind::Bytes {
            let end = cell.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            return std::str::from_utf8(&cell[..end]).map(ToOwned::to_owned).map_err(|_| broken());
        }
        let letters = cell.chunks_exact(4).map(|letter| self.bits(letter) as u32);
        let text: Option<String> = letters.map(char::from_u32).collect();
        Ok(text.ok_or_else(broken)?.trim_end_matches('\0').to_owned())
    }
}

/// A float of 16 bits (IEEE 754).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (power, digits) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match power {
        0 => digits * 2_f64.powi(-24),
        31 if digits == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + digits) * 2_f64.powi(power - 25),
    }
}
