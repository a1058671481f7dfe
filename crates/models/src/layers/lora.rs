//! A product of low rank beside a linear layer: LoRA (Hu et al. 2021, <https://arxiv.org/abs/2106.09685>).

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::parameter::zeros;
use super::row_pass::RowPass;
use crate::ops::{self, EncoderOps, LowRankSpec, Place, Precision};

/// What is added to a linear layer's output: `scaling dropout(x) aᵀ bᵀ`.
#[derive(Module, Debug)]
pub struct Lora<B: Backend> {
    /// `lora_A`, `[rank, in]`.
    pub a: Param<Tensor<B, 2>>,
    /// `lora_B`, `[out, rank]`.
    pub b: Param<Tensor<B, 2>>,
    /// Where it goes in a layer that several are stacked in.
    first_column: usize,
    scaling: f64,
    dropout: f64,
}

/// The numbers of a [`Lora`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoraSpec {
    /// Columns between the two factors.
    pub rank: usize,
    /// What the product is multiplied with.
    pub scaling: f64,
    /// Of its input.
    pub dropout: f64,
}

impl<B: Backend> Lora<B> {
    /// Zeros, to be loaded or initialised.
    #[must_use]
    pub fn zeros(spec: LoraSpec, inputs: usize, outputs: usize, first_column: usize, device: &B::Device) -> Self {
        let LoraSpec { rank, scaling, dropout } = spec;
        Self { a: zeros([rank, inputs], device), b: zeros([outputs, rank], device), first_column, scaling, dropout }
    }

    /// The columns that it adds to.
    pub(super) fn columns(&self) -> std::ops::Range<usize> {
        self.first_column..self.first_column + self.b.dims()[0]
    }
}

impl<B: EncoderOps> Lora<B> {
    /// `y` with the product added, both `[rows, out]` of the whole layer; `x` is the layer's input.
    pub(super) fn add_to(
        &self,
        y: Tensor<B, 2>,
        x: Tensor<B, 2>,
        precision: Precision,
        pass: &mut RowPass,
    ) -> Tensor<B, 2> {
        let x = match self.dropout > 0.0 {
            true => ops::dropout(x, pass.plan.next(Place::Lora, self.dropout), pass.sequences),
            false => x,
        };
        let h = ops::linear(x, self.a.val(), None, precision);
        let spec = LowRankSpec { first_column: self.first_column, scaling: self.scaling };
        ops::add_low_rank(y, h, self.b.val(), spec)
    }

    /// What it adds to the layer's weights, `[out, in]`.
    pub(super) fn weight(&self) -> Tensor<B, 2> {
        ops::matmul(self.b.val(), self.a.val()) * self.scaling
    }
}
