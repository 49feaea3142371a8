//! Messages of Protocol Buffers, walked field by field without a copy.

/// A value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Field<'a> {
    /// A text, a nested message or packed values; empty of another kind.
    pub(crate) fn bytes(self) -> &'a [u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    /// A text; its broken letters replaced.
    pub(crate) fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// A signed number or a boolean; 0 of another kind.
    pub(crate) fn int(self) -> i64 {
        if let Self::Varint(value) = self { value as i64 } else { 0 }
    }

    /// A double; 0 of another kind.
    pub(crate) fn double(self) -> f64 {
        if let Self::Fixed64(bits) = self { f64::from_bits(bits) } else { 0.0 }
    }
}

/// The fields of a message, in its order; ends where the bytes are none.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Option<(u32, Field<'a>)> {
        let key = varint(&mut self.rest)?;
        let field = match key & 7 {
            0 => Field::Varint(varint(&mut self.rest)?),
            1 => Field::Fixed64(u64::from_le_bytes(*take(&mut self.rest)?)),
            2 => {
                let length = usize::try_from(varint(&mut self.rest)?).ok()?;
                let (bytes, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Fixed32(u32::from_le_bytes(*take(&mut self.rest)?)),
            _ => return None,
        };
        Some((u32::try_from(key >> 3).ok()?, field))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u32, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        field
    }
}

/// The last value of a field, as the format has it.
pub(crate) fn field(message: &[u8], number: u32) -> Option<Field<'_>> {
    Fields::of(message).filter(|(found, _)| *found == number).last().map(|(_, field)| field)
}

/// A number of up to ten bytes, taken from the front.
pub(crate) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for at in 0..10 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 127) << (7 * at);
        if byte < 128 {
            return Some(value);
        }
    }
    None
}

/// So many bytes, taken from the front.
pub(crate) fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_walked_and_a_torn_one_ends_the_walk() {
        let message = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1d, 0, 0, 0x80, 0x3f];
        let fields: Vec<_> = Fields::of(&message).collect();
        assert_eq!(
            fields,
            [(1, Field::Varint(150)), (2, Field::Bytes(b"hi")), (3, Field::Fixed32(0x3f80_0000))]
        );
        for length in 0..message.len() {
            let whole = [3, 7, 12].iter().filter(|end| **end <= length).count();
            assert_eq!(Fields::of(&message[..length]).count(), whole, "{length}");
        }
    }
}
