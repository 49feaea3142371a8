//! Matrix products, on panels of 64 columns.
//!
//! A matrix `(in, out)` is kept as panels `[⌈out / 64⌉][in][64]`, the last one filled up with
//! zeros: the order in which the product reads it. Each element of a result is one chain of fused
//! multiply-adds in the order of the inner index, so it depends neither on the instruction set nor
//! on how many other rows are computed beside it.

use pulp::{Simd, WithSimd};

use super::Kernels;

/// Columns of a panel.
pub const PANEL: usize = 64;

/// One row of a panel.
pub type Row = [f32; PANEL];

/// Inner indices per pass over the rows: as many rows of a panel as stay in the first-level cache
/// (64 × 256 bytes) beside what is multiplied with them.
const DEPTH: usize = 64;

/// Rows per tile: 6 × 64 results are 24 registers of AVX-512 (and 6 × 16 are 12 of AVX2), which
/// leaves enough for a row of the panel and one factor.
const TILE: usize = 6;

impl Kernels {
    /// c ← start + a · panel: for each of `rows` rows, `Σₖ a[r][k] · panel[k][j]`, j < `c.width`.
    ///
    /// Row r of `a` begins at `r · a_stride` and that of `c` at `r · c.stride`.
    pub fn multiply(
        self,
        rows: usize,
        (a, a_stride): (&[f32], usize),
        panel: &[Row],
        start: Start<'_>,
        c: Target<'_>,
    ) {
        self.arch.dispatch(Multiply { rows, a, a_stride, panel, start, c });
    }

    /// c ← start + aᵀ · b: `Σₙ a[n][m] · b[n][j]` for all rows m of `c` and n of `b`.
    ///
    /// Row n of `a` begins at `n · a_stride`.
    pub fn multiply_transposed(
        self,
        (a, a_stride): (&[f32], usize),
        b: &[Row],
        start: Start<'_>,
        c: &mut [Row],
    ) {
        self.arch.dispatch(MultiplyTransposed { a, a_stride, b, start, c });
    }
}

/// What the sums of a product begin with.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// What is there already.
    Kept,
    /// Zero.
    Zero,
    /// The same in every row.
    Bias(&'a Row),
}

/// Where a product is added: rows of a matrix, or some columns of them.
pub struct Target<'a> {
    /// Begins at the first element.
    pub values: &'a mut [f32],
    /// From one row to the next.
    pub stride: usize,
    /// Columns, at most [`PANEL`].
    pub width: usize,
}

impl<'a> Target<'a> {
    /// Whole rows.
    pub fn rows(rows: &'a mut [Row]) -> Self {
        Self { values: rows.as_flattened_mut(), stride: PANEL, width: PANEL }
    }
}

struct Multiply<'a> {
    rows: usize,
    a: &'a [f32],
    a_stride: usize,
    panel: &'a [Row],
    start: Start<'a>,
    c: Target<'a>,
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, a, a_stride, panel, mut start, c: Target { values, stride, width } } = self;
        let mut first = 0;
        for panel in parts(panel) {
            let mut row = 0;
            while row < rows {
                let a = &a[row * a_stride + first..];
                let c = &mut values[row * stride..];
                let size = TILE.min(rows - row);
                match size {
                    1 => multiply_tile::<S, 1>(simd, a, a_stride, panel, start, c, stride, width),
                    2 => multiply_tile::<S, 2>(simd, a, a_stride, panel, start, c, stride, width),
                    3 => multiply_tile::<S, 3>(simd, a, a_stride, panel, start, c, stride, width),
                    4 => multiply_tile::<S, 4>(simd, a, a_stride, panel, start, c, stride, width),
                    5 => multiply_tile::<S, 5>(simd, a, a_stride, panel, start, c, stride, width),
                    _ => multiply_tile::<S, TILE>(simd, a, a_stride, panel, start, c, stride, width),
                }
                row += size;
            }
            first += panel.len();
            start = Start::Kept;
        }
    }
}

struct MultiplyTransposed<'a> {
    a: &'a [f32],
    a_stride: usize,
    b: &'a [Row],
    start: Start<'a>,
    c: &'a mut [Row],
}

impl WithSimd for MultiplyTransposed<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { mut a, a_stride, b, mut start, c } = self;
        for b in parts(b) {
            let mut row = 0;
            while row < c.len() {
                // Without any rows of `a` there is no column to begin at.
                let a = a.get(row..).unwrap_or_default();
                let size = TILE.min(c.len() - row);
                let c = &mut c[row..row + size];
                match size {
                    1 => transposed_tile::<S, 1>(simd, a, a_stride, b, start, c),
                    2 => transposed_tile::<S, 2>(simd, a, a_stride, b, start, c),
                    3 => transposed_tile::<S, 3>(simd, a, a_stride, b, start, c),
                    4 => transposed_tile::<S, 4>(simd, a, a_stride, b, start, c),
                    5 => transposed_tile::<S, 5>(simd, a, a_stride, b, start, c),
                    _ => transposed_tile::<S, TILE>(simd, a, a_stride, b, start, c),
                }
                row += size;
            }
            a = &a[(b.len() * a_stride).min(a.len())..];
            start = Start::Kept;
        }
    }
}

/// Inner indices part by part; one empty part when there are none, so that sums still begin.
#[inline(always)]
fn parts(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunks(DEPTH).chain(rows.is_empty().then_some(rows))
}

