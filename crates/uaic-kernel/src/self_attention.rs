//! Multi-head self-attention (Vaswani et al. 2017) of packed texts: each text attends to its own
//! tokens, so there is neither padding nor a mask for it.
//!
//! Queries, keys, values and what they are mixed to lie as panels `[⌈H/64⌉][N][64]`, head after
//! head along the columns. Each head of each text is copied to where its rows are whole registers,
//! multiplied there, and copied back.

use super::activation::{exp, largest};
use super::head::{gather, scatter, transpose};
use super::product::multiply_wide;
use super::{LANES, Lanes, Mask, PANEL, Row, kernel};

/// Where the tokens of some texts are, and which of them ask.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Where each text's tokens begin, and the end of the last, `(B + 1)`.
    pub tokens: &'a [usize],
    /// Where each text's rows that ask begin, and the end of the last, `(B + 1)`.
    pub rows: &'a [usize],
    /// Heads, A.
    pub heads: usize,
    /// Columns of all heads together, H, a multiple of A.
    pub width: usize,
}

impl Asking<'_> {
    /// How many weights there are: for each text `[A][rows][tokens, rounded up to 16]`.
    pub fn shares(&self) -> usize {
        let mut shares = 0;
        for text in 0..self.tokens.len() - 1 {
            shares += self.text(text).shares() * self.heads;
        }
        shares
    }

    #[inline(always)]
    fn text(&self, text: usize) -> Text {
        Text {
            first_row: self.rows[text],
            rows: self.rows[text + 1] - self.rows[text],
            first_token: self.tokens[text],
            tokens: self.tokens[text + 1] - self.tokens[text],
        }
    }

    #[inline(always)]
    fn all_rows(&self) -> usize {
        self.rows[self.rows.len() - 1]
    }

    #[inline(always)]
    fn all_tokens(&self) -> usize {
        self.tokens[self.tokens.len() - 1]
    }

    /// Factor of the scores.
    fn scale(&self) -> f32 {
        1.0 / ((self.width / self.heads) as f32).sqrt()
    }
}

/// The part of one text.
#[derive(Clone, Copy)]
struct Text {
    first_row: usize,
    rows: usize,
    first_token: usize,
    tokens: usize,
}

impl Text {
    /// Columns of the weights.
    #[inline(always)]
    fn columns(self) -> usize {
        self.tokens.next_multiple_of(LANES)
    }

    /// Weights of one head.
    #[inline(always)]
    fn shares(self) -> usize {
        self.rows * self.columns()
    }
}

/// Memory for one head of one text.
#[derive(Debug, Default)]
pub struct AttentionScratch {
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    grad: Vec<f32>,
    transposed: Vec<f32>,
    dropped: Vec<f32>,
    slopes: Vec<f32>,
    mixed: Vec<f32>,
}

/// Self-attention, forward.
pub struct SelfAttention<'a> {
    /// Which rows ask which tokens.
    pub asking: Asking<'a>,
    /// Of the rows that ask.
    pub query: &'a [Row],
    /// Of all tokens.
    pub key: &'a [Row],
    /// Of all tokens.
    pub value: &'a [Row],
    /// Dropout of the weights.
    pub mask: Option<Mask<'a>>,
    /// The weights before dropout, written; see [`Asking::shares`].
    pub shares: &'a mut [f32],
    /// The mixed values of the rows that ask, written.
    pub mixed: &'a mut [Row],
    /// Memory.
    pub scratch: &'a mut AttentionScratch,
}

