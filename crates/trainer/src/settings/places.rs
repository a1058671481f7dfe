//! Where a run writes, and which of its files.

use std::path::PathBuf;

use super::declared::{Changes, Setting};

/// Where a run writes, and which of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceSettings {
    /// run_glue.py's files, the model and its checkpoints; `None`: they are not kept.
    pub output_dir: Option<PathBuf>,
    /// Where the run is one of several: its folder under `output_dir`.
    pub folder: Option<PathBuf>,
    /// Whether `output_dir` may hold something.
    pub overwrite_output_dir: bool,
    /// One JSON record a run.
    pub results_dir: PathBuf,
    /// Write the logits of evaluations and predictions into `output_dir`.
    pub save_logits: bool,
    /// Write the leaderboard's files into `output_dir`.
    pub glue_submission: bool,
}

impl Default for PlaceSettings {
    fn default() -> Self {
        Self {
            output_dir: None,
            folder: None,
            overwrite_output_dir: false,
            results_dir: "results".into(),
            save_logits: false,
            glue_submission: false,
        }
    }
}

impl PlaceSettings {
    pub(super) fn declare(&self, all: &mut Vec<Setting>) {
        let Self { output_dir, folder: _, overwrite_output_dir, results_dir, save_logits, glue_submission } = self;
        let path = |path: &PathBuf| path.display().to_string();
        all.extend([
            Setting::new("output_dir", output_dir.as_ref().map(path), Changes::Nothing),
            Setting::new("overwrite_output_dir", *overwrite_output_dir, Changes::Nothing),
            Setting::new("results_dir", path(results_dir), Changes::Nothing),
            Setting::new("save_logits", *save_logits, Changes::Nothing),
            Setting::new("glue_submission", *glue_submission, Changes::Nothing),
        ]);
    }
}
