//! Bodies of requests.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::problem::{ApiProblem, Kind};

/// Bytes of a body.
const MOST: usize = 1 << 20;

/// Reads a body of JSON.
///
/// # Errors
/// It is another type, too large, no JSON, or has other fields than it should.
pub(super) async fn read<T: DeserializeOwned>(request: Request) -> Result<T, ApiProblem> {
    let (head, body) = request.into_parts();
    check_type(&head.headers)?;
    let bytes = collect(body).await?;
    // Structs would be read from arrays, too.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(ApiProblem::new(
            Kind::Invalid,
            "the body is not as it should be: it has to be an object",
        ));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let kind = if error.is_data() { Kind::Invalid } else { Kind::Malformed };
        ApiProblem::new(kind, format!("the body is not as it should be: {error}"))
    })
}

fn check_type(headers: &HeaderMap) -> Result<(), ApiProblem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") && !headers.contains_key(header::CONTENT_ENCODING) {
        return Ok(());
    }
    let detail = "only plain JSON is read; send `Content-Type: application/json`";
    Err(ApiProblem::new(Kind::MediaType, detail))
}

async fn collect(body: Body) -> Result<axum::body::Bytes, ApiProblem> {
    let collected = Limited::new(body, MOST).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            ApiProblem::new(Kind::TooLarge, format!("the body has more than {MOST} bytes"))
        } else {
            ApiProblem::new(Kind::Malformed, format!("the body did not come whole: {error}"))
        }
    })?;
    Ok(collected.to_bytes())
}