kernel! {
    /// softmax(q·kᵀ / √d) · v for each head of d columns.
    fn self_attention<'a>(simd; of: SelfAttention<'a>) {
        let SelfAttention { asking, query, key, value, mask, shares, mixed, scratch } = of;
        let AttentionScratch { query: q, key: k, value: v, transposed, dropped, mixed: out, .. } = scratch;
        let (rows, tokens) = (asking.all_rows(), asking.all_tokens());
        let (depth, scale) = (asking.width / asking.heads, asking.scale());
        if asking.width % PANEL != 0 {
            mixed.fill([0.0; PANEL]);
        }
        let mut first = 0;
        for number in 0..asking.tokens.len() - 1 {
            let text = asking.text(number);
            let columns = text.columns();
            for head in 0..asking.heads {
                let column = head * depth;
                gather((query, rows), text.first_row, text.rows, (column, depth), q);
                gather((key, tokens), text.first_token, text.tokens, (column, depth), k);
                gather((value, tokens), text.first_token, text.tokens, (column, depth), v);
                let lanes = depth.next_multiple_of(LANES);
                transpose(k, text.tokens, depth, lanes, columns, transposed);
                let shares = &mut shares[first..first + text.shares()];
                multiply_wide(simd, (q, lanes, 1), depth, transposed, shares, columns);
                for row in shares.chunks_exact_mut(columns) {
                    softmax(row, text.tokens, scale);
                }
                let weights: &[f32] = match &mask {
                    None => shares,
                    Some(mask) => {
                        dropped.clear();
                        dropped.extend_from_slice(shares);
                        mask.part(first, dropped.len()).drop(dropped);
                        dropped
                    }
                };
                out.resize(text.rows * lanes, 0.0);
                multiply_wide(simd, (weights, columns, 1), text.tokens, v, out, lanes);
                scatter(out, (mixed, rows), text.first_row, text.rows, (column, depth));
                first += text.shares();
            }
        }
    }
}

/// Self-attention, backward.
pub struct SelfAttentionBack<'a> {
    /// Which rows ask which tokens.
    pub asking: Asking<'a>,
    /// Dropout of the weights.
    pub mask: Option<Mask<'a>>,
    /// The weights before dropout.
    pub shares: &'a [f32],
    /// Gradients of the mixed values.
    pub grad: &'a [Row],
    /// The queries on entry, their gradients on return.
    pub query: &'a mut [Row],
    /// The keys on entry, their gradients on return.
    pub key: &'a mut [Row],
    /// The values on entry, their gradients on return.
    pub value: &'a mut [Row],
    /// Memory.
    pub scratch: &'a mut AttentionScratch,
}

kernel! {
    /// With weights a (after dropout m: a·m), scores s = q·kᵀ/√d and incoming gradient g:
    /// dv = (a·m)ᵀ·g, da = (g·vᵀ)·m, ds = a·(da − Σ a·da), dq = ds·k/√d, dk = dsᵀ·q/√d.
    fn self_attention_back<'a>(simd; of: SelfAttentionBack<'a>) {
        let SelfAttentionBack { asking, mask, shares, grad, query, key, value, scratch } = of;
        let AttentionScratch { query: q, key: k, value: v, grad: g, transposed, dropped, slopes, mixed } =
            scratch;
        let (rows, tokens) = (asking.all_rows(), asking.all_tokens());
        let (depth, scale) = (asking.width / asking.heads, asking.scale());
        let lanes = depth.next_multiple_of(LANES);
        let mut first = 0;
        for number in 0..asking.tokens.len() - 1 {
            let text = asking.text(number);
            let columns = text.columns();
            for head in 0..asking.heads {
                let of = (head * depth, depth);
                gather((query, rows), text.first_row, text.rows, of, q);
                gather((grad, rows), text.first_row, text.rows, of, g);
                gather((key, tokens), text.first_token, text.tokens, of, k);
                gather((value, tokens), text.first_token, text.tokens, of, v);
                let shares = &shares[first..first + text.shares()];
                // Gradients of the weights.
                transpose(v, text.tokens, depth, lanes, columns, transposed);
                slopes.resize(text.shares(), 0.0);
                multiply_wide(simd, (g, lanes, 1), depth, transposed, slopes, columns);
                dropped.clear();
                dropped.extend_from_slice(shares);
                if let Some(mask) = &mask {
                    let mask = mask.part(first, text.shares());
                    mask.drop(slopes);
                    mask.drop(dropped);
                }
                for (slopes, shares) in slopes.chunks_exact_mut(columns).zip(shares.chunks_exact(columns)) {
                    softmax_back(slopes, shares, scale);
                }
                mixed.resize(text.tokens.max(text.rows) * lanes, 0.0);
                let of_tokens = &mut mixed[..text.tokens * lanes];
                multiply_wide(simd, (dropped, 1, columns), text.rows, g, of_tokens, lanes);
                scatter(of_tokens, (value, tokens), text.first_token, text.tokens, of);
                multiply_wide(simd, (slopes, 1, columns), text.rows, q, of_tokens, lanes);
                scatter(of_tokens, (key, tokens), text.first_token, text.tokens, of);
                let of_rows = &mut mixed[..text.rows * lanes];
                multiply_wide(simd, (slopes, columns, 1), text.tokens, k, of_rows, lanes);
                scatter(of_rows, (query, rows), text.first_row, text.rows, of);
                first += text.shares();
            }
        }
    }
}

