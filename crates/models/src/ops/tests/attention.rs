//! Attention, with and without relative positions, and rotary positions.

use super::*;

on_each_backend!(
    rotary_agrees_and_is_undone,
    rotary_of_shared_keys_agrees,
    attention_agrees,
    attention_of_shared_keys_agrees,
    relative_attention_agrees
);

fn rotary_agrees_and_is_undone<T: EncoderOps>() {
    for sequences in layouts() {
        let spec = RotarySpec {
            heads: 3,
            key_value_heads: 3,
            rotary: Rotary::new(100.0, 6),
            sequences: sequences.clone(),
            inverse: false,
        };
        let qkv = inner(sequences.rows(), 3 * 3 * 6, 1);
        compare::<T>(
            &format!("rotary over {sequences:?}"),
            std::slice::from_ref(&qkv),
            5e-6,
            |t| rotary(t[0].clone(), &spec),
            |t| wrap(composed::rotary::<Ad>(raw(t[0].clone()), &spec)),
        );
        let back = RotarySpec { inverse: true, ..spec.clone() };
        let there_and_back = rotary(rotary(on::<T, 2>(&qkv), &spec), &back);
        close(&down::<T>(raw(there_and_back)), &qkv, 5e-6, "there and back");
    }
}

/// Zeroes padding rows, whose attention output is not defined.
pub(super) fn tokens_only<B: burn::tensor::backend::Backend>(x: Tensor<B, 2>, sequences: &Sequences) -> Tensor<B, 2> {
    let mut token = vec![0.0f32; sequences.rows()];
    for i in 0..sequences.len() {
        token[sequences.start(i)..sequences.start(i) + sequences.length(i)].fill(1.0);
    }
    let device = x.device();
    x * Tensor::<B, 2>::from_data(TensorData::new(token, [sequences.rows(), 1]), &device)
}

/// Of two heads of keys, in part of the columns of each, by halves and by neighbours.
fn rotary_of_shared_keys_agrees<T: EncoderOps>() {
    for sequences in layouts() {
        for (interleaved, pairs) in [(false, 3), (true, 3), (false, 2), (true, 1)] {
            let rotary_ = Rotary { interleaved, factor: 1.3, ..Rotary::new(100.0, 2 * pairs) };
            let spec = RotarySpec {
                heads: 4,
                key_value_heads: 2,
                rotary: rotary_,
                sequences: sequences.clone(),
                inverse: false,
            };
            compare::<T>(
                &format!("rotary of {pairs} pairs, {interleaved}, over {sequences:?}"),
                &[inner(sequences.rows(), 8 * 6, 1)],
                5e-6,
                |t| rotary(t[0].clone(), &spec),
                |t| wrap(composed::rotary::<Ad>(raw(t[0].clone()), &spec)),
            );
        }
    }
}

/// Causal attention whose heads share keys, with a cap and without: kernels, composed bodies, and what Burn makes of those.
fn attention_of_shared_keys_agrees<T: EncoderOps>() {
    for sequences in layouts() {
        for (window, softcap, dropout) in
            [(None, None, Dropout::OFF), (Some(3), None, Dropout::new(0.2, 11)), (None, Some(1.5), Dropout::OFF)]
        {
            let (heads, key_value_heads, scale, causal) = (6, 2, 0.4, true);
            let sequences = sequences.clone();
            let layout = sequences.clone();
            let spec =
                AttentionSpec { heads, key_value_heads, scale, window, causal, softcap, sequences: layout, dropout };
            agrees::<T>("attention of shared keys", &spec, 5);
        }
    }
}

fn attention_agrees<T: EncoderOps>() {
    for sequences in layouts() {
        for dropout in [Dropout::OFF, Dropout::new(0.2, 11)] {
            let window = dropout.is_off().then_some(4);
            let spec = AttentionSpec {
                heads: 3,
                key_value_heads: 3,
                scale: 0.4,
                window,
                causal: false,
                softcap: None,
                sequences: sequences.clone(),
                dropout,
            };
            agrees::<T>("attention", &spec, 5);
        }
    }
}

