//! Attention of one query per text over the text's own states.

use super::activation::{add_scaled, dot, exp};
use super::kernel;

kernel! {
    /// The mean of some states, weighted by softmax(scale · states · query).
    ///
    /// `tokens` says at which rows of `states` `(N, F)` the text's tokens are; `shares` `(N)` gets
    /// their weights and `mixed` `(F)` the mean.
    fn attend<'a>(
        states: &'a [f32],
        tokens: &'a [usize],
        query: &'a [f32],
        scale: f32,
        shares: &'a mut [f32],
        mixed: &'a mut [f32],
    ) {
        let width = query.len();
        let mut largest = f32::NEG_INFINITY;
        for &token in tokens {
            shares[token] = scale * dot(query, &states[token * width..][..width]);
            largest = largest.max(shares[token]);
        }
        let mut sum = 0.0;
        for &token in tokens {
            shares[token] = exp(shares[token] - largest);
            sum += shares[token];
        }
        mixed.fill(0.0);
        for &token in tokens {
            shares[token] /= sum;
            add_scaled(mixed, shares[token], &states[token * width..][..width]);
        }
    }
}

/// What the backward pass of [`Kernels::attend`](super::Kernels::attend) reads.
pub struct Attended<'a> {
    /// `(N, F)`
    pub states: &'a [f32],
    /// Rows of the text's tokens.
    pub tokens: &'a [usize],
    /// `(F)`
    pub query: &'a [f32],
    /// Factor of the scores.
    pub scale: f32,
    /// The weights that it gave, `(N)`.
    pub shares: &'a [f32],
    /// Gradient of the mean, `(F)`.
    pub grad: &'a [f32],
}

kernel! {
    /// Adds the gradients of the states, and of the query.
    ///
    /// With weights a, scores s = scale·⟨x, q⟩ and incoming gradient g: da = ⟨g, x⟩,
    /// ds = a·(da − Σ a·da), dx = a·g + scale·ds·q, dq = scale·Σ ds·x. `slopes` `(N)` is scratch.
    fn attend_back<'a>(
        of: Attended<'a>,
        slopes: &'a mut [f32],
        grad_states: &'a mut [f32],
        grad_query: &'a mut [f32],
    ) {
        let Attended { states, tokens, query, scale, shares, grad } = of;
        let width = query.len();
        let mut mean = 0.0;
        for &token in tokens {
            slopes[token] = dot(grad, &states[token * width..][..width]);
            mean += shares[token] * slopes[token];
        }
        for &token in tokens {
            let at = token * width..(token + 1) * width;
            let slope = scale * shares[token] * (slopes[token] - mean);
            add_scaled(grad_query, slope, &states[at.clone()]);
            let dx = &mut grad_states[at];
            add_scaled(dx, shares[token], grad);
            add_scaled(dx, slope, query);
        }
    }
}