/// Scores of `count` tokens to weights that sum to 1; zeros beyond.
#[inline(always)]
fn softmax(row: &mut [f32], count: usize, scale: f32) {
    let largest = largest(&row[..count]);
    let blocks = row.as_chunks_mut::<LANES>().0;
    let mut sums = [0.0; LANES];
    for (number, block) in blocks.iter_mut().enumerate() {
        for score in &mut *block {
            *score = exp((*score - largest) * scale);
        }
        if (number + 1) * LANES > count {
            block[count - number * LANES..].fill(0.0);
        }
        add(&mut sums, block);
    }
    let share = 1.0 / total(sums);
    for value in row {
        *value *= share;
    }
}

/// Gradients of the weights to those of the products of queries and keys.
#[inline(always)]
fn softmax_back(slopes: &mut [f32], shares: &[f32], scale: f32) {
    let mut sums = [0.0; LANES];
    for (slopes, shares) in slopes.as_chunks::<LANES>().0.iter().zip(shares.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] = slopes[lane].mul_add(shares[lane], sums[lane]);
        }
    }
    let mean = total(sums);
    for (slope, share) in slopes.iter_mut().zip(shares) {
        *slope = scale * share * (*slope - mean);
    }
}

#[inline(always)]
fn add(sums: &mut Lanes, values: &Lanes) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

