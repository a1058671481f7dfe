//! Linear layer and its gradients.

use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;

use super::columns::column_sums;
use super::elementwise::add_bias;
use super::matmul::{product, rounded, transposed};
use super::tensor::dense;
use crate::ops::precision::Precision;

pub(super) fn forward<R: CubeRuntime>(
    x: CubeTensor<R>,
    w: CubeTensor<R>,
    b: Option<CubeTensor<R>>,
    precision: Precision,
) -> CubeTensor<R> {
    let y = product(dense(x), transposed(dense(w)), precision);
    match b {
        Some(b) => add_bias(y, b),
        None => y,
    }
}

pub(super) fn backward<R: CubeRuntime>(
    x: Option<CubeTensor<R>>,
    w: Option<CubeTensor<R>>,
    g: CubeTensor<R>,
    bias: bool,
    precision: Precision,
) -> [Option<CubeTensor<R>>; 3] {
    let g = dense(g);
    let db = bias.then(|| column_sums(&g));
    // Once for both products.
    let g = rounded(g, precision);
    let dx = w.map(|w| product(g.clone(), dense(w), precision));
    let dw = x.map(|x| product(transposed(g), dense(x), precision));
    [dx, dw, db]
}
