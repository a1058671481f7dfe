//! Files to tokenized splits: everything that can be wrong with the input shows here, before any training.

use std::time::Instant;

use glue_tasks::dataset::{LabelKind, Schema, read_split};
use glue_tasks::task::{AX, TaskKind, TaskSpec};
use models::checkpoint::LoadReport;

use crate::cli::settings::Settings;
use crate::data::Split;
use crate::error::Error;
use crate::model_files::ModelFiles;
use crate::source::Files;

/// The name under which the diagnostic set's results appear.
const AX_SUFFIX: &str = "_ax";

/// What a run needs, read and checked.
pub(super) struct Prepared {
    pub(super) model: ModelFiles,
    pub(super) dataset: Files,
    pub(super) train: Option<Split>,
    /// Splits with the suffix of their keys.
    pub(super) eval: Vec<(Split, &'static str)>,
    /// Splits to predict with the name of their files.
    pub(super) test: Vec<(Split, String)>,
    pub(super) label_names: &'static [&'static str],
    pub(super) data_seconds: f64,
    pub(super) tokenize_seconds: f64,
    pub(super) warnings: Vec<String>,
}

/// Reads model and data.
pub(super) fn prepare(settings: &Settings, task: &'static TaskSpec) -> Result<Prepared, Error> {
    let model = ModelFiles::read(Files::model(&settings.model, &settings.hub)?, Some(settings.max_seq_length))?;
    let (max_seq_length, mut warnings) = (model.max_seq_length, model.warnings.clone());

    let started = Instant::now();
    let dataset = Files::dataset(settings)?;
    let mut reader = Reader { settings, dataset: &dataset, warnings: &mut warnings };
    let train = match task.train_split {
        Some(split) if settings.do_train => Some(reader.required(task, split, settings.max_train_samples)?),
        _ => None,
    };
    let mut eval = Vec::new();
    if settings.do_eval {
        for split in task.eval_splits {
            eval.push((reader.required(task, split.name, settings.max_eval_samples)?, split.key_suffix));
        }
        if let Some(ax) = reader.diagnostic(task)? {
            eval.push((ax, AX_SUFFIX));
        }
    }
    let mut test = Vec::new();
    if settings.do_predict {
        for split in task.test_splits {
            let rows = reader.present(task, split.name, settings.max_predict_samples)?;
            test.push((rows, format!("{}{}", task.name, split.key_suffix.replace('_', "-"))));
        }
        // The leaderboard asks for the diagnostic set, predicted by the MNLI model.
        if let Some(split) = AX.test_splits.first().filter(|_| task.name == "mnli")
            && let Some(rows) = reader.optional(&AX, split.name, settings.max_predict_samples)?
        {
            test.push((rows, AX.name.to_owned()));
        }
    }
    let data_seconds = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let tokenized = |rows: Rows| Split::new(&rows.split, &rows.examples, task.kind, &model.tokenizer, max_seq_length);
    let train = train.map(tokenized).transpose()?;
    let eval = eval
        .into_iter()
        .map(|(rows, suffix)| Ok((tokenized(rows)?, suffix)))
        .collect::<Result<Vec<_>, crate::tokenize::TokenizeError>>()?;
    let test = test
        .into_iter()
        .map(|(rows, name)| Ok((tokenized(rows)?, name)))
        .collect::<Result<Vec<_>, crate::tokenize::TokenizeError>>()?;
    if let Some(split) = &train {
        let cut = split.truncated_rows();
        if cut > 0 {
            warnings.push(format!("{cut} of {} training rows were cut to {max_seq_length} tokens", split.len()));
        }
    }
    Ok(Prepared {
        model,
        dataset,
        train,
        eval,
        test,
        label_names: task.labels,
        data_seconds,
        tokenize_seconds: started.elapsed().as_secs_f64(),
        warnings,
    })
}

/// Examples of a split before tokenizing.
struct Rows {
    split: String,
    examples: Vec<glue_tasks::dataset::Example>,
}

