//! Sizes of registers, lines and tiles.

/// Rows of the tile that is summed in registers: 6 x 2 sums, 2 of `b` and one of `a` fit the 16 registers.
pub(super) const TILE_ROWS: usize = 6;

/// Columns of the tile: two registers.
pub(super) const TILE_COLUMNS: usize = 2 * LANES;

/// Floats a register.
pub(super) const LANES: usize = 8;

/// Floats of a cache line.
pub(super) const LINE: usize = 16;
