//! Activations by their names in config.json.

use burn::tensor::{Tensor, activation};

use crate::config::ConfigError;
use crate::layers::{Linear, RowPass};
use crate::ops::{self, ActivationForm, EncoderOps};

/// A feed-forward activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `gelu`: exact, by erf.
    Gelu,
    /// `gelu_new`, `gelu_pytorch_tanh`, `gelu_fast`: by tanh.
    GeluTanh,
    /// `relu`.
    Relu,
    /// `silu` or `swish`.
    Silu,
    /// `tanh`.
    Tanh,
}

const NAMES: &[(&str, Activation)] = &[
    ("gelu", Activation::Gelu),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("gelu_fast", Activation::GeluTanh),
    ("relu", Activation::Relu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
    ("tanh", Activation::Tanh),
];

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

    /// As the operations know it, which is as a factor of its input; `None`: it is none.
    #[must_use]
    pub fn form(self) -> Option<ActivationForm> {
        match self {
            Self::Gelu => Some(ActivationForm::Gelu),
            Self::GeluTanh => Some(ActivationForm::GeluTanh),
            Self::Relu => Some(ActivationForm::Relu),
            Self::Silu => Some(ActivationForm::Silu),
            Self::Tanh => None,
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
            None => activation::tanh(x),
        }
    }

    /// The activation of a linear layer's output, `[rows, out]`.
    #[must_use]
    pub fn forward<B: EncoderOps>(self, linear: &Linear<B>, x: Tensor<B, 2>, pass: &mut RowPass) -> Tensor<B, 2> {
        match self.form() {
            Some(form) => ops::bias_activation(linear.product(x, pass), linear.added(), form),
            None => activation::tanh(linear.forward(x, pass)),
        }
    }
}
