//! A tile of a product by AVX-512: summed in registers, and written.

use std::arch::x86_64::*;
use std::ops::Range;

use super::kernel::{Kernel, LINE, Old, Panels, Tile};
use super::pack::pack;
use crate::ops::flex::gemm::side::Side;

/// Floats a register.
const LANES: usize = 16;

/// 8 x 3 sums, 3 of `b` and two of `a` fit the 32 registers.
const TILE_ROWS: usize = 8;

/// Registers that a row of the tile takes.
const REGISTERS: usize = 3;

const TILE_COLUMNS: usize = REGISTERS * LANES;

/// Inner indices a round of the innermost loop.
const UNROLLED: usize = 4;

pub(super) struct Avx512;

impl Kernel for Avx512 {
    const ROWS: usize = TILE_ROWS;
    const COLUMNS: usize = TILE_COLUMNS;
    /// Of a panel of `a` 16 KiB, of one of `b` 96.
    const BLOCK: usize = 512;
    /// 256 KiB and 192.
    const MOST: [usize; 2] = [16, 2];
    const PACKED_AT_ONCE: [usize; 2] = [8, 2];

    unsafe fn pack_rows(panels: &mut [f32], a: Side, first: usize, inner: Range<usize>) {
        // SAFETY: as asked of the caller; such CPUs have AVX2 too.
        unsafe { pack::<TILE_ROWS>(panels, a, first, inner) }
    }

    unsafe fn pack_columns(panels: &mut [f32], b: Side, first: usize, inner: Range<usize>) {
        // SAFETY: as above.
        unsafe { pack::<TILE_COLUMNS>(panels, b, first, inner) }
    }

    unsafe fn make(tile: Tile, panels: Panels) {
        // SAFETY: as asked of the caller.
        unsafe { make(tile, panels) }
    }
}

/// The lowest `n` lanes, all of them at the most.
fn mask(n: usize) -> __mmask16 {
    if n >= LANES { !0 } else { (1 << n) - 1 }
}

#[target_feature(enable = "avx512f")]
unsafe fn make(tile: Tile, panels: Panels) {
    let rows: [*mut f32; TILE_ROWS] = std::array::from_fn(|row| tile.out.wrapping_add(row * tile.row_stride));
    for row in rows.iter().take(tile.rows) {
        for at in (0..TILE_COLUMNS).step_by(LINE).chain([TILE_COLUMNS - 1]) {
            _mm_prefetch::<_MM_HINT_T0>(row.wrapping_add(at).cast());
        }
    }
    let sums = sums(panels);
    let masks: [__mmask16; REGISTERS] = std::array::from_fn(|i| mask(tile.columns.saturating_sub(i * LANES)));
    for (row, sums) in rows.into_iter().zip(sums).take(tile.rows) {
        for (i, (sum, have)) in sums.into_iter().zip(masks).enumerate() {
            let place = row.wrapping_add(i * LANES);
            // SAFETY: masked loads and stores touch the tile's columns alone, of which a row of `old` has as many.
            unsafe {
                let old = match tile.old {
                    Old::Zero => _mm512_setzero_ps(),
                    Old::Row(row) => _mm512_maskz_loadu_ps(have, row.as_ptr().wrapping_add(i * LANES)),
                    Old::Product => _mm512_maskz_loadu_ps(have, place),
                };
                _mm512_mask_storeu_ps(place, have, _mm512_add_ps(old, sum));
            }
        }
    }
}

/// Sums over the inner indices of a panel of `a` times one of `b`.
#[inline]
#[target_feature(enable = "avx512f")]
fn sums(Panels { a, b, next: (first, lines) }: Panels) -> [[__m512; REGISTERS]; TILE_ROWS] {
    let mut sums = [[_mm512_setzero_ps(); REGISTERS]; TILE_ROWS];
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
#[target_feature(enable = "avx512f")]
fn add_products(sums: &mut [[__m512; REGISTERS]; TILE_ROWS], a: &[f32; TILE_ROWS], b: &[f32; TILE_COLUMNS]) {
    // SAFETY: as many floats as the registers have.
    let b: [__m512; REGISTERS] = std::array::from_fn(|i| unsafe { _mm512_loadu_ps(b.as_ptr().add(i * LANES)) });
    for (sums, &a) in sums.iter_mut().zip(a) {
        let a = _mm512_set1_ps(a);
        for (sum, b) in sums.iter_mut().zip(b) {
            *sum = _mm512_fmadd_ps(a, b, *sum);
        }
    }
}
