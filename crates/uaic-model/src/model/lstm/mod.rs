//! The LSTM over packed batches: one product for all input projections, one per step for the
//! recurrence, and backpropagation through time by hand.
//!
//! A reverse direction walks through the same packing from the last step to the first. The rows of
//! a step are a prefix of those of the step before, so texts join it one by one, at their own last
//! token, with nothing to flip and nothing to mask.

#[cfg(test)]
mod tests;

use super::batch::Batch;
use super::error::WeightsError;
use super::gradients::{Parts, Task, Term};
use super::linear::columns;
use super::pass::Pass;
use super::weights::{Columns, Init, Slot, Weights};
use uaic_kernel::{CellBack, CellForward, LANES, Lanes, PANEL, Row, Start, Target, transpose};

/// One layer, with PyTorch's parameters, gate order (i, f, g, o) and initialisation: U(±1/√H) for
/// all.
#[derive(Clone, Debug)]
pub(super) struct Lstm {
    inputs: usize,
    hidden: usize,
    directions: Vec<Direction>,
}

#[derive(Clone, Debug)]
struct Direction {
    is_reverse: bool,
    /// `(4H, in)`
    weight_ih: Slot,
    /// `(4H, H)`
    weight_hh: Slot,
    /// `(4H)`
    bias_ih: Slot,
    /// `(4H)`
    bias_hh: Slot,
}

/// What a step keeps of one direction. Blocks are of 16 units, U of them.
#[derive(Default)]
pub(super) struct Tape {
    /// Gate values, then the gradients of their sums, `[U][N][64]`.
    gates: Vec<Row>,
    /// Cell states, `[U][N][16]`.
    cells: Vec<Lanes>,
    /// Their hyperbolic tangents, `[U][N][16]`.
    squashed: Vec<Lanes>,
    /// The state before each token, `(N, H)`.
    past: Vec<f32>,
    /// Gradients of cell states on their way back, `[U][B][16]`.
    carry: Vec<Lanes>,
}

/// The transposed weights of one direction, which the backward pass reads.
#[derive(Default)]
pub(super) struct Transposed {
    weight_ih: Vec<Row>,
    weight_hh: Vec<Row>,
}

/// The tokens of one step, and those of the step that it follows.
#[derive(Clone, Copy, Debug)]
struct Step {
    start: usize,
    rows: usize,
    past: usize,
    past_rows: usize,
}

impl Lstm {
    pub(super) fn new(
        name: &str,
        (inputs, hidden): (usize, usize),
        is_bidirectional: bool,
        weights: &mut Weights,
    ) -> Result<Self, WeightsError> {
        let init = Init::Uniform(1.0 / (hidden as f64).sqrt());
        let columns = Columns::Gates { hidden };
        let mut direction = |is_reverse: bool| {
            let suffix = if is_reverse { "_reverse" } else { "" };
            let mut add = |part: &str, shape: &[usize]| {
                weights.panels(&format!("{name}.{part}{suffix}"), shape, columns, init)
            };
            Ok::<_, WeightsError>(Direction {
                is_reverse,
                weight_ih: add("weight_ih", &[4 * hidden, inputs])?,
                weight_hh: add("weight_hh", &[4 * hidden, hidden])?,
                bias_ih: add("bias_ih", &[4 * hidden])?,
                bias_hh: add("bias_hh", &[4 * hidden])?,
            })
        };
        let mut directions = vec![direction(false)?];
        if is_bidirectional {
            directions.push(direction(true)?);
        }
        Ok(Self { inputs, hidden, directions })
    }

    /// Values of a state, those of all directions together.
    pub(super) fn width(&self) -> usize {
        self.directions.len() * self.hidden
    }

    fn blocks(&self) -> usize {
        self.hidden.div_ceil(LANES)
    }

    /// Inputs `x` `(N, in)` to states `(N, D·H)`, from zero states.
    pub(super) fn forward(&self, pass: Pass<'_>, x: &[f32], tapes: &mut Vec<Tape>, states: &mut Vec<f32>) {
        tapes.resize_with(self.directions.len(), Tape::default);
        states.resize(pass.batch.tokens() * self.width(), 0.0);
        for (number, tape) in tapes.iter_mut().enumerate() {
            self.forward_direction(pass, x, number, tape, states);
        }
    }

