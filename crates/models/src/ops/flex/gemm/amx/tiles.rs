//! What a product asks of tile registers.

use crate::ops::flex::gemm::side::Side;

/// Rows of a tile, columns of its sums, and pairs of bf16 a row.
pub(super) const SIDE: usize = 16;

/// 32-bit words of a tile.
pub(super) const TILE: usize = SIDE * SIDE;

/// Eight tile registers, and how matrices are brought into them.
pub(super) trait Tiles: Sized {
    /// All of them, each of 16 rows of 64 bytes.
    fn take() -> Self;

    /// Packs 16 outer indices from `first` on: for each pair of inner indices 16 words, a pair of bf16 each. What lies beyond the matrix
    /// is 0.
    fn pack(panel: &mut [u32], side: Side, first: usize);

    fn zero<const TO: usize>(&mut self);

    /// Loads a tile, a row after the other.
    fn load<const TO: usize>(&mut self, from: &[u32; TILE]);

    /// `sums += left right`.
    fn multiply<const SUMS: usize, const LEFT: usize, const RIGHT: usize>(&mut self);

    fn store<const FROM: usize>(&mut self, to: &mut [f32; TILE]);
}
