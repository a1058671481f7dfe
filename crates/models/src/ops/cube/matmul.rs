//! Matrix products.
//!
//! Burn's own product of f32 matrices is not f32 on NVIDIA's GPUs: its accelerated strategies, among which autotune chooses,
//! round the factors to TF32 where the device has it (`adjust_dtypes` in `definition/blueprint.rs` of cubek-matmul 0.2.0,
//! lines 84 to 102; loads by TMA do, too: `launch/tma.rs` of cubek-std 0.2.0, line 11). So [`exact`] chooses among those
//! strategies only that multiply in the units' own registers, in f32.

use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::cast;
use burn_cubecl::kernel::matmul::{MatmulStrategy, matmul};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::ir::{ElemType, FloatKind, StorageType};
use cubecl::prelude::*;
use cubek_matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek_matmul::launch::{Strategy, launch_ref};
use cubek_matmul::routines::simple_unit::SimpleUnitSelectionArgs;
use cubek_matmul::routines::{BlueprintStrategy, TileSizeSelection};
use cubek_std::InputBinding;

use super::tensor::like;
use crate::ops::precision::Precision;

/// The strategies that keep f32: the last works for any matrices. cubek-matmul's `DoubleUnit` would, too, but gives wrong
/// products for an odd number of stages along the summed axis (130 x 40 by 40 x 96, the second transposed).
fn strategies() -> Vec<Strategy> {
    let simple = [TileSizeSelection::MaxTileSize, TileSizeSelection::MinTileSize]
        .map(|tile_size| Strategy::SimpleUnit(BlueprintStrategy::Inferred(SimpleUnitSelectionArgs { tile_size })));
    simple.into_iter().chain([Strategy::Naive]).collect()
}

fn launch<R: CubeRuntime>(
    strategy: &Strategy,
    lhs: CubeTensor<R>,
    rhs: CubeTensor<R>,
    out: CubeTensor<R>,
) -> Result<(), String> {
    let kind: StorageType = DType::F32.into();
    let mut types = MatmulElems::from_globals(&MatmulGlobalElems { lhs: kind, rhs: kind, out: kind });
    let client = out.client.clone();
    let (lhs, rhs) = (InputBinding::new(lhs.binding(), kind), InputBinding::new(rhs.binding(), kind));
    launch_ref(strategy, &client, lhs, rhs, out.binding(), &mut types).map_err(|error| format!("{error:?}"))
}

/// The first strategy that can.
#[cfg(not(feature = "autotune"))]
fn choose<R: CubeRuntime>(lhs: CubeTensor<R>, rhs: CubeTensor<R>, out: CubeTensor<R>) {
    for strategy in strategies() {
        if launch(&strategy, lhs.clone(), rhs.clone(), out.clone()).is_ok() {
            return;
        }
    }
    unreachable!("the plain product works for any matrices");
}

/// The fastest strategy: measured for the first product of about such sizes, then known.
#[cfg(feature = "autotune")]
fn choose<R: CubeRuntime>(lhs: CubeTensor<R>, rhs: CubeTensor<R>, out: CubeTensor<R>) {
    use burn_cubecl::CubeTuneId;
    use cubecl::tune::{LocalTuner, Tunable, TunableSet, local_tuner};
    use cubek_matmul::launch::MatmulAutotuneKey;

    type Inputs<R> = (CubeTensor<R>, CubeTensor<R>, CubeTensor<R>);

    static TUNER: LocalTuner<MatmulAutotuneKey, CubeTuneId> = local_tuner!();

    fn key<R: CubeRuntime>((lhs, rhs, out): &Inputs<R>) -> MatmulAutotuneKey {
        MatmulAutotuneKey::generate(
            &lhs.client,
            lhs.meta.shape(),
            rhs.meta.shape(),
            lhs.meta.strides(),
            rhs.meta.strides(),
            lhs.dtype.into(),
            rhs.dtype.into(),
            out.dtype.into(),
            None,
            None,
        )
    }
    fn trial<R: CubeRuntime>(_: &MatmulAutotuneKey, (lhs, rhs, out): &Inputs<R>) -> Inputs<R> {
        (lhs.clone(), rhs.clone(), out.copy())
    }

    let id = CubeTuneId::new(&lhs.client, &lhs.device);
    let client = lhs.client.clone();
    let tunables = TUNER.init(|| {
        // The first of a set is what is left when the others fail.
        strategies().into_iter().rev().fold(TunableSet::new(key::<R>, trial::<R>), |set, strategy| {
            set.with(Tunable::new(&strategy.to_string(), move |(lhs, rhs, out): Inputs<R>| {
                launch(&strategy, lhs, rhs, out)
            }))
        })
    });
    TUNER.execute(&id, &client, tunables, (lhs, rhs, out));
}

/// The shape of a product: axes of 1 before the matrices' are repeated.
pub(super) fn product_shape(a: &Shape, b: &Shape) -> Shape {
    let rank = a.num_dims();
    let axis = |i| match rank - i {
        1 => b[i],
        2 => a[i],
        _ => usize::max(a[i], b[i]),
    };
    (0..rank).map(axis).collect::<Vec<_>>().into()
}

/// `lhs rhs` in f32, any batch axes first.
pub(super) fn exact<R: CubeRuntime>(lhs: CubeTensor<R>, rhs: CubeTensor<R>) -> CubeTensor<R> {
    let out = like(&lhs, product_shape(lhs.meta.shape(), rhs.meta.shape()));
    choose(lhs, rhs, out.clone());
    out
}

