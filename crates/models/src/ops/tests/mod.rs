//! Three ways to each result: the kernels with their hand-written backward passes, the composed bodies with theirs, and
//! the composed forward bodies differentiated by Burn. All must agree, for odd sizes, single rows and padding. The kernels
//! are those of each backend that the crate is built with; the other two ways run on the CPU.

use std::sync::Arc;

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorData, TensorMetadata};
use burn_autodiff::Autodiff;
use burn_flex::Flex;

use super::primitive::{raw, wrap};
use super::*;
use crate::batch::{Sequences, TokenBatch};

/// Each of the tests on each backend.
macro_rules! on_each_backend {
    ($($test:ident),* $(,)?) => {
        mod flex {
            $(#[test]
            fn $test() {
                super::$test::<burn_flex::Flex>();
            })*
        }
        #[cfg(feature = "ndarray")]
        mod ndarray {
            $(#[test]
            fn $test() {
                super::$test::<burn_ndarray::NdArray>();
            })*
        }
        #[cfg(feature = "wgpu")]
        mod wgpu {
            $(#[test]
            fn $test() {
                match crate::gpus::wgpu() {
                    Ok(_) => super::$test::<burn_wgpu::Wgpu>(),
                    Err(reason) => println!("not tested: {reason}"),
                }
            })*
        }
    };
}

mod attention;
mod drawn_masks;
mod elementwise;
mod ends;
pub(super) mod norm;
mod optimizer;
mod products;

type Ad = Autodiff<Flex>;
type Inner2 = Tensor<Flex, 2>;

/// Repeatable values around 0.
fn values(n: usize, seed: u32) -> Vec<f32> {
    let stream = Dropout::new(0.5, u64::from(seed)).stream(1);
    (0..n).map(|i| (stream.draw(i as u32) as f32 / u32::MAX as f32 - 0.5) * 3.0).collect()
}

fn inner(rows: usize, columns: usize, seed: u32) -> Inner2 {
    Tensor::from_data(TensorData::new(values(rows * columns, seed), [rows, columns]), &Default::default())
}

fn close(a: &Inner2, b: &Inner2, tolerance: f32, what: &str) {
    let (a, b): (Vec<f32>, Vec<f32>) = (a.to_data().iter().collect(), b.to_data().iter().collect());
    assert_eq!(a.len(), b.len(), "{what}");
    for (i, (x, y)) in a.iter().zip(&b).enumerate() {
        assert!((x - y).abs() <= tolerance * (1.0 + y.abs()), "{what}: element {i} is {x}, expected {y}");
    }
}

/// A tensor of the CPU on another backend.
fn on<B: Backend, const D: usize>(x: &Tensor<Flex, D>) -> Tensor<B, D> {
    Tensor::from_data(x.to_data(), &Default::default())
}

/// Its primitive.
fn up<B: Backend, const D: usize>(x: &Tensor<Flex, D>) -> FloatTensor<B> {
    raw(on::<B, D>(x))
}

/// The way back.
fn down<B: Backend>(x: FloatTensor<B>) -> Inner2 {
    Tensor::from_data(wrap::<B, 2>(x).into_data(), &Default::default())
}

/// Output and the gradients of `sum(output * r)` for all inputs.
fn run<B: AutodiffBackend>(inputs: &[Inner2], f: impl Fn(Vec<Tensor<B, 2>>) -> Tensor<B, 2>) -> Vec<Inner2> {
    let inputs: Vec<Tensor<B, 2>> = inputs.iter().map(|x| on::<B, 2>(x).require_grad()).collect();
    let output = f(inputs.clone());
    let [rows, columns] = output.dims();
    let weights = on::<B, 2>(&inner(rows, columns, 99));
    let grads = (output.clone() * weights).sum().backward();
    let host = |x: Tensor<B::InnerBackend, 2>| down::<B::InnerBackend>(raw(x));
    let mut results = vec![host(output.inner())];
    results.extend(inputs.iter().map(|x| host(x.grad(&grads).expect("every input has a gradient"))));
    results
}

/// Compares a backend's kernels with another computation of the same function, on the CPU.
fn compare<T: EncoderOps>(
    what: &str,
    inputs: &[Inner2],
    tolerance: f32,
    fused: impl Fn(Vec<Tensor<Autodiff<T>, 2>>) -> Tensor<Autodiff<T>, 2>,
    composed: impl Fn(Vec<Tensor<Ad, 2>>) -> Tensor<Ad, 2>,
) {
    let (a, b) = (run::<Autodiff<T>>(inputs, fused), run::<Ad>(inputs, composed));
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        close(a, b, tolerance, &format!("{what}, {}", if i == 0 { "output".into() } else { format!("gradient {i}") }));
    }
}

/// All elements side by side.
fn row<B: Backend>(x: FloatTensor<B>) -> Inner2 {
    let n = x.shape().num_elements();
    down::<B>(B::float_reshape(x, [1, n].into()))
}

fn vector<B: Backend>(x: &Tensor<B, 2>) -> Tensor<B, 1> {
    x.clone().reshape([-1])
}

/// Batches that exercise both layouts: one token, one sequence, odd lengths, padding.
fn layouts() -> Vec<Arc<Sequences>> {
    let mut layouts = Vec::new();
    for lengths in [vec![1], vec![3], vec![1, 5, 2], vec![7, 7], vec![33, 1, 17]] {
        let longest = lengths.iter().copied().max().unwrap_or(0);
        layouts.push(Arc::new(Sequences::packed(lengths.clone())));
        layouts.push(Arc::new(Sequences::padded(lengths.clone(), longest)));
        layouts.push(Arc::new(Sequences::padded(lengths, longest + 3)));
    }
    layouts
}

const SIZES: [(usize, usize, usize); 5] = [(1, 1, 1), (1, 7, 3), (3, 32, 16), (65, 33, 17), (130, 40, 96)];
