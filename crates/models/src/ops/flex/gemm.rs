//! Matrix products with checked extents over the `gemm` crate.

/// A matrix in a slice.
#[derive(Clone, Copy)]
pub(super) struct Mat<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

/// The last index that a strided matrix touches lies in the slice.
fn check(len: usize, rows: usize, columns: usize, row_stride: usize, column_stride: usize) {
    if rows > 0 && columns > 0 {
        let last = (rows - 1) * row_stride + (columns - 1) * column_stride;
        assert!(last < len, "a {rows} x {columns} matrix does not fit its buffer of {len}");
    }
}

impl<'a> Mat<'a> {
    /// Row-major rows that start `row_stride` elements apart.
    pub(super) fn strided(data: &'a [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        check(data.len(), rows, columns, row_stride, 1);
        Self { data, rows, columns, row_stride, column_stride: 1 }
    }

    /// Row-major without gaps.
    pub(super) fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(data, rows, columns, columns)
    }

    /// The transposed matrix, on the same elements.
    pub(super) fn t(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// What happens to the destination's old values, and by how many threads the product is made.
#[derive(Clone, Copy)]
pub(super) struct Product {
    /// Added to, rather than replaced.
    pub(super) accumulate: bool,
    /// The product is multiplied with it.
    pub(super) scale: f32,
    /// All threads of the pool, or the calling one.
    pub(super) parallel: bool,
}

impl Product {
    /// Replaces the destination, by all threads.
    pub(super) const PARALLEL: Self = Self { accumulate: false, scale: 1.0, parallel: true };
    /// Replaces the destination, by the calling thread.
    pub(super) const SERIAL: Self = Self { accumulate: false, scale: 1.0, parallel: false };
}

/// `out = scale a b (+ out)`, rows of `out` starting `row_stride` elements apart.
pub(super) fn multiply(out: &mut [f32], row_stride: usize, a: Mat, b: Mat, product: Product) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(k, b.rows, "inner sizes of a product differ");
    check(out.len(), m, n, row_stride, 1);
    let parallelism = if product.parallel { gemm::Parallelism::Rayon(0) } else { gemm::Parallelism::None };
    // SAFETY: the extents of all three matrices were checked against their slices, and `out` is borrowed mutably, so it
    // does not overlap the others.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            row_stride as isize,
            product.accumulate,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            product.scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}
