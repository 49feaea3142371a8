//! Protobuf's wire format: fields of a message, one after the other, without a copy.

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wire<'a> {
    /// A whole number, a boolean or an enum.
    Varint(u64),
    /// 8 bytes.
    Fixed64(u64),
    /// A text, bytes, or a message.
    Bytes(&'a [u8]),
    /// 4 bytes.
    Fixed32(u32),
}

/// What is still to be read of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    rest: &'a [u8],
}

impl<'a> Message<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The number of the next field and its value.
    ///
    /// # Errors
    /// The bytes are no message.
    pub(super) fn field(&mut self) -> Result<Option<(u64, Wire<'a>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let wire = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Malformed),
        };
        match key >> 3 {
            0 => Err(Malformed),
            number => Ok(Some((number, wire))),
        }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for at in 0..10 {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f).checked_shl(7 * at).unwrap_or(0);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }
}

impl<'a> Wire<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    pub(super) fn message(self) -> Result<Message<'a>, Malformed> {
        Ok(Message::new(self.bytes()?))
    }

    pub(super) fn varint(self) -> Result<u64, Malformed> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err(Malformed),
        }
    }

    pub(super) fn fixed64(self) -> Result<u64, Malformed> {
        match self {
            Self::Fixed64(number) => Ok(number),
            _ => Err(Malformed),
        }
    }

    pub(super) fn fixed32(self) -> Result<u32, Malformed> {
        match self {
            Self::Fixed32(number) => Ok(number),
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_all_kinds() {
        let bytes = [0x08, 0x96, 0x01, 0x11, 1, 0, 0, 0, 0, 0, 0, 0, 0x1a, 2, b'h', b'i', 0x25, 7, 0, 0, 0];
        let mut message = Message::new(&bytes);
        assert_eq!(message.field(), Ok(Some((1, Wire::Varint(150)))));
        assert_eq!(message.field(), Ok(Some((2, Wire::Fixed64(1)))));
        assert_eq!(message.field(), Ok(Some((3, Wire::Bytes(b"hi")))));
        assert_eq!(message.field(), Ok(Some((4, Wire::Fixed32(7)))));
        assert_eq!(message.field(), Ok(None));
    }

    #[test]
    fn what_is_no_message_is_told() {
        for bytes in [
            &[0x08][..],
            &[0x80; 11],
            &[0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0x1a, 5, b'h'],
            &[0x0b, 0x0c],
            &[0x02, 0x00],
            &[0x11, 1, 2],
        ] {
            assert_eq!(Message::new(bytes).field(), Err(Malformed), "{bytes:?}");
        }
    }
}
