//! Normalisation by the root mean square.

use super::buffer::{Buffer, dense, dims2, elements, elements_mut, tensor};
use super::linear::add_rows;
use super::math::{LANES, row_sum};
use super::simd::kernel;
use super::sizes::ROWS;
use super::threads::Parallel;
use crate::ops::forms::HeadNormSpec;
use burn_flex::FlexTensor;

/// Columns of a task's rows: as many as that are enough work for a thread.
const NUMBERS: usize = 768;

/// 1 / sqrt(mean(x²) + eps) of a row.
#[inline(always)]
fn inverse(x: &[f32], epsilon: f32) -> f32 {
    1.0 / (row_sum(x, |v| v * v) / x.len() as f32 + epsilon).sqrt()
}

kernel! {
    fn forward_kernel(y: &'k mut [f32], x: &'k [f32], gamma: &'k [f32], epsilon: f32) {
        let columns = gamma.len();
        for (y, x) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
            let rstd = inverse(x, epsilon);
            for ((y, &x), &gamma) in y.iter_mut().zip(x).zip(gamma) {
                *y = x * rstd * gamma;
            }
        }
    }
}

/// `rstd (g gamma - x̂ mean(g gamma x̂))` of a row, x̂ the normalised one; `g x̂` is added to dgamma.
#[inline(always)]
fn backward_row(dx: &mut [f32], x: &[f32], gamma: &[f32], g: &[f32], dgamma: &mut [f32], epsilon: f32) {
    let columns = gamma.len();
    let rstd = inverse(x, epsilon);
    let mut along = [0.0f32; LANES];
    let whole = columns / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        let span = start..start + LANES;
        let (x, g, gamma) = (&x[span.clone()], &g[span.clone()], &gamma[span.clone()]);
        let dgamma = &mut dgamma[span];
        for j in 0..LANES {
            let normal = x[j] * rstd;
            dgamma[j] = g[j].mul_add(normal, dgamma[j]);
            along[j] = (g[j] * gamma[j]).mul_add(normal, along[j]);
        }
    }
    let mut along = along.iter().sum::<f32>();
    for j in whole..columns {
        let normal = x[j] * rstd;
        dgamma[j] += g[j] * normal;
        along += g[j] * gamma[j] * normal;
    }
    along *= rstd / columns as f32;
    for (((dx, &x), &g), &gamma) in dx.iter_mut().zip(x).zip(g).zip(gamma) {
        *dx = rstd * (g * gamma - x * along);
    }
}

kernel! {
    fn backward_kernel(
        dx: &'k mut [f32], x: &'k [f32], gamma: &'k [f32], g: &'k [f32], dgamma: &'k mut [f32], epsilon: f32,
    ) {
        let columns = gamma.len();
        let rows = dx.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(g.chunks_exact(columns));
        for ((dx, x), g) in rows {
            backward_row(dx, x, gamma, g, dgamma, epsilon);
        }
    }
}

/// Where the heads lie in a row.
#[derive(Clone, Copy)]
struct Heads {
    /// Columns of a row.
    width: usize,
    /// Columns of queries, and of keys behind them.
    columns: [usize; 2],
    epsilon: f32,
}

kernel! {
    fn heads_kernel(qkv: &'k mut [f32], of_queries: &'k [f32], of_keys: &'k [f32], heads: Heads) {
        let Heads { width, columns: [queries, keys], epsilon } = heads;
        for row in qkv.chunks_exact_mut(width) {
            let (of_row, others) = row.split_at_mut(queries);
            for (part, gamma) in [(of_row, of_queries), (&mut others[..keys], of_keys)] {
                for head in part.chunks_exact_mut(gamma.len()) {
                    let rstd = inverse(head, epsilon);
                    for (x, &gamma) in head.iter_mut().zip(gamma) {
                        *x = *x * rstd * gamma;
                    }
                }
            }
        }
    }
}

