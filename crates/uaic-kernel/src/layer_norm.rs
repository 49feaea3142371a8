//! Layer normalisation (Ba et al. 2016) of rows that lie as panels, `[⌈H/64⌉][N][64]`.

use pulp::Simd;

use super::{Mask, PANEL, Row, kernel};

/// Rows to be normalised.
pub struct LayerNorm<'a> {
    /// On entry what is normalised, on return (x − mean) · scale; zero beyond the width.
    pub values: &'a mut [Row],
    /// Dropout of the values, before anything is added.
    pub mask: Option<Mask<'a>>,
    /// Added to the values.
    pub residual: Option<&'a [Row]>,
    /// Values of a row, H.
    pub width: usize,
    /// Added to the variance.
    pub epsilon: f32,
    /// `(H)`, as panels.
    pub weight: &'a [Row],
    /// `(H)`, as panels.
    pub bias: &'a [Row],
    /// 1 / √(variance + ε), `(N)`, written.
    pub scales: &'a mut [f32],
    /// The normalised values times weight plus bias, written.
    pub outputs: &'a mut [Row],
}

kernel! {
    /// Normalises each row by its own mean and biased variance.
    fn layer_norm<'a>(simd; norm: LayerNorm<'a>) {
        let LayerNorm { values, mask, residual, width, epsilon, weight, bias, scales, outputs } = norm;
        let rows = scales.len();
        for (row, scale) in scales.iter_mut().enumerate() {
            let mut sums = [0.0; PANEL];
            for panel in 0..weight.len() {
                let at = panel * rows + row;
                let x = &mut values[at];
                if let Some(mask) = &mask {
                    mask.drop_row(at, x);
                }
                if let Some(residual) = residual {
                    add(simd, x, &residual[at]);
                }
                add(simd, &mut sums, x);
            }
            let mean = total(sums) / width as f32;
            let mut squares = [0.0; PANEL];
            for panel in 0..weight.len() {
                let x = &mut values[panel * rows + row];
                let means = simd.splat_f32s(mean);
                for x in registers_mut::<S>(x) {
                    *x = simd.sub_f32s(*x, means);
                }
                clear_beyond(x, width, panel);
                for (square, x) in registers_mut::<S>(&mut squares).iter_mut().zip(registers::<S>(x)) {
                    *square = simd.mul_add_f32s(*x, *x, *square);
                }
            }
            *scale = 1.0 / (total(squares) / width as f32 + epsilon).sqrt();
            for panel in 0..weight.len() {
                let at = panel * rows + row;
                let (x, y) = (&mut values[at], &mut outputs[at]);
                let scales = simd.splat_f32s(*scale);
                let factors = registers::<S>(&weight[panel]).iter().zip(registers::<S>(&bias[panel]));
                let (x, y) = (registers_mut::<S>(x), registers_mut::<S>(y));
                for ((x, y), (weight, bias)) in x.iter_mut().zip(y).zip(factors) {
                    *x = simd.mul_f32s(*x, scales);
                    *y = simd.mul_add_f32s(*x, *weight, *bias);
                }
            }
        }
    }
}

/// What the backward pass reads and writes.
pub struct LayerNormBack<'a> {
    /// Gradients of the outputs on entry, of what was normalised on return.
    pub grad: &'a mut [Row],
    /// As [`LayerNorm::values`] on return.
    pub normalized: &'a [Row],
    /// `(N)`
    pub scales: &'a [f32],
    /// Values of a row, H.
    pub width: usize,
    /// `(H)`, as panels.
    pub weight: &'a [Row],
    /// Gradient of the weight over these rows, as panels, written.
    pub grad_weight: &'a mut [Row],
    /// Gradient of the bias over these rows, as panels, written.
    pub grad_bias: &'a mut [Row],
}

