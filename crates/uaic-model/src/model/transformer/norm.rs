//! Layer norm with what stands before it: dropout and a residual connection.

use rand::Rng;

use super::dense::Rate;
use super::{At, Site};
use crate::model::crew::Job;
use crate::model::error::WeightsError;
use crate::model::gradients::Parts;
use crate::model::weights::Weights;
use crate::model::weights::{Columns, Init, Parameter, Source, Wanted};
use uaic_kernel::{Kernels, LayerNorm, LayerNormBack, Mask, PANEL, Row};

/// y = (x − mean) / √(variance + ε) · weight + bias.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    width: usize,
    epsilon: f32,
    weight: Parameter,
    bias: Parameter,
}

/// What a step keeps of one application.
#[derive(Default)]
pub(super) struct NormTape {
    /// What is normalised, to be written before; normalised afterwards.
    pub(super) values: Vec<Row>,
    scales: Vec<f32>,
    pub(super) outputs: Vec<Row>,
    pub(super) bits: Bits,
    grad_weight: Vec<Row>,
    grad_bias: Vec<Row>,
}

/// The random bits of a mask; none without dropout.
#[derive(Default)]
pub(super) struct Bits(Vec<[u8; 2]>);

impl Bits {
    /// Draws those for `count` values.
    pub(super) fn draw(&mut self, count: usize, p: f64, site: Option<Site<'_>>) {
        self.0.clear();
        if let Some(site) = site.filter(|_| p > 0.0) {
            self.0.resize(count, [0; 2]);
            site.rng().fill_bytes(self.0.as_flattened_mut());
        }
    }

    pub(super) fn mask(&self, p: f64) -> Option<Mask<'_>> {
        (p > 0.0 && !self.0.is_empty()).then(|| Mask::new(&self.0, p))
    }
}

impl Norm {
    pub(super) fn new(
        name: &str,
        width: usize,
        epsilon: f64,
        rate: Rate,
        weights: &mut Weights,
    ) -> Result<Self, WeightsError> {
        let mut add = |part: &str, value: f32| {
            weights.parameter(&Wanted {
                name: &format!("{name}.LayerNorm.{part}"),
                shape: &[width],
                columns: Some(Columns::Plain),
                init: Init::Constant(value),
                training: rate.undecayed(),
                source: Source::Adapted,
            })
        };
        Ok(Self { width, epsilon: epsilon as f32, weight: add("weight", 1.0)?, bias: add("bias", 0.0)? })
    }

    /// Normalises `tape.values` `(rows, H)`, after dropout with its bits and with `residual` added.
    pub(super) fn forward(
        &self,
        at: At<'_>,
        rows: usize,
        residual: Option<&[Row]>,
        dropout: f64,
        tape: &mut NormTape,
    ) {
        let NormTape { values, scales, outputs, bits, .. } = tape;
        scales.resize(rows, 0.0);
        outputs.resize(values.len(), [0.0; PANEL]);
        at.kernels.layer_norm(LayerNorm {
            values,
            mask: bits.mask(dropout),
            residual,
            width: self.width,
            epsilon: self.epsilon,
            weight: self.weight.rows(at.weights),
            bias: self.bias.rows(at.weights),
            scales,
            outputs,
        });
    }

    /// `grad`, the gradients of the outputs, becomes that of what was normalised.
    pub(super) fn back(&self, at: At<'_>, tape: &mut NormTape, grad: &mut [Row]) {
        let NormTape { values, scales, grad_weight, grad_bias, .. } = tape;
        let weight = self.weight.rows(at.weights);
        grad_weight.resize(weight.len(), [0.0; PANEL]);
        grad_bias.resize(weight.len(), [0.0; PANEL]);
        at.kernels.layer_norm_back(LayerNormBack {
            grad,
            normalized: values,
            scales,
            width: self.width,
            weight,
            grad_weight,
            grad_bias,
        });
    }

    /// The gradients of weight and bias: sums over the shards.
    pub(super) fn gradients<'a, 'b: 'a>(
        &self,
        kernels: Kernels,
        tapes: &[&'a NormTape],
        parts: &mut Parts<'b>,
        jobs: &mut Vec<Job<'a>>,
    ) {
        let mut add = |parameter: &Parameter, terms: Vec<&'a [Row]>| {
            let Some(slot) = parameter.trained() else { return };
            let sum = parts.take_rows(slot);
            jobs.push(Box::new(move || {
                sum.fill([0.0; PANEL]);
                for term in &terms {
                    kernels.add_to(sum.as_flattened_mut(), 1.0, term.as_flattened());
                }
            }));
        };
        add(&self.weight, tapes.iter().map(|tape| &tape.grad_weight[..]).collect());
        add(&self.bias, tapes.iter().map(|tape| &tape.grad_bias[..]).collect());
    }
}
