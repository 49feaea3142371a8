//! Requests of which everything is in fields: of a body, or a query, and of the path.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::fields::{Fields, Source};
use super::{Code, Problem, query};

/// Bytes of a body. A batch of a thousand metrics has some hundred thousand.
const BODY: usize = 32 << 20;

/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a request says, before anything of it is looked at.
pub(in crate::mlflow) struct Parts {
    method: Method,
    query: String,
    body: Bytes,
    path: Vec<(String, String)>,
}

/// A request that has been read: what its fields are borrowed from.
pub(in crate::mlflow) struct Read {
    map: Map<String, Value>,
    source: Source,
}

impl Parts {
    /// Takes a request, its body whole.
    ///
    /// # Errors
    /// The body is too large, of another type than JSON, or has not come whole.
    pub(in crate::mlflow) async fn of(
        method: Method,
        headers: &HeaderMap,
        query: Option<&str>,
        path: Vec<(String, String)>,
        body: Body,
    ) -> Result<Self, Problem> {
        let whole = tokio::time::timeout(PATIENCE, Limited::new(body, BODY).collect()).await;
        let whole = whole.map_err(|_| Problem::new(Code::BadRequest, "the body did not come in time"))?;
        let body = whole.map_err(|error| {
            let why = if error.is::<LengthLimitError>() {
                format!("the body has more than {BODY} bytes")
            } else {
                format!("the body did not come whole: {error}")
            };
            Problem::new(Code::BadRequest, why)
        })?;
        let body = body.to_bytes();
        if method != Method::GET {
            check_type(headers, &body)?;
        }
        Ok(Self { method, query: query.unwrap_or_default().to_owned(), body, path })
    }
}

/// That a body says to be JSON.
fn check_type(headers: &HeaderMap, body: &Bytes) -> Result<(), Problem> {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = named.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    match essence {
        Some(kind) if kind.eq_ignore_ascii_case("application/json") => Ok(()),
        None if body.is_empty() => Ok(()),
        _ => Err(Problem::new(
            Code::BadRequest,
            "Bad Request. Content-Type must be application/json; the request has another",
        )),
    }
}

/// Reads the fields of a request: of a GET in its query, of all others in their body; those of the path win.
///
/// # Errors
/// The body is no JSON object.
pub(in crate::mlflow) fn read(parts: Parts) -> Result<Read, Problem> {
    let (mut map, source) = if parts.method == Method::GET {
        (query::read(&parts.query)?, Source::Query)
    } else {
        (object(&parts.body)?, Source::Body)
    };
    for (name, value) in parts.path {
        map.remove(&super::fields::camel_case(&name));
        map.insert(name, Value::String(value));
    }
    Ok(Read { map, source })
}

/// Reads the fields of a query alone.
///
/// # Errors
/// It is no text.
pub(in crate::mlflow) fn of_query(text: &str) -> Result<Read, Problem> {
    Ok(Read { map: query::read(text)?, source: Source::Query })
}

/// Reads the fields of a body alone.
///
/// # Errors
/// It is no JSON object.
pub(in crate::mlflow) fn of_body(body: &[u8]) -> Result<Read, Problem> {
    Ok(Read { map: object(body)?, source: Source::Body })
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let refused = |what: &str| Problem::new(Code::BadRequest, format!("the body is {what}"));
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let read = |bytes: &[u8]| -> Result<Value, Problem> {
        serde_json::from_slice(bytes).map_err(|error| refused(&format!("no JSON: {error}")))
    };
    // Old clients write JSON into a text of JSON.
    let value = match read(body)? {
        Value::String(text) => read(text.as_bytes())?,
        other => other,
    };
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(refused("not a JSON object")),
    }
}

impl Read {
    /// The fields.
    pub(in crate::mlflow) fn fields(&self) -> Fields<'_> {
        Fields::top(&self.map, self.source)
    }
}
