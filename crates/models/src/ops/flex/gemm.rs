//! Matrix products with checked extents: f32 by the `gemm` crate, bf16 by our own kernel.

#[cfg(target_arch = "x86_64")]
mod bf16;

use super::matrix::{Mat, check};
use crate::ops::precision::Precision;

/// What happens to the destination's old values, and by how many threads the product is made.
#[derive(Clone, Copy)]
pub(super) struct Product {
    /// Added to, rather than replaced.
    pub(super) accumulate: bool,
    /// The product is multiplied with it.
    pub(super) scale: f32,
    /// All threads of the pool, or the calling one.
    pub(super) parallel: bool,
}

impl Product {
    /// Replaces the destination, by all threads.
    pub(super) const PARALLEL: Self = Self { accumulate: false, scale: 1.0, parallel: true };
    /// Replaces the destination, by the calling thread.
    pub(super) const SERIAL: Self = Self { accumulate: false, scale: 1.0, parallel: false };
}

/// `out = scale a b (+ out)`, rows of `out` starting `row_stride` elements apart.
pub(super) fn multiply(out: &mut [f32], row_stride: usize, a: Mat, b: Mat, product: Product) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(k, b.rows, "inner sizes of a product differ");
    check(out.len(), m, n, row_stride, 1);
    let parallelism = if product.parallel { gemm::Parallelism::Rayon(0) } else { gemm::Parallelism::None };
    // SAFETY: the extents of all three matrices were checked against their slices, and `out` is borrowed mutably, so it
    // does not overlap the others.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            row_stride as isize,
            product.accumulate,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            product.scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// Rows and columns below which a product does not fill the bf16 kernel's tiles and stays f32.
const SMALLEST_BF16: usize = 16;

/// Why this machine has no bf16 products, if it has none.
pub(super) fn bf16_support() -> Result<(), &'static str> {
    #[cfg(target_arch = "x86_64")]
    return bf16::support();
    #[cfg(not(target_arch = "x86_64"))]
    Err("bf16 products need an x86-64 CPU with AVX512-BF16")
}

/// `out = a b (+ out)` of a linear layer, `out` without gaps, by all threads.
pub(super) fn multiply_at(precision: Precision, out: &mut [f32], a: Mat, b: Mat, accumulate: bool) {
    #[cfg(target_arch = "x86_64")]
    if precision == Precision::Bf16 && a.rows.min(b.columns) >= SMALLEST_BF16 {
        assert_eq!(a.columns, b.rows, "inner sizes of a product differ");
        return bf16::multiply(out, a, b, accumulate);
    }
    multiply(out, b.columns, a, b, Product { accumulate, ..Product::PARALLEL });
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;
    use crate::ops::dropout::Dropout;

    fn values(n: usize, seed: u64) -> Vec<f32> {
        let stream = Dropout::new(0.5, seed).row(1);
        (0..n).map(|i| stream.draw(i as u32) as f32 / u32::MAX as f32 - 0.5).collect()
    }

    /// The product of the rounded matrices in f64.
    fn expected(a: Mat, b: Mat, old: &[f32]) -> Vec<f64> {
        let rounded = |x: &Mat, i: usize, j: usize| {
            f64::from(bf16::from_f32(x.data[i * x.row_stride + j * x.column_stride]).to_f32())
        };
        let element = |i, j| (0..a.columns).map(|k| rounded(&a, i, k) * rounded(&b, k, j)).sum::<f64>();
        (0..a.rows)
            .flat_map(|i| (0..b.columns).map(move |j| (i, j)))
            .map(|(i, j)| element(i, j) + f64::from(old[i * b.columns + j]))
            .collect()
    }

    #[test]
    fn bf16_products_are_those_of_the_rounded_matrices() {
        if let Err(reason) = bf16_support() {
            return println!("not tested: {reason}");
        }
        for (m, n, k) in [(16, 16, 1), (17, 64, 2), (100, 65, 33), (96, 130, 513), (45, 200, 1100), (6, 7, 9)] {
            let (x, y) = (values(m * k, 1), values(n * k, 2));
            for (a, b) in [
                (Mat::new(&x, m, k), Mat::new(&y, k, n)),
                (Mat::new(&x, m, k), Mat::new(&y, n, k).t()),
                (Mat::new(&x, k, m).t(), Mat::new(&y, k, n)),
                (Mat::new(&x, k, m).t(), Mat::new(&y, n, k).t()),
            ] {
                for accumulate in [false, true] {
                    let old = values(m * n, 3);
                    let mut out = old.clone();
                    multiply_at(Precision::Bf16, &mut out, a, b, accumulate);
                    let old = if accumulate { old } else { vec![0.0; m * n] };
                    let tolerance = if m.min(n) < SMALLEST_BF16 { 2e-2 } else { 2e-6 * (1.0 + (k as f64).sqrt()) };
                    for (i, (got, want)) in out.iter().zip(expected(a, b, &old)).enumerate() {
                        let error = (f64::from(*got) - want).abs();
                        assert!(error <= tolerance, "{m} x {n} x {k}: element {i} is {got}, expected {want}");
                    }
                }
            }
        }
    }
}
