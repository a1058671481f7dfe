//! AdamW in place, and the gradient's sum of squares.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::CHUNK;
use super::buffer::{dense, elements, elements_mut};
use super::math::row_sum;
use super::simd::kernel;
use crate::ops::AdamWStep;

/// The numbers of a step in f32.
#[derive(Clone, Copy)]
struct Factors {
    decay: f32,
    rate1: f32,
    rate2: f32,
    beta2: f32,
    step_size: f32,
    root_correction: f32,
    epsilon: f32,
    gradient_scale: f32,
}

kernel! {
    fn step_kernel(p: &'k mut [f32], g: &'k [f32], m: &'k mut [f32], v: &'k mut [f32], f: Factors) {
        for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m.iter_mut()).zip(v.iter_mut()) {
            let g = g * f.gradient_scale;
            *m += f.rate1 * (g - *m);
            *v = f.beta2 * *v + f.rate2 * g * g;
            *p = *p * f.decay - f.step_size * *m / (v.sqrt() / f.root_correction + f.epsilon);
        }
    }
}

kernel! {
    /// Short runs in f32, their sums in f64.
    fn squares_kernel(x: &'k [f32]) -> f64 {
        x.chunks(1024).map(|c| f64::from(row_sum(c, |v| v * v))).sum()
    }
}

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
    let factors = Factors {
        decay: (1.0 - step.learning_rate * step.weight_decay) as f32,
        rate1: (1.0 - step.beta1) as f32,
        rate2: (1.0 - step.beta2) as f32,
        beta2: step.beta2 as f32,
        step_size: (step.learning_rate / correction1) as f32,
        root_correction: correction2.sqrt() as f32,
        epsilon: step.epsilon as f32,
        gradient_scale: step.gradient_scale,
    };
    elements_mut(&mut parameter)
        .par_chunks_mut(CHUNK)
        .zip(elements(&gradient).par_chunks(CHUNK))
        .zip(elements_mut(&mut first).par_chunks_mut(CHUNK))
        .zip(elements_mut(&mut second).par_chunks_mut(CHUNK))
        .for_each(|(((p, g), m), v)| step_kernel(p, g, m, v, factors));
    (parameter, first, second)
}

pub(super) fn sum_of_squares(x: FlexTensor) -> f64 {
    let x = dense(x);
    let parts: Vec<f64> = elements(&x).par_chunks(CHUNK).map(squares_kernel).collect();
    parts.iter().sum()
}
