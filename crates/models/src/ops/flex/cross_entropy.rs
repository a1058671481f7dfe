//! Cross-entropy. A few numbers a row: plain code, in f64.

use burn_flex::FlexTensor;

use super::buffer::{Buffer, dense, dims2, elements, tensor};
use crate::ops::class_targets::ClassTargets;

/// log(sum(exp(row))), shifted by the largest so that it cannot overflow.
fn log_sum_exp(row: &[f32]) -> f64 {
    let highest = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    highest + row.iter().map(|&x| (f64::from(x) - highest).exp()).sum::<f64>().ln()
}

pub(super) fn forward(logits: FlexTensor, targets: &ClassTargets) -> FlexTensor {
    let logits = dense(logits);
    let rows = elements(&logits).chunks_exact(dims2(&logits)[1]);
    let smoothing = targets.label_smoothing;
    let sum: f64 = rows
        .zip(&*targets.classes)
        .map(|(row, &class)| {
            let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / row.len() as f64;
            let loss = log_sum_exp(row) - (1.0 - smoothing) * f64::from(row[class as usize]) - smoothing * mean;
            targets.weight(class) * loss
        })
        .sum();
    let mut loss = Buffer::new(1);
    loss[0] = (sum / targets.divisor) as f32;
    tensor(loss, [1])
}

pub(super) fn backward(logits: FlexTensor, g: FlexTensor, targets: &ClassTargets) -> FlexTensor {
    let (logits, g) = (dense(logits), dense(g));
    let [rows, classes] = dims2(&logits);
    let scale = f64::from(elements(&g)[0]) / targets.divisor;
    let mut gradient = Buffer::new(rows * classes);
    let rows_of = elements(&logits).chunks_exact(classes).zip(gradient.chunks_exact_mut(classes));
    for ((row, gradient), &class) in rows_of.zip(&*targets.classes) {
        let normaliser = log_sum_exp(row);
        let scale = scale * targets.weight(class);
        for (i, (gradient, &x)) in gradient.iter_mut().zip(row).enumerate() {
            let one_hot = if i == class as usize { 1.0 - targets.label_smoothing } else { 0.0 };
            let target = one_hot + targets.label_smoothing / classes as f64;
            *gradient = (scale * ((f64::from(x) - normaliser).exp() - target)) as f32;
        }
    }
    tensor(gradient, [rows, classes])
}
