//! Matrix products, on panels of 64 columns.
//!
//! A matrix `(in, out)` is kept as panels `[⌈out / 64⌉][in][64]`, the last one filled up with
//! zeros: the order in which the product reads it. Each element of a result is one chain of fused
//! multiply-adds in the order of the inner index, so it depends neither on the instruction set nor
//! on how many other rows are computed beside it.

use pulp::{Simd, WithSimd};

use super::Kernels;
use super::factors::{Columns, Factors, Rows, Strided};
use super::panel::{PANEL, Panel, Row, Wide};

/// Inner indices per pass over the rows: as many rows of a panel as stay in the first-level cache
/// beside what is multiplied with them (64 × 256 bytes). Where registers are narrower a pass reads a
/// part of each row alone, so there can be more, and sums are put away and fetched less often.
#[inline(always)]
fn depth<S: Simd>() -> usize {
    if S::F32_LANES == 16 { 64 } else { 128 }
}

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

/// Goes over the rows of a result, at most [`TILE`] at a time and as evenly as they can be cut:
/// few rows leave multiply-adds waiting for each other. The body gets the first row as `$row` and
/// their number as the constant `$R`.
macro_rules! tiles {
    ($rows:expr, $row:ident, $R:ident => $body:expr) => {
        let count = $rows.div_ceil(TILE).max(1);
        let (least, more) = ($rows / count, $rows % count);
        let (mut $row, mut number) = (0, 0);
        while $row < $rows {
            let size = least + usize::from(number < more);
            match size {
                1 => tiles!(@of 1, $R => $body),
                2 => tiles!(@of 2, $R => $body),
                3 => tiles!(@of 3, $R => $body),
                4 => tiles!(@of 4, $R => $body),
                5 => tiles!(@of 5, $R => $body),
                _ => tiles!(@of TILE, $R => $body),
            }
            $row += size;
            number += 1;
        }
    };
    (@of $size:expr, $R:ident => $body:expr) => {{
        const $R: usize = $size;
        $body
    }};
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, a, a_stride, panel, mut start, c: Target { values, stride, width } } = self;
        let mut first = 0;
        loop {
            let depth = depth::<S>().min(panel.len() - first);
            let tile = Tile { panel: &panel[first..first + depth], start, stride, width };
            tiles!(rows, row, R => {
                let factors = Rows::<R>::new(&a[row * a_stride + first..], a_stride, depth);
                tile.multiply(simd, &factors, &mut values[row * stride..]);
            });
            first += depth;
            start = Start::Kept;
            if first == panel.len() {
                return;
            }
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
        let Self { a, a_stride, b, mut start, c } = self;
        let rows = c.len();
        let c = c.as_flattened_mut();
        let mut first = 0;
        loop {
            let depth = depth::<S>().min(b.len() - first);
            let tile = Tile { panel: &b[first..first + depth], start, stride: PANEL, width: PANEL };
            tiles!(rows, row, R => {
                // Without any rows of `a` there is no column to begin at.
                let a = if depth == 0 { a } else { &a[first * a_stride + row..] };
                tile.multiply::<S, _, R>(simd, &Columns { a, stride: a_stride }, &mut c[row * PANEL..]);
            });
            first += depth;
            start = Start::Kept;
            if first == b.len() {
                return;
            }
        }
    }
}

/// c ← a · b on matrices that are no panels: a's element (r, k) is at `r · a_row + k · a_inner`, and
/// rows of `b` and `c` are `width` values, a multiple of 16.
#[inline(always)]
pub(super) fn multiply_wide<S: Simd>(
    simd: S,
    (a, a_row, a_inner): (&[f32], usize, usize),
    inner: usize,
    b: &[f32],
    c: &mut [f32],
    width: usize,
) {
    let tile =
        Tile { panel: Wide { values: &b[..inner * width], width }, start: Start::Zero, stride: width, width };
    tiles!(c.len() / width, row, R => {
        let factors = Strided { a: &a[row * a_row..], row: a_row, inner: a_inner };
        let c = &mut c[row * width..];
        match S::F32_LANES {
            16 if width.is_multiple_of(32) => tile.registers::<S, _, R, 2>(simd, &factors, c),
            4 => tile.registers::<S, _, R, 4>(simd, &factors, c),
            8 => tile.registers::<S, _, R, 2>(simd, &factors, c),
            _ => tile.registers::<S, _, R, 1>(simd, &factors, c),
        }
    });
}

