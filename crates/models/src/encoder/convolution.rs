//! A convolution over the tokens that go into a layer, added to what comes out of it: DeBERTa v2's largest models have one.

use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use super::architecture::{Architecture, Convolution};
use crate::batch::Sequences;
use crate::layers::{Norm, zeros};
use crate::ops::{self, EncoderOps, Precision};

/// The convolution beside a layer, and the normalisation of the sum.
#[derive(Module, Debug)]
pub struct TokenConvolution<B: Backend> {
    /// `[hidden, hidden / groups, kernel_size]`.
    pub kernel: Param<Tensor<B, 3>>,
    /// `[hidden]`.
    pub bias: Param<Tensor<B, 1>>,
    /// Of the layer's output with it.
    pub norm: Norm<B>,
    #[module(skip)]
    form: Convolution,
    #[module(skip)]
    precision: Precision,
}

impl<B: Backend> TokenConvolution<B> {
    /// All parameters zero, to be loaded or initialised.
    pub(super) fn zeros(form: Convolution, a: &Architecture, precision: Precision, device: &B::Device) -> Self {
        let hidden = a.hidden_size;
        Self {
            kernel: zeros([hidden, hidden / form.groups, form.kernel_size], device),
            bias: zeros([hidden], device),
            norm: Norm::zeros(hidden, a.norm, a.layer_norm_eps, device),
            form,
            precision,
        }
    }
}

impl<B: EncoderOps> TokenConvolution<B> {
    /// Of every row, `[rows, hidden]`; beyond the ends of a sequence there are zeros.
    pub(super) fn forward(&self, x: &Tensor<B, 2>, sequences: &Sequences) -> Tensor<B, 2> {
        let (kernel, bias) = (self.kernel.val(), self.bias.val());
        let [hidden, of_group, size] = kernel.dims();
        let before = (size / 2) as i64;
        let neighbours: Vec<_> = (0..size as i64).map(|at| moved(x, at - before, sequences)).collect();
        let own = hidden / self.form.groups;
        let group = |group: usize| {
            let columns = neighbours.iter().map(|x| x.clone().narrow(1, group * of_group, of_group)).collect();
            let kernel = kernel.clone().narrow(0, group * own, own).swap_dims(1, 2).reshape([own, size * of_group]);
            let bias = bias.clone().narrow(0, group * own, own);
            ops::linear(ops::cat(columns, 1), kernel, Some(bias), self.precision)
        };
        ops::cat((0..self.form.groups).map(group).collect(), 1)
    }

    /// A layer's output `y` with what [`Self::forward`] gave, of the same rows.
    pub(super) fn add_to(&self, y: Tensor<B, 2>, convolved: Tensor<B, 2>) -> Tensor<B, 2> {
        self.norm.forward(y + self.form.activation.of(convolved))
    }
}

/// Of each token's row the one of the token `by` positions on, zeros where there is none.
fn moved<B: Backend>(x: &Tensor<B, 2>, by: i64, sequences: &Sequences) -> Tensor<B, 2> {
    let ([rows, columns], device) = (x.dims(), x.device());
    let distance = by.unsigned_abs() as usize;
    if distance == 0 {
        return x.clone();
    }
    let beyond = Tensor::zeros([distance.min(rows), columns], &device);
    if distance >= rows {
        return beyond;
    }
    let within = x.clone().narrow(0, if by > 0 { distance } else { 0 }, rows - distance);
    let shifted = if by > 0 { vec![within, beyond] } else { vec![beyond, within] };
    let mut is_there = vec![0.0f32; rows];
    for i in 0..sequences.len() {
        let (start, length) = (sequences.start(i), sequences.length(i));
        let with_neighbour = if by > 0 { 0..length.saturating_sub(distance) } else { distance.min(length)..length };
        is_there[start + with_neighbour.start..start + with_neighbour.end].fill(1.0);
    }
    // Multiplied, so that neither padding nor another sequence's tokens are seen.
    ops::cat(shifted, 0) * Tensor::<B, 2>::from_data(TensorData::new(is_there, [rows, 1]), &device)
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;

    use super::*;
    use crate::activation::Activation;
    use crate::layers::NormForm;

    const HIDDEN: usize = 6;

    fn values(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 % 101) as f32 - 50.0) / 40.0).collect()
    }

    fn tensor<const D: usize>(shape: [usize; D]) -> Tensor<Flex, D> {
        Tensor::from_data(TensorData::new(values(shape.iter().product()), shape), &Default::default())
    }

    /// Of one sequence alone, as `torch.nn.Conv1d` is defined: `x` is `[tokens, HIDDEN]`.
    fn by_definition(x: &[f32], Convolution { kernel_size, groups, .. }: Convolution) -> Vec<f32> {
        let (tokens, of_group) = (x.len() / HIDDEN, HIDDEN / groups);
        let (kernel, bias) = (values(HIDDEN * of_group * kernel_size), values(HIDDEN));
        let unit = |token: usize, out: usize| {
            let mut sum = f64::from(bias[out]);
            for (at, place) in (0..kernel_size).map(|at| (at, (token + at).checked_sub(kernel_size / 2))) {
                let Some(row) = place.filter(|&row| row < tokens) else { continue };
                for column in 0..of_group {
                    let weight = kernel[(out * of_group + column) * kernel_size + at];
                    sum += f64::from(weight) * f64::from(x[row * HIDDEN + out / of_group * of_group + column]);
                }
            }
            sum as f32
        };
        (0..tokens).flat_map(|token| (0..HIDDEN).map(move |out| (token, out))).map(|(t, out)| unit(t, out)).collect()
    }

    #[test]
    fn sequences_do_not_see_each_other_nor_padding() {
        for (kernel_size, groups) in [(1, 1), (3, 1), (5, 2), (9, 3), (31, 1)] {
            let form = Convolution { kernel_size, groups, activation: Activation::Gelu };
            let layer = TokenConvolution::<Flex> {
                kernel: Param::from_tensor(tensor([HIDDEN, HIDDEN / groups, kernel_size])),
                bias: Param::from_tensor(tensor([HIDDEN])),
                norm: Norm::zeros(HIDDEN, NormForm::Layer { bias: true }, 1e-7, &Default::default()),
                form,
                precision: Precision::F32,
            };
            let lengths = vec![3, 1, 7, 2];
            for sequences in [
                Sequences::packed(lengths.clone()),
                Sequences::packed(lengths.clone()).rounded(16),
                Sequences::padded(lengths, 9),
            ] {
                let x = tensor([sequences.rows(), HIDDEN]);
                let found: Vec<f32> = layer.forward(&x, &sequences).into_data().iter().collect();
                let x: Vec<f32> = x.into_data().iter().collect();
                for i in 0..sequences.len() {
                    let rows = sequences.start(i) * HIDDEN..(sequences.start(i) + sequences.length(i)) * HIDDEN;
                    let expected = by_definition(&x[rows.clone()], form);
                    for (a, b) in found[rows].iter().zip(&expected) {
                        assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{form:?}, {sequences:?}: {a}, expected {b}");
                    }
                }
            }
        }
    }
}
