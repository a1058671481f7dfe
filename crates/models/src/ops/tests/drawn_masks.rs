//! Operations with masks that were drawn before, on the CPU.

use super::attention::tokens_only;
use super::*;
use crate::ops::dropout_mask::{Mask, MaskShape, Place};
use crate::torch_rng::TorchRng;

/// A mask for the sequences, whatever their layout.
fn drawn(sequences: &Sequences, heads: usize, columns: usize) -> Dropout {
    let (batch, len) = (sequences.len(), sequences.max_len());
    let shape = MaskShape { place: Place::Attention, probability: 0.3, batch, heads, len, columns };
    Dropout::drawn(Arc::new(Mask::draw(&mut TorchRng::new(5), shape, sequences.first_example())))
}

#[test]
fn rows_with_drawn_masks_agree() {
    for sequences in layouts() {
        let row_dropout = RowDropout { dropout: drawn(&sequences, 1, 40), sequences: sequences.clone() };
        let x: Vec<Inner2> = [(sequences.rows(), 1), (sequences.rows(), 2), (1, 3), (1, 4), (1, 5)]
            .map(|(r, s)| inner(r, 40, s))
            .to_vec();
        compare::<Flex>(
            "dropout",
            &x[..1],
            1e-6,
            |t| dropout(t[0].clone(), row_dropout.dropout.clone(), &sequences),
            |t| wrap(composed::dropout::<Ad>(raw(t[0].clone()), &row_dropout)),
        );
        compare::<Flex>(
            "add norm",
            &x,
            2e-5,
            |t| {
                let [gamma, beta, bias] = [2, 3, 4].map(|i| vector(&t[i]));
                add_norm(t[0].clone(), bias, t[1].clone(), gamma, beta, 1e-12, &row_dropout)
            },
            |t| {
                let [gamma, beta, bias] = [2, 3, 4].map(|i| raw(vector(&t[i])));
                let [x, residual] = [0, 1].map(|i| raw(t[i].clone()));
                wrap(composed::add_norm::<Ad>(x, bias, residual, gamma, beta, 1e-12, &row_dropout).0)
            },
        );
    }
}

#[test]
fn attention_with_drawn_masks_agrees() {
    for sequences in layouts() {
        let spec = AttentionSpec {
            heads: 3,
            key_value_heads: 3,
            scale: 0.4,
            window: None,
            causal: false,
            softcap: None,
            dropout: drawn(&sequences, 3, sequences.max_len()),
            sequences: sequences.clone(),
        };
        compare::<Flex>(
            "attention",
            &[inner(sequences.rows(), 3 * 3 * 5, 1)],
            2e-5,
            |t| tokens_only(attention(t[0].clone(), &spec), &sequences),
            |t| tokens_only(wrap(crate::ops::composed_attention::forward::<Ad>(raw(t[0].clone()), &spec)), &sequences),
        );
    }
}
