//! The transformer as a graph, with the inputs that Hugging Face's tokenizers give.

use super::graph::Value;
use super::layers::Builder;
use super::proto::{Attribute, Type};
use super::{BATCH, OnnxError, STEPS};
use crate::model::{BertPooling, BertSpec};

/// Logits `(B, C)`.
pub(super) fn logits(builder: &mut Builder<'_>, spec: &BertSpec) -> Result<Value, OnnxError> {
    let ids = builder.graph.input("input_ids", &[BATCH, STEPS], "Ids of the pieces, padded with any");
    let doc = "1 for pieces, 0 for padding";
    let mask = builder.graph.input("attention_mask", &[BATCH, STEPS], doc);
    let mask = builder.graph.cast(&mask, Type::Float);
    let padding = builder.padding(&mask);
    // (B, 1, 1, T): what no token attends to.
    let unseen = builder.graph.transpose(&padding.penalty, &[0, 2, 1]);
    let unseen = builder.graph.unsqueeze(&unseen, 1);
    let mut states = embeddings(builder, spec, &ids)?;
    for layer in 0..spec.layers {
        states = encoder_layer(builder, spec, &format!("bert.encoder.layer.{layer}"), &states, &unseen)?;
    }
    let features = match spec.pooling {
        BertPooling::First => {
            let zero = builder.graph.int(0);
            let first = builder.graph.add("Gather", &[&states, &zero], &[("axis", Attribute::Int(1))]);
            let pooled = builder.linear(&first, "bert.pooler.dense")?;
            builder.graph.apply("Tanh", &[&pooled])
        }
        BertPooling::Mean => builder.mean(&states, &padding),
        BertPooling::Max => builder.max(&states, &padding),
    };
    builder.linear(&features, "classifier")
}

/// Word, position and type of each token, normalised, `(B, T, H)`.
fn embeddings(builder: &mut Builder<'_>, spec: &BertSpec, ids: &str) -> Result<Value, OnnxError> {
    let words = builder.look_up("bert.embeddings.word_embeddings.weight", ids)?;
    let graph = &mut builder.graph;
    let shape = graph.apply("Shape", &[ids]);
    let (zero, one) = (graph.int(0), graph.int(1));
    let steps = graph.add("Gather", &[&shape, &one], &[("axis", Attribute::Int(0))]);
    let positions = graph.apply("Range", &[&zero, &steps, &one]);
    let positions = builder.look_up("bert.embeddings.position_embeddings.weight", &positions)?;
    let first_type = builder.look_up("bert.embeddings.token_type_embeddings.weight", &zero)?;
    let sum = builder.graph.apply("Add", &[&words, &positions]);
    let sum = builder.graph.apply("Add", &[&sum, &first_type]);
    layer_norm(builder, spec, &sum, "bert.embeddings.LayerNorm")
}

fn encoder_layer(
    builder: &mut Builder<'_>,
    spec: &BertSpec,
    name: &str,
    states: &str,
    unseen: &str,
) -> Result<Value, OnnxError> {
    let mixed = attention(builder, spec, &format!("{name}.attention.self"), states, unseen)?;
    let mixed = builder.linear(&mixed, &format!("{name}.attention.output.dense"))?;
    let sum = builder.graph.apply("Add", &[&mixed, states]);
    let states = layer_norm(builder, spec, &sum, &format!("{name}.attention.output.LayerNorm"))?;
    let inner = builder.linear(&states, &format!("{name}.intermediate.dense"))?;
    let inner = gelu(builder, &inner);
    let outer = builder.linear(&inner, &format!("{name}.output.dense"))?;
    let sum = builder.graph.apply("Add", &[&outer, &states]);
    layer_norm(builder, spec, &sum, &format!("{name}.output.LayerNorm"))
}

/// What each token takes of all tokens of its text, `(B, T, H)`.
fn attention(
    builder: &mut Builder<'_>,
    spec: &BertSpec,
    name: &str,
    states: &str,
    unseen: &str,
) -> Result<Value, OnnxError> {
    let (heads, width) = (i64::from(spec.heads), i64::from(spec.hidden_dim / spec.heads));
    let mut project = |part: &str, order: &[i64]| {
        let projected = builder.linear(states, &format!("{name}.{part}"))?;
        let cut = builder.graph.reshape(&projected, &[0, 0, heads, width]);
        Ok::<_, OnnxError>(builder.graph.transpose(&cut, order))
    };
    let query = project("query", &[0, 2, 1, 3])?;
    let key = project("key", &[0, 2, 3, 1])?;
    let value = project("value", &[0, 2, 1, 3])?;
    let graph = &mut builder.graph;
    let scale = graph.float(1.0 / (width as f32).sqrt());
    let scores = graph.apply("MatMul", &[&query, &key]);
    let scores = graph.apply("Mul", &[&scores, &scale]);
    let scores = graph.apply("Add", &[&scores, unseen]);
    let shares = graph.softmax(&scores, 3);
    let mixed = graph.apply("MatMul", &[&shares, &value]);
    let mixed = graph.transpose(&mixed, &[0, 2, 1, 3]);
    Ok(graph.reshape(&mixed, &[0, 0, -1]))
}

fn layer_norm(builder: &mut Builder<'_>, spec: &BertSpec, x: &str, name: &str) -> Result<Value, OnnxError> {
    let weight = builder.tensor(&format!("{name}.weight"))?;
    let bias = builder.tensor(&format!("{name}.bias"))?;
    let epsilon = Attribute::Float(spec.layer_norm_epsilon as f32);
    let attributes = [("axis", Attribute::Int(-1)), ("epsilon", epsilon)];
    Ok(builder.graph.add("LayerNormalization", &[x, &weight, &bias], &attributes))
}

/// x·Φ(x), with the error function.
fn gelu(builder: &mut Builder<'_>, x: &str) -> Value {
    let graph = &mut builder.graph;
    let (root, one, half) =
        (graph.float(std::f32::consts::FRAC_1_SQRT_2), graph.float(1.0), graph.float(0.5));
    let scaled = graph.apply("Mul", &[x, &root]);
    let erf = graph.apply("Erf", &[&scaled]);
    let shifted = graph.apply("Add", &[&erf, &one]);
    let half = graph.apply("Mul", &[&shifted, &half]);
    graph.apply("Mul", &[x, &half])
}
