//! What is known of a request before it is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue};
use uuid::Uuid;

use super::route::{Route, declared};

/// The header with the id of a request, in both directions.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// Longest id of a request that is taken over.
const LONGEST_ID: usize = 128;

/// What is known of a request before it is read.
#[derive(Clone, Debug)]
pub(super) struct RequestContext {
    /// The client's, or a new one, which begins with the time.
    pub(super) id: Arc<str>,
    /// The trace id of `traceparent` (W3C Trace Context).
    pub(super) trace: Option<String>,
    /// The path as routes are declared.
    pub(super) route: &'static str,
    pub(super) start: Instant,
    /// Milliseconds since 1970 UTC.
    pub(super) at_ms: i64,
}

impl RequestContext {
    pub(super) fn new(request: &Request, ids: &RequestIds, routes: &'static [Route]) -> Self {
        let at_ms = jiff::Timestamp::now().as_millisecond();
        let matched = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let headers = request.headers();
        Self {
            id: own_id(headers).map_or_else(|| ids.next(at_ms).into(), Into::into),
            trace: headers.get("traceparent").and_then(trace_id).map(ToOwned::to_owned),
            route: declared(routes, matched),
            start: Instant::now(),
            at_ms,
        }
    }
}

/// Makes ids of requests without asking the system for anything: UUIDs of version 7 (RFC 9562), which
/// begin with the time; their random part is a keyed hash of a counter.
pub(super) struct RequestIds {
    key: [u8; 32],
    count: AtomicU64,
}

impl RequestIds {
    /// With a key of this process.
    pub(super) fn new() -> Self {
        Self { key: *blake3::hash(Uuid::new_v4().as_bytes()).as_bytes(), count: AtomicU64::new(0) }
    }

    fn next(&self, at_ms: i64) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let hash = blake3::keyed_hash(&self.key, &count.to_le_bytes());
        let random = hash.as_bytes().first_chunk().copied().unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(at_ms.unsigned_abs(), &random);
        id.into_uuid().to_string()
    }
}

/// The client's id, where it is one that may stand in headers, logs and tables.
fn own_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_fit = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_fit.then_some(id)
}

/// The trace id of `00-TRACE-PARENT-FLAGS`, where it is well-formed and not zero.
fn trace_id(value: &HeaderValue) -> Option<&str> {
    let mut parts = value.to_str().ok()?.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, digits: usize| {
        text.len() == digits
            && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_whole = is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let is_fit = is_whole && version != "ff" && !is_zero(trace) && !is_zero(parent);
    // Later versions may have more parts, this one has not.
    (is_fit && (version != "00" || parts.next().is_none())).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_clients_are_taken_where_they_are_harmless() {
        let id = |text: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(text).unwrap());
            own_id(&headers).map(ToOwned::to_owned)
        };
        assert_eq!(id(b"abc-1:2").as_deref(), Some("abc-1:2"));
        for text in ["", "a b", "caf\u{e9}", &"x".repeat(129)] {
            assert_eq!(id(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn new_ids_are_uuids_of_version_7_in_order_of_time() {
        let ids = RequestIds::new();
        let all: Vec<String> = (1..200).map(|ms| ids.next(1_795_881_231_000 + ms)).collect();
        assert!(all.is_sorted() && all.iter().collect::<std::collections::HashSet<_>>().len() == all.len());
        assert!(all.iter().all(|id| Uuid::parse_str(id).unwrap().get_version_num() == 7));
        assert_ne!(RequestIds::new().next(5), RequestIds::new().next(5));
    }

    #[test]
    fn traces_are_those_of_the_w3c() {
        let trace = |text| trace_id(&HeaderValue::from_static(text)).map(ToOwned::to_owned);
        let whole = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace(whole).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        for text in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        ] {
            assert_eq!(trace(text), None, "{text}");
        }
    }
}
