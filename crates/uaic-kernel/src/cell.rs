//! One step of an LSTM (Hochreiter & Schmidhuber 1997, with forget gate), forward and backward.
//!
//! The gates of 16 units make one row of 64: input, forget, cell and output gate, 16 lanes each.
//! So the product that gives the sums and the functions applied to them work on the same few
//! kilobytes, one block of units after the other.

use pulp::Simd;

use super::activation::{sigmoid, tanh};
use super::{LANES, Lanes, Row, kernel};

/// A block of units of the texts that are long enough for one step, forward.
pub struct CellForward<'a> {
    /// Sums on entry, gate values on return, a row for each text.
    pub gates: &'a mut [Row],
    /// Cell states of the step before; texts beyond its end begin with zeros.
    pub past: &'a [Lanes],
    /// Cell states, written.
    pub cells: &'a mut [Lanes],
    /// The hyperbolic tangent of the cell states, written.
    pub squashed: &'a mut [Lanes],
    /// Hidden states, written from the first element on.
    pub states: &'a mut [f32],
    /// From the hidden states of one text to the next.
    pub stride: usize,
    /// Units; the lanes beyond are padding.
    pub width: usize,
}

kernel! {
    /// c ← σ(f)·c + σ(i)·tanh(g), h ← σ(o)·tanh(c)
    fn cell_forward<'a>(cell: CellForward<'a>) {
        let CellForward { gates, past, cells, squashed, states, stride, width } = cell;
        let rows = gates.iter_mut().zip(cells).zip(squashed);
        for (row, ((gates, cells), squashed)) in rows.enumerate() {
            let past = past.get(row).unwrap_or(&[0.0; LANES]);
            let states = &mut states[row * stride..];
            match states.first_chunk_mut() {
                Some(states) if width == LANES => forward_row(gates, past, cells, squashed, states),
                _ => {
                    let mut hidden = [0.0; LANES];
                    forward_row(gates, past, cells, squashed, &mut hidden);
                    states[..width].copy_from_slice(&hidden[..width]);
                }
            }
        }
    }
}

#[inline(always)]
fn forward_row(gates: &mut Row, past: &Lanes, cells: &mut Lanes, squashed: &mut Lanes, hidden: &mut Lanes) {
    let [i, f, g, o] = lanes_mut(gates);
    for lane in 0..LANES {
        let (input, forget, candidate) = (sigmoid(i[lane]), sigmoid(f[lane]), tanh(g[lane]));
        let output = sigmoid(o[lane]);
        let cell = forget.mul_add(past[lane], input * candidate);
        let squash = tanh(cell);
        (i[lane], f[lane], g[lane], o[lane]) = (input, forget, candidate, output);
        (cells[lane], squashed[lane], hidden[lane]) = (cell, squash, output * squash);
    }
}

/// A block of units of the texts that are long enough for one step, backward.
pub struct CellBack<'a> {
    /// Gate values on entry, gradients of the sums on return.
    pub gates: &'a mut [Row],
    /// Cell states of the step before; texts beyond its end began with zeros.
    pub past: &'a [Lanes],
    /// The hyperbolic tangent of the cell states.
    pub squashed: &'a [Lanes],
    /// Gradients of the hidden states, from the first element on.
    pub grad_states: &'a [f32],
    /// From the hidden states of one text to the next.
    pub stride: usize,
    /// Units; the lanes beyond are padding.
    pub width: usize,
    /// Gradients of the cell states: what later steps add on entry, and what the step before
    /// receives on return.
    pub carry: &'a mut [Lanes],
}

kernel! {
    /// The gradients of the sums, and of the cell states of the step before.
    fn cell_back<'a>(cell: CellBack<'a>) {
        let CellBack { gates, past, squashed, grad_states, stride, width, carry } = cell;
        for (row, ((gates, squashed), carry)) in gates.iter_mut().zip(squashed).zip(carry).enumerate() {
            let past = past.get(row).unwrap_or(&[0.0; LANES]);
            let grads = &grad_states[row * stride..];
            match grads.first_chunk() {
                Some(grads) if width == LANES => back_row(gates, past, squashed, grads, carry),
                _ => {
                    let mut padded = [0.0; LANES];
                    padded[..width].copy_from_slice(&grads[..width]);
                    back_row(gates, past, squashed, &padded, carry);
                }
            }
        }
    }
}

#[inline(always)]
fn back_row(gates: &mut Row, past: &Lanes, squashed: &Lanes, grads: &Lanes, carry: &mut Lanes) {
    let [i, f, g, o] = lanes_mut(gates);
    for lane in 0..LANES {
        let (input, forget, candidate, output) = (i[lane], f[lane], g[lane], o[lane]);
        let (squash, grad) = (squashed[lane], grads[lane]);
        let total = (grad * output).mul_add(1.0 - squash * squash, carry[lane]);
        i[lane] = total * candidate * input * (1.0 - input);
        f[lane] = total * past[lane] * forget * (1.0 - forget);
        g[lane] = total * input * (1.0 - candidate * candidate);
        o[lane] = grad * squash * output * (1.0 - output);
        carry[lane] = total * forget;
    }
}

kernel! {
    /// `sum += Σ rows`, in their order.
    fn add_up<'a>(simd; rows: &'a [Row], sum: &'a mut Row) {
        // As many columns at a time as their sums fit into registers, and hide how long one takes.
        match S::F32_LANES {
            1 | 4 | 16 => add_registers::<S, 4>(simd, rows, sum),
            _ => add_registers::<S, 8>(simd, rows, sum),
        }
    }
}

#[inline(always)]
fn add_registers<S: Simd, const V: usize>(simd: S, rows: &[Row], sum: &mut Row) {
    let (sums, _) = S::as_mut_simd_f32s(&mut sum[..]);
    let mut at = 0;
    while at < sums.len() {
        let Some(into) = sums[at..].first_chunk_mut::<V>() else { return };
        let mut total = *into;
        for row in rows {
            let (row, _) = S::as_simd_f32s(&row[..]);
            let mut v = 0;
            while v < V {
                total[v] = simd.add_f32s(total[v], row[at + v]);
                v += 1;
            }
        }
        *into = total;
        at += V;
    }
}

/// The four gates of a row.
#[inline(always)]
fn lanes_mut(row: &mut Row) -> [&mut Lanes; 4] {
    match row.as_chunks_mut::<LANES>().0 {
        [i, f, g, o] => [i, f, g, o],
        _ => unreachable!("a row has 64 values"),
    }
}
