//! `POST /v1/predict`: one text or many, with all that the model says of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::App;
use super::ask::{Asked, Said, ask};
use super::body::{Fields, check_text, kind_of, read_object};
use super::problem::{Problem, ProblemBody};
use super::telemetry::Ticket;
use uaic_model::inference::{Answer, Candidate, TokenWeight};

/// Labels of an answer when nothing else is asked.
const TOP: u64 = 3;

/// Most labels of an answer that can be asked for; there are never more than the model has.
const MOST_LABELS: u64 = 10_000;

/// The fields of a request.
const FIELDS: [&str; 6] = ["text", "texts", "model", "top_k", "explain", "key"];

/// One text or several.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code)]
pub(super) enum PredictRequest {
    /// One text.
    One(OneText),
    /// Several texts.
    Several(SeveralTexts),
}

/// One text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(super) struct OneText {
    /// The text.
    #[schema(example = "show me flights from boston to denver")]
    text: Text,
    /// The name of a model; without it the default one, which is the first of `GET /v1/models`.
    model: Option<String>,
    /// How many labels each prediction names.
    #[schema(minimum = 1, maximum = 10000, default = 3)]
    top_k: Option<u32>,
    /// Whether to say how much each token had a say.
    #[schema(default = false)]
    explain: Option<bool>,
    /// Whoever asks, such as a session: equal keys meet the same version while there is a canary. The
    /// header `X-Request-Key` does the same.
    key: Option<String>,
}

/// Several texts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(super) struct SeveralTexts {
    /// The texts.
    #[schema(min_items = 1)]
    texts: Vec<Text>,
    /// As with one text.
    model: Option<String>,
    /// As with one text.
    #[schema(minimum = 1, maximum = 10000, default = 3)]
    top_k: Option<u32>,
    /// As with one text.
    #[schema(default = false)]
    explain: Option<bool>,
    /// As with one text.
    key: Option<String>,
}

/// A text that is not blank.
#[derive(Deserialize, ToSchema)]
#[schema(min_length = 1, pattern = "\\S")]
#[allow(dead_code)]
pub(super) struct Text(String);

/// What a model says of some texts.
#[derive(Serialize, ToSchema)]
pub(super) struct PredictResponse {
    /// The id of the request, for feedback.
    id: String,
    /// The model that answered.
    model: String,
    /// Its version.
    version: String,
    /// In the order of the texts.
    predictions: Vec<Prediction>,
}

/// What a model says of one text.
#[derive(Serialize, ToSchema)]
pub(super) struct Prediction {
    /// The text.
    text: String,
    /// The most probable label.
    label: String,
    /// Its probability, calibrated where the model is.
    confidence: f64,
    /// Whether the text has none of the model's labels; null for a model that cannot tell.
    out_of_scope: Option<bool>,
    /// What the threshold of scope is held against: higher is more in scope.
    score: Option<f64>,
    /// The most probable labels, most confident first.
    top: Vec<TopLabel>,
    /// The tokens as the model reads them, with their share in what it made of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Vec<Token>>,
}

