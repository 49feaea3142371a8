//! Attention over packed states, read by one query per text.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};

use super::Batch;
use super::activation::{add_scaled, dot, exp};
use super::lstm::contiguous;

/// For each text the mean of its states, weighted by softmax(states · query / √H).
///
/// States `(N, H)` in the batch's packing, queries `(B, H)`; gives `(B, H)`.
pub(super) fn mix(states: &Tensor, queries: &Tensor, batch: &Batch) -> Result<Tensor> {
    states.apply_op2(queries, Mix { batch: batch.clone(), shares: Mutex::default() })
}

struct Mix {
    batch: Batch,
    /// The weight of each token, `(N)`; kept for the backward pass.
    shares: Mutex<Vec<f32>>,
}

impl Mix {
    /// Where the tokens of a row are.
    fn tokens(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        self.batch.offsets()[..self.batch.lengths()[row]].iter().map(move |offset| offset + row)
    }
}

impl CustomOp2 for Mix {
    fn name(&self) -> &'static str {
        "attention-mix"
    }

    fn cpu_fwd(
        &self,
        s: &CpuStorage,
        sl: &Layout,
        q: &CpuStorage,
        ql: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (states, queries) = (contiguous(s, sl)?, contiguous(q, ql)?);
        let width = ql.dims()[1];
        let scale = 1.0 / (width as f32).sqrt();
        let mut shares = vec![0.0_f32; self.batch.tokens().len()];
        let mut mixed = vec![0.0_f32; self.batch.len() * width];
        for (row, mixed) in mixed.chunks_exact_mut(width).enumerate() {
            let query = &queries[row * width..][..width];
            let mut largest = f32::NEG_INFINITY;
            for token in self.tokens(row) {
                shares[token] = scale * dot(query, &states[token * width..][..width]);
                largest = largest.max(shares[token]);
            }
            let mut sum = 0.0;
            for token in self.tokens(row) {
                shares[token] = exp(shares[token] - largest);
                sum += shares[token];
            }
            for token in self.tokens(row) {
                shares[token] /= sum;
                add_scaled(mixed, shares[token], &states[token * width..][..width]);
            }
        }
        *self.shares.lock().unwrap_or_else(PoisonError::into_inner) = shares;
        Ok((CpuStorage::F32(mixed), Shape::from((self.batch.len(), width))))
    }

    /// With weights a, scores s = scale·⟨x, q⟩ and incoming gradient g per text:
    /// da = ⟨g, x⟩, ds = a·(da − Σ a·da), dx = a·g + scale·ds·q, dq = scale·Σ ds·x.
    fn bwd(
        &self,
        states: &Tensor,
        queries: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (rows, width) = queries.dims2()?;
        let (x, q, g) = (flat(states)?, flat(queries)?, flat(grad)?);
        let shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let scale = 1.0 / (width as f32).sqrt();
        let mut dx = vec![0.0_f32; x.len()];
        let mut dq = vec![0.0_f32; q.len()];
        let mut slopes = vec![0.0_f32; shares.len()];
        for row in 0..rows {
            let at_row = row * width..(row + 1) * width;
            let (query, grad, dq) = (&q[at_row.clone()], &g[at_row.clone()], &mut dq[at_row]);
            let mut mean = 0.0;
            for token in self.tokens(row) {
                slopes[token] = dot(grad, &x[token * width..][..width]);
                mean += shares[token] * slopes[token];
            }
            for token in self.tokens(row) {
                let at = token * width..(token + 1) * width;
                let slope = scale * shares[token] * (slopes[token] - mean);
                add_scaled(dq, slope, &x[at.clone()]);
                let dx = &mut dx[at];
                add_scaled(dx, shares[token], grad);
                add_scaled(dx, slope, query);
            }
        }
        let dx = Tensor::from_vec(dx, states.shape(), &Device::Cpu)?;
        Ok((Some(dx), Some(Tensor::from_vec(dq, queries.shape(), &Device::Cpu)?)))
    }
}

fn flat(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}
