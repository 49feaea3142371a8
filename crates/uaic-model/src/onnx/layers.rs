//! What both kinds of network are made of.

use super::OnnxError;
use super::graph::{Graph, Value};
use super::proto::{Attribute, Type};
use crate::model::Weights;

/// What keeps the batch norm from dividing by 0, as in training.
const EPSILON: f32 = 1e-5;

/// A graph, and the weights that it takes over.
pub(super) struct Builder<'a> {
    pub(super) graph: Graph,
    weights: &'a Weights,
}

/// Which positions of a padded batch hold tokens.
pub(super) struct Padding {
    /// 1 for tokens and 0 for padding, `(B, T, 1)`.
    pub(super) mask: Value,
    /// 0 for tokens and very low for padding, `(B, T, 1)`.
    pub(super) penalty: Value,
}

impl<'a> Builder<'a> {
    pub(super) fn new(weights: &'a Weights) -> Self {
        Self { graph: Graph::default(), weights }
    }

    /// The values of a tensor of the model.
    pub(super) fn values(&self, name: &str) -> Result<Vec<f32>, OnnxError> {
        self.weights.tensor(name).ok_or_else(|| OnnxError::Missing(name.to_owned()))
    }

    /// A tensor of the model, as it is.
    pub(super) fn tensor(&mut self, name: &str) -> Result<Value, OnnxError> {
        let values = self.values(name)?;
        let shape = self.weights.shape(name).unwrap_or_default().to_vec();
        Ok(self.graph.weights(name, &shape, &values))
    }

    /// A matrix `(out, in)` of the model, turned to `(in, out)`.
    fn turned(&mut self, name: &str) -> Result<Value, OnnxError> {
        let values = self.values(name)?;
        let Some([outputs, inputs]) = self.weights.shape(name).and_then(|shape| shape.first_chunk().copied())
        else {
            return Err(OnnxError::Missing(name.to_owned()));
        };
        let turned: Vec<f32> =
            (0..values.len()).map(|at| values[at % outputs * inputs + at / outputs]).collect();
        Ok(self.graph.weights(name, &[inputs, outputs], &turned))
    }

    /// x·Wᵀ, and + b where the model has a bias.
    pub(super) fn linear(&mut self, x: &str, name: &str) -> Result<Value, OnnxError> {
        let weight = self.turned(&format!("{name}.weight"))?;
        let product = self.graph.apply("MatMul", &[x, &weight]);
        let bias = format!("{name}.bias");
        if self.weights.shape(&bias).is_none() {
            return Ok(product);
        }
        let bias = self.tensor(&bias)?;
        Ok(self.graph.apply("Add", &[&product, &bias]))
    }

    /// Rows of a table, by whole numbers.
    pub(super) fn look_up(&mut self, name: &str, ids: &str) -> Result<Value, OnnxError> {
        let table = self.tensor(name)?;
        Ok(self.graph.add("Gather", &[&table, ids], &[("axis", Attribute::Int(0))]))
    }

    /// From 1 for tokens and 0 for padding, `(B, T)` of floats.
    pub(super) fn padding(&mut self, mask: &str) -> Padding {
        let graph = &mut self.graph;
        let mask = graph.unsqueeze(mask, 2);
        let (one, low) = (graph.float(1.0), graph.float(1e9));
        let less = graph.apply("Sub", &[&mask, &one]);
        let penalty = graph.apply("Mul", &[&less, &low]);
        Padding { mask, penalty }
    }

    /// The mean of states `(B, T, F)` over tokens.
    pub(super) fn mean(&mut self, states: &str, padding: &Padding) -> Value {
        let graph = &mut self.graph;
        let kept = graph.apply("Mul", &[states, &padding.mask]);
        let (sum, count) = (graph.sum(&kept, 1), graph.sum(&padding.mask, 1));
        graph.apply("Div", &[&sum, &count])
    }

    /// The largest values of states `(B, T, F)` over tokens.
    pub(super) fn max(&mut self, states: &str, padding: &Padding) -> Value {
        let lowered = self.graph.apply("Add", &[states, &padding.penalty]);
        self.graph.largest(&lowered, 1)
    }

    /// The means of states `(B, T, F)`, weighted by what each has in common with `query` `(B, F, 1)`
    /// or `(F, 1)`.
    pub(super) fn attend(&mut self, states: &str, query: &str, width: usize, padding: &Padding) -> Value {
        let graph = &mut self.graph;
        let scale = graph.float(1.0 / (width as f32).sqrt());
        let products = graph.apply("MatMul", &[states, query]);
        let scores = graph.apply("Mul", &[&products, &scale]);
        let scores = graph.apply("Add", &[&scores, &padding.penalty]);
        let shares = graph.softmax(&scores, 1);
        let weighted = graph.apply("Mul", &[&shares, states]);
        graph.sum(&weighted, 1)
    }

    /// 1 where a whole number is at least 0, and the number, or 0 where it is less.
    pub(super) fn known(&mut self, ids: &str) -> (Value, Value) {
        let graph = &mut self.graph;
        let zero = graph.int(0);
        let is_known = graph.apply("GreaterOrEqual", &[ids, &zero]);
        let safe = graph.apply("Where", &[&is_known, ids, &zero]);
        (graph.cast(&is_known, Type::Float), safe)
    }

    /// The batch norm of an applied model: a factor and a summand for each feature.
    pub(super) fn batch_norm(&mut self, features: &str) -> Result<Value, OnnxError> {
        let [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| self.values(&format!("batch_norm.{part}")));
        let (weight, bias, mean, variance) = (weight?, bias?, mean?, variance?);
        let factors: Vec<f32> = weight
            .iter()
            .zip(&variance)
            .map(|(weight, variance)| weight / (variance + EPSILON).sqrt())
            .collect();
        let summands: Vec<f32> =
            bias.iter().zip(&mean).zip(&factors).map(|((bias, mean), factor)| bias - mean * factor).collect();
        let graph = &mut self.graph;
        let factors = graph.weights("batch_norm.factor", &[factors.len()], &factors);
        let summands = graph.weights("batch_norm.summand", &[summands.len()], &summands);
        let scaled = graph.apply("Mul", &[features, &factors]);
        Ok(graph.apply("Add", &[&scaled, &summands]))
    }
}
