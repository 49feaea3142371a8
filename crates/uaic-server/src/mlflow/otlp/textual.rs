//! Spans in JSON, where ids are hexadecimal digits.

use serde_json::{Value, json};

use super::super::wire::{Fields, Problem};
use super::span::{Attributes, Event, Group, Link, Span};
use super::value::{float, one};

/// Reads an `ExportTraceServiceRequest`.
///
/// # Errors
/// It is none.
pub(super) fn groups(fields: &Fields<'_>) -> Result<Vec<Group>, Problem> {
    fields.objects("resource_spans")?.iter().map(group).collect()
}

fn group(fields: &Fields<'_>) -> Result<Group, Problem> {
    let mut group = Group::default();
    if let Some(resource) = fields.object("resource")? {
        group.resource = attributes(&resource)?;
    }
    for scope in fields.objects("scope_spans")? {
        for own in scope.objects("spans")? {
            group.spans.push(span(&own)?);
        }
    }
    Ok(group)
}

fn id(fields: &Fields<'_>, name: &str) -> Result<Vec<u8>, Problem> {
    let text = fields.text_or_empty(name)?;
    let refused = || fields.refuse(name, "it is not hexadecimal");
    if text.len() % 2 == 1 || text.len() > 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(refused());
    }
    let byte = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).unwrap_or_default();
        u8::from_str_radix(digits, 16).map_err(|_| refused())
    };
    text.as_bytes().chunks(2).map(byte).collect()
}

fn nanoseconds(fields: &Fields<'_>, name: &str) -> Result<u64, Problem> {
    let ns = fields.integer(name)?.unwrap_or(0);
    u64::try_from(ns).map_err(|_| fields.refuse(name, "it is negative"))
}

fn span(fields: &Fields<'_>) -> Result<Span, Problem> {
    let kinds = [
        ("SPAN_KIND_UNSPECIFIED", 0, 0),
        ("SPAN_KIND_INTERNAL", 1, 1),
        ("SPAN_KIND_SERVER", 2, 2),
        ("SPAN_KIND_CLIENT", 3, 3),
        ("SPAN_KIND_PRODUCER", 4, 4),
        ("SPAN_KIND_CONSUMER", 5, 5),
    ];
    let states = [("STATUS_CODE_UNSET", 0, 0), ("STATUS_CODE_OK", 1, 1), ("STATUS_CODE_ERROR", 2, 2)];
    let (mut status, mut message) = (0, String::new());
    if let Some(own) = fields.object("status")? {
        status = own.choice("code", &states)?.unwrap_or(0);
        own.text_or_empty("message")?.clone_into(&mut message);
    }
    let dropped = |name: &str| -> Result<u64, Problem> { nanoseconds(fields, name) };
    Ok(Span {
        trace_id: id(fields, "trace_id")?,
        span_id: id(fields, "span_id")?,
        parent_id: id(fields, "parent_span_id")?,
        trace_state: fields.text_or_empty("trace_state")?.to_owned(),
        name: fields.text_or_empty("name")?.to_owned(),
        kind: fields.choice("kind", &kinds)?.unwrap_or(0),
        flags: u32::try_from(fields.integer("flags")?.unwrap_or(0)).unwrap_or(0),
        start_ns: nanoseconds(fields, "start_time_unix_nano")?,
        end_ns: nanoseconds(fields, "end_time_unix_nano")?,
        attributes: attributes(fields)?,
        events: fields.objects("events")?.iter().map(event).collect::<Result<_, _>>()?,
        links: fields.objects("links")?.iter().map(link).collect::<Result<_, _>>()?,
        status,
        message,
        dropped: [
            dropped("dropped_attributes_count")?,
            dropped("dropped_events_count")?,
            dropped("dropped_links_count")?,
        ],
    })
}

fn event(fields: &Fields<'_>) -> Result<Event, Problem> {
    Ok(Event {
        time_ns: nanoseconds(fields, "time_unix_nano")?,
        name: fields.text_or_empty("name")?.to_owned(),
        attributes: attributes(fields)?,
    })
}

