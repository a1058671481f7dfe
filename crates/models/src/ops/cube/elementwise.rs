//! Bias with activation, gated activation, and dropout.

use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::columns::column_sums;
use super::layout::row_keys;
use super::random::{DropoutKey, dropout_key, factors, row_key, row_stream};
use super::tensor::{array, dense, dims2, each, len, like, owned, vector_size};
use crate::ops::dropout::RowDropout;
use crate::ops::forms::ActivationForm;

/// erf(x): odd rational approximation on |x| <= 4 (the coefficients of Eigen's and XLA's f32 `erf`), as on the CPU.
#[cube]
fn erf<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let x = x.clamp(Vector::<f32, N>::new(-4.0f32), Vector::<f32, N>::new(4.0f32));
    let x2 = x * x;
    let p = Vector::<f32, N>::new(-2.726_142_3e-10f32) * x2 + Vector::<f32, N>::new(2.770_681_4e-8f32);
    let p = p * x2 + Vector::<f32, N>::new(-2.101_024e-6f32);
    let p = p * x2 + Vector::<f32, N>::new(-5.692_506_4e-5f32);
    let p = p * x2 + Vector::<f32, N>::new(-7.349_906_3e-4f32);
    let p = p * x2 + Vector::<f32, N>::new(-2.954_6e-3f32);
    let p = p * x2 + Vector::<f32, N>::new(-1.609_603_3e-2f32);
    let q = Vector::<f32, N>::new(-1.456_607_2e-5f32) * x2 + Vector::<f32, N>::new(-2.133_740_6e-4f32);
    let q = q * x2 + Vector::<f32, N>::new(-1.682_827e-3f32);
    let q = q * x2 + Vector::<f32, N>::new(-7.373_329e-3f32);
    let q = q * x2 + Vector::<f32, N>::new(-1.426_473_9e-2f32);
    x * p / q
}

/// What x is multiplied with: Φ(x), the logistic function that stands for it or is itself the factor, or a step.
#[cube]
fn activation_factor<N: Size>(x: Vector<f32, N>, #[comptime] form: ActivationForm) -> Vector<f32, N> {
    let one = Vector::<f32, N>::new(1.0f32);
    let zero = Vector::<f32, N>::new(0.0f32);
    if comptime!(form == ActivationForm::Gelu) {
        (erf(x * Vector::<f32, N>::new(std::f32::consts::FRAC_1_SQRT_2)) + one) * Vector::<f32, N>::new(0.5f32)
    } else if comptime!(form == ActivationForm::GeluTanh) {
        let inner = (x + Vector::<f32, N>::new(0.044_715f32) * x * x * x) * Vector::<f32, N>::new(1.595_769f32);
        one / (one + Vector::exp(zero - inner))
    } else if comptime!(form == ActivationForm::Silu) {
        one / (one + Vector::exp(zero - x))
    } else {
        // 1 of what is above 0: twice by so much no positive number stays below it.
        let large = Vector::<f32, N>::new(1e30f32);
        (x * large * large).clamp(zero, one)
    }
}

/// F + x F'.
#[cube]
fn activation_slope<N: Size>(x: Vector<f32, N>, #[comptime] form: ActivationForm) -> Vector<f32, N> {
    let one = Vector::<f32, N>::new(1.0f32);
    let factor = activation_factor(x, form);
    if comptime!(form == ActivationForm::Gelu) {
        factor + x * Vector::new(0.398_942_3f32) * Vector::exp(Vector::new(-0.5f32) * x * x)
    } else if comptime!(form == ActivationForm::GeluTanh) {
        let inner = (Vector::new(0.134_145f32) * x * x + one) * Vector::new(1.595_769f32);
        factor + x * factor * (one - factor) * inner
    } else if comptime!(form == ActivationForm::Silu) {
        factor + x * factor * (one - factor)
    } else {
        factor
    }
}

/// x becomes `x + bias`, y its activation.
#[cube(launch)]
fn activation_kernel<N: Size>(
    x: &mut Array<Vector<f32, N>>,
    bias: &Array<Vector<f32, N>>,
    y: &mut Array<Vector<f32, N>>,
    #[comptime] columns: usize,
    #[comptime] form: ActivationForm,
) {
    if ABSOLUTE_POS >= y.len() {
        terminate!();
    }
    let sum = x[ABSOLUTE_POS] + bias[ABSOLUTE_POS % columns];
    x[ABSOLUTE_POS] = sum;
    y[ABSOLUTE_POS] = sum * activation_factor(sum, form);
}

#[cube(launch)]
fn activation_backward_kernel<N: Size>(
    sum: &Array<Vector<f32, N>>,
    g: &Array<Vector<f32, N>>,
    dx: &mut Array<Vector<f32, N>>,
    #[comptime] form: ActivationForm,
) {
    if ABSOLUTE_POS >= dx.len() {
        terminate!();
    }
    dx[ABSOLUTE_POS] = g[ABSOLUTE_POS] * activation_slope(sum[ABSOLUTE_POS], form);
}

/// `activation(x) gate`, x and gate side by side in rows of `2 n`.
#[cube(launch)]
fn gated_kernel<N: Size>(
    x: &Array<Vector<f32, N>>,
    y: &mut Array<Vector<f32, N>>,
    #[comptime] n: usize,
    #[comptime] form: ActivationForm,
) {
    if ABSOLUTE_POS >= y.len() {
        terminate!();
    }
    let at = ABSOLUTE_POS / n * n + ABSOLUTE_POS;
    let input = x[at];
    y[ABSOLUTE_POS] = input * activation_factor(input, form) * x[at + n];
}

