//! Tile registers in software, as the instructions are defined.

use half::bf16;

use super::tiles::{SIDE, TILE, Tiles};
use crate::ops::flex::gemm::side::Side;

pub(super) struct InSoftware([[u32; TILE]; 8]);

/// The two factors in a word, the lower half first.
fn pair(word: u32) -> [f32; 2] {
    [word << 16, word & 0xffff_0000].map(f32::from_bits)
}

impl Tiles for InSoftware {
    fn take() -> Self {
        Self([[0; TILE]; 8])
    }

    fn pack(panel: &mut [u32], side: Side, first: usize) {
        let rounded = |outer: usize, inner: usize| {
            let is_in = outer < side.outer && inner < side.inner;
            let value = is_in.then(|| side.data[outer * side.outer_stride + inner * side.inner_stride]);
            u32::from(bf16::from_f32(value.unwrap_or_default()).to_bits())
        };
        for (i, words) in panel.chunks_exact_mut(SIDE).enumerate() {
            for (lane, word) in words.iter_mut().enumerate() {
                *word = rounded(first + lane, 2 * i) | rounded(first + lane, 2 * i + 1) << 16;
            }
        }
    }

    fn zero<const TO: usize>(&mut self) {
        self.0[TO].fill(0);
    }

    fn load<const TO: usize>(&mut self, from: &[u32; TILE]) {
        self.0[TO] = *from;
    }

    /// Products of the first of each pair are summed apart from those of the second.
    fn multiply<const SUMS: usize, const LEFT: usize, const RIGHT: usize>(&mut self) {
        for row in 0..SIDE {
            for column in 0..SIDE {
                let mut sums = [0.0f32; 2];
                for inner in 0..SIDE {
                    let left = pair(self.0[LEFT][row * SIDE + inner]);
                    let right = pair(self.0[RIGHT][inner * SIDE + column]);
                    sums = [sums[0] + left[0] * right[0], sums[1] + left[1] * right[1]];
                }
                let place = &mut self.0[SUMS][row * SIDE + column];
                *place = (f32::from_bits(*place) + (sums[0] + sums[1])).to_bits();
            }
        }
    }

    fn store<const FROM: usize>(&mut self, to: &mut [f32; TILE]) {
        *to = self.0[FROM].map(f32::from_bits);
    }
}