kernel! {
    /// With incoming gradient g and h = g·weight: dx = scale·(h − mean(h) − x̂·mean(h·x̂)).
    fn layer_norm_back<'a>(simd; of: LayerNormBack<'a>) {
        let LayerNormBack { grad, normalized, scales, width, weight, grad_weight, grad_bias } = of;
        let rows = scales.len();
        grad_weight.fill([0.0; PANEL]);
        grad_bias.fill([0.0; PANEL]);
        for (row, scale) in scales.iter().enumerate() {
            let (mut sums, mut products) = ([0.0_f32; PANEL], [0.0_f32; PANEL]);
            for panel in 0..weight.len() {
                let at = panel * rows + row;
                let (g, x) = (&mut grad[at], &normalized[at]);
                let (dw, db) = (&mut grad_weight[panel], &mut grad_bias[panel]);
                let sums = BackSums { dw, db, sums: &mut sums, products: &mut products };
                sums.add(simd, g, x, &weight[panel]);
            }
            let (mean, slope) = (total(sums) / width as f32, total(products) / width as f32);
            for panel in 0..weight.len() {
                let at = panel * rows + row;
                let (g, x) = (&mut grad[at], &normalized[at]);
                let (means, scales) = (simd.splat_f32s(mean), simd.splat_f32s(*scale));
                let slopes = simd.splat_f32s(-slope);
                for (g, x) in registers_mut::<S>(g).iter_mut().zip(registers::<S>(x)) {
                    let rest = simd.sub_f32s(*g, means);
                    *g = simd.mul_f32s(scales, simd.mul_add_f32s(*x, slopes, rest));
                }
                clear_beyond(g, width, panel);
            }
        }
    }
}

/// What the backward pass sums up of a row of a panel.
struct BackSums<'a> {
    dw: &'a mut Row,
    db: &'a mut Row,
    sums: &'a mut Row,
    products: &'a mut Row,
}

impl BackSums<'_> {
    /// Adds a row; g ← g·weight.
    #[inline(always)]
    fn add<S: Simd>(self, simd: S, g: &mut Row, x: &Row, weight: &Row) {
        let (g, x, weight) = (registers_mut::<S>(g), registers::<S>(x), registers::<S>(weight));
        let (dw, db) = (registers_mut::<S>(self.dw), registers_mut::<S>(self.db));
        let (sums, products) = (registers_mut::<S>(self.sums), registers_mut::<S>(self.products));
        for (((g, x), weight), ((dw, db), (sum, product))) in
            g.iter_mut().zip(x).zip(weight).zip(dw.iter_mut().zip(db).zip(sums.iter_mut().zip(products)))
        {
            *dw = simd.mul_add_f32s(*g, *x, *dw);
            *db = simd.add_f32s(*db, *g);
            *g = simd.mul_f32s(*g, *weight);
            *sum = simd.add_f32s(*sum, *g);
            *product = simd.mul_add_f32s(*g, *x, *product);
        }
    }
}

#[inline(always)]
fn registers<S: Simd>(row: &Row) -> &[S::f32s] {
    S::as_simd_f32s(&row[..]).0
}

#[inline(always)]
fn registers_mut<S: Simd>(row: &mut Row) -> &mut [S::f32s] {
    S::as_mut_simd_f32s(&mut row[..]).0
}

#[inline(always)]
fn add<S: Simd>(simd: S, sum: &mut Row, row: &Row) {
    for (sum, value) in registers_mut::<S>(sum).iter_mut().zip(registers::<S>(row)) {
        *sum = simd.add_f32s(*sum, *value);
    }
}

/// The sum of a row, halves first.
#[inline(always)]
pub(super) fn total(mut row: Row) -> f32 {
    let mut half = PANEL / 2;
    while half > 0 {
        for lane in 0..half {
            row[lane] += row[lane + half];
        }
        half /= 2;
    }
    row[0]
}

