//! The parts of a [`RunRecord`](super::run_record::RunRecord). `docs/results-format.md` documents every field.
//!
//! Numbers that may not exist are `Option`s and are written as `null`, as are `NaN` and the infinities: a record is
//! strict JSON, whatever reads it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::metrics::Metrics;

/// Scores by name: fractions as the JSON files hold them, `None` where a score is undefined (`NaN`).
pub type Scores = BTreeMap<String, Option<f64>>;

/// The scores and losses among the numbers of `eval_results.json`, without `eval_` in front: `accuracy`, `f1`, `loss`,
/// and `accuracy_mm` for mismatched MNLI. Times, rates and counts are left out; a record has its own places for them.
#[must_use]
pub fn scores(metrics: &Metrics) -> Scores {
    scores_of(metrics, "eval_")
}

/// The same of `predict_results.json`.
#[must_use]
pub fn test_scores(metrics: &Metrics) -> Scores {
    scores_of(metrics, "predict_")
}

fn scores_of(metrics: &Metrics, prefix: &str) -> Scores {
    let of_prefix = metrics.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value.as_f64()?)));
    of_prefix.filter(|(name, _)| is_score(name)).map(|(name, number)| (name.to_owned(), finite(number))).collect()
}

/// Whether a number of this name says how good a model is, and not how long it took: all but times, rates and counts, whatever
/// split they are of (`runtime_ax` is the time of the diagnostic set).
pub(super) fn is_score(name: &str) -> bool {
    const NO_SCORES: [&str; 5] =
        ["runtime", "samples", "samples_per_second", "steps_per_second", "model_preparation_time"];
    !NO_SCORES.iter().any(|other| name.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

/// `None` for `NaN` and the infinities.
#[must_use]
pub fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// Where a model or a data set came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The Hugging Face Hub, or its local cache.
    Hub,
    /// A folder or files on this machine.
    Folder,
    /// Part of the program.
    Embedded,
}

/// The model that was fine-tuned or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Hub id, or the folder as it was given.
    pub id: String,
    /// Where it came from.
    pub source: Source,
    /// The branch, tag or commit that was asked for.
    pub revision: Option<String>,
    /// The commit that this was.
    pub commit: Option<String>,
    /// The architecture's name, e.g. `BertForSequenceClassification`.
    pub architecture: String,
    /// Number of parameters, the head included.
    pub parameters: u64,
    /// Those of them that are trained, if not all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trainable_parameters: Option<u64>,
    /// SHA-256 of every weights file by its name, in lower-case hexadecimal.
    pub weights_sha256: BTreeMap<String, String>,
    /// The same of config.json; records of format 1 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_sha256: Option<String>,
    /// The same of the files that the tokenizer was made of; records of format 1 have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tokenizer_sha256: BTreeMap<String, String>,
    /// Where config.json came from, if not from the same place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_from: Option<PlaceInfo>,
    /// Of an adapter, the model that it stands beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_from: Option<PlaceInfo>,
    /// Where the tokenizer came from, if not from the same place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer_from: Option<PlaceInfo>,
}

impl ModelInfo {
    /// All hashes, to be spelled alike.
    pub(super) fn hashes(&mut self) -> Vec<&mut String> {
        let files = self.weights_sha256.values_mut().chain(self.tokenizer_sha256.values_mut());
        files.chain(self.config_sha256.as_mut()).collect()
    }
}

/// A folder or repository that a part of a model came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceInfo {
    /// Hub id, or the folder as it was given.
    pub id: String,
    /// What kind of place it is.
    pub source: Source,
    /// The branch, tag or commit that was asked for.
    pub revision: Option<String>,
    /// The commit that this was.
    pub commit: Option<String>,
}

/// Wall-clock seconds by stage; a stage that did not run has none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Timings {
    /// Fetching and reading the data.
    pub data_seconds: Option<f64>,
    /// Turning text into token ids.
    pub tokenize_seconds: Option<f64>,
    /// Training, evaluations within it not counted.
    pub train_seconds: Option<f64>,
    /// The final evaluation, all splits.
    pub evaluate_seconds: Option<f64>,
    /// The whole run, loading the model included.
    pub total_seconds: f64,
}

