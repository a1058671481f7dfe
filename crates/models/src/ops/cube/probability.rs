//! Dropout factors of attention probabilities as a tensor, for attention that is composed of Burn's operations.

use burn::tensor::DType;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::random::{DropoutKey, dropout_key, factor, row_key, row_stream, wide_index};
use super::tensor::{array, each, len, upload};
use crate::ops::attention::AttentionSpec;

#[cube(launch)]
fn factors_kernel(
    keys: &Array<u32>,
    factors: &mut Array<f32>,
    dropout: &DropoutKey,
    #[comptime] heads: usize,
    length: u32,
) {
    if ABSOLUTE_POS >= factors.len() {
        terminate!();
    }
    let length = length as usize;
    let (row, column) = (ABSOLUTE_POS / length, ABSOLUTE_POS % length);
    let (sequence, head, position) = (row / length / heads, row / length % heads, row % length);
    let key = row_key(keys, sequence * length + position);
    let stream = row_stream(dropout, wide_index(key, comptime!(heads as u32), head as u32));
    factors[ABSOLUTE_POS] = factor(dropout, stream, column as u32);
}

/// `[batch, heads, len, len]` for the longest sequence's length.
pub(super) fn factors<R: CubeRuntime>(spec: &AttentionSpec, device: &R::Device) -> CubeTensor<R> {
    let client = R::client(device);
    let (batch, length) = (spec.sequences.len(), spec.sequences.max_len());
    let shape = [batch, spec.heads, length, length].into();
    let factors = empty_device_contiguous_dtype(client.clone(), device.clone(), shape, DType::F32);
    let keys: Vec<u32> = (0..batch)
        .flat_map(|i| (0..length).map(move |position| (i, position)))
        .map(|(i, position)| spec.sequences.row_key(i, position))
        .flat_map(|key| [key as u32, (key >> 32) as u32])
        .collect();
    let (cubes, units) = each(&client, len(&factors));
    let (keys, key) = (upload(&client, &keys), dropout_key(&spec.dropout));
    factors_kernel::launch(&client, cubes, units, keys.array(), array(&factors), key, spec.heads, length as u32);
    factors
}
