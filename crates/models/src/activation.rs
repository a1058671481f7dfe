//! Activations by their names in config.json: those of transformers' `ACT2FN` that have no parameters (`activations.py`).

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, activation};

use crate::config::ConfigError;
use crate::layers::{Linear, RowPass};
use crate::ops::{self, ActivationForm, EncoderOps};

/// A feed-forward activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `gelu`: exact, by erf.
    Gelu,
    /// `gelu_new`, `gelu_pytorch_tanh`, `gelu_fast` and others: by tanh.
    GeluTanh,
    /// `gelu_10`: [`Self::Gelu`], at most 10.
    GeluTo10,
    /// `quick_gelu`: `x σ(1.702 x)`.
    QuickGelu,
    /// `relu`.
    Relu,
    /// `silu` or `swish`.
    Silu,
    /// `tanh`.
    Tanh,
    /// `sigmoid`.
    Sigmoid,
    /// `linear`: its input.
    Linear,
    /// `leaky_relu`: below 0 a hundredth of it.
    LeakyRelu,
    /// `relu2`: the square of `relu`.
    SquaredRelu,
    /// `relu6`: `relu`, at most 6.
    Relu6,
    /// `hardswish`: `x relu6(x + 3) / 6`.
    HardSwish,
    /// `mish`: `x tanh(softplus(x))` (Misra 2019).
    Mish,
    /// `laplace`: a normal distribution function (Ma et al. 2022).
    Laplace,
    /// `sqrtsoftplus`: the root of softplus.
    RootSoftplus,
}

const NAMES: &[(&str, Activation)] = &[
    ("gelu", Activation::Gelu),
    ("gelu_python", Activation::Gelu),
    ("gelu_10", Activation::GeluTo10),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("gelu_python_tanh", Activation::GeluTanh),
    ("gelu_fast", Activation::GeluTanh),
    ("gelu_accurate", Activation::GeluTanh),
    ("quick_gelu", Activation::QuickGelu),
    ("relu", Activation::Relu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
    ("tanh", Activation::Tanh),
    ("sigmoid", Activation::Sigmoid),
    ("linear", Activation::Linear),
    ("leaky_relu", Activation::LeakyRelu),
    ("relu2", Activation::SquaredRelu),
    ("relu6", Activation::Relu6),
    ("hardswish", Activation::HardSwish),
    ("mish", Activation::Mish),
    ("laplace", Activation::Laplace),
    ("sqrtsoftplus", Activation::RootSoftplus),
];

/// Mean and deviation of [`Activation::Laplace`].
#[allow(clippy::approx_constant, reason = "transformers rounds it there")]
const LAPLACE: [f64; 2] = [0.707_107, 0.282_095];

/// From here on softplus is its argument, in f32 (`torch.nn.functional.softplus`).
const SOFTPLUS_IS_LINEAR: f64 = 20.0;

impl Activation {
    /// The value of `field` in a config.json, such as `hidden_act`.
    ///
    /// # Errors
    /// When the name is not among those implemented.
    pub fn from_config(field: &'static str, name: &str) -> Result<Self, ConfigError> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, activation)| *activation).ok_or_else(|| {
            ConfigError::Unsupported {
                field,
                value: name.to_owned(),
                supported: NAMES.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// As the operations know it, which is as a factor of its input; `None`: they know it not.
    #[must_use]
    pub fn form(self) -> Option<ActivationForm> {
        match self {
            Self::Gelu => Some(ActivationForm::Gelu),
            Self::GeluTanh => Some(ActivationForm::GeluTanh),
            Self::Relu => Some(ActivationForm::Relu),
            Self::Silu => Some(ActivationForm::Silu),
            _ => None,
        }
    }

    /// Of what the operations do not know, and so without a kernel.
    fn composed<B: Backend>(self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let normal_cdf = |x: Tensor<B, 2>| x.div_scalar(std::f64::consts::SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5);
        // 1 where it is above 0, with no gradient.
        let above_0 = |x: &Tensor<B, 2>| x.clone().greater_elem(0.0).float();
        // The exponential function as far as softplus needs it.
        let exp = |x: &Tensor<B, 2>| x.clone().clamp_max(SOFTPLUS_IS_LINEAR).exp();
        match self {
            Self::Gelu | Self::GeluTanh | Self::Relu | Self::Silu => unreachable!("the operations know {self:?}"),
            Self::GeluTo10 => (x.clone() * normal_cdf(x)).clamp_max(10.0),
            Self::QuickGelu => x.clone() * activation::sigmoid(x * 1.702),
            Self::Tanh => activation::tanh(x),
            Self::Sigmoid => activation::sigmoid(x),
            Self::Linear => x,
            Self::LeakyRelu => x.clone() * above_0(&x).mul_scalar(0.99).add_scalar(0.01),
            Self::SquaredRelu => x.clone() * x.clone() * above_0(&x),
            Self::Relu6 => (x.clone() * above_0(&x)).clamp_max(6.0),
            Self::HardSwish => x.clone() * (x + 3.0).clamp(0.0, 6.0).div_scalar(6.0),
            Self::Mish => {
                // The tangent of log(1 + e^x) in e^x, which is smooth and has no logarithm.
                let e = exp(&x);
                let n = e.clone() * (e + 2.0);
                x * (n.clone() / (n + 2.0))
            }
            Self::Laplace => normal_cdf((x - LAPLACE[0]).div_scalar(LAPLACE[1])),
            Self::RootSoftplus => (exp(&x).log1p() + (x - SOFTPLUS_IS_LINEAR).clamp_min(0.0)).sqrt(),
        }
    }

    /// The activation of each number, `[rows, columns]`.
    #[must_use]
    pub fn of<B: EncoderOps>(self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        match self.form() {
            Some(form) => {
                let zeros = Tensor::zeros([x.dims()[1]], &x.device());
                ops::bias_activation(x, zeros, form)
            }
            None => self.composed(x),
        }
    }

    /// The activation of the first half of the columns, multiplied with the other half.
    #[must_use]
    pub fn gated<B: EncoderOps>(self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let Some(form) = self.form() else {
            let n = x.dims()[1] / 2;
            return self.composed(x.clone().narrow(1, 0, n)) * x.narrow(1, n, n);
        };
        ops::gated_activation(x, form)
    }

    /// The activation of a linear layer's output, `[rows, out]`.
    #[must_use]
    pub fn forward<B: EncoderOps>(self, linear: &Linear<B>, x: Tensor<B, 2>, pass: &mut RowPass) -> Tensor<B, 2> {
        match self.form() {
            Some(form) => ops::bias_activation(linear.product(x, pass), linear.added(), form),
            None => self.composed(linear.forward(x, pass)),
        }
    }
}
