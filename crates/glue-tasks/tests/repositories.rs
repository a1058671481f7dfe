//! Small repositories in many layouts, beside what datasets.load_dataset makes of them: the same splits in the same order, rows, labels
//! and label names, or both refuse. `scripts/fixtures/repositories.py` writes `data/repositories.json`; where the program differs on
//! purpose, `ours` there says by which rule.

// A test crate: functions outside `#[test]` may panic as well.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use glue_tasks::dataset::{DelimitedFormat, infer_label_kind};
use glue_tasks::layout::Layout;
use glue_tasks::{DataError, DeclaredType, Label, LabelKind, Schema, read_split};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Repository {
    name: String,
    /// The texts, and the label behind them.
    columns: Vec<String>,
    files: BTreeMap<String, Content>,
    loads: Vec<Load>,
    ours: Option<Ours>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Content {
    Text(String),
    Base64(String),
}

/// What is right by a rule of `scripts/fixtures/repository_layouts.py`, where datasets does something else.
#[derive(Deserialize)]
struct Ours {
    rule: String,
    loads: Vec<Load>,
}

#[derive(Deserialize)]
struct Load {
    /// None: the one that is meant where none is named.
    config: Option<String>,
    #[serde(flatten)]
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expected {
    Read { splits: Vec<(String, Vec<Vec<Value>>)>, label_names: Option<Vec<String>> },
    Refused { refused: String },
}

/// The splits in order, each with its rows: texts, and the label as it is called.
type Splits = Vec<(String, Vec<Vec<Option<String>>>)>;

/// What a repository is read as: its splits, and the label names.
struct Loaded {
    splits: Splits,
    names: Vec<String>,
}

#[test]
fn repositories_are_read_as_datasets_reads_them() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/repositories.json");
    let repositories: Vec<Repository> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let root = tempfile::tempdir().unwrap();
    let (mut differences, mut counts) = (Vec::new(), BTreeMap::<&str, usize>::new());
    for repository in &repositories {
        let folder = root.path().join(&repository.name);
        unpack(repository, &folder);
        let (loads, rule) = match &repository.ours {
            Some(ours) => (&ours.loads, Some(ours.rule.as_str())),
            None => (&repository.loads, None),
        };
        let refused = loads.iter().all(|load| matches!(load.expected, Expected::Refused { .. }));
        *counts.entry(rule.unwrap_or(if refused { "both refuse" } else { "equal" })).or_default() += 1;
        for Load { config, expected } in loads {
            let loaded = load(&folder, config.as_deref(), &repository.columns);
            if let Some(difference) = difference(loaded, expected) {
                let config = config.as_deref().unwrap_or("none");
                differences.push(format!("{}, configuration {config}: {difference}", repository.name));
            }
        }
    }
    println!("{} repositories: {counts:?}", repositories.len());
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

fn unpack(repository: &Repository, folder: &Path) {
    fs::create_dir(folder).unwrap();
    for (name, content) in &repository.files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        match content {
            Content::Text(text) => fs::write(file, text),
            Content::Base64(text) => fs::write(file, STANDARD.decode(text).unwrap()),
        }
        .unwrap();
    }
}

fn load(folder: &Path, config: Option<&str>, columns: &[String]) -> Result<Loaded, DataError> {
    let layout = Layout::of_folder(folder)?;
    let config = config.map_or_else(|| layout.default_config(), |config| Ok(config.to_owned()))?;
    let files = |split: &String| -> Result<Vec<PathBuf>, DataError> {
        Ok(layout.split_files(&config, split)?.iter().map(|name| folder.join(name)).collect())
    };
    let splits = layout.splits(&config)?;
    let files = splits.iter().map(files).collect::<Result<Vec<_>, _>>()?;
    let (label, texts) = columns.split_last().unwrap();
    let format = DelimitedFormat { delimiter: layout.delimiter(&config), ..DelimitedFormat::default() };
    let kind = match layout.declared(&config, label) {
        Some(DeclaredType::Classes(names)) => LabelKind::Classes(names),
        _ => infer_label_kind(&files.concat(), label, format)?,
    };
    let names = kind.names().to_vec();
    let schema =
        Schema { text_columns: (texts[0].clone(), texts.get(1).cloned()), label_column: label.clone(), kind, format };
    let rows = |files: &Vec<PathBuf>| -> Result<Vec<Vec<Option<String>>>, DataError> {
        let read = read_split(files, &schema)?;
        let row = |example: glue_tasks::Example| {
            let label = example.label.map(|label| match label {
                Label::Class(class) => names[class].clone(),
                other => panic!("{other:?} is no class"),
            });
            [Some(example.text)].into_iter().chain(example.text_pair.map(Some)).chain([label]).collect()
        };
        Ok(read.examples.into_iter().map(row).collect())
    };
    let rows = files.iter().map(rows).collect::<Result<Vec<_>, _>>()?;
    Ok(Loaded { splits: splits.into_iter().zip(rows).collect(), names })
}

/// What is not as it should be.
fn difference(loaded: Result<Loaded, DataError>, expected: &Expected) -> Option<String> {
    match (loaded, expected) {
        (Err(_), Expected::Refused { .. }) => None,
        (Err(error), Expected::Read { .. }) => Some(format!("refused: {error}")),
        (Ok(loaded), Expected::Refused { refused }) => {
            Some(format!("read as {:?}, but to be refused: {refused}", loaded.splits))
        }
        (Ok(loaded), Expected::Read { splits, label_names }) => {
            let cell = |value: &Value| match value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            let row = |row: &Vec<Value>| row.iter().map(cell).collect();
            let right: Splits =
                splits.iter().map(|(split, rows)| (split.clone(), rows.iter().map(row).collect())).collect();
            let names_are_wrong = label_names.as_ref().is_some_and(|names| *names != loaded.names);
            if names_are_wrong {
                return Some(format!("label names {:?}, but {label_names:?} is right", loaded.names));
            }
            (loaded.splits != right).then(|| format!("{:?}, but {right:?} is right", loaded.splits))
        }
    }
}
