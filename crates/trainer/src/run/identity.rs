//! What a run is, whatever it is called: its task, its rows and the model that it starts from.

use records::hex;
use records::record::{SplitRows, SplitUse};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::file_hash::{FileHashes, hashes_by_name, named_hash};
use crate::model_files::ModelFiles;
use crate::model_places::{CONFIG, ModelPlaces};
use crate::settings::{HubAccess, ModelChoice};
use crate::source::TransferHooks;
use crate::tokenize::TokenizerFiles;

/// The files that a model is made of, by their content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ModelIdentity {
    /// Those that hold the tensors.
    pub weights: FileHashes,
    /// Of config.json.
    pub config: String,
    /// Those that the tokenizer is made of.
    pub tokenizer: FileHashes,
}

/// What of a model may lie in a place of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelPart {
    /// The files that hold the tensors.
    Weights,
    /// config.json.
    Config,
    /// What the tokenizer is made of.
    Tokenizer,
}

impl ModelPart {
    /// What a run would read of a model on this machine now, and the folder in which the files lie, with `/` behind. `hub`: where the model that an
    /// adapter stands beside may lie.
    ///
    /// # Errors
    /// When a file that a run needs is not there, or cannot be read.
    pub fn now(self, choice: &ModelChoice, hub: &HubAccess) -> Result<(FileHashes, String), Error> {
        let places = ModelPlaces::of(choice, hub, &TransferHooks::default())?;
        let files = match self {
            Self::Weights => places.model(),
            Self::Config => places.of_file("config.json")?,
            Self::Tokenizer => places.of_tokenizer()?,
        };
        let hashes = match self {
            Self::Weights => hashes_by_name(places.weights()?.files.iter().chain(places.adapter_files())),
            Self::Config => hashes_by_name([files.fetch("config.json")?].iter()),
            Self::Tokenizer => hashes_by_name(TokenizerFiles::find(|name| files.try_fetch(name))?.paths()),
        };
        Ok((hashes?, format!("{}/{}", files.id, files.subfolder())))
    }
}

impl ModelIdentity {
    /// The files that hold tensors: of an adapter its own, and those of the model that it stands beside.
    pub(super) fn tensors(&self) -> FileHashes {
        let tensors = self.weights.iter().filter(|(name, _)| *name != CONFIG);
        tensors.map(|(name, hash)| (name.clone(), hash.clone())).collect()
    }

    /// SHA-256 of all these hashes, with the files' names.
    pub(super) fn hash(&self) -> String {
        let Self { weights, config, tokenizer } = self;
        let files =
            |files: &FileHashes| files.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect::<String>();
        hex(&Sha256::digest(format!("{}\n{config}\n\n{}", files(weights), files(tokenizer))))
    }

    /// # Errors
    /// When a file cannot be read.
    pub(super) fn of(model: &ModelFiles) -> Result<Self, Error> {
        Ok(Self {
            weights: hashes_by_name(model.weight_files())?,
            config: named_hash(&model.config_file)?,
            tokenizer: hashes_by_name(model.tokenizer_files.paths())?,
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
    /// Whose logits are learned beside the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    teacher: Option<ModelIdentity>,
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
        Self { task: task.map(str::to_owned), rows, model, teacher: None }
    }

    /// The same with a teacher.
    pub(super) fn taught_by(self, teacher: Option<ModelIdentity>) -> Self {
        Self { teacher, ..self }
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
        let Some((part, _)) = part.into_iter().find(|(_, differs)| *differs) else {
            return (self.teacher != now.teacher)
                .then(|| "with another teacher: its files are not the same".to_owned());
        };
        Some(format!("from another model: its {part} {} not the same", if part == "weights" { "are" } else { "is" }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_greatest_difference_is_named() {
        let hashes = |hash: &str| BTreeMap::from([("a".to_owned(), hash.to_owned())]);
        let model = ModelIdentity { weights: hashes("w"), config: "c".to_owned(), tokenizer: hashes("t") };
        let identity =
            RunIdentity { task: Some("rte".to_owned()), rows: vec![Some("r".to_owned())], model, teacher: None };
        assert_eq!(identity.difference(&identity.clone()), None);
        type Change = fn(&mut RunIdentity);
        let changes: [(Change, &str); 7] = [
            (|other| other.teacher = Some(other.model.clone()), "with another teacher"),
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
