//! The few messages of ONNX (onnx.proto, IR version 8) that a model is made of, written as protocol
//! buffers by hand: five wire rules are less than a compiler for them.

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn key(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    /// A whole number.
    pub(super) fn int(mut self, field: u32, value: i64) -> Self {
        self.key(field, 0);
        self.varint(value as u64);
        self
    }

    /// A 32-bit float.
    pub(super) fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Bytes, or a text.
    pub(super) fn bytes(mut self, field: u32, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    /// A message in this one.
    pub(super) fn message(self, field: u32, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// As many of something as there are values.
    pub(super) fn each<T>(
        self,
        values: impl IntoIterator<Item = T>,
        write: impl Fn(Self, T) -> Self,
    ) -> Self {
        values.into_iter().fold(self, write)
    }
}

/// `TensorProto.DataType`
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Float = 1,
    Int32 = 6,
    Int64 = 7,
}

/// `TensorProto`: its values as little-endian bytes.
pub(super) fn tensor(name: &str, kind: Type, shape: &[usize], raw: &[u8]) -> Message {
    Message::default()
        .each(shape, |message, size| message.int(1, *size as i64))
        .int(2, kind as i64)
        .bytes(8, name)
        .bytes(9, raw)
}

/// A dimension of an input or output.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dimension {
    /// Whatever it is, it has this name.
    Named(&'static str),
    /// Always this.
    Fixed(usize),
}

/// `ValueInfoProto`
pub(super) fn value_info(name: &str, kind: Type, shape: &[Dimension], doc: &str) -> Message {
    let dimensions = Message::default().each(shape, |message, dimension| {
        let dimension = match *dimension {
            Dimension::Fixed(size) => Message::default().int(1, size as i64),
            Dimension::Named(name) => Message::default().bytes(2, name),
        };
        message.message(1, &dimension)
    });
    let tensor = Message::default().int(1, kind as i64).message(2, &dimensions);
    Message::default().bytes(1, name).message(2, &Message::default().message(1, &tensor)).bytes(3, doc)
}

/// The value of an attribute of a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attribute<'a> {
    Float(f32),
    Int(i64),
    Ints(&'a [i64]),
    Text(&'a str),
}

/// `NodeProto`
pub(super) fn node(
    operator: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: &[(&str, Attribute<'_>)],
) -> Message {
    Message::default()
        .each(inputs, |message, input| message.bytes(1, input))
        .each(outputs, |message, output| message.bytes(2, output))
        .bytes(4, operator)
        .each(attributes, |message, (name, value)| message.message(5, &attribute(name, *value)))
}

/// `AttributeProto`; field 20 says which of the others counts.
fn attribute(name: &str, value: Attribute<'_>) -> Message {
    let message = Message::default().bytes(1, name);
    match value {
        Attribute::Float(value) => message.float(2, value).int(20, 1),
        Attribute::Int(value) => message.int(3, value).int(20, 2),
        Attribute::Text(value) => message.bytes(4, value).int(20, 3),
        Attribute::Ints(values) => message.each(values, |message, value| message.int(8, *value)).int(20, 7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_format_is_that_of_the_specification() {
        // https://protobuf.dev/programming-guides/encoding: 150 in field 1, "testing" in field 2.
        assert_eq!(Message::default().int(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        let text = [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67];
        assert_eq!(Message::default().bytes(2, "testing").into_bytes(), text);
        let negative = Message::default().int(1, -1).into_bytes();
        assert_eq!((negative.len(), negative[10]), (11, 0x01));
        assert_eq!(Message::default().float(2, 1.0).into_bytes(), [0x15, 0, 0, 0x80, 0x3f]);
        assert_eq!(Message::default().int(20, 2).into_bytes(), [0xa0, 0x01, 0x02]);
    }
}
