//! The dropout streams of [`crate::ops::Dropout`] in kernels: the same bits as on the host. Devices without 64-bit integers
//! compute them in halves.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use crate::ops::dropout::Dropout;

/// What a kernel must know of a [`Dropout`].
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(super) struct DropoutKey {
    key_low: u32,
    key_high: u32,
    threshold: u32,
    scale: f32,
}

/// [`DropoutKey`] as a kernel's argument.
pub(super) fn dropout_key<R: Runtime>(dropout: &Dropout) -> DropoutKeyLaunch<R> {
    let key = dropout.key();
    DropoutKeyLaunch::new(key as u32, (key >> 32) as u32, dropout.threshold(), dropout.scale())
}

/// A 64-bit number in halves.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Wide {
    pub(super) low: u32,
    pub(super) high: u32,
}

#[cube]
fn wide_add(a: Wide, b: Wide) -> Wide {
    let low = a.low + b.low;
    let carry = u32::cast_from(low < a.low);
    Wide { low, high: a.high + b.high + carry }
}

/// The low 64 bits of a product.
#[cube]
fn wide_mul(a: Wide, b: Wide) -> Wide {
    let low = a.low * b.low;
    let high = u32::mul_hi(a.low, b.low) + a.low * b.high + a.high * b.low;
    Wide { low, high }
}

/// `a ^ (a >> bits)`, for 0 < bits < 32.
#[cube]
fn wide_mix(a: Wide, #[comptime] bits: u32) -> Wide {
    let low = a.low ^ ((a.low >> bits) | (a.high << (32 - bits)));
    Wide { low, high: a.high ^ (a.high >> bits) }
}

#[cube]
fn golden() -> Wide {
    Wide { low: 0x7F4A_7C15u32.runtime(), high: 0x9E37_79B9u32.runtime() }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
#[cube]
fn mix64(x: Wide) -> Wide {
    let z = wide_add(x, golden());
    let first = Wide { low: 0x1CE4_E5B9u32.runtime(), high: 0xBF58_476Du32.runtime() };
    let second = Wide { low: 0x1331_11EBu32.runtime(), high: 0x94D0_49BBu32.runtime() };
    let z = wide_mul(wide_mix(z, 30u32), first);
    let z = wide_mul(wide_mix(z, 27u32), second);
    wide_mix(z, 31u32)
}

/// `key * n + i`.
#[cube]
pub(super) fn wide_index(key: Wide, n: u32, i: u32) -> Wide {
    let product = wide_mul(key, Wide { low: n, high: 0u32.runtime() });
    wide_add(product, Wide { low: i, high: 0u32.runtime() })
}

/// The stream of the row that `row_key` names.
#[cube]
pub(super) fn row_stream(dropout: &DropoutKey, row_key: Wide) -> Wide {
    let product = wide_mul(row_key, golden());
    mix64(Wide { low: product.low ^ dropout.key_low, high: product.high ^ dropout.key_high })
}

/// The draw of a column: the finaliser of MurmurHash3 (Appleby), with a second key between its rounds.
#[cube]
fn draw(stream: Wide, column: u32) -> u32 {
    let h = column * 0x9E37_79B1u32 + stream.low;
    let h = h ^ (h >> 16u32);
    let h = (h * 0x85EB_CA6Bu32) ^ stream.high;
    let h = h ^ (h >> 13u32);
    let h = h * 0xC2B2_AE35u32;
    h ^ (h >> 16u32)
}

/// The key of a row, from the halves of all keys.
#[cube]
pub(super) fn row_key(keys: &Array<u32>, row: usize) -> Wide {
    Wide { low: keys[2 * row], high: keys[2 * row + 1] }
}

/// Factors of the `N` columns that a vector of columns holds.
#[cube]
pub(super) fn factors<N: Size>(dropout: &DropoutKey, stream: Wide, vector: usize) -> Vector<f32, N> {
    let mut factors = Vector::<f32, N>::empty();
    #[unroll]
    for i in 0..N::value() {
        factors[i] = factor(dropout, stream, (vector * N::value() + i) as u32);
    }
    factors
}

/// 0 or the scale of kept units.
#[cube]
pub(super) fn factor(dropout: &DropoutKey, stream: Wide, column: u32) -> f32 {
    select(draw(stream, column) >= dropout.threshold, dropout.scale, 0.0f32.runtime())
}