/// The sum of all lanes, halves first.
#[inline(always)]
fn total(mut lanes: Lanes) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, on_all, random};
    use super::*;

    /// Rows `(N, H)` as panels.
    fn panels(values: &[f32], width: usize) -> Vec<Row> {
        let rows = values.len() / width;
        let mut panels = vec![[0.0; PANEL]; width.div_ceil(PANEL) * rows];
        for (at, value) in values.iter().enumerate() {
            panels[at % width / PANEL * rows + at / width][at % width % PANEL] = *value;
        }
        panels
    }

    fn rows(panels: &[Row], width: usize) -> Vec<f32> {
        let rows = panels.len() / width.div_ceil(PANEL);
        let at = |at: usize| panels[at % width / PANEL * rows + at / width][at % width % PANEL];
        (0..rows * width).map(at).collect()
    }

    /// The definition, one value after the other.
    fn attend(asking: Asking<'_>, [q, k, v]: [&[f64]; 3], factors: &[f64]) -> Vec<f64> {
        let (width, depth) = (asking.width, asking.width / asking.heads);
        let mut mixed = vec![0.0; q.len()];
        let mut first = 0;
        for text in (0..asking.tokens.len() - 1).map(|text| asking.text(text)) {
            for head in 0..asking.heads {
                for row in 0..text.rows {
                    let at = |row: usize| row * width + head * depth;
                    let query = &q[at(text.first_row + row)..][..depth];
                    let score = |token: usize| {
                        let key = &k[at(text.first_token + token)..][..depth];
                        query.iter().zip(key).map(|(q, k)| q * k).sum::<f64>() / (depth as f64).sqrt()
                    };
                    let weights: Vec<f64> = (0..text.tokens).map(|token| score(token).exp()).collect();
                    let total: f64 = weights.iter().sum();
                    for (token, weight) in weights.iter().enumerate() {
                        let factor = factors[first + row * text.columns() + token];
                        for column in 0..depth {
                            mixed[at(text.first_row + row) + column] +=
                                factor * weight / total * v[at(text.first_token + token) + column];
                        }
                    }
                }
                first += text.shares();
            }
        }
        mixed
    }

    fn double(values: &[f32]) -> Vec<f64> {
        values.iter().map(|value| f64::from(*value)).collect()
    }

    #[test]
    fn attention_and_its_gradients_equal_the_definition() {
        let tokens = [0, 1, 4, 21, 23];
        // Every token asks, or the first of each text.
        for asking_rows in [&tokens[..], &[0, 1, 2, 3, 4]] {
            for (heads, width) in [(1, 5), (2, 10), (3, 69), (2, 64), (4, 192)] {
                let asking = Asking { tokens: &tokens, rows: asking_rows, heads, width };
                let (all_rows, all_tokens) = (asking.all_rows(), asking.all_tokens());
                let query = random("query", all_rows * width);
                let [key, value] = ["key", "value"].map(|name| random(name, all_tokens * width));
                let readout = random("readout", all_rows * width);
                let drawn = random("bits", asking.shares());
                let bits: Vec<[u8; 2]> =
                    drawn.iter().map(|v| ((v.abs() * 65_535.0) as u16).to_le_bytes()).collect();
                let mask = Mask::new(&bits, 0.3);
                let mut factors = vec![1.0; bits.len()];
                mask.drop(&mut factors);
                let [mixed, grad_query, grad_key, grad_value, shares] = on_all(|kernels| {
                    let mut scratch = AttentionScratch::default();
                    let (mut shares, mut mixed) = (vec![9.0; bits.len()], panels(&query, width));
                    let [mut q, mut k, mut v] = [&query, &key, &value].map(|values| panels(values, width));
                    kernels.self_attention(SelfAttention {
                        asking,
                        query: &q,
                        key: &k,
                        value: &v,
                        mask: Some(mask),
                        shares: &mut shares,
                        mixed: &mut mixed,
                        scratch: &mut scratch,
                    });
                    kernels.self_attention_back(SelfAttentionBack {
                        asking,
                        mask: Some(mask),
                        shares: &shares,
                        grad: &panels(&readout, width),
                        query: &mut q,
                        key: &mut k,
                        value: &mut v,
                        scratch: &mut scratch,
                    });
                    let [mixed, q, k, v] = [mixed, q, k, v].map(|panels| rows(&panels, width));
                    [mixed, q, k, v, shares]
                });
                let sum = shares.iter().sum::<f32>();
                assert!((sum - (heads * all_rows) as f32).abs() < 1e-3, "{sum}");
                let given = [&query, &key, &value].map(|values| double(values));
                let (factors, readout) = (double(&factors), double(&readout));
                let mix = |given: &[Vec<f64>; 3]| attend(asking, [&given[0], &given[1], &given[2]], &factors);
                assert_close(&mixed, mix(&given), 1e-5);
                for (which, ours) in [grad_query, grad_key, grad_value].iter().enumerate() {
                    for at in (0..ours.len()).step_by(ours.len().div_ceil(40)) {
                        let moved = |by: f64| -> f64 {
                            let mut given = given.clone();
                            given[which][at] += by;
                            mix(&given).iter().zip(&readout).map(|(value, weight)| value * weight).sum()
                        };
                        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                        assert_close(&ours[at..=at], [slope], 1e-5);
                    }
                }
            }
        }
    }
}
