//! Products of matrices rounded to bf16, with f32 sums, by AVX512-BF16's `VDPBF16PS`.
//!
//! The scheme is Goto and van de Geijn's (2008, "Anatomy of high-performance matrix multiplication"): both matrices are
//! packed into panels in the order in which the innermost loop reads them, and rounded on the way. `VDPBF16PS` adds
//! products of two neighbours along the inner dimension to each sum, so panels hold pairs of bf16 in 32-bit words.

use std::arch::x86_64::*;

use super::side::Side;
use crate::ops::flex::matrix::Mat;
use crate::ops::flex::pool::Buffer;
use crate::ops::flex::simd;
use crate::ops::flex::threads::{self, Parallel};

/// Rows of the tile that is summed in registers: 6 x 4 sums, 4 words of `b` and one of `a` fit the 32 registers.
const TILE_ROWS: usize = 6;

/// Columns of the tile: four registers.
const TILE_COLUMNS: usize = 4 * LANES;

/// 32-bit words a register.
const LANES: usize = 16;

/// Pairs of the inner dimension from one store of a tile to the next: this much of a panel of `b` is 64 KiB and stays in
/// the second-level cache. Fixed, so that sums do not depend on the number of threads.
const BLOCK: usize = 256;

/// Rows of `a` that one task packs and multiplies, at the most.
const TASK_ROWS: usize = 16 * TILE_ROWS;

/// Why this machine cannot, if it cannot.
pub(in crate::ops::flex) fn support() -> Result<(), &'static str> {
    let has = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16");
    if has && simd::level() == "x86-v4" { Ok(()) } else { Err("this CPU lacks the AVX512-BF16 instructions") }
}

/// `out = a b (+ out)`, `out` without gaps, by all threads. The caller has seen [`support`].
pub(super) fn multiply(out: &mut [f32], a: Mat, b: Mat, accumulate: bool) {
    assert_eq!(support(), Ok(()), "bf16 products were asked for");
    let (m, n) = (a.rows, b.columns);
    let (a, b) = (Side::rows(a), Side::rows(b.t()));
    let pairs = a.inner.div_ceil(2);
    let panel = pairs * TILE_COLUMNS;
    let mut packed_b = Buffer::new(n.div_ceil(TILE_COLUMNS) * panel);
    words(&mut packed_b).chunks_mut(panel).enumerate().par_for_each(|(i, panel)| {
        // SAFETY: the CPU has the instructions.
        unsafe { pack::<TILE_COLUMNS>(panel, b, i * TILE_COLUMNS) }
    });
    let packed_b = words(&mut packed_b);
    let task_rows = m.div_ceil(4 * threads::count()).next_multiple_of(TILE_ROWS).min(TASK_ROWS);
    out[..m * n].chunks_mut(task_rows * n).enumerate().par_for_each(|(task, out)| {
        let first_row = task * task_rows;
        let rows = out.len() / n;
        let mut packed_a = Buffer::new(rows.div_ceil(TILE_ROWS) * pairs * TILE_ROWS);
        let packed_a = words(&mut packed_a);
        for (i, panel) in packed_a.chunks_exact_mut(pairs * TILE_ROWS).enumerate() {
            // SAFETY: the CPU has the instructions.
            unsafe { pack::<TILE_ROWS>(panel, a, first_row + i * TILE_ROWS) }
        }
        for start in (0..pairs).step_by(BLOCK) {
            let block = start..pairs.min(start + BLOCK);
            for (j, b) in packed_b.chunks_exact(panel).enumerate() {
                let b = &b[block.start * TILE_COLUMNS..block.end * TILE_COLUMNS];
                let columns = TILE_COLUMNS.min(n - j * TILE_COLUMNS);
                for (i, a) in packed_a.chunks_exact(pairs * TILE_ROWS).enumerate() {
                    let a = &a[block.start * TILE_ROWS..block.end * TILE_ROWS];
                    let rows = TILE_ROWS.min(rows - i * TILE_ROWS);
                    let out = &mut out[i * TILE_ROWS * n + j * TILE_COLUMNS..];
                    // SAFETY: the CPU has the instructions.
                    unsafe { tile(out, n, [rows, columns], a, b, accumulate || start > 0) }
                }
            }
        }
    });
}

/// A pool's buffer as 32-bit words.
pub(super) fn words(buffer: &mut Buffer) -> &mut [u32] {
    bytemuck::cast_slice_mut(buffer)
}

/// The lowest `n` lanes, all of them at the most.
fn mask(n: usize) -> __mmask16 {
    if n >= LANES { !0 } else { (1 << n) - 1 }
}

/// Packs a panel of `P` outer indices from `first` on: for each pair of inner indices, `P` words. What lies beyond the
/// matrix is 0.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn pack<const P: usize>(panel: &mut [u32], side: Side, first: usize) {
    let lanes = P.min(side.outer - first);
    if side.inner_stride == 1 {
        pack_along_inner::<P>(panel, side, first, lanes);
    } else {
        assert_eq!(side.outer_stride, 1, "a matrix whose elements lie apart both ways");
        pack_along_outer::<P>(panel, side, first, lanes);
    }
}

