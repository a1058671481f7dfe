//! Rotary positions: pairs of columns turned by an angle that grows with the position.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::layout::{angles, positions};
use super::tensor::{array, dims2, each, owned};
use crate::ops::forms::RotarySpec;

/// Turns the pairs of queries and keys, the first two thirds of each row. A head's columns are two halves; a pair is one of
/// each. One unit a pair.
#[cube(launch)]
fn turn_kernel(
    qkv: &mut Array<f32>,
    positions: &Array<u32>,
    angles: &Array<f32>,
    rows: u32,
    #[comptime] width: usize,
    #[comptime] half: usize,
) {
    let pairs = comptime!(width / 3);
    let (row, pair) = (ABSOLUTE_POS / pairs, ABSOLUTE_POS % pairs);
    if row >= rows as usize {
        terminate!();
    }
    let (head, i) = (pair / half, pair % half);
    let at = row * width + head * 2 * half + i;
    let angle = 2 * (positions[row] as usize * half + i);
    let (cosine, sine) = (angles[angle], angles[angle + 1]);
    let (a, b) = (qkv[at], qkv[at + half]);
    qkv[at] = a * cosine - b * sine;
    qkv[at + half] = b * cosine + a * sine;
}

pub(super) fn turn<R: CubeRuntime>(qkv: CubeTensor<R>, spec: &RotarySpec) -> CubeTensor<R> {
    let qkv = owned(qkv);
    let [rows, width] = dims2(&qkv);
    let half = width / 3 / spec.heads / 2;
    let (positions, angles) = (positions(&spec.sequences, &qkv), angles(spec, half, &qkv));
    let (cubes, units) = each(&qkv.client, rows * (width / 3));
    let arrays = (array(&qkv), positions.array(), angles.array());
    turn_kernel::launch(&qkv.client, cubes, units, arrays.0, arrays.1, arrays.2, rows as u32, width, half);
    qkv
}
