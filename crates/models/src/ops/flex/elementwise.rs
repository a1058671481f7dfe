//! Bias with activation, gated activation, and dropout.

use super::buffer::{Buffer, dense, dims2, elements, elements_mut, tensor, tensor_like};
use super::linear::add_rows;
use super::math::{ByErf, ByLogistic, ByStep, ByTanh, SelfGated};
use super::simd::kernel;
use super::sizes::ROWS;
use super::threads::Parallel;
use crate::ops::dropout::{Dropout, DropoutRow, RowDropout};
use crate::ops::forms::ActivationForm;
use burn_flex::FlexTensor;

/// The kernels of one form of activation.
macro_rules! activation_kernels {
    ($form:ty, $forward:ident, $backward:ident, $gated:ident, $gated_backward:ident) => {
        kernel! {
            /// x becomes `x + bias`, y its activation.
            fn $forward(y: &'k mut [f32], x: &'k mut [f32], bias: &'k [f32]) {
                for (y, x) in y.chunks_exact_mut(bias.len()).zip(x.chunks_exact_mut(bias.len())) {
                    for ((y, x), b) in y.iter_mut().zip(x).zip(bias) {
                        *x += b;
                        *y = *x * <$form>::factor(*x);
                    }
                }
            }
        }
        kernel! {
            /// The gradient of a sum, whose columns are added to dbias.
            fn $backward(dx: &'k mut [f32], sum: &'k [f32], g: &'k [f32], dbias: &'k mut [f32]) {
                let columns = dbias.len();
                let rows = dx.chunks_exact_mut(columns).zip(sum.chunks_exact(columns)).zip(g.chunks_exact(columns));
                for ((dx, sum), g) in rows {
                    for (((dx, &x), &g), dbias) in dx.iter_mut().zip(sum).zip(g).zip(dbias.iter_mut()) {
                        *dx = g * <$form>::derivative(x);
                        *dbias += *dx;
                    }
                }
            }
        }
        kernel! {
            /// `activation(x) gate`, x and gate side by side in rows of `2 n`.
            fn $gated(y: &'k mut [f32], x: &'k [f32], n: usize) {
                for (y, x) in y.chunks_exact_mut(n).zip(x.chunks_exact(2 * n)) {
                    let (x, gate) = x.split_at(n);
                    for ((y, &x), &gate) in y.iter_mut().zip(x).zip(gate) {
                        *y = x * <$form>::factor(x) * gate;
                    }
                }
            }
        }
        kernel! {
            /// Gradients of x and gate, side by side.
            fn $gated_backward(dx: &'k mut [f32], x: &'k [f32], g: &'k [f32], n: usize) {
                for ((dx, x), g) in dx.chunks_exact_mut(2 * n).zip(x.chunks_exact(2 * n)).zip(g.chunks_exact(n)) {
                    let ((dx, dgate), (x, gate)) = (dx.split_at_mut(n), x.split_at(n));
                    // Two loops: one that writes to both places is not vectorised.
                    for (((dx, &x), &gate), &g) in dx.iter_mut().zip(x).zip(gate).zip(g) {
                        *dx = g * gate * <$form>::derivative(x);
                    }
                    for ((dgate, &x), &g) in dgate.iter_mut().zip(x).zip(g) {
                        *dgate = g * x * <$form>::factor(x);
                    }
                }
            }
        }
    };
}

activation_kernels!(ByErf, erf_kernel, erf_backward_kernel, gated_erf_kernel, gated_erf_backward_kernel);
activation_kernels!(ByTanh, tanh_kernel, tanh_backward_kernel, gated_tanh_kernel, gated_tanh_backward_kernel);
activation_kernels!(ByLogistic, silu_kernel, silu_backward_kernel, gated_silu_kernel, gated_silu_backward_kernel);
activation_kernels!(ByStep, relu_kernel, relu_backward_kernel, gated_relu_kernel, gated_relu_backward_kernel);

kernel! {
    fn dropout_kernel(y: &'k mut [f32], x: &'k [f32], keys: &'k [u64], columns: usize, dropout: &'k Dropout) {
        let (threshold, scale) = (dropout.threshold(), dropout.scale());
        for ((y, x), &key) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(keys) {
            y.copy_from_slice(x);
            drop_row(y, dropout.row(key), threshold, scale);
        }
    }
}

/// An element after dropout, from its draw.
#[inline(always)]
pub(super) fn drop_value(value: f32, draw: u32, threshold: u32, scale: f32) -> f32 {
    if draw >= threshold { value * scale } else { 0.0 }
}