    fn forward_direction(
        &self,
        Pass { kernels, trained, batch }: Pass<'_>,
        x: &[f32],
        number: usize,
        tape: &mut Tape,
        states: &mut [f32],
    ) {
        let direction = &self.directions[number];
        let (tokens, stride, first) = (batch.tokens(), self.width(), number * self.hidden);
        let Tape { gates, cells, squashed, .. } = tape;
        gates.resize(self.blocks() * tokens, [0.0; PANEL]);
        cells.resize(self.blocks() * tokens, [0.0; LANES]);
        squashed.resize(self.blocks() * tokens, [0.0; LANES]);
        let biases = direction.bias_ih.rows(trained).iter().zip(direction.bias_hh.rows(trained));
        let panels = direction.weight_ih.rows(trained).chunks_exact(self.inputs);
        for ((gates, panel), (a, b)) in gates.chunks_exact_mut(tokens.max(1)).zip(panels).zip(biases) {
            let bias = std::array::from_fn(|column| a[column] + b[column]);
            let target = Target::rows(gates);
            kernels.multiply(tokens, (x, self.inputs), panel, Start::Bias(&bias), target);
        }
        for step in steps(batch, direction.is_reverse) {
            let panels = direction.weight_hh.rows(trained).chunks_exact(self.hidden);
            for (block, panel) in panels.enumerate() {
                let gates = &mut gates[block * tokens + step.start..][..step.rows];
                if step.past_rows > 0 {
                    let past = &states[step.past * stride + first..];
                    let target = Target::rows(&mut gates[..step.past_rows]);
                    kernels.multiply(step.past_rows, (past, stride), panel, Start::Kept, target);
                }
                let (past, cells) = step.split(&mut cells[block * tokens..][..tokens]);
                kernels.cell_forward(CellForward {
                    gates,
                    past,
                    cells,
                    squashed: &mut squashed[block * tokens + step.start..][..step.rows],
                    states: &mut states[step.start * stride + first + block * LANES..],
                    stride,
                    width: LANES.min(self.hidden - block * LANES),
                });
            }
        }
    }

    /// The transposed weights.
    pub(super) fn transpose(&self, trained: &[f32], transposed: &mut Vec<Transposed>) {
        transposed.resize_with(self.directions.len(), Transposed::default);
        for (direction, transposed) in self.directions.iter().zip(transposed) {
            transpose(direction.weight_ih.rows(trained), self.inputs, &mut transposed.weight_ih);
            transpose(direction.weight_hh.rows(trained), self.hidden, &mut transposed.weight_hh);
        }
    }

    /// From gradients of the states `(N, D·H)`, which are used up, to those of the inputs
    /// `(N, in)`; the tapes hold gradients of the gates' sums afterwards.
    pub(super) fn back(
        &self,
        pass: Pass<'_>,
        transposed: &[Transposed],
        states: &[f32],
        tapes: &mut [Tape],
        grad_states: &mut [f32],
        grad_x: &mut Vec<f32>,
    ) {
        let Pass { kernels, batch, .. } = pass;
        grad_x.resize(batch.tokens() * self.inputs, 0.0);
        let mut start = Start::Zero;
        for (number, (transposed, tape)) in transposed.iter().zip(tapes).enumerate() {
            self.keep_past(batch, states, number, tape);
            self.back_through_time(pass, transposed, number, tape, grad_states);
            let tokens = batch.tokens();
            for (block, gates) in tape.gates.chunks_exact(tokens.max(1)).enumerate() {
                let panels = transposed.weight_ih.chunks_exact(self.blocks() * PANEL).enumerate();
                for (panel, rows) in panels {
                    let target = columns(grad_x, panel, self.inputs);
                    let rows = &rows[block * PANEL..][..PANEL];
                    kernels.multiply(tokens, (gates.as_flattened(), PANEL), rows, start, target);
                }
                start = Start::Kept;
            }
        }
    }

    fn back_through_time(
        &self,
        Pass { kernels, batch, .. }: Pass<'_>,
        transposed: &Transposed,
        number: usize,
        tape: &mut Tape,
        grad_states: &mut [f32],
    ) {
        let direction = &self.directions[number];
        let (tokens, stride, first) = (batch.tokens(), self.width(), number * self.hidden);
        let Tape { gates, cells, squashed, carry, .. } = tape;
        carry.clear();
        carry.resize(self.blocks() * batch.len(), [0.0; LANES]);
        for step in steps(batch, direction.is_reverse).rev() {
            for block in 0..self.blocks() {
                kernels.cell_back(CellBack {
                    gates: &mut gates[block * tokens + step.start..][..step.rows],
                    past: &cells[block * tokens + step.past..][..step.past_rows],
                    squashed: &squashed[block * tokens + step.start..][..step.rows],
                    grad_states: &grad_states[step.start * stride + first + block * LANES..],
                    stride,
                    width: LANES.min(self.hidden - block * LANES),
                    carry: &mut carry[block * batch.len()..][..step.rows],
                });
            }
            if step.past_rows == 0 {
                continue;
            }
            let past = &mut grad_states[step.past * stride + first..];
            for block in 0..self.blocks() {
                let gates = gates[block * tokens + step.start..][..step.past_rows].as_flattened();
                let panels = transposed.weight_hh.chunks_exact(self.blocks() * PANEL).enumerate();
                for (panel, rows) in panels {
                    let columns = panel * PANEL;
                    let width = PANEL.min(self.hidden - columns);
                    let target = Target { values: &mut past[columns..], stride, width };
                    let rows = &rows[block * PANEL..][..PANEL];
                    kernels.multiply(step.past_rows, (gates, PANEL), rows, Start::Kept, target);
                }
            }
        }
    }

