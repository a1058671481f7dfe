//! The fine-tuned model as transformers saves it: weights in its names, config.json, tokenizer files, model card; and the rows that it
//! was trained on.

use std::path::{Path, PathBuf};

use glue_tasks::task::TaskKind;
use models::checkpoint;
use models::head::SequenceClassifier;
use models::ops::EncoderOps;
use models::peft::{AdapterPlan, merged, save_adapter};
use serde_json::{Map, Value, json};

use super::context::RunContext;
use super::task_labels::SPELLINGS;
use crate::error::Error;
use crate::file_hash::FileHashes;
use records::atomic::write_whole;
use records::files::model_card::model_card;
use records::python_json;
use records::record::{RunRecord, Source};

/// The file of the weights.
const WEIGHTS: &str = "model.safetensors";

/// The file of an adapter's.
const ADAPTER: &str = crate::model_places::TENSORS;
const ADAPTER_CONFIG: &str = crate::model_places::CONFIG;

/// The files that may hold what a run has trained.
pub const WEIGHT_FILES: [&str; 2] = [WEIGHTS, ADAPTER];

/// The special tokens by their names, as older versions wrote them.
const TOKENS_MAP: &str = "special_tokens_map.json";

/// Files of a tokenizer that go with the model as they are.
const TOKENIZER_FILES: [&str; 12] = [
    "tokenizer.json",
    "tokenizer_config.json",
    TOKENS_MAP,
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "spm.model",
    "sentencepiece.model",
    "tokenizer.model",
];

/// What older versions left in config.json, or what the new head makes wrong.
const DROPPED_FIELDS: [&str; 5] = ["_name_or_path", "finetuning_task", "num_labels", "torch_dtype", SPELLINGS];

/// The release whose files these are like.
const TRANSFORMERS_VERSION: &str = "5.23.0";

/// The names of the files that a saved model may consist of.
pub(super) fn model_files() -> impl Iterator<Item = &'static str> {
    WEIGHT_FILES.into_iter().chain([ADAPTER_CONFIG, "config.json"]).chain(TOKENIZER_FILES)
}

/// A model that goes into a folder.
pub(super) struct SavedModel<'a, B: EncoderOps> {
    pub(super) context: &'a RunContext<'a>,
    pub(super) model: &'a SequenceClassifier<B>,
    /// Whether what stands beside its layers is made part of their weights.
    pub(super) merges: bool,
}

