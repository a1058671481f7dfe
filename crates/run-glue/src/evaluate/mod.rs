//! `run-glue evaluate`: a finished run's model on labelled sets that are not its task's, such as those that were made to mislead it.

mod finished;
mod settings;

use std::path::Path;

use glue_tasks::{GLUE, OtherPart};
use models::checkpoint::HeadUse;
use models::ops::EncoderOps;
use records::record::OtherEvaluation;
use serde_json::json;

use self::finished::{Finished, find};
pub use self::settings::EvaluateSettings;
use crate::progress::print;
use crate::transfer_hooks::transfer_hooks;
use trainer::backends::{self, OnBackend};
use trainer::error::Error;
use trainer::model_files::{Build, ModelFiles, ModelSources};
use trainer::run::other_set::{OtherPass, OtherRows};
use trainer::settings::{DatasetChoice, ModelSettings};
use trainer::source::SourceFiles;

/// Scores the model on every set, prints the scores, and puts them into the run's record.
///
/// # Errors
/// When model, record or a set cannot be read, or the classes have nothing in common.
pub fn run(settings: &EvaluateSettings) -> Result<(), Error> {
    backends::check(settings.device, settings.precision)?;
    let finished = find(settings)?;
    let of_run = finished.as_ref().and_then(|finished| finished.max_seq_length());
    let choice = ModelSettings { choice: settings.model.clone(), ..ModelSettings::default() };
    let model = ModelFiles::read(
        ModelSources::of(&choice, &settings.hub, &transfer_hooks())?,
        settings.max_seq_length.or(of_run),
    )?;
    if finished.is_some() && model.base_has_changed {
        return Err(Error::usage(format!(
            "{}: the model that the adapter stands beside has other weights than when its run ended, so the scores do not belong to that \
             run's record; put them back, or train once more",
            model.files().id
        )));
    }
    model.warnings.iter().for_each(|warning| log::warn!("{warning}"));
    let parts = parts(settings, finished.as_ref())?;
    let rows = parts.into_iter().map(|(part, dataset)| {
        let rows = OtherRows::read(&model, part, &dataset, settings.max_eval_samples)?;
        rows.remarks.iter().for_each(|remark| log::warn!("{remark}"));
        Ok(rows)
    });
    let rows = rows.collect::<Result<Vec<_>, Error>>()?;
    let evaluations = backends::dispatch(settings.device, Scoring { settings, model, rows })??;
    let shown = show(settings, &evaluations);
    match finished {
        Some(finished) => finished.add(&evaluations)?,
        None => {
            log::warn!(
                "no record in {} is of this model's run, so the scores are written down nowhere",
                settings.results_dir.display()
            );
        }
    }
    shown
}

/// The parts of the sets that are for the model, each with where its rows lie.
fn parts<'a>(
    settings: &'a EvaluateSettings,
    finished: Option<&Finished>,
) -> Result<Vec<(&'a OtherPart, SourceFiles)>, Error> {
    let mut found = Vec::new();
    for set in &settings.sets {
        let choice = match &settings.dataset_dir {
            Some(root) => {
                // A folder of GLUE has MNLI's rows as one of its own.
                let holds = |folder: &Path| set.parts.iter().all(|part| folder.join(&part.task.config).is_dir());
                let own = root.join(set.name);
                let is_of_glue = set.repository == GLUE.repository;
                let folder = if is_of_glue && !holds(&own) && holds(root) { root.clone() } else { own };
                if !folder.is_dir() {
                    return Err(Error::usage(format!(
                        "--dataset_dir: there is no folder {}; expected {} as it lies on the Hub ({})",
                        folder.display(),
                        set.name,
                        set.repository
                    )));
                }
                DatasetChoice::Folder(folder)
            }
            None => DatasetChoice::Hub { id: set.repository.to_owned(), revision: "main".to_owned() },
        };
        let task = finished.map(Finished::task);
        let is_for = |part: &&OtherPart| part.of_task.is_none_or(|of| task == Some(of));
        let own: Vec<&OtherPart> = set.parts.iter().filter(is_for).collect();
        if own.is_empty() {
            let tasks = set.parts.iter().filter_map(|part| part.of_task);
            let tasks: std::collections::BTreeSet<&str> = tasks.collect();
            return Err(Error::usage(format!(
                "--on {}: it has parts for models of {}, and {}",
                set.name,
                tasks.into_iter().collect::<Vec<_>>().join(", "),
                match task {
                    Some(task) => format!("this one is of {task}"),
                    None => "of which task this one is, no record says".to_owned(),
                }
            )));
        }
        for part in own {
            found.push((part, SourceFiles::dataset(&choice, &settings.hub, &transfer_hooks())?));
        }
    }
    Ok(found)
}

struct Scoring<'a> {
    settings: &'a EvaluateSettings,
    model: ModelFiles,
    rows: Vec<OtherRows>,
}

impl OnBackend for Scoring<'_> {
    type Output = Result<Vec<OtherEvaluation>, Error>;

    fn run<B: EncoderOps>(self, device: B::Device, backend: &'static str, _: &str) -> Self::Output {
        let Self { settings, model: files, rows } = self;
        let num_labels = files.config.num_labels();
        let build = Build { num_labels, precision: settings.precision, seed: 0, head: HeadUse::MustFit };
        let model = files.build_whole::<B>(&build, &device)?;
        let pass = OtherPass { max_seq_length: files.max_seq_length, precision: settings.precision, backend };
        let score = |rows: &OtherRows| {
            let evaluation = rows.score(&model, settings.batch_size, &pass)?;
            log::info!("{}: {}", evaluation.name, rows.classes_in_words());
            Ok(evaluation)
        };
        rows.iter().map(score).collect()
    }
}

fn show(settings: &EvaluateSettings, evaluations: &[OtherEvaluation]) -> Result<(), Error> {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    let line = |of: &OtherEvaluation| {
        let rows = of.dataset.splits.first().map_or(0, |split| split.rows);
        let accuracy = of.metrics.get("accuracy").copied().flatten();
        format!("{}\taccuracy={}\tbaseline={}\trows={rows}\n", of.name, number(accuracy), number(of.majority_baseline))
    };
    let text = match settings.json {
        true => format!("{:#}\n", json!(evaluations)),
        false => evaluations.iter().map(line).collect(),
    };
    print(&text)
}
