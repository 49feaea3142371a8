//! Reading bodies: at most so many bytes, in at most so much time, and JSON with the place of what is
//! wrong.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::App;
use super::problem::Problem;
use uaic_wording::nearest::nearest;

/// The whole body.
pub(super) async fn read(app: &App, body: Body) -> Result<Bytes, Problem> {
    let limits = &app.settings.limits;
    let too_large = || Problem::body_too_large(limits.body);
    // What is announced need not be waited for.
    if body.size_hint().lower() > limits.body as u64 {
        return Err(too_large());
    }
    let collect = Limited::new(body, limits.body).collect();
    match tokio::time::timeout(limits.body_time, collect).await {
        Err(_) => Err(Problem::slow()),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(Problem::malformed(format!("the body ends early: {error}"))),
    }
}

/// The object that the body is; an absent type is taken for JSON.
pub(super) async fn read_object(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<Map<String, Value>, Problem> {
    check_type(headers)?;
    let bytes = read(app, body).await?;
    if bytes.is_empty() {
        return Err(Problem::malformed("the body is empty; send a JSON object"));
    }
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::malformed(format!("the body is no JSON: {error}")))?;
    match value {
        Value::Object(object) => Ok(object),
        other => {
            let message = format!("the body is {}, and must be an object", kind_of(&other));
            Err(Problem::invalid("", message))
        }
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        return Err(Problem::encoded(&encoding.as_bytes().escape_ascii().to_string()));
    }
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json { Ok(()) } else { Err(Problem::unsupported_type(&text.escape_default().to_string())) }
}

/// What JSON calls a value.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The fields of an object at some place in a body; what is never taken is refused at the end.
pub(super) struct Fields {
    /// The pointer of the object.
    place: String,
    left: Map<String, Value>,
}

impl Fields {
    pub(super) fn new(place: &str, object: Map<String, Value>) -> Self {
        Self { place: place.to_owned(), left: object }
    }

    pub(super) fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.place, name.replace('~', "~0").replace('/', "~1"))
    }

    /// A field's value; null counts as absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.unfit(name, "a string", &other)),
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.unfit(name, "true or false", &other)),
        }
    }

    /// A whole number from 1 to a limit.
    pub(super) fn count(&mut self, name: &str, limit: u64) -> Result<Option<u64>, Problem> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match value.as_u64().filter(|number| (1..=limit).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Problem::invalid(
                self.pointer(name),
                format!("`{name}` is a whole number from 1 to {limit}, not {value}"),
            )),
        }
    }

    pub(super) fn array(&mut self, name: &str) -> Result<Option<Vec<Value>>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(self.unfit(name, "an array", &other)),
        }
    }

    fn unfit(&self, name: &str, wanted: &str, found: &Value) -> Problem {
        let message = format!("`{name}` is {wanted}, not {}", kind_of(found));
        Problem::invalid(self.pointer(name), message)
    }

    /// Refuses what nobody took.
    pub(super) fn end(self, known: &[&str]) -> Result<(), Problem> {
        // A known field is left where it is null and another one stands for it.
        let Some(name) = self.left.keys().find(|name| !known.contains(&name.as_str())) else {
            return Ok(());
        };
        let hint = match nearest(name, known.iter().copied()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        let shown: String = name.chars().take(60).collect();
        Err(Problem::invalid(self.pointer(name), format!("there is no field `{shown}`; {hint}")))
    }
}

/// A text of a request: not empty, and no longer than allowed.
pub(super) fn check_text(app: &App, pointer: &str, text: &str) -> Result<(), Problem> {
    let limit = app.settings.limits.text;
    if text.trim().is_empty() {
        return Err(Problem::invalid(pointer, "the text is empty"));
    }
    // Characters are at most bytes, so most texts need not be counted.
    if text.len() > limit && text.chars().count() > limit {
        let problem = Problem::too_large(format!("the text has more than {limit} characters"));
        return Err(problem.at(pointer));
    }
    Ok(())
}
