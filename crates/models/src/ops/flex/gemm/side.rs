//! A matrix of a product as a packing routine sees it.

use crate::ops::flex::matrix::Mat;

/// A matrix seen along its outer dimension (rows of `a`, columns of `b`), of which one stride is 1.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) data: &'a [f32],
    pub(super) outer: usize,
    pub(super) inner: usize,
    pub(super) outer_stride: usize,
    pub(super) inner_stride: usize,
}

impl<'a> Side<'a> {
    /// The rows of `x`.
    pub(super) fn rows(x: Mat<'a>) -> Self {
        Self {
            data: x.data,
            outer: x.rows,
            inner: x.columns,
            outer_stride: x.row_stride,
            inner_stride: x.column_stride,
        }
    }
}
