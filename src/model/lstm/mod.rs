//! The LSTM (Hochreiter & Schmidhuber 1997, with forget gate) over packed batches: one product for
//! all input projections, one per step for the recurrence, and backpropagation through time by
//! hand. Built of single candle operations, every step would pad its gradient to the whole
//! sequence.

mod cell;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};

use super::activation::add_scaled;
use super::{Batch, Mode, Weights};
use cell::{Block, step, step_back};

/// One layer, one direction, with PyTorch's parameters, gate order (i, f, g, o) and
/// initialisation: U(±1/√H) for all.
pub(super) struct Lstm {
    /// `(4H, E)`
    weight_ih: Tensor,
    /// `(4H, H)`
    weight_hh: Tensor,
    /// `(4H)`
    bias_ih: Tensor,
    /// `(4H)`
    bias_hh: Tensor,
}

impl Lstm {
    pub(super) fn new(name: &str, inputs: usize, hidden: usize, weights: &mut Weights) -> Result<Self> {
        let bound = 1.0 / (hidden as f64).sqrt();
        let mut uniform =
            |part: &str, shape: &[usize]| weights.uniform(&format!("{name}.{part}"), shape, bound);
        Ok(Self {
            weight_ih: uniform("weight_ih", &[4 * hidden, inputs])?,
            weight_hh: uniform("weight_hh", &[4 * hidden, hidden])?,
            bias_ih: uniform("bias_ih", &[4 * hidden])?,
            bias_hh: uniform("bias_hh", &[4 * hidden])?,
        })
    }

    /// Packed inputs `(N, E)` to packed hidden states `(N, H)`, from zero states.
    pub(super) fn forward(&self, inputs: &Tensor, batch: &Batch, mode: &Mode<'_>) -> Result<Tensor> {
        let bias = (&self.bias_ih + &self.bias_hh)?;
        let projected = inputs.matmul(&self.weight_ih.t()?)?; // (N, 4H)
        let op = Recurrence { offsets: batch.offsets().to_vec(), saved: Mutex::default() };
        match mode {
            Mode::Train(_) => projected.apply_op3(&self.weight_hh, &bias, op),
            Mode::Eval => projected.apply_op3_no_bwd(&self.weight_hh, &bias, &op),
        }
    }
}

/// Projected inputs `(N, 4H)`, recurrent weights `(4H, H)` and bias `(4H)` to hidden states `(N, H)`.
struct Recurrence {
    offsets: Vec<usize>,
    saved: Mutex<Saved>,
}

/// What the backward pass needs of the forward one.
#[derive(Default)]
struct Saved {
    /// Gate values after their functions, `(N, 4H)`.
    gates: Vec<f32>,
    /// Cell states, `(N, H)`.
    cells: Vec<f32>,
}

impl CustomOp3 for Recurrence {
    fn name(&self) -> &'static str {
        "lstm"
    }

    fn cpu_fwd(
        &self,
        projected: &CpuStorage,
        projected_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let hidden = weight_layout.dims()[1];
        let bias = contiguous(bias, bias_layout)?;
        let mut gates = contiguous(projected, projected_layout)?.to_vec();
        for sums in gates.chunks_exact_mut(4 * hidden) {
            add_scaled(sums, 1.0, bias);
        }
        let weight =
            Tensor::from_slice(contiguous(weight, weight_layout)?, weight_layout.shape(), &Device::Cpu)?;
        let tokens = gates.len() / (4 * hidden);
        let mut cells = vec![0.0_f32; tokens * hidden];
        let mut states = vec![0.0_f32; tokens * hidden];
        self.run(&mut gates, &mut cells, &mut states, &weight.t()?)?;
        *self.saved.lock().unwrap_or_else(PoisonError::into_inner) = Saved { gates, cells };
        Ok((CpuStorage::F32(states), Shape::from((tokens, hidden))))
    }

    fn bwd(
        &self,
        _: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        states: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (tokens, hidden) = states.dims2()?;
        let grad_gates = self.run_back(grad.flatten_all()?.to_vec1()?, weight)?;
        let grad_weight = self.grad_weight(&grad_gates, states)?;
        let mut grad_bias = vec![0.0_f32; 4 * hidden];
        for row in grad_gates.chunks_exact(4 * hidden) {
            add_scaled(&mut grad_bias, 1.0, row);
        }
        let grad_gates = Tensor::from_vec(grad_gates, (tokens, 4 * hidden), &Device::Cpu)?;
        Ok((
            Some(grad_gates),
            Some(grad_weight),
            Some(Tensor::from_vec(grad_bias, 4 * hidden, &Device::Cpu)?),
        ))
    }
}

