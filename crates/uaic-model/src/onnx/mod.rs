//! Models as ONNX, for runtimes of others: the graph of an applied classifier with its weights.
//!
//! The graph takes token ids, padded to the longest text of a batch, and gives logits and calibrated
//! probabilities. Cutting texts into ids is left to the caller; labels and tokenizer travel in the
//! file's metadata. `docs/onnx.md` says how to use it.

mod convolutional;
mod graph;
mod layers;
mod proto;
mod recurrent;
mod transformer;
mod words;

use crate::model::Classifier;
use crate::model::ModelSpec;
use crate::text::TokenizerError;
use layers::Builder;
use proto::{Dimension, Message};

/// The version of the operators that graphs are made of.
const OPERATORS: i64 = 17;

/// The version of the format, that of ONNX 1.12.
const IR_VERSION: i64 = 8;

const BATCH: Dimension = Dimension::Named("batch");
const STEPS: Dimension = Dimension::Named("steps");

/// Why a model does not become ONNX.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// The model lacks a tensor of its architecture, which is a defect.
    #[error("the model has no tensor `{0}`")]
    Missing(String),
    /// The tokenizer cannot be written.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The file would be larger than the format allows.
    #[error("the model has {0} bytes, and ONNX holds at most 2 GiB in one file")]
    TooLarge(usize),
}

/// The bytes of an ONNX file. `temperature` is what logits are divided by before they become
/// probabilities; `facts` are put into the metadata beside `labels` and `tokenizer`.
///
/// # Errors
/// [`OnnxError`].
pub fn encode(
    classifier: &Classifier,
    temperature: f64,
    facts: &[(&str, String)],
) -> Result<Vec<u8>, OnnxError> {
    let mut builder = Builder::new(&classifier.weights);
    let has_ngrams = classifier.tokenizer.ngram_count() > 0;
    let logits = match &classifier.spec {
        ModelSpec::Lstm(spec) => recurrent::logits(&mut builder, spec, false, has_ngrams)?,
        ModelSpec::LstmAttention(spec) => recurrent::logits(&mut builder, spec, true, has_ngrams)?,
        ModelSpec::Bert(spec) => transformer::logits(&mut builder, spec)?,
        ModelSpec::Cnn(spec) => convolutional::logits(&mut builder, spec, has_ngrams)?,
    };
    let mut graph = builder.graph;
    let shape = [BATCH, Dimension::Fixed(classifier.labels.len())];
    graph.output(&logits, "logits", &shape, "One for each label");
    let temperature = graph.float(temperature as f32);
    let cooled = graph.apply("Div", &[&logits, &temperature]);
    let probabilities = graph.softmax(&cooled, 1);
    graph.output(&probabilities, "probabilities", &shape, "Calibrated: they sum to 1");
    let labels = serde_json::to_string(&classifier.labels).unwrap_or_default();
    let tokenizer = String::from_utf8_lossy(&classifier.tokenizer.to_json()?).into_owned();
    let own = [("labels", labels), ("tokenizer", tokenizer)];
    let metadata = own.iter().chain(facts);
    let operators = Message::default().bytes(1, "").int(2, OPERATORS);
    let model = Message::default()
        .int(1, IR_VERSION)
        .bytes(2, "uaic")
        .bytes(3, env!("CARGO_PKG_VERSION"))
        .message(7, &graph.finish(classifier.spec.architecture()))
        .message(8, &operators)
        .each(metadata, |message, (key, value)| {
            message.message(14, &Message::default().bytes(1, key).bytes(2, value))
        })
        .into_bytes();
    if model.len() > i32::MAX as usize {
        return Err(OnnxError::TooLarge(model.len()));
    }
    Ok(model)
}
