//! What is put into a record's file afterwards.

use std::path::Path;

use serde::Serialize;

use super::error::RecordError;
use super::other_evaluation::OtherEvaluation;
use super::run_record::{RunRecord, without_mark};
use crate::atomic::write_whole;

/// Puts a field into the record in the file `path`, in the place of what it has there. Nothing else of the file changes.
///
/// # Errors
/// [`RecordError`] where the file cannot be read or written.
pub(super) fn replace_field(path: &Path, field: &str, value: &impl Serialize) -> Result<(), RecordError> {
    let shape = |source| RecordError::Shape { path: path.to_path_buf(), source };
    let text =
        std::fs::read_to_string(path).map_err(|source| RecordError::Read { path: path.to_path_buf(), source })?;
    let mut file: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(without_mark(&text)).map_err(shape)?;
    file.insert(field.to_owned(), serde_json::to_value(value).map_err(shape)?);
    let text = serde_json::to_string_pretty(&file).map_err(shape)? + "\n";
    Ok(write_whole(path, text.as_bytes())?)
}

impl RunRecord {
    /// Puts evaluations on other sets into the record and its file `path`, in the place of those of the same name.
    ///
    /// # Errors
    /// [`RecordError`] where the file cannot be read or written.
    pub fn add_other_evaluations(&mut self, path: &Path, new: &[OtherEvaluation]) -> Result<(), RecordError> {
        self.other_evaluations.retain(|old| !new.iter().any(|new| new.name == old.name));
        self.other_evaluations.extend(new.iter().cloned());
        self.other_evaluations.sort_by(|a, b| a.name.cmp(&b.name));
        replace_field(path, "other_evaluations", &self.other_evaluations)
    }
}
