//! AdamW, norms of gradients, and sums of gradients that have only some rows.

use super::*;

on_each_backend!(adamw_agrees_and_skips_only_what_does_not_change, sums_of_squares_agree);

#[test]
fn gradients_of_rows_add_up() {
    let gradient = |ids: &[u32], seed| Gradient { values: raw(inner(ids.len(), 4, seed)), rows: Some(ids.into()) };
    let (a, b) = (gradient(&[1, 3, 6], 1), gradient(&[0, 3], 2));
    let sum = adamw::add::<Flex>(a.clone(), b.clone(), 7);
    assert_eq!(sum.rows.as_deref(), Some(&[0, 1, 3, 6][..]));
    let dense = |g: &Gradient<_>| -> Inner2 { wrap(adamw::dense::<Flex>(g.clone(), 7)) };
    close(&dense(&sum), &(dense(&a) + dense(&b)), 0.0, "sum of rows");
    let whole = Gradient { values: raw(inner(7, 4, 3)), rows: None };
    let sum = adamw::add::<Flex>(a.clone(), whole.clone(), 7);
    assert!(sum.rows.is_none());
    close(&dense(&sum), &(dense(&a) + dense(&whole)), 0.0, "sum of rows and a whole table");
}

/// A parameter of `rows` x 9 at the start of a run.
fn slot<B: Backend>(rows: usize, weight_decay: f64) -> AdamWSlot<FloatTensor<B>> {
    let parameter = up::<B, 2>(&inner(rows, 9, 1));
    let moments = adamw::zero_moments::<B>(&parameter);
    AdamWSlot { parameter, gradient: None, moments, weight_decay, learning_rate_scale: 0.5, touched: vec![false; rows] }
}

fn adamw_agrees_and_skips_only_what_does_not_change<T: EncoderOps>() {
    let step =
        |n| AdamWStep { learning_rate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: n, gradient_scale: 0.5 };
    let clip = Tensor::<Flex, 1>::from_data([0.25f32], &Default::default());
    let by_rows: [&[u32]; 4] = [&[2, 5], &[5, 6], &[0], &[]];
    for (weight_decay, clips) in [(0.0, false), (0.1, true)] {
        let mut kernels = [200, 7, 3].map(|rows| slot::<T>(rows, weight_decay)).into_iter().collect::<Vec<_>>();
        let mut composed = [200, 7, 3].map(|rows| slot::<Flex>(rows, weight_decay)).into_iter().collect::<Vec<_>>();
        for (n, ids) in by_rows.into_iter().enumerate() {
            let dense = inner(200, 9, 10 + n as u32);
            let rows = inner(ids.len().max(1), 9, 20 + n as u32);
            kernels[0].gradient = Some(Gradient { values: up::<T, 2>(&dense), rows: None });
            composed[0].gradient = Some(Gradient { values: raw(dense), rows: None });
            if !ids.is_empty() {
                kernels[1].gradient = Some(Gradient { values: up::<T, 2>(&rows), rows: Some(ids.into()) });
                composed[1].gradient = Some(Gradient { values: raw(rows), rows: Some(ids.into()) });
            }
            let step = step(n as i32 + 1);
            kernels = T::fused_adamw(kernels, &step, clips.then(|| up::<T, 1>(&clip)));
            let clip = clips.then(|| raw(clip.clone()));
            composed = composed.into_iter().map(|slot| composed::adamw::<Flex>(slot, &step, clip.as_ref())).collect();
            for (a, b) in kernels.iter().zip(&composed) {
                close(&down::<T>(a.parameter.clone()), &wrap(b.parameter.clone()), 1e-6, "parameter");
                close(&down::<T>(a.moments.0.clone()), &wrap(b.moments.0.clone()), 1e-6, "first moment");
                close(&down::<T>(a.moments.1.clone()), &wrap(b.moments.1.clone()), 1e-6, "second moment");
            }
        }
        assert_eq!(kernels[1].touched, [true, false, true, false, false, true, true], "rows with a gradient");
        close(&down::<T>(kernels[2].parameter.clone()), &inner(3, 9, 1), 0.0, "a parameter without a gradient");
    }
}

fn sums_of_squares_agree<T: EncoderOps>() {
    let tensors = [inner(7, 9, 1), inner(300, 100, 2), inner(1, 1, 3)];
    let expected = composed::sum_of_squares::<Flex>(tensors.clone().map(raw).into());
    let squares = T::sum_of_squares(tensors.iter().map(up::<T, 2>).collect());
    assert!((squares - expected).abs() < 1e-5 * expected, "{squares} {expected}");
    let norm = T::gradient_norm(tensors.iter().map(up::<T, 2>).collect());
    let value = norm.value::<T>();
    assert!((value - expected.sqrt()).abs() < 1e-5 * value, "{value}");
    // Far below the norm, and far above it.
    for max_norm in [1.0, 1e6] {
        let factor = match norm.clip_factor::<T>(max_norm) {
            ClipFactor::Host(factor) => factor,
            ClipFactor::Device(factor) => wrap::<T, 1>(factor).into_data().iter::<f64>().sum(),
        };
        assert!((factor - (max_norm / value).min(1.0)).abs() < 1e-5 * factor, "{factor}");
    }
    assert!(matches!(norm.clip_factor::<T>(0.0), ClipFactor::Host(factor) if factor == 1.0));
}
