//! Activations, and the masks of dropout.

use super::*;

on_each_backend!(bias_activation_agrees, gated_activation_agrees, masks_are_those_of_the_cpu);

const FORMS: [ActivationForm; 4] =
    [ActivationForm::Gelu, ActivationForm::GeluTanh, ActivationForm::Silu, ActivationForm::Relu];

fn bias_activation_agrees<T: EncoderOps>() {
    for ((rows, columns, _), form) in SIZES.into_iter().flat_map(|size| FORMS.map(|form| (size, form))) {
        let x = [inner(rows, columns, 1) * 2.0, inner(1, columns, 3)];
        compare::<T>(
            &format!("bias and gelu, {form:?}"),
            &x,
            5e-6,
            |t| bias_activation(t[0].clone(), vector(&t[1]), form),
            |t| wrap(composed_activation::bias_activation::<Ad>(raw(t[0].clone()), raw(vector(&t[1])), form).0),
        );
        let (sum, g) = (&x[0], &inner(rows, columns, 2));
        let [dx, db] = T::fused_bias_activation_backward(up::<T, 2>(sum), up::<T, 2>(g), form);
        let [expected_dx, expected_db] =
            composed_activation::bias_activation_backward::<Flex>(raw(sum.clone()), raw(g.clone()), form);
        close(&down::<T>(dx), &wrap(expected_dx), 1e-6, "composed bias and gelu backward");
        close(&row::<T>(db), &row::<Flex>(expected_db), 5e-6, "composed bias gradient");
    }
}

fn gated_activation_agrees<T: EncoderOps>() {
    for ((rows, columns, _), form) in SIZES.into_iter().flat_map(|size| FORMS.map(|form| (size, form))) {
        let x = inner(rows, 2 * columns, 1) * 2.0;
        compare::<T>(
            &format!("gated gelu, {form:?}"),
            std::slice::from_ref(&x),
            5e-6,
            |t| gated_activation(t[0].clone(), form),
            |t| wrap(composed_activation::gated_activation::<Ad>(raw(t[0].clone()), form)),
        );
        let g = inner(rows, columns, 2);
        let kernel = T::fused_gated_activation_backward(up::<T, 2>(&x), up::<T, 2>(&g), form);
        let composed = composed_activation::gated_activation_backward::<Flex>(raw(x), raw(g), form);
        close(&down::<T>(kernel), &wrap(composed), 5e-6, "composed gated gelu");
    }
}

/// Bit for bit the CPU's masks, for odd widths and keys that fill both halves.
fn masks_are_those_of_the_cpu<T: EncoderOps>() {
    for sequences in layouts().into_iter().map(|s| Arc::new(Sequences::clone(&s).with_first_example(70_000))) {
        for (columns, key) in [(24, 7), (33, u64::MAX - 5)] {
            let dropout = RowDropout { dropout: Dropout::new(0.3, key), sequences: sequences.clone() };
            let ones = inner(sequences.rows(), columns, 1).ones_like();
            let kernel = down::<T>(T::fused_dropout(up::<T, 2>(&ones), &dropout));
            close(&kernel, &wrap(composed::dropout::<Flex>(raw(ones), &dropout)), 0.0, "mask of rows");
        }
        let dropout = Dropout::new(0.4, u64::MAX / 3);
        let spec = AttentionSpec {
            heads: 3,
            key_value_heads: 3,
            scale: 1.0,
            window: None,
            causal: false,
            softcap: None,
            sequences,
            dropout,
        };
        let kernel = T::attention_dropout_mask(&spec, &Default::default());
        let expected = crate::ops::composed_attention::probability_factors::<Flex>(&spec, &Default::default());
        close(&row::<T>(kernel), &row::<Flex>(expected), 0.0, "mask of probabilities");
    }
}
