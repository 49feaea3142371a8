//! The right matrix of a product: panels of 64 columns, or rows of any width.

/// Columns of a panel.
pub const PANEL: usize = 64;

/// One row of a panel.
pub type Row = [f32; PANEL];

/// The right matrix of a product.
pub(super) trait Panel: Copy {
    /// Inner indices.
    fn depth(self) -> usize;
    /// All columns of an inner index.
    fn row<'a>(self, k: usize) -> &'a [f32]
    where
        Self: 'a;
}

impl Panel for &[Row] {
    #[inline(always)]
    fn depth(self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn row<'a>(self, k: usize) -> &'a [f32]
    where
        Self: 'a,
    {
        &self[k]
    }
}

/// Rows of any width.
#[derive(Clone, Copy)]
pub(super) struct Wide<'a> {
    pub(super) values: &'a [f32],
    pub(super) width: usize,
}

impl Panel for Wide<'_> {
    #[inline(always)]
    fn depth(self) -> usize {
        self.values.len() / self.width
    }

    #[inline(always)]
    fn row<'a>(self, k: usize) -> &'a [f32]
    where
        Self: 'a,
    {
        &self.values[k * self.width..][..self.width]
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
