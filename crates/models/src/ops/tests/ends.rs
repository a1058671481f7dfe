//! Where a model begins and ends: embeddings and cross-entropy.

use super::*;

on_each_backend!(embedding_agrees, cross_entropy_agrees);

/// A gradient of the rows `ids` of a table of `rows`, as the whole table.
fn whole(values: Inner2, ids: &[u32], rows: usize) -> Inner2 {
    wrap(adamw::dense::<Flex>(Gradient { values: raw(values), rows: Some(ids.into()) }, rows))
}

fn embedding_agrees<T: EncoderOps>() {
    let rows: [(&[u32], &[u8]); 3] = [(&[1, 4, 4], &[0, 0, 1]), (&[2], &[0]), (&[4, 0], &[0, 1])];
    for pad_to in [None, Some(0), Some(5)] {
        let batch = TokenBatch::new(&rows, 3, pad_to, 0);
        let ids = batch.distinct_tokens().ids.clone();
        let tables = [inner(6, 8, 1), inner(7, 8, 2), inner(2, 8, 3)];
        let mut fused = run::<Autodiff<T>>(&tables, |t| embed(t[0].clone(), t[1].clone(), t[2].clone(), &batch));
        let composed = run::<Ad>(&tables, |t| {
            let [w, p, s] = [0, 1, 2].map(|i| raw(t[i].clone()));
            wrap(composed::embed::<Ad>(w, p, s, &batch))
        });
        assert_eq!(fused[1].dims(), [ids.len(), 8], "only the rows of the batch");
        fused[1] = whole(fused[1].clone(), &ids, 6);
        for (a, b) in fused.iter().zip(&composed) {
            close(a, b, 1e-5, "embedding");
        }
        let g = inner(batch.input_ids.len(), 8, 4);
        let kernel = T::fused_embed_backward(up::<T, 2>(&g), [7, 2], &batch);
        let by_hand = composed::embed_backward::<Flex>(raw(g), [7, 2], &batch);
        for (a, b) in kernel.into_iter().zip(by_hand) {
            close(&down::<T>(a), &wrap(b), 1e-5, "composed embedding backward");
        }
    }
}

fn cross_entropy_agrees<T: EncoderOps>() {
    for (rows, classes, label_smoothing, is_weighted) in
        [(1, 2, 0.0, false), (3, 2, 0.0, true), (7, 3, 0.1, false), (32, 5, 0.0, true), (2, 1, 0.0, false)]
    {
        let classes_of = (0..rows).map(|i| (i * 7 % classes) as u32).collect();
        let class_weights = is_weighted.then(|| (0..classes).map(|class| 0.5 + class as f64).collect());
        let targets = ClassTargets { classes: classes_of, divisor: 9.0, label_smoothing, class_weights };
        let logits = inner(rows, classes, 1) * 3.0;
        compare::<T>(
            "cross-entropy",
            std::slice::from_ref(&logits),
            1e-6,
            |t| cross_entropy(t[0].clone(), &targets).unsqueeze(),
            |t| wrap::<Ad, 1>(composed::cross_entropy::<Ad>(raw(t[0].clone()), &targets)).unsqueeze(),
        );
        let g = Tensor::<Flex, 1>::from_data([0.7f32], &Default::default());
        let kernel = T::fused_cross_entropy_backward(up::<T, 2>(&logits), up::<T, 1>(&g), &targets);
        let by_hand = composed::cross_entropy_backward::<Flex>(raw(logits), raw(g), &targets);
        close(&down::<T>(kernel), &wrap(by_hand), 1e-6, "composed cross-entropy backward");
    }
}
