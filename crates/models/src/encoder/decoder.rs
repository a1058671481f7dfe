//! What the second stack of an encoder-decoder has besides the layers of an encoder.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::architecture::{Architecture, Distances, SelfAttention};
use crate::layers::{Linear, Norm, zeros};
use crate::ops::Precision;

/// A layer's attention to the first stack's output, between its own attention and its feed-forward layer.
#[derive(Module, Debug)]
pub struct CrossAttention<B: Backend> {
    /// Before it.
    pub norm: Norm<B>,
    /// Of the layer's own rows, `[queries, hidden]`.
    pub queries: Linear<B>,
    /// Of the first stack's rows, `[keys + values, hidden]`.
    pub keys_values: Linear<B>,
    /// The linear layer after it, `[hidden, queries]`.
    pub output: Linear<B>,
}

/// What the second stack has besides its layers.
#[derive(Module, Debug)]
pub struct SecondStack<B: Backend> {
    /// The table of relative positions that its layers share, where it has any: `[buckets, heads]`.
    pub relative_embeddings: Option<Param<Tensor<B, 2>>>,
    /// After its last layer.
    pub final_norm: Norm<B>,
}

impl<B: Backend> CrossAttention<B> {
    /// All parameters zero, to be loaded or initialised.
    pub(super) fn zeros(a: &Architecture, precision: Precision, device: &B::Device) -> Self {
        let linear = |inputs, outputs, bias| Linear::zeros(inputs, outputs, bias, precision, device);
        let ([queries, keys], hidden) = (a.attention.columns(), a.hidden_size);
        let SelfAttention { bias, output_bias, .. } = a.attention;
        Self {
            norm: Norm::zeros(hidden, a.norm, a.layer_norm_eps, device),
            queries: linear(hidden, queries, bias),
            keys_values: linear(hidden, 2 * keys, bias),
            output: linear(queries, hidden, output_bias),
        }
    }
}

impl<B: Backend> SecondStack<B> {
    /// All parameters zero, to be loaded or initialised.
    pub(super) fn zeros(a: &Architecture, device: &B::Device) -> Self {
        let table = match a.attention.distances {
            Distances::Buckets(buckets) if !buckets.of_each_layer && a.crossing_layers() > 0 => {
                Some([buckets.rows, a.attention.heads])
            }
            _ => None,
        };
        Self {
            relative_embeddings: table.map(|shape| zeros(shape, device)),
            final_norm: Norm::zeros(a.hidden_size, a.norm, a.layer_norm_eps, device),
        }
    }
}
