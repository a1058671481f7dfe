//! Products in f32 by AVX-512, or by AVX2 and FMA.
//!
//! The scheme is Goto and van de Geijn's (2008, "Anatomy of high-performance matrix multiplication"): both matrices are packed into
//! panels in the order in which the innermost loop reads them, and a tile of the product is summed in registers. What is read next is
//! asked for ahead of its use, which the `gemm` crate does not do: on a processor whose third-level cache others use too, a sixth of
//! its time is spent waiting for it.

mod avx2;
mod avx512;
mod kernel;
mod pack;

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;

use self::avx2::Avx2;
use self::avx512::Avx512;
use self::kernel::{Kernel, LINE, Old, Panels, Tile};
use super::Start;
use super::side::Side;
use crate::ops::flex::matrix::Mat;
use crate::ops::flex::pool::Buffer;
use crate::ops::flex::simd;
use crate::ops::flex::threads::{self, Parallel};

/// Panels of `a` or `b` that one task multiplies, at the least.
const LEAST: [usize; 2] = [4, 2];

/// And panels of the other matrix, where one task does not take all of them.
const LEAST_ACROSS: [usize; 2] = [16, 16];

/// `out = a b`, and what it starts from, `out` without gaps, by all threads. The caller has seen [`simd::has_own_products`].
///
/// One matrix is packed as a whole first, the smaller one. Of the other one each task packs a block of its own part, which
/// it then finds in its cache.
pub(super) fn multiply(out: &mut [f32], a: Mat, b: Mat, start: Start) {
    match simd::level() {
        "x86-v4" => multiply_by::<Avx512>(out, a, b, start),
        "x86-v3" => multiply_by::<Avx2>(out, a, b, start),
        level => unreachable!("products of our own were asked for at the level {level}"),
    }
}

fn multiply_by<K: Kernel>(out: &mut [f32], a: Mat, b: Mat, start: Start) {
    let (m, n) = (a.rows, b.columns);
    let (a, b) = (Side::rows(a), Side::rows(b.t()));
    assert!(out.len() >= m * n, "a {m} x {n} product does not fit its buffer of {}", out.len());
    let product = Product { out: Destination(out.as_mut_ptr()), m, n, start, kernel: PhantomData::<fn() -> K> };
    if n > m {
        let packed_a = packed(a, K::ROWS, K::PACKED_AT_ONCE[0], K::pack_rows);
        product.parts(1).into_iter().par_for_each(|part| product.by_columns(&part, &packed_a, b));
    } else {
        let packed_b = packed(b, K::COLUMNS, K::PACKED_AT_ONCE[1], K::pack_columns);
        product.parts(0).into_iter().par_for_each(|part| product.by_rows(&part, a, &packed_b));
    }
}

/// How panels are packed.
type Pack = unsafe fn(&mut [f32], Side, usize, Range<usize>);

/// All panels of a matrix, of `width` outer indices each, one after another.
fn packed(side: Side, width: usize, at_once: usize, pack: Pack) -> Buffer {
    let panel = side.inner * width;
    let mut packed = Buffer::new(side.outer.div_ceil(width) * panel);
    packed.chunks_mut(at_once * panel).enumerate().par_for_each(|(i, panels)| {
        // SAFETY: the CPU has the instructions.
        unsafe { pack(panels, side, i * at_once * width, 0..side.inner) }
    });
    packed
}

/// Where the product goes. Tasks write disjoint parts of it.
#[derive(Clone, Copy)]
struct Destination(*mut f32);

// SAFETY: it is only written through, by tasks whose parts have no element in common.
unsafe impl Send for Destination {}
// SAFETY: as above.
unsafe impl Sync for Destination {}

/// A part of the product: ranges of panels.
struct Part {
    of_a: Range<usize>,
    of_b: Range<usize>,
}

/// Blocks of panels that lie `stride` elements apart.
#[derive(Clone, Copy)]
struct Blocks<'a> {
    data: &'a [f32],
    stride: usize,
}

impl<'a> Blocks<'a> {
    fn get(self, i: usize, len: usize) -> &'a [f32] {
        &self.data[i * self.stride..][..len]
    }
}

struct Product<'a, K> {
    out: Destination,
    m: usize,
    n: usize,
    start: Start<'a>,
    kernel: PhantomData<fn() -> K>,
}

