//! exp and the normal distribution function in f32, branch-free, so that the compiler turns loops of them into vectors.
#![allow(clippy::excessive_precision, reason = "constants are written as in their sources")]

/// e^x: argument reduction by powers of two, then a degree-6 polynomial (Cephes `expf`, Moshier). At most 2 ulp.
/// Results below e^-80 are 0: near-denormal numbers would slow the products that follow.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: adding it rounds to an integer, which then sits in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let clamped = x.clamp(-87.0, 88.0);
    let shifted = clamped.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-0.693_359_375, clamped);
    let r = n.mul_add(2.121_944_40e-4, r);
    let p = 1.987_569_150_0e-4_f32
        .mul_add(r, 1.398_199_950_7e-3)
        .mul_add(r, 8.333_451_907_3e-3)
        .mul_add(r, 4.166_579_589_4e-2)
        .mul_add(r, 1.666_666_545_9e-1)
        .mul_add(r, 5.000_000_120_1e-1);
    let y = p.mul_add(r * r, r) + 1.0;
    let scaled = f32::from_bits((y.to_bits() as i32).wrapping_add((shifted.to_bits() as i32) << 23) as u32);
    if x < -80.0 { 0.0 } else { scaled }
}

/// erf(x): odd rational approximation on |x| <= 4 (the coefficients of Eigen's and XLA's f32 `erf`).
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let numerator = (-2.726_142_258_013_06e-10_f32)
        .mul_add(x2, 2.770_681_424_959_02e-8)
        .mul_add(x2, -2.101_024_020_825_08e-6)
        .mul_add(x2, -5.692_506_394_623_46e-5)
        .mul_add(x2, -7.349_906_303_268_55e-4)
        .mul_add(x2, -2.954_599_808_540_25e-3)
        .mul_add(x2, -1.609_603_332_624_15e-2);
    let denominator = (-1.456_607_184_649_96e-5_f32)
        .mul_add(x2, -2.133_740_552_789_05e-4)
        .mul_add(x2, -1.682_826_974_382_03e-3)
        .mul_add(x2, -7.373_329_167_204_68e-3)
        .mul_add(x2, -1.426_473_905_141_89e-2);
    x * numerator / denominator
}

/// Φ(x).
#[inline(always)]
pub(super) fn normal_cdf(x: f32) -> f32 {
    erf(x * std::f32::consts::FRAC_1_SQRT_2).mul_add(0.5, 0.5)
}

/// φ(x).
#[inline(always)]
pub(super) fn normal_density(x: f32) -> f32 {
    /// 1 / sqrt(2 pi).
    const PEAK: f32 = 0.398_942_3;
    PEAK * exp(-0.5 * x * x)
}

/// An activation `x F(x)`.
pub(super) trait SelfGated: Copy + Send + Sync {
    /// F.
    fn factor(x: f32) -> f32;
    /// F + x F'.
    fn derivative(x: f32) -> f32;
}

/// GELU by erf.
#[derive(Clone, Copy)]
pub(super) struct ByErf;

impl SelfGated for ByErf {
    #[inline(always)]
    fn factor(x: f32) -> f32 {
        normal_cdf(x)
    }

    #[inline(always)]
    fn derivative(x: f32) -> f32 {
        x.mul_add(normal_density(x), normal_cdf(x))
    }
}

/// GELU by tanh: (1 + tanh(u)) / 2 is the logistic function of 2 u, u = sqrt(2 / pi) (x + 0.044715 x^3).
#[derive(Clone, Copy)]
pub(super) struct ByTanh;

impl ByTanh {
    const FACTOR: f32 = 1.595_769_1;
    const CUBIC: f32 = 0.044_715;
}

impl SelfGated for ByTanh {
    #[inline(always)]
    fn factor(x: f32) -> f32 {
        let inner = (Self::CUBIC * x * x).mul_add(x, x) * Self::FACTOR;
        1.0 / (1.0 + exp(-inner))
    }

    #[inline(always)]
    fn derivative(x: f32) -> f32 {
        let factor = Self::factor(x);
        let slope = (3.0 * Self::CUBIC * x).mul_add(x, 1.0) * Self::FACTOR;
        (x * factor * (1.0 - factor)).mul_add(slope, factor)
    }
}

/// SiLU: F is the logistic function.
#[derive(Clone, Copy)]
pub(super) struct ByLogistic;

impl SelfGated for ByLogistic {
    #[inline(always)]
    fn factor(x: f32) -> f32 {
        1.0 / (1.0 + exp(-x))
    }

    #[inline(always)]
    fn derivative(x: f32) -> f32 {
        let factor = Self::factor(x);
        (x * factor).mul_add(1.0 - factor, factor)
    }
}

/// ReLU: F is 1 above 0.
#[derive(Clone, Copy)]
pub(super) struct ByStep;

impl SelfGated for ByStep {
    #[inline(always)]
    fn factor(x: f32) -> f32 {
        if x > 0.0 { 1.0 } else { 0.0 }
    }

    #[inline(always)]
    fn derivative(x: f32) -> f32 {
        Self::factor(x)
    }
}

/// Independent partial sums, so that additions need not wait for each other.
pub(super) const LANES: usize = 32;

/// Sum of `f(x)` over a row.
#[inline(always)]
pub(super) fn row_sum(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().map(|&v| f(v)).sum();
    for chunk in chunks {
        for (lane, &v) in lanes.iter_mut().zip(chunk) {
            *lane += f(v);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// erf by its Maclaurin series in f64 (|x| < 4).
    fn erf64(x: f64) -> f64 {
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term.abs() > 1e-17 * sum.abs() {
            n += 1.0;
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    #[test]
    fn exp_is_within_a_few_units_in_the_last_place() {
        for i in -79_000..88_000 {
            let x = i as f32 / 1000.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= exact * 2.5e-7, "exp({x})");
        }
        assert_eq!(exp(-200.0), 0.0);
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn erf_is_within_4e_7() {
        for i in -3_800..3_800 {
            let x = i as f32 / 1000.0;
            let error = (f64::from(erf(x)) - erf64(f64::from(x))).abs();
            assert!(error < 4e-7, "erf({x}) is off by {error}");
        }
        assert!((erf(10.0) - 1.0).abs() < 1e-6);
        assert!((erf(-10.0) + 1.0).abs() < 1e-6);
    }

    #[test]
    fn row_sum_takes_every_element() {
        for n in [0, 1, 31, 32, 33, 100] {
            let x: Vec<f32> = (0..n).map(|i| i as f32).collect();
            assert_eq!(row_sum(&x, |v| v), (0..n).sum::<usize>() as f32);
        }
    }
}
