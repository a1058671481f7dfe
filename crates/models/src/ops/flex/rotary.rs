//! Rotary positions: pairs of columns turned by an angle that grows with the position.

use super::buffer::{dims2, elements_mut};
use super::simd::kernel;
use super::sizes::ROWS;
use super::threads::Parallel;
use crate::ops::forms::RotarySpec;
use burn_flex::FlexTensor;

/// Where the pairs lie in a row.
#[derive(Clone, Copy)]
struct Place {
    /// Columns of a row.
    width: usize,
    /// Columns of a head.
    head_dim: usize,
    /// Heads that turn, the first ones.
    heads: usize,
    /// Pairs of a head.
    pairs: usize,
}

kernel! {
    /// The columns of a pair lie `pairs` apart.
    fn turn_kernel(qkv: &'k mut [f32], positions: &'k [u32], angles: &'k [[f32; 2]], place: Place) {
        let Place { width, head_dim, heads, pairs } = place;
        for (row, &position) in qkv.chunks_exact_mut(width).zip(positions) {
            let angles = &angles[position as usize * pairs..][..pairs];
            for head in row[..heads * head_dim].chunks_exact_mut(head_dim) {
                let (first, second) = head[..2 * pairs].split_at_mut(pairs);
                for ((a, b), &[cosine, sine]) in first.iter_mut().zip(second).zip(angles) {
                    (*a, *b) = (*a * cosine - *b * sine, *b * cosine + *a * sine);
                }
            }
        }
    }
}

kernel! {
    /// The columns of a pair are neighbours.
    fn turn_neighbours_kernel(qkv: &'k mut [f32], positions: &'k [u32], angles: &'k [[f32; 2]], place: Place) {
        let Place { width, head_dim, heads, pairs } = place;
        for (row, &position) in qkv.chunks_exact_mut(width).zip(positions) {
            let angles = &angles[position as usize * pairs..][..pairs];
            for head in row[..heads * head_dim].chunks_exact_mut(head_dim) {
                for (pair, &[cosine, sine]) in head.chunks_exact_mut(2).zip(angles) {
                    let (a, b) = (pair[0], pair[1]);
                    (pair[0], pair[1]) = (a * cosine - b * sine, b * cosine + a * sine);
                }
            }
        }
    }
}

pub(super) fn turn(mut qkv: FlexTensor, spec: &RotarySpec) -> FlexTensor {
    let [_, width] = dims2(&qkv);
    let place = Place { width, head_dim: spec.head_dim(width), heads: spec.turned_heads(), pairs: spec.pairs() };
    let (angles, positions) = (spec.angles(), spec.sequences.positions());
    let kernel = if spec.rotary.interleaved { turn_neighbours_kernel } else { turn_kernel };
    elements_mut(&mut qkv)
        .chunks_mut(width * ROWS)
        .zip(positions.chunks(ROWS))
        .par_for_each(|(rows, positions)| kernel(rows, positions, &angles, place));
    qkv
}
