//! A finished model on labelled rows of another set, whose classes are matched by their names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use glue_tasks::dataset::{Example, Label};
use glue_tasks::{OtherPart, SharedClasses, argmax, read_split, shared_classes};
use models::head::SequenceClassifier;
use models::ops::{EncoderOps, Precision};

use super::identity::ModelIdentity;
use super::row_info::{files_sha256, rows_sha256};
use super::split_reader::Rows;
use super::trained_rows::{Before, TrainedRows};
use crate::data::{Padding, Split};
use crate::error::Error;
use crate::model_files::ModelFiles;
use crate::source::SourceFiles;
use crate::training::evaluate::predict;
use records::record::parts::Scores;
use records::record::{DatasetInfo, OtherEvaluation, Program, SplitRows, SplitUse};
use records::utc::rfc3339;

/// Rows of a part of a set, with the classes that it shares with a model.
pub struct OtherRows {
    name: String,
    shared: SharedClasses,
    /// Of each class of the model, by its name, what it counts as.
    classes: BTreeMap<String, String>,
    split: Split,
    /// Of each row the shared class.
    labels: Vec<usize>,
    dataset: DatasetInfo,
    /// What is to be said of the rows.
    pub remarks: Vec<String>,
}

/// What a score depends on beside weights and rows: it is written down.
pub struct OtherPass {
    /// Tokens of the longest input.
    pub max_seq_length: usize,
    /// What the factors of matrix products are rounded to.
    pub precision: Precision,
    /// The backend's name.
    pub backend: &'static str,
}

impl OtherRows {
    /// Reads the rows of a part. `most`: so many of them at most.
    ///
    /// # Errors
    /// When the split is not there or cannot be read, holds no labelled row, or the classes of the model are others.
    pub fn read(
        model: &ModelFiles,
        part: &OtherPart,
        dataset: &SourceFiles,
        most: Option<usize>,
    ) -> Result<Self, Error> {
        let (task, split) = (&part.task, part.split());
        let names = model.config.label_names().ok_or_else(|| {
            Error::usage(format!(
                "{}: its config.json does not name its classes (id2label), so what they are in {} is not known",
                model.files().id,
                task.name
            ))
        })?;
        let shared = shared_classes(&names, &task.labels).ok_or_else(|| {
            Error::usage(format!(
                "{}: its classes are {}, and those of {} are {}, which have nothing in common",
                model.files().id,
                names.join(", "),
                task.name,
                task.labels.join(", ")
            ))
        })?;
        let (files, schema) = dataset.task_split(task, split)?.ok_or_else(|| {
            let place = if task.config.is_empty() { String::new() } else { format!(" of {}", task.config) };
            Error::usage(format!("{}: there is no split {split}{place}{}", dataset.id, dataset.there_are(&task.config)))
        })?;
        let read = read_split(&files, &schema)?;
        let mut remarks: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
        let (all, mut examples) = (read.examples.len(), read.examples);
        examples.retain(|example| example.label.is_some());
        if examples.len() < all {
            remarks.push(format!(
                "{}: {} of {all} rows have no label and are left out",
                task.name,
                all - examples.len()
            ));
        }
        if examples.is_empty() {
            return Err(Error::usage(format!("{}: split {split} of {} has no labelled row", dataset.id, task.name)));
        }
        examples.truncate(most.unwrap_or(usize::MAX));
        let labels = examples.iter().map(|example| class_of(example, &shared.of_set)).collect();
        let rows = Rows { split: split.to_owned(), of_split: all, examples, limit: most, files };
        let described = describe(model, &rows, dataset, part, &mut remarks)?;
        let classes = names.iter().zip(&shared.of_model).map(|(name, &at)| (name.clone(), shared.names[at].clone()));
        let name = task.name.clone();
        let split = Split::new(split, rows.examples, task.kind, &model.tokenizer, model.max_seq_length)?;
        Ok(Self { name, classes: classes.collect(), shared, split, labels, dataset: described, remarks })
    }

