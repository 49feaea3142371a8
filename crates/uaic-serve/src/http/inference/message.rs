//! What goes in and out, as the protocol has it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::http::wire::{Text, TopK};

/// The name of the input.
pub(super) const INPUT: &str = "text";

/// The outputs, with their types; those of `top` have a column for each label that was asked for.
pub(super) const OUTPUTS: [(&str, &str); 5] = [
    ("label", "BYTES"),
    ("confidence", "FP64"),
    ("out_of_scope", "BOOL"),
    ("top_labels", "BYTES"),
    ("top_confidences", "FP64"),
];

/// The server.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ServerMetadata {
    /// `uaic`.
    pub(super) name: &'static str,
    /// Of the program.
    pub(super) version: &'static str,
    /// None.
    pub(super) extensions: Vec<String>,
}

/// A model.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ModelMetadata {
    /// The name of the model.
    pub(super) name: String,
    /// The versions that are served.
    pub(super) versions: Vec<String>,
    /// `uaic_` and the architecture.
    pub(super) platform: String,
    /// One tensor, `text`.
    pub(super) inputs: Vec<TensorMetadata>,
    /// What comes out.
    pub(super) outputs: Vec<TensorMetadata>,
}

/// A tensor.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct TensorMetadata {
    /// Its name.
    pub(super) name: &'static str,
    /// Its type.
    pub(super) datatype: &'static str,
    /// Its shape; -1 for any length.
    pub(super) shape: Vec<i64>,
}

/// Whether something takes requests.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Readiness {
    /// Of which model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Whether it does.
    pub(super) ready: bool,
}

/// Whether the server lives.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Liveness {
    /// Always true.
    pub(super) live: bool,
}

/// Texts to be answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::http) struct InferRequest {
    /// Comes back with the answer.
    pub(super) id: Option<String>,
    /// `top_k`: how many labels each prediction names.
    pub(super) parameters: Option<InferParameters>,
    /// One tensor, `text`.
    #[schema(min_items = 1, max_items = 1)]
    pub(super) inputs: Vec<InputTensor>,
    /// Which outputs are wanted; all without it.
    pub(super) outputs: Option<Vec<WantedOutput>>,
}

/// Settings of a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::http) struct InferParameters {
    /// How many labels each prediction names.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10000, default = 3)]
    pub(super) top_k: Option<TopK>,
    /// Equal keys meet the same version while there is a canary.
    pub(super) key: Option<String>,
}

/// A tensor of texts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::http) struct InputTensor {
    /// `text`.
    #[schema(example = "text", pattern = "^text$")]
    pub(super) name: String,
    /// `[n]` or `[n, 1]` for n texts.
    #[schema(value_type = Vec<u32>, example = json!([1]), min_items = 1, max_items = 2)]
    pub(super) shape: Vec<u64>,
    /// `BYTES`.
    #[schema(example = "BYTES", pattern = "^BYTES$")]
    pub(super) datatype: String,
    /// The texts.
    #[schema(example = json!(["show me flights from boston to denver"]), min_items = 1)]
    pub(super) data: Vec<Text>,
    /// Not used.
    #[expect(dead_code, reason = "the protocol has it")]
    parameters: Option<Map<String, Value>>,
}

/// An output that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(in crate::http) struct WantedOutput {
    /// One of the model's outputs.
    #[schema(pattern = "^(label|confidence|out_of_scope|top_labels|top_confidences)$")]
    pub(super) name: String,
    /// Not used.
    #[expect(dead_code, reason = "the protocol has it")]
    parameters: Option<Map<String, Value>>,
}

/// What a model says.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct InferResponse {
    /// The model that answered.
    pub(super) model_name: String,
    /// Its version.
    pub(super) model_version: String,
    /// The id of the request.
    pub(super) id: String,
    /// A tensor for each output.
    pub(super) outputs: Vec<OutputTensor>,
}

/// A tensor.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct OutputTensor {
    /// Its name.
    pub(super) name: &'static str,
    /// Its type.
    pub(super) datatype: &'static str,
    /// Its shape.
    pub(super) shape: Vec<usize>,
    /// Its values, row by row.
    #[schema(value_type = Vec<serde_json::Value>)]
    pub(super) data: Value,
}