/// Some rows of a product, over as many inner indices as the panel has rows.
#[derive(Clone, Copy)]
struct Tile<'a, P> {
    panel: P,
    start: Start<'a>,
    /// From one row of the result to the next.
    stride: usize,
    /// Columns of the result.
    width: usize,
}

impl<P: Panel> Tile<'_, P> {
    /// `R` rows, all columns.
    #[inline(always)]
    fn multiply<S: Simd, F: Factors<R>, const R: usize>(self, simd: S, a: &F, c: &mut [f32]) {
        if self.width == PANEL {
            self.multiply_columns(simd, a, c);
        } else {
            // Fewer columns go through a copy of whole rows.
            let mut copy = [[0.0; PANEL]; R];
            let mut row = 0;
            while row < R {
                copy[row][..self.width].copy_from_slice(&c[row * self.stride..][..self.width]);
                row += 1;
            }
            Self { stride: PANEL, ..self }.multiply_columns(simd, a, copy.as_flattened_mut());
            row = 0;
            while row < R {
                c[row * self.stride..][..self.width].copy_from_slice(&copy[row][..self.width]);
                row += 1;
            }
        }
    }

    /// As many registers of columns at a time as leave `R` rows of sums in registers, and enough
    /// chains of sums that no multiply-add waits for another.
    #[inline(always)]
    #[allow(clippy::match_same_arms)] // in the order of instruction sets
    fn multiply_columns<S: Simd, F: Factors<R>, const R: usize>(self, simd: S, a: &F, c: &mut [f32]) {
        match (S::F32_LANES, R) {
            // 32 registers: at most 24 sums, a row of the panel, a factor.
            (16, _) if self.width > PANEL / 2 => self.registers::<S, F, R, 4>(simd, a, c),
            (16, _) => self.registers::<S, F, R, 2>(simd, a, c),
            // 16 registers: at most 12 sums.
            (8, 1) => self.registers::<S, F, R, 8>(simd, a, c),
            (8, 2 | 3) => self.registers::<S, F, R, 4>(simd, a, c),
            (8, _) => self.registers::<S, F, R, 2>(simd, a, c),
            // NEON has 32.
            (4, _) => self.registers::<S, F, R, 4>(simd, a, c),
            _ => self.registers::<S, F, R, 1>(simd, a, c),
        }
    }

    /// All columns, `V` registers at a time.
    #[inline(always)]
    fn registers<S: Simd, F: Factors<R>, const R: usize, const V: usize>(
        self,
        simd: S,
        a: &F,
        c: &mut [f32],
    ) {
        let mut at = 0;
        while at * S::F32_LANES < self.width {
            self.sum::<S, F, R, V>(simd, a, c, at);
            at += V;
        }
    }

    /// The innermost loop: `R` rows and `V` registers of columns, from register `at` of the panel on.
    #[inline(always)]
    fn sum<S: Simd, F: Factors<R>, const R: usize, const V: usize>(
        self,
        simd: S,
        factors: &F,
        c: &mut [f32],
        at: usize,
    ) {
        let columns = at * S::F32_LANES..(at + V) * S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        let mut r = 0;
        while r < R {
            match self.start {
                Start::Zero => {}
                Start::Kept => load::<S, V>(&c[r * self.stride..][columns.clone()], &mut sums[r]),
                Start::Bias(bias) => load::<S, V>(&bias[columns.clone()], &mut sums[r]),
            }
            r += 1;
        }
        let mut k = 0;
        while k < self.panel.depth() {
            let (registers, _) = S::as_simd_f32s(&self.panel.row(k)[columns.clone()]);
            let row: &[S::f32s; V] = match registers.first_chunk() {
                Some(row) => row,
                None => return,
            };
            let mut r = 0;
            while r < R {
                let factor = simd.splat_f32s(factors.factor(k, r));
                let mut v = 0;
                while v < V {
                    sums[r][v] = simd.mul_add_f32s(factor, row[v], sums[r][v]);
                    v += 1;
                }
                r += 1;
            }
            k += 1;
        }
        let mut r = 0;
        while r < R {
            let (registers, _) = S::as_mut_simd_f32s(&mut c[r * self.stride..][columns.clone()]);
            registers.copy_from_slice(&sums[r]);
            r += 1;
        }
    }
}

#[inline(always)]
fn load<S: Simd, const V: usize>(from: &[f32], to: &mut [S::f32s; V]) {
    let (registers, _) = S::as_simd_f32s(from);
    to.copy_from_slice(registers);
}
