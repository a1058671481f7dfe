//! Burn's graphs of all threads lie in one place. What one thread ends must not take from another's.

use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Tensor;
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use models::ops;

type Ad = Autodiff<Flex>;

fn learned(values: [f32; 2]) -> Tensor<Ad, 1> {
    Tensor::<Ad, 1>::from_floats(values, &Default::default()).require_grad()
}

#[test]
fn gradients_are_whole_while_another_thread_ends_its_passes() {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    let w = learned([1.0, 2.0]);
                    drop((w.clone() * w).sum().backward());
                }
            });
        }
        let (a, b) = (learned([1.0, 2.0]), learned([3.0, 4.0]));
        // From the second pass on the parameters are no part of the graph.
        let mut lost = 0;
        for _ in 0..20_000 {
            let parts = vec![a.clone() * 2.0, b.clone() * 3.0];
            let grads = ops::cat(parts, 0).sum().backward();
            lost += u32::from(a.grad(&grads).is_none() || b.grad(&grads).is_none());
        }
        ended.store(true, Ordering::Relaxed);
        assert_eq!(lost, 0, "passes that lost a gradient");
    });
}
