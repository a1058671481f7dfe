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
    x: CubeTensor<R>,
    w: CubeTensor<R>,
    g: CubeTensor<R>,
    needs: (bool, bool),
    precision: Precision,
) -> (Option<CubeTensor<R>>, CubeTensor<R>, Option<CubeTensor<R>>) {
    let (x, w, g) = (dense(x), dense(w), dense(g));
    let db = needs.1.then(|| column_sums(&g));
    // Once for both products.
    let g = rounded(g, precision);
    let dx = needs.0.then(|| product(g.clone(), w, precision));
    (dx, product(transposed(g), x, precision), db)
}
