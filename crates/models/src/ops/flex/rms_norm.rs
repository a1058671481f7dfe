//! Normalisation by the root mean square.

use super::buffer::{Buffer, dense, dims2, elements, tensor};
use super::linear::add_rows;
use super::math::{LANES, row_sum};
use super::simd::kernel;
use super::sizes::ROWS;
use super::threads::Parallel;
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

kernel! {
    /// `rstd (g gamma - x̂ mean(g gamma x̂))` of each row, x̂ the normalised one; `g x̂` is added to dgamma.
    fn backward_kernel(
        dx: &'k mut [f32], x: &'k [f32], gamma: &'k [f32], g: &'k [f32], dgamma: &'k mut [f32], epsilon: f32,
    ) {
        let columns = gamma.len();
        let rows = dx.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(g.chunks_exact(columns));
        for ((dx, x), g) in rows {
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
