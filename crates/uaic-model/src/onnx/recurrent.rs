//! The recurrent classifiers as a graph.

use super::OnnxError;
use super::graph::Value;
use super::layers::Builder;
use super::proto::{Attribute, Type};
use super::words::{Words, words};
use crate::model::{Pooling, RecurrentSpec};

/// Logits `(B, C)`.
pub(super) fn logits(
    builder: &mut Builder<'_>,
    spec: &RecurrentSpec,
    has_attention: bool,
    has_ngrams: bool,
) -> Result<Value, OnnxError> {
    let Words { vectors, lengths, padding } = words(builder, has_ngrams)?;
    let lengths = builder.graph.cast(&lengths, Type::Int32);
    // Steps first, as the operator wants them.
    let mut states = builder.graph.transpose(&vectors, &[1, 0, 2]);
    let mut last = states.clone();
    for layer in 0..spec.layers {
        [states, last] = lstm(builder, spec, layer, &states, &lengths)?;
    }
    states = builder.graph.transpose(&states, &[1, 0, 2]);
    let width = spec.hidden_dim as usize * if spec.bidirectional { 2 } else { 1 };
    let mut features = match spec.pooling {
        Pooling::Last => {
            let last = builder.graph.transpose(&last, &[1, 0, 2]);
            builder.graph.reshape(&last, &[0, -1])
        }
        Pooling::Mean => builder.mean(&states, &padding),
        Pooling::Max => builder.max(&states, &padding),
        Pooling::Attention => {
            let query = builder.tensor("pooling.query")?;
            let query = builder.graph.unsqueeze(&query, 1);
            builder.attend(&states, &query, width, &padding)
        }
    };
    if has_attention {
        let query = builder.linear(&features, "attention.query")?;
        let key = builder.linear(&query, "attention.query_to_key")?;
        let key = builder.graph.unsqueeze(&key, 2);
        let mixed = builder.attend(&states, &key, width, &padding);
        features = builder.linear(&mixed, "attention.value")?;
    }
    let normalized = builder.batch_norm(&features)?;
    builder.linear(&normalized, "head")
}

/// States `(T, B, D·H)` and last states `(D, B, H)` of a layer.
fn lstm(
    builder: &mut Builder<'_>,
    spec: &RecurrentSpec,
    layer: u32,
    inputs: &str,
    lengths: &str,
) -> Result<[Value; 2], OnnxError> {
    let name = if layer == 0 { "lstm".to_owned() } else { format!("lstm{layer}") };
    let suffixes: &[&str] = if spec.bidirectional { &["", "_reverse"] } else { &[""] };
    let hidden = spec.hidden_dim as usize;
    let [mut input_weights, mut state_weights, mut biases] = [const { Vec::new() }; 3];
    for suffix in suffixes {
        let gates = |part: &str| {
            Ok::<_, OnnxError>(reordered(&builder.values(&format!("{name}.{part}{suffix}"))?, hidden))
        };
        input_weights.extend(gates("weight_ih")?);
        state_weights.extend(gates("weight_hh")?);
        biases.extend(gates("bias_ih")?);
        biases.extend(gates("bias_hh")?);
    }
    let directions = suffixes.len();
    let width = input_weights.len() / (directions * 4 * hidden);
    let graph = &mut builder.graph;
    let input_weights =
        graph.weights(&format!("{name}.weight_ih"), &[directions, 4 * hidden, width], &input_weights);
    let state_weights =
        graph.weights(&format!("{name}.weight_hh"), &[directions, 4 * hidden, hidden], &state_weights);
    let biases = graph.weights(&format!("{name}.bias"), &[directions, 8 * hidden], &biases);
    let direction = if spec.bidirectional { "bidirectional" } else { "forward" };
    let [states, last] = graph.add_two(
        "LSTM",
        &[inputs, &input_weights, &state_weights, &biases, lengths],
        &[("hidden_size", Attribute::Int(hidden as i64)), ("direction", Attribute::Text(direction))],
    );
    let states = graph.transpose(&states, &[0, 2, 1, 3]);
    Ok([graph.reshape(&states, &[0, 0, -1]), last])
}

/// From PyTorch's order of gates (i, f, g, o) to ONNX's (i, o, f, c).
fn reordered(values: &[f32], hidden: usize) -> Vec<f32> {
    let gate = values.len() / 4;
    debug_assert_eq!(gate % hidden, 0);
    [0, 3, 1, 2].iter().flat_map(|from| &values[from * gate..][..gate]).copied().collect()
}
