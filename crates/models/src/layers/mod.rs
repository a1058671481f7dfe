//! The parameters of linear layers and normalisations, in PyTorch's shapes, and what fine-tuning may put beside a linear layer.

mod ia3;
mod lora;
mod norm;
mod parameter;
mod row_pass;

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

pub use self::ia3::Ia3;
pub use self::lora::{Lora, LoraSpec};
pub use self::norm::{Norm, NormForm};
pub use self::parameter::zeros;
pub use self::row_pass::RowPass;
use crate::ops::{self, EncoderOps, Precision};

/// `x wᵀ + b`, or `x wᵀ`.
#[derive(Module, Debug)]
pub struct Linear<B: Backend> {
    /// `[out, in]`.
    pub weight: Param<Tensor<B, 2>>,
    /// `[out]`.
    pub bias: Option<Param<Tensor<B, 1>>>,
    /// Products that are added to the output.
    pub lora: Vec<Lora<B>>,
    /// Scales of the input or the output.
    pub ia3: Vec<Ia3<B>>,
    /// Of a bias that only some columns of are trained, 1 for those and 0 for the others.
    #[module(skip)]
    trained_bias: Option<Arc<[f32]>>,
    #[module(skip)]
    precision: Precision,
}

impl<B: Backend> Linear<B> {
    /// Zeros, to be loaded or initialised.
    #[must_use]
    pub fn zeros(inputs: usize, outputs: usize, bias: bool, precision: Precision, device: &B::Device) -> Self {
        let bias = bias.then(|| zeros([outputs], device));
        Self {
            weight: zeros([outputs, inputs], device),
            bias,
            lora: Vec::new(),
            ia3: Vec::new(),
            trained_bias: None,
            precision,
        }
    }
}

impl<B: EncoderOps> Linear<B> {
    /// `[rows, in]` to `[rows, out]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<B, 2>, pass: &mut RowPass) -> Tensor<B, 2> {
        self.with_bias(x, self.bias_value(), pass)
    }

    /// The bias, or zeros, for an operation that always adds one: `[out]`.
    #[must_use]
    pub fn added(&self) -> Tensor<B, 1> {
        let bias = self.bias_value().unwrap_or_else(|| {
            let weight = self.weight.val();
            Tensor::zeros([weight.dims()[0]], &weight.device())
        });
        self.output_scales().fold(bias, |bias, scales| bias * scales)
    }

    /// `x wᵀ`, for an operation that adds the bias on its way.
    #[must_use]
    pub fn product(&self, x: Tensor<B, 2>, pass: &mut RowPass) -> Tensor<B, 2> {
        self.with_bias(x, None, pass)
    }

    fn with_bias(&self, x: Tensor<B, 2>, bias: Option<Tensor<B, 1>>, pass: &mut RowPass) -> Tensor<B, 2> {
        let input_scales = self.ia3.iter().filter(|ia3| ia3.is_feedforward);
        let x = input_scales.fold(x, |x, ia3| x * ia3.l.val().unsqueeze());
        let y = ops::linear(x.clone(), self.weight.val(), bias, self.precision);
        let y = self.lora.iter().fold(y, |y, lora| lora.add_to(y, x.clone(), self.precision, pass));
        self.output_scales().fold(y, |y, scales| y * scales.unsqueeze())
    }

    /// Factors of the output's columns, `[out]` each.
    fn output_scales(&self) -> impl Iterator<Item = Tensor<B, 1>> {
        let [outputs, _] = self.weight.dims();
        self.ia3.iter().filter(|ia3| !ia3.is_feedforward).map(move |ia3| ia3.factors(outputs))
    }

    fn bias_value(&self) -> Option<Tensor<B, 1>> {
        let bias = self.bias.as_ref()?.val();
        let Some(trained) = &self.trained_bias else { return Some(bias) };
        let trained = Tensor::from_data(TensorData::new(trained.to_vec(), [trained.len()]), &bias.device());
        // The same numbers, and gradients of the trained columns alone.
        Some(bias.clone().detach() * (trained.clone().neg() + 1.0) + bias * trained)
    }

    /// Trains no more of the bias than the columns that LoRA adds to (PEFT's `lora_only`).
    pub fn train_adapted_bias(&mut self) {
        let mut trained = vec![0.0; self.weight.dims()[0]];
        self.lora.iter().for_each(|lora| trained[lora.columns()].fill(1.0));
        self.trained_bias = trained.contains(&0.0).then(|| trained.into());
    }

    /// The layer with what is beside it made part of its weights.
    #[must_use]
    pub fn merged(self) -> Self {
        let Self { mut weight, mut bias, lora, ia3, precision, .. } = self;
        let [outputs, _] = weight.dims();
        for lora in &lora {
            let (columns, added) = (lora.columns(), lora.weight());
            weight = weight.map(|weight| {
                let place = [columns.clone(), 0..weight.dims()[1]];
                let sum = weight.clone().slice(place.clone()) + added.clone();
                weight.slice_assign(place, sum)
            });
        }
        for ia3 in &ia3 {
            let scales = ia3.factors(if ia3.is_feedforward { ia3.l.dims()[0] } else { outputs });
            let by_row = scales.clone().unsqueeze_dim::<2>(if ia3.is_feedforward { 0 } else { 1 });
            weight = weight.map(|weight| weight * by_row.clone());
            if !ia3.is_feedforward {
                bias = bias.map(|bias| bias.map(|bias| bias * scales.clone()));
            }
        }
        Self { weight, bias, lora: Vec::new(), ia3: Vec::new(), trained_bias: None, precision }
    }
}
