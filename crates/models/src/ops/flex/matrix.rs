//! Strided matrices in slices, with checked extents.

use std::marker::PhantomData;

/// A matrix in a slice.
#[derive(Clone, Copy)]
pub(super) struct Mat<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Elements from one row to the next.
    pub(super) row_stride: usize,
    /// Elements from one column to the next.
    pub(super) column_stride: usize,
}

/// Panics unless the last index that a strided matrix touches lies in a slice of `len` elements.
pub(super) fn check(len: usize, rows: usize, columns: usize, row_stride: usize, column_stride: usize) {
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

/// A matrix that is written, its rows some elements apart. Several may lie side by side in the same rows: they have no element in
/// common, which slices could not say.
pub(super) struct MatMut<'a> {
    data: *mut f32,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Elements from one row to the next.
    pub(super) row_stride: usize,
    lifetime: PhantomData<&'a mut [f32]>,
}

// SAFETY: it stands for a mutable borrow of its elements, which no other one has.
unsafe impl Send for MatMut<'_> {}

impl<'a> MatMut<'a> {
    /// Rows that start `row_stride` elements apart.
    pub(super) fn strided(data: &'a mut [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        check(data.len(), rows, columns, row_stride, 1);
        Self { data: data.as_mut_ptr(), rows, columns, row_stride, lifetime: PhantomData }
    }

    /// Without gaps.
    pub(super) fn new(data: &'a mut [f32], rows: usize, columns: usize) -> Self {
        Self::strided(data, rows, columns, columns)
    }

    /// The matrix for a moment, so that it can be used again.
    pub(super) fn again(&mut self) -> MatMut<'_> {
        MatMut { lifetime: PhantomData, ..*self }
    }

    /// Matrices of `width` columns each, side by side; the last one may have fewer.
    pub(super) fn in_columns(self, width: usize) -> impl Iterator<Item = MatMut<'a>> + Send {
        (0..self.columns).step_by(width).map(move |column| self.columns_from(column, width))
    }

    /// The first `count` columns, and the others.
    pub(super) fn split_columns(self, count: usize) -> (Self, Self) {
        (self.columns_from(0, count), self.columns_from(count, self.columns))
    }

    /// Called once for each `column`, so that no two of what it gives have an element in common.
    fn columns_from(&self, column: usize, width: usize) -> Self {
        let columns = width.min(self.columns - column);
        Self { data: self.data.wrapping_add(column), columns, ..*self }
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut f32 {
        self.data
    }
}
