//! A teacher whose logits a model learns beside the labels.

use serde_json::{Value, json};

use super::declared::{Changes, Counts, Setting, check};
use super::model::ModelChoice;
use crate::error::Error;

/// A teacher, and how much it counts (DistilBERT's distillation of a task, Sanh et al. 2019, <https://arxiv.org/abs/1910.01108>).
#[derive(Clone, Debug, PartialEq)]
pub struct DistillationSettings {
    /// A model that was fine-tuned on the task.
    pub teacher: ModelChoice,
    /// What logits of both are divided by, above 0.
    pub temperature: f64,
    /// The teacher's share of the loss, above 0 and at most 1; the labels have the rest.
    pub alpha_ce: f64,
}

impl DistillationSettings {
    /// As in transformers' run_squad_w_distillation.py.
    pub const TEMPERATURE: f64 = 2.0;
    /// The same.
    pub const ALPHA_CE: f64 = 0.5;

    /// # Errors
    /// Names the first number that cannot be.
    pub(super) fn check(&self, do_train: bool) -> Result<(), Error> {
        check(self.temperature.is_finite() && self.temperature > 0.0, "temperature", self.temperature, "above 0")?;
        check(self.alpha_ce > 0.0 && self.alpha_ce <= 1.0, "alpha_ce", self.alpha_ce, "above 0 and at most 1")?;
        if !do_train {
            return Err(Error::usage("--teacher is for a training, and --do_train is false: leave it out"));
        }
        Ok(())
    }
}

pub(super) fn declare(distillation: Option<&DistillationSettings>, all: &mut Vec<Setting>) {
    let [mut model, mut divisor, mut share] = [Value::Null, Value::Null, Value::Null];
    if let Some(DistillationSettings { teacher, temperature, alpha_ce }) = distillation {
        (model, divisor, share) = (teacher.to_json(), json!(temperature), json!(alpha_ce));
    }
    all.extend([
        // The record has its hashes.
        Setting::new("teacher", model, Changes::Steps).counting(Counts::InRequest),
        Setting::new("temperature", divisor, Changes::Steps),
        Setting::new("alpha_ce", share, Changes::Steps),
    ]);
}
