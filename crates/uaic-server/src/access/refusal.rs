//! Why a request is not taken, in the words that its client understands.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::json;

use super::origin::Foreign;
use super::role::Need;

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It does not say who asks.
    Anonymous,
    /// Who it says to be is not known, or cannot prove it.
    Unknown,
    /// Who asks may not.
    Role { name: String, need: Need },
    /// Nobody may change anything.
    ReadOnly,
    /// The token is for some experiments, and this is about all.
    Scope { name: String },
    /// It is for another server, or from another's page.
    Foreign(Foreign),
    /// Too many came, or failed, before it.
    Often(Duration),
    /// Too many are being looked at.
    Busy,
    /// The route does not take this method.
    Method(Method),
    /// Nobody has said who may.
    Undeclared,
    /// Who may cannot be looked up.
    Failed(String),
}

/// How a client wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// JSON, as clients of MLflow read it.
    Json,
    /// JSON as RFC 9457 has it: our own interface.
    Problem,
    /// A status of gRPC.
    Grpc,
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

impl Voice {
    /// How the client of a request wants to be told.
    pub(super) fn of(path: &str, headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        match path {
            _ if kind.starts_with(b"application/grpc") => Self::Grpc,
            _ if path.starts_with("/api/v1/") => Self::Problem,
            _ => Self::Json,
        }
    }
}

impl Refusal {
    /// MLflow's name for it, the status over HTTP, and that of gRPC.
    fn codes(&self) -> (&'static str, StatusCode, u16) {
        match self {
            Self::Anonymous | Self::Unknown => ("UNAUTHENTICATED", StatusCode::UNAUTHORIZED, 16),
            Self::Role { .. } | Self::ReadOnly | Self::Scope { .. } | Self::Foreign(_) | Self::Undeclared => {
                ("PERMISSION_DENIED", StatusCode::FORBIDDEN, 7)
            }
            Self::Often(_) => ("REQUEST_LIMIT_EXCEEDED", StatusCode::TOO_MANY_REQUESTS, 8),
            Self::Busy => ("TEMPORARILY_UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE, 14),
            Self::Method(_) => ("ENDPOINT_NOT_FOUND", StatusCode::METHOD_NOT_ALLOWED, 12),
            Self::Failed(_) => ("INTERNAL_ERROR", StatusCode::INTERNAL_SERVER_ERROR, 13),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Anonymous => "who asks? this server has users: set MLFLOW_TRACKING_USERNAME and \
                                MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
                .to_owned(),
            Self::Unknown => {
                "the name, the password or the token is not right; a token may have expired".to_owned()
            }
            Self::Role { name, need } => {
                let role = need.role().map_or("nobody", super::Role::name);
                format!(
                    "`{name}` may not do this, which needs the role {role}; an admin gives it: \
                     `uaic server user role NAME --role {role}`"
                )
            }
            Self::ReadOnly => "this server only shows: it runs with `--read-only`".to_owned(),
            Self::Scope { name } => format!(
                "the token `{name}` is for some experiments only, and what this asks for is not of one of them"
            ),
            Self::Foreign(Foreign::Host(host)) => format!(
                "this server is not called `{}`; `--allow-host NAME` tells it a name of its own",
                shown(host)
            ),
            Self::Foreign(Foreign::Origin(origin)) => {
                format!("pages of `{}` may change nothing here; `--allow-origin` lets them", shown(origin))
            }
            Self::Often(wait) => format!("too often; try again in {} s", seconds(*wait)),
            Self::Busy => "too many log in at once; try again".to_owned(),
            Self::Method(method) => format!("this endpoint does not take {method}"),
            Self::Undeclared => "nobody may do this: no role is declared for it".to_owned(),
            Self::Failed(why) => why.clone(),
        }
    }

    /// The answer.
    pub(super) fn answer(&self, voice: Voice) -> Response {
        match voice {
            Voice::Grpc => self.as_status(),
            Voice::Json => self.as_json(),
            Voice::Problem => self.as_problem(),
        }
    }

    fn as_json(&self) -> Response {
        let body = json!({"error_code": self.codes().0, "message": self.message()});
        self.with_body("application/json", &body)
    }

    fn as_problem(&self) -> Response {
        let (name, status, _) = self.codes();
        let body = json!({
            "type": format!("urn:uaic:problem:{}", name.to_ascii_lowercase().replace('_', "-")),
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.message(),
        });
        self.with_body("application/problem+json", &body)
    }

    fn with_body(&self, kind: &'static str, body: &serde_json::Value) -> Response {
        let mut response = (self.codes().1, [(CONTENT_TYPE, kind)], body.to_string()).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Anonymous | Self::Unknown => {
                headers.insert(
                    WWW_AUTHENTICATE,
                    HeaderValue::from_static("Basic realm=\"uaic\", charset=\"UTF-8\""),
                );
            }
            Self::Often(wait) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds(*wait)));
            }
            Self::Busy => {
                headers.insert(RETRY_AFTER, HeaderValue::from(1));
            }
            _ => {}
        }
        response
    }

    /// A status alone, which is an answer with 200 and no message.
    fn as_status(&self) -> Response {
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(GRPC_STATUS, HeaderValue::from(self.codes().2));
        let message = utf8_percent_encode(&self.message(), ESCAPED).to_string();
        if let Ok(message) = HeaderValue::from_str(&message) {
            headers.insert(GRPC_MESSAGE, message);
        }
        response
    }
}

/// A wait in whole seconds, at least one.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs_f64().ceil().max(1.0) as u64
}

/// What a client sent, short and in one line.
fn shown(text: &str) -> String {
    text.chars().take(100).flat_map(char::escape_debug).collect()
}
