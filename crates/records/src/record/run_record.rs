//! One JSON record a run: what was run, on what, and what came out.
//!
//! The format has a number, a JSON Schema (`results/schema/run-record-v2.schema.json`) and a description
//! (`docs/results-format.md`). Readers skip fields they do not know, so a version may gain fields; a change that would mislead an
//! old reader takes another number. Version 1 is still read.

use super::class_table::ClassTable;
use super::dataset_info::DatasetInfo;
use super::error::RecordError;
use super::final_evaluation::FinalEvaluation;
use super::host::Host;
use super::init_from::InitFrom;
use super::other_evaluation::OtherEvaluation;
use super::parts::{
    Baseline, EndWeights, ModelInfo, Profile, Program, Scores, SearchMark, Throughput, Timings, TrainingInfo, is_score,
};
use super::version::{FIRST_VERSION, FORMAT_VERSION, Versioned};
use crate::metrics::Metrics;
use glue_tasks::plain_key;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Numbers of two records of one run may lie so far apart, or such a share of themselves.
const SAME_NUMBER: f64 = 1e-6;

/// Which run a record is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunKey {
    settings_hash: String,
    seed: u64,
    /// Of format 1 metrics and score.
    results: Option<String>,
}

/// Everything worth keeping of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`FORMAT_VERSION`], or an earlier one of a record that was read.
    pub format_version: u32,
    /// The task's short name, e.g. `mrpc`; for other data whatever the user calls it.
    pub task: String,
    /// Scores and losses on the evaluation split, see [`scores`](super::parts::scores).
    pub metrics: Scores,
    /// The same on a test split that has labels, and was predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_metrics: Option<Scores>,
    /// The weights at the end of the run on other rows too, where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub final_eval: Vec<FinalEvaluation>,
    /// The same weights on other sets, as `run-glue evaluate` adds them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_evaluations: Vec<OtherEvaluation>,
    /// The task's one number, as the GLUE average counts it: the mean of its metrics, MNLI over both splits.
    pub score: Option<f64>,
    /// What a model that has learnt nothing would score.
    pub majority_baseline: Option<Baseline>,
    /// Every scored split with classes, class by class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_tables: Vec<ClassTable>,
    /// Whether all predictions were the same: training collapsed.
    pub collapsed: bool,
    /// What is no number though nothing was evaluated, in words: the training loss, or a logit of rows that were predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
    /// What was fine-tuned or evaluated, with the hashes of its weights.
    pub model: ModelInfo,
    /// The run that it began from, where it did not begin from that model itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_from: Option<InitFrom>,
    /// The model whose logits were learned beside the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<ModelInfo>,
    /// What it was trained and evaluated on, with the rows of each split.
    pub dataset: DatasetInfo,
    /// The training, where there was one; `None` in records of format 1 too, see [`is_trained`](Self::is_trained).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingInfo>,
    /// Every setting that can change the numbers, by its flag's name.
    pub hyper_parameters: BTreeMap<String, serde_json::Value>,
    /// Seed of the head, of dropout and (without a `data_seed`) of the order of the rows.
    pub seed: u64,
    /// Seed of the order of the rows, where it was given.
    pub data_seed: Option<u64>,
    /// SHA-256 of everything that makes the run another one but its seed: weights, configuration and tokenizer of the model that it
    /// starts from, the rows of each split, and the settings; in hexadecimal. Writing the record fills it in.
    pub settings_hash: String,
    /// Hash of what was asked for, without the seed, which is known before the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_hash: Option<String>,
    /// The same without where model and data lie on this machine, `do_predict` with its file, and `final_eval`: the record itself says
    /// which model and data they were, and what came of the other two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_request_hash: Option<String>,
    /// What the run has to do with a search for settings, where it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchMark>,
    /// Wall-clock seconds by stage.
    pub timings: Timings,
    /// Where the time of the training went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Rows, tokens and steps per second.
    pub throughput: Throughput,
    /// Share of padding among the token positions that training computed, 0 to 1.
    pub padding_share: Option<f64>,
    /// The most examples that training computed at once; fewer than were asked for where they did not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_batch_size: Option<usize>,
    /// How many shapes the batches of the training had: as many may be compiled or tuned for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_shapes: Option<usize>,
    /// The most memory in use at once, in bytes, where it is known.
    pub peak_memory_bytes: Option<u64>,
    /// What it ran on; the backend in it makes another run, the rest does not.
    pub host: Host,
    /// What wrote the record.
    pub program: Program,
    /// When the run began, in UTC, see [`rfc3339`](crate::utc::rfc3339).
    pub started_at: String,
    /// What the run warned about.
    pub warnings: Vec<String>,
    /// The log of the run as `trainer_state.json` has it; left out where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_history: Option<Vec<Metrics>>,
}