impl<B: EncoderOps> SavedModel<'_, B> {
    /// Writes the model's card, which says what came of it.
    ///
    /// # Errors
    /// Names the file that could not be written.
    pub(super) fn write_card(&self, dir: &Path, record: &RunRecord) -> Result<(), Error> {
        let absolute = std::path::absolute(dir);
        let name = absolute.ok().and_then(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()));
        let task = &self.context.prepared.task;
        let card = model_card(&name.unwrap_or_else(|| task.file_stem()), task, record, self.adapter_of());
        Ok(write_whole(dir.join("README.md"), card.as_bytes())?)
    }

    /// Writes all but the card, each file whole or not at all.
    ///
    /// # Errors
    /// Names the file that could not be written.
    pub(super) fn write_files(&self, dir: &Path) -> Result<(), Error> {
        let failed = |error: &dyn std::fmt::Display| Error::failure(format!("the model could not be saved: {error}"));
        let files = &self.context.prepared.model;
        let (names, prefix) = (&files.names, files.family.prefix);
        // Read before anything is written: the folder may be the one that the model came from.
        let tokenizer_files = self.tokenizer_files()?;
        std::fs::create_dir_all(dir).map_err(|e| failed(&format!("{}: {e}", dir.display())))?;
        let weights = self.weights_file();
        match self.adapter() {
            Some(plan) => {
                save_adapter(self.model, plan, &dir.join(weights)).map_err(|e| failed(&e))?;
                write_whole(dir.join(ADAPTER_CONFIG), self.adapter_json(plan)?.as_bytes()).map_err(|e| failed(&e))?;
            }
            None if files.adapter_plan().is_some() => {
                let merged = merged(self.model.clone());
                checkpoint::save(&merged, names, prefix, &dir.join(weights)).map_err(|e| failed(&e))?;
            }
            None => checkpoint::save(self.model, names, prefix, &dir.join(weights)).map_err(|e| failed(&e))?,
        }
        // Of a run before, in the other form: the folder would be read as that one's.
        let others: &[&str] = if self.adapter().is_some() { &[WEIGHTS] } else { &[ADAPTER_CONFIG, ADAPTER] };
        for name in others {
            match std::fs::remove_file(dir.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed(&format!("{name}: {error}")));
                }
                _ => {}
            }
        }
        write_whole(dir.join("config.json"), self.config_json()?.as_bytes()).map_err(|e| failed(&e))?;
        for (name, bytes) in tokenizer_files {
            write_whole(dir.join(name), &bytes).map_err(|e| failed(&e))?;
        }
        match &self.context.prepared.trained_rows {
            Some(rows) => rows.write(dir, weights, self.beside()),
            None => Ok(()),
        }
    }

    /// The plan of the adapter that is written; `None` where whole weights are.
    fn adapter(&self) -> Option<&AdapterPlan> {
        self.context.prepared.model.adapter_plan().filter(|_| !self.merges)
    }

    /// The model that the adapter which is written stands beside.
    fn adapter_of(&self) -> Option<(&str, Source)> {
        let model = &self.context.prepared.model;
        let base = model.base_source().unwrap_or(model.files());
        self.adapter().map(|_| (base.id.as_str(), base.source))
    }

    /// The files of the model that an adapter stands beside, by their content.
    fn beside(&self) -> FileHashes {
        let mut files = self.context.prepared.model_identity.tensors();
        files.retain(|name, _| self.adapter().is_some() && name != ADAPTER);
        files
    }

    /// The name of the file that holds what was trained.
    fn weights_file(&self) -> &'static str {
        if self.adapter().is_some() { ADAPTER } else { WEIGHTS }
    }

    /// adapter_config.json, in Python's form.
    fn adapter_json(&self, plan: &AdapterPlan) -> Result<String, Error> {
        let model = &self.context.prepared.model;
        let base = model.base_source().unwrap_or(model.files());
        // A folder's name means the same from everywhere.
        let name = match base.source {
            Source::Folder => std::path::absolute(&base.id).map_err(Error::failure)?.display().to_string(),
            _ => base.id.clone(),
        };
        let value = plan.config_json(Some(&name), base.commit.as_deref());
        let value = python_json::parse(&value.to_string()).map_err(Error::failure)?;
        Ok(python_json::dumps(&value, 2))
    }

    fn tokenizer_files(&self) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
        let model = &self.context.prepared.model;
        let mut files = Vec::new();
        for name in TOKENIZER_FILES {
            if let Some(path) = model.tokenizer_place()?.try_fetch(name)? {
                files.push((name, read(&path)?));
            }
        }
        if let Some(given) = self.context.settings.model.token_type_ids {
            let names: &[&str] = if given {
                &["input_ids", "token_type_ids", "attention_mask"]
            } else {
                &["input_ids", "attention_mask"]
            };
            say(&mut files, |config| drop(config.insert("model_input_names".to_owned(), json!(names))))?;
        }
        if let Some(token) = &self.context.settings.model.pad_token {
            say(&mut files, |config| drop(config.insert("pad_token".to_owned(), json!(token))))?;
            // Where it is there, it may have the last word.
            if files.iter().any(|(name, _)| *name == TOKENS_MAP) {
                say_in(&mut files, TOKENS_MAP, |map| drop(map.insert("pad_token".to_owned(), json!(token))))?;
            }
        }
        if model.is_put_together() {
            // What says so may be a config.json that stays behind.
            let class = model.tokenizer.class();
            say(&mut files, |config| {
                config.entry("tokenizer_class").or_insert_with(|| json!(class));
            })?;
        }
        Ok(files)
    }

    /// The checkpoint's configuration with this head, in Python's form.
    fn config_json(&self) -> Result<String, Error> {
        let files = &self.context.prepared.model;
        let defaults = files.family.config_defaults.iter();
        let mut fields: Map<String, Value> =
            defaults.map(|(field, default)| ((*field).to_owned(), (*default).into())).collect();
        fields.extend(files.config.fields().clone());
        DROPPED_FIELDS.iter().for_each(|field| drop(fields.remove(*field)));
        fields.extend(self.head_fields());
        let text = Value::Object(fields).to_string();
        let value = python_json::parse(&text).map_err(Error::failure)?;
        Ok(python_json::dumps(&value, 2) + "\n")
    }

    fn head_fields(&self) -> Map<String, Value> {
        let RunContext { prepared, class_order, .. } = self.context;
        let (task, family) = (&prepared.task, prepared.model.family);
        let names: Vec<&str> = match task.kind {
            TaskKind::Regression => vec!["LABEL_0"],
            TaskKind::Classification | TaskKind::MultiLabel => {
                let mut names = vec![""; class_order.len()];
                for (label, &class) in task.labels.iter().zip(class_order) {
                    names[class] = label;
                }
                names
            }
        };
        let id2label: Map<String, Value> =
            names.iter().enumerate().map(|(i, name)| (i.to_string(), json!(name))).collect();
        let label2id: Map<String, Value> =
            names.iter().enumerate().map(|(i, name)| ((*name).to_owned(), json!(i))).collect();
        let mut fields = Map::from_iter([
            ("architectures".to_owned(), json!([family.classifier_architecture])),
            ("dtype".to_owned(), json!("float32")),
            ("id2label".to_owned(), Value::Object(id2label)),
            ("label2id".to_owned(), Value::Object(label2id)),
            ("problem_type".to_owned(), json!(task.kind.problem_type())),
            ("transformers_version".to_owned(), json!(TRANSFORMERS_VERSION)),
        ]);
        // Numbers that are no indices would be taken for such where the model is evaluated.
        if !task.spellings.is_empty() && task.spellings.iter().all(|spelling| spelling.parse::<i64>().is_ok()) {
            let mut spellings = vec![""; names.len()];
            task.spellings.iter().zip(class_order).for_each(|(spelling, &class)| spellings[class] = spelling);
            fields.insert(SPELLINGS.to_owned(), json!(spellings));
        }
        fields
    }
}

/// Makes tokenizer_config.json say what was decided, so that it holds wherever the model is loaded.
fn say(files: &mut Vec<(&'static str, Vec<u8>)>, change: impl FnOnce(&mut Map<String, Value>)) -> Result<(), Error> {
    say_in(files, "tokenizer_config.json", change)
}

/// The same in one of the files.
fn say_in(
    files: &mut Vec<(&'static str, Vec<u8>)>,
    file: &'static str,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Result<(), Error> {
    let at = files.iter().position(|(name, _)| *name == file);
    let mut config = match at {
        Some(at) => serde_json::from_slice::<Map<String, Value>>(&files.remove(at).1)
            .map_err(|error| Error::input(format!("{file}: {error}")))?,
        None => Map::new(),
    };
    change(&mut config);
    let value = python_json::parse(&Value::Object(config).to_string()).map_err(Error::failure)?;
    files.push((file, (python_json::dumps(&value, 2) + "\n").into_bytes()));
    Ok(())
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| Error::input(format!("{}: {error}", path.display())))
}
