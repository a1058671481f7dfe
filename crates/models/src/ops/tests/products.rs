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
            composed::linear_backward::<Flex>(raw(x[0].clone()), raw(x[1].clone()), raw(g.clone()), (true, true));
        let (x, w, g) = (up::<T, 2>(&x[0]), up::<T, 2>(&x[1]), up::<T, 2>(&g));
        let kernel = T::fused_linear_backward(x, w, g, (true, true), Precision::F32);
        close(&down::<T>(kernel.0.unwrap()), &wrap(by_hand.0.unwrap()), 2e-5, "composed linear dx");
        close(&down::<T>(kernel.1), &wrap(by_hand.1), 2e-5, "composed linear dw");
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
