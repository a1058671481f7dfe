//! What the division of a product into tiles asks of the instructions that make them.

use std::ops::Range;

use crate::ops::flex::gemm::side::Side;

/// Floats of a cache line.
pub(super) const LINE: usize = 16;

/// Instructions that multiply packed panels, and the sizes that suit them.
pub(super) trait Kernel {
    /// Rows of the tile that is summed in registers, which a panel of `a` has.
    const ROWS: usize;

    /// Columns of the tile, which a panel of `b` has.
    const COLUMNS: usize;

    /// Inner indices from one store of a tile to the next, at the most; a multiple of eight.
    const BLOCK: usize;

    /// Panels of `a`, and of `b`, of which a block stays in the second-level cache.
    const MOST: [usize; 2];

    /// Panels that one task packs of the matrix that is packed first: about as much of both.
    const PACKED_AT_ONCE: [usize; 2];

    /// Packs panels of rows of `a`, or of columns of `b` ([`pack`](super::pack::pack)).
    ///
    /// # Safety
    /// The CPU has the instructions.
    unsafe fn pack_rows(panels: &mut [f32], a: Side, first: usize, inner: Range<usize>);

    /// The same of columns of `b`.
    ///
    /// # Safety
    /// The CPU has the instructions.
    unsafe fn pack_columns(panels: &mut [f32], b: Side, first: usize, inner: Range<usize>);

    /// The products of the panels go to the tile.
    ///
    /// # Safety
    /// The CPU has the instructions, and the tile's elements may be read and written.
    unsafe fn make(tile: Tile, panels: Panels);
}

/// What a tile's sums are added to.
#[derive(Clone, Copy)]
pub(super) enum Old<'a> {
    Zero,
    /// The same in each row, one element for each column of the tile.
    Row(&'a [f32]),
    /// What the tile holds already.
    Product,
}

/// A tile, at the most [`Kernel::ROWS`] by [`Kernel::COLUMNS`].
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
