//! Logarithm, sine and cosine with the roundings of torch's AVX2 kernels, so that drawn weights are torch's to the bit.
//!
//! `aten/src/ATen/native/cpu/avx_mathfun.h` of pytorch/pytorch (Cephes' `logf`, `sinf`, `cosf` by Moshier), with the fused
//! multiply-adds of torch's own builds.
#![allow(clippy::excessive_precision, reason = "constants are written as in their source")]

/// `log256_ps` for positive x.
pub(super) fn log(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = ((bits >> 23) as i32 - 127) as f32 + 1.0;
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f00_0000);
    let small = mantissa < std::f32::consts::FRAC_1_SQRT_2;
    let x = (mantissa - 1.0) + if small { mantissa } else { 0.0 };
    let exponent = exponent - if small { 1.0 } else { 0.0 };
    let z = x * x;
    let y = [
        -1.151_461_031_0e-1_f32,
        1.167_699_874_0e-1,
        -1.242_014_084_6e-1,
        1.424_932_278_7e-1,
        -1.666_805_766_5e-1,
        2.000_071_476_5e-1,
        -2.499_999_399_3e-1,
        3.333_333_117_4e-1,
    ]
    .into_iter()
    .fold(7.037_683_629_2e-2_f32, |y, p| y.mul_add(x, p));
    let y = (y * x).mul_add(z, exponent * -2.121_944_40e-4);
    let y = (-z).mul_add(0.5, y);
    exponent.mul_add(0.693_359_375, x + y)
}

/// `sincos256_ps` for x >= 0: (sine, cosine).
pub(super) fn sin_cos(x: f32) -> (f32, f32) {
    let octant = ((x * 1.273_239_544_735_16) as i32 + 1) & !1;
    let y = octant as f32;
    let x = [-0.785_156_25_f32, -2.418_756_484_985_351_562_5e-4, -3.774_894_977_445_941_08e-8]
        .into_iter()
        .fold(x, |x, p| y.mul_add(p, x));
    let z = x * x;
    let cosine =
        2.443_315_711_809_948e-5_f32.mul_add(z, -1.388_731_625_493_765e-3).mul_add(z, 4.166_664_568_298_827e-2) * z;
    let cosine = cosine.mul_add(z, -(z * 0.5)) + 1.0;
    let sine = (-1.951_529_589_1e-4_f32).mul_add(z, 8.332_160_873_6e-3).mul_add(z, -1.666_665_461_1e-1) * z;
    let sine = sine.mul_add(x, x);
    let (s, c) = if octant & 2 == 0 { (sine, cosine) } else { (cosine, sine) };
    (if octant & 4 == 0 { s } else { -s }, if (octant - 2) & 4 == 0 { -c } else { c })
}
