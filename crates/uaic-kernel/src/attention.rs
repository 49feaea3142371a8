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

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, on_all, random};
    use super::*;

    const WIDTH: usize = 19;
    const TOKENS: [usize; 4] = [0, 2, 3, 6];
    const SCALE: f32 = 0.3;

    /// The mean of the states of a text, weighted by softmax(scale · states · query).
    fn mix(states: &[f64], query: &[f64]) -> Vec<f64> {
        let row = |token: usize| &states[token * WIDTH..][..WIDTH];
        let score = |token: usize| row(token).iter().zip(query).map(|(x, q)| x * q).sum::<f64>();
        let weights: Vec<f64> = TOKENS.iter().map(|&token| (f64::from(SCALE) * score(token)).exp()).collect();
        let total: f64 = weights.iter().sum();
        let value = |column: usize| {
            let terms = TOKENS.iter().zip(&weights).map(|(&token, weight)| weight * row(token)[column]);
            terms.sum::<f64>() / total
        };
        (0..WIDTH).map(value).collect()
    }

    fn double(values: &[f32]) -> Vec<f64> {
        values.iter().map(|value| f64::from(*value)).collect()
    }

    #[test]
    fn attention_and_its_gradients_equal_the_definition() {
        let (states, query) = (random("states", 7 * WIDTH), random("query", WIDTH));
        let readout = random("readout", WIDTH);
        let [mixed, grad_states, grad_query] = on_all(|kernels| {
            let (mut shares, mut slopes, mut mixed) = (vec![0.0; 7], vec![0.0; 7], vec![0.0; WIDTH]);
            kernels.attend(&states, &TOKENS, &query, SCALE, &mut shares, &mut mixed);
            let (mut grad_states, mut grad_query) = (vec![0.0; 7 * WIDTH], vec![0.0; WIDTH]);
            let (shares, tokens, grad) = (&shares[..], &TOKENS[..], &readout[..]);
            let of = Attended { states: &states, tokens, query: &query, scale: SCALE, shares, grad };
            kernels.attend_back(of, &mut slopes, &mut grad_states, &mut grad_query);
            [mixed, grad_states, grad_query]
        });
        let (states, query, readout) = (double(&states), double(&query), double(&readout));
        assert_close(&mixed, mix(&states, &query), 1e-6);
        let loss = |states: &[f64], query: &[f64]| -> f64 {
            mix(states, query).iter().zip(&readout).map(|(value, weight)| value * weight).sum()
        };
        let moved = |values: &[f64], at: usize, by: f64| {
            let mut values = values.to_vec();
            values[at] += by;
            values
        };
        // In double precision central differences are exact to ten digits.
        let slope = |at: usize| {
            let loss = |by| loss(&moved(&states, at, by), &query);
            (loss(1e-5) - loss(-1e-5)) / 2e-5
        };
        assert_close(&grad_states, (0..states.len()).map(slope), 1e-6);
        let slope = |at: usize| {
            let loss = |by| loss(&states, &moved(&query, at, by));
            (loss(1e-5) - loss(-1e-5)) / 2e-5
        };
        assert_close(&grad_query, (0..WIDTH).map(slope), 1e-6);
    }

    #[test]
    fn folded_projections_equal_projected_keys_and_values() {
        // The last position's row of softmax(Q·Kᵀ/√F)·V, every position projected, biases and all.
        let x = double(&random("states", 7 * WIDTH));
        let matrix = |name| double(&random(name, WIDTH * WIDTH));
        let (key, value) = (matrix("key"), matrix("value"));
        let (key_bias, value_bias) =
            (double(&random("key bias", WIDTH)), double(&random("value bias", WIDTH)));
        let project = |matrix: &[f64], x: &[f64]| -> Vec<f64> {
            let row = |row: &[f64]| row.iter().zip(x).map(|(w, x)| w * x).sum();
            matrix.chunks_exact(WIDTH).map(row).collect()
        };
        let add = |a: Vec<f64>, b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a + b).collect() };
        let query = double(&random("query", WIDTH));
        let row = |token: usize| &x[token * WIDTH..][..WIDTH];
        let scores = TOKENS.map(|token| {
            let key = add(project(&key, row(token)), &key_bias);
            (f64::from(SCALE) * key.iter().zip(&query).map(|(k, q)| k * q).sum::<f64>()).exp()
        });
        let mut expected = vec![0.0; WIDTH];
        for (token, score) in TOKENS.into_iter().zip(scores) {
            let share = score / scores.iter().sum::<f64>();
            let value = add(project(&value, row(token)), &value_bias);
            expected.iter_mut().zip(value).for_each(|(sum, value)| *sum += share * value);
        }

        // u = q·Wk once, and Wv applied to the mix.
        let folded: Vec<f32> = (0..WIDTH)
            .map(|column| (0..WIDTH).map(|row| query[row] * key[row * WIDTH + column]).sum::<f64>() as f32)
            .collect();
        let [mixed] = on_all(|kernels| {
            let (mut shares, mut mixed) = (vec![0.0; 7], vec![0.0; WIDTH]);
            let states = random("states", 7 * WIDTH);
            kernels.attend(&states, &TOKENS, &folded, SCALE, &mut shares, &mut mixed);
            [mixed]
        });
        let ours: Vec<f32> = add(project(&value, &double(&mixed)), &value_bias)
            .into_iter()
            .map(|value| value as f32)
            .collect();
        assert_close(&ours, expected, 1e-5);
    }

    #[test]
    fn scores_far_apart_leave_one_token() {
        let [mixed] = on_all(|kernels| {
            let (mut shares, mut mixed) = (vec![0.0; 2], vec![0.0; 1]);
            kernels.attend(&[1.0, -1.0], &[0, 1], &[1e4], 1.0, &mut shares, &mut mixed);
            [mixed]
        });
        assert_close(&mixed, [1.0], 1e-6);
    }
}
