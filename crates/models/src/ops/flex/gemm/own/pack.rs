//! Packs matrices into panels, in the order in which the innermost loop reads them.

use std::arch::x86_64::*;
use std::ops::Range;

use super::kernel::LINE;
use crate::ops::flex::gemm::side::Side;

/// Floats a register: these are moves alone, which longer ones do not make faster.
const LANES: usize = 8;

/// Rows that are asked for ahead where they are packed.
const ROWS_AHEAD: usize = 8;

/// Packs panels of `P` outer indices each, from `first` on: for each inner index, `P` floats. What lies beyond the matrix is 0.
#[target_feature(enable = "avx2,fma")]
pub(super) fn pack<const P: usize>(panels: &mut [f32], side: Side, first: usize, inner: Range<usize>) {
    let panel = inner.len() * P;
    if side.inner_stride == 1 {
        for (i, panel) in panels.chunks_exact_mut(panel).enumerate() {
            let lanes = P.min(side.outer - first - i * P);
            pack_along_inner::<P>(panel, side, first + i * P, lanes, inner.clone());
        }
        return;
    }
    assert_eq!(side.outer_stride, 1, "a matrix whose elements lie apart both ways");
    let width = (panels.len() / panel * P).min(side.outer - first);
    for (at, p) in inner.enumerate() {
        let start = p * side.inner_stride + first;
        // Each row lies in a page of its own, which the processor does not foresee.
        let ahead = side.data.as_ptr().wrapping_add(start + ROWS_AHEAD * side.inner_stride);
        for line in (0..width + LINE).step_by(LINE) {
            _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line).cast());
        }
        let (whole, rest) = side.data[start..][..width].as_chunks::<P>();
        for (i, row) in whole.iter().enumerate() {
            panels[i * panel + at * P..][..P].copy_from_slice(row);
        }
        if !rest.is_empty() {
            let packed = &mut panels[whole.len() * panel + at * P..][..P];
            packed[..rest.len()].copy_from_slice(rest);
            packed[rest.len()..].fill(0.0);
        }
    }
}

/// Inner indices lie side by side: squares of 8 x 8 are transposed in registers.
#[target_feature(enable = "avx2,fma")]
fn pack_along_inner<const P: usize>(panel: &mut [f32], side: Side, first: usize, lanes: usize, inner: Range<usize>) {
    let len = inner.len();
    assert!(panel.len() >= len * P, "a panel is too small");
    let row = |lane: usize| &side.data[(first + lane) * side.outer_stride + inner.start..][..len];
    for group in (0..P).step_by(LANES) {
        let width = LANES.min(P - group);
        // Of the last square a store of eight would go past the panel where a panel is narrower than that.
        let squares = if width == LANES { len / LANES } else { (len / LANES).saturating_sub(1) };
        let squares = if group + width <= lanes { squares } else { 0 };
        if squares > 0 {
            // A lane that the panel has no room for is read as the first, and written over.
            let rows: [&[f32]; LANES] = std::array::from_fn(|i| row(if i < width { group + i } else { group }));
            for p in (0..squares * LANES).step_by(LANES) {
                // SAFETY: `p + 8` is within `len`, the length of each row; the stores end within the panel, see above.
                unsafe {
                    let square = transpose(rows.map(|row| _mm256_loadu_ps(row.as_ptr().add(p))));
                    for (i, packed) in square.into_iter().enumerate() {
                        _mm256_storeu_ps(panel.as_mut_ptr().add((p + i) * P + group), packed);
                    }
                }
            }
        }
        for lane in group..group + width {
            for p in squares * LANES..len {
                panel[p * P + lane] = if lane < lanes { row(lane)[p] } else { 0.0 };
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn transpose(rows: [__m256; LANES]) -> [__m256; LANES] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    // Pairs of rows are interleaved, then pairs of these, then halves.
    let (a0, a1) = (_mm256_unpacklo_ps(r0, r1), _mm256_unpackhi_ps(r0, r1));
    let (a2, a3) = (_mm256_unpacklo_ps(r2, r3), _mm256_unpackhi_ps(r2, r3));
    let (a4, a5) = (_mm256_unpacklo_ps(r4, r5), _mm256_unpackhi_ps(r4, r5));
    let (a6, a7) = (_mm256_unpacklo_ps(r6, r7), _mm256_unpackhi_ps(r6, r7));
    let (b0, b1) = (_mm256_shuffle_ps::<0x44>(a0, a2), _mm256_shuffle_ps::<0xee>(a0, a2));
    let (b2, b3) = (_mm256_shuffle_ps::<0x44>(a1, a3), _mm256_shuffle_ps::<0xee>(a1, a3));
    let (b4, b5) = (_mm256_shuffle_ps::<0x44>(a4, a6), _mm256_shuffle_ps::<0xee>(a4, a6));
    let (b6, b7) = (_mm256_shuffle_ps::<0x44>(a5, a7), _mm256_shuffle_ps::<0xee>(a5, a7));
    [
        _mm256_permute2f128_ps::<0x20>(b0, b4),
        _mm256_permute2f128_ps::<0x20>(b1, b5),
        _mm256_permute2f128_ps::<0x20>(b2, b6),
        _mm256_permute2f128_ps::<0x20>(b3, b7),
        _mm256_permute2f128_ps::<0x31>(b0, b4),
        _mm256_permute2f128_ps::<0x31>(b1, b5),
        _mm256_permute2f128_ps::<0x31>(b2, b6),
        _mm256_permute2f128_ps::<0x31>(b3, b7),
    ]
}
