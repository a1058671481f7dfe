//! AdamW over all parameters in one pass, in place, and the norm of all gradients in another.

use burn::tensor::TensorMetadata;
use burn_flex::FlexTensor;

use super::buffer::{dense, elements, elements_mut};
use super::math::row_sum;
use super::simd::kernel;
use super::sizes::{CHUNK, ROWS};
use super::threads::Parallel;
use crate::ops::adamw::Factors;
use crate::ops::adamw::{AdamWSlot, AdamWStep, Gradient};

/// An element's update from its scaled gradient.
#[inline(always)]
fn update(p: &mut f32, g: f32, m: &mut f32, v: &mut f32, f: &Factors) {
    *m += f.rate1 * (g - *m);
    *v = f.beta2 * *v + f.rate2 * g * g;
    *p = *p * f.decay - f.step_size * *m / (v.sqrt() / f.root_correction + f.epsilon);
}

kernel! {
    fn step_kernel(p: &'k mut [f32], g: &'k [f32], m: &'k mut [f32], v: &'k mut [f32], f: Factors) {
        for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m.iter_mut()).zip(v.iter_mut()) {
            update(p, g * f.gradient_scale, m, v, &f);
        }
    }
}

kernel! {
    /// Rows whose gradient is 0.
    fn still_kernel(p: &'k mut [f32], m: &'k mut [f32], v: &'k mut [f32], f: Factors) {
        let g = 0.0 * f.gradient_scale;
        for ((p, m), v) in p.iter_mut().zip(m.iter_mut()).zip(v.iter_mut()) {
            update(p, g, m, v, &f);
        }
    }
}

kernel! {
    fn decay_kernel(p: &'k mut [f32], decay: f32) {
        for p in p.iter_mut() {
            *p *= decay;
        }
    }
}

kernel! {
    /// Short runs in f32, their sums in f64.
    fn squares_kernel(x: &'k [f32]) -> f64 {
        x.chunks(1024).map(|c| f64::from(row_sum(c, |v| v * v))).sum()
    }
}

/// Elements of a parameter, and what belongs to them.
struct Piece<'a> {
    parameter: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    factors: Factors,
    gradient: PieceGradient<'a>,
}

enum PieceGradient<'a> {
    Dense(&'a [f32]),
    /// Of a row of `columns`: the gradient's row plus 1, or 0; and whether it ever had one.
    Rows {
        values: &'a [f32],
        columns: usize,
        row_of: &'a [u32],
        touched: &'a [bool],
    },
}

impl Piece<'_> {
    fn step(self) {
        let Self { parameter, first, second, factors, gradient } = self;
        let (values, columns, row_of, touched) = match gradient {
            PieceGradient::Dense(gradient) => return step_kernel(parameter, gradient, first, second, factors),
            PieceGradient::Rows { values, columns, row_of, touched } => (values, columns, row_of, touched),
        };
        let rows = parameter
            .chunks_exact_mut(columns)
            .zip(first.chunks_exact_mut(columns))
            .zip(second.chunks_exact_mut(columns))
            .zip(row_of.iter().zip(touched));
        for (((p, m), v), (&row, &touched)) in rows {
            if row > 0 {
                let start = (row as usize - 1) * columns;
                step_kernel(p, &values[start..start + columns], m, v, factors);
            } else if touched || !factors.gradient_scale.is_finite() {
                still_kernel(p, m, v, factors);
            } else if factors.decay != 1.0 {
                decay_kernel(p, factors.decay);
            }
        }
    }
}

pub(super) fn step(
    mut slots: Vec<AdamWSlot<FlexTensor>>,
    step: &AdamWStep,
    clip: Option<FlexTensor>,
) -> Vec<AdamWSlot<FlexTensor>> {
    let clip = clip.map_or(1.0, |clip| elements(&dense(clip))[0]);
    let step = &AdamWStep { gradient_scale: step.gradient_scale * clip, ..*step };
    slots.iter_mut().for_each(AdamWSlot::touch);
    let gradients: Vec<Option<Gradient<FlexTensor>>> = slots
        .iter_mut()
        .map(|slot| slot.gradient.take())
        .map(|gradient| gradient.map(|g| Gradient { values: dense(g.values), ..g }))
        .collect();
    let row_maps: Vec<Vec<u32>> = slots.iter().zip(&gradients).map(|(slot, g)| row_map(slot, g.as_ref())).collect();
    let mut pieces = Vec::new();
    for ((slot, gradient), row_of) in slots.iter_mut().zip(&gradients).zip(&row_maps) {
        let Some(gradient) = gradient else { continue };
        let factors = Factors::new(step, slot.weight_decay, slot.learning_rate_scale);
        let parameter = elements_mut(&mut slot.parameter);
        let moments = (elements_mut(&mut slot.moments.0), elements_mut(&mut slot.moments.1));
        let values = elements(&gradient.values);
        if gradient.rows.is_none() {
            let parts = parameter.chunks_mut(CHUNK).zip(values.chunks(CHUNK));
            let moments = moments.0.chunks_mut(CHUNK).zip(moments.1.chunks_mut(CHUNK));
            pieces.extend(parts.zip(moments).map(|((parameter, values), (first, second))| Piece {
                parameter,
                first,
                second,
                factors,
                gradient: PieceGradient::Dense(values),
            }));
        } else {
            let columns = parameter.len() / row_of.len();
            let parts = parameter.chunks_mut(columns * ROWS).zip(row_of.chunks(ROWS).zip(slot.touched.chunks(ROWS)));
            let moments = moments.0.chunks_mut(columns * ROWS).zip(moments.1.chunks_mut(columns * ROWS));
            pieces.extend(parts.zip(moments).map(|((parameter, (row_of, touched)), (first, second))| Piece {
                parameter,
                first,
                second,
                factors,
                gradient: PieceGradient::Rows { values, columns, row_of, touched },
            }));
        }
    }
    pieces.into_iter().par_for_each(Piece::step);
    slots
}

/// The gradient's row of each of the parameter's rows, plus 1; empty for dense gradients.
fn row_map(slot: &AdamWSlot<FlexTensor>, gradient: Option<&Gradient<FlexTensor>>) -> Vec<u32> {
    let Some(gradient) = gradient else { return Vec::new() };
    let Some(ids) = &gradient.rows else { return Vec::new() };
    let mut row_of = vec![0; slot.parameter.shape()[0]];
    for (place, &id) in ids.iter().enumerate() {
        row_of[id as usize] = place as u32 + 1;
    }
    row_of
}

pub(super) fn sum_of_squares(gradients: Vec<FlexTensor>) -> f64 {
    let gradients: Vec<FlexTensor> = gradients.into_iter().map(dense).collect();
    let pieces: Vec<&[f32]> = gradients.iter().flat_map(|x| elements(x).chunks(CHUNK)).collect();
    let parts: Vec<f64> = pieces.into_iter().par_map(squares_kernel);
    parts.iter().sum()
}
