//! Layer normalisation, alone and after dropout and a residual sum.

use super::buffer::{Buffer, dense, dims2, elements, elements_mut, tensor};
use super::elementwise::{drop_row, drop_value};
use super::linear::{add_rows, column_sums};
use super::math::{LANES, row_sum};
use super::simd::kernel;
use super::sizes::ROWS;
use super::threads::Parallel;
use crate::ops::dropout::{Dropout, DropoutRow, RowDropout};
use burn_flex::FlexTensor;

/// Mean and 1 / sqrt(variance + eps) of a row, the variance from centred values.
#[inline(always)]
fn moments(x: &[f32], epsilon: f32) -> (f32, f32) {
    let n = x.len() as f32;
    let mean = row_sum(x, |v| v) / n;
    let variance = row_sum(x, |v| (v - mean) * (v - mean)) / n;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

#[inline(always)]
fn normalise_row(y: &mut [f32], x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32) {
    let (mean, rstd) = moments(x, epsilon);
    for (((y, &x), &gamma), &beta) in y.iter_mut().zip(x).zip(gamma).zip(beta) {
        *y = ((x - mean) * rstd).mul_add(gamma, beta);
    }
}

kernel! {
    fn normalise_kernel(y: &'k mut [f32], x: &'k [f32], gamma: &'k [f32], beta: &'k [f32], epsilon: f32) {
        let columns = gamma.len();
        for (y, x) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
            normalise_row(y, x, gamma, beta, epsilon);
        }
    }
}

/// Scale, shift and epsilon.
#[derive(Clone, Copy)]
struct Affine<'a> {
    gamma: &'a [f32],
    beta: &'a [f32],
    epsilon: f32,
}

kernel! {
    /// x becomes `residual + dropout(x + bias)`, y its normalisation.
    fn add_normalise_kernel(
        x: &'k mut [f32],
        bias: &'k [f32],
        residual: &'k [f32],
        y: &'k mut [f32],
        keys: &'k [u64],
        affine: Affine<'k>,
        dropout: &'k Dropout,
    ) {
        let columns = affine.gamma.len();
        let (threshold, scale) = (dropout.threshold(), dropout.scale());
        let rows = x.chunks_exact_mut(columns).zip(residual.chunks_exact(columns));
        for (((x, residual), y), &key) in rows.zip(y.chunks_exact_mut(columns)).zip(keys) {
            if dropout.is_off() {
                for ((x, b), r) in x.iter_mut().zip(bias).zip(residual) {
                    *x = (*x + b) + r;
                }
            } else {
                match dropout.row(key) {
                    DropoutRow::Stream(stream) => {
                        for (column, ((x, b), r)) in x.iter_mut().zip(bias).zip(residual).enumerate() {
                            *x = drop_value(*x + b, stream.draw(column as u32), threshold, scale) + r;
                        }
                    }
                    bits @ DropoutRow::Bits(_) => {
                        add_rows(x, bias);
                        drop_row(x, bits, threshold, scale);
                        add_rows(x, residual);
                    }
                }
            }
            normalise_row(y, x, affine.gamma, affine.beta, affine.epsilon);
        }
    }
}

pub(super) fn forward(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, epsilon: f64) -> FlexTensor {
    let (x, gamma, beta) = (dense(x), dense(gamma), dense(beta));
    let [rows, columns] = dims2(&x);
    let (gamma, beta) = (elements(&gamma), elements(&beta));
    let mut y = Buffer::new(rows * columns);
    y.chunks_mut(columns * ROWS)
        .zip(elements(&x).chunks(columns * ROWS))
        .par_for_each(|(y, x)| normalise_kernel(y, x, gamma, beta, epsilon as f32));
    tensor(y, [rows, columns])
}

pub(super) fn add_forward(
    mut x: FlexTensor,
    bias: FlexTensor,
    residual: FlexTensor,
    gamma: FlexTensor,
    beta: FlexTensor,
    epsilon: f64,
    row_dropout: &RowDropout,
) -> (FlexTensor, FlexTensor) {
    let (bias, residual, gamma, beta) = (dense(bias), dense(residual), dense(gamma), dense(beta));
    let bias = elements(&bias);
    let [rows, columns] = dims2(&x);
    let dropout = &row_dropout.dropout;
    let keys = if dropout.is_off() { vec![0; rows] } else { row_dropout.sequences.row_keys() };
    let affine = Affine { gamma: elements(&gamma), beta: elements(&beta), epsilon: epsilon as f32 };
    let mut y = Buffer::new(rows * columns);
    // The sum replaces x: it is what the backward pass needs.
    elements_mut(&mut x)
        .chunks_mut(columns * ROWS)
        .zip(elements(&residual).chunks(columns * ROWS))
        .zip(y.chunks_mut(columns * ROWS))
        .zip(keys.chunks(ROWS))
        .par_for_each(|(((x, residual), y), keys)| add_normalise_kernel(x, bias, residual, y, keys, affine, dropout));
    (tensor(y, [rows, columns]), x)
}

