//! Which dataset, rows and columns are used.

use std::path::PathBuf;

use glue_tasks::metrics::Metric;
use glue_tasks::slices::Slice;
use serde_json::{Value, json};

use super::choices::Choice;
use super::declared::{Changes, Counts, Setting, at_least_one, check};
use super::final_eval::FinalSplit;
use super::label_names::LabelNames;
use crate::error::Error;

/// The datasets' place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatasetChoice {
    /// A folder laid out as the repository.
    Folder(PathBuf),
    /// A repository of the Hub at a revision.
    Hub {
        /// `owner/name` or `name`.
        id: String,
        /// Branch, tag or commit.
        revision: String,
    },
    /// Files by the split that they are.
    Files(Vec<(&'static str, PathBuf)>),
    /// The miniature tasks inside the program.
    Embedded,
}

impl DatasetChoice {
    fn to_json(&self) -> Value {
        match self {
            Self::Folder(folder) => json!({"folder": folder.display().to_string()}),
            Self::Hub { id, revision } => json!({"hub": id, "revision": revision}),
            Self::Files(files) => {
                files.iter().map(|(split, file)| json!([split, file.display().to_string()])).collect()
            }
            Self::Embedded => json!("embedded"),
        }
    }
}

/// A dataset that is of no benchmark. What is not given is found in the data.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomData {
    /// What it is called in results.
    pub name: String,
    /// The folder of its configuration.
    pub config: Option<String>,
    /// Columns of the first and the second text.
    pub text_columns: Option<(String, Option<String>)>,
    /// Column of the label.
    pub label_column: Option<String>,
    /// What the classes are called.
    pub label_names: Option<LabelNames>,
    /// Whether labels are numbers to come near to.
    pub do_regression: Option<bool>,
    /// What is measured; empty: by the kind of label.
    pub metrics: Vec<Metric>,
    /// What stands between the cells of csv and tsv files, one byte; `None`: what the first lines show.
    pub delimiter: Option<u8>,
}

impl CustomData {
    pub(super) fn to_json(&self) -> Value {
        let Self { name, config, text_columns, label_column, label_names, do_regression, metrics, delimiter } = self;
        let mut json = json!({
            "name": name,
            "dataset_config_name": config,
            "text_column_names": text_columns,
            "label_column_name": label_column,
            "do_regression": do_regression,
            "metric_name": metrics.iter().map(|metric| metric.key()).collect::<Vec<_>>(),
        });
        if let Some(delimiter) = delimiter {
            json["delimiter"] = json!(char::from(*delimiter));
        }
        if let Some(label_names) = label_names {
            json["label_names"] = json!(label_names.to_string());
        }
        json
    }
}

/// Whose order a shuffle has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShuffleLike {
    /// `datasets.Dataset.shuffle(seed)`.
    #[default]
    Datasets,
    /// `pandas.DataFrame.sample(frac=1, random_state=seed)`.
    Pandas,
}

impl Choice for ShuffleLike {
    const NAMES: &'static [(&'static str, Self)] = &[("datasets", Self::Datasets), ("pandas", Self::Pandas)];
}

/// What becomes of rows without a label, of the splits that are trained on and evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingLabels {
    /// Rows with a mark in its place (-1, or `-` among words) are left out; nothing in its place (an empty cell, null, NaN) is an
    /// error.
    #[default]
    Marked,
    /// They are left out.
    Drop,
    /// They are an error.
    Error,
}

impl Choice for MissingLabels {
    const NAMES: &'static [(&'static str, Self)] =
        &[("marked", Self::Marked), ("drop", Self::Drop), ("error", Self::Error)];
}

/// Which rows are trained on, evaluated and predicted. `None`: the task's own splits.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitChoice {
    /// To train on.
    pub train: Option<Vec<Slice>>,
    /// To evaluate on.
    pub validation: Option<Vec<Slice>>,
    /// To predict.
    pub test: Option<Vec<Slice>>,
    /// To evaluate with the weights at the end, each by itself, beside what is evaluated anyway.
    pub final_eval: Vec<FinalSplit>,
    /// Share of the training rows that are evaluated on instead, in percent, above 0 and below 100.
    pub held_out: Option<f64>,
    /// Shuffle the training rows before the first are taken.
    pub shuffle: bool,
    /// Shuffle every split before its parts are taken.
    pub shuffle_before_split: bool,
    /// Whose order a shuffle has.
    pub shuffle_like: ShuffleLike,
    /// Seed of the shuffles and of the rows held out; less than 2^32 where the order is pandas'.
    pub shuffle_seed: u64,
}

impl Default for SplitChoice {
    fn default() -> Self {
        Self {
            train: None,
            validation: None,
            test: None,
            final_eval: Vec::new(),
            held_out: None,
            shuffle: false,
            shuffle_before_split: false,
            shuffle_like: ShuffleLike::default(),
            shuffle_seed: 42,
        }
    }
}

/// Which dataset, rows and tokens are used.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSettings {
    /// Where the datasets are.
    pub dataset: DatasetChoice,
    /// Which rows are used.
    pub splits: SplitChoice,
    /// What becomes of rows without a label.
    pub missing_labels: MissingLabels,
    /// Longest input in tokens, special ones included; longer ones are cut.
    pub max_seq_length: usize,
    /// Pad every input to `max_seq_length`.
    pub pad_to_max_length: bool,
    /// Tokenize again what an earlier run kept the tokens of.
    pub overwrite_cache: bool,
    /// How many of the training rows are used, from the first on; `None`: all.
    pub max_train_samples: Option<usize>,
    /// How many rows of each evaluation split are used, from the first on; `None`: all.
    pub max_eval_samples: Option<usize>,
    /// How many rows of each test split are used, from the first on; `None`: all.
    pub max_predict_samples: Option<usize>,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            dataset: DatasetChoice::Embedded,
            splits: SplitChoice::default(),
            missing_labels: MissingLabels::default(),
            max_seq_length: 128,
            pad_to_max_length: false,
            overwrite_cache: false,
            max_train_samples: None,
            max_eval_samples: None,
            max_predict_samples: None,
        }
    }
}

