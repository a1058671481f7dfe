//! What a run is, whatever it is called: its task, its rows and the model that it starts from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use models::checkpoint::locate;
use records::record::{SplitRows, SplitUse};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::file_hash::sha256;
use crate::model_files::ModelFiles;
use crate::model_layout::find_model;
use crate::settings::{HubAccess, ModelChoice};
use crate::source::{SourceFiles, TransferHooks};
use crate::tokenize::TokenizerFiles;

/// SHA-256 of files by their names, in hexadecimal.
pub type FileHashes = BTreeMap<String, String>;

/// The files that a model is made of, by their content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelIdentity {
    /// Those that hold the tensors.
    pub weights: FileHashes,
    /// Of config.json.
    pub config: String,
    /// Those that the tokenizer is made of.
    pub tokenizer: FileHashes,
}

impl ModelIdentity {
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn of(model: &ModelFiles) -> Result<Self, Error> {
        Self::of_files(&model.weights.files, &model.config_file, &model.tokenizer_files)
    }

    /// What a run of a model on this machine would be of now, and the folder in which the files lie: nothing is read but for the hashes.
    ///
    /// # Errors
    /// When a file that a run needs is not there, or cannot be read.
    pub fn now(choice: &ModelChoice) -> Result<(Self, String), Error> {
        let files = SourceFiles::model(choice, &HubAccess::default(), &TransferHooks::default())?;
        let (files, _) = find_model(files)?;
        let weights = locate(|name| files.try_fetch(name))?;
        let tokenizer = TokenizerFiles::find(|name| files.try_fetch(name))?;
        let identity = Self::of_files(&weights.files, &files.fetch("config.json")?, &tokenizer)?;
        Ok((identity, format!("{}/{}", files.id, files.subfolder())))
    }

    fn of_files(weights: &[PathBuf], config: &PathBuf, tokenizer: &TokenizerFiles) -> Result<Self, Error> {
        let hash = |path: &PathBuf| sha256(path).map_err(|error| Error::usage(format!("{}: {error}", path.display())));
        let by_name = |path: &PathBuf| {
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            Ok((name, hash(path)?))
        };
        Ok(Self {
            weights: weights.iter().map(by_name).collect::<Result<_, Error>>()?,
            config: hash(config)?,
            tokenizer: tokenizer.paths().map(by_name).collect::<Result<_, Error>>()?,
        })
    }
}

/// What decides the weights of a training besides its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunIdentity {
    /// A benchmark's task; other data are known by their rows.
    task: Option<String>,
    /// The training rows, and where evaluations choose the weights, those that are evaluated: SHA-256 of their content.
    rows: Vec<Option<String>>,
    model: ModelIdentity,
}

impl RunIdentity {
    /// `chooses`: whether evaluations choose among the weights or end the training.
    pub(super) fn new(task: Option<&str>, splits: &[SplitRows], chooses: bool, model: ModelIdentity) -> Self {
        let decides = |split: &&SplitRows| match split.used_for {
            Some(SplitUse::Training) => true,
            Some(SplitUse::Evaluation) => chooses,
            _ => false,
        };
        let rows = splits.iter().filter(decides).map(|split| split.sha256.clone()).collect();
        Self { task: task.map(str::to_owned), rows, model }
    }

    /// In what another run differs, the greatest difference first: in words that follow `the checkpoint was made`; `None` where it
    /// is the same.
    pub(super) fn difference(&self, now: &Self) -> Option<String> {
        let task = |task: &Option<String>| task.clone().unwrap_or_else(|| "other data than a benchmark's".to_owned());
        if self.task != now.task {
            return Some(format!("for {}, and this run is for {}", task(&self.task), task(&now.task)));
        }
        if self.rows != now.rows {
            let what = if self.rows.first() == now.rows.first() { "evaluated" } else { "trained on" };
            return Some(format!(
                "with other data: the rows that are {what} are not the same (files may have changed, or other parts been asked for)"
            ));
        }
        let (model, this) = (&self.model, &now.model);
        let part = [
            ("weights", model.weights != this.weights),
            ("config.json", model.config != this.config),
            ("tokenizer", model.tokenizer != this.tokenizer),
        ];
        let (part, _) = part.into_iter().find(|(_, differs)| *differs)?;
        Some(format!("from another model: its {part} {} not the same", if part == "weights" { "are" } else { "is" }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_difference_is_named() {
        let hashes = |hash: &str| BTreeMap::from([("a".to_owned(), hash.to_owned())]);
        let model = ModelIdentity { weights: hashes("w"), config: "c".to_owned(), tokenizer: hashes("t") };
        let identity = RunIdentity { task: Some("rte".to_owned()), rows: vec![Some("r".to_owned())], model };
        assert_eq!(identity.difference(&identity.clone()), None);
        type Change = fn(&mut RunIdentity);
        let changes: [(Change, &str); 6] = [
            (|other| other.model.tokenizer.clear(), "its tokenizer is not the same"),
            (|other| other.model.config.push('x'), "its config.json is not the same"),
            (|other| other.model.weights.clear(), "its weights are not the same"),
            (|other| other.rows.push(Some("e".to_owned())), "rows that are evaluated"),
            (|other| other.rows[0] = Some("s".to_owned()), "rows that are trained on"),
            (|other| other.task = Some("mrpc".to_owned()), "for rte, and this run is for mrpc"),
        ];
        let mut other = identity.clone();
        // Each stands before those that came before it.
        for (change, words) in changes {
            change(&mut other);
            let difference = identity.difference(&other).unwrap_or_default();
            assert!(difference.contains(words), "{difference}: {words}");
        }
    }
}
