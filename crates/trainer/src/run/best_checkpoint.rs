//! The best evaluation of a run, and the best one whose weights are in a checkpoint: they differ where that of the best could not
//! be saved, or none was due there.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::settings::{BestSettings, EarlyStopping};
use crate::training::best::{Best, Judgement};

/// An evaluation whose weights are in a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Its step.
    pub(super) step: usize,
    /// Its value; `None` where JSON has no such number.
    pub(super) metric: Option<f64>,
}

/// The best evaluation so far.
#[derive(Clone, Debug, Default)]
pub(super) struct BestCheckpoint {
    pub(super) best: Best,
    /// The best one that was saved.
    pub(super) kept: Option<Kept>,
    /// Where that is.
    pub(super) folder: Option<PathBuf>,
    /// The last step whose checkpoint could not be saved.
    pub(super) failed: Option<usize>,
    /// The step of the best that was saved, where its checkpoint is there no longer.
    pub(super) gone: Option<usize>,
    /// Step and value of the last evaluation.
    last: Option<(usize, f64)>,
}

impl BestCheckpoint {
    /// That of a run that goes on. `folder`: the checkpoint of a step, where it is there.
    pub(super) fn restored(
        best: Best,
        kept: Option<Kept>,
        failed: Option<usize>,
        folder: impl Fn(usize) -> Option<PathBuf>,
    ) -> Self {
        let folder = kept.and_then(|kept| folder(kept.step));
        let gone = kept.filter(|_| folder.is_none()).map(|kept| kept.step);
        Self { best, kept: kept.filter(|_| folder.is_some()), folder, failed, gone, last: None }
    }

    /// Takes up the value of step `step`.
    pub(super) fn judge(
        &mut self,
        value: f64,
        step: usize,
        settings: &BestSettings,
        early_stopping: Option<EarlyStopping>,
    ) -> Judgement {
        self.last = Some((step, value));
        self.best.judge(value, step, settings, early_stopping)
    }

    /// The same once the weights of step `step` are in `folder`.
    pub(super) fn with_saved(&self, step: usize, folder: &Path, settings: Option<&BestSettings>) -> Self {
        let mut this = self.clone();
        let value = self.last.filter(|(at, value)| *at == step && !value.is_nan()).map(|(_, value)| value);
        let than = self.kept.and_then(|kept| kept.metric);
        if let (Some(value), Some(settings)) = (value, settings)
            && than.is_none_or(|than| settings.is_better(value, than))
        {
            this.kept = Some(Kept { step, metric: Some(value) });
            this.folder = Some(folder.to_owned());
        }
        this
    }

    /// Whether the weights of the best evaluation are in a checkpoint.
    pub(super) fn is_kept(&self) -> bool {
        self.kept.map(|kept| kept.step) == self.best.step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_saved_leaves_the_best_of_those_that_were() {
        let settings = BestSettings::by("accuracy");
        let mut this = BestCheckpoint::default();
        // 20 is better than 30, and is not saved.
        for (step, value, is_saved) in [(10, 0.5, true), (20, 0.8, false), (30, 0.7, true), (40, 0.6, true)] {
            this.judge(value, step, &settings, None);
            if is_saved {
                this = this.with_saved(step, Path::new(&format!("checkpoint-{step}")), Some(&settings));
            }
        }
        // A step without an evaluation.
        this = this.with_saved(45, Path::new("checkpoint-45"), Some(&settings));
        assert_eq!((this.best.step, this.kept), (Some(20), Some(Kept { step: 30, metric: Some(0.7) })));
        assert!(!this.is_kept() && this.folder.as_deref() == Some(Path::new("checkpoint-30")));
        let there = BestCheckpoint::restored(this.best, this.kept, None, |step| Some(PathBuf::from(step.to_string())));
        assert_eq!((there.kept, there.folder), (this.kept, Some(PathBuf::from("30"))));
        let gone = BestCheckpoint::restored(this.best, this.kept, None, |_| None);
        assert_eq!((gone.best.step, gone.kept, gone.folder), (Some(20), None, None));
    }
}
