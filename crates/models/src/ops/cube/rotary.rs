//! Rotary positions: pairs of columns turned by an angle that grows with the position.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::layout::{angles, positions};
use super::tensor::{array, dims2, each, owned};
use crate::ops::forms::RotarySpec;

/// Turns the pairs of queries and keys, the first heads of each row. A pair's columns are one of each half of those that turn, or
/// neighbours. One unit a pair.
#[cube(launch)]
fn turn_kernel(
    qkv: &mut Array<f32>,
    positions: &Array<u32>,
    angles: &Array<f32>,
    rows: u32,
    #[comptime] width: usize,
    #[comptime] head_dim: usize,
    #[comptime] heads: usize,
    #[comptime] half: usize,
    #[comptime] interleaved: bool,
) {
    let pairs = comptime!(heads * half);
    let (row, pair) = (ABSOLUTE_POS / pairs, ABSOLUTE_POS % pairs);
    if row >= rows as usize {
        terminate!();
    }
    let (head, i) = (pair / half, pair % half);
    let (step, apart) = comptime!(if interleaved { (2, 1) } else { (1, half) });
    let at = row * width + head * head_dim + i * step;
    let angle = 2 * (positions[row] as usize * half + i);
    let (cosine, sine) = (angles[angle], angles[angle + 1]);
    let (a, b) = (qkv[at], qkv[at + apart]);
    qkv[at] = a * cosine - b * sine;
    qkv[at + apart] = b * cosine + a * sine;
}

pub(super) fn turn<R: CubeRuntime>(qkv: CubeTensor<R>, spec: &RotarySpec) -> CubeTensor<R> {
    let qkv = owned(qkv);
    let [rows, width] = dims2(&qkv);
    let (heads, half, interleaved) = (spec.turned_heads(), spec.pairs(), spec.rotary.interleaved);
    let (positions, angles) = (positions(&spec.sequences, &qkv), angles(spec, &qkv));
    let (cubes, units) = each(&qkv.client, rows * heads * half);
    let arrays = (array(&qkv), positions.array(), angles.array());
    turn_kernel::launch(
        &qkv.client,
        cubes,
        units,
        arrays.0,
        arrays.1,
        arrays.2,
        rows as u32,
        width,
        spec.head_dim(width),
        heads,
        half,
        interleaved,
    );
    qkv
}
