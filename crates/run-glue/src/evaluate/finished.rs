//! The run that left a model in a folder, and its record.

use std::path::PathBuf;

use records::record::path::slug;
use records::record::{OtherEvaluation, RecordError, RecordFile, read_folder};
use serde_json::Value;

use super::settings::EvaluateSettings;
use trainer::error::Error;
use trainer::finished_run::{FinishedRuns, RunName, Whose};
use trainer::settings::ModelChoice;

/// A finished run.
pub(super) struct Finished {
    path: PathBuf,
    record: records::record::RunRecord,
}

impl Finished {
    pub(super) fn task(&self) -> &str {
        &self.record.task
    }

    /// What the run read of a text.
    pub(super) fn max_seq_length(&self) -> Option<usize> {
        let tokens = self.record.hyper_parameters.get("max_seq_length").and_then(Value::as_u64)?;
        usize::try_from(tokens).ok()
    }

    /// Puts evaluations into its record.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn add(mut self, evaluations: &[OtherEvaluation]) -> Result<(), Error> {
        let rows = |of: &OtherEvaluation| of.dataset.splits.iter().map(|split| split.rows).sum::<u64>();
        for new in evaluations {
            let before = self.record.other_evaluations.iter().find(|old| old.name == new.name && rows(old) > rows(new));
            if let Some(before) = before {
                log::warn!(
                    "{}: the scores of {} rows take the place of those of {} in the record",
                    new.name,
                    rows(new),
                    rows(before)
                );
            }
        }
        self.record.add_other_evaluations(&self.path, evaluations)?;
        log::info!("{}: the scores are in its other_evaluations", self.path.display());
        Ok(())
    }
}

/// The run whose model lies there; `None` where no record is of it.
///
/// # Errors
/// When files of the model there are others than the run left, or records cannot be read.
pub(super) fn find(settings: &EvaluateSettings) -> Result<Option<Finished>, Error> {
    let ModelChoice::Folder(folder) = &settings.model else { return Ok(None) };
    let runs = FinishedRuns::read(folder);
    let Whose::Of(name) = &runs.trained else { return Ok(None) };
    if let Some(file) = runs.changed_model_files(folder).first() {
        return Err(Error::usage(format!(
            "{}: {file} there is another file than the one that its run left, so its scores do not belong to that run's record; put it \
             back, or train once more",
            folder.display()
        )));
    }
    let of_task = settings.results_dir.join(slug(name.task()));
    let found = match read_folder(&of_task) {
        Ok(found) => found.warned(),
        Err(RecordError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let is_its = |(_, record): &RecordFile| RunName::of(record) == *name;
    Ok(found.into_iter().find(is_its).map(|(path, record)| Finished { path, record }))
}
