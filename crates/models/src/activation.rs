//! Activations by their names in config.json.

use burn::tensor::{Tensor, activation};

use crate::config::ConfigError;
use crate::ops::{self, EncoderOps};

/// A feed-forward activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `gelu`: exact, by erf.
    Gelu,
    /// `relu`.
    Relu,
    /// `silu` or `swish`.
    Silu,
    /// `tanh`.
    Tanh,
}

const NAMES: &[(&str, Activation)] = &[
    ("gelu", Activation::Gelu),
    ("relu", Activation::Relu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
    ("tanh", Activation::Tanh),
];

impl Activation {
    /// `hidden_act` of a config.json.
    ///
    /// # Errors
    /// When the name is not among those implemented.
    pub fn from_config(name: &str) -> Result<Self, ConfigError> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, activation)| *activation).ok_or_else(|| {
            ConfigError::Unsupported {
                field: "hidden_act",
                value: name.to_owned(),
                supported: NAMES.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// `[rows, columns]`, element by element.
    #[must_use]
    pub fn forward<B: EncoderOps>(self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        match self {
            Self::Gelu => ops::gelu(x),
            Self::Relu => activation::relu(x),
            Self::Silu => activation::silu(x),
            Self::Tanh => activation::tanh(x),
        }
    }
}
