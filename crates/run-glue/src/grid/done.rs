//! What the results folder holds already.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::run_spec::RunSpec;
use super::sources::Sources;
use records::record::path::slug;
use records::record::{RecordError, RecordFile, RunRecord, read_folder};
use trainer::error::Error;

/// Finds records of runs.
pub(super) struct Done {
    results_dir: PathBuf,
    sources: Sources,
    /// Changes, and records that cannot be read, that were said.
    said: HashSet<String>,
}

impl Done {
    pub(super) fn new(results_dir: &Path) -> Self {
        Self { results_dir: results_dir.to_owned(), sources: Sources::default(), said: HashSet::new() }
    }

    /// The records of a task. Those that cannot be read are said: their runs are not done.
    fn records(&mut self, task: &str) -> Result<Vec<RecordFile>, Error> {
        let folder = self.results_dir.join(slug(task));
        match read_folder(&folder) {
            Ok(found) => {
                for problem in found.problems.iter().map(ToString::to_string) {
                    if self.said.insert(problem.clone()) {
                        log::warn!("{problem}");
                    }
                }
                Ok(found.records)
            }
            Err(RecordError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The records of each run, with their files, the one that was begun last at the end: of the same settings and seed, and of model and data whose content
    /// is still the same. There are several where what else makes numbers others, such as the backend, was another.
    /// What makes a run another one although it was asked for in the same words is said. One that was asked for in other words, with
    /// another path or with more evaluations, counts where its content is all that is asked for now.
    pub(super) fn find(&mut self, specs: &[RunSpec]) -> Result<Vec<Vec<RecordFile>>, Error> {
        let mut by_task: HashMap<&str, Vec<RecordFile>> = HashMap::new();
        for spec in specs {
            if !by_task.contains_key(spec.task()) {
                by_task.insert(spec.task(), self.records(spec.task())?);
            }
        }
        let mut found = Vec::new();
        for spec in specs {
            let records = by_task.get(spec.task()).into_iter().flatten();
            let (mut same, mut changed) = (Vec::new(), None);
            for (path, record) in records {
                if spec.is_of(record) {
                    match self.sources.change_since(&spec.settings, &spec.asked_of(record)) {
                        None => same.push((path.clone(), record.clone())),
                        Some(change) => changed = Some(change),
                    }
                } else if spec.may_be_of(record) && self.sources.is_same_content(&spec.settings, &spec.asked_of(record))
                {
                    same.push((path.clone(), record.clone()));
                }
            }
            if let Some(change) = changed.filter(|change| same.is_empty() && self.said.insert(change.clone())) {
                log::warn!(
                    "{change} since the results were made, which are left as they are: runs with it are not done"
                );
            }
            same.sort_by(|(_, a): &RecordFile, (_, b)| a.started_at.cmp(&b.started_at));
            found.push(same);
        }
        Ok(found)
    }

    /// Records of any settings, for how long a run takes.
    pub(super) fn all(&mut self, specs: &[RunSpec]) -> Result<Vec<RunRecord>, Error> {
        let mut tasks: Vec<&str> = specs.iter().map(|spec| spec.task()).collect();
        tasks.sort_unstable();
        tasks.dedup();
        let records = tasks.into_iter().map(|task| self.records(task)).collect::<Result<Vec<_>, _>>()?;
        Ok(records.into_iter().flatten().map(|(_, record)| record).collect())
    }
}
