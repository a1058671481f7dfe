//! Products: linear layers, and batches of matrices.

use super::*;

on_each_backend!(linear_agrees, products_agree);

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
