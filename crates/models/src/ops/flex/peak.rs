//! How fast a CPU could be: the rate of multiplications and additions that wait for nothing.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Simd, WithSimd};

use super::simd::{dispatch, level};

/// Sums that do not depend on each other: more than the units times their latency (4 cycles, two a cycle), fewer than the registers.
const SUMS: usize = 12;

/// Rounds of a measurement: some hundredths of a second.
const ROUNDS: usize = 10_000_000;

/// Fused multiplications and additions in registers alone.
struct Loop;

impl WithSimd for Loop {
    type Output = f32;

    /// Operations are 2 a lane, sum and round.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (factor, addend) = (simd.splat_f32s(0.999), simd.splat_f32s(0.001));
        let mut sums = [simd.splat_f32s(0.5); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, factor, addend);
            }
        }
        sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum()
    }
}

/// Lanes of a register.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// Billions of multiplications and additions a second of `threads` threads, the best of three: no product of matrices is faster. `None`
/// without vector instructions: there `mul_add` is a call of the C library, and products multiply and add apart.
#[must_use]
pub fn fma_gflops(threads: usize) -> Option<f64> {
    if level() == "scalar" {
        return None;
    }
    let operations = (threads * ROUNDS * SUMS * 2 * dispatch(Lanes)) as f64;
    let rates = (0..3).map(|_| {
        let started = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| black_box(dispatch(Loop)));
            }
        });
        operations / started.elapsed().as_secs_f64() / 1e9
    });
    Some(rates.fold(0.0, f64::max))
}