/// Zeros in the columns of a panel that a matrix of `width` columns does not have.
#[inline(always)]
fn clear_beyond(row: &mut Row, width: usize, panel: usize) {
    let last = width - panel * PANEL;
    if last < PANEL {
        row[last..].fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, on_all, random, random_rows};
    use super::*;

    const ROWS: usize = 5;
    const EPSILON: f32 = 1e-5;

    /// Rows as panels, zeros beyond the width.
    fn panels(name: &str, rows: usize, width: usize) -> Vec<Row> {
        let mut panels = random_rows(name, width.div_ceil(PANEL) * rows);
        for (panel, part) in panels.chunks_exact_mut(rows).enumerate() {
            for row in part {
                clear_beyond(row, width, panel);
            }
        }
        panels
    }

    fn value(panels: &[Row], rows: usize, row: usize, column: usize) -> f64 {
        f64::from(panels[column / PANEL * rows + row][column % PANEL])
    }

    fn normalize(x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
        let count = x.len() as f64;
        let mean = x.iter().sum::<f64>() / count;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        let scale = 1.0 / (variance + f64::from(EPSILON)).sqrt();
        x.iter().zip(weight).zip(bias).map(|((x, w), b)| (x - mean) * scale * w + b).collect()
    }

    #[test]
    fn normalising_and_its_gradients_equal_the_definition() {
        for width in [1, 20, 64, 65, 384] {
            let [x, residual, readout] = ["x", "residual", "readout"].map(|name| panels(name, ROWS, width));
            let [weight, bias] = ["weight", "bias"].map(|name| panels(name, 1, width));
            let drawn = random("bits", x.len() * PANEL);
            let bits: Vec<[u8; 2]> =
                drawn.iter().map(|v| ((v.abs() * 65_535.0) as u16).to_le_bytes()).collect();
            let mask = Mask::new(&bits, 0.4);
            let [y, grad, grad_weight, grad_bias] = on_all(|kernels| {
                let (mut values, mut scales, mut outputs) = (x.clone(), vec![0.0; ROWS], x.clone());
                kernels.layer_norm(LayerNorm {
                    values: &mut values,
                    mask: Some(mask),
                    residual: Some(&residual),
                    width,
                    epsilon: EPSILON,
                    weight: &weight,
                    bias: &bias,
                    scales: &mut scales,
                    outputs: &mut outputs,
                });
                let mut grad = readout.clone();
                let (mut grad_weight, mut grad_bias) = (random_rows("stale", weight.len()), weight.clone());
                kernels.layer_norm_back(LayerNormBack {
                    grad: &mut grad,
                    normalized: &values,
                    scales: &scales,
                    width,
                    weight: &weight,
                    grad_weight: &mut grad_weight,
                    grad_bias: &mut grad_bias,
                });
                [outputs, grad, grad_weight, grad_bias].map(Vec::into_flattened)
            });
            let columns = |panels: &[Row], rows, row| -> Vec<f64> {
                (0..width).map(|column| value(panels, rows, row, column)).collect()
            };
            let (factors, summands) = (columns(&weight, 1, 0), columns(&bias, 1, 0));
            let (mut dw, mut db) = (vec![0.0; weight.len() * PANEL], vec![0.0; weight.len() * PANEL]);
            for row in 0..ROWS {
                let mut dropped = x.clone();
                mask.drop(dropped.as_flattened_mut());
                let own = columns(&dropped, ROWS, row);
                let sum: Vec<f64> =
                    own.iter().zip(columns(&residual, ROWS, row)).map(|(a, b)| a + b).collect();
                let expected = normalize(&sum, &factors, &summands);
                let at = |column: usize| (column / PANEL * ROWS + row) * PANEL + column % PANEL;
                let ours: Vec<f32> = (0..width).map(|column| y[at(column)]).collect();
                assert_close(&ours, expected.clone(), 1e-5);
                let incoming = columns(&readout, ROWS, row);
                let loss = |x: &[f64]| -> f64 {
                    normalize(x, &factors, &summands).iter().zip(&incoming).map(|(y, g)| y * g).sum()
                };
                let slope = |column: usize| {
                    let moved = |by: f64| {
                        let mut x = sum.clone();
                        x[column] += by;
                        loss(&x)
                    };
                    (moved(1e-5) - moved(-1e-5)) / 2e-5
                };
                let ours: Vec<f32> = (0..width).map(|column| grad[at(column)]).collect();
                assert_close(&ours, (0..width).map(slope), 2e-5);
                let unit = normalize(&sum, &vec![1.0; width], &vec![0.0; width]);
                for column in 0..width {
                    dw[column] += incoming[column] * unit[column];
                    db[column] += incoming[column];
                }
            }
            assert_close(&grad_weight, dw, 1e-5);
            assert_close(&grad_bias, db, 1e-5);
            let padding = |values: &[f32]| {
                let beyond = |at: &usize| at / PANEL / ROWS * PANEL + at % PANEL >= width;
                (0..values.len()).filter(beyond).all(|at| values[at] == 0.0)
            };
            assert!(padding(&y) && padding(&grad), "{width}");
        }
    }
}
