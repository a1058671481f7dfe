//! Products in f32 by AVX2 and FMA.
//!
//! The scheme is Goto and van de Geijn's (2008, "Anatomy of high-performance matrix multiplication"): both matrices are packed into
//! panels in the order in which the innermost loop reads them, and a tile of the product is summed in registers. What is read next is
//! asked for ahead of its use, which the `gemm` crate does not do: on a processor whose third-level cache others use too, a sixth of
//! its time is spent waiting for it.

mod pack;
mod shape;
mod tile;

use std::cell::RefCell;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use self::pack::pack;
use self::shape::{LINE, TILE_COLUMNS, TILE_ROWS};
use self::tile::{Old, Panels, Tile};
use super::Start;
use super::side::Side;
use crate::ops::flex::matrix::Mat;
use crate::ops::flex::pool::Buffer;
use crate::ops::flex::simd;

/// Inner indices from one store of a tile to the next: this much of a panel of `b`, 24 KiB, and what passes by of `a` share the
/// first-level cache. Fixed, so that sums do not depend on the number of threads.
const BLOCK: usize = 384;

/// Rows of `a` that one task packs and multiplies, at the most: 144 KiB of a block, which stay in the second-level cache.
const MOST_ROWS: usize = 16 * TILE_ROWS;

/// And at the least.
const LEAST_ROWS: usize = 4 * TILE_ROWS;

/// Columns of a task at the least.
const LEAST_COLUMNS: usize = 16 * TILE_COLUMNS;

/// Panels of `b` that one task packs.
const PANELS: usize = 4;

/// Whether this CPU has the instructions, and no better ones are in use.
pub(super) fn is_in_use() -> bool {
    simd::level() == "x86-v3"
}

/// `out = a b`, and what it starts from, `out` without gaps, by all threads. The caller has seen [`is_in_use`].
pub(super) fn multiply(out: &mut [f32], a: Mat, b: Mat, start: Start) {
    assert!(is_in_use(), "products by AVX2 were asked for");
    let (m, n) = (a.rows, b.columns);
    let (a, b) = (Side::rows(a), Side::rows(b.t()));
    assert!(out.len() >= m * n, "a {m} x {n} product does not fit its buffer of {}", out.len());
    let panel = a.inner * TILE_COLUMNS;
    let mut packed_b = Buffer::new(n.div_ceil(TILE_COLUMNS) * panel);
    packed_b.par_chunks_mut(PANELS * panel).enumerate().for_each(|(i, panels)| {
        // SAFETY: the CPU has the instructions.
        unsafe { pack::<TILE_COLUMNS>(panels, b, i * PANELS * TILE_COLUMNS, 0..b.inner) }
    });
    let product = Product { out: Destination(out.as_mut_ptr()), n, a, packed_b: &packed_b, start };
    let (parts, next) = (product.parts(m), AtomicUsize::new(0));
    // One after another, so that the small ones come last.
    (0..rayon::current_num_threads()).into_par_iter().for_each(|_| {
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            product.make(part);
        }
    });
}

/// Where the product goes. Tasks write disjoint parts of it.
#[derive(Clone, Copy)]
struct Destination(*mut f32);

// SAFETY: it is only written through, by tasks whose parts have no element in common.
unsafe impl Send for Destination {}
// SAFETY: as above.
unsafe impl Sync for Destination {}

/// A part of the product.
struct Part {
    rows: Range<usize>,
    /// Panels of `b`.
    panels: Range<usize>,
}

struct Product<'a> {
    out: Destination,
    n: usize,
    a: Side<'a>,
    packed_b: &'a [f32],
    start: Start<'a>,
}

impl Product<'_> {
    /// Parts of falling size, so that all threads end at nearly the same time: each is a share of the rows that are left (Polychronopoulos
    /// & Kuck 1987, "Guided self-scheduling"). Where rows are few, they are parts of the columns too.
    fn parts(&self, m: usize) -> Vec<Part> {
        let threads = rayon::current_num_threads();
        let panels = self.n.div_ceil(TILE_COLUMNS);
        let columns = (2 * threads * LEAST_ROWS).div_ceil(m);
        let panels_each = panels.div_ceil(columns).max(LEAST_COLUMNS / TILE_COLUMNS);
        let (mut parts, mut row) = (Vec::new(), 0);
        while row < m {
            let share = (m - row).div_ceil(2 * threads).next_multiple_of(TILE_ROWS);
            let rows = row..m.min(row + share.clamp(LEAST_ROWS, MOST_ROWS));
            row = rows.end;
            let of_columns = (0..panels).step_by(panels_each).map(|panel| panel..panels.min(panel + panels_each));
            parts.extend(of_columns.map(|panels| Part { rows: rows.clone(), panels }));
        }
        parts
    }

    fn make(&self, part: &Part) {
        thread_local! {
            static PACKED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
        }
        PACKED.with_borrow_mut(|packed| {
            packed.resize(MOST_ROWS * BLOCK, 0.0);
            for at in (0..self.a.inner).step_by(BLOCK) {
                self.make_block(part, at..self.a.inner.min(at + BLOCK), packed);
            }
        });
    }

    /// The products over some of the inner indices.
    fn make_block(&self, part: &Part, inner: Range<usize>, packed: &mut [f32]) {
        let (k, len) = (self.a.inner, inner.len());
        let a = Side { outer: part.rows.end, ..self.a };
        let tiles = part.rows.len().div_ceil(TILE_ROWS);
        // SAFETY: the CPU has the instructions.
        unsafe { pack::<TILE_ROWS>(&mut packed[..tiles * TILE_ROWS * len], a, part.rows.start, inner.clone()) }
        // Lines of the next panel of `b` that each tile asks for.
        let lines = len.div_ceil(tiles);
        for j in part.panels.clone() {
            let column = j * TILE_COLUMNS;
            let b = &self.packed_b[(j * k + inner.start) * TILE_COLUMNS..][..len * TILE_COLUMNS];
            let columns = TILE_COLUMNS.min(self.n - column);
            let old = match self.start {
                _ if inner.start > 0 => Old::Product,
                Start::Zero => Old::Zero,
                Start::Bias(bias) => Old::Row(&bias[column..][..columns]),
            };
            let lines = if j + 1 == part.panels.end { 0 } else { lines };
            let next = b.as_ptr().wrapping_add(k * TILE_COLUMNS);
            for (i, a) in packed.chunks_exact(TILE_ROWS * len).enumerate().take(tiles) {
                let row = part.rows.start + i * TILE_ROWS;
                let tile = Tile {
                    out: self.out.0.wrapping_add(row * self.n + column),
                    row_stride: self.n,
                    rows: TILE_ROWS.min(part.rows.end - row),
                    columns,
                    old,
                };
                let panels = Panels { a, b, next: (next.wrapping_add(i * lines * LINE), lines) };
                // SAFETY: the CPU has the instructions, and the tile lies in this task's part of the product, whose size was checked.
                unsafe { tile.make(panels) }
            }
        }
    }
}
