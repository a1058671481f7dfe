//! Products: linear layers, and batches of matrices.

use super::*;

on_each_backend!(linear_agrees, products_agree, products_of_low_rank_agree);

fn linear_agrees<T: EncoderOps>() {
    for (rows, inputs, outputs) in SIZES {
        let x = [inner(rows, inputs, 1), inner(outputs, inputs, 2), inner(1, outputs, 3)];
        compare::<T>(
            &format!("linear {rows} x {inputs} x {outputs}"),
            &x,
            2e-5,
            |t| linear(t[0].clone(), t[1].clone(), Some(vector(&t[2])), Precision::F32),
            |t| wrap(composed::linear::<Ad>(raw(t[0].clone()), raw(t[1].clone()), Some(raw(vector(&t[2]))))),
        );
        compare::<T>(
            "linear without bias",
            &x[..2],
            2e-5,
            |t| linear(t[0].clone(), t[1].clone(), None, Precision::F32),
            |t| wrap(composed::linear::<Ad>(raw(t[0].clone()), raw(t[1].clone()), None)),
        );
        let g = inner(rows, outputs, 4);
        let by_hand =
            composed::linear_backward::<Flex>(Some(raw(x[0].clone())), Some(raw(x[1].clone())), raw(g.clone()), true);
        // Each gradient that is not asked for leaves the others as they are.
        for asked in 0..8 {
            let [dx, dw, db] = [1, 2, 4].map(|bit| asked & bit != 0);
            let (x, w) = (dw.then(|| up::<T, 2>(&x[0])), dx.then(|| up::<T, 2>(&x[1])));
            let kernel = T::fused_linear_backward(x, w, up::<T, 2>(&g), db, Precision::F32);
            for (i, (kernel, by_hand)) in kernel.into_iter().zip(&by_hand).enumerate() {
                assert_eq!(kernel.is_some(), [dx, dw, db][i], "composed linear, gradient {i}");
                if let (Some(kernel), Some(by_hand)) = (kernel, by_hand) {
                    close(&row::<T>(kernel), &row::<Flex>(by_hand.clone()), 2e-5, "composed linear, by hand");
                }
            }
        }
    }
}

/// Batches of matrices, an axis of 1 among them, as attention with relative positions has.
fn products_agree<T: EncoderOps>() {
    let product = |x: &[Tensor<Ad, 2>]| {
        let (a, b) = (x[0].clone().reshape([2, 3, 4, 5]), x[1].clone().reshape([1, 3, 5, 7]));
        a.matmul(b).reshape([24, 7])
    };
    let inputs = [inner(24, 5, 1), inner(15, 7, 2)];
    compare::<T>(
        "batched products",
        &inputs,
        1e-5,
        |x| matmul(x[0].clone().reshape([2, 3, 4, 5]), x[1].clone().reshape([1, 3, 5, 7])).reshape([24, 7]),
        |x| product(&x),
    );
}

fn products_of_low_rank_agree<T: EncoderOps>() {
    for (rows, columns, first_column, outputs, rank) in
        [(1, 1, 0, 1, 1), (3, 16, 0, 16, 2), (65, 96, 32, 32, 8), (130, 33, 16, 17, 3), (200, 192, 128, 64, 16)]
    {
        let inputs = [inner(rows, columns, 1), inner(rows, rank, 2), inner(outputs, rank, 3)];
        let spec = LowRankSpec { first_column, scaling: 0.7 };
        compare::<T>(
            &format!("{rows} x {columns}, rank {rank}"),
            &inputs,
            2e-5,
            |t| add_low_rank(t[0].clone(), t[1].clone(), t[2].clone(), spec),
            |t| wrap(composed::add_low_rank::<Ad>(raw(t[0].clone()), raw(t[1].clone()), raw(t[2].clone()), spec)),
        );
        // Each gradient that is not asked for leaves the other as it is.
        let (g, shape) = (inner(rows, columns, 4), [outputs, rank]);
        let all = [&inputs[1], &inputs[2]].map(|factor| Some(raw(factor.clone())));
        let [h, b] = all;
        let by_hand = composed::add_low_rank_backward::<Flex>(h, b, raw(g.clone()), spec, shape);
        for asked in 0..4 {
            let h = (asked & 2 != 0).then(|| up::<T, 2>(&inputs[1]));
            let b = (asked & 1 != 0).then(|| up::<T, 2>(&inputs[2]));
            let kernel = T::fused_add_low_rank_backward(h, b, up::<T, 2>(&g), spec, shape);
            for (i, (kernel, by_hand)) in kernel.into_iter().zip(&by_hand).enumerate() {
                assert_eq!(kernel.is_some(), asked & (1 << i) != 0, "gradient {i}");
                if let (Some(kernel), Some(by_hand)) = (kernel, by_hand) {
                    close(&row::<T>(kernel), &row::<Flex>(by_hand.clone()), 2e-5, "low rank, by hand");
                }
            }
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn any_linear_agrees(rows in 1usize..70, inputs in 1usize..70, outputs in 1usize..70) {
        let x = [inner(rows, inputs, 1), inner(outputs, inputs, 2), inner(1, outputs, 3)];
        compare::<Flex>(
            "linear",
            &x,
            5e-5,
            |t| linear(t[0].clone(), t[1].clone(), Some(vector(&t[2])), Precision::F32),
            |t| wrap(composed::linear::<Ad>(raw(t[0].clone()), raw(t[1].clone()), Some(raw(vector(&t[2]))))),
        );
    }
}