kernel! {
    /// Gradients of heads as [`backward_row`]'s, of values as they are. dgammas: of queries, and of keys behind them.
    fn heads_backward_kernel(
        dx: &'k mut [f32], x: &'k [f32], gammas: [&'k [f32]; 2], g: &'k [f32], dgammas: &'k mut [f32], heads: Heads,
    ) {
        let Heads { width, columns, epsilon } = heads;
        for ((dx, x), g) in dx.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(g.chunks_exact(width)) {
            let (mut first, mut rest) = (0, &mut *dgammas);
            for (columns, gamma) in columns.into_iter().zip(gammas) {
                let (dgamma, others) = rest.split_at_mut(gamma.len());
                rest = others;
                let part = first..first + columns;
                let heads = dx[part.clone()].chunks_exact_mut(gamma.len()).zip(x[part.clone()].chunks_exact(gamma.len()));
                for ((dx, x), g) in heads.zip(g[part.clone()].chunks_exact(gamma.len())) {
                    backward_row(dx, x, gamma, g, dgamma, epsilon);
                }
                first = part.end;
            }
            dx[first..].copy_from_slice(&g[first..]);
        }
    }
}

/// Rows of a task: heads' rows are short.
fn rows_of_a_task(columns: usize) -> usize {
    ROWS * NUMBERS.div_ceil(columns.max(1))
}

pub(super) fn forward(x: FlexTensor, gamma: FlexTensor, epsilon: f64) -> FlexTensor {
    let (x, gamma) = (dense(x), dense(gamma));
    let [rows, columns] = dims2(&x);
    let (gamma, size) = (elements(&gamma), columns * rows_of_a_task(columns));
    let mut y = Buffer::new(rows * columns);
    y.chunks_mut(size)
        .zip(elements(&x).chunks(size))
        .par_for_each(|(y, x)| forward_kernel(y, x, gamma, epsilon as f32));
    tensor(y, [rows, columns])
}

/// In place, where nobody else has it.
pub(super) fn of_heads(mut qkv: FlexTensor, gammas: [FlexTensor; 2], spec: HeadNormSpec) -> FlexTensor {
    let [of_queries, of_keys] = gammas.map(dense);
    let (of_queries, of_keys) = (elements(&of_queries), elements(&of_keys));
    let [_, width] = dims2(&qkv);
    let heads = Heads { width, columns: [spec.queries, spec.keys], epsilon: spec.epsilon as f32 };
    elements_mut(&mut qkv)
        .chunks_mut(width * rows_of_a_task(width))
        .par_for_each(|rows| heads_kernel(rows, of_queries, of_keys, heads));
    qkv
}

pub(super) fn backward(x: FlexTensor, gamma: FlexTensor, g: FlexTensor, epsilon: f64) -> [FlexTensor; 2] {
    let (x, gamma, g) = (dense(x), dense(gamma), dense(g));
    let [rows, columns] = dims2(&x);
    let (gamma, size) = (elements(&gamma), columns * rows_of_a_task(columns));
    let mut dx = Buffer::new(rows * columns);
    let parts: Vec<Vec<f32>> =
        dx.chunks_mut(size).zip(elements(&x).chunks(size)).zip(elements(&g).chunks(size)).par_map(|((dx, x), g)| {
            let mut dgamma = vec![0.0; columns];
            backward_kernel(dx, x, gamma, g, &mut dgamma, epsilon as f32);
            dgamma
        });
    let mut dgamma = Buffer::zeros(columns);
    parts.iter().for_each(|part| add_rows(&mut dgamma, part));
    [tensor(dx, [rows, columns]), tensor(dgamma, [columns])]
}

/// Gradients of [`of_heads`].
pub(super) fn of_heads_backward(
    qkv: FlexTensor,
    gammas: [FlexTensor; 2],
    g: FlexTensor,
    spec: HeadNormSpec,
) -> [FlexTensor; 3] {
    let (qkv, g, [of_queries, of_keys]) = (dense(qkv), dense(g), gammas.map(dense));
    let gammas = [elements(&of_queries), elements(&of_keys)];
    let [rows, width] = dims2(&qkv);
    let heads = Heads { width, columns: [spec.queries, spec.keys], epsilon: spec.epsilon as f32 };
    let (head, size) = (gammas[0].len(), width * rows_of_a_task(width));
    let mut dx = Buffer::new(rows * width);
    let parts: Vec<Vec<f32>> =
        dx.chunks_mut(size).zip(elements(&qkv).chunks(size)).zip(elements(&g).chunks(size)).par_map(|((dx, x), g)| {
            let mut dgammas = vec![0.0; 2 * head];
            heads_backward_kernel(dx, x, gammas, g, &mut dgammas, heads);
            dgammas
        });
    let mut dgammas = [Buffer::zeros(head), Buffer::zeros(head)];
    for part in &parts {
        let (of_queries, of_keys) = part.split_at(head);
        add_rows(&mut dgammas[0], of_queries);
        add_rows(&mut dgammas[1], of_keys);
    }
    let [of_queries, of_keys] = dgammas.map(|dgamma| tensor(dgamma, [head]));
    [tensor(dx, [rows, width]), of_queries, of_keys]
}