/// Kernels, composed bodies, and what Burn makes of those, with heads of so many columns.
fn agrees<T: EncoderOps>(what: &str, spec: &AttentionSpec, head_dim: usize) {
    let sequences = &spec.sequences;
    let qkv = inner(sequences.rows(), (spec.heads + 2 * spec.key_value_heads) * head_dim, 1);
    compare::<T>(
        &format!("{what} over {sequences:?}"),
        std::slice::from_ref(&qkv),
        2e-5,
        |t| tokens_only(attention(t[0].clone(), spec), sequences),
        |t| {
            let out = crate::ops::composed_attention::forward::<Ad>(raw(t[0].clone()), spec);
            tokens_only(wrap::<Ad, 2>(out), sequences)
        },
    );
    let g = tokens_only(inner(sequences.rows(), spec.heads * head_dim, 2), sequences);
    let (_, state) = T::fused_attention(up::<T, 2>(&qkv), spec);
    let kernel = T::fused_attention_backward(up::<T, 2>(&qkv), state, up::<T, 2>(&g), spec);
    let by_hand = crate::ops::composed_attention::backward::<Flex>(raw(qkv), raw(g), spec);
    close(&down::<T>(kernel), &wrap(by_hand), 2e-5, &format!("composed {what} backward"));
}

/// Distances from `-(n - 1)` on to rows of a table of `count`: exact near 0, then shared.
fn distances(n: usize, count: usize) -> Arc<[u32]> {
    let middle = count as i64 / 2;
    let row = |distance: i64| (middle + distance.clamp(-3, 3) + distance / 9).clamp(0, count as i64 - 1) as u32;
    (1 - n as i64..n as i64).map(row).collect()
}

fn relative_attention_agrees<T: EncoderOps>() {
    let (heads, head_dim, count) = (3, 5, 13);
    let hidden = heads * head_dim;
    for sequences in layouts() {
        for (kind, width) in [
            (RelativeKind::Bias, heads),
            (RelativeKind::Disentangled, 2 * hidden),
            // As where the values' columns follow.
            (RelativeKind::Disentangled, 3 * hidden),
        ] {
            for dropout in [Dropout::OFF, Dropout::new(0.2, 11)] {
                let relative = RelativeSpec { kind, rows: distances(sequences.max_len(), count) };
                let window = dropout.is_off().then_some(20);
                let spec = AttentionSpec {
                    heads,
                    key_value_heads: heads,
                    scale: 0.3,
                    window,
                    causal: false,
                    softcap: None,
                    sequences: sequences.clone(),
                    dropout,
                };
                let inputs = [inner(sequences.rows(), 3 * hidden, 1), inner(count, width, 2)];
                compare::<T>(
                    &format!("relative attention, {kind:?}, over {sequences:?}"),
                    &inputs,
                    3e-5,
                    |t| tokens_only(relative_attention(t[0].clone(), t[1].clone(), &relative, &spec), &sequences),
                    |t| {
                        let (qkv, table) = (raw(t[0].clone()), raw(t[1].clone()));
                        let out = crate::ops::composed_attention::relative_forward::<Ad>(qkv, table, &relative, &spec);
                        tokens_only(wrap::<Ad, 2>(out), &sequences)
                    },
                );
                let g = tokens_only(inner(sequences.rows(), hidden, 2), &sequences);
                let [qkv, table, gradient] = [&inputs[0], &inputs[1], &g].map(up::<T, 2>);
                let kernel = T::fused_relative_attention_backward(qkv, table, gradient, &relative, &spec);
                let [qkv, table] = inputs.map(raw);
                let composed =
                    crate::ops::composed_attention::relative_backward::<Flex>(qkv, table, raw(g), &relative, &spec);
                for (kernel, composed) in kernel.into_iter().zip(composed) {
                    close(&down::<T>(kernel), &wrap(composed), 3e-5, "composed relative attention backward");
                }
            }
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn any_attention_agrees(
        lengths in proptest::collection::vec(1usize..40, 1..6),
        key_value_heads in 1usize..4,
        group in 1usize..4,
        head_dim in 1usize..20,
        padding in proptest::option::of(0usize..5),
        window in proptest::option::of(0usize..50),
        causal in proptest::bool::ANY,
        softcap in proptest::option::of(0.5f64..20.0),
        probability in 0.0f64..0.9,
    ) {
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let sequences = Arc::new(match padding {
            None => Sequences::packed(lengths),
            Some(more) => Sequences::padded(lengths, longest + more),
        });
        let dropout = Dropout::new(probability, 3);
        let scale = 1.0 / (head_dim as f64).sqrt();
        let heads = key_value_heads * group;
        let spec =
            AttentionSpec { heads, key_value_heads, scale, window, causal, softcap, sequences: sequences.clone(), dropout };
        let qkv = inner(sequences.rows(), (heads + 2 * key_value_heads) * head_dim, 1);
        compare::<Flex>(
            "attention",
            &[qkv],
            1e-4,
            |t| tokens_only(attention(t[0].clone(), &spec), &sequences),
            |t| tokens_only(wrap(crate::ops::composed_attention::forward::<Ad>(raw(t[0].clone()), &spec)), &sequences),
        );
    }
}
