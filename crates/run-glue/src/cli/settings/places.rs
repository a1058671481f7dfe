//! Flags of where the model and the data are, and where results go.

use std::path::PathBuf;

use glue_tasks::task::TaskSpec;
use glue_tasks::{GLUE, benchmark_of};

use crate::cli::args::RunArgs;
use crate::error::Error;
use crate::settings::{DatasetChoice, PlaceSettings, PublishSettings, repository_name};

pub(super) fn dataset(args: &RunArgs, task: Option<&TaskSpec>, embedded: bool) -> Result<DatasetChoice, Error> {
    if let Some(files) = files(args)? {
        return Ok(DatasetChoice::Files(files));
    }
    let named = args.data.dataset_name.as_deref();
    let repository = &task.and_then(benchmark_of).unwrap_or(&GLUE).repository;
    if named.is_some() && args.dataset_dir.is_some() {
        return Err(Error::usage(
            "--dataset_dir and --dataset_name exclude each other: a folder can be given as either",
        ));
    }
    let folder = args.dataset_dir.clone().or_else(|| named.map(PathBuf::from).filter(|folder| folder.is_dir()));
    match (folder, &args.dataset_revision) {
        (Some(_), Some(_)) => {
            Err(Error::usage("--dataset_dir and --dataset_revision exclude each other: a folder has no revision"))
        }
        (Some(dir), None) if dir.is_dir() => Ok(DatasetChoice::Folder(dir)),
        (Some(dir), None) => Err(Error::usage(format!(
            "--dataset_dir {}: there is no such folder; expected one with <config>/<split>-*.parquet, as {repository} has",
            dir.display()
        ))),
        (None, None) if embedded && named.is_none() => Ok(DatasetChoice::Embedded),
        (None, revision) => Ok(DatasetChoice::Hub {
            id: named.unwrap_or(repository).to_owned(),
            revision: revision.clone().unwrap_or_else(|| "main".into()),
        }),
    }
}

/// The files of `--train_file` and its like, where there is one.
fn files(args: &RunArgs) -> Result<Option<Vec<(&'static str, PathBuf)>>, Error> {
    let data = &args.data;
    let given = [
        ("train_file", "train", &data.train_file),
        ("validation_file", "validation", &data.validation_file),
        ("test_file", "test", &data.test_file),
    ];
    let mut files = Vec::new();
    for (flag, split, file) in given {
        let Some(file) = file else { continue };
        if !file.is_file() {
            return Err(Error::usage(format!(
                "--{flag} {}: there is no such file; expected csv, tsv, json, jsonl or parquet",
                file.display()
            )));
        }
        let others = [("dataset_name", data.dataset_name.is_some()), ("dataset_dir", args.dataset_dir.is_some())];
        if let Some((other, _)) = others.into_iter().find(|(_, given)| *given) {
            return Err(Error::usage(format!("--{flag} and --{other} exclude each other: leave one out")));
        }
        files.push((split, file.clone()));
    }
    Ok((!files.is_empty()).then_some(files))
}

/// Where the run writes.
pub(super) fn places(args: &RunArgs) -> PlaceSettings {
    let usual = PlaceSettings::default();
    PlaceSettings {
        output_dir: args.output_dir.clone(),
        folder: None,
        overwrite_output_dir: args.overwrite_output_dir.unwrap_or(usual.overwrite_output_dir),
        results_dir: args.results_dir.clone().unwrap_or(usual.results_dir),
        save_logits: args.save_logits.unwrap_or(usual.save_logits),
        glue_submission: args.glue_submission.unwrap_or(usual.glue_submission),
    }
}

/// The upload that is asked for.
pub(super) fn publishing(args: &RunArgs) -> Result<Option<PublishSettings>, Error> {
    let publish = &args.publish;
    if !publish.push_to_hub.unwrap_or(false) {
        return Ok(None);
    }
    let Some(dir) = args.output_dir.as_deref() else {
        return Err(Error::usage("--push_to_hub uploads what is in --output_dir, which is not given"));
    };
    Ok(Some(PublishSettings {
        id: repository_name("--output_dir", publish.hub_model_id.as_deref(), dir)?,
        private: publish.hub_private_repo,
        revision: publish.hub_revision.clone().unwrap_or_else(|| "main".into()),
        strategy: publish.hub_strategy.unwrap_or_default(),
        always: publish.hub_always_push.unwrap_or(false),
    }))
}
