//! Rotary positions: pairs of columns turned by an angle that grows with the position.

use super::buffer::{dims2, elements_mut};
use super::simd::kernel;
use super::sizes::ROWS;
use super::threads::Parallel;
use crate::ops::forms::RotarySpec;
use burn_flex::FlexTensor;

kernel! {
    /// Turns queries and keys, the first `2 hidden` columns of each row. A head's columns are two halves; a pair is one
    /// of each.
    fn turn_kernel(qkv: &'k mut [f32], positions: &'k [u32], angles: &'k [[f32; 2]], width: usize, half: usize) {
        for (row, &position) in qkv.chunks_exact_mut(width).zip(positions) {
            let angles = &angles[position as usize * half..][..half];
            for head in row[..width / 3 * 2].chunks_exact_mut(2 * half) {
                let (first, second) = head.split_at_mut(half);
                for ((a, b), &[cosine, sine]) in first.iter_mut().zip(second).zip(angles) {
                    (*a, *b) = (*a * cosine - *b * sine, *b * cosine + *a * sine);
                }
            }
        }
    }
}

pub(super) fn turn(mut qkv: FlexTensor, spec: &RotarySpec) -> FlexTensor {
    let [_, width] = dims2(&qkv);
    let half = width / 3 / spec.heads / 2;
    let (angles, positions) = (spec.angles(half), spec.sequences.positions());
    elements_mut(&mut qkv)
        .chunks_mut(width * ROWS)
        .zip(positions.chunks(ROWS))
        .par_for_each(|(rows, positions)| turn_kernel(rows, positions, &angles, width, half));
    qkv
}