/// Where the time of the training went, in seconds, and what it took. Numbers that the backend or the system does not tell
/// are missing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Making batches out of rows.
    pub batch_seconds: Option<f64>,
    /// Forward passes of the training.
    pub forward_seconds: Option<f64>,
    /// Backward passes.
    pub backward_seconds: Option<f64>,
    /// Norm of the gradients, clipping, update.
    pub optimizer_seconds: Option<f64>,
    /// Evaluations between the steps.
    pub evaluate_seconds: Option<f64>,
    /// Forward and backward passes by kind of operation, of the process that ended the training.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations_seconds: BTreeMap<String, f64>,
    /// Energy of the machine's processors from the start of the run to the end of its evaluation.
    pub energy_joules: Option<f64>,
}

/// Speeds; those of a stage that did not run are missing.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Throughput {
    /// Rows trained on per second.
    pub train_samples_per_second: Option<f64>,
    /// Tokens trained on per second, padding not counted.
    pub train_tokens_per_second: Option<f64>,
    /// Optimizer updates per second.
    pub train_steps_per_second: Option<f64>,
    /// Rows evaluated per second.
    pub eval_samples_per_second: Option<f64>,
}

/// Which weights of a training the run ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndWeights {
    /// Those after the last step.
    Last,
    /// Those of the best evaluation.
    Best,
    /// Those of the best checkpoint that there is: the weights of the best evaluation could not be kept.
    BestKept,
}

/// The training that a run's weights come from; a run that only evaluates has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingInfo {
    /// Which weights it ended with.
    pub weights: EndWeights,
    /// The step that they are of, from 1.
    pub step: u64,
    /// The checkpoint that this start of the run went on from, by its folder's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_from: Option<String>,
    /// Whether any unit was dropped in training; records of earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drops_units: Option<bool>,
}

/// How a model that has learnt nothing predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predictor {
    /// Always the most frequent class.
    MajorityClass,
    /// Always the mean target.
    Mean,
}

/// What a model that has learnt nothing would score on the same evaluation split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// How it predicts.
    pub predictor: Predictor,
    /// Its scores by name; a correlation with a constant is undefined.
    pub metrics: Scores,
    /// Its score as the task counts it.
    pub score: Option<f64>,
}

/// What a run is in a search for settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchRole {
    /// It tried a setting.
    Trial,
    /// It has the setting that was chosen.
    Chosen,
}

/// What a run has to do with a search for settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchMark {
    /// What it is there.
    pub role: SearchRole,
    /// The search: the name of its file is `search-` and the first twelve letters.
    pub id: String,
    /// The split whose scores decide.
    pub chosen_on: String,
    /// Whether the run's own scores are on that split, and so are better than they would be on unseen rows.
    pub optimistic: bool,
}

/// The program that made the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// `run-glue`.
    pub name: String,
    /// Its version, such as `0.1.0`.
    pub version: String,
    /// The commit it was built from, or `unknown`; older programs left it out.
    pub git_commit: Option<String>,
}

/// What [`Program::built_from`] was told.
static COMMIT: OnceLock<String> = OnceLock::new();

impl Program {
    /// Says which commit this program was built from, before the first record. The crate on top knows it: where one down here asked for it,
    /// each commit would compile all that lies above anew.
    pub fn built_from(commit: &str) {
        // Who says it twice says the same.
        let _ = COMMIT.set(commit.to_owned());
    }

    /// This program.
    #[must_use]
    pub fn current() -> Self {
        Self {
            name: "run-glue".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            git_commit: Some(COMMIT.get().map_or("unknown", String::as_str).to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::mismatched;

    #[test]
    fn takes_the_scores_and_nothing_else() {
        let matched = Metrics::from([
            ("epoch".to_owned(), 3.0.into()),
            ("eval_accuracy".to_owned(), 0.75.into()),
            ("eval_loss".to_owned(), f64::NAN.into()),
            ("eval_runtime".to_owned(), 1.5.into()),
            ("eval_samples".to_owned(), 8_usize.into()),
            ("eval_samples_per_second".to_owned(), 5.0.into()),
            // Of the diagnostic set.
            ("eval_runtime_ax".to_owned(), 0.5.into()),
            ("eval_samples_ax".to_owned(), 4_usize.into()),
            ("eval_samples_per_second_ax".to_owned(), 8.0.into()),
            ("eval_steps_per_second_ax".to_owned(), 8.0.into()),
        ]);
        let mut both = mismatched(&matched);
        both.extend(matched);
        let names: Vec<_> = scores(&both).into_iter().collect();
        assert_eq!(
            names,
            [
                ("accuracy".to_owned(), Some(0.75)),
                ("accuracy_mm".to_owned(), Some(0.75)),
                ("loss".to_owned(), None),
                ("loss_mm".to_owned(), None)
            ]
        );
    }
}
