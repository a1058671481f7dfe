//! AdamW in place, and the norm of all gradients, which stays on the device.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::tensor::{array, dense, each, len, like, owned, upload, vector_size};
use crate::ops::adamw::Factors;
use crate::ops::adamw::{AdamWSlot, AdamWStep};

/// The numbers of a step, in a kernel.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct StepFactors {
    decay: f32,
    rate1: f32,
    rate2: f32,
    beta2: f32,
    step_size: f32,
    root_correction: f32,
    epsilon: f32,
    gradient_scale: f32,
}

fn step_factors<R: Runtime>(f: &Factors) -> StepFactorsLaunch<R> {
    StepFactorsLaunch::new(
        f.decay,
        f.rate1,
        f.rate2,
        f.beta2,
        f.step_size,
        f.root_correction,
        f.epsilon,
        f.gradient_scale,
    )
}

/// One element's step. With `by_rows`, `row_of` names the gradient's row plus 1 of each of the parameter's rows, and 0 where it
/// has none.
#[cube(launch)]
fn step_kernel<N: Size>(
    parameter: &mut Array<Vector<f32, N>>,
    first: &mut Array<Vector<f32, N>>,
    second: &mut Array<Vector<f32, N>>,
    gradient: &Array<Vector<f32, N>>,
    row_of: &Array<u32>,
    clip: &Array<f32>,
    f: &StepFactors,
    #[comptime] columns: usize,
    #[comptime] by_rows: bool,
) {
    let at = ABSOLUTE_POS;
    if at >= parameter.len() {
        terminate!();
    }
    let mut g = Vector::<f32, N>::new(0.0f32);
    if comptime!(by_rows) {
        let row = row_of[at / columns];
        if row > 0 {
            g = gradient[(row as usize - 1) * columns + at % columns];
        }
    } else {
        g = gradient[at];
    }
    let g = g * Vector::new(f.gradient_scale * clip[0]);
    let m = first[at] + Vector::new(f.rate1) * (g - first[at]);
    let v = Vector::new(f.beta2) * second[at] + Vector::new(f.rate2) * g * g;
    let denominator = Vector::sqrt(v) / Vector::new(f.root_correction) + Vector::new(f.epsilon);
    parameter[at] = parameter[at] * Vector::new(f.decay) - Vector::new(f.step_size) * m / denominator;
    first[at] = m;
    second[at] = v;
}

/// Places in the gradient of the parameter's rows that it has.
#[cube(launch)]
fn row_map_kernel(ids: &Array<u32>, row_of: &mut Array<u32>, count: u32) {
    if ABSOLUTE_POS >= count as usize {
        terminate!();
    }
    let row = ids[ABSOLUTE_POS] as usize;
    row_of[row] = ABSOLUTE_POS as u32 + 1;
}

fn step_slot<R: CubeRuntime>(
    mut slot: AdamWSlot<CubeTensor<R>>,
    step: &AdamWStep,
    clip: &CubeTensor<R>,
) -> AdamWSlot<CubeTensor<R>> {
    let Some(gradient) = slot.gradient.take() else { return slot };
    let parameter = owned(slot.parameter);
    let (first, second) = (owned(slot.moments.0), owned(slot.moments.1));
    let values = dense(gradient.values);
    let (client, rows) = (&parameter.client, parameter.meta.shape()[0]);
    let columns = len(&parameter) / rows.max(1);
    let row_of = match &gradient.rows {
        None => upload(client, &[0u32]),
        Some(ids) => {
            let row_of = upload(client, &vec![0u32; rows]);
            let (cubes, units) = each(client, ids.len());
            row_map_kernel::launch(client, cubes, units, upload(client, ids).array(), row_of.array(), ids.len() as u32);
            row_of
        }
    };
    let by_rows = gradient.rows.is_some();
    let n = vector_size(if by_rows { columns } else { len(&parameter) });
    let (cubes, units) = each(client, len(&parameter) / n);
    step_kernel::launch(
        client,
        cubes,
        units,
        n,
        array(&parameter),
        array(&first),
        array(&second),
        array(&values),
        row_of.array(),
        array(clip),
        step_factors(&Factors::new(step, slot.weight_decay, slot.learning_rate_scale)),
        if by_rows { columns / n } else { 1 },
        by_rows,
    );
    AdamWSlot { parameter, moments: (first, second), ..slot }
}

