//! Dropout with masks of 16 random bits for each value.

use super::{PANEL, Row, kernel};

/// Which values are dropped: those whose bits, read as a number, are below a threshold.
#[derive(Clone, Copy, Debug)]
pub struct Mask<'a> {
    /// Two bytes for each value.
    bits: &'a [[u8; 2]],
    threshold: u32,
    kept: f32,
}

impl<'a> Mask<'a> {
    /// A mask that drops a share `p` < 1 of the values, rounded to a multiple of 1/65536, and
    /// multiplies the others by 1 / (1 − p).
    pub fn new(bits: &'a [[u8; 2]], p: f64) -> Self {
        Self { bits, threshold: (p * 65_536.0).round() as u32, kept: (1.0 / (1.0 - p)) as f32 }
    }

    /// The mask of `count` values from `first` on.
    #[inline(always)]
    pub(super) fn part(&self, first: usize, count: usize) -> Self {
        Self { bits: &self.bits[first..first + count], ..*self }
    }

    /// Drops from a row, the `number`-th of the values.
    #[inline(always)]
    pub(super) fn drop_row(&self, number: usize, row: &mut Row) {
        if let Some(bits) = self.bits[number * PANEL..].first_chunk::<PANEL>() {
            for (value, bits) in row.iter_mut().zip(bits) {
                *value *= self.factor(*bits);
            }
        }
    }

    /// Drops from as many values as the mask has.
    #[inline(always)]
    pub(super) fn drop(&self, values: &mut [f32]) {
        for (value, bits) in values.iter_mut().zip(self.bits) {
            *value *= self.factor(*bits);
        }
    }

    #[inline(always)]
    fn factor(&self, bits: [u8; 2]) -> f32 {
        if u32::from(u16::from_le_bytes(bits)) < self.threshold { 0.0 } else { self.kept }
    }
}

kernel! {
    /// `rows ⊙= mask`
    fn drop_rows<'a>(rows: &'a mut [Row], mask: Mask<'a>) {
        mask.drop(rows.as_flattened_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{on_all, random_rows};
    use super::*;

    #[test]
    fn values_below_the_threshold_are_dropped_and_the_others_grow() {
        let rows = random_rows("dropped", 3);
        let bits: Vec<[u8; 2]> = (0..3 * PANEL).map(|at| (at as u16 * 341).to_le_bytes()).collect();
        let [dropped] = on_all(|kernels| {
            let mut rows = rows.clone();
            kernels.drop_rows(&mut rows, Mask::new(&bits, 0.25));
            [rows.into_flattened()]
        });
        for (at, (value, before)) in dropped.iter().zip(rows.as_flattened()).enumerate() {
            let expected = if at * 341 < 16_384 { 0.0 } else { before / 0.75 };
            assert!((value - expected).abs() < 1e-6, "{at}");
        }
    }
}