/// Inner indices lie side by side: a row gives one lane of the panel.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pack_along_inner<const P: usize>(panel: &mut [u32], side: Side, first: usize, lanes: usize) {
    if lanes < P {
        panel.fill(0);
    }
    let mut pairs = [0u32; LANES];
    for (block, panel) in panel.chunks_mut(LANES * P).enumerate() {
        let start = block * 2 * LANES;
        let len = (2 * LANES).min(side.inner - start);
        for lane in 0..lanes {
            let row = &side.data[(first + lane) * side.outer_stride + start..][..len];
            // SAFETY: masked loads touch the row's `len` elements alone, and the store is as large as `pairs`.
            unsafe {
                let low = _mm512_maskz_loadu_ps(mask(len), row.as_ptr());
                let high = _mm512_maskz_loadu_ps(mask(len.saturating_sub(LANES)), row.as_ptr().wrapping_add(LANES));
                let both = _mm512_cvtne2ps_pbh(high, low);
                _mm512_storeu_si512(pairs.as_mut_ptr().cast(), std::mem::transmute::<__m512bh, __m512i>(both));
            }
            for (words, pair) in panel.chunks_exact_mut(P).zip(pairs) {
                words[lane] = pair;
            }
        }
    }
}

/// Outer indices lie side by side: two rows are interleaved.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pack_along_outer<const P: usize>(panel: &mut [u32], side: Side, first: usize, lanes: usize) {
    for (pair, words) in panel.chunks_exact_mut(P).enumerate() {
        let even = &side.data[2 * pair * side.inner_stride + first..][..lanes];
        // The last of an odd number has no partner.
        let odd =
            (2 * pair + 1 < side.inner).then(|| &side.data[(2 * pair + 1) * side.inner_stride + first..][..lanes]);
        for (i, words) in words.chunks_mut(LANES).enumerate() {
            let have = mask(lanes.saturating_sub(i * LANES));
            // SAFETY: masked loads touch `lanes` elements of each row alone, the masked store those of `words`.
            unsafe {
                let low = _mm512_maskz_loadu_ps(have, even.as_ptr().wrapping_add(i * LANES));
                let high = match odd {
                    Some(odd) => _mm512_maskz_loadu_ps(have, odd.as_ptr().wrapping_add(i * LANES)),
                    None => _mm512_setzero_ps(),
                };
                let low = _mm512_cvtepu16_epi32(std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(low)));
                let high = _mm512_cvtepu16_epi32(std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(high)));
                let both = _mm512_or_si512(low, _mm512_slli_epi32::<16>(high));
                _mm512_mask_storeu_epi32(words.as_mut_ptr().cast(), mask(words.len()), both);
            }
        }
    }
}

/// The products of a panel of `a` and one of `b` go to the tile of `size` (rows, columns) at the start of `out`.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn tile(out: &mut [f32], row_stride: usize, size: [usize; 2], a: &[u32], b: &[u32], accumulate: bool) {
    let mut sums = [[_mm512_setzero_ps(); TILE_COLUMNS / LANES]; TILE_ROWS];
    for (a, b) in a.chunks_exact(TILE_ROWS).zip(b.chunks_exact(TILE_COLUMNS)) {
        let mut right = [_mm512_setzero_si512(); TILE_COLUMNS / LANES];
        for (right, b) in right.iter_mut().zip(b.chunks_exact(LANES)) {
            // SAFETY: `b` has as many words as a register.
            *right = unsafe { _mm512_loadu_si512(b.as_ptr().cast()) };
        }
        for (sums, &a) in sums.iter_mut().zip(a) {
            // SAFETY: the same 512 bits, seen as bf16.
            let left = unsafe { std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32(a as i32)) };
            for (sum, &right) in sums.iter_mut().zip(&right) {
                // SAFETY: as above.
                let right = unsafe { std::mem::transmute::<__m512i, __m512bh>(right) };
                *sum = _mm512_dpbf16_ps(*sum, left, right);
            }
        }
    }
    let [rows, columns] = size;
    for (sums, out) in sums.iter().zip(out.chunks_mut(row_stride)).take(rows) {
        let out = &mut out[..columns];
        for (i, &sum) in sums.iter().enumerate() {
            let have = mask(columns.saturating_sub(i * LANES));
            let place = out.as_mut_ptr().wrapping_add(i * LANES);
            // SAFETY: masked loads and stores touch `columns` elements of the row alone.
            unsafe {
                let old = if accumulate { _mm512_maskz_loadu_ps(have, place) } else { _mm512_setzero_ps() };
                _mm512_mask_storeu_ps(place, have, _mm512_add_ps(old, sum));
            }
        }
    }
}