    /// How the model's classes count, in words: `entailment counts as entailment, neutral as non-entailment`.
    #[must_use]
    pub fn classes_in_words(&self) -> String {
        let words = self.classes.iter().map(|(own, shared)| format!("{own} as {shared}"));
        words.collect::<Vec<_>>().join(", ")
    }

    /// What the model scores: of each row the class of the highest logit, and what it counts as.
    ///
    /// # Errors
    /// When a logit is no number, so that there is no highest one.
    pub fn score<B: EncoderOps>(
        &self,
        model: &SequenceClassifier<B>,
        batch_size: usize,
        pass: &OtherPass,
    ) -> Result<OtherEvaluation, Error> {
        let logits = predict(model, &self.split, batch_size, Padding::of::<B>(None));
        if let Some(row) = logits.lost_row() {
            return Err(Error::failure(format!(
                "{}: the model's logits of row {row} (from 0) are no numbers",
                self.name
            )));
        }
        let said = logits.rows().map(|row| argmax(row).map(|class| self.shared.of_model[class]));
        let right = said.zip(&self.labels).filter(|(said, label)| said.as_ref() == Some(*label)).count();
        let share = |count: usize| count as f64 / self.labels.len() as f64;
        let frequent =
            (0..self.shared.names.len()).map(|class| self.labels.iter().filter(|label| **label == class).count());
        Ok(OtherEvaluation {
            name: self.name.clone(),
            classes: self.classes.clone(),
            dataset: self.dataset.clone(),
            metrics: Scores::from([("accuracy".to_owned(), Some(share(right)))]),
            majority_baseline: Some(share(frequent.max().unwrap_or(0))),
            max_seq_length: pass.max_seq_length as u64,
            precision: pass.precision.name().to_owned(),
            backend: pass.backend.to_owned(),
            evaluated_at: rfc3339(std::time::SystemTime::now()),
            program: Program::current(),
        })
    }
}

fn class_of(example: &Example, of_set: &[usize]) -> usize {
    match example.label {
        Some(Label::Class(class)) => of_set.get(class).copied().unwrap_or_default(),
        _ => 0,
    }
}

fn describe(
    model: &ModelFiles,
    rows: &Rows,
    dataset: &SourceFiles,
    part: &OtherPart,
    remarks: &mut Vec<String>,
) -> Result<DatasetInfo, Error> {
    let identity = ModelIdentity::of(model)?;
    let before = TrainedRows::read(model.files(), &identity.tensors(), true, model.tokenizer.drops_case(), remarks)?;
    let trained_on = match &before {
        Before::Rows(trained) => Some(trained.count(rows)),
        Before::Pretrained | Before::Unknown => None,
    };
    if let Some(count) = trained_on.filter(|count| *count > 0) {
        remarks.push(format!(
            "{}: the model was trained on {count} of these {} rows, which makes its score too good",
            part.task.name,
            rows.examples.len()
        ));
    }
    let data = SplitRows {
        split: rows.split.clone(),
        used_for: Some(SplitUse::Evaluation),
        key_suffix: String::new(),
        rows: rows.examples.len() as u64,
        rows_of_split: Some(rows.of_split as u64),
        limit: rows.limit.map(|limit| limit as u64),
        sha256: Some(rows_sha256(&rows.examples, &part.task.labels)),
        trained_on,
        trained_on_exactly: None,
        files: rows.files.iter().map(|file| dataset.name_of(file)).collect(),
    };
    let files: std::collections::BTreeSet<PathBuf> = rows.files.iter().cloned().collect();
    Ok(DatasetInfo {
        id: dataset.id.clone(),
        config: Some(part.task.config.clone()).filter(|config| !config.is_empty()),
        source: dataset.source,
        revision: dataset.revision.clone(),
        commit: dataset.commit.clone(),
        delimiter: None,
        splits: vec![data],
        files_sha256: files_sha256(dataset, &files)?,
    })
}