/// `R` rows of a product, cut into as many columns as the registers hold.
#[inline(always)]
fn multiply_tile<S: Simd, const R: usize>(
    simd: S,
    a: &[f32],
    a_stride: usize,
    panel: &[Row],
    start: Start<'_>,
    c: &mut [f32],
    c_stride: usize,
    width: usize,
) {
    let a: [&[f32]; R] = std::array::from_fn(|r| &a[r * a_stride..][..panel.len()]);
    let factor = |k: usize, r: usize| a[r][k];
    if width == PANEL {
        let mut rows = c.chunks_mut(c_stride);
        let mut c: [&mut Row; R] = std::array::from_fn(|_| whole(rows.next().unwrap_or_default()));
        tile::<S, R>(simd, factor, panel, start, &mut c);
    } else {
        // Fewer columns go through a copy of whole rows.
        let mut copy = [[0.0; PANEL]; R];
        for (copy, c) in copy.iter_mut().zip(c.chunks(c_stride)) {
            copy[..width].copy_from_slice(&c[..width]);
        }
        tile::<S, R>(simd, factor, panel, start, &mut copy.each_mut());
        for (copy, c) in copy.iter().zip(c.chunks_mut(c_stride)) {
            c[..width].copy_from_slice(&copy[..width]);
        }
    }
}

#[inline(always)]
fn transposed_tile<S: Simd, const R: usize>(
    simd: S,
    a: &[f32],
    a_stride: usize,
    b: &[Row],
    start: Start<'_>,
    c: &mut [Row],
) {
    let mut rows = c.iter_mut();
    let mut c: [&mut Row; R] = std::array::from_fn(|_| match rows.next() {
        Some(row) => row,
        None => unreachable!("a tile has R rows"),
    });
    let factor = |k: usize, r: usize| a[k * a_stride..][..R][r];
    tile::<S, R>(simd, factor, b, start, &mut c);
}

#[inline(always)]
fn whole(row: &mut [f32]) -> &mut Row {
    match row.first_chunk_mut() {
        Some(row) => row,
        None => unreachable!("a row of a target is as wide as its width says"),
    }
}

#[inline(always)]
fn tile<S: Simd, const R: usize>(
    simd: S,
    factor: impl Fn(usize, usize) -> f32 + Copy,
    panel: &[Row],
    start: Start<'_>,
    c: &mut [&mut Row; R],
) {
    match S::F32_LANES {
        16 => tile_columns::<S, R, 4>(simd, factor, panel, start, c, 0),
        8 => (0..8).step_by(2).for_each(|at| tile_columns::<S, R, 2>(simd, factor, panel, start, c, at)),
        4 => (0..16).step_by(4).for_each(|at| tile_columns::<S, R, 4>(simd, factor, panel, start, c, at)),
        _ => (0..PANEL).for_each(|at| tile_columns::<S, R, 1>(simd, factor, panel, start, c, at)),
    }
}

/// The innermost loop: `R` rows and `V` registers of columns, from register `at` of the panel on.
#[inline(always)]
fn tile_columns<S: Simd, const R: usize, const V: usize>(
    simd: S,
    factor: impl Fn(usize, usize) -> f32,
    panel: &[Row],
    start: Start<'_>,
    c: &mut [&mut Row; R],
    at: usize,
) {
    let mut sums: [[S::f32s; V]; R] = std::array::from_fn(|r| {
        let row = match start {
            Start::Kept => &*c[r],
            Start::Zero => return [simd.splat_f32s(0.0); V],
            Start::Bias(row) => row,
        };
        let (registers, _) = S::as_simd_f32s(&row[..]);
        std::array::from_fn(|v| registers[at + v])
    });
    for (k, row) in panel.iter().enumerate() {
        let (registers, _) = S::as_simd_f32s(&row[..]);
        let columns: [S::f32s; V] = std::array::from_fn(|v| registers[at + v]);
        for (r, sums) in sums.iter_mut().enumerate() {
            let factor = simd.splat_f32s(factor(k, r));
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = simd.mul_add_f32s(factor, column, *sum);
            }
        }
    }
    for (row, sums) in c.iter_mut().zip(&sums) {
        let (registers, _) = S::as_mut_simd_f32s(&mut row[..]);
        registers[at..at + V].copy_from_slice(sums);
    }
}

/// The panels of the transposed matrix: from `[⌈out / 64⌉][inputs][64]` to
/// `[⌈inputs / 64⌉][⌈out / 64⌉ · 64][64]`.
pub fn transpose(panels: &[Row], inputs: usize, transposed: &mut Vec<Row>) {
    let outputs = panels.len() / inputs * PANEL;
    let size = inputs.div_ceil(PANEL) * outputs;
    if transposed.len() != size {
        transposed.clear();
        transposed.resize(size, [0.0; PANEL]);
    }
    for (panel, to) in transposed.chunks_exact_mut(outputs).enumerate() {
        transpose_panel(panels, inputs, panel, to);
    }
}

/// One panel of the transposed matrix, `[⌈out / 64⌉ · 64][64]`.
pub fn transpose_panel(panels: &[Row], inputs: usize, panel: usize, to: &mut [Row]) {
    for (to, from) in to.as_chunks_mut::<PANEL>().0.iter_mut().zip(panels.chunks_exact(inputs)) {
        for (input, row) in from[panel * PANEL..].iter().take(PANEL).enumerate() {
            for (output, value) in row.iter().enumerate() {
                to[output][input] = *value;
            }
        }
    }
}
