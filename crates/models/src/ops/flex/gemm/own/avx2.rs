//! A tile of a product by AVX2 and FMA: summed in registers, and written.

use std::arch::x86_64::*;
use std::ops::Range;

use super::kernel::{Kernel, LINE, Old, Panels, Tile};
use super::pack::pack;
use crate::ops::flex::gemm::side::Side;

/// Floats a register.
const LANES: usize = 8;

/// 6 x 2 sums, 2 of `b` and one of `a` fit the 16 registers.
const TILE_ROWS: usize = 6;

/// Two registers.
const TILE_COLUMNS: usize = 2 * LANES;

/// Inner indices a round of the innermost loop.
const UNROLLED: usize = 4;

pub(super) struct Avx2;

impl Kernel for Avx2 {
    const ROWS: usize = TILE_ROWS;
    const COLUMNS: usize = TILE_COLUMNS;
    /// Of a panel of `b` 24 KiB, which share the first-level cache with what passes by of `a`.
    const BLOCK: usize = 384;
    /// 144 KiB each.
    const MOST: [usize; 2] = [16, 6];
    const PACKED_AT_ONCE: [usize; 2] = [8, 4];

    unsafe fn pack_rows(panels: &mut [f32], a: Side, first: usize, inner: Range<usize>) {
        // SAFETY: as asked of the caller.
        unsafe { pack::<TILE_ROWS>(panels, a, first, inner) }
    }

    unsafe fn pack_columns(panels: &mut [f32], b: Side, first: usize, inner: Range<usize>) {
        // SAFETY: as asked of the caller.
        unsafe { pack::<TILE_COLUMNS>(panels, b, first, inner) }
    }

    unsafe fn make(tile: Tile, panels: Panels) {
        // SAFETY: as asked of the caller.
        unsafe { make(tile, panels) }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn make(tile: Tile, panels: Panels) {
    if (tile.rows, tile.columns) == (TILE_ROWS, TILE_COLUMNS) {
        // SAFETY: as asked of the caller.
        unsafe { make_whole(tile, panels) }
    } else {
        // SAFETY: as asked of the caller.
        unsafe { make_small(tile, panels) }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn make_whole(tile: Tile, panels: Panels) {
    let rows: [*mut f32; TILE_ROWS] = std::array::from_fn(|row| tile.out.wrapping_add(row * tile.row_stride));
    for row in rows {
        // A tile's row may lie in two lines.
        _mm_prefetch::<_MM_HINT_T0>(row.cast());
        _mm_prefetch::<_MM_HINT_T0>(row.wrapping_add(TILE_COLUMNS - 1).cast());
    }
    for (row, sums) in rows.into_iter().zip(sums(panels)) {
        for (half, sum) in sums.into_iter().enumerate() {
            let place = row.wrapping_add(half * LANES);
            // SAFETY: the tile is whole, and a row of `old` has as many elements as the tile has columns.
            unsafe {
                let old = match tile.old {
                    Old::Zero => _mm256_setzero_ps(),
                    Old::Row(row) => _mm256_loadu_ps(row.as_ptr().add(half * LANES)),
                    Old::Product => _mm256_loadu_ps(place),
                };
                _mm256_storeu_ps(place, _mm256_add_ps(old, sum));
            }
        }
    }
}

/// At the product's edge.
#[target_feature(enable = "avx2,fma")]
unsafe fn make_small(tile: Tile, panels: Panels) {
    for (row, sums) in sums(panels).into_iter().enumerate().take(tile.rows) {
        let mut values = [0.0; TILE_COLUMNS];
        for (values, sum) in values.chunks_exact_mut(LANES).zip(sums) {
            // SAFETY: as many values as a register has.
            unsafe { _mm256_storeu_ps(values.as_mut_ptr(), sum) }
        }
        let place = tile.out.wrapping_add(row * tile.row_stride);
        // SAFETY: as asked of the caller.
        let place = unsafe { std::slice::from_raw_parts_mut(place, tile.columns) };
        for (column, (place, value)) in place.iter_mut().zip(values).enumerate() {
            let old = match tile.old {
                Old::Zero => 0.0,
                Old::Row(row) => row[column],
                Old::Product => *place,
            };
            *place = old + value;
        }
    }
}

/// Sums over the inner indices of a panel of `a` times one of `b`.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn sums(Panels { a, b, next: (first, lines) }: Panels) -> [[__m256; 2]; TILE_ROWS] {
    let mut sums = [[_mm256_setzero_ps(); 2]; TILE_ROWS];
    let (a, _) = a.as_chunks::<TILE_ROWS>();
    let (b, _) = b.as_chunks::<TILE_COLUMNS>();
    let (a_steps, a_rest) = a.as_chunks::<UNROLLED>();
    let (b_steps, b_rest) = b.as_chunks::<UNROLLED>();
    // The lines are asked for evenly over the steps.
    let every = a_steps.len().checked_div(lines).map_or(usize::MAX, |steps| steps.max(1));
    let (mut wait, mut line) = (every, first);
    for (a, b) in a_steps.iter().zip(b_steps) {
        wait -= 1;
        if wait == 0 {
            _mm_prefetch::<_MM_HINT_T0>(line.cast());
            (wait, line) = (every, line.wrapping_add(LINE));
        }
        for (a, b) in a.iter().zip(b) {
            add_products(&mut sums, a, b);
        }
    }
    for (a, b) in a_rest.iter().zip(b_rest) {
        add_products(&mut sums, a, b);
    }
    sums
}

/// Those of one inner index.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_products(sums: &mut [[__m256; 2]; TILE_ROWS], a: &[f32; TILE_ROWS], b: &[f32; TILE_COLUMNS]) {
    // SAFETY: two registers of floats.
    let (left, right) = unsafe { (_mm256_loadu_ps(b.as_ptr()), _mm256_loadu_ps(b.as_ptr().add(LANES))) };
    for (sums, a) in sums.iter_mut().zip(a) {
        let a = _mm256_broadcast_ss(a);
        sums[0] = _mm256_fmadd_ps(a, left, sums[0]);
        sums[1] = _mm256_fmadd_ps(a, right, sums[1]);
    }
}
