//! Words and their n-grams as vectors: what recurrent and convolutional networks read.

use super::graph::Value;
use super::layers::{Builder, Padding};
use super::proto::{Attribute, Dimension, Type};
use super::{BATCH, OnnxError, STEPS};

/// The words of a padded batch.
pub(super) struct Words {
    /// `(B, T, E)`
    pub(super) vectors: Value,
    /// `(B)`
    pub(super) lengths: Value,
    pub(super) padding: Padding,
}

/// The inputs of the graph, looked up.
pub(super) fn words(builder: &mut Builder<'_>, has_ngrams: bool) -> Result<Words, OnnxError> {
    let words = builder.graph.input("words", &[BATCH, STEPS], "Word ids, padded with 0");
    let lengths = builder.graph.input("lengths", &[BATCH], "Tokens of each text, at least 1");
    let padding = padding(builder, &words, &lengths);
    let mut vectors = builder.look_up("embedding.weight", &words)?;
    if has_ngrams {
        let ngrams = means_of_ngrams(builder)?;
        vectors = builder.graph.apply("Add", &[&vectors, &ngrams]);
    }
    Ok(Words { vectors, lengths, padding })
}

fn padding(builder: &mut Builder<'_>, words: &str, lengths: &str) -> Padding {
    let graph = &mut builder.graph;
    let shape = graph.apply("Shape", &[words]);
    let (zero, one) = (graph.int(0), graph.int(1));
    let steps = graph.add("Gather", &[&shape, &one], &[("axis", Attribute::Int(0))]);
    let positions = graph.apply("Range", &[&zero, &steps, &one]);
    let (positions, lengths) = (graph.unsqueeze(&positions, 0), graph.unsqueeze(lengths, 1));
    let is_token = graph.apply("Less", &[&positions, &lengths]);
    let mask = graph.cast(&is_token, Type::Float);
    builder.padding(&mask)
}

/// For each token the mean of its n-grams' vectors, `(B, T, E)`; zeros for none.
fn means_of_ngrams(builder: &mut Builder<'_>) -> Result<Value, OnnxError> {
    let shape = [BATCH, STEPS, Dimension::Named("ngrams")];
    let ngrams = builder.graph.input("ngrams", &shape, "N-gram ids of each token, padded with -1");
    let (mask, ids) = builder.known(&ngrams);
    let vectors = builder.look_up("ngrams.weight", &ids)?;
    let graph = &mut builder.graph;
    let deep = graph.unsqueeze(&mask, 3);
    let kept = graph.apply("Mul", &[&vectors, &deep]);
    let sum = graph.sum(&kept, 2);
    let (count, one) = (graph.sum(&mask, 2), graph.float(1.0));
    let count = graph.apply("Max", &[&count, &one]);
    let count = graph.unsqueeze(&count, 2);
    Ok(graph.apply("Div", &[&sum, &count]))
}
