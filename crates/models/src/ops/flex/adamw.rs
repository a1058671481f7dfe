//! AdamW in place, and the gradient's sum of squares.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::buffer::{dense, elements, elements_mut};
use super::math::row_sum;
use super::{CHUNK, simd};
use crate::ops::AdamWStep;

pub(super) fn step(
    mut parameter: FlexTensor,
    gradient: FlexTensor,
    moments: (FlexTensor, FlexTensor),
    step: &AdamWStep,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let gradient = dense(gradient);
    let (mut first, mut second) = moments;
    let correction1 = 1.0 - step.beta1.powi(step.step);
    let correction2 = 1.0 - step.beta2.powi(step.step);
    let decay = (1.0 - step.learning_rate * step.weight_decay) as f32;
    let (rate1, rate2) = ((1.0 - step.beta1) as f32, (1.0 - step.beta2) as f32);
    let beta2 = step.beta2 as f32;
    let step_size = (step.learning_rate / correction1) as f32;
    let root_correction = correction2.sqrt() as f32;
    let (epsilon, gradient_scale) = (step.epsilon as f32, step.gradient_scale);
    elements_mut(&mut parameter)
        .par_chunks_mut(CHUNK)
        .zip(elements(&gradient).par_chunks(CHUNK))
        .zip(elements_mut(&mut first).par_chunks_mut(CHUNK))
        .zip(elements_mut(&mut second).par_chunks_mut(CHUNK))
        .for_each(|(((p, g), m), v)| {
            simd::run(|| {
                for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m.iter_mut()).zip(v.iter_mut()) {
                    let g = g * gradient_scale;
                    *m += rate1 * (g - *m);
                    *v = (beta2 * *v) + rate2 * g * g;
                    *p = *p * decay - step_size * *m / (v.sqrt() / root_correction + epsilon);
                }
            });
        });
    (parameter, first, second)
}

pub(super) fn sum_of_squares(x: FlexTensor) -> f64 {
    let x = dense(x);
    // Short runs in f32, their sums in f64.
    let parts: Vec<f64> = elements(&x)
        .par_chunks(CHUNK)
        .map(|chunk| simd::run(|| chunk.chunks(1024).map(|c| f64::from(row_sum(c, |v| v * v))).sum()))
        .collect();
    parts.iter().sum()
}
