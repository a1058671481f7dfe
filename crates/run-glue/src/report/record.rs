//! One JSON record a run: what was run, on what, and what came out.
//!
//! The format has a number, a JSON Schema (`results/schema/run-record-v1.schema.json`) and a description
//! (`docs/results-format.md`). Readers skip fields they do not know, so version 1 may gain fields; a change that
//! would mislead an old reader takes version 2.

use super::atomic::{WriteError, write_whole};
use super::class_table::ClassTable;
use super::host::Host;
use super::metrics_files::Metrics;
use super::predictions_file::{self, SplitPredictions};
use super::record_parts::{
    Baseline, DatasetFacts, ModelFacts, Profile, Program, Scores, SearchMark, SearchRole, Throughput, Timings,
};
use super::record_path::{relative_paths, settings_hash};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The version of the record's format that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Everything worth keeping of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Always [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The task's short name, e.g. `mrpc`; for other data whatever the user calls it.
    pub task: String,
    /// Scores and losses on the evaluation split, see [`scores`](super::record_parts::scores).
    pub metrics: Scores,
    /// The same on a test split that has labels, and was predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_metrics: Option<Scores>,
    /// The task's one number, as the GLUE average counts it: the mean of its metrics, MNLI over both splits.
    pub score: Option<f64>,
    /// What a model that has learnt nothing would score.
    pub majority_baseline: Option<Baseline>,
    /// Every scored split with classes, class by class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_tables: Vec<ClassTable>,
    /// Whether all predictions were the same: training collapsed.
    pub collapsed: bool,
    /// The model.
    pub model: ModelFacts,
    /// The data.
    pub dataset: DatasetFacts,
    /// Every setting that can change the numbers, by its flag's name.
    pub hyper_parameters: BTreeMap<String, serde_json::Value>,
    /// Seed of the head, of dropout and (without a `data_seed`) of the order of the rows.
    pub seed: u64,
    /// Seed of the order of the rows, where it was given.
    pub data_seed: Option<u64>,
    /// Hash of the settings without the seed; [`RunRecord::write`] fills it in.
    pub settings_hash: String,
    /// Hash of what was asked for, without the seed, which is known before the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_hash: Option<String>,
    /// What the run has to do with a search for settings, where it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchMark>,
    /// Seconds by stage.
    pub timings: Timings,
    /// Where the time of the training went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Speeds.
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
    /// The machine.
    pub host: Host,
    /// The program.
    pub program: Program,
    /// When the run began, in UTC, see [`rfc3339`](super::utc::rfc3339).
    pub started_at: String,
    /// What the run warned about.
    pub warnings: Vec<String>,
    /// The log of the run as `trainer_state.json` has it; left out where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_history: Option<Vec<Metrics>>,
}

/// A record could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It could not be turned into JSON.
    #[error("cannot turn the record of {task} into JSON: {source}")]
    Encode {
        /// The record's task.
        task: String,
        /// What serde said.
        source: serde_json::Error,
    },
    /// A file or folder cannot be opened.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is no record.
    #[error("{} is no run record: {source}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// The record is of a format that this program does not know.
    #[error("{} has record format {found}; this program reads format {FORMAT_VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// Both names that the record may take belong to other files.
    #[error("{} is another run's record or no record at all; it is left alone, so move it away", path.display())]
    Taken {
        /// The file in the way.
        path: PathBuf,
    },
}

impl RunRecord {
    /// Write the record under `results_dir` and return its path. A record of the same settings and seed is replaced;
    /// any other file is left alone.
    ///
    /// # Errors
    /// [`RecordError`] where it cannot be written or another file stands in the way.
    pub fn write(&self, results_dir: &Path) -> Result<PathBuf, RecordError> {
        self.write_beside(results_dir, &[])
    }