pub(super) fn step<R: CubeRuntime>(
    slots: Vec<AdamWSlot<CubeTensor<R>>>,
    step: &AdamWStep,
    clip: Option<CubeTensor<R>>,
) -> Vec<AdamWSlot<CubeTensor<R>>> {
    let Some(first) = slots.first() else { return slots };
    let clip = clip.map_or_else(
        || {
            let one = like(&first.parameter, [1]);
            fill_kernel::launch(&one.client, CubeCount::new_single(), CubeDim::new_1d(1), array(&one), 1.0f32);
            one
        },
        dense,
    );
    slots.into_iter().map(|slot| step_slot(slot, step, &clip)).collect()
}

#[cube(launch)]
fn fill_kernel(x: &mut Array<f32>, value: f32) {
    if ABSOLUTE_POS < x.len() {
        x[ABSOLUTE_POS] = value;
    }
}

/// Units of a cube that adds up squares.
const UNITS: usize = 256;

/// Elements that each unit adds up.
const PER_UNIT: usize = 16;

/// Adds up what the units of a cube hold; unit 0 gets it.
#[cube]
fn cube_sum(value: f32) -> f32 {
    let mut shared = SharedMemory::<f32>::new(UNITS);
    shared[UNIT_POS as usize] = value;
    sync_cube();
    let mut half = comptime!(UNITS as u32 / 2).runtime();
    while half > 0 {
        if UNIT_POS < half {
            let other = shared[(UNIT_POS + half) as usize];
            shared[UNIT_POS as usize] += other;
        }
        sync_cube();
        half /= 2;
    }
    shared[0]
}

/// Sums of squares of pieces of `UNITS * PER_UNIT` elements, from place `first` of `parts` on.
#[cube(launch)]
fn squares_kernel(x: &Array<f32>, parts: &mut Array<f32>, first: u32, cubes: u32) {
    let mut sum = 0.0f32;
    let start = CUBE_POS * comptime!(UNITS * PER_UNIT) + UNIT_POS as usize;
    for i in 0..PER_UNIT {
        let at = start + i * UNITS;
        if at < x.len() {
            sum += x[at] * x[at];
        }
    }
    let total = cube_sum(sum);
    if UNIT_POS == 0 && CUBE_POS < cubes as usize {
        parts[first as usize + CUBE_POS] = total;
    }
}

/// The root of the sum of `count` parts: `[1]`.
#[cube(launch)]
fn root_kernel(parts: &Array<f32>, norm: &mut Array<f32>, count: u32) {
    let mut sum = 0.0f32;
    for i in range_stepped(UNIT_POS, count, UNITS as u32) {
        sum += parts[i as usize];
    }
    let total = cube_sum(sum);
    if UNIT_POS == 0 {
        norm[0] = f32::sqrt(total);
    }
}

/// L2 norm over all elements of all tensors, `[1]`.
pub(super) fn norm<R: CubeRuntime>(tensors: Vec<CubeTensor<R>>) -> Option<CubeTensor<R>> {
    let tensors: Vec<_> = tensors.into_iter().filter(|x| len(x) > 0).map(dense).collect();
    let cubes_of = |x: &CubeTensor<R>| len(x).div_ceil(UNITS * PER_UNIT);
    let parts = like(tensors.first()?, [tensors.iter().map(cubes_of).sum::<usize>()]);
    let units = CubeDim::new_1d(UNITS as u32);
    let mut first = 0;
    for x in &tensors {
        let n = cubes_of(x);
        let cubes = cubecl::calculate_cube_count_elemwise(&x.client, n * UNITS, units);
        squares_kernel::launch(&x.client, cubes, units, array(x), array(&parts), first as u32, n as u32);
        first += n;
    }
    let norm = like(&parts, [1]);
    let cube = CubeCount::new_single();
    root_kernel::launch(&parts.client, cube, units, array(&parts), array(&norm), first as u32);
    Some(norm)
}
