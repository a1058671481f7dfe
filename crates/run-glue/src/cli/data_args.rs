//! Flags of which rows of a dataset are used, and how long a row may be.

use clap::Args;
use glue_tasks::slices::Slice;

use super::dataset_args::OwnDataArgs;
use super::value_parsers::{BoolFlag, choice, number, whole};
use trainer::error::Error;
use trainer::settings::{DataSettings, DatasetChoice, FinalSplit, MissingLabels, ShuffleLike, SplitChoice};

/// Flags of rows and tokens.
#[allow(rustdoc::broken_intra_doc_links, reason = "slices such as [:2000] are no links")]
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct DataArgs {
    /// Longest input in tokens, special ones included; longer ones are cut [default: 128]
    #[arg(long, alias = "max_length", value_parser = whole::<usize>, value_name = "N", help_heading = "Data")]
    pub max_seq_length: Option<usize>,
    /// Pad every input to max_seq_length rather than not at all; the numbers are the same, it is only slower [default: false]
    #[arg(long, bool_flag(), help_heading = "Data")]
    pub pad_to_max_length: Option<bool>,
    /// Tokenize again what an earlier run kept the tokens of [default: false]
    #[arg(long, bool_flag(), help_heading = "Data")]
    pub overwrite_cache: Option<bool>,
    /// Use the first N training rows
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Data")]
    pub max_train_samples: Option<usize>,
    /// Use the first N rows of each evaluation split
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Data")]
    pub max_eval_samples: Option<usize>,
    /// Use the first N rows of each test split
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Data")]
    pub max_predict_samples: Option<usize>,
    /// What becomes of rows without a label: marked (left out where -1 or - stands for it, else an error), drop, or error
    /// [default: marked]
    #[arg(long, value_parser = choice::<MissingLabels>, value_name = "NAME", help_heading = "Data")]
    pub missing_labels: Option<MissingLabels>,
    /// Rows to train on: a split, or parts such as train[:2000]+train[-2000:] [default: train]
    #[arg(long, value_name = "PARTS", help_heading = "Data")]
    pub train_split_name: Option<String>,
    /// Rows to evaluate on [default: validation]
    #[arg(long, value_name = "PARTS", help_heading = "Data")]
    pub validation_split_name: Option<String>,
    /// Rows to predict [default: test]
    #[arg(long, value_name = "PARTS", help_heading = "Data")]
    pub test_split_name: Option<String>,
    /// Evaluate the weights at the end on each of these: train, validation, test (the run's own rows), or parts of splits
    #[arg(long, value_name = "PARTS", value_delimiter = ',', help_heading = "Data")]
    pub final_eval: Vec<String>,
    /// Evaluate on this share of the training rows, in percent, drawn at random, and do not train on them
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Data")]
    pub validation_split_percentage: Option<f64>,
    /// Shuffle the training rows before the first are taken [default: false]
    #[arg(long, bool_flag(), help_heading = "Data")]
    pub shuffle_train_dataset: Option<bool>,
    /// Shuffle every split before its parts are taken, so that a sorted file can be cut [default: false]
    #[arg(long, bool_flag(), help_heading = "Data")]
    pub shuffle_before_split: Option<bool>,
    /// Whose order a shuffle has: datasets (Dataset.shuffle) or pandas (DataFrame.sample(frac=1)) [default: datasets]
    #[arg(long, value_parser = choice::<ShuffleLike>, value_name = "NAME", help_heading = "Data")]
    pub shuffle_like: Option<ShuffleLike>,
    /// Seed of the shuffles, and of the rows held out [default: 42]
    #[arg(long, value_parser = whole::<u64>, value_name = "N", help_heading = "Data")]
    pub shuffle_seed: Option<u64>,
}

impl DataArgs {
    /// Which rows and tokens of a dataset are used.
    pub(super) fn settings(&self, dataset: DatasetChoice, own_data: &OwnDataArgs) -> Result<DataSettings, Error> {
        let usual = DataSettings::default();
        Ok(DataSettings {
            dataset,
            splits: self.splits(own_data)?,
            missing_labels: self.missing_labels.unwrap_or(usual.missing_labels),
            max_seq_length: self.max_seq_length.unwrap_or(usual.max_seq_length),
            pad_to_max_length: self.pad_to_max_length.unwrap_or(usual.pad_to_max_length),
            overwrite_cache: self.overwrite_cache.unwrap_or(usual.overwrite_cache),
            max_train_samples: self.max_train_samples,
            max_eval_samples: self.max_eval_samples,
            max_predict_samples: self.max_predict_samples,
        })
    }

    fn splits(&self, own_data: &OwnDataArgs) -> Result<SplitChoice, Error> {
        let parse = |flag: &str, text: &Option<String>| {
            let parsed = text.as_deref().map(Slice::parse).transpose();
            parsed.map_err(|error| Error::usage(format!("--{flag}: {error}")))
        };
        if self.validation_split_percentage.is_some() && !own_data.validation_file.is_empty() {
            return Err(Error::usage(
                "--validation_split_percentage and --validation_file exclude each other: leave one out",
            ));
        }
        let usual = SplitChoice::default();
        Ok(SplitChoice {
            train: parse("train_split_name", &self.train_split_name)?,
            validation: parse("validation_split_name", &self.validation_split_name)?,
            test: parse("test_split_name", &self.test_split_name)?,
            final_eval: FinalSplit::parse_all(&self.final_eval)?,
            held_out: self.validation_split_percentage,
            shuffle: self.shuffle_train_dataset.unwrap_or(usual.shuffle),
            shuffle_before_split: self.shuffle_before_split.unwrap_or(usual.shuffle_before_split),
            shuffle_like: self.shuffle_like.unwrap_or(usual.shuffle_like),
            shuffle_seed: self.shuffle_seed.unwrap_or(usual.shuffle_seed),
        })
    }
}
