//! What is typed beside a record, and which of the record's flags it stands for.

use std::ffi::OsString;

use crate::cli::grid_args::{Seeds, parse_seeds};

/// Flags in whose place others stand, where these are typed: both together would be a contradiction, or the typed one would have no
/// effect.
const DISPLACED: [(&str, &[&str]); 16] = [
    ("model_name_or_path", &["model_revision"]),
    ("dataset_dir", &["dataset_name", "dataset_revision", "train_file", "validation_file", "test_file"]),
    (
        "dataset_name",
        &["dataset_dir", "dataset_revision", "dataset_config_name", "train_file", "validation_file", "test_file"],
    ),
    ("train_file", &["dataset_dir", "dataset_name", "dataset_revision", "dataset_config_name"]),
    ("validation_file", &["dataset_dir", "dataset_name", "dataset_revision", "dataset_config_name"]),
    ("test_file", &["dataset_dir", "dataset_name", "dataset_revision", "dataset_config_name"]),
    ("num_train_epochs", &["max_steps"]),
    ("warmup_ratio", &["warmup_steps"]),
    ("lr_scheduler_type", &["lr_scheduler_kwargs"]),
    ("logging_strategy", &["logging_steps", "logging_first_step"]),
    ("use_cpu", &["backend"]),
    ("device", &["backend"]),
    ("bf16", &["fp16", "tf32"]),
    ("fp16", &["bf16", "tf32"]),
    ("tf32", &["bf16", "fp16"]),
    ("validation_split_percentage", &["validation_split_name", "validation_file"]),
];

/// The flags that are typed.
#[derive(Debug)]
pub(super) struct Typed {
    names: Vec<String>,
    /// Whether seeds are listed one by one, so that there is no first one to count from.
    lists_seeds: bool,
}

impl Typed {
    /// `words`: what is typed; `names`: the flags among it.
    pub(super) fn of(words: &[OsString], names: Vec<String>) -> Self {
        Self { names, lists_seeds: lists_seeds(words) }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn has(&self, flag: &str) -> bool {
        self.names.iter().any(|name| name == flag)
    }

    /// Whether a flag of the record is typed, or another one that stands for it.
    pub(super) fn displaces(&self, flag: &str) -> bool {
        let others = DISPLACED.iter().filter(|(_, displaced)| displaced.contains(&flag));
        self.has(flag) || flag == "seed" && self.lists_seeds || others.into_iter().any(|(typed, _)| self.has(typed))
    }
}

fn lists_seeds(words: &[OsString]) -> bool {
    let value = words.iter().enumerate().find_map(|(at, word)| {
        let word = word.to_str()?;
        match word.strip_prefix("--seeds")? {
            "" => words.get(at + 1)?.to_str(),
            rest => rest.strip_prefix('='),
        }
    });
    value.is_some_and(|text| matches!(parse_seeds(text), Ok(Seeds::These(_))))
}