#[cube(launch)]
fn gated_backward_kernel<N: Size>(
    x: &Array<Vector<f32, N>>,
    g: &Array<Vector<f32, N>>,
    dx: &mut Array<Vector<f32, N>>,
    #[comptime] n: usize,
    #[comptime] form: ActivationForm,
) {
    if ABSOLUTE_POS >= g.len() {
        terminate!();
    }
    let at = ABSOLUTE_POS / n * n + ABSOLUTE_POS;
    let (input, gradient) = (x[at], g[ABSOLUTE_POS]);
    dx[at] = gradient * x[at + n] * activation_slope(input, form);
    dx[at + n] = gradient * input * activation_factor(input, form);
}

#[cube(launch)]
fn dropout_kernel<N: Size>(
    x: &Array<Vector<f32, N>>,
    keys: &Array<u32>,
    y: &mut Array<Vector<f32, N>>,
    dropout: &DropoutKey,
    #[comptime] columns: usize,
) {
    if ABSOLUTE_POS >= y.len() {
        terminate!();
    }
    let (row, column) = (ABSOLUTE_POS / columns, ABSOLUTE_POS % columns);
    let stream = row_stream(dropout, row_key(keys, row));
    y[ABSOLUTE_POS] = x[ABSOLUTE_POS] * factors::<N>(dropout, stream, column);
}

#[cube(launch)]
fn add_bias_kernel<N: Size>(x: &mut Array<Vector<f32, N>>, bias: &Array<Vector<f32, N>>, #[comptime] columns: usize) {
    if ABSOLUTE_POS >= x.len() {
        terminate!();
    }
    x[ABSOLUTE_POS] = x[ABSOLUTE_POS] + bias[ABSOLUTE_POS % columns];
}

/// `x + bias`, in place where nothing else holds x.
pub(super) fn add_bias<R: CubeRuntime>(x: CubeTensor<R>, bias: CubeTensor<R>) -> CubeTensor<R> {
    let (x, bias) = (owned(x), dense(bias));
    let columns = len(&bias);
    let n = vector_size(columns);
    let (cubes, units) = each(&x.client, len(&x) / n);
    add_bias_kernel::launch(&x.client, cubes, units, n, array(&x), array(&bias), columns / n);
    x
}

pub(super) fn bias_activation<R: CubeRuntime>(
    x: CubeTensor<R>,
    bias: CubeTensor<R>,
    form: ActivationForm,
) -> [CubeTensor<R>; 2] {
    let (sum, bias) = (owned(x), dense(bias));
    let y = like(&sum, sum.meta.shape().clone());
    let columns = len(&bias);
    let n = vector_size(columns);
    let (cubes, units) = each(&y.client, len(&y) / n);
    let arrays = (array(&sum), array(&bias), array(&y));
    activation_kernel::launch(&y.client, cubes, units, n, arrays.0, arrays.1, arrays.2, columns / n, form);
    [y, sum]
}

pub(super) fn bias_activation_backward<R: CubeRuntime>(
    sum: CubeTensor<R>,
    g: CubeTensor<R>,
    form: ActivationForm,
) -> [CubeTensor<R>; 2] {
    let (sum, g) = (dense(sum), dense(g));
    let dx = like(&sum, sum.meta.shape().clone());
    let n = vector_size(dims2(&dx)[1]);
    let (cubes, units) = each(&dx.client, len(&dx) / n);
    activation_backward_kernel::launch(&dx.client, cubes, units, n, array(&sum), array(&g), array(&dx), form);
    let dbias = column_sums(&dx);
    [dx, dbias]
}

pub(super) fn gated_activation<R: CubeRuntime>(x: CubeTensor<R>, form: ActivationForm) -> CubeTensor<R> {
    let x = dense(x);
    let [rows, width] = dims2(&x);
    let y = like(&x, [rows, width / 2]);
    let n = vector_size(width / 2);
    let (cubes, units) = each(&y.client, len(&y) / n);
    gated_kernel::launch(&y.client, cubes, units, n, array(&x), array(&y), width / 2 / n, form);
    y
}

pub(super) fn gated_activation_backward<R: CubeRuntime>(
    x: CubeTensor<R>,
    g: CubeTensor<R>,
    form: ActivationForm,
) -> CubeTensor<R> {
    let (x, g) = (dense(x), dense(g));
    let [rows, width] = dims2(&x);
    let dx = like(&x, [rows, width]);
    let n = vector_size(width / 2);
    let (cubes, units) = each(&dx.client, len(&g) / n);
    let arrays = (array(&x), array(&g), array(&dx));
    gated_backward_kernel::launch(&dx.client, cubes, units, n, arrays.0, arrays.1, arrays.2, width / 2 / n, form);
    dx
}

pub(super) fn dropout<R: CubeRuntime>(x: CubeTensor<R>, dropout: &RowDropout) -> CubeTensor<R> {
    if dropout.dropout.is_off() {
        return x;
    }
    let x = dense(x);
    let y = like(&x, x.meta.shape().clone());
    let keys = row_keys(&dropout.sequences, &x);
    let columns = dims2(&y)[1];
    let n = vector_size(columns);
    let (cubes, units) = each(&y.client, len(&y) / n);
    let (x, key) = (array(&x), dropout_key(&dropout.dropout));
    dropout_kernel::launch(&y.client, cubes, units, n, x, keys.array(), array(&y), key, columns / n);
    y
}