impl DataSettings {
    /// # Errors
    /// Names the setting that is wrong.
    pub(super) fn check(&self) -> Result<(), Error> {
        check(
            self.max_seq_length >= 4,
            "max_seq_length",
            self.max_seq_length,
            "at least 4 (a token, a separator, a pair's second token and special ones)",
        )?;
        if let Some(share) = self.splits.held_out {
            check(share > 0.0 && share < 100.0, "validation_split_percentage", share, "above 0 and below 100")?;
            if self.splits.validation.is_some() {
                return Err(Error::usage(
                    "--validation_split_percentage and --validation_split_name exclude each other: leave one out",
                ));
            }
        }
        let SplitChoice { shuffle, shuffle_before_split, shuffle_like, shuffle_seed, .. } = &self.splits;
        let choices = [&self.splits.train, &self.splits.validation, &self.splits.test];
        let cuts = choices.into_iter().flatten().flatten().any(|slice| !slice.is_all());
        let cuts = cuts || self.splits.final_eval.iter().any(FinalSplit::is_cut);
        if *shuffle_before_split && !cuts {
            return Err(Error::usage(
                "--shuffle_before_split is for parts of splits, and none is taken: give parts such as --train_split_name train[:50%], or \
                 --shuffle_train_dataset",
            ));
        }
        if *shuffle_like == ShuffleLike::Pandas {
            check(
                *shuffle || *shuffle_before_split,
                "shuffle_like",
                shuffle_like.name(),
                "--shuffle_train_dataset or --shuffle_before_split beside it, else nothing is shuffled",
            )?;
            check(
                u32::try_from(*shuffle_seed).is_ok(),
                "shuffle_seed",
                shuffle_seed,
                "less than 4294967296, as pandas takes it",
            )?;
        }
        let limits = [
            ("max_train_samples", self.max_train_samples),
            ("max_eval_samples", self.max_eval_samples),
            ("max_predict_samples", self.max_predict_samples),
        ];
        limits.into_iter().filter_map(|(name, limit)| Some((name, limit?))).try_for_each(|(name, limit)| {
            at_least_one(name, limit)?;
            Ok(())
        })
    }

    /// `judged`: what the rows of the evaluation can change, beside its own numbers.
    pub(super) fn declare(&self, judged: Changes, all: &mut Vec<Setting>) {
        let Self {
            dataset,
            splits:
                SplitChoice {
                    train,
                    validation,
                    test,
                    final_eval,
                    held_out,
                    shuffle,
                    shuffle_before_split,
                    shuffle_like,
                    shuffle_seed,
                },
            missing_labels,
            max_seq_length,
            pad_to_max_length,
            overwrite_cache,
            max_train_samples,
            max_eval_samples,
            max_predict_samples,
        } = self;
        all.extend([
            // The record has the repository, the commit and the rows.
            Setting::new("dataset_name", dataset.to_json(), Changes::Rows).counting(Counts::InRequest),
            Setting::new("train_split_name", in_words(train), Changes::Rows),
            Setting::new("validation_split_name", in_words(validation), judged),
            Setting::new("test_split_name", in_words(test), Changes::Evaluation),
            // The record has what came of it apart from the run's scores.
            Setting::new("final_eval", all_in_words(final_eval), Changes::Evaluation).counting(Counts::InRequest),
            Setting::new("validation_split_percentage", *held_out, Changes::Rows),
            Setting::new("shuffle_train_dataset", *shuffle, Changes::Rows),
            Setting::new("shuffle_before_split", shuffle_before_split.then_some(true), Changes::Rows),
            Setting::new("shuffle_like", unusual(*shuffle_like), Changes::Rows),
            Setting::new("shuffle_seed", *shuffle_seed, Changes::Rows),
            Setting::new("missing_labels", unusual(*missing_labels), Changes::Rows),
            Setting::new("max_seq_length", *max_seq_length, Changes::Steps),
            Setting::new("pad_to_max_length", *pad_to_max_length, Changes::Steps),
            Setting::new("overwrite_cache", *overwrite_cache, Changes::Nothing),
            Setting::new("max_train_samples", *max_train_samples, Changes::Rows),
            Setting::new("max_eval_samples", *max_eval_samples, judged),
            Setting::new("max_predict_samples", *max_predict_samples, Changes::Evaluation),
        ]);
    }
}

/// The name of a choice that is not the default: what most runs have is no part of what tells them apart.
fn unusual<T: Choice + Default>(choice: T) -> Option<&'static str> {
    (choice != T::default()).then(|| choice.name())
}

/// As they are typed; nothing where there are none.
fn all_in_words(splits: &[FinalSplit]) -> Value {
    let words: Vec<String> = splits.iter().map(ToString::to_string).collect();
    json!((!words.is_empty()).then(|| words.join(",")))
}

fn in_words(slices: &Option<Vec<Slice>>) -> Value {
    json!(slices.as_ref().map(|slices| slices.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")))
}
