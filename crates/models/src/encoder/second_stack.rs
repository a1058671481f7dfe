//! The second stack of an encoder-decoder in a forward pass: what it reads, and how its layers look at the first stack's output.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::decoder::CrossAttention;
use super::model::{Encoder, LayerPass, Shared};
use super::pooling::PooledTokens;
use crate::batch::{Sequences, TokenBatch};
use crate::ops::{self, AttentionSpec, DropoutPlan, EncoderOps, Place};

impl<B: EncoderOps> Encoder<B> {
    /// The batch as the model reads it: the second stack's first token is among those whose rows of the words' table learn.
    #[must_use]
    pub fn reading(&self, batch: &TokenBatch) -> TokenBatch {
        self.architecture().decoder.map_or_else(|| batch.clone(), |decoder| batch.with_distinct(decoder.start))
    }

    /// Whether the second stack begins with the `at`-th layer that runs, or behind the last one: then it has none.
    pub(crate) fn begins_second(&self, at: usize) -> bool {
        self.architecture().decoder.is_some_and(|decoder| decoder.first_layer == at)
    }

    /// The second stack's input.
    pub(crate) fn embed_shifted(&self, batch: &TokenBatch, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        match self.architecture().decoder {
            Some(decoder) => self.embed(&batch.shifted(decoder.start), plan),
            None => unreachable!("there is no second stack"),
        }
    }

    /// The output of a second stack without layers, of the rows that the head looks at; the layout is theirs from here on.
    pub(crate) fn only_shifted(
        &self,
        batch: &TokenBatch,
        sequences: &mut Arc<Sequences>,
        pooled: &PooledTokens,
        plan: &mut DropoutPlan,
    ) -> Tensor<B, 2> {
        let ([x], narrowed) = pooled.of([self.embed_shifted(batch, plan)], sequences);
        *sequences = narrowed;
        x
    }

    /// The first stack's output, of that of its last layer.
    pub(crate) fn memory(&self, x: Tensor<B, 2>, sequences: &Arc<Sequences>, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        self.put_out(x, self.final_norm.as_ref(), sequences, plan)
    }

    /// What the second stack's layers share.
    pub(crate) fn shared_of_second(&self, memory: Tensor<B, 2>, sequences: &Sequences) -> Shared<B> {
        let table = self.second_stack.as_ref().and_then(|second| second.relative_embeddings.as_ref());
        Shared { relative: self.relative(table, sequences, true), memory: Some(memory) }
    }

    /// Adds what a layer's rows find in the first stack's output; from here on they are those that are read.
    pub(super) fn crossed(
        &self,
        cross: &CrossAttention<B>,
        mut x: Tensor<B, 2>,
        pass: &mut LayerPass<B>,
    ) -> Tensor<B, 2> {
        let Some(memory) = &pass.shared.memory else { unreachable!("the first stack's layers have none of it") };
        let (a, dropout) = (&self.architecture().attention, self.architecture().dropout);
        let queries = cross.queries.forward(cross.norm.forward(x.clone()), &mut pass.rows());
        let keys_values = cross.keys_values.forward(memory.clone(), &mut pass.rows());
        let spec = AttentionSpec {
            heads: a.heads,
            key_value_heads: a.key_value_heads,
            scale: a.scale,
            window: None,
            causal: false,
            softcap: a.softcap,
            sequences: pass.sequences.clone(),
            dropout: pass.plan.next(Place::Attention, dropout.attention),
        };
        // The rows of both stacks lie alike, so it is computed as one stack's own.
        let mut context = ops::attention(Tensor::cat(vec![queries, keys_values], 1), &spec);
        [context, x] = pass.narrowed([context, x]);
        let added = cross.output.forward(context, &mut pass.rows());
        x + pass.dropped(added, Place::AttentionOutput, dropout.attention_output)
    }
}
