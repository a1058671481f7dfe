//! Normalisation: of layers, by the root mean square; alone and after dropout and a residual sum.

use super::*;

on_each_backend!(layer_norm_agrees, rms_norm_agrees, dropout_and_add_norm_agree);

pub(in crate::ops) fn layer_norm_agrees<T: EncoderOps>() {
    for (rows, columns, _) in SIZES.into_iter().filter(|(_, columns, _)| *columns > 1) {
        let x = [inner(rows, columns, 1), inner(1, columns, 2), inner(1, columns, 3)];
        compare::<T>(
            "layer norm",
            &x,
            2e-5,
            |t| layer_norm(t[0].clone(), vector(&t[1]), vector(&t[2]), 1e-12),
            |t| {
                let [gamma, beta] = [1, 2].map(|i| raw(vector(&t[i])));
                wrap(composed::layer_norm::<Ad>(raw(t[0].clone()), gamma, beta, 1e-12))
            },
        );
        let (gamma, g) = (x[1].clone().reshape([-1]) as Tensor<Flex, 1>, inner(rows, columns, 4));
        let kernel = T::fused_layer_norm_backward(up::<T, 2>(&x[0]), up::<T, 1>(&gamma), up::<T, 2>(&g), 1e-12);
        let by_hand = composed::layer_norm_backward::<Flex>(raw(x[0].clone()), raw(gamma), raw(g), 1e-12);
        for (a, b) in kernel.into_iter().zip(by_hand) {
            close(&row::<T>(a), &row::<Flex>(b), 2e-5, "composed layer norm backward");
        }
    }
}

fn rms_norm_agrees<T: EncoderOps>() {
    for (rows, columns, _) in SIZES {
        let x = [inner(rows, columns, 1), inner(1, columns, 2)];
        compare::<T>(
            "rms norm",
            &x,
            2e-5,
            |t| rms_norm(t[0].clone(), vector(&t[1]), 1e-6),
            |t| wrap(composed::rms_norm::<Ad>(raw(t[0].clone()), raw(vector(&t[1])), 1e-6)),
        );
        let (gamma, g) = (x[1].clone().reshape([-1]) as Tensor<Flex, 1>, inner(rows, columns, 4));
        let kernel = T::fused_rms_norm_backward(up::<T, 2>(&x[0]), up::<T, 1>(&gamma), up::<T, 2>(&g), 1e-6);
        let by_hand = composed::rms_norm_backward::<Flex>(raw(x[0].clone()), raw(gamma), raw(g), 1e-6);
        for (a, b) in kernel.into_iter().zip(by_hand) {
            close(&row::<T>(a), &row::<Flex>(b), 2e-5, "composed rms norm backward");
        }
    }
}

fn dropout_and_add_norm_agree<T: EncoderOps>() {
    for sequences in layouts() {
        let row_dropout = RowDropout { dropout: Dropout::new(0.3, 7), sequences: sequences.clone() };
        let x: Vec<Inner2> = [(sequences.rows(), 1), (sequences.rows(), 2), (1, 3), (1, 4), (1, 5)]
            .map(|(r, s)| inner(r, 24, s))
            .to_vec();
        compare::<T>(
            "dropout",
            &x[..1],
            1e-6,
            |t| dropout(t[0].clone(), row_dropout.dropout.clone(), &sequences),
            |t| wrap(composed::dropout::<Ad>(raw(t[0].clone()), &row_dropout)),
        );
        for dropout in [row_dropout.dropout.clone(), Dropout::OFF] {
            let row_dropout = RowDropout { dropout, sequences: sequences.clone() };
            compare::<T>(
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
            let gamma: Tensor<Flex, 1> = x[2].clone().reshape([-1]);
            let (sum, g) = (&x[0], &x[1]);
            let kernel =
                T::fused_add_norm_backward(up::<T, 2>(sum), up::<T, 1>(&gamma), up::<T, 2>(g), 1e-12, &row_dropout);
            let (sum, g) = (raw(sum.clone()), raw(g.clone()));
            let by_hand = composed::add_norm_backward::<Flex>(sum, raw(gamma), g, 1e-12, &row_dropout);
            for (a, b) in kernel.into_iter().zip(by_hand) {
                close(&row::<T>(a), &row::<Flex>(b), 2e-5, "composed add norm backward");
            }
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn any_norm_agrees(
        lengths in proptest::collection::vec(1usize..30, 1..6),
        columns in 8usize..150,
        probability in 0.0f64..0.9,
    ) {
        let sequences = Arc::new(Sequences::packed(lengths));
        let rows = sequences.rows();
        let dropout = RowDropout { dropout: Dropout::new(probability, 5), sequences };
        let sizes = [(rows, 1), (rows, 2), (1, 3), (1, 4), (1, 5)];
        let x = sizes.map(|(rows, seed)| inner(rows, columns, seed));
        compare::<Flex>(
            "add norm",
            &x,
            1e-3,
            |t| {
                let [gamma, beta, bias] = [2, 3, 4].map(|i| vector(&t[i]));
                add_norm(t[0].clone(), bias, t[1].clone(), gamma, beta, 1e-5, &dropout)
            },
            |t| {
                let [gamma, beta, bias] = [2, 3, 4].map(|i| raw(vector(&t[i])));
                let [x, residual] = [0, 1].map(|i| raw(t[i].clone()));
                wrap(composed::add_norm::<Ad>(x, bias, residual, gamma, beta, 1e-5, &dropout).0)
            },
        );
    }
}
