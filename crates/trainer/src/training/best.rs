//! Which evaluation is the best so far, and when the training ends early for lack of a better one.

use serde::{Deserialize, Serialize};

use crate::settings::{BestSettings, EarlyStopping};

/// Where the comparison stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The best value so far.
    pub metric: Option<f64>,
    /// Its step.
    pub step: Option<usize>,
    /// Evaluations in a row that were not better.
    pub patience_counter: usize,
}

/// What an evaluation means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// It is the best so far.
    pub is_best: bool,
    /// The training ends here.
    pub stop: bool,
}

impl Best {
    /// Takes up the value of step `step`, as transformers does: first `EarlyStoppingCallback.on_evaluate`, which compares
    /// with the best value before, then `Trainer._determine_best_metric`. A NaN is never better.
    pub fn judge(
        &mut self,
        value: f64,
        step: usize,
        settings: &BestSettings,
        early_stopping: Option<EarlyStopping>,
    ) -> Judgement {
        let before = self.metric;
        let better = |than: f64| settings.is_better(value, than);
        if let Some(EarlyStopping { threshold, .. }) = early_stopping {
            let good = before.is_none_or(|before| better(before) && (value - before).abs() > threshold);
            self.patience_counter = if good { 0 } else { self.patience_counter + 1 };
        }
        let is_best = !value.is_nan() && before.is_none_or(better);
        if is_best {
            self.metric = Some(value);
            self.step = Some(step);
        }
        Judgement { is_best, stop: early_stopping.is_some_and(|early| self.patience_counter >= early.patience) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(greater_is_better: bool) -> BestSettings {
        BestSettings { metric: "eval_x".into(), greater_is_better: Some(greater_is_better), load_at_end: true }
    }

    fn run(values: &[f64], greater: bool, early: Option<EarlyStopping>) -> (Best, Vec<Judgement>) {
        let mut best = Best::default();
        let judged = values.iter().enumerate().map(|(i, v)| best.judge(*v, i + 1, &settings(greater), early)).collect();
        (best, judged)
    }

    #[test]
    fn the_first_of_equals_is_the_best_and_nan_never_is() {
        let (best, judged) = run(&[f64::NAN, 0.5, 0.7, 0.7, f64::NAN, 0.6], true, None);
        assert_eq!((best.metric, best.step), (Some(0.7), Some(3)));
        assert_eq!(judged.iter().filter(|j| j.is_best).count(), 2);
        let (best, _) = run(&[0.5, 0.4, 0.45], false, None);
        assert_eq!((best.metric, best.step), (Some(0.4), Some(2)));
    }

    #[test]
    fn patience_counts_evaluations_that_are_not_better_by_the_threshold() {
        let early = Some(EarlyStopping { patience: 2, threshold: 0.05 });
        // 0.53 is a new best, but not better by more than the threshold.
        let (best, judged) = run(&[0.5, 0.53, 0.56], true, early);
        assert_eq!(judged.iter().map(|j| j.stop).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(best.step, Some(3));
        let (best, judged) = run(&[0.5, 0.4, 0.7, 0.6], true, early);
        assert!(judged.iter().all(|j| !j.stop));
        assert_eq!(best.patience_counter, 1);
    }
}
