//! The convolutional classifier as a graph.

use super::OnnxError;
use super::graph::Value;
use super::layers::Builder;
use super::proto::Attribute;
use super::words::{Words, words};
use crate::model::CnnSpec;

/// Logits `(B, C)`.
pub(super) fn logits(
    builder: &mut Builder<'_>,
    spec: &CnnSpec,
    has_ngrams: bool,
) -> Result<Value, OnnxError> {
    let Words { vectors, padding, .. } = words(builder, has_ngrams)?;
    let kept = builder.graph.apply("Mul", &[&vectors, &padding.mask]);
    // (B, E, T), as the operator wants them, and (B, 1, T).
    let inputs = builder.graph.transpose(&kept, &[0, 2, 1]);
    let unseen = builder.graph.transpose(&padding.penalty, &[0, 2, 1]);
    let mut maxima = Vec::new();
    for width in spec.width_min..=spec.width_max {
        maxima.push(maxima_of(builder, i64::from(width), &inputs, &unseen)?);
    }
    let maxima: Vec<&str> = maxima.iter().map(String::as_str).collect();
    let features = builder.graph.add("Concat", &maxima, &[("axis", Attribute::Int(1))]);
    let normalized = builder.batch_norm(&features)?;
    builder.linear(&normalized, "head")
}

/// What the filters of a width find in each text, `(B, filters)`.
fn maxima_of(builder: &mut Builder<'_>, width: i64, inputs: &str, unseen: &str) -> Result<Value, OnnxError> {
    let weight = builder.tensor(&format!("conv{width}.weight"))?;
    let bias = builder.tensor(&format!("conv{width}.bias"))?;
    let before = (width - 1) / 2;
    let attributes = [
        ("kernel_shape", Attribute::Ints(&[width])),
        ("pads", Attribute::Ints(&[before, width - 1 - before])),
    ];
    let graph = &mut builder.graph;
    let found = graph.add("Conv", &[inputs, &weight, &bias], &attributes);
    let found = graph.apply("Add", &[&found, unseen]);
    let largest = graph.largest(&found, 2);
    Ok(graph.apply("Relu", &[&largest]))
}
