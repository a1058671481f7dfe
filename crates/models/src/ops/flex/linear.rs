//! Linear layer and its gradients.

use super::buffer::{Buffer, dense, dims2, elements, tensor};
use super::gemm::{Start, multiply_at};
use super::matrix::Mat;
use super::simd::kernel;
use super::sizes::ROWS;
use super::threads::Parallel;
use crate::ops::precision::Precision;
use burn_flex::FlexTensor;

pub(super) fn forward(x: FlexTensor, w: FlexTensor, b: Option<FlexTensor>, precision: Precision) -> FlexTensor {
    let (x, w) = (dense(x), dense(w));
    let ([rows, inputs], [outputs, _]) = (dims2(&x), dims2(&w));
    let mut y = Buffer::new(rows * outputs);
    let b = b.map(dense);
    let start = b.as_ref().map_or(Start::Zero, |b| Start::Bias(elements(b)));
    let (x, w) = (Mat::new(elements(&x), rows, inputs), Mat::new(elements(&w), outputs, inputs));
    multiply_at(precision, &mut y, x, w.t(), start);
    tensor(y, [rows, outputs])
}

pub(super) fn backward(
    x: Option<FlexTensor>,
    w: Option<FlexTensor>,
    g: FlexTensor,
    bias: bool,
    precision: Precision,
) -> [Option<FlexTensor>; 3] {
    let g = dense(g);
    let [rows, outputs] = dims2(&g);
    let gradient = Mat::new(elements(&g), rows, outputs);
    let product = |a: Mat, b: FlexTensor| {
        let b = dense(b);
        let [inner, inputs] = dims2(&b);
        let mut y = Buffer::new(a.rows * inputs);
        multiply_at(precision, &mut y, a, Mat::new(elements(&b), inner, inputs), Start::Zero);
        tensor(y, [a.rows, inputs])
    };
    let dx = w.map(|w| product(gradient, w));
    let dw = x.map(|x| product(gradient.t(), x));
    let db = bias.then(|| tensor(column_sums(elements(&g), outputs), [outputs]));
    [dx, dw, db]
}

/// Sums over the rows of `[rows, columns]`.
pub(super) fn column_sums(x: &[f32], columns: usize) -> Buffer {
    let parts: Vec<Vec<f32>> = x.chunks(columns * ROWS).par_map(|chunk| {
        let mut sums = vec![0.0; columns];
        add_rows(&mut sums, chunk);
        sums
    });
    let mut total = Buffer::zeros(columns);
    for part in &parts {
        add_rows(&mut total, part);
    }
    total
}

kernel! {
    /// Adds each row of `x` to `sums`.
    pub(super) fn add_rows(sums: &'k mut [f32], x: &'k [f32]) {
        for row in x.chunks_exact(sums.len()) {
            for (sum, v) in sums.iter_mut().zip(row) {
                *sum += v;
            }
        }
    }
}
