//! Dynamic loss scaling for half precision (Micikevicius et al. 2018, section 3.2), by the rules and with the numbers of
//! `torch.amp.GradScaler`: gradients that fp16 could not tell from 0 are kept by a large factor on the loss, and a step
//! whose gradients overflow is left out and the factor halved.

use models::ops::Precision;
use serde::{Deserialize, Serialize};

/// `init_scale`.
const FIRST_SCALE: f32 = 65_536.0;
/// What losses are scaled with first where products are rounded to `precision`; `None`: they are not scaled.
#[must_use]
pub fn first_loss_scale(precision: Precision) -> Option<f32> {
    (precision == Precision::Fp16).then_some(FIRST_SCALE)
}

/// `growth_factor`.
const GROWTH: f32 = 2.0;
/// `backoff_factor`.
const BACKOFF: f32 = 0.5;
/// `growth_interval`: good steps in a row after which the scale grows.
const GROWTH_INTERVAL: u32 = 2000;

/// The factor, and what decides how it goes on. A checkpoint keeps all of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossScaler {
    scale: f32,
    good_steps: u32,
    skipped: usize,
}

/// What becomes of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It is made.
    Step,
    /// It is left out, since its gradients are no numbers; the scale was the first and is now the second.
    Skip(f32, f32),
}

impl LossScaler {
    /// Before the first step.
    #[must_use]
    pub fn new(scale: f32) -> Self {
        Self { scale, good_steps: 0, skipped: 0 }
    }

    /// What the loss is multiplied with.
    #[must_use]
    pub fn scale(&self) -> f64 {
        f64::from(self.scale)
    }

    /// Steps that were left out.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Judges a step by the norm of its gradients, which is infinite or no number where one of them is.
    pub fn judge(&mut self, norm: f64) -> Verdict {
        if norm.is_finite() {
            self.good_steps += 1;
            if self.good_steps == GROWTH_INTERVAL {
                self.good_steps = 0;
                let grown = self.scale * GROWTH;
                // As torch's `_amp_update_scale_`: a scale that would be infinite stays.
                self.scale = if grown.is_finite() { grown } else { self.scale };
            }
            return Verdict::Step;
        }
        let before = self.scale;
        self.scale *= BACKOFF;
        self.good_steps = 0;
        self.skipped += 1;
        Verdict::Skip(before, self.scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_halve_the_scale_and_skip_the_step() {
        let mut scaler = LossScaler::new(FIRST_SCALE);
        assert_eq!(scaler.scale(), 65_536.0);
        assert_eq!(scaler.judge(1.0), Verdict::Step);
        for (norm, before, after) in
            [(f64::INFINITY, 65_536.0, 32_768.0), (f64::NAN, 32_768.0, 16_384.0), (f64::NEG_INFINITY, 16_384.0, 8192.0)]
        {
            assert_eq!(scaler.judge(norm), Verdict::Skip(before, after));
        }
        assert_eq!((scaler.scale(), scaler.skipped()), (8192.0, 3));
    }

    #[test]
    fn the_scale_grows_after_2000_good_steps_in_a_row() {
        let mut scaler = LossScaler::new(FIRST_SCALE);
        (0..1999).for_each(|_| assert_eq!(scaler.judge(0.5), Verdict::Step));
        assert_eq!(scaler.scale(), 65_536.0);
        // One bad step, and the count starts anew.
        scaler.judge(f64::INFINITY);
        (0..1999).for_each(|_| assert_eq!(scaler.judge(0.5), Verdict::Step));
        assert_eq!(scaler.scale(), 32_768.0);
        scaler.judge(0.5);
        assert_eq!(scaler.scale(), 65_536.0);
    }

    #[test]
    fn the_scale_never_becomes_infinite() {
        let mut scaler = LossScaler { scale: f32::MAX / 1.5, good_steps: GROWTH_INTERVAL - 1, skipped: 0 };
        scaler.judge(1.0);
        assert_eq!((scaler.scale, scaler.good_steps), (f32::MAX / 1.5, 0));
    }

    /// Scale, growth tracker and whether the optimizer stepped, as torch.amp.GradScaler gives them for the same gradients
    /// (`scripts/fixtures/loss_scale.py`).
    #[test]
    fn a_trace_of_torchs_grad_scaler_is_followed() {
        #[derive(Deserialize)]
        struct Row {
            step: usize,
            norm: String,
            stepped: bool,
            scale: f32,
            growth_tracker: u32,
        }
        let trace: Vec<Row> = serde_json::from_str(include_str!("../../tests/fixtures/loss_scale.json")).unwrap();
        let (mut scaler, mut step, mut skipped) = (LossScaler::new(FIRST_SCALE), 0, 0);
        for row in trace {
            // Rows are kept where something happens; between them are good steps.
            while step + 1 < row.step {
                assert_eq!(scaler.judge(1.0), Verdict::Step);
                step += 1;
            }
            step += 1;
            let verdict = scaler.judge(row.norm.parse().unwrap());
            skipped += usize::from(!row.stepped);
            assert_eq!(verdict == Verdict::Step, row.stepped, "step {step}");
            assert_eq!(
                (scaler.scale, scaler.good_steps, scaler.skipped),
                (row.scale, row.growth_tracker, skipped),
                "step {step}"
            );
        }
        assert!(step > 4000 && skipped > 3, "{step} steps, {skipped} of them skipped");
    }
}
