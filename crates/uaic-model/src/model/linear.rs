//! Affine maps.

use super::error::WeightsError;
use super::gradients::{Parts, Task, Term};
use super::weights::{Columns, Init, Slot, Weights};
use uaic_kernel::{Kernels, PANEL, Row, Start, Target, transpose};

/// y = x·Wᵀ (+ b), initialised as PyTorch does: U(±1/√in) for both.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    inputs: usize,
    outputs: usize,
    /// `(out, in)`
    weight: Slot,
    /// `(out)`
    bias: Option<Slot>,
}

/// What a step keeps of one application.
#[derive(Default)]
pub(super) struct LinearTape {
    /// Gradients of the outputs as panels, `[⌈out / 64⌉][B][64]`.
    grad: Vec<Row>,
}

impl Linear {
    pub(super) fn new(
        name: &str,
        inputs: usize,
        outputs: usize,
        weights: &mut Weights,
    ) -> Result<Self, WeightsError> {
        let linear = Self::without_bias(name, inputs, outputs, weights)?;
        let bias = weights.panels(&format!("{name}.bias"), &[outputs], Columns::Plain, init(inputs))?;
        Ok(Self { bias: Some(bias), ..linear })
    }

    pub(super) fn without_bias(
        name: &str,
        inputs: usize,
        outputs: usize,
        weights: &mut Weights,
    ) -> Result<Self, WeightsError> {
        let name = format!("{name}.weight");
        let weight = weights.panels(&name, &[outputs, inputs], Columns::Plain, init(inputs))?;
        Ok(Self { inputs, outputs, weight, bias: None })
    }

    /// `x` `(B, in)` to `y` `(B, out)`.
    pub(super) fn forward(&self, kernels: Kernels, trained: &[f32], x: &[f32], y: &mut Vec<f32>) {
        let rows = x.len() / self.inputs;
        y.resize(rows * self.outputs, 0.0);
        let mut bias = self.bias.as_ref().map(|bias| bias.rows(trained).iter());
        for (panel, rows_of) in self.weight.rows(trained).chunks_exact(self.inputs).enumerate() {
            let start = bias.as_mut().and_then(Iterator::next).map_or(Start::Zero, Start::Bias);
            let target = columns(y, panel, self.outputs);
            kernels.multiply(rows, (x, self.inputs), rows_of, start, target);
        }
    }

    /// The transposed weight, which the backward pass reads.
    pub(super) fn transpose(&self, trained: &[f32], transposed: &mut Vec<Row>) {
        transpose(self.weight.rows(trained), self.inputs, transposed);
    }

    /// `grad_x` `(B, in)` += grad `(B, out)` · W, and the gradients as panels, for those of the
    /// weight.
    pub(super) fn back(
        &self,
        kernels: Kernels,
        transposed: &[Row],
        grad: &[f32],
        tape: &mut LinearTape,
        grad_x: &mut [f32],
    ) {
        let rows = grad.len() / self.outputs;
        let panels = self.outputs.div_ceil(PANEL);
        for (panel, transposed) in transposed.chunks_exact(panels * PANEL).enumerate() {
            let target = columns(grad_x, panel, self.inputs);
            kernels.multiply(rows, (grad, self.outputs), &transposed[..self.outputs], Start::Kept, target);
        }
        tape.grad.clear();
        tape.grad.resize(panels * rows, [0.0; PANEL]);
        for (panel, to) in tape.grad.chunks_exact_mut(rows.max(1)).enumerate() {
            for (to, from) in to.iter_mut().zip(grad.chunks_exact(self.outputs)) {
                let from = &from[panel * PANEL..];
                let width = from.len().min(PANEL);
                to[..width].copy_from_slice(&from[..width]);
            }
        }
    }

    /// What is left to do for the gradients of weight and bias, given inputs and tapes.
    pub(super) fn tasks<'a>(
        &self,
        applied: &[(&'a [f32], &'a LinearTape)],
        parts: &mut Parts<'a>,
        tasks: &mut Vec<Task<'a>>,
    ) {
        let weight = parts.take_rows(&self.weight).chunks_exact_mut(self.inputs);
        let mut bias = self.bias.as_ref().map(|bias| parts.take_rows(bias).iter_mut());
        for (panel, weight) in weight.enumerate() {
            let terms = applied.iter().map(|(x, tape)| {
                let rows = x.len() / self.inputs;
                Term { a: x, a_stride: self.inputs, b: &tape.grad[panel * rows..][..rows] }
            });
            let biases = bias.as_mut().and_then(Iterator::next).into_iter().collect();
            tasks.push(Task::Panel { terms: terms.collect(), weight, biases });
        }
    }
}

/// The columns of a panel in a matrix of `width` columns.
pub(super) fn columns(matrix: &mut [f32], panel: usize, width: usize) -> Target<'_> {
    let first = panel * PANEL;
    // A matrix without rows has no column to begin at.
    let values = matrix.get_mut(first..).unwrap_or_default();
    Target { values, stride: width, width: PANEL.min(width - first) }
}

fn init(inputs: usize) -> Init {
    Init::Uniform(1.0 / (inputs as f64).sqrt())
}