fn link(fields: &Fields<'_>) -> Result<Link, Problem> {
    Ok(Link {
        trace_id: id(fields, "trace_id")?,
        span_id: id(fields, "span_id")?,
        trace_state: fields.text_or_empty("trace_state")?.to_owned(),
        attributes: attributes(fields)?,
    })
}

fn attributes(fields: &Fields<'_>) -> Result<Attributes, Problem> {
    fields.objects("attributes")?.iter().map(pair).collect()
}

fn pair(fields: &Fields<'_>) -> Result<(String, Value), Problem> {
    let own = match fields.object("value")? {
        Some(own) => value(&own)?,
        None => json!({}),
    };
    Ok((fields.text_or_empty("key")?.to_owned(), own))
}

/// `AnyValue`. It is no deeper than JSON may be.
fn value(fields: &Fields<'_>) -> Result<Value, Problem> {
    if let Some(text) = fields.text("string_value")? {
        return Ok(one("string_value", text.into()));
    }
    if let Some(truth) = fields.boolean("bool_value")? {
        return Ok(one("bool_value", truth.into()));
    }
    if let Some(number) = fields.integer("int_value")? {
        return Ok(one("int_value", number.into()));
    }
    if fields.any("double_value")?.is_some() {
        return Ok(one("double_value", float(fields.needed_number("double_value")?)));
    }
    if let Some(bytes) = fields.text("bytes_value")? {
        return Ok(one("bytes_value", bytes.into()));
    }
    if let Some(array) = fields.object("array_value")? {
        let values = array.objects("values")?.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        return Ok(one("array_value", one("values", values.into())));
    }
    if let Some(list) = fields.object("kvlist_value")? {
        let pairs = list.objects("values")?.iter().map(pair).collect::<Result<Vec<_>, _>>()?;
        let shaped = |(key, value): (String, Value)| json!({ "key": key, "value": value });
        return Ok(one("kvlist_value", one("values", pairs.into_iter().map(shaped).collect())));
    }
    Ok(json!({}))
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::of_body;
    use super::*;

    #[test]
    fn ids_are_digits_and_numbers_may_be_texts() {
        let body = json!({"resourceSpans": [{"resource": {"attributes": [{"key": "service.name",
            "value": {"stringValue": "shop"}}]}, "scopeSpans": [{"spans": [{
                "traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "00000000000000ff", "name": "root",
                "kind": "SPAN_KIND_SERVER", "startTimeUnixNano": "1700000000000000001", "endTimeUnixNano": 5,
                "attributes": [{"key": "n", "value": {"intValue": "7"}},
                    {"key": "l", "value": {"arrayValue": {"values": [{"boolValue": true}, {"doubleValue": 0.5}]}}}],
                "status": {"code": 1}}]}]}]});
        let read = of_body(body.to_string().as_bytes()).unwrap();
        let groups = groups(&read.fields()).unwrap();
        let span = &groups[0].spans[0];
        assert_eq!((span.kind, span.start_ns, span.status), (2, 1_700_000_000_000_000_001, 1));
        assert_eq!(span.attributes[0].1, json!({"int_value": 7}));
        let record = span.record(&groups[0].resource).unwrap();
        assert_eq!((record.id.as_str(), record.status), ("00000000000000ff", "OK"));
        assert_eq!(record.tags, [("service.name".to_owned(), "shop".to_owned())]);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for span in [
            json!({"traceId": "xyz"}),
            json!({"traceId": "abc"}),
            json!({"startTimeUnixNano": -1}),
            json!({"kind": "BOGUS"}),
            json!({"attributes": {}}),
            json!({"name": 1}),
        ] {
            let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string();
            assert!(groups(&of_body(body.as_bytes()).unwrap().fields()).is_err(), "{body}");
        }
    }
}
