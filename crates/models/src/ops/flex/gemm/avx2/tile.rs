//! A tile of a product: summed in registers, and written.

use std::arch::x86_64::*;

use super::shape::{LANES, LINE, TILE_COLUMNS, TILE_ROWS};

/// Inner indices a round of the innermost loop.
const UNROLLED: usize = 4;

/// What a tile's sums are added to.
#[derive(Clone, Copy)]
pub(super) enum Old<'a> {
    Zero,
    /// The same in each row, one element for each column of the tile.
    Row(&'a [f32]),
    /// What the tile holds already.
    Product,
}

/// A tile, at the most [`TILE_ROWS`] by [`TILE_COLUMNS`].
#[derive(Clone, Copy)]
pub(super) struct Tile<'a> {
    /// Its first element.
    pub(super) out: *mut f32,
    /// Elements from one of its rows to the next.
    pub(super) row_stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) old: Old<'a>,
}

/// What is multiplied, and what is read after it.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a> {
    pub(super) a: &'a [f32],
    pub(super) b: &'a [f32],
    /// Where the cache lines begin that are to be asked for meanwhile, and their number.
    pub(super) next: (*const f32, usize),
}

impl Tile<'_> {
    /// The products of the panels go to the tile.
    ///
    /// # Safety
    /// The CPU has AVX2 and FMA, and the tile's elements may be read and written.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn make(self, panels: Panels) {
        if (self.rows, self.columns) == (TILE_ROWS, TILE_COLUMNS) {
            // SAFETY: as asked of the caller.
            unsafe { self.make_whole(panels) }
        } else {
            // SAFETY: as asked of the caller.
            unsafe { self.make_small(panels) }
        }
    }

    #[target_feature(enable = "avx2,fma")]
    unsafe fn make_whole(self, panels: Panels) {
        let rows: [*mut f32; TILE_ROWS] = std::array::from_fn(|row| self.out.wrapping_add(row * self.row_stride));
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
                    let old = match self.old {
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
    unsafe fn make_small(self, panels: Panels) {
        for (row, sums) in sums(panels).into_iter().enumerate().take(self.rows) {
            let mut values = [0.0; TILE_COLUMNS];
            for (values, sum) in values.chunks_exact_mut(LANES).zip(sums) {
                // SAFETY: as many values as a register has.
                unsafe { _mm256_storeu_ps(values.as_mut_ptr(), sum) }
            }
            let place = self.out.wrapping_add(row * self.row_stride);
            // SAFETY: as asked of the caller.
            let place = unsafe { std::slice::from_raw_parts_mut(place, self.columns) };
            for (column, (place, value)) in place.iter_mut().zip(values).enumerate() {
                let old = match self.old {
                    Old::Zero => 0.0,
                    Old::Row(row) => row[column],
                    Old::Product => *place,
                };
                *place = old + value;
            }
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
