//! A span, however it came.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::traces::{cut_pair, preview};
use super::value::{one, text};
use uaic_study::store::tracking::SpanRecord;

/// The attribute that says of what kind a span is.
const KIND: &str = "mlflow.spanType";
/// The attributes of what was asked and answered.
const INPUTS: &str = "mlflow.spanInputs";
const OUTPUTS: &str = "mlflow.spanOutputs";
/// What attributes begin with that are tags of the trace.
const TAG: &str = "mlflow.traceTag.";
/// Attributes that say something of the whole trace, and its metadata for that.
const OF_TRACE: [(&str, &str); 3] = [
    ("session.id", "mlflow.trace.session"),
    ("gen_ai.conversation.id", "mlflow.trace.session"),
    ("user.id", "mlflow.trace.user"),
];

/// Keys and values.
pub(super) type Attributes = Vec<(String, Value)>;

/// A span.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::struct_field_names, reason = "names of the protocol")]
pub(super) struct Span {
    pub(super) trace_id: Vec<u8>,
    pub(super) span_id: Vec<u8>,
    pub(super) parent_id: Vec<u8>,
    pub(super) trace_state: String,
    pub(super) name: String,
    pub(super) kind: i64,
    pub(super) flags: u32,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) attributes: Attributes,
    pub(super) events: Vec<Event>,
    pub(super) links: Vec<Link>,
    /// 0 is unset, 1 is well, 2 is an error.
    pub(super) status: i64,
    pub(super) message: String,
    /// How many attributes, events and links the sender has left out.
    pub(super) dropped: [u64; 3],
}

/// What happened in a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Event {
    pub(super) time_ns: u64,
    pub(super) name: String,
    pub(super) attributes: Attributes,
}

/// Another span that has to do with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Link {
    pub(super) trace_id: Vec<u8>,
    pub(super) span_id: Vec<u8>,
    pub(super) trace_state: String,
    pub(super) attributes: Attributes,
}

/// Spans of one source.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Group {
    pub(super) resource: Attributes,
    pub(super) spans: Vec<Span>,
}

fn list(attributes: &Attributes) -> Value {
    attributes.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// An id of so many bytes as digits; `None` where it is none.
fn hex<const N: usize>(id: &[u8]) -> Option<String> {
    if id.is_empty() || id.len() > N || id.iter().all(|byte| *byte == 0) {
        return None;
    }
    let mut digits = "00".repeat(N - id.len());
    for byte in id {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
    }
    Some(digits)
}

impl Span {
    /// The span as it is kept; `None` where it has no ids.
    pub(super) fn record(&self, resource: &Attributes) -> Option<SpanRecord> {
        let trace = format!("tr-{}", hex::<16>(&self.trace_id)?);
        let id = hex::<8>(&self.span_id)?;
        let parent = hex::<8>(&self.parent_id);
        let of =
            |name: &str| self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| text(value));
        let is_root = parent.is_none();
        let named = |(from, to): (&str, &str)| Some(cut_pair(to, &of(from)?));
        Some(SpanRecord {
            trace,
            id,
            kind: of(KIND).filter(|kind| !kind.is_empty()).unwrap_or_else(|| "UNKNOWN".to_owned()),
            status: ["UNSET", "OK", "ERROR"].get(self.status as usize).copied().unwrap_or("UNSET"),
            start_ns: self.start_ns,
            end_ns: Some(self.end_ns).filter(|end| *end > 0),
            request: of(INPUTS).filter(|_| is_root).map(|text| preview(&text)),
            response: of(OUTPUTS).filter(|_| is_root).map(|text| preview(&text)),
            tags: self.tags(resource, is_root),
            metadata: OF_TRACE.into_iter().filter_map(named).collect(),
            content: self.content(),
            name: self.name.clone(),
            parent,
        })
    }

    /// The tags that its trace gets with it: of its source, and, where it is the whole, its own.
    fn tags(&self, resource: &Attributes, is_root: bool) -> Vec<(String, String)> {
        if !is_root {
            return Vec::new();
        }
        let is_internal = |key: &str| key.starts_with("telemetry.sdk.") || key.starts_with("mlflow.");
        let of_source = resource.iter().filter(|(key, _)| !is_internal(key));
        let own = self.attributes.iter().filter_map(|(key, value)| Some((key.strip_prefix(TAG)?, value)));
        of_source
            .map(|(key, value)| (key.as_str(), value))
            .chain(own)
            .map(|(key, value)| cut_pair(key, &text(value)))
            .collect()
    }

    /// All of it, as readers get it.
    fn content(&self) -> String {
        let mut whole = Map::new();
        let mut put = |name: &str, value: Value| {
            whole.insert(name.to_owned(), value);
        };
        put("trace_id", padded::<16>(&self.trace_id));
        put("span_id", padded::<8>(&self.span_id));
        if hex::<8>(&self.parent_id).is_some() {
            put("parent_span_id", padded::<8>(&self.parent_id));
        }
        put("name", self.name.as_str().into());
        put("start_time_unix_nano", self.start_ns.into());
        put("end_time_unix_nano", self.end_ns.into());
        put("attributes", list(&self.attributes));
        put("status", json!({ "code": self.status, "message": self.message }));
        if !self.trace_state.is_empty() {
            put("trace_state", self.trace_state.as_str().into());
        }
        let [attributes, events, links] = self.dropped;
        for (name, number) in [
            ("kind", self.kind.unsigned_abs()),
            ("flags", self.flags.into()),
            ("dropped_attributes_count", attributes),
            ("dropped_events_count", events),
            ("dropped_links_count", links),
        ] {
            if number > 0 {
                put(name, number.into());
            }
        }
        if !self.events.is_empty() {
            put("events", self.events.iter().map(Event::content).collect());
        }
        if !self.links.is_empty() {
            put("links", self.links.iter().map(Link::content).collect());
        }
        Value::Object(whole).to_string()
    }
}

/// An id in base64, at its full length.
fn padded<const N: usize>(id: &[u8]) -> Value {
    let mut whole = vec![0; N.saturating_sub(id.len())];
    whole.extend_from_slice(id);
    STANDARD.encode(whole).into()
}

impl Event {
    fn content(&self) -> Value {
        json!({ "time_unix_nano": self.time_ns, "name": self.name, "attributes": list(&self.attributes) })
    }
}

impl Link {
    fn content(&self) -> Value {
        let mut whole = one("attributes", list(&self.attributes));
        if let Value::Object(map) = &mut whole {
            map.insert("trace_id".to_owned(), padded::<16>(&self.trace_id));
            map.insert("span_id".to_owned(), padded::<8>(&self.span_id));
            if !self.trace_state.is_empty() {
                map.insert("trace_state".to_owned(), self.trace_state.as_str().into());
            }
        }
        whole
    }
}