impl Recurrence {
    /// The number of texts: rows of the first step.
    fn texts(&self) -> usize {
        self.offsets.get(1).copied().unwrap_or(0)
    }

    /// The blocks of tokens of each step after the first: `(start of the step before, start, end)`.
    fn later_steps(&self) -> impl DoubleEndedIterator<Item = (usize, usize, usize)> + '_ {
        self.offsets.windows(3).map(|at| (at[0], at[1], at[2]))
    }

    /// All steps forward. `gates` `(N, 4H)` holds the projected inputs on entry and gate values on
    /// return; cells and states `(N, H)` are written; `weight` is transposed, `(H, 4H)`.
    fn run(&self, gates: &mut [f32], cells: &mut [f32], states: &mut [f32], weight: &Tensor) -> Result<()> {
        let hidden = weight.dims()[0];
        let first = self.texts() * hidden;
        let nothing = vec![0.0_f32; first];
        step(&mut gates[..4 * first], &nothing, &mut cells[..first], &mut states[..first], hidden);
        for (before, start, end) in self.later_steps() {
            let width = (end - start) * hidden;
            let past_states = &states[before * hidden..][..width];
            let past_states = Tensor::from_slice(past_states, (end - start, hidden), &Device::Cpu)?;
            let recurrent: Vec<f32> = past_states.matmul(weight)?.flatten_all()?.to_vec1()?;
            let gates = &mut gates[4 * start * hidden..4 * end * hidden];
            add_scaled(gates, 1.0, &recurrent);
            let (past_cells, cells) = cells.split_at_mut(start * hidden);
            let past_cells = &past_cells[before * hidden..][..width];
            step(gates, past_cells, &mut cells[..width], &mut states[start * hidden..][..width], hidden);
        }
        Ok(())
    }

    /// All steps backward: from gradients of the states `(N, H)` to those of the gates' sums
    /// `(N, 4H)`.
    fn run_back(&self, mut grad_states: Vec<f32>, weight: &Tensor) -> Result<Vec<f32>> {
        let hidden = weight.dims()[1];
        let saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let mut grad_cells = vec![0.0_f32; grad_states.len()];
        let mut grad_gates = vec![0.0_f32; 4 * grad_states.len()];
        let nothing = vec![0.0_f32; self.texts() * hidden];
        let steps = self.later_steps().rev().map(|(before, start, end)| (Some(before), start, end));
        for (before, start, end) in steps.chain([(None, 0, self.texts())]) {
            let (at, width) = (start * hidden, (end - start) * hidden);
            let block = Block {
                gates: &saved.gates[4 * at..][..4 * width],
                cells: &saved.cells[at..][..width],
                past_cells: before.map_or(&nothing[..], |before| &saved.cells[before * hidden..][..width]),
            };
            let (past_grad_cells, grad_cells) = grad_cells.split_at_mut(at);
            let grad_cells = &mut grad_cells[..width];
            let grad_gates = &mut grad_gates[4 * at..][..4 * width];
            step_back(&block, &grad_states[at..][..width], grad_cells, grad_gates, hidden);
            let Some(before) = before else { continue };
            past_grad_cells[before * hidden..][..width].copy_from_slice(grad_cells);
            let sums = Tensor::from_slice(grad_gates, (end - start, 4 * hidden), &Device::Cpu)?;
            let past: Vec<f32> = sums.matmul(weight)?.flatten_all()?.to_vec1()?;
            add_scaled(&mut grad_states[before * hidden..][..width], 1.0, &past);
        }
        Ok(grad_gates)
    }

    /// dW = Σₜ dGₜᵀ · hₜ₋₁ as one product over all steps after the first.
    fn grad_weight(&self, grad_gates: &[f32], states: &Tensor) -> Result<Tensor> {
        let (tokens, hidden) = states.dims2()?;
        let later = tokens - self.texts();
        if later == 0 {
            return Tensor::zeros((4 * hidden, hidden), candle_core::DType::F32, &Device::Cpu);
        }
        let states: Vec<f32> = states.flatten_all()?.to_vec1()?;
        let mut past = Vec::with_capacity(later * hidden);
        for (before, start, end) in self.later_steps() {
            past.extend_from_slice(&states[before * hidden..][..(end - start) * hidden]);
        }
        let past = Tensor::from_vec(past, (later, hidden), &Device::Cpu)?;
        let sums = &grad_gates[4 * self.texts() * hidden..];
        Tensor::from_slice(sums, (later, 4 * hidden), &Device::Cpu)?.t()?.matmul(&past)
    }
}

/// The values of a contiguous tensor of 32-bit floats.
pub(super) fn contiguous<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => candle_core::bail!("the tensor must be contiguous"),
    }
}
