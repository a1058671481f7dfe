//! Matrix products with checked extents: f32 by the `gemm` crate or, for all threads on CPUs with AVX2 or AVX-512, by our own kernels; bf16
//! by own kernels too.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod bf16;
#[cfg(target_arch = "x86_64")]
mod own;
#[cfg(target_arch = "x86_64")]
mod side;

use super::matrix::{Mat, MatMut};
#[cfg(target_arch = "x86_64")]
use super::simd;
use super::sizes::ROWS;
use super::threads::Parallel;
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

/// `out = scale a b (+ out)`.
pub(super) fn multiply(mut out: MatMut, a: Mat, b: Mat, product: Product) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(k, b.rows, "inner sizes of a product differ");
    assert_eq!((out.rows, out.columns), (m, n), "a product of another size than its place");
    let parallelism = if product.parallel { gemm::Parallelism::Rayon(0) } else { gemm::Parallelism::None };
    // SAFETY: the extents of all three matrices were checked against their slices, and `out` stands for a mutable borrow, so it
    // does not overlap the others.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            out.row_stride as isize,
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

/// What is to be said to whoever asks for bf16 products on this machine, where anything is.
pub(super) fn bf16_remark() -> Option<&'static str> {
    #[cfg(target_arch = "x86_64")]
    if bf16_support().is_ok() && !amx::is_usable() && amx::is_of_intel() {
        return Some(
            "bf16 on an Intel CPU without AMX: its AVX512-BF16 instructions make half as many multiplications a second as those of f32, \
             so that f32 is likely to be faster",
        );
    }
    None
}

/// Rows and columns of a product from which on our own f32 kernel is faster: of fewer rows, packing `b` is as much work as the product.
const SMALLEST_OWN: [usize; 2] = [32, 16];

/// What a product starts from.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    /// Nothing.
    Zero,
    /// The same in each row.
    Bias(&'a [f32]),
}

/// `out = a b`, and what it starts from, of a linear layer, `out` without gaps, by all threads.
pub(super) fn multiply_at(precision: Precision, out: &mut [f32], a: Mat, b: Mat, start: Start) {
    let columns = b.columns;
    #[cfg(target_arch = "x86_64")]
    {
        assert_eq!(a.columns, b.rows, "inner sizes of a product differ");
        if precision == Precision::Bf16 && a.rows.min(columns) >= SMALLEST_BF16 {
            let accumulate = begin(out, columns, start);
            return match amx::is_usable() {
                true => amx::multiply(out, a, b, accumulate),
                false => bf16::multiply(out, a, b, accumulate),
            };
        }
        if a.rows >= SMALLEST_OWN[0] && columns >= SMALLEST_OWN[1] && a.columns > 0 && simd::has_own_products() {
            return own::multiply(out, a, b, start);
        }
    }
    let accumulate = begin(out, columns, start);
    let out = MatMut::strided(out, a.rows, columns, columns);
    multiply(out, a, b, Product { accumulate, ..Product::PARALLEL });
}

