//! The global norm of a step's gradients and the factor that clips them, on the host or left on the device.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorMetadata};

use super::primitive::{raw, wrap};

/// Added to the norm before it divides, as `torch.nn.utils.clip_grad_norm_` does.
const MARGIN: f64 = 1e-6;

/// L2 norm over all gradients of a step.
#[derive(Clone, Debug)]
pub enum GradientNorm<T> {
    /// Known on the host.
    Host(f64),
    /// `[1]`, still being computed: to read it is to wait for the device.
    Device(T),
}

/// What gradients are multiplied with so that their norm is at most a given one (`clip_grad_norm_`).
#[derive(Clone, Debug)]
pub enum ClipFactor<T> {
    /// Known on the host.
    Host(f64),
    /// `[1]`, on the device.
    Device(T),
}

impl<T: Clone> GradientNorm<T> {
    /// The norm; waits for the device where it is there.
    #[must_use]
    pub fn value<B: Backend<FloatTensorPrimitive = T>>(&self) -> f64 {
        match self {
            Self::Host(norm) => *norm,
            Self::Device(norm) => wrap::<B, 1>(norm.clone()).into_data().iter::<f64>().sum(),
        }
    }

    /// The factor for `max_norm`; 0 is off. Waits for nothing.
    #[must_use]
    pub fn clip_factor<B: Backend<FloatTensorPrimitive = T>>(&self, max_norm: f64) -> ClipFactor<T> {
        if max_norm <= 0.0 {
            return ClipFactor::Host(1.0);
        }
        match self {
            Self::Host(norm) => ClipFactor::Host((max_norm / (norm + MARGIN)).min(1.0)),
            Self::Device(norm) => {
                let norm: Tensor<B, 1> = wrap(norm.clone());
                ClipFactor::Device(raw((norm + MARGIN).recip().mul_scalar(max_norm).clamp_max(1.0)))
            }
        }
    }
}

impl<T> ClipFactor<T> {
    /// The factor's two halves: what the host knows, and what is on the device.
    #[must_use]
    pub fn split(self) -> (f64, Option<T>) {
        match self {
            Self::Host(factor) => (factor, None),
            Self::Device(factor) => (1.0, Some(factor)),
        }
    }
}

/// `x` times a factor `[1]` on the device, where there is one.
#[must_use]
pub fn scale<B: Backend>(x: FloatTensor<B>, factor: Option<&FloatTensor<B>>) -> FloatTensor<B> {
    let Some(factor) = factor else { return x };
    let ones = vec![1; x.shape().num_dims()];
    B::float_mul(x, B::float_reshape(factor.clone(), ones.into()))
}
