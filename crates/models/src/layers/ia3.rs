//! Learned scales of a linear layer's input or output: (IA)³ (Liu et al. 2022, <https://arxiv.org/abs/2205.05638>).

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::parameter::ones;
use crate::ops;

/// A factor for each column of a layer's input, or of some columns of its output.
#[derive(Module, Debug)]
pub struct Ia3<B: Backend> {
    /// `ia3_l`, `[in]` or `[out]`.
    pub l: Param<Tensor<B, 1>>,
    /// Whether it scales the input.
    pub is_feedforward: bool,
    /// Where it goes in a layer that several are stacked in.
    first_column: usize,
}

impl<B: Backend> Ia3<B> {
    /// Ones, which change nothing.
    #[must_use]
    pub fn ones(is_feedforward: bool, columns: usize, first_column: usize, device: &B::Device) -> Self {
        Self { l: ones([columns], device), is_feedforward, first_column }
    }

    /// A factor for each of a layer's `columns`, 1 where it does not scale.
    pub(super) fn factors(&self, columns: usize) -> Tensor<B, 1> {
        let l = self.l.val();
        let [own] = l.dims();
        if own == columns {
            return l;
        }
        let device = l.device();
        let ones = |count: usize| (count > 0).then(|| Tensor::ones([count], &device));
        let (before, after) = (ones(self.first_column), ones(columns - self.first_column - own));
        ops::cat([before, Some(l), after].into_iter().flatten().collect(), 0)
    }
}