/// Gradients of one row: dx written, dgamma and dbeta added to.
#[inline(always)]
fn backward_row(dx: &mut [f32], x: &[f32], gamma: &[f32], g: &[f32], sums: (&mut [f32], &mut [f32]), epsilon: f32) {
    let (dgamma, dbeta) = sums;
    let n = x.len();
    let (mean, rstd) = moments(x, epsilon);
    let (mut plain, mut along) = ([0.0f32; LANES], [0.0f32; LANES]);
    let whole = n / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        let span = start..start + LANES;
        let (x, g, gamma) = (&x[span.clone()], &g[span.clone()], &gamma[span.clone()]);
        let (dgamma, dbeta) = (&mut dgamma[span.clone()], &mut dbeta[span]);
        for j in 0..LANES {
            let normal = (x[j] - mean) * rstd;
            let scaled = g[j] * gamma[j];
            dgamma[j] = g[j].mul_add(normal, dgamma[j]);
            dbeta[j] += g[j];
            plain[j] += scaled;
            along[j] = scaled.mul_add(normal, along[j]);
        }
    }
    let (mut plain, mut along) = (plain.iter().sum::<f32>(), along.iter().sum::<f32>());
    for j in whole..n {
        let normal = (x[j] - mean) * rstd;
        let scaled = g[j] * gamma[j];
        dgamma[j] += g[j] * normal;
        dbeta[j] += g[j];
        plain += scaled;
        along += scaled * normal;
    }
    plain /= n as f32;
    along /= n as f32;
    for (((dx, &x), &g), &gamma) in dx.iter_mut().zip(x).zip(g).zip(gamma) {
        let normal = (x - mean) * rstd;
        *dx = rstd * (g * gamma - plain - normal * along);
    }
}

kernel! {
    fn backward_kernel(
        dx: &'k mut [f32],
        x: &'k [f32],
        gamma: &'k [f32],
        g: &'k [f32],
        dgamma: &'k mut [f32],
        dbeta: &'k mut [f32],
        epsilon: f32,
    ) {
        let columns = gamma.len();
        let rows = dx.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(g.chunks_exact(columns));
        for ((dx, x), g) in rows {
            backward_row(dx, x, gamma, g, (&mut *dgamma, &mut *dbeta), epsilon);
        }
    }
}

kernel! {
    /// dx becomes the dropped dsum; its columns are added to dbias.
    fn drop_kernel(
        dx: &'k mut [f32],
        dsum: &'k [f32],
        dbias: &'k mut [f32],
        keys: &'k [u64],
        dropout: &'k Dropout,
    ) {
        let columns = dbias.len();
        let (threshold, scale) = (dropout.threshold(), dropout.scale());
        for ((dx, dsum), &key) in dx.chunks_exact_mut(columns).zip(dsum.chunks_exact(columns)).zip(keys) {
            dx.copy_from_slice(dsum);
            drop_row(dx, dropout.row(key), threshold, scale);
            for (dx, dbias) in dx.iter().zip(dbias.iter_mut()) {
                *dbias += *dx;
            }
        }
    }
}

/// What a task adds up over its rows, side by side: dgamma, dbeta and dbias.
fn sum_parts<const N: usize>(parts: &[Vec<f32>], columns: usize) -> [FlexTensor; N] {
    std::array::from_fn(|i| {
        let mut total = Buffer::zeros(columns);
        for part in parts {
            add_rows(&mut total, &part[i * columns..(i + 1) * columns]);
        }
        tensor(total, [columns])
    })
}

pub(super) fn backward(x: FlexTensor, gamma: FlexTensor, g: FlexTensor, epsilon: f64) -> [FlexTensor; 3] {
    let (x, gamma, g) = (dense(x), dense(gamma), dense(g));
    let [rows, columns] = dims2(&x);
    let gamma = elements(&gamma);
    let mut dx = Buffer::new(rows * columns);
    let parts: Vec<Vec<f32>> = dx
        .chunks_mut(columns * ROWS)
        .zip(elements(&x).chunks(columns * ROWS))
        .zip(elements(&g).chunks(columns * ROWS))
        .par_map(|((dx, x), g)| {
            let mut sums = vec![0.0; 2 * columns];
            let (dgamma, dbeta) = sums.split_at_mut(columns);
            backward_kernel(dx, x, gamma, g, dgamma, dbeta, epsilon as f32);
            sums
        });
    let [dgamma, dbeta] = sum_parts(&parts, columns);
    [tensor(dx, [rows, columns]), dgamma, dbeta]
}

pub(super) fn add_backward(
    sum: FlexTensor,
    gamma: FlexTensor,
    g: FlexTensor,
    epsilon: f64,
    row_dropout: &RowDropout,
) -> [FlexTensor; 5] {
    let dropout = &row_dropout.dropout;
    if dropout.is_off() {
        let [dsum, dgamma, dbeta] = backward(sum, gamma, g, epsilon);
        let [_, columns] = dims2(&dsum);
        let dbias = tensor(column_sums(elements(&dsum), columns), [columns]);
        return [dsum.clone(), dbias, dsum, dgamma, dbeta];
    }
    let (sum, gamma, g) = (dense(sum), dense(gamma), dense(g));
    let [rows, columns] = dims2(&sum);
    let gamma = elements(&gamma);
    let keys = row_dropout.sequences.row_keys();
    let (mut dx, mut dsum) = (Buffer::new(rows * columns), Buffer::new(rows * columns));
    let parts: Vec<Vec<f32>> = dx
        .chunks_mut(columns * ROWS)
        .zip(dsum.chunks_mut(columns * ROWS))
        .zip(elements(&sum).chunks(columns * ROWS))
        .zip(elements(&g).chunks(columns * ROWS))
        .zip(keys.chunks(ROWS))
        .par_map(|((((dx, dsum), sum), g), keys)| {
            let mut sums = vec![0.0; 3 * columns];
            let (dgamma, rest) = sums.split_at_mut(columns);
            let (dbeta, dbias) = rest.split_at_mut(columns);
            backward_kernel(dsum, sum, gamma, g, dgamma, dbeta, epsilon as f32);
            drop_kernel(dx, dsum, dbias, keys, dropout);
            sums
        });
    let [dgamma, dbeta, dbias] = sum_parts(&parts, columns);
    [tensor(dx, [rows, columns]), dbias, tensor(dsum, [rows, columns]), dgamma, dbeta]
}
