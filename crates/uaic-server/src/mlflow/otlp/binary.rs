//! Spans in protobuf.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::message::{Malformed, Message, Wire};
use super::span::{Attributes, Event, Group, Link, Span};
use super::value::{float, one};

/// How deep values may be in each other: readers of JSON bear no more.
const DEPTH: usize = 30;

/// Reads an `ExportTraceServiceRequest`.
///
/// # Errors
/// It is none.
pub(super) fn groups(bytes: &[u8]) -> Result<Vec<Group>, Malformed> {
    let mut groups = Vec::new();
    let mut request = Message::new(bytes);
    while let Some((number, wire)) = request.field()? {
        if number == 1 {
            groups.push(group(wire.message()?)?);
        }
    }
    Ok(groups)
}

/// `ResourceSpans`.
fn group(mut message: Message<'_>) -> Result<Group, Malformed> {
    let mut group = Group::default();
    while let Some((number, wire)) = message.field()? {
        match number {
            1 => {
                let mut resource = wire.message()?;
                while let Some((number, wire)) = resource.field()? {
                    if number == 1 {
                        group.resource.push(attribute(wire)?);
                    }
                }
            }
            2 => {
                let mut scope = wire.message()?;
                while let Some((number, wire)) = scope.field()? {
                    if number == 2 {
                        group.spans.push(span(wire.message()?)?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(group)
}

fn span(mut message: Message<'_>) -> Result<Span, Malformed> {
    let mut span = Span::default();
    while let Some((number, wire)) = message.field()? {
        match number {
            1 => span.trace_id = wire.bytes()?.to_vec(),
            2 => span.span_id = wire.bytes()?.to_vec(),
            3 => wire.text()?.clone_into(&mut span.trace_state),
            4 => span.parent_id = wire.bytes()?.to_vec(),
            5 => wire.text()?.clone_into(&mut span.name),
            6 => span.kind = wire.varint()? as i64,
            7 => span.start_ns = wire.fixed64()?,
            8 => span.end_ns = wire.fixed64()?,
            9 => span.attributes.push(attribute(wire)?),
            10 => span.dropped[0] = wire.varint()?,
            11 => span.events.push(event(wire.message()?)?),
            12 => span.dropped[1] = wire.varint()?,
            13 => span.links.push(link(wire.message()?)?),
            14 => span.dropped[2] = wire.varint()?,
            15 => status(wire.message()?, &mut span)?,
            16 => span.flags = wire.fixed32()?,
            _ => {}
        }
    }
    Ok(span)
}

fn status(mut message: Message<'_>, span: &mut Span) -> Result<(), Malformed> {
    while let Some((number, wire)) = message.field()? {
        match number {
            2 => wire.text()?.clone_into(&mut span.message),
            3 => span.status = wire.varint()? as i64,
            _ => {}
        }
    }
    Ok(())
}

fn event(mut message: Message<'_>) -> Result<Event, Malformed> {
    let mut event = Event::default();
    while let Some((number, wire)) = message.field()? {
        match number {
            1 => event.time_ns = wire.fixed64()?,
            2 => wire.text()?.clone_into(&mut event.name),
            3 => event.attributes.push(attribute(wire)?),
            _ => {}
        }
    }
    Ok(event)
}

fn link(mut message: Message<'_>) -> Result<Link, Malformed> {
    let mut link = Link::default();
    while let Some((number, wire)) = message.field()? {
        match number {
            1 => link.trace_id = wire.bytes()?.to_vec(),
            2 => link.span_id = wire.bytes()?.to_vec(),
            3 => wire.text()?.clone_into(&mut link.trace_state),
            4 => link.attributes.push(attribute(wire)?),
            _ => {}
        }
    }
    Ok(link)
}

/// `KeyValue`.
fn attribute(wire: Wire<'_>) -> Result<(String, Value), Malformed> {
    pair(wire, DEPTH)
}

fn pair(wire: Wire<'_>, depth: usize) -> Result<(String, Value), Malformed> {
    let mut message = wire.message()?;
    let (mut key, mut own) = (String::new(), json!({}));
    while let Some((number, wire)) = message.field()? {
        match number {
            1 => wire.text()?.clone_into(&mut key),
            2 => own = value(wire, depth)?,
            _ => {}
        }
    }
    Ok((key, own))
}

/// `AnyValue`.
fn value(wire: Wire<'_>, depth: usize) -> Result<Value, Malformed> {
    let depth = depth.checked_sub(1).ok_or(Malformed)?;
    let mut message = wire.message()?;
    let mut own = json!({});
    while let Some((number, wire)) = message.field()? {
        own = match number {
            1 => one("string_value", wire.text()?.into()),
            2 => one("bool_value", (wire.varint()? != 0).into()),
            3 => one("int_value", (wire.varint()? as i64).into()),
            4 => one("double_value", float(f64::from_bits(wire.fixed64()?))),
            5 => one("array_value", one("values", values(wire, depth)?.into())),
            6 => {
                let pair = |(key, value): (String, Value)| json!({ "key": key, "value": value });
                one("kvlist_value", one("values", pairs(wire, depth)?.into_iter().map(pair).collect()))
            }
            7 => one("bytes_value", STANDARD.encode(wire.bytes()?).into()),
            _ => own,
        };
    }
    Ok(own)
}

fn values(wire: Wire<'_>, depth: usize) -> Result<Vec<Value>, Malformed> {
    let mut message = wire.message()?;
    let mut all = Vec::new();
    while let Some((number, wire)) = message.field()? {
        if number == 1 {
            all.push(value(wire, depth)?);
        }
    }
    Ok(all)
}

fn pairs(wire: Wire<'_>, depth: usize) -> Result<Attributes, Malformed> {
    let mut message = wire.message()?;
    let mut all = Vec::new();
    while let Some((number, wire)) = message.field()? {
        if number == 1 {
            all.push(pair(wire, depth)?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut whole = vec![number << 3 | 2];
        let mut length = bytes.len();
        while length >= 0x80 {
            whole.push(length as u8 | 0x80);
            length >>= 7;
        }
        whole.push(length as u8);
        whole.extend_from_slice(bytes);
        whole
    }

    fn request(span: &[u8]) -> Vec<u8> {
        field(1, &field(2, &field(2, span)))
    }

    #[test]
    fn a_span_is_read_whole() {
        let text = field(2, &field(1, b"x"));
        let mut span = [field(1, &[1; 16]), field(2, &[2; 8]), field(5, "größe".as_bytes())].concat();
        span.extend(field(9, &[field(1, b"a"), text].concat()));
        span.extend([0x39, 1, 0, 0, 0, 0, 0, 0, 0, 0x41, 9, 0, 0, 0, 0, 0, 0, 0]);
        span.extend(field(15, &[field(2, b"bad"), vec![0x18, 2]].concat()));
        let groups = groups(&request(&span)).unwrap();
        let span = &groups[0].spans[0];
        assert_eq!((span.name.as_str(), span.start_ns, span.end_ns), ("größe", 1, 9));
        assert_eq!((span.status, span.message.as_str()), (2, "bad"));
        assert_eq!(span.attributes, [("a".to_owned(), json!({"string_value": "x"}))]);
        let record = span.record(&Vec::new()).unwrap();
        assert_eq!(record.trace, format!("tr-{}", "01".repeat(16)));
        assert_eq!(record.status, "ERROR");
        assert!(serde_json::from_str::<Value>(&record.content).is_ok());
    }

    #[test]
    fn depth_has_an_end() {
        let nested = |depth: usize| {
            let mut value = field(1, b"x");
            for _ in 0..depth {
                value = field(5, &field(1, &value));
            }
            request(&field(9, &field(2, &value)))
        };
        assert!(groups(&nested(10)).is_ok());
        let deepest = groups(&nested(DEPTH - 1)).unwrap().remove(0).spans.remove(0);
        let whole = Span { trace_id: vec![1], span_id: vec![1], ..deepest };
        let content = whole.record(&Vec::new()).unwrap().content;
        assert!(serde_json::from_str::<Value>(&content).is_ok(), "readers bear it");
        assert_eq!(groups(&nested(DEPTH)), Err(Malformed));
        assert_eq!(groups(&nested(5_000)), Err(Malformed));
    }

    #[test]
    fn no_bytes_bring_it_down() {
        let good = request(&[field(1, &[1; 16]), field(2, &[2; 8]), field(9, &field(1, b"a"))].concat());
        for at in 0..good.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] = byte;
                let _ = groups(&bad);
            }
            let _ = groups(&good[..at]);
        }
    }
}