/// A factor as products of a precision take it.
pub(super) fn rounded<R: CubeRuntime>(x: CubeTensor<R>, precision: Precision) -> CubeTensor<R> {
    match precision {
        // The products round these themselves.
        Precision::F32 | Precision::Tf32 => x,
        Precision::Bf16 => cast(x, DType::BF16),
        Precision::Fp16 => cast(x, DType::F16),
    }
}

/// `lhs rhs` with factors of a precision, sums and results in f32.
pub(super) fn product<R: CubeRuntime>(lhs: CubeTensor<R>, rhs: CubeTensor<R>, precision: Precision) -> CubeTensor<R> {
    if precision == Precision::F32 {
        return exact(lhs, rhs);
    }
    let (lhs, rhs) = (rounded(lhs, precision), rounded(rhs, precision));
    let out = like(&lhs, product_shape(lhs.meta.shape(), rhs.meta.shape()));
    match matmul(lhs.clone(), rhs.clone(), Some(out), MatmulStrategy::default(), DType::F32) {
        Ok(out) => out,
        // Only without autotune: what the accelerated strategy cannot do, f32 can.
        Err(_) => exact(cast(lhs, DType::F32), cast(rhs, DType::F32)),
    }
}

/// Why the device has no products of a precision, if it has none.
pub(super) fn supports<R: CubeRuntime>(client: &ComputeClient<R>, precision: Precision) -> Result<(), String> {
    let kind = match precision {
        Precision::F32 => return Ok(()),
        Precision::Tf32 => FloatKind::TF32,
        Precision::Bf16 => FloatKind::BF16,
        Precision::Fp16 => FloatKind::F16,
    };
    let kind = StorageType::Scalar(ElemType::Float(kind));
    let units = &client.features().matmul;
    if units.cmma.iter().chain(&units.mma).any(|config| config.a_type == kind && config.b_type == kind) {
        Ok(())
    } else {
        Err(format!("the device has no matrix units for {}", precision.name()))
    }
}

/// A matrix with rows and columns exchanged, as a view.
pub(super) fn transposed<R: CubeRuntime>(mut x: CubeTensor<R>) -> CubeTensor<R> {
    let rank = x.meta.rank();
    x.meta.swap(rank - 2, rank - 1);
    x
}

// With fusion there is another backend of this name.
#[cfg(all(test, feature = "wgpu", feature = "flex", not(feature = "fusion")))]
mod tests {
    use burn::tensor::{Tensor, TensorData, TensorPrimitive};
    use burn_flex::Flex;

    use super::*;
    use crate::ops::dropout::Dropout;
    use burn_wgpu::{Wgpu, WgpuDevice};

    fn values(n: usize, seed: u64) -> Vec<f32> {
        let stream = Dropout::new(0.5, seed).stream(1);
        (0..n).map(|i| stream.draw(i as u32) as f32 / u32::MAX as f32 - 0.5).collect()
    }

    /// Whichever autotune takes: sizes below, at and beyond tiles, each factor as it is and transposed.
    #[test]
    fn every_strategy_gives_the_product() {
        if let Err(reason) = crate::gpus::wgpu() {
            return println!("not tested: {reason}");
        }
        let on = |values: &[f32], shape: [usize; 2]| -> Tensor<Wgpu, 2> {
            Tensor::from_data(TensorData::new(values.to_vec(), shape), &WgpuDevice::default())
        };
        let mut wrong = Vec::new();
        for [m, k, n] in [[1, 7, 3], [65, 33, 17], [130, 40, 96], [96, 72, 33]] {
            let (a, b) = (values(m * k, 1), values(k * n, 2));
            let cpu = |values: &[f32], shape: [usize; 2]| -> Tensor<Flex, 2> {
                Tensor::from_data(TensorData::new(values.to_vec(), shape), &Default::default())
            };
            let expected = |turned: [bool; 2]| -> Vec<f32> {
                let a = if turned[0] { cpu(&a, [k, m]).transpose() } else { cpu(&a, [m, k]) };
                let b = if turned[1] { cpu(&b, [n, k]).transpose() } else { cpu(&b, [k, n]) };
                a.matmul(b).into_data().iter().collect()
            };
            for turned in [[false, false], [false, true], [true, false]] {
                let expected = expected(turned);
                for strategy in strategies() {
                    let a = if turned[0] { on(&a, [k, m]).transpose() } else { on(&a, [m, k]) };
                    let b = if turned[1] { on(&b, [n, k]).transpose() } else { on(&b, [k, n]) };
                    let (a, b) = (a.into_primitive().tensor(), b.into_primitive().tensor());
                    let out = like(&a, [m, n]);
                    if launch(&strategy, a, b, out.clone()).is_err() {
                        continue;
                    }
                    let out = Tensor::<Wgpu, 2>::from_primitive(TensorPrimitive::Float(out));
                    let out: Vec<f32> = out.into_data().iter().collect();
                    // `f32::max` would pass over what is not a number.
                    let worse = |worst: f32, error: f32| if error.is_nan() { f32::INFINITY } else { worst.max(error) };
                    let error = out.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, worse);
                    if error > 2e-5 {
                        wrong.push(format!("{strategy} of {m} x {k} x {n}, transposed {turned:?}, is off by {error}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
