//! What the results folder holds already.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::run_spec::RunSpec;
use records::record::path::slug;
use records::record::{RecordError, RunRecord, read_folder};
use trainer::error::Error;
use trainer::file_hash::sha256;
use trainer::settings::ModelChoice;

/// Finds records of runs.
pub(super) struct Done {
    results_dir: PathBuf,
    /// Hashes of weights, each computed once.
    hashes: HashMap<PathBuf, Option<String>>,
}

impl Done {
    pub(super) fn new(results_dir: &Path) -> Self {
        Self { results_dir: results_dir.to_owned(), hashes: HashMap::new() }
    }

    /// The records of a task.
    fn records(&self, task: &str) -> Result<Vec<RunRecord>, Error> {
        let folder = self.results_dir.join(slug(task));
        match read_folder(&folder) {
            Ok(found) => Ok(found.records.into_iter().map(|(_, record)| record).collect()),
            Err(RecordError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The record of each run that has one: of the same settings, the same seed and, where the model is a folder, weights
    /// that are still the same.
    pub(super) fn find(&mut self, specs: &[RunSpec]) -> Result<Vec<Option<RunRecord>>, Error> {
        let mut by_task: HashMap<&str, Vec<RunRecord>> = HashMap::new();
        for spec in specs {
            if !by_task.contains_key(spec.task()) {
                by_task.insert(spec.task(), self.records(spec.task())?);
            }
        }
        let mut found = Vec::new();
        for spec in specs {
            let records = by_task.get(spec.task()).into_iter().flatten();
            let of_spec = records.filter(|record| spec.is_of(record));
            let mut same = None;
            for record in of_spec {
                if self.has_weights_of(spec, record) {
                    same = Some(record.clone());
                }
            }
            found.push(same);
        }
        Ok(found)
    }

    fn has_weights_of(&mut self, spec: &RunSpec, record: &RunRecord) -> bool {
        let ModelChoice::Folder(folder) = &spec.settings.model.choice else { return true };
        record.model.weights_sha256.iter().all(|(name, hash)| {
            let path = folder.join(name);
            self.hashes.entry(path.clone()).or_insert_with(|| sha256(&path).ok()).as_ref() == Some(hash)
        })
    }

    /// Records of any settings, for how long a run takes.
    pub(super) fn all(&self, specs: &[RunSpec]) -> Result<Vec<RunRecord>, Error> {
        let mut tasks: Vec<&str> = specs.iter().map(|spec| spec.task()).collect();
        tasks.sort_unstable();
        tasks.dedup();
        let records = tasks.into_iter().map(|task| self.records(task)).collect::<Result<Vec<_>, _>>()?;
        Ok(records.into_iter().flatten().collect())
    }
}
