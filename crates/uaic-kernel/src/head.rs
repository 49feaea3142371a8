//! The head of a text in memory of its own: copied out of panels to whole registers, and back.

use super::{LANES, PANEL, Row};

/// Copies some columns of `count` rows of panels to rows of whole registers, zeros beyond.
#[inline(always)]
pub(super) fn gather(
    (panels, rows): (&[Row], usize),
    first: usize,
    count: usize,
    (column, width): (usize, usize),
    to: &mut Vec<f32>,
) {
    let lanes = width.next_multiple_of(LANES);
    to.resize(count * lanes, 0.0);
    let mut at = 0;
    while at < width {
        let piece = Piece::new(column + at, width - at);
        let panel = &panels[piece.panel * rows + first..][..count];
        for (to, row) in to.chunks_exact_mut(lanes).zip(panel) {
            copy(&row[piece.column..][..piece.length], &mut to[at..at + piece.length]);
            to[width..].fill(0.0);
        }
        at += piece.length;
    }
}

/// Copies rows back to where [`gather`] had them from.
#[inline(always)]
pub(super) fn scatter(
    from: &[f32],
    (panels, rows): (&mut [Row], usize),
    first: usize,
    count: usize,
    (column, width): (usize, usize),
) {
    let lanes = width.next_multiple_of(LANES);
    let mut at = 0;
    while at < width {
        let piece = Piece::new(column + at, width - at);
        let panel = &mut panels[piece.panel * rows + first..][..count];
        for (row, from) in panel.iter_mut().zip(from.chunks_exact(lanes)) {
            copy(&from[at..at + piece.length], &mut row[piece.column..][..piece.length]);
        }
        at += piece.length;
    }
}

/// Block by block, which is quicker than a call for what heads are wide.
#[inline(always)]
fn copy(from: &[f32], to: &mut [f32]) {
    let ((from, from_rest), (to, to_rest)) = (from.as_chunks::<LANES>(), to.as_chunks_mut::<LANES>());
    for (from, to) in from.iter().zip(to) {
        *to = *from;
    }
    to_rest.copy_from_slice(from_rest);
}

/// Some columns of one panel.
struct Piece {
    panel: usize,
    /// In the panel.
    column: usize,
    length: usize,
}

impl Piece {
    /// What its panel has of `width` columns from `column` of the matrix on.
    #[inline(always)]
    fn new(column: usize, width: usize) -> Self {
        let (panel, column) = (column / PANEL, column % PANEL);
        Self { panel, column, length: width.min(PANEL - column) }
    }
}

/// Rows of `lanes` values, of which `depth` count, to columns: `[depth][columns]`, zeros beyond.
#[inline(always)]
pub(super) fn transpose(
    rows: &[f32],
    count: usize,
    depth: usize,
    lanes: usize,
    columns: usize,
    transposed: &mut Vec<f32>,
) {
    transposed.clear();
    transposed.resize(depth * columns, 0.0);
    for (column, row) in rows.chunks_exact(lanes).take(count).enumerate() {
        for (to, value) in transposed.chunks_exact_mut(columns).zip(row) {
            to[column] = *value;
        }
    }
}
