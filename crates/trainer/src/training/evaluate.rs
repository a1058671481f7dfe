//! Logits of a whole split in dataset order, and its loss.

use std::time::Instant;

use burn::tensor::backend::Backend;
use models::head::{SequenceClassifier, Targets};
use models::ops::{DropoutPlan, EncoderOps};

use crate::data::{Padding, Split};

/// What the model says about a split.
#[derive(Clone, Debug)]
pub struct Logits {
    /// `[rows, num_labels]`, row-major, dataset order, classes in the model's order.
    pub values: Vec<f32>,
    /// Logits a row.
    pub num_labels: usize,
    /// Wall-clock seconds of all batches, the logits' way to the host included.
    pub seconds: f64,
    /// Forward passes.
    pub batches: usize,
}

impl Logits {
    /// One slice a row.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.num_labels.max(1))
    }

    /// The first row, from 0, in which a logit is no number or infinite.
    #[must_use]
    pub fn lost_row(&self) -> Option<usize> {
        self.rows().position(|row| row.iter().any(|logit| !logit.is_finite()))
    }
}

/// Runs the model without dropout over all rows, rows of like length together, so that little is padded and the work of
/// a batch is even. The longest come first: what does not fit the memory fails at once.
pub fn predict<B: EncoderOps>(
    model: &SequenceClassifier<B>,
    split: &Split,
    batch_size: usize,
    padding: Padding,
) -> Logits {
    over_batches(model, split, batch_size, padding, || true).0
}

/// As [`predict`], but that `is_cancelled` is asked before each batch: `None` where it was.
pub fn predict_unless<B: EncoderOps>(
    is_cancelled: impl Fn() -> bool,
    model: &SequenceClassifier<B>,
    split: &Split,
    batch_size: usize,
    padding: Padding,
) -> Option<Logits> {
    let (logits, is_whole) = over_batches(model, split, batch_size, padding, || !is_cancelled());
    is_whole.then_some(logits)
}

/// The logits, and whether all batches were computed: `goes_on` is asked before each.
fn over_batches<B: EncoderOps>(
    model: &SequenceClassifier<B>,
    split: &Split,
    batch_size: usize,
    padding: Padding,
    goes_on: impl Fn() -> bool,
) -> (Logits, bool) {
    let started = Instant::now();
    let mut order: Vec<u32> = (0..split.len() as u32).collect();
    order.sort_by_key(|&row| std::cmp::Reverse(split.length(row)));
    let mut values = Vec::new();
    let (mut num_labels, mut batches, mut is_whole) = (0, 0, true);
    for rows in order.chunks(batch_size) {
        if !goes_on() {
            is_whole = false;
            break;
        }
        let logits = model.forward(&split.batch(rows, padding, 0), &mut DropoutPlan::evaluate());
        num_labels = logits.dims()[1];
        values.resize(split.len() * num_labels, 0.0);
        for (&row, logits) in rows.iter().zip(host(logits).chunks_exact(num_labels)) {
            values[row as usize * num_labels..][..num_labels].copy_from_slice(logits);
        }
        batches += 1;
    }
    (Logits { values, num_labels, seconds: started.elapsed().as_secs_f64(), batches }, is_whole)
}

fn host<B: Backend>(logits: burn::tensor::Tensor<B, 2>) -> Vec<f32> {
    logits.into_data().iter::<f32>().collect()
}

/// Mean loss over all rows in f64: cross-entropy for classes, smoothed or weighted as in training, squared error for
/// scores, binary cross-entropy for any number of classes.
#[must_use]
pub fn mean_loss(
    logits: &Logits,
    targets: &Targets,
    label_smoothing_factor: f64,
    class_weights: &Option<Vec<f64>>,
) -> f64 {
    match targets {
        Targets::Classes(classes) => {
            let weight = |class: usize| class_weights.as_ref().map_or(1.0, |weights| weights[class]);
            let loss = |(row, &class): (&[f32], &usize)| {
                let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / row.len() as f64;
                let loss = log_sum_exp(row)
                    - (1.0 - label_smoothing_factor) * f64::from(row[class])
                    - label_smoothing_factor * mean;
                weight(class) * loss
            };
            let sum: f64 = logits.rows().zip(classes).map(loss).sum();
            sum / classes.iter().map(|&class| weight(class)).sum::<f64>()
        }
        Targets::Scores(scores) => {
            let squares = logits.rows().zip(scores).map(|(row, &score)| (f64::from(row[0]) - f64::from(score)).powi(2));
            squares.sum::<f64>() / scores.len() as f64
        }
        Targets::MultiLabel(rows) => {
            let pairs = logits.values.iter().zip(rows.iter().flatten());
            let losses = pairs.map(|(&x, &y)| {
                let (x, y) = (f64::from(x), f64::from(y));
                x.max(0.0) - x * y + (-x.abs()).exp().ln_1p()
            });
            losses.sum::<f64>() / logits.values.len() as f64
        }
    }
}

/// log(sum(exp(x))), shifted by the largest so that it cannot overflow.
fn log_sum_exp(row: &[f32]) -> f64 {
    let highest = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    highest + row.iter().map(|&v| (f64::from(v) - highest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_means_over_rows() {
        let logits = Logits { values: vec![0.0, 0.0, 1000.0, 0.0], num_labels: 2, seconds: 0.0, batches: 1 };
        let expected = (2f64.ln() + 0.0) / 2.0;
        assert!((mean_loss(&logits, &Targets::Classes(vec![1, 0]), 0.0, &None) - expected).abs() < 1e-12);
        // Half of each target spread over both classes: the second row pays 1000 for a quarter of its target.
        let smoothed = mean_loss(&logits, &Targets::Classes(vec![1, 0]), 0.5, &None);
        assert!((smoothed - (2f64.ln() + 250.0) / 2.0).abs() < 1e-9, "{smoothed}");
        // Weights count in the divisor too: (0 + 2 log 2) / 3 for the rows in turn.
        let weighted = mean_loss(&logits, &Targets::Classes(vec![1, 0]), 0.0, &Some(vec![1.0, 2.0]));
        assert!((weighted - 2.0 * 2f64.ln() / 3.0).abs() < 1e-12);
        let several = mean_loss(&logits, &Targets::MultiLabel(vec![vec![1.0, 0.0], vec![1.0, 0.0]]), 0.0, &None);
        assert!((several - 3.0 * 2f64.ln() / 4.0).abs() < 1e-12, "{several}");
        let logits = Logits { values: vec![1.0, 3.0], num_labels: 1, ..logits };
        assert_eq!(mean_loss(&logits, &Targets::Scores(vec![0.0, 1.0]), 0.0, &None), 2.5);
    }
}
