//! Cross-entropy: a few numbers a row, and all rows in one cube.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::tensor::{Upload, array, dense, dims2, each, like, upload};
use crate::ops::class_targets::ClassTargets;

/// Units of the cube that adds up the losses.
const UNITS: usize = 256;

/// The largest logit of the row at `start`, and the log of the sum of exponentials above it.
#[cube]
fn normaliser(logits: &Array<f32>, start: usize, #[comptime] classes: usize) -> (f32, f32) {
    let mut highest = logits[start];
    for i in 1..classes {
        highest = f32::max(highest, logits[start + i]);
    }
    let mut sum = 0.0f32;
    for i in 0..classes {
        sum += f32::exp(logits[start + i] - highest);
    }
    (highest, f32::ln(sum))
}

/// The sum over the rows of `weight (log sum exp - (1 - smoothing) chosen - smoothing mean)`: `[1]`.
#[cube(launch)]
fn forward_kernel(
    logits: &Array<f32>,
    chosen: &Array<u32>,
    weights: &Array<f32>,
    loss: &mut Array<f32>,
    rows: u32,
    smoothing: f32,
    #[comptime] classes: usize,
) {
    let mut shared = SharedMemory::<f32>::new(UNITS);
    let mut sum = 0.0f32;
    for row in range_stepped(UNIT_POS, rows, UNITS as u32) {
        let row = row as usize;
        let start = row * classes;
        let (highest, log) = normaliser(logits, start, classes);
        let mut mean = 0.0f32;
        for i in 0..classes {
            mean += highest - logits[start + i];
        }
        mean /= comptime!(classes as f32);
        let distance = highest - logits[start + chosen[row] as usize];
        sum += weights[row] * (log + (1.0f32 - smoothing) * distance + smoothing * mean);
    }
    shared[UNIT_POS as usize] = sum;
    sync_cube();
    if UNIT_POS == 0 {
        let mut total = 0.0f32;
        for i in 0..UNITS {
            total += shared[i];
        }
        loss[0] = total;
    }
}

/// `g weight (softmax - target)`.
#[cube(launch)]
fn backward_kernel(
    logits: &Array<f32>,
    chosen: &Array<u32>,
    weights: &Array<f32>,
    g: &Array<f32>,
    gradient: &mut Array<f32>,
    rows: u32,
    smoothing: f32,
    #[comptime] classes: usize,
) {
    if ABSOLUTE_POS >= rows as usize {
        terminate!();
    }
    let row = ABSOLUTE_POS;
    let start = row * classes;
    let (highest, log) = normaliser(logits, start, classes);
    let scale = g[0] * weights[row];
    for i in 0..classes {
        let one_hot = select(i as u32 == chosen[row], 1.0f32 - smoothing, 0.0f32.runtime());
        let target = one_hot + smoothing / comptime!(classes as f32);
        gradient[start + i] = scale * (f32::exp(logits[start + i] - highest - log) - target);
    }
}

/// The class of each row, and its weight over the divisor.
fn uploads<R: CubeRuntime>(x: &CubeTensor<R>, targets: &ClassTargets) -> (Upload, Upload) {
    let weight = |&class: &u32| (targets.weight(class) / targets.divisor) as f32;
    let weights: Vec<f32> = targets.classes.iter().map(weight).collect();
    (upload(&x.client, &targets.classes), upload(&x.client, &weights))
}

pub(super) fn forward<R: CubeRuntime>(logits: CubeTensor<R>, targets: &ClassTargets) -> CubeTensor<R> {
    let logits = dense(logits);
    let [rows, classes] = dims2(&logits);
    let loss = like(&logits, [1]);
    let (chosen, weights) = uploads(&logits, targets);
    forward_kernel::launch(
        &logits.client,
        CubeCount::new_single(),
        CubeDim::new_1d(UNITS as u32),
        array(&logits),
        chosen.array(),
        weights.array(),
        array(&loss),
        rows as u32,
        targets.label_smoothing as f32,
        classes,
    );
    loss
}

pub(super) fn backward<R: CubeRuntime>(
    logits: CubeTensor<R>,
    g: CubeTensor<R>,
    targets: &ClassTargets,
) -> CubeTensor<R> {
    let (logits, g) = (dense(logits), dense(g));
    let [rows, classes] = dims2(&logits);
    let gradient = like(&logits, [rows, classes]);
    let (chosen, weights) = uploads(&logits, targets);
    let (cubes, units) = each(&logits.client, rows);
    backward_kernel::launch(
        &logits.client,
        cubes,
        units,
        array(&logits),
        chosen.array(),
        weights.array(),
        array(&g),
        array(&gradient),
        rows as u32,
        targets.label_smoothing as f32,
        classes,
    );
    gradient
}
