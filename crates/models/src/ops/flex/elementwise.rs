//! GELU and dropout.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::buffer::{dense, dims2, elements, fresh, tensor, tensor_like};
use super::math::{normal_cdf, normal_density};
use super::simd::kernel;
use super::{CHUNK, ROWS};
use crate::ops::{Dropout, RowDropout, RowStream};

kernel! {
    fn gelu_kernel(y: &'k mut [f32], x: &'k [f32]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x * normal_cdf(x);
        }
    }
}

kernel! {
    fn gelu_backward_kernel(dx: &'k mut [f32], x: &'k [f32], g: &'k [f32]) {
        for ((dx, &x), &g) in dx.iter_mut().zip(x).zip(g) {
            *dx = g * x.mul_add(normal_density(x), normal_cdf(x));
        }
    }
}

kernel! {
    fn dropout_kernel(y: &'k mut [f32], x: &'k [f32], keys: &'k [u64], columns: usize, dropout: Dropout) {
        let (threshold, scale) = (dropout.threshold(), dropout.scale());
        for ((y, x), &key) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(keys) {
            y.copy_from_slice(x);
            drop_row(y, dropout.row(key), threshold, scale);
        }
    }
}

/// Drops and scales the elements of one row in place.
#[inline(always)]
pub(super) fn drop_row(row: &mut [f32], stream: RowStream, threshold: u32, scale: f32) {
    for (column, v) in row.iter_mut().enumerate() {
        *v = if stream.draw(column as u32) >= threshold { *v * scale } else { 0.0 };
    }
}

pub(super) fn gelu(x: FlexTensor) -> FlexTensor {
    let x = dense(x);
    let mut y = fresh(elements(&x).len());
    y.par_chunks_mut(CHUNK).zip(elements(&x).par_chunks(CHUNK)).for_each(|(y, x)| gelu_kernel(y, x));
    tensor_like(y, &x)
}

pub(super) fn gelu_backward(x: FlexTensor, g: FlexTensor) -> FlexTensor {
    let (x, g) = (dense(x), dense(g));
    let mut dx = fresh(elements(&x).len());
    dx.par_chunks_mut(CHUNK)
        .zip(elements(&x).par_chunks(CHUNK))
        .zip(elements(&g).par_chunks(CHUNK))
        .for_each(|((dx, x), g)| gelu_backward_kernel(dx, x, g));
    tensor_like(dx, &x)
}

pub(super) fn dropout(x: FlexTensor, row_dropout: &RowDropout) -> FlexTensor {
    let dropout = row_dropout.dropout;
    if dropout.is_off() {
        return x;
    }
    let x = dense(x);
    let [rows, columns] = dims2(&x);
    let keys = row_dropout.sequences.row_keys();
    let mut y = fresh(rows * columns);
    y.par_chunks_mut(columns * ROWS)
        .zip(elements(&x).par_chunks(columns * ROWS))
        .zip(keys.par_chunks(ROWS))
        .for_each(|((y, x), keys)| dropout_kernel(y, x, keys, columns, dropout));
    tensor(y, [rows, columns])
}
