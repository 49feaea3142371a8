//! The left matrix of a product, as it is stored: rows, columns, or with any strides.

/// The left factors of `R` rows of a product.
pub(super) trait Factors<const R: usize> {
    /// That of inner index `k` and row `r`.
    fn factor(&self, k: usize, r: usize) -> f32;
}

/// The left matrix as it stands.
pub(super) struct Rows<'a, const R: usize>([&'a [f32]; R]);

impl<'a, const R: usize> Rows<'a, R> {
    #[inline(always)]
    pub(super) fn new(a: &'a [f32], stride: usize, depth: usize) -> Self {
        let mut rows = [a; R];
        let mut r = 0;
        while r < R {
            // All of one length, so that one check holds for all of them.
            rows[r] = &a[r * stride..][..depth];
            r += 1;
        }
        Self(rows)
    }
}

impl<const R: usize> Factors<R> for Rows<'_, R> {
    #[inline(always)]
    fn factor(&self, k: usize, r: usize) -> f32 {
        self.0[r][k]
    }
}

/// The left matrix transposed.
pub(super) struct Columns<'a> {
    pub(super) a: &'a [f32],
    pub(super) stride: usize,
}

impl<const R: usize> Factors<R> for Columns<'_> {
    #[inline(always)]
    fn factor(&self, k: usize, r: usize) -> f32 {
        self.a[k * self.stride..][..R][r]
    }
}

/// The left matrix with any strides.
pub(super) struct Strided<'a> {
    pub(super) a: &'a [f32],
    pub(super) row: usize,
    pub(super) inner: usize,
}

impl<const R: usize> Factors<R> for Strided<'_> {
    #[inline(always)]
    fn factor(&self, k: usize, r: usize) -> f32 {
        self.a[r * self.row + k * self.inner]
    }
}
