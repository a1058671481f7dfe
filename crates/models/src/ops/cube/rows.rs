//! What kernels that go row by row share: a group of units a row, and sums over it.

use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::features::Plane;
use cubecl::prelude::*;

/// Units of a row where planes cannot add up their units' values.
const WIDTH: usize = 32;

/// Units of a cube.
const UNITS: usize = 128;

/// How the units of a cube are dealt out to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RowGroups {
    /// Units of a row.
    pub(super) width: usize,
    /// Rows of a cube.
    pub(super) rows: usize,
    /// Whether a row's units are exactly one plane.
    pub(super) planes: bool,
}

impl RowGroups {
    /// One plane a row, where the device has them in one size only.
    pub(super) fn of<R: CubeRuntime>(client: &ComputeClient<R>) -> Self {
        let hardware = &client.properties().hardware;
        let size = hardware.plane_size_max as usize;
        let planes = client.features().plane.contains(Plane::Ops)
            && hardware.plane_size_min == hardware.plane_size_max
            && (4..=64).contains(&size)
            && !is_without_planes();
        let width = if planes { size } else { WIDTH };
        Self { width, rows: UNITS / width, planes }
    }

    /// Cubes and units of a kernel over `rows` rows. There may be more cubes than rows need.
    pub(super) fn launch<R: CubeRuntime>(self, client: &ComputeClient<R>, rows: usize) -> (CubeCount, CubeDim) {
        let dim = CubeDim::new_2d(self.width as u32, self.rows as u32);
        (cubecl::calculate_cube_count_elemwise(client, rows * self.width, dim), dim)
    }
}

/// The row of this unit, and whether there is such a row; units without one repeat the last row and must write nothing.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Row {
    pub(super) index: usize,
    pub(super) exists: bool,
}

#[cube]
pub(super) fn this_row(rows: u32, #[comptime] groups: RowGroups) -> Row {
    let per_cube = comptime!(groups.rows);
    let index = CUBE_POS * per_cube + UNIT_POS_Y as usize;
    let rows = rows as usize;
    Row { index: select(index < rows, index, rows - 1), exists: index < rows }
}

/// The sum of a row's units' values; all of them get it. All units of the cube must come here.
#[cube]
pub(super) fn row_sum(value: f32, shared: &mut SharedMemory<f32>, #[comptime] groups: RowGroups) -> f32 {
    if comptime!(groups.planes) {
        plane_sum(value)
    } else {
        let width = comptime!(groups.width);
        let start = UNIT_POS_Y as usize * width;
        sync_cube();
        shared[start + UNIT_POS_X as usize] = value;
        sync_cube();
        let mut total = 0.0f32;
        for i in 0..width {
            total += shared[start + i];
        }
        total
    }
}

/// The sum of a vector's elements.
#[cube]
pub(super) fn total<N: Size>(x: Vector<f32, N>) -> f32 {
    let mut sum = 0.0f32;
    #[unroll]
    for i in 0..N::value() {
        sum += x[i];
    }
    sum
}

/// Whether a test wants sums as devices without planes take them.
#[cfg(test)]
static WITHOUT_PLANES: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

#[cfg(test)]
fn is_without_planes() -> bool {
    WITHOUT_PLANES.load(std::sync::atomic::Ordering::Relaxed)
}

#[cfg(not(test))]
const fn is_without_planes() -> bool {
    false
}

#[cfg(all(test, feature = "wgpu"))]
mod tests {
    use super::*;
    use crate::ops::tests::norm::layer_norm_agrees;

    #[test]
    fn norms_agree_where_planes_cannot_add() {
        if let Err(reason) = crate::gpus::wgpu() {
            return println!("not tested: {reason}");
        }
        WITHOUT_PLANES.store(true, std::sync::atomic::Ordering::Relaxed);
        layer_norm_agrees::<burn_wgpu::Wgpu>();
        WITHOUT_PLANES.store(false, std::sync::atomic::Ordering::Relaxed);
    }
}
