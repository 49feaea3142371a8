//! `POST /v1/predict`: one text or many, with all that the model says of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use serde::{Deserialize, Serialize};
use uaic_model::inference;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::app::App;
use super::body::read_request;
use super::context::RequestContext;
use super::dispatch::{ModelRef, dispatch};
use super::problem::HttpProblem;
use super::wire::{Text, Token, TopK, TopLabel, as_text, check_text, check_texts, key_of, labels_of};
use crate::engine::EngineRequest;

/// One text or several.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct PredictRequest(PredictFields);

/// What can be asked of texts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct PredictFields {
    /// One text.
    #[schema(value_type = Option<Text>)]
    text: Option<Text>,
    /// Several texts.
    #[schema(value_type = Option<Vec<Text>>, min_items = 1)]
    texts: Option<Vec<Text>>,
    /// The name of a model; without it the default one, which is the first of `GET /v1/models`.
    model: Option<String>,
    /// How many labels each prediction names.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10000, default = 3)]
    top_k: Option<TopK>,
    /// Whether to say how much each token had a say.
    #[schema(default = false)]
    explain: Option<bool>,
    /// Whoever asks, such as a session: equal keys meet the same version while there is a canary. The
    /// header `X-Request-Key` does the same.
    key: Option<String>,
}

/// The fields, and what a struct cannot say: that there is `text` or `texts`.
impl PartialSchema for PredictRequest {
    fn schema() -> RefOr<Schema> {
        let of_type = |of: Type| ObjectBuilder::new().schema_type(of);
        let with = |own: &str, of: Type, other: &str| {
            ObjectBuilder::new().required(own).property(own, of_type(of)).property(other, of_type(Type::Null))
        };
        let one_of = OneOfBuilder::new().item(with("text", Type::String, "texts")).item(with(
            "texts",
            Type::Array,
            "text",
        ));
        AllOfBuilder::new()
            .description(Some("One text or several."))
            .item(PredictFields::schema())
            .item(one_of)
            .into()
    }
}

impl ToSchema for PredictRequest {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Text::name().into_owned(), Text::schema()));
        PredictFields::schemas(schemas);
    }
}

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
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    label: Arc<str>,
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

/// What a model says of one text, or of several
#[utoipa::path(
    post, path = "/v1/predict", tag = "predict",
    request_body(content = PredictRequest, example = json!({ "text": "show me flights from boston to denver" })),
    params(("X-Request-Key" = Option<String>, Header, description = "As the field `key`")),
    responses((status = 200, body = PredictResponse), HttpProblem)
)]
pub(super) async fn predict(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Result<Json<PredictResponse>, HttpProblem> {
    let (parts, body) = request.into_parts();
    let PredictRequest(fields) = read_request(&app, &parts.headers, body).await?;
    let PredictFields { text, texts, model, top_k, explain, key } = fields;
    let texts = texts_of(&app, text, texts)?;
    let key = key.or_else(|| key_of(&parts.headers));
    let model = ModelRef { name: model, version: None, key };
    let explain = explain.unwrap_or(false);
    let request = EngineRequest { texts, top: labels_of(top_k), explain, deadline: app.deadline() };
    let (deployment, response) = dispatch(&app, &context, model, request).await?;
    let mut tokens = response.tokens.map(Vec::into_iter);
    let mut next_tokens = || tokens.as_mut().and_then(Iterator::next);
    let all = response.texts.into_iter().zip(response.predictions);
    Ok(Json(PredictResponse {
        id: context.id.to_string(),
        model: deployment.model.name.to_string(),
        version: deployment.model.version.to_string(),
        predictions: all.map(|(text, prediction)| shown(text, prediction, next_tokens())).collect(),
    }))
}

fn texts_of(app: &App, text: Option<Text>, texts: Option<Vec<Text>>) -> Result<Vec<String>, HttpProblem> {
    match (text, texts) {
        (Some(text), None) => Ok(vec![check_text(app, "/text", text)?]),
        (None, Some(texts)) => check_texts(app, "/texts", texts),
        (Some(_), Some(_)) => {
            Err(HttpProblem::invalid("/texts", "there is `text` as well as `texts`; send one of them"))
        }
        (None, None) => Err(HttpProblem::invalid("/text", "there is no text; send `text` or `texts`")),
    }
}

fn shown(
    text: String,
    prediction: inference::Prediction,
    tokens: Option<Vec<inference::TokenWeight>>,
) -> Prediction {
    Prediction {
        text,
        label: prediction.label,
        confidence: prediction.confidence,
        out_of_scope: prediction.is_out_of_scope,
        score: prediction.score,
        top: prediction.top.into_iter().map(TopLabel::from).collect(),
        tokens: tokens.map(|tokens| tokens.into_iter().map(Token::from).collect()),
    }
}