/// Drops and scales the elements of one row in place.
#[inline(always)]
pub(super) fn drop_row(x: &mut [f32], row: DropoutRow, threshold: u32, scale: f32) {
    match row {
        DropoutRow::Stream(stream) => {
            for (column, v) in x.iter_mut().enumerate() {
                *v = drop_value(*v, stream.draw(column as u32), threshold, scale);
            }
        }
        // A row of padding that the mask has not.
        DropoutRow::Bits([]) => x.iter_mut().for_each(|v| *v *= scale),
        DropoutRow::Bits(words) => {
            for (x, &word) in x.chunks_mut(32).zip(words) {
                for (bit, v) in x.iter_mut().enumerate() {
                    *v = if word >> bit & 1 == 1 { *v * scale } else { 0.0 };
                }
            }
        }
    }
}

pub(super) fn bias_activation(mut x: FlexTensor, bias: FlexTensor, form: ActivationForm) -> (FlexTensor, FlexTensor) {
    let kernel = match form {
        ActivationForm::Gelu => erf_kernel,
        ActivationForm::GeluTanh => tanh_kernel,
        ActivationForm::Silu => silu_kernel,
        ActivationForm::Relu => relu_kernel,
    };
    let bias = dense(bias);
    let columns = elements(&bias).len();
    let sum = elements_mut(&mut x);
    let mut y = Buffer::new(sum.len());
    y.chunks_mut(columns * ROWS)
        .zip(sum.chunks_mut(columns * ROWS))
        .par_for_each(|(y, x)| kernel(y, x, elements(&bias)));
    (tensor_like(y, &x), x)
}

pub(super) fn bias_activation_backward(sum: FlexTensor, g: FlexTensor, form: ActivationForm) -> [FlexTensor; 2] {
    let kernel = match form {
        ActivationForm::Gelu => erf_backward_kernel,
        ActivationForm::GeluTanh => tanh_backward_kernel,
        ActivationForm::Silu => silu_backward_kernel,
        ActivationForm::Relu => relu_backward_kernel,
    };
    let (sum, g) = (dense(sum), dense(g));
    let [_, columns] = dims2(&sum);
    let mut dx = Buffer::new(elements(&sum).len());
    let parts: Vec<Vec<f32>> = dx
        .chunks_mut(columns * ROWS)
        .zip(elements(&sum).chunks(columns * ROWS))
        .zip(elements(&g).chunks(columns * ROWS))
        .par_map(|((dx, sum), g)| {
            let mut dbias = vec![0.0; columns];
            kernel(dx, sum, g, &mut dbias);
            dbias
        });
    let mut dbias = Buffer::zeros(columns);
    parts.iter().for_each(|part| add_rows(&mut dbias, part));
    [tensor_like(dx, &sum), tensor(dbias, [columns])]
}

pub(super) fn gated_activation(x: FlexTensor, form: ActivationForm) -> FlexTensor {
    let kernel = match form {
        ActivationForm::Gelu => gated_erf_kernel,
        ActivationForm::GeluTanh => gated_tanh_kernel,
        ActivationForm::Silu => gated_silu_kernel,
        ActivationForm::Relu => gated_relu_kernel,
    };
    let x = dense(x);
    let [rows, width] = dims2(&x);
    let n = width / 2;
    let mut y = Buffer::new(rows * n);
    y.chunks_mut(n * ROWS).zip(elements(&x).chunks(width * ROWS)).par_for_each(|(y, x)| kernel(y, x, n));
    tensor(y, [rows, n])
}

pub(super) fn gated_activation_backward(x: FlexTensor, g: FlexTensor, form: ActivationForm) -> FlexTensor {
    let kernel = match form {
        ActivationForm::Gelu => gated_erf_backward_kernel,
        ActivationForm::GeluTanh => gated_tanh_backward_kernel,
        ActivationForm::Silu => gated_silu_backward_kernel,
        ActivationForm::Relu => gated_relu_backward_kernel,
    };
    let (x, g) = (dense(x), dense(g));
    let [rows, width] = dims2(&x);
    let n = width / 2;
    let mut dx = Buffer::new(rows * width);
    dx.chunks_mut(width * ROWS)
        .zip(elements(&x).chunks(width * ROWS))
        .zip(elements(&g).chunks(n * ROWS))
        .par_for_each(|((dx, x), g)| kernel(dx, x, g, n));
    tensor(dx, [rows, width])
}

pub(super) fn dropout(x: FlexTensor, row_dropout: &RowDropout) -> FlexTensor {
    let dropout = &row_dropout.dropout;
    if dropout.is_off() {
        return x;
    }
    let x = dense(x);
    let [rows, columns] = dims2(&x);
    let keys = row_dropout.sequences.row_keys();
    let mut y = Buffer::new(rows * columns);
    y.chunks_mut(columns * ROWS)
        .zip(elements(&x).chunks(columns * ROWS))
        .zip(keys.chunks(ROWS))
        .par_for_each(|((y, x), keys)| dropout_kernel(y, x, keys, columns, dropout));
    tensor(y, [rows, columns])
}
