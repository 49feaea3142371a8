//! What the interfaces share: texts that come, labels and tokens that go.

use std::sync::Arc;

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize, Serializer};
use uaic_model::inference::{LabelScore, TokenWeight};
use utoipa::ToSchema;

use super::app::App;
use super::fields::Within;
use super::problem::HttpProblem;

/// Labels of a prediction when nothing else is asked.
pub(super) const TOP_LABELS: usize = 3;

/// How many labels can be asked for; there are never more than the model has.
pub(super) type TopK = Within<1, 10_000>;

/// How many labels are asked for.
pub(super) fn labels_of(top_k: Option<TopK>) -> usize {
    top_k.map_or(TOP_LABELS, |Within(count)| count as usize)
}

/// A text that is not blank.
#[derive(Deserialize, ToSchema)]
#[schema(min_length = 1, pattern = "\\S")]
pub(super) struct Text(pub(super) String);

/// A label and its probability.
#[derive(Serialize, ToSchema)]
pub(super) struct TopLabel {
    /// The label.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub(super) label: Arc<str>,
    /// Its probability, calibrated where the model is.
    pub(super) confidence: f64,
}

/// A token and its share.
#[derive(Serialize, ToSchema)]
pub(super) struct Token {
    /// The token as the model reads it.
    token: String,
    /// Its share; those of a text sum to 1.
    weight: f64,
}

impl From<LabelScore> for TopLabel {
    fn from(score: LabelScore) -> Self {
        Self { label: score.label, confidence: score.confidence }
    }
}

impl From<TokenWeight> for Token {
    fn from(token: TokenWeight) -> Self {
        Self { token: token.token, weight: token.weight }
    }
}

/// A shared text as a plain one.
pub(super) fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// Who asks, by the header.
pub(super) fn key_of(headers: &HeaderMap) -> Option<String> {
    headers.get("x-request-key").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Whether a text has more characters than are answered.
pub(super) fn is_too_long(app: &App, text: &str) -> bool {
    let limit = app.settings.limits.text;
    // Characters are at most bytes, so most texts need not be counted.
    text.len() > limit && text.chars().count() > limit
}

/// A text of a request: not empty, and no longer than allowed.
pub(super) fn check_text(app: &App, pointer: &str, Text(text): Text) -> Result<String, HttpProblem> {
    if text.trim().is_empty() {
        return Err(HttpProblem::invalid(pointer, "the text is empty"));
    }
    if is_too_long(app, &text) {
        let limit = app.settings.limits.text;
        return Err(HttpProblem::too_large(format!("the text has more than {limit} characters")).at(pointer));
    }
    Ok(text)
}

/// The texts at some place in a body: not none, and no more than allowed.
pub(super) fn check_texts(app: &App, pointer: &str, texts: Vec<Text>) -> Result<Vec<String>, HttpProblem> {
    let (count, limit) = (texts.len(), app.settings.limits.texts);
    if texts.is_empty() {
        return Err(HttpProblem::invalid(pointer, "there are no texts"));
    }
    if count > limit {
        let message = format!("there are {count} texts; at most {limit} are answered at once");
        return Err(HttpProblem::too_large(message).at(pointer));
    }
    let check = |(number, text)| check_text(app, &format!("{pointer}/{number}"), text);
    texts.into_iter().enumerate().map(check).collect()
}