impl<K: Kernel> Product<'_, K> {
    /// Parts of falling size along one matrix (0 is `a`), so that all threads end at nearly the same time: each is a share of the
    /// panels that are left (Polychronopoulos & Kuck 1987, "Guided self-scheduling"). Where these are few, they are parts of the
    /// other matrix too.
    fn parts(&self, along: usize) -> Vec<Part> {
        let threads = threads::count();
        let panels = [self.m.div_ceil(K::ROWS), self.n.div_ceil(K::COLUMNS)];
        let (panels, across) = (panels[along], panels[1 - along]);
        let pieces = (2 * threads * LEAST[along]).div_ceil(panels);
        let across_each = across.div_ceil(pieces).max(LEAST_ACROSS[1 - along]);
        let (mut parts, mut at) = (Vec::new(), 0);
        while at < panels {
            let share = (panels - at).div_ceil(2 * threads);
            let range = at..panels.min(at + share.clamp(LEAST[along], K::MOST[along]));
            at = range.end;
            for start in (0..across).step_by(across_each) {
                let other = start..across.min(start + across_each);
                parts.push(match along {
                    0 => Part { of_a: range.clone(), of_b: other },
                    _ => Part { of_a: other, of_b: range.clone() },
                });
            }
        }
        parts
    }

    /// Of `a`, the task's rows are packed.
    fn by_rows(&self, part: &Part, a: Side, packed_b: &[f32]) {
        let k = a.inner;
        let a = Side { outer: a.outer.min(part.of_a.end * K::ROWS), ..a };
        with_scratch(K::MOST[0] * K::ROWS * K::BLOCK, |scratch| {
            for inner in blocks::<K>(k) {
                let len = inner.len() * K::ROWS;
                let panels = &mut scratch[..part.of_a.len() * len];
                // SAFETY: the CPU has the instructions.
                unsafe { K::pack_rows(panels, a, part.of_a.start * K::ROWS, inner.clone()) }
                let stride = k * K::COLUMNS;
                let from = part.of_b.start * stride + inner.start * K::COLUMNS;
                let b = Blocks { data: &packed_b[from..], stride };
                self.make(part, Blocks { data: panels, stride: len }, b, inner);
            }
        });
    }

    /// Of `b`, the task's columns are packed.
    fn by_columns(&self, part: &Part, packed_a: &[f32], b: Side) {
        let k = b.inner;
        let b = Side { outer: b.outer.min(part.of_b.end * K::COLUMNS), ..b };
        with_scratch(K::MOST[1] * K::COLUMNS * K::BLOCK, |scratch| {
            for inner in blocks::<K>(k) {
                let len = inner.len() * K::COLUMNS;
                let panels = &mut scratch[..part.of_b.len() * len];
                // SAFETY: the CPU has the instructions.
                unsafe { K::pack_columns(panels, b, part.of_b.start * K::COLUMNS, inner.clone()) }
                let b = Blocks { data: panels, stride: len };
                let stride = k * K::ROWS;
                // As many rows as stay in the cache beside these columns.
                for start in part.of_a.clone().step_by(K::MOST[0]) {
                    let of_a = start..part.of_a.end.min(start + K::MOST[0]);
                    let a = Blocks { data: &packed_a[start * stride + inner.start * K::ROWS..], stride };
                    self.make(&Part { of_a, of_b: part.of_b.clone() }, a, b, inner.clone());
                }
            }
        });
    }

    /// The products over some of the inner indices.
    fn make(&self, part: &Part, a: Blocks, b: Blocks, inner: Range<usize>) {
        let len = inner.len();
        let tiles = part.of_a.len();
        // Lines of the next panel of `b` that each tile asks for.
        let lines = len.div_ceil(tiles);
        for (j, column) in part.of_b.clone().map(|panel| panel * K::COLUMNS).enumerate() {
            let panel_b = b.get(j, len * K::COLUMNS);
            let columns = K::COLUMNS.min(self.n - column);
            let old = match self.start {
                _ if inner.start > 0 => Old::Product,
                Start::Zero => Old::Zero,
                Start::Bias(bias) => Old::Row(&bias[column..][..columns]),
            };
            let lines = if j + 1 == part.of_b.len() { 0 } else { lines };
            let next = panel_b.as_ptr().wrapping_add(b.stride);
            for (i, row) in part.of_a.clone().map(|panel| panel * K::ROWS).enumerate() {
                let tile = Tile {
                    out: self.out.0.wrapping_add(row * self.n + column),
                    row_stride: self.n,
                    rows: K::ROWS.min(self.m - row),
                    columns,
                    old,
                };
                let a = a.get(i, len * K::ROWS);
                let panels = Panels { a, b: panel_b, next: (next.wrapping_add(i * lines * LINE), lines) };
                // SAFETY: the CPU has the instructions, and the tile lies in this task's part of the product, whose size was checked.
                unsafe { K::make(tile, panels) }
            }
        }
    }
}

/// The inner indices from one store of a tile to the next: as few blocks as may be, of about the same length, since each reads and writes the
/// whole product. They depend on `k` alone, so that sums do not depend on the number of threads, nor on which matrix is packed first.
fn blocks<K: Kernel>(k: usize) -> impl Iterator<Item = Range<usize>> {
    let len = k.div_ceil(k.div_ceil(K::BLOCK)).next_multiple_of(LINE / 2).min(K::BLOCK);
    (0..k).step_by(len).map(move |at| at..k.min(at + len))
}

/// Memory of this thread, of at least `len` elements with any values.
fn with_scratch(len: usize, f: impl FnOnce(&mut [f32])) {
    thread_local! {
        static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < len {
            scratch.resize(len, 0.0);
        }
        f(scratch);
    });
}
