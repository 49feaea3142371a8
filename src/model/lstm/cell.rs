//! One step of the recurrence, forward and backward, for a block of rows.
//!
//! The loops run over slices cut to one length, so that nothing keeps the compiler from
//! vectorising them.

use super::super::activation::{sigmoid, tanh};

/// One step forward. `gates` `(n, 4H)` holds sums on entry and gate values on return; cells and
/// states are `(n, H)`.
pub(super) fn step(
    gates: &mut [f32],
    past_cells: &[f32],
    cells: &mut [f32],
    states: &mut [f32],
    hidden: usize,
) {
    let rows = gates.chunks_exact_mut(4 * hidden).zip(past_cells.chunks_exact(hidden));
    let results = cells.chunks_exact_mut(hidden).zip(states.chunks_exact_mut(hidden));
    for ((gates, past), (cells, states)) in rows.zip(results) {
        let (i, rest) = gates.split_at_mut(hidden);
        let (f, rest) = rest.split_at_mut(hidden);
        let (g, o) = rest.split_at_mut(hidden);
        step_row([i, f, g, o], past, cells, states);
    }
}

fn step_row([i, f, g, o]: [&mut [f32]; 4], past: &[f32], cells: &mut [f32], states: &mut [f32]) {
    for gate in [&mut *i, &mut *f, &mut *o] {
        for value in gate {
            *value = sigmoid(*value);
        }
    }
    let width = cells.len();
    let (i, f, g, o, past, states) =
        (&i[..width], &f[..width], &mut g[..width], &o[..width], &past[..width], &mut states[..width]);
    for j in 0..width {
        g[j] = tanh(g[j]);
        cells[j] = f[j] * past[j] + i[j] * g[j];
        states[j] = o[j] * tanh(cells[j]);
    }
}

/// What the backward step of a block needs of the forward one.
pub(super) struct Block<'a> {
    /// Gate values, `(n, 4H)`.
    pub(super) gates: &'a [f32],
    /// Cell states, `(n, H)`.
    pub(super) cells: &'a [f32],
    /// Cell states of the step before, `(n, H)`.
    pub(super) past_cells: &'a [f32],
}

/// One step backward. `grad_states` `(n, H)` is complete; `grad_cells` `(n, H)` holds what later
/// steps add on entry and what the step before receives on return; `grad_gates` `(n, 4H)` is
/// written.
pub(super) fn step_back(
    block: &Block<'_>,
    grad_states: &[f32],
    grad_cells: &mut [f32],
    grad_gates: &mut [f32],
    hidden: usize,
) {
    let values = block.gates.chunks_exact(4 * hidden).zip(block.cells.chunks_exact(hidden));
    let values = values.zip(block.past_cells.chunks_exact(hidden));
    let grads = grad_states.chunks_exact(hidden).zip(grad_cells.chunks_exact_mut(hidden));
    let grads = grads.zip(grad_gates.chunks_exact_mut(4 * hidden));
    for (((gates, cells), past), ((dh, dc), dgates)) in values.zip(grads) {
        step_back_row(gates, cells, past, dh, dc, dgates);
    }
}

fn step_back_row(gates: &[f32], cells: &[f32], past: &[f32], dh: &[f32], dc: &mut [f32], dgates: &mut [f32]) {
    let width = cells.len();
    let (past, dh, dc) = (&past[..width], &dh[..width], &mut dc[..width]);
    let (i, f, g, o) = (
        &gates[..width],
        &gates[width..2 * width],
        &gates[2 * width..3 * width],
        &gates[3 * width..4 * width],
    );
    let (di, rest) = dgates[..4 * width].split_at_mut(width);
    let (df, rest) = rest.split_at_mut(width);
    let (dg, d_o) = rest.split_at_mut(width);
    for j in 0..width {
        let squashed = tanh(cells[j]);
        let total = dc[j] + dh[j] * o[j] * (1.0 - squashed * squashed);
        di[j] = total * g[j] * i[j] * (1.0 - i[j]);
        df[j] = total * past[j] * f[j] * (1.0 - f[j]);
        dg[j] = total * i[j] * (1.0 - g[j] * g[j]);
        d_o[j] = dh[j] * squashed * o[j] * (1.0 - o[j]);
        dc[j] = total * f[j];
    }
}
