//! Unary gRPC over HTTP/2: a message in each direction, behind a flag and its length; the status comes
//! last, or alone.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::status::{Code, Status};

/// Bytes before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// The longest request. Optuna's own server takes 4 MiB; attributes may be larger than that.
const LONGEST: usize = 64 << 20;

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const ACCEPTED: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// What a status message writes as `%XX`.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// Whether a request is one of gRPC, with messages of any encoding.
pub(super) fn is_grpc(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let rest = kind.strip_prefix(GRPC.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"+") || rest.starts_with(b";"))
}

/// The answer to a request that is none.
pub(super) fn no_grpc() -> Response {
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "this address takes gRPC: `GrpcStorageProxy` of Optuna speaks it\n")
        .into_response()
}

/// The message of a request.
pub(super) async fn message(request: Request) -> Result<Bytes, Status> {
    let body = Limited::new(request.into_body(), PREFIX + LONGEST).collect().await;
    let mut bytes = body.map_err(|error| broken(&*error))?.to_bytes();
    let Some(&[flag, length @ ..]) = bytes.first_chunk::<PREFIX>() else {
        return Err(Status::new(Code::Internal, "the request has no message"));
    };
    if flag != 0 {
        return Err(Status::new(Code::Unimplemented, "messages must not be compressed"));
    }
    let message = bytes.split_off(PREFIX);
    if message.len() != u32::from_be_bytes(length) as usize {
        return Err(Status::new(Code::Internal, "the request does not have the length that it says"));
    }
    Ok(message)
}

fn broken(error: &(dyn std::error::Error + 'static)) -> Status {
    if error.is::<LengthLimitError>() {
        let message = format!("a message has at most {LONGEST} bytes");
        return Status::new(Code::ResourceExhausted, message);
    }
    Status::new(Code::Internal, "the request has ended before its message")
}

/// The response with a message, or with why there is none.
pub(super) fn reply(message: Result<Vec<u8>, Status>) -> Response {
    let mut response = match message {
        Ok(message) => {
            let mut trailers = HeaderMap::new();
            trailers.insert(GRPC_STATUS, HeaderValue::from(Code::Ok as u16));
            Response::new(Body::new(
                Full::new(Bytes::from(message)).with_trailers(async { Some(Ok(trailers)) }),
            ))
        }
        Err(status) => alone(&status),
    };
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response.headers_mut().insert(ACCEPTED, HeaderValue::from_static("identity"));
    response
}

/// A status without a message is in the head.
fn alone(status: &Status) -> Response {
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(GRPC_STATUS, HeaderValue::from(status.code as u16));
    let message = utf8_percent_encode(&status.message, ESCAPED).to_string();
    if let Ok(message) = HeaderValue::try_from(message) {
        response.headers_mut().insert(GRPC_MESSAGE, message);
    }
    response
}

/// A message behind its prefix, which is written into the room that was left for it.
pub(super) fn close(mut buffer: Vec<u8>) -> Result<Vec<u8>, Status> {
    let length = u32::try_from(buffer.len().saturating_sub(PREFIX))
        .map_err(|_| Status::new(Code::ResourceExhausted, "the answer is longer than a message can be"))?;
    if let Some([flag, rest @ ..]) = buffer.first_chunk_mut::<PREFIX>() {
        *flag = 0;
        *rest = length.to_be_bytes();
    }
    Ok(buffer)
}

/// An empty buffer, with room for a prefix.
pub(super) fn open() -> Vec<u8> {
    vec![0; PREFIX]
}
