//! Layer normalisation, alone and after dropout and a residual sum.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::ROWS;
use super::buffer::{dense, dims2, elements, elements_mut, fresh, tensor};
use super::elementwise::drop_row;
use super::linear::add_rows;
use super::math::{LANES, row_sum};
use super::simd::kernel;
use crate::ops::{Dropout, RowDropout};

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
    /// x becomes `residual + dropout(x)`, y its normalisation.
    fn add_normalise_kernel(
        x: &'k mut [f32],
        residual: &'k [f32],
        y: &'k mut [f32],
        keys: &'k [u64],
        affine: Affine<'k>,
        dropout: Dropout,
    ) {
        let columns = affine.gamma.len();
        let (threshold, scale) = (dropout.threshold(), dropout.scale());
        let rows = x.chunks_exact_mut(columns).zip(residual.chunks_exact(columns));
        for (((x, residual), y), &key) in rows.zip(y.chunks_exact_mut(columns)).zip(keys) {
            if !dropout.is_off() {
                drop_row(x, dropout.row(key), threshold, scale);
            }
            for (x, r) in x.iter_mut().zip(residual) {
                *x += r;
            }
            normalise_row(y, x, affine.gamma, affine.beta, affine.epsilon);
        }
    }
}

pub(super) fn forward(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, epsilon: f64) -> FlexTensor {
    let (x, gamma, beta) = (dense(x), dense(gamma), dense(beta));
    let [rows, columns] = dims2(&x);
    let (gamma, beta) = (elements(&gamma), elements(&beta));
    let mut y = fresh(rows * columns);
    y.par_chunks_mut(columns * ROWS)
        .zip(elements(&x).par_chunks(columns * ROWS))
        .for_each(|(y, x)| normalise_kernel(y, x, gamma, beta, epsilon as f32));
    tensor(y, [rows, columns])
}

pub(super) fn add_forward(
    mut x: FlexTensor,
    residual: FlexTensor,
    gamma: FlexTensor,
    beta: FlexTensor,
    epsilon: f64,
    row_dropout: &RowDropout,
) -> (FlexTensor, FlexTensor) {
    let (residual, gamma, beta) = (dense(residual), dense(gamma), dense(beta));
    let [rows, columns] = dims2(&x);
    let dropout = row_dropout.dropout;
    let keys = if dropout.is_off() { vec![0; rows] } else { row_dropout.sequences.row_keys() };
    let affine = Affine { gamma: elements(&gamma), beta: elements(&beta), epsilon: epsilon as f32 };
    let mut y = fresh(rows * columns);
    // The sum replaces x: it is what the backward pass needs.
    elements_mut(&mut x)
        .par_chunks_mut(columns * ROWS)
        .zip(elements(&residual).par_chunks(columns * ROWS))
        .zip(y.par_chunks_mut(columns * ROWS))
        .zip(keys.par_chunks(ROWS))
        .for_each(|(((x, residual), y), keys)| add_normalise_kernel(x, residual, y, keys, affine, dropout));
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

pub(super) fn backward(x: FlexTensor, gamma: FlexTensor, g: FlexTensor, epsilon: f64) -> [FlexTensor; 3] {
    let (x, gamma, g) = (dense(x), dense(gamma), dense(g));
    let [rows, columns] = dims2(&x);
    let gamma = elements(&gamma);
    let mut dx = fresh(rows * columns);
    let parts: Vec<(Vec<f32>, Vec<f32>)> = dx
        .par_chunks_mut(columns * ROWS)
        .zip(elements(&x).par_chunks(columns * ROWS))
        .zip(elements(&g).par_chunks(columns * ROWS))
        .map(|((dx, x), g)| {
            let (mut dgamma, mut dbeta) = (vec![0.0; columns], vec![0.0; columns]);
            backward_kernel(dx, x, gamma, g, &mut dgamma, &mut dbeta, epsilon as f32);
            (dgamma, dbeta)
        })
        .collect();
    let (mut dgamma, mut dbeta) = (vec![0.0; columns], vec![0.0; columns]);
    for (a, b) in &parts {
        add_rows(&mut dgamma, a);
        add_rows(&mut dbeta, b);
    }
    [tensor(dx, [rows, columns]), tensor(dgamma, [columns]), tensor(dbeta, [columns])]
}
