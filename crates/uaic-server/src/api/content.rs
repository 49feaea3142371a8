//! Contents of artifacts as they go: whole or in part, always as something to keep, never to be run.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use crate::outlet::Outlet;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::mpsc;
use uaic_study::store::{ArtifactRecord, StoreError};

use super::app::Api;
use super::problem::{ApiProblem, Kind};

/// Pieces that wait for the client.
const WAITING: usize = 4;

/// What a name in a header is written with (RFC 8187).
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Which part of a content is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part(Range<u64>),
    /// Behind its end.
    Nothing,
}

/// The response with a content, or with the part that the request's `Range` names.
pub(super) fn send(app: &Arc<Api>, artifact: ArtifactRecord, headers: &HeaderMap) -> Response {
    let size = artifact.size;
    let tag = format!("\"{}\"", artifact.hash);
    if matches(headers, &header::IF_NONE_MATCH, &tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, value(&tag))]).into_response();
    }
    let is_same = headers.get(header::IF_RANGE).is_none() || matches(headers, &header::IF_RANGE, &tag);
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).filter(|_| is_same);
    let (status, range) = match range.map_or(Wanted::Whole, |range| wanted(range, size)) {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Nothing => {
            let problem = ApiProblem::new(Kind::Range, format!("the content has {size} bytes"));
            return ([(header::CONTENT_RANGE, value(&format!("bytes */{size}")))], problem).into_response();
        }
    };
    let mut answer = (status, fixed_headers(&artifact, &tag, &range)).into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        let part = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
        answer.headers_mut().insert(header::CONTENT_RANGE, value(&part));
    }
    *answer.body_mut() = body(app, artifact, range);
    answer
}

fn matches(headers: &HeaderMap, name: &HeaderName, tag: &str) -> bool {
    let given = headers.get(name).and_then(|value| value.to_str().ok());
    given.is_some_and(|given| given.split(',').any(|one| one.trim() == tag))
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

fn fixed_headers(artifact: &ArtifactRecord, tag: &str, range: &Range<u64>) -> [(HeaderName, HeaderValue); 7] {
    let name = artifact.name.rsplit('/').next().unwrap_or_default();
    let is_simple = name.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\%;".contains(&byte));
    let disposition = if is_simple {
        format!("attachment; filename=\"{name}\"")
    } else {
        format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, &PLAIN))
    };
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_LENGTH, HeaderValue::from(range.end.saturating_sub(range.start))),
        (header::CONTENT_DISPOSITION, value(&disposition)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::ETAG, value(tag)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ]
}

/// What a header `Range` asks of a content. Of several parts, and of what is none, the whole is given, as
/// RFC 9110 allows.
fn wanted(range: &str, size: u64) -> Wanted {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Wanted::Whole;
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Wanted::Whole,
    };
    if range.is_empty() { Wanted::Nothing } else { Wanted::Part(range) }
}

fn body(app: &Arc<Api>, artifact: ArtifactRecord, range: Range<u64>) -> Body {
    let (pieces, inbox) = mpsc::channel(WAITING);
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || {
        let mut outlet = Outlet { pieces, buffer: Vec::new() };
        let copied = app
            .store
            .copy_range(&artifact, range, &mut outlet)
            .and_then(|()| outlet.flush().map_err(|source| StoreError::Output { source }));
        // A connection that is cut says that this was not all.
        if let Err(error) = copied {
            if !matches!(error, StoreError::Output { .. }) {
                tracing::error!(target: "uaic::server", "an artifact was not sent whole: {error}");
            }
            let _ = outlet.pieces.blocking_send(Err(io::Error::other(error.to_string())));
        }
    });
    Body::from_stream(stream::unfold(inbox, |mut inbox| async move {
        inbox.recv().await.map(|piece| (piece, inbox))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_they_are_meant() {
        for (range, expected) in [
            ("bytes=0-9", Wanted::Part(0..10)),
            ("bytes=5-", Wanted::Part(5..100)),
            ("bytes=90-1000", Wanted::Part(90..100)),
            ("bytes=-10", Wanted::Part(90..100)),
            ("bytes=-1000", Wanted::Part(0..100)),
            ("bytes=99-99", Wanted::Part(99..100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=0-18446744073709551615", Wanted::Part(0..100)),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=9-5", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
        ] {
            assert_eq!(wanted(range, 100), expected, "{range}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
    }
}