    /// Lays the state before each token beside its gradients, zeros where a text begins.
    fn keep_past(&self, batch: &Batch, states: &[f32], number: usize, tape: &mut Tape) {
        let direction = &self.directions[number];
        let (stride, first, hidden) = (self.width(), number * self.hidden, self.hidden);
        tape.past.resize(batch.tokens() * hidden, 0.0);
        for step in steps(batch, direction.is_reverse) {
            let to = &mut tape.past[step.start * hidden..][..step.rows * hidden];
            let (to, begins) = to.split_at_mut(step.past_rows * hidden);
            begins.fill(0.0);
            let from = states[step.past * stride..].chunks(stride);
            for (to, from) in to.chunks_exact_mut(hidden).zip(from) {
                to.copy_from_slice(&from[first..][..hidden]);
            }
        }
    }

    /// What is left to do for the gradients of the weights, given each batch's inputs and tapes.
    pub(super) fn tasks<'a>(
        &self,
        applied: &[(&'a Batch, &'a [f32], &'a [Tape])],
        parts: &mut Parts<'a>,
        tasks: &mut Vec<Task<'a>>,
    ) {
        for (number, direction) in self.directions.iter().enumerate() {
            let mut biases =
                [&direction.bias_ih, &direction.bias_hh].map(|bias| parts.take_rows(bias).iter_mut());
            let of_inputs = parts.take_rows(&direction.weight_ih).chunks_exact_mut(self.inputs);
            let of_states = parts.take_rows(&direction.weight_hh).chunks_exact_mut(self.hidden);
            for (block, (of_inputs, of_states)) in of_inputs.zip(of_states).enumerate() {
                let gates =
                    |batch: &Batch, tape: &'a Tape| &tape.gates[block * batch.tokens()..][..batch.tokens()];
                let terms = applied.iter().map(|(batch, x, tapes)| Term {
                    a: x,
                    a_stride: self.inputs,
                    b: gates(batch, &tapes[number]),
                });
                let biases = biases.iter_mut().filter_map(Iterator::next).collect();
                tasks.push(Task::Panel { terms: terms.collect(), weight: of_inputs, biases });
                let terms = applied.iter().map(|(batch, _, tapes)| {
                    // The first step of a forward direction has only zeros before it.
                    let skipped = if direction.is_reverse { 0 } else { batch.len() };
                    let tape = &tapes[number];
                    let a = &tape.past[skipped * self.hidden..];
                    Term { a, a_stride: self.hidden, b: &gates(batch, tape)[skipped..] }
                });
                tasks.push(Task::Panel { terms: terms.collect(), weight: of_states, biases: Vec::new() });
            }
        }
    }
}

/// The steps of a direction, in its order.
fn steps(batch: &Batch, is_reverse: bool) -> impl DoubleEndedIterator<Item = Step> + '_ {
    let offsets = batch.offsets();
    let last = offsets.len() - 1;
    (0..last).map(move |at| {
        let step = if is_reverse { last - 1 - at } else { at };
        let block = |step: usize| (offsets[step], offsets[step + 1] - offsets[step]);
        let (start, rows) = block(step);
        let (past, past_rows) = match (is_reverse, at) {
            (_, 0) => (start, 0),
            (false, _) => (block(step - 1).0, rows),
            (true, _) => block(step + 1),
        };
        Step { start, rows, past, past_rows }
    })
}

impl Step {
    /// The values of the step before, and those of this one, of a block of all tokens.
    fn split<'a>(&self, all: &'a mut [Lanes]) -> (&'a [Lanes], &'a mut [Lanes]) {
        if self.past < self.start {
            let (before, from_here) = all.split_at_mut(self.start);
            (&before[self.past..][..self.past_rows], &mut from_here[..self.rows])
        } else {
            let (here, after) = all.split_at_mut(self.start + self.rows);
            let past = self.past.saturating_sub(self.start + self.rows);
            (&after[past..][..self.past_rows], &mut here[self.start..])
        }
    }
}
