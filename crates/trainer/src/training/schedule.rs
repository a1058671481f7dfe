//! Learning rates and step counts, as pure functions.

use crate::settings::TrainingSettings;

/// How many steps a run takes; names as in transformers' `Trainer.set_initial_training_values`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepPlan {
    /// Micro-batches an epoch, the last one maybe smaller.
    pub batches_per_epoch: usize,
    /// Optimizer steps an epoch; left-over micro-batches make one at its end.
    pub updates_per_epoch: usize,
    /// Optimizer steps of the run.
    pub max_steps: usize,
    /// Steps of linear warm-up.
    pub warmup_steps: usize,
}

impl StepPlan {
    /// The plan for `rows` training rows (at least one).
    #[must_use]
    pub fn new(rows: usize, settings: &TrainingSettings) -> Self {
        let batches_per_epoch = match settings.dataloader_drop_last {
            true => rows / settings.per_device_train_batch_size,
            false => rows.div_ceil(settings.per_device_train_batch_size),
        };
        let updates_per_epoch = batches_per_epoch.div_ceil(settings.gradient_accumulation_steps).max(1);
        let max_steps = settings
            .max_steps
            .unwrap_or_else(|| (settings.num_train_epochs * updates_per_epoch as f64).ceil() as usize);
        let warmup_steps = match settings.warmup_steps {
            share if share < 1.0 => (share * max_steps as f64).ceil() as usize,
            steps => steps as usize,
        };
        Self { batches_per_epoch, updates_per_epoch, max_steps, warmup_steps }
    }

    /// `num_train_epochs` as trainer_state.json has it.
    #[must_use]
    pub fn epochs(&self) -> usize {
        self.max_steps.div_ceil(self.updates_per_epoch)
    }
}

/// The rate of 0-based step `step`.
#[must_use]
pub fn learning_rate(settings: &TrainingSettings, step: usize, plan: &StepPlan) -> f64 {
    let peak = settings.learning_rate;
    peak * settings.schedule.factor(step, plan.warmup_steps, plan.max_steps, peak)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_run_glue_py() {
        // Steps an epoch at batch size 32 (run_glue.py's README recipe).
        let table =
            [(8551, 268), (67349, 2105), (3668, 115), (5749, 180), (363_846, 11371), (392_702, 12272), (635, 20)];
        let settings = TrainingSettings { per_device_train_batch_size: 32, ..Default::default() };
        for (rows, updates) in table {
            assert_eq!(StepPlan::new(rows, &settings).updates_per_epoch, updates);
        }
        let fraction = TrainingSettings { num_train_epochs: 2.5, ..settings.clone() };
        assert_eq!(StepPlan::new(3668, &fraction).max_steps, 288);
        let accumulated = TrainingSettings { gradient_accumulation_steps: 4, ..settings };
        assert_eq!(StepPlan::new(3668, &accumulated).updates_per_epoch, 29);
    }
}