struct Reader<'a> {
    settings: &'a Settings,
    dataset: &'a Files,
    warnings: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn optional(&mut self, task: &TaskSpec, split: &str, limit: Option<usize>) -> Result<Option<Rows>, Error> {
        let Some(files) = self.dataset.split_files(task.config, split)? else { return Ok(None) };
        let schema = Schema {
            text_columns: (task.text_columns.0.to_owned(), task.text_columns.1.map(str::to_owned)),
            label_column: "label".to_owned(),
            kind: match task.kind {
                TaskKind::Classification => {
                    LabelKind::Classes(task.labels.iter().map(|&label| label.to_owned()).collect())
                }
                TaskKind::Regression => LabelKind::Score,
            },
        };
        let read = read_split(&files, &schema)?;
        self.warnings.extend(read.warnings.iter().map(ToString::to_string));
        let mut examples = read.examples;
        examples.truncate(limit.unwrap_or(usize::MAX));
        Ok(Some(Rows { split: split.to_owned(), examples }))
    }

    /// A split that must be there.
    fn present(&mut self, task: &TaskSpec, split: &str, limit: Option<usize>) -> Result<Rows, Error> {
        self.optional(task, split, limit)?.ok_or_else(|| {
            Error::usage(format!(
                "{}: there is no split {split} of {config}; expected {config}/{split}-*.parquet (or csv, tsv, jsonl)",
                self.dataset.id,
                config = task.config
            ))
        })
    }

    /// A split that must be there, with a label in every row.
    fn required(&mut self, task: &TaskSpec, split: &str, limit: Option<usize>) -> Result<Rows, Error> {
        let rows = self.present(task, split, limit)?;
        match rows.examples.iter().position(|example| example.label.is_none()) {
            Some(row) => Err(Error::usage(format!(
                "{}: split {split} of {}, row {row} (from 0) has no label; training and evaluation need one in every row",
                self.dataset.id, task.config
            ))),
            None => Ok(rows),
        }
    }

    /// The diagnostic set, which goes with MNLI: labelled copies are scored, the Hub's unlabelled one only gives logits.
    fn diagnostic(&mut self, task: &TaskSpec) -> Result<Option<Rows>, Error> {
        let Some(split) = AX.test_splits.first().filter(|_| task.name == "mnli") else { return Ok(None) };
        let rows = self.optional(&AX, split.name, self.settings.max_eval_samples)?;
        Ok(rows.filter(|rows| self.settings.save_logits || rows.examples.iter().all(|e| e.label.is_some())))
    }
}

impl Prepared {
    /// Dataset class to model class: the checkpoint's own order where its head is used and its label names are the
    /// dataset's (as run_glue.py does for MNLI models), else the dataset's.
    pub(super) fn class_order(&self, report: &LoadReport) -> Vec<usize> {
        let plain = (0..self.label_names.len()).collect();
        if report.new_head() {
            return plain;
        }
        let Some(own) = self.model.config.label_names() else { return plain };
        let own: Vec<String> = own.iter().map(|name| name.to_lowercase()).collect();
        let order: Option<Vec<usize>> =
            self.label_names.iter().map(|label| own.iter().position(|name| name == label)).collect();
        match order {
            Some(order) if own.len() == order.len() => order,
            _ => plain,
        }
    }
}

/// One line on what was loaded.
pub(super) fn load_summary(report: &LoadReport) -> String {
    let list = |names: &[String]| match names {
        [] => "0".to_owned(),
        names if names.len() <= 4 => format!("{} ({})", names.len(), names.join(", ")),
        names => format!("{} ({}, ...)", names.len(), names[..3].join(", ")),
    };
    format!(
        "{} tensors loaded, {} initialized, {} unused",
        report.loaded.len(),
        list(&[report.initialized.as_slice(), &report.mismatched].concat()),
        list(&report.unused)
    )
}

/// What a person should know about the loaded weights.
pub(super) fn load_warnings(report: &LoadReport, settings: &Settings) -> Vec<String> {
    let mut warnings = Vec::new();
    if report.new_head() && !settings.do_train {
        warnings.push("the checkpoint has no head and --do_train is off: a random head is evaluated".to_owned());
    }
    let encoder: Vec<&String> = report.initialized.iter().filter(|name| !name.starts_with("classifier.")).collect();
    if !encoder.is_empty() {
        let names = encoder.iter().take(4).map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        warnings.push(format!("{} encoder tensors are not in the checkpoint and start random: {names}", encoder.len()));
    }
    warnings
}
