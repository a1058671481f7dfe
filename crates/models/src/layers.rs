//! The parameters of linear layers and layer normalisation, in PyTorch's shapes.

use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::ops::{self, EncoderOps, Precision, RowDropout};

/// `x wᵀ + b`, or `x wᵀ`.
#[derive(Module, Debug)]
pub struct Linear<B: Backend> {
    /// `[out, in]`.
    pub weight: Param<Tensor<B, 2>>,
    /// `[out]`.
    pub bias: Option<Param<Tensor<B, 1>>>,
    #[module(skip)]
    precision: Precision,
}

impl<B: Backend> Linear<B> {
    /// Zeros, to be loaded or initialised.
    #[must_use]
    pub fn zeros(inputs: usize, outputs: usize, bias: bool, precision: Precision, device: &B::Device) -> Self {
        let bias = bias.then(|| zeros([outputs], device));
        Self { weight: zeros([outputs, inputs], device), bias, precision }
    }
}

impl<B: EncoderOps> Linear<B> {
    /// `[rows, in]` to `[rows, out]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        ops::linear(x, self.weight.val(), self.bias.as_ref().map(Param::val), self.precision)
    }

    /// The bias, or zeros, for an operation that always adds one: `[out]`.
    #[must_use]
    pub fn added(&self) -> Tensor<B, 1> {
        let weight = self.weight.val();
        self.bias.as_ref().map_or_else(|| Tensor::zeros([weight.dims()[0]], &weight.device()), Param::val)
    }

    /// `x wᵀ`, for an operation that adds the bias on its way.
    #[must_use]
    pub fn product(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        ops::linear(x, self.weight.val(), None, self.precision)
    }
}

/// Layer normalisation over the last dimension.
#[derive(Module, Debug)]
pub struct LayerNorm<B: Backend> {
    /// Scale, `[hidden]`.
    pub weight: Param<Tensor<B, 1>>,
    /// Shift, `[hidden]`.
    pub bias: Option<Param<Tensor<B, 1>>>,
    epsilon: f64,
}

impl<B: Backend> LayerNorm<B> {
    /// Zeros, to be loaded or initialised.
    #[must_use]
    pub fn zeros(hidden: usize, epsilon: f64, bias: bool, device: &B::Device) -> Self {
        Self { weight: zeros([hidden], device), bias: bias.then(|| zeros([hidden], device)), epsilon }
    }
}

impl<B: EncoderOps> LayerNorm<B> {
    /// `[rows, hidden]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        ops::layer_norm(x, self.weight.val(), self.shift(), self.epsilon)
    }

    /// The shift, or zeros.
    fn shift(&self) -> Tensor<B, 1> {
        let weight = self.weight.val();
        self.bias.as_ref().map_or_else(|| Tensor::zeros(weight.shape(), &weight.device()), Param::val)
    }

    /// `LayerNorm(residual + dropout(linear(x)))`, `[rows, hidden]`.
    #[must_use]
    pub fn add_forward(
        &self,
        linear: &Linear<B>,
        x: Tensor<B, 2>,
        residual: Tensor<B, 2>,
        dropout: &RowDropout,
    ) -> Tensor<B, 2> {
        let (product, bias) = (linear.product(x), linear.added());
        ops::add_norm(product, bias, residual, self.weight.val(), self.shift(), self.epsilon, dropout)
    }
}

/// A parameter of zeros.
#[must_use]
pub fn zeros<B: Backend, const D: usize>(shape: [usize; D], device: &B::Device) -> Param<Tensor<B, D>> {
    let n = shape.iter().product();
    Param::from_tensor(Tensor::from_data(TensorData::new(vec![0.0f32; n], shape), device))
}