    /// As [`Self::write`], with the predictions of its splits in a file beside it, which is written first: a record that is
    /// there is of a run whose files are all there.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_beside(&self, results_dir: &Path, predictions: &[SplitPredictions]) -> Result<PathBuf, RecordError> {
        let hash = settings_hash(self);
        let record = Self { settings_hash: hash.clone(), ..self.clone() };
        let text = record.to_json().map_err(|source| RecordError::Encode { task: self.task.clone(), source })?;
        let [usual, long] = relative_paths(self, &hash).map(|path| results_dir.join(path));
        // The short hash may be shared by two runs, once in a very long time; the long one is then used.
        let path = if record.may_replace(&usual) { usual } else { long };
        if !record.may_replace(&path) {
            return Err(RecordError::Taken { path });
        }
        if !predictions.is_empty() {
            predictions_file::write(&path, predictions)?;
        }
        write_whole(&path, text.as_bytes()).inspect_err(|_| {
            let _ = std::fs::remove_file(predictions_file::path_beside(&path));
        })?;
        Ok(path)
    }

    /// Whether the run only served to find settings.
    #[must_use]
    pub fn is_trial(&self) -> bool {
        self.search.as_ref().is_some_and(|search| search.role == SearchRole::Trial)
    }

    /// The split that the run's settings were chosen on, where its scores are on that split too.
    #[must_use]
    pub fn optimistic_on(&self) -> Option<&str> {
        let search = self.search.as_ref()?;
        (search.role == SearchRole::Chosen && search.optimistic).then_some(search.chosen_on.as_str())
    }

    /// Whether nothing stands at `path`, or an earlier record of this very run.
    fn may_replace(&self, path: &Path) -> bool {
        match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            // Where it cannot be seen, writing will say why.
            Err(_) => true,
            Ok(_) => Self::read(path).is_ok_and(|old| {
                (&old.task, old.seed, &old.settings_hash) == (&self.task, self.seed, &self.settings_hash)
            }),
        }
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
        let versioned: Versioned =
            serde_json::from_str(&text).map_err(|source| RecordError::Shape { path: path_buf(), source })?;
        if versioned.format_version != u64::from(FORMAT_VERSION) {
            return Err(RecordError::Version { path: path_buf(), found: versioned.format_version });
        }
        serde_json::from_str(&text).map_err(|source| RecordError::Shape { path: path_buf(), source })
    }
}

#[derive(Deserialize)]
struct Versioned {
    format_version: u64,
}

/// What a results folder holds.
#[derive(Debug, Default)]
pub struct Records {
    /// The records with their paths, sorted by path.
    pub records: Vec<(PathBuf, RunRecord)>,
    /// Files that look like records but cannot be read.
    pub problems: Vec<RecordError>,
}

/// Read all records in `folder` and the folders under it. JSON files without a `format_version` are no records and
/// are passed over, as are hidden files and links to folders.
///
/// # Errors
/// [`RecordError::Read`] where `folder` itself cannot be read.
pub fn read_folder(folder: &Path) -> Result<Records, RecordError> {
    let mut paths = Vec::new();
    let mut found = Records::default();
    collect(folder, &mut paths, &mut found.problems)
        .map_err(|source| RecordError::Read { path: folder.to_path_buf(), source })?;
    paths.sort();
    for path in paths {
        match RunRecord::read(&path) {
            Ok(record) => found.records.push((path, record)),
            Err(RecordError::Shape { .. }) if !is_versioned(&path) => {}
            Err(problem) => found.problems.push(problem),
        }
    }
    Ok(found)
}

fn is_versioned(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| serde_json::from_str::<Versioned>(&text).is_ok())
}

/// The JSON files in `folder` and under it. A folder below that cannot be read is a problem, not the end.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>, problems: &mut Vec<RecordError>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // A link to a folder could lead back here; `file_type` does not follow it.
        if entry.file_type()?.is_dir() {
            if let Err(source) = collect(&path, paths, problems) {
                problems.push(RecordError::Read { path, source });
            }
        } else if path.extension().is_some_and(|extension| extension == "json")
            && !path.to_string_lossy().ends_with(predictions_file::EXTENSION)
            && path.is_file()
        {
            paths.push(path);
        }
    }
    Ok(())
}