impl RunRecord {
    /// Whether the run trained its model, and did not only evaluate it.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        self.training.is_some() || self.timings.train_seconds.is_some()
    }

    /// What two records of one run have in common, whatever its model and task are called: hash and seed. Format 1 lacks settings in its
    /// hash, so there the results must be the same too.
    #[must_use]
    pub fn run_key(&self) -> RunKey {
        let results = (self.format_version < FORMAT_VERSION).then(|| format!("{:?}{:?}", self.metrics, self.score));
        RunKey { settings_hash: self.settings_hash.clone(), seed: self.seed, results }
    }

    /// The seed, where the run's numbers depend on it: it trained, or drew the weights of a head. An evaluation of a saved model is the
    /// same with any.
    #[must_use]
    pub fn seed_that_counts(&self) -> Option<u64> {
        let drew_head = self.hyper_parameters.get("new_head").and_then(serde_json::Value::as_bool);
        (self.is_trained() || drew_head == Some(true)).then_some(self.seed)
    }

    /// Whether another record of the same run has the same score and metrics, up to rounding. Losses are left out: in which pieces
    /// they are added up is rounding too, and those of long texts are large.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let of_metric = |(name, value): (&String, &Option<f64>)| {
            plain_key(name) == "loss" || other.metrics.get(name).is_none_or(|theirs| is_same_number(*value, *theirs))
        };
        is_same_number(self.score, other.score) && self.metrics.iter().all(of_metric)
    }

    /// What is no number, so that what depends on it means nothing: a loss of what was evaluated, or what else was found.
    #[must_use]
    pub fn lost_number(&self) -> Option<&str> {
        let is_lost = |(name, value): &(&String, &Option<f64>)| plain_key(name) == "loss" && value.is_none();
        self.metrics.iter().find(is_lost).map(|(name, _)| name.as_str()).or(self.lost.as_deref())
    }

    /// Whether another record has the same losses and metrics to the last digit. Of runs with other seeds it says that nothing in them
    /// depends on the seed: other orders, heads or masks give another loss.
    #[must_use]
    pub fn has_same_outcome(&self, other: &Self) -> bool {
        let is_loss =
            |(name, value): (&String, &Option<f64>)| plain_key(name) == "loss" && value.is_some_and(f64::is_finite);
        self.metrics.iter().any(is_loss) && self.metrics == other.metrics && self.score == other.score
    }

    /// Whether the weights of the run's best evaluation could not be kept, so that it ended with others.
    #[must_use]
    pub fn could_not_keep_best(&self) -> bool {
        self.training.as_ref().is_some_and(|training| training.weights == EndWeights::BestKept)
    }

    /// The file's text: indented, with a newline at the end.
    ///
    /// # Errors
    /// What serde says.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Read one record.
    ///
    /// # Errors
    /// [`RecordError`] where the file cannot be opened, is no record, or is of a later format.
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        let path_buf = || path.to_path_buf();
        let text = std::fs::read_to_string(path).map_err(|source| RecordError::Read { path: path_buf(), source })?;
        // The version is looked at first: what else a later format holds is unknown.
        let text = without_mark(&text);
        let versioned: Versioned =
            serde_json::from_str(text).map_err(|source| RecordError::Shape { path: path_buf(), source })?;
        if !(u64::from(FIRST_VERSION)..=u64::from(FORMAT_VERSION)).contains(&versioned.format_version) {
            return Err(RecordError::Version { path: path_buf(), found: versioned.format_version });
        }
        let mut record: Self =
            serde_json::from_str(text).map_err(|source| RecordError::Shape { path: path_buf(), source })?;
        // Format 1 has times of the diagnostic set among them.
        record.metrics.retain(|name, _| is_score(name));
        record.spell_hashes();
        Ok(record)
    }

    /// In lower case, as the program writes them: what has been through other tools may have capitals, and is the same all the same.
    fn spell_hashes(&mut self) {
        let Self {
            model,
            init_from,
            teacher,
            dataset,
            final_eval,
            other_evaluations,
            settings_hash,
            request_hash,
            plain_request_hash,
            ..
        } = self;
        let of_models = model.hashes().into_iter().chain(teacher.iter_mut().flat_map(ModelInfo::hashes));
        let of_others = other_evaluations.iter_mut().flat_map(|of| of.dataset.hashes());
        let of_ends = final_eval.iter_mut().filter_map(|of| of.data.sha256.as_mut());
        let of_data = dataset.hashes().into_iter().chain(of_others).chain(of_ends);
        let of_run = std::iter::once(settings_hash).chain(request_hash.as_mut()).chain(plain_request_hash.as_mut());
        let of_chain = init_from.iter_mut().flat_map(InitFrom::hashes);
        of_models.chain(of_data).chain(of_run).chain(of_chain).for_each(|hash| hash.make_ascii_lowercase());
    }
}

/// Whether two numbers of one run are the same, up to rounding; both may be undefined.
#[must_use]
pub fn is_same_number(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= SAME_NUMBER * one.abs().max(1.0),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// The text without the byte order mark that some editors put in front of it, which is no JSON.
#[must_use]
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