/// A label and its probability.
#[derive(Serialize, ToSchema)]
pub(super) struct TopLabel {
    /// The label.
    pub(super) label: String,
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

impl From<Candidate> for TopLabel {
    fn from(candidate: Candidate) -> Self {
        Self { label: candidate.label, confidence: candidate.confidence }
    }
}

impl From<TokenWeight> for Token {
    fn from(token: TokenWeight) -> Self {
        Self { token: token.token, weight: token.weight }
    }
}

/// What a model says of one text, or of several
#[utoipa::path(
    post, path = "/v1/predict", tag = "predict", request_body = PredictRequest,
    params(("X-Request-Key" = Option<String>, Header, description = "As the field `key`")),
    responses(
        (status = 200, body = PredictResponse),
        (status = 400, body = ProblemBody, description = "The body is no JSON"),
        (status = 404, body = ProblemBody, description = "There is no such model"),
        (status = 408, body = ProblemBody, description = "The body came too slowly"),
        (status = 413, body = ProblemBody, description = "The body or a text is too large"),
        (status = 415, body = ProblemBody, description = "The body is of another type"),
        (status = 422, body = ProblemBody, description = "A field cannot have its value; `pointer` says which"),
        (status = 429, body = ProblemBody, description = "The queue is full"),
        (status = 500, body = ProblemBody, description = "A defect"),
        (status = 503, body = ProblemBody, description = "Not ready, or being stopped"),
        (status = 504, body = ProblemBody, description = "Not answered in time"),
    )
)]
pub(super) async fn predict(
    State(app): State<Arc<App>>,
    Extension(ticket): Extension<Ticket>,
    request: Request,
) -> Result<Json<PredictResponse>, Problem> {
    let (parts, body) = request.into_parts();
    let object = read_object(&app, &parts.headers, body).await?;
    let asked = parse(&app, &parts.headers, Fields::new("", object))?;
    let Said { deployment, answered } = ask(&app, &ticket, asked).await?;
    let mut tokens = answered.tokens.map(Vec::into_iter);
    let mut next_tokens = || tokens.as_mut().and_then(Iterator::next);
    let all = answered.texts.into_iter().zip(answered.answers);
    Ok(Json(PredictResponse {
        id: ticket.id.to_string(),
        model: deployment.model.name.to_string(),
        version: deployment.model.version.to_string(),
        predictions: all.map(|(text, answer)| prediction(text, answer, next_tokens())).collect(),
    }))
}

fn prediction(text: String, answer: Answer, tokens: Option<Vec<TokenWeight>>) -> Prediction {
    Prediction {
        text,
        label: answer.label,
        confidence: answer.confidence,
        out_of_scope: answer.is_out_of_scope,
        score: answer.score,
        top: answer.top.into_iter().map(TopLabel::from).collect(),
        tokens: tokens.map(|tokens| tokens.into_iter().map(Token::from).collect()),
    }
}

/// Who asks, by the header.
pub(super) fn key_of(headers: &HeaderMap) -> Option<String> {
    headers.get("x-request-key").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn parse(app: &App, headers: &HeaderMap, mut fields: Fields) -> Result<Asked, Problem> {
    let texts = match (fields.text("text")?, fields.array("texts")?) {
        (Some(text), None) => {
            check_text(app, "/text", &text)?;
            vec![text]
        }
        (None, Some(items)) => texts(app, "/texts", items)?,
        (Some(_), Some(_)) => {
            return Err(Problem::invalid("/texts", "there is `text` as well as `texts`; send one of them"));
        }
        (None, None) => {
            return Err(Problem::invalid("/text", "there is no text; send `text` or `texts`"));
        }
    };
    let asked = Asked {
        model: fields.text("model")?,
        version: None,
        texts,
        top: fields.count("top_k", MOST_LABELS)?.unwrap_or(TOP) as usize,
        explain: fields.flag("explain")?.unwrap_or(false),
        key: fields.text("key")?.or_else(|| key_of(headers)),
    };
    fields.end(&FIELDS)?;
    Ok(asked)
}

/// The texts of an array at some place in a body.
pub(super) fn texts(app: &App, pointer: &str, items: Vec<Value>) -> Result<Vec<String>, Problem> {
    let limit = app.settings.limits.texts;
    if items.is_empty() {
        return Err(Problem::invalid(pointer, "there are no texts"));
    }
    if items.len() > limit {
        let problem = Problem::too_large(format!(
            "there are {} texts; at most {limit} are answered at once",
            items.len()
        ));
        return Err(problem.at(pointer));
    }
    let text = |(number, item): (usize, Value)| {
        let pointer = format!("{pointer}/{number}");
        match item {
            Value::String(text) => check_text(app, &pointer, &text).map(|()| text),
            other => {
                let message = format!("a text is a string, not {}", kind_of(&other));
                Err(Problem::invalid(pointer, message))
            }
        }
    };
    items.into_iter().enumerate().map(text).collect()
}
