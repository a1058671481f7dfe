//! Normalisation over the columns.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::parameter::zeros;
use super::{Linear, RowPass};
use crate::ops::{self, DropoutPlan, EncoderOps, RowDropout};

/// The form of a normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormForm {
    /// By mean and variance (Ba et al. 2016), with or without a shift.
    Layer {
        /// Whether there is one.
        bias: bool,
    },
    /// By the root mean square (Zhang & Sennrich 2019).
    Rms,
    /// The same, scaled by 1 + weight (Gemma).
    RmsOfOnePlus,
}

/// Normalisation over the last dimension.
#[derive(Module, Debug)]
pub struct Norm<B: Backend> {
    /// Scale, `[columns]`.
    pub weight: Param<Tensor<B, 1>>,
    /// Shift, `[columns]`.
    pub bias: Option<Param<Tensor<B, 1>>>,
    #[module(skip)]
    form: NormForm,
    epsilon: f64,
}

impl<B: Backend> Norm<B> {
    /// Zeros, to be loaded or initialised.
    #[must_use]
    pub fn zeros(columns: usize, form: NormForm, epsilon: f64, device: &B::Device) -> Self {
        let bias = (form == NormForm::Layer { bias: true }).then(|| zeros([columns], device));
        Self { weight: zeros([columns], device), bias, form, epsilon }
    }
}

impl<B: EncoderOps> Norm<B> {
    /// `[rows, columns]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let weight = self.weight.val();
        match self.form {
            NormForm::Layer { .. } => ops::layer_norm(x, weight, self.shift(), self.epsilon),
            NormForm::Rms => ops::rms_norm(x, weight, self.epsilon),
            NormForm::RmsOfOnePlus => ops::rms_norm(x, weight + 1.0, self.epsilon),
        }
    }

    /// What the normalised value is multiplied with and what is added to the mean square, where it is a norm by the root mean square.
    #[must_use]
    pub fn of_mean_square(&self) -> Option<(Tensor<B, 1>, f64)> {
        let weight = self.weight.val();
        match self.form {
            NormForm::Layer { .. } => None,
            NormForm::Rms => Some((weight, self.epsilon)),
            NormForm::RmsOfOnePlus => Some((weight + 1.0, self.epsilon)),
        }
    }

    /// The shift, or zeros.
    fn shift(&self) -> Tensor<B, 1> {
        let weight = self.weight.val();
        self.bias.as_ref().map_or_else(|| Tensor::zeros(weight.shape(), &weight.device()), Param::val)
    }

    /// The normalised `residual + dropout(linear(x))`, `[rows, columns]`.
    #[must_use]
    pub fn add_forward(
        &self,
        linear: &Linear<B>,
        x: Tensor<B, 2>,
        residual: Tensor<B, 2>,
        dropout: &RowDropout,
        plan: &mut DropoutPlan,
    ) -> Tensor<B, 2> {
        let mut pass = RowPass { plan, sequences: &dropout.sequences };
        if !matches!(self.form, NormForm::Layer { .. }) {
            let added = ops::dropout(linear.forward(x, &mut pass), dropout.dropout.clone(), &dropout.sequences);
            return self.forward(residual + added);
        }
        let (product, bias) = (linear.product(x, &mut pass), linear.added());
        ops::add_norm(product, bias, residual, self.weight.val(), self.shift(), self.epsilon, dropout)
    }
}
