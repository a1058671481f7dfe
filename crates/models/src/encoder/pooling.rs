//! The tokens that a head looks at.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};

use super::architecture::{Architecture, Pooling};
use crate::batch::{Sequences, TokenBatch};
use crate::ops::{self, EncoderOps};

impl Architecture {
    /// The token by whose last place in a text the head classifies it, where that is one of its own.
    #[must_use]
    pub fn text_end(&self) -> Option<u32> {
        match self.head.pooling {
            Pooling::LastOf { token } => Some(token),
            Pooling::First | Pooling::Last { .. } | Pooling::Mean | Pooling::MeanOfDense => None,
        }
    }
}

/// The rows of a layer's output that anything reads.
pub(crate) enum PooledTokens {
    /// All of them.
    All,
    /// One a sequence, by its position there.
    At(Vec<u32>),
}

impl PooledTokens {
    pub(super) fn new(pooling: Pooling, batch: &TokenBatch) -> Self {
        let sequences = &batch.sequences;
        match pooling {
            Pooling::Mean | Pooling::MeanOfDense => Self::All,
            Pooling::First => Self::At(vec![0; sequences.len()]),
            Pooling::Last { padding } => Self::At((0..sequences.len()).map(|i| last(batch, i, padding)).collect()),
            Pooling::LastOf { token } => Self::At((0..sequences.len()).map(|i| last_of(batch, i, token)).collect()),
        }
    }

    /// These rows, and their layout.
    pub(super) fn of<B: EncoderOps, const N: usize>(
        &self,
        x: [Tensor<B, 2>; N],
        sequences: &Arc<Sequences>,
    ) -> ([Tensor<B, 2>; N], Arc<Sequences>) {
        let Self::At(positions) = self else { return (x, sequences.clone()) };
        let rows: Vec<u32> =
            sequences.starts().iter().zip(positions).map(|(&start, &position)| start as u32 + position).collect();
        let x = x.map(|x| {
            let rows = ops::indices(rows.iter().copied(), &x.device());
            x.select(0, rows)
        });
        (x, Arc::new(sequences.tokens_at(positions)))
    }
}

/// The position of the last token that is not `padding`, by its id as in transformers' `GenericForSequenceClassification`: one at the
/// end of a text is passed over too, and where there is no other token, the first is taken.
fn last(batch: &TokenBatch, sequence: usize, padding: Option<u32>) -> u32 {
    let (start, length) = (batch.sequences.start(sequence), batch.sequences.length(sequence));
    let ids = &batch.input_ids[start..start + length];
    ids.iter().rposition(|&id| Some(id) != padding).unwrap_or(0) as u32
}

/// The position of the last `token`, as T5 looks for the end of a text; of the last of all where there is none.
fn last_of(batch: &TokenBatch, sequence: usize, token: u32) -> u32 {
    let (start, length) = (batch.sequences.start(sequence), batch.sequences.length(sequence));
    let ids = &batch.input_ids[start..start + length];
    ids.iter().rposition(|&id| id == token).unwrap_or(length.saturating_sub(1)) as u32
}

/// The mean of each sequence's tokens, `[batch, hidden]`: a product with a matrix of 1 / length.
pub(crate) fn mean<B: EncoderOps>(x: Tensor<B, 2>, sequences: &Sequences) -> Tensor<B, 2> {
    let [rows, _] = x.dims();
    let mut weights = vec![0.0f32; sequences.len() * rows];
    for (i, weights) in weights.chunks_exact_mut(rows).enumerate() {
        let (start, n) = (sequences.start(i), sequences.length(i));
        weights[start..start + n].fill(1.0 / n as f32);
    }
    let weights = TensorData::new(weights, [sequences.len(), rows]);
    ops::matmul(Tensor::<B, 2>::from_data(weights, &x.device()), x)
}
