//! A layer's attention: queries, keys and values of its input, turned and normalised as the family has it, and the context of every row.

use std::sync::Arc;

use burn::module::Param;
use burn::tensor::Tensor;

use super::architecture::{Distances, PositionTerms, SelfAttention};
use super::model::{Encoder, Layer, LayerPass};
use super::relative::RelativePositions;
use crate::batch::Sequences;
use crate::layers::{Linear, Norm, RowPass};
use crate::ops::{self, AttentionSpec, EncoderOps, HeadNormSpec, Place, RotarySpec};

impl<B: EncoderOps> Encoder<B> {
    /// The context of every row, `[rows, queries]`, of the layer's input as it attends to it.
    pub(super) fn attend(&self, layer: &Layer<B>, x: Tensor<B, 2>, pass: &mut LayerPass<B>) -> Tensor<B, 2> {
        let a = &self.architecture().attention;
        let mut qkv = self.queries_keys_values(layer, x, &mut pass.rows());
        if let (Some(query_norm), Some(key_norm)) = (&layer.query_norm, &layer.key_norm) {
            qkv = normalised(qkv, a, [query_norm, key_norm]);
        }
        let own = &a.layers[pass.index];
        if let Some(rotary) = &own.rotary {
            let (heads, key_value_heads, rotary) = (a.heads, a.key_value_heads, rotary.clone());
            let sequences = pass.sequences.clone();
            qkv = ops::rotary(qkv, &RotarySpec { heads, key_value_heads, rotary, sequences, inverse: false });
        }
        let spec = AttentionSpec {
            heads: a.heads,
            key_value_heads: a.key_value_heads,
            scale: own.scale.unwrap_or(a.scale),
            window: own.window,
            causal: a.causal || layer.cross.is_some(),
            softcap: a.softcap,
            sequences: pass.sequences.clone(),
            dropout: pass.plan.next(Place::Attention, self.architecture().dropout.attention),
        };
        match &pass.shared.relative {
            RelativePositions::None => ops::attention(qkv, &spec),
            RelativePositions::Unread { dropout } => {
                pass.plan.next(Place::RelativeTable, *dropout);
                ops::attention(qkv, &spec)
            }
            RelativePositions::Bias(shared, relative) => {
                let own = layer.relative_embeddings.as_ref().map(Param::val);
                match own.or_else(|| shared.clone()) {
                    Some(table) => ops::relative_attention(qkv, table, relative, &spec),
                    None => unreachable!("a table is the layer's own or that of all"),
                }
            }
            RelativePositions::Disentangled { embeddings, spec: relative, used, dropout } => {
                let plan = &mut *pass.plan;
                // Dropped as a whole, so that a row's mask does not depend on the batch's lengths.
                let rows = Arc::new(Sequences::packed(vec![embeddings.dims()[0]]));
                let dropped = ops::dropout(embeddings.clone(), plan.next(Place::RelativeTable, *dropout), &rows);
                let used = dropped.narrow(0, used.start, used.len());
                let rows = Arc::new(Sequences::packed(vec![used.dims()[0]]));
                let table = self.positions(layer, used, &mut RowPass { plan, sequences: &rows });
                ops::relative_attention(qkv, table, relative, &spec)
            }
        }
    }

    /// Queries of all heads, then keys, then values: `[rows, queries + keys + values]`.
    fn queries_keys_values(&self, layer: &Layer<B>, x: Tensor<B, 2>, pass: &mut RowPass) -> Tensor<B, 2> {
        let a = &self.architecture().attention;
        let mut qkv = layer.qkv.forward(x, pass);
        if a.by_head {
            let ([rows, width], [queries, _]) = (qkv.dims(), a.columns());
            qkv = qkv.reshape([rows, a.heads, 3, queries / a.heads]).swap_dims(1, 2).reshape([rows, width]);
        }
        if let (Some(of_queries), Some(of_values)) = (&layer.query_bias, &layer.value_bias) {
            let of_keys = Tensor::zeros([a.columns()[1]], &qkv.device());
            qkv = qkv + ops::cat(vec![of_queries.val(), of_keys, of_values.val()], 0).unsqueeze();
        }
        qkv
    }

    /// Queries and keys of positions, side by side, of their embeddings; zeros where scores have no term with them.
    fn positions(&self, layer: &Layer<B>, embeddings: Tensor<B, 2>, pass: &mut RowPass) -> Tensor<B, 2> {
        let ([rows, hidden], device) = (embeddings.dims(), embeddings.device());
        let zeros = || Tensor::zeros([rows, hidden], &device);
        match self.architecture().attention.distances {
            Distances::Disentangled(d) if d.share_att_key => {
                let all = self.queries_keys_values(layer, embeddings, pass);
                match d.terms {
                    // Values of positions are not looked at, and without a term nothing is.
                    PositionTerms::Both | PositionTerms::Neither => all,
                    PositionTerms::PositionToContent => ops::cat(vec![all.narrow(1, 0, hidden), zeros()], 1),
                    PositionTerms::ContentToPosition => ops::cat(vec![zeros(), all.narrow(1, hidden, hidden)], 1),
                }
            }
            _ => {
                let mut projected = |projection: &Option<Linear<B>>| match projection {
                    Some(projection) => projection.forward(embeddings.clone(), pass),
                    None => zeros(),
                };
                let keys = projected(&layer.position_keys);
                ops::cat(vec![projected(&layer.position_queries), keys], 1)
            }
        }
    }
}

/// Queries and keys normalised head by head, values as they are.
fn normalised<B: EncoderOps>(qkv: Tensor<B, 2>, a: &SelfAttention, norms: [&Norm<B>; 2]) -> Tensor<B, 2> {
    let [rows, _] = qkv.dims();
    let [queries, keys] = a.columns();
    if let [Some((of_queries, epsilon)), Some((of_keys, _))] = norms.map(Norm::of_mean_square) {
        return ops::head_norm(qkv, [of_queries, of_keys], HeadNormSpec { queries, keys, epsilon });
    }
    let by_head = |first: usize, columns: usize, norm: &Norm<B>| {
        let heads = qkv.clone().narrow(1, first, columns).reshape([rows * columns / a.head_dim, a.head_dim]);
        norm.forward(heads).reshape([rows, columns])
    };
    let values = qkv.clone().narrow(1, queries + keys, keys);
    ops::cat(vec![by_head(0, queries, norms[0]), by_head(queries, keys, norms[1]), values], 1)
}