/// Writes what a product is to be added to; whether there is anything.
fn begin(out: &mut [f32], columns: usize, start: Start) -> bool {
    let Start::Bias(bias) = start else { return false };
    out.chunks_mut(columns * ROWS).par_for_each(|rows| {
        for row in rows.chunks_exact_mut(columns) {
            row.copy_from_slice(bias);
        }
    });
    true
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;
    use crate::ops::dropout::Dropout;
    use crate::ops::flex::threads::tests::with_threads;

    fn values(n: usize, seed: u64) -> Vec<f32> {
        let stream = Dropout::new(0.5, seed).stream(1);
        (0..n).map(|i| stream.draw(i as u32) as f32 / u32::MAX as f32 - 0.5).collect()
    }

    /// The product of the matrices, rounded first, in f64, and what it starts from.
    fn expected(a: Mat, b: Mat, bias: Option<&[f32]>, rounded: impl Fn(f32) -> f32) -> Vec<f64> {
        let value = |x: &Mat, i: usize, j: usize| f64::from(rounded(x.data[i * x.row_stride + j * x.column_stride]));
        let element = |i, j| (0..a.columns).map(|k| value(&a, i, k) * value(&b, k, j)).sum::<f64>();
        (0..a.rows)
            .flat_map(|i| (0..b.columns).map(move |j| (i, j)))
            .map(|(i, j)| element(i, j) + bias.map_or(0.0, |bias| f64::from(bias[j])))
            .collect()
    }

    /// The largest error of a product in each layout, over what `tolerance` of m, n and k allows.
    fn check_products(
        sizes: &[(usize, usize, usize)],
        precision: Precision,
        rounded: impl Fn(f32) -> f32 + Copy,
        tolerance: impl Fn(usize, usize, usize) -> f64,
    ) {
        for &(m, n, k) in sizes {
            let (x, y, bias) = (values(m * k, 1), values(n * k, 2), values(n, 3));
            for (layout, a, b) in [
                ("x W", Mat::new(&x, m, k), Mat::new(&y, k, n)),
                ("x Wt", Mat::new(&x, m, k), Mat::new(&y, n, k).t()),
                ("xt W", Mat::new(&x, k, m).t(), Mat::new(&y, k, n)),
                ("xt Wt", Mat::new(&x, k, m).t(), Mat::new(&y, n, k).t()),
            ] {
                for bias in [None, Some(&*bias)] {
                    // Old numbers, none of which may be left.
                    let mut out = vec![f32::NAN; m * n];
                    multiply_at(precision, &mut out, a, b, bias.map_or(Start::Zero, Start::Bias));
                    for (i, (got, want)) in out.iter().zip(expected(a, b, bias, rounded)).enumerate() {
                        let error = (f64::from(*got) - want).abs();
                        assert!(
                            error <= tolerance(m, n, k),
                            "{layout} of {m} x {n} x {k}: element {i} is {got}, expected {want}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn f32_products_are_those_of_the_matrices() {
        let sizes = [
            (16, 16, 1),
            (17, 64, 8),
            (100, 65, 33),
            (96, 130, 513),
            (45, 200, 1100),
            (6, 7, 9),
            (203, 48, 256),
            (64, 300, 0),
        ];
        check_products(&sizes, Precision::F32, |x| x, |_, _, k| 1e-6 * (1.0 + (k as f64).sqrt()));
    }

    #[test]
    fn products_of_one_thread_are_scaled_and_added() {
        for (m, n, k) in [(16, 16, 1), (64, 64, 32), (128, 64, 128), (37, 50, 41), (5, 9, 7), (40, 40, 0)] {
            let (x, y, old) = (values(m * k, 1), values(n * k, 2), values(m * (n + 3), 3));
            for (a, b) in [
                (Mat::new(&x, m, k), Mat::new(&y, k, n)),
                (Mat::new(&x, m, k), Mat::new(&y, n, k).t()),
                (Mat::new(&x, k, m).t(), Mat::new(&y, k, n)),
            ] {
                for accumulate in [false, true] {
                    let mut out = old.clone();
                    let place = MatMut::strided(&mut out, m, n, n + 3);
                    multiply(place, a, b, Product { accumulate, scale: 0.3, ..Product::SERIAL });
                    let products = expected(a, b, None, |x| x);
                    for (i, (row, old)) in out.chunks(n + 3).zip(old.chunks(n + 3)).enumerate() {
                        for j in 0..n + 3 {
                            let before = f64::from(old[j]);
                            let want = match products.get(i * n + j) {
                                Some(product) if j < n => 0.3 * product + if accumulate { before } else { 0.0 },
                                // Between the rows nothing is written.
                                _ => before,
                            };
                            assert!((f64::from(row[j]) - want).abs() < 1e-5, "{m} x {n} x {k}: {i}, {j}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn products_are_the_same_bits_with_any_number_of_threads() {
        // By rows, and by columns.
        for (m, n, k) in [(530, 203, 700), (203, 530, 700)] {
            let (x, y) = (values(m * k, 1), values(n * k, 2));
            let product = |threads: usize| {
                let mut out = vec![0.0; m * n];
                let (a, b) = (Mat::new(&x, m, k), Mat::new(&y, n, k).t());
                with_threads(threads, || multiply_at(Precision::F32, &mut out, a, b, Start::Zero));
                out
            };
            let one = product(1);
            for threads in [2, 3, 7] {
                assert!(product(threads) == one, "{threads} threads give other bits");
            }
        }
    }

    #[test]
    fn bf16_products_are_those_of_the_rounded_matrices() {
        if let Err(reason) = bf16_support() {
            return println!("not tested: {reason}");
        }
        let sizes = [(16, 16, 1), (17, 64, 2), (100, 65, 33), (96, 130, 513), (45, 200, 1100), (6, 7, 9)];
        let tolerance = |m: usize, n: usize, k: usize| {
            if m.min(n) < SMALLEST_BF16 { 2e-2 } else { 2e-6 * (1.0 + (k as f64).sqrt()) }
        };
        check_products(&sizes, Precision::Bf16, |x| bf16::from_f32(x).to_f32(), tolerance);
    }
}
