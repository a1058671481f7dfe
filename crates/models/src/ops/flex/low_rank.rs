//! Products of low rank, added to some columns of a matrix. Rows are divided in pieces of a fixed size, so that the bits do not depend on the
//! number of threads.

use burn_flex::FlexTensor;

use super::buffer::{Buffer, dense, dims2, elements, elements_mut, tensor};
use super::gemm::{Product, multiply};
use super::matrix::{Mat, MatMut};
use super::sizes::ROWS;
use super::threads::Parallel;
use crate::ops::low_rank::LowRankSpec;

pub(super) fn add(mut y: FlexTensor, h: FlexTensor, b: FlexTensor, spec: LowRankSpec) -> FlexTensor {
    let (h, b) = (dense(h), dense(b));
    let ([_, columns], [outputs, rank]) = (dims2(&y), dims2(&b));
    let b = Mat::new(elements(&b), outputs, rank);
    let rows = elements(&h).chunks(rank * ROWS);
    let product = Product { accumulate: true, scale: spec.scaling as f32, parallel: false };
    elements_mut(&mut y).chunks_mut(columns * ROWS).zip(rows).par_for_each(|(y, h)| {
        let n = h.len() / rank;
        let place = MatMut::strided(&mut y[spec.first_column..], n, outputs, columns);
        multiply(place, Mat::new(h, n, rank), b.t(), product);
    });
    y
}

/// Gradients for h, where b is given, and for b, where h is.
pub(super) fn backward(
    h: Option<FlexTensor>,
    b: Option<FlexTensor>,
    g: FlexTensor,
    spec: LowRankSpec,
    [outputs, rank]: [usize; 2],
) -> [Option<FlexTensor>; 2] {
    let g = dense(g);
    let [rows, columns] = dims2(&g);
    let product = Product { accumulate: false, scale: spec.scaling as f32, parallel: false };
    let dh = b.map(|b| {
        let b = dense(b);
        let b = Mat::new(elements(&b), outputs, rank);
        let mut dh = Buffer::new(rows * rank);
        dh.chunks_mut(rank * ROWS).zip(elements(&g).chunks(columns * ROWS)).par_for_each(|(dh, g)| {
            let n = dh.len() / rank;
            let g = Mat::strided(&g[spec.first_column..], n, outputs, columns);
            multiply(MatMut::new(dh, n, rank), g, b, product);
        });
        tensor(dh, [rows, rank])
    });
    let db = h.map(|h| {
        let h = dense(h);
        let h = Mat::new(elements(&h), rows, rank);
        let mut db = Buffer::new(outputs * rank);
        db.chunks_mut(rank * ROWS).enumerate().par_for_each(|(i, db)| {
            let n = db.len() / rank;
            let g = Mat::strided(&elements(&g)[spec.first_column + i * ROWS..], rows, n, columns);
            multiply(MatMut::new(db, n, rank), g.t(), h, product);
        });
        tensor(db, [outputs, rank])
    });
    [dh, db]
}
