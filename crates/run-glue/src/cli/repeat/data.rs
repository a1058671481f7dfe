//! A record's task and data as flags.

use std::path::Path;

use glue_tasks::slices::Slice;
use glue_tasks::{GLUE, benchmark_of, find_task};

use super::flags::Flags;
use super::typed::Typed;
use records::record::{RunRecord, Source, SplitRows};
use serde_json::Value;

/// Flags of the places of data.
pub(super) const PLACES: [&str; 5] = ["dataset_dir", "dataset_name", "train_file", "validation_file", "test_file"];

/// The task, and where its rows are.
///
/// # Errors
/// Data that are not here, or of which the record does not say enough.
pub(super) fn add(record: &RunRecord, typed: &Typed, flags: &mut Flags) -> Result<(), String> {
    let dataset = &record.dataset;
    let is_own = record.hyper_parameters.get("metric_name").is_some_and(|names| !names.is_null());
    let repository = if is_own {
        add_own(record, flags);
        None
    } else {
        let task = find_task(&record.task).map_err(|error| format!("its task: {error}"))?;
        Some(&benchmark_of(task).unwrap_or(&GLUE).repository)
    };
    flags.add("task_name", record.task.as_str());
    let id = dataset.id.as_str();
    match dataset.source {
        _ if ["dataset_dir", "dataset_name"].iter().any(|flag| typed.has(flag)) => Ok(()),
        Source::Embedded => Ok(()),
        Source::Hub => {
            match repository {
                None => flags.add("dataset_name", id),
                Some(repository) if repository == id => {}
                Some(repository) => {
                    return Err(format!("its rows are of {id}, and those of {} are of {repository}", record.task));
                }
            }
            if let Some(revision) = dataset.commit.as_ref().or(dataset.revision.as_ref()) {
                flags.add("dataset_revision", revision.as_str());
            }
            Ok(())
        }
        Source::Folder if is_own && is_of_files(record) => add_files(record, typed, flags),
        Source::Folder if !Path::new(id).is_dir() => Err(format!(
            "its data lay in {id}, which is not here: repeat it where the run was made, or say where they are now, by --{}",
            if is_own { "dataset_name, or --train_file and its like" } else { "dataset_dir" }
        )),
        Source::Folder => {
            flags.add(if is_own { "dataset_name" } else { "dataset_dir" }, id);
            Ok(())
        }
    }
}

/// What data of one's own are, besides their columns and metrics, which are among the settings.
fn add_own(record: &RunRecord, flags: &mut Flags) {
    if let Some(config) = record.dataset.config.as_deref().filter(|_| !is_of_files(record)) {
        flags.add("dataset_config_name", config);
    }
    if let Some(delimiter) = record.dataset.delimiter {
        flags.add("delimiter", if delimiter == '\t' { "tab".to_owned() } else { delimiter.to_string() });
    }
    match record.hyper_parameters.get("problem_type").and_then(Value::as_str) {
        Some("regression") => flags.add("do_regression", "true"),
        Some("single_label_classification") => flags.add("do_regression", "false"),
        _ => {}
    }
}

/// Whether the data were given file by file: then they are called by all of these.
fn is_of_files(record: &RunRecord) -> bool {
    let mut files = record.dataset.splits.iter().flat_map(|rows| &rows.files).peekable();
    files.peek().is_some() && files.all(|file| record.dataset.id.contains(file.as_str()))
}

fn add_files(record: &RunRecord, typed: &Typed, flags: &mut Flags) -> Result<(), String> {
    let mut known: Vec<(String, &String)> = Vec::new();
    let at_the_end = record.final_eval.iter().map(|part| &part.data);
    for rows in record.dataset.splits.iter().chain(at_the_end) {
        let split = split_of(rows)?;
        for file in &rows.files {
            if !known.contains(&(split.clone(), file)) {
                known.push((split.clone(), file));
            }
        }
    }
    for (split, file) in known {
        let flag = format!("{split}_file");
        if !PLACES.contains(&flag.as_str()) {
            return Err(format!("{file} is of the split {split}, and files are of train, validation or test"));
        }
        if !typed.has(&flag) && !Path::new(file).is_file() {
            return Err(format!(
                "its rows are of {file}, which is not here: repeat it where the run was made, or say by --{flag} where the file is now"
            ));
        }
        flags.add(&flag, file.as_str());
    }
    Ok(())
}

/// The one split that rows are of.
fn split_of(rows: &SplitRows) -> Result<String, String> {
    // `train (20 % held out)`
    let parts = rows.split.split_once(" (").map_or(rows.split.as_str(), |(parts, _)| parts);
    let slices = Slice::parse(parts).map_err(|error| error.to_string())?;
    match slices.split_first() {
        Some((first, others)) if others.iter().all(|other| other.split == first.split) => Ok(first.split.clone()),
        _ => Err(format!(
            "{} are rows of several splits, and which of the files is which of them is not in a record: make the run by its flags",
            rows.split
        )),
    }
}
