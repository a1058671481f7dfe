//! Flags of data that are none of GLUE's, and of which rows and columns are used.

use std::path::PathBuf;

use clap::Args;

use super::value_parsers::{BoolFlag, number, whole};

/// Flags of the data.
#[allow(rustdoc::broken_intra_doc_links, reason = "slices such as [:2000] are no links")]
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct DataArgs {
    /// A dataset of the Hub instead of a GLUE task, such as imdb
    #[arg(long, value_name = "NAME", help_heading = "Data of your own")]
    pub dataset_name: Option<String>,
    /// Its configuration, which is a folder of its repository [default: the only one]
    #[arg(long, value_name = "NAME", help_heading = "Data of your own")]
    pub dataset_config_name: Option<String>,
    /// Training rows: csv, tsv, json, jsonl or parquet
    #[arg(long, value_name = "FILE", help_heading = "Data of your own")]
    pub train_file: Option<PathBuf>,
    /// Rows to evaluate on
    #[arg(long, value_name = "FILE", help_heading = "Data of your own")]
    pub validation_file: Option<PathBuf>,
    /// Rows to predict
    #[arg(long, value_name = "FILE", help_heading = "Data of your own")]
    pub test_file: Option<PathBuf>,
    /// Column of the text, or of first and second text: A or A,B [default: sentence1,sentence2, text, and the like]
    #[arg(long, value_name = "NAMES", help_heading = "Data of your own")]
    pub text_column_names: Option<String>,
    /// Column of the label [default: label, or labels]
    #[arg(long, value_name = "NAME", help_heading = "Data of your own")]
    pub label_column_name: Option<String>,
    /// Take labels as numbers to come near to [default: where they are floats]
    #[arg(long, bool_flag(), help_heading = "Data of your own")]
    pub do_regression: Option<bool>,
    /// What to measure, with commas, the one that counts first [default: by the kind of label]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Data of your own")]
    pub metric_name: Vec<String>,

    /// Rows to train on: a split, or parts such as train[:2000]+train[-2000:] [default: train]
    #[arg(long, value_name = "PARTS", help_heading = "Data")]
    pub train_split_name: Option<String>,
    /// Rows to evaluate on [default: validation]
    #[arg(long, value_name = "PARTS", help_heading = "Data")]
    pub validation_split_name: Option<String>,
    /// Rows to predict [default: test]
    #[arg(long, value_name = "PARTS", help_heading = "Data")]
    pub test_split_name: Option<String>,
    /// Evaluate on this share of the training rows, in percent, drawn at random, and do not train on them
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Data")]
    pub validation_split_percentage: Option<f64>,
    /// Shuffle the training rows before the first are taken [default: false]
    #[arg(long, bool_flag(), help_heading = "Data")]
    pub shuffle_train_dataset: Option<bool>,
    /// Seed of that shuffle, and of the rows held out [default: 42]
    #[arg(long, value_parser = whole::<u64>, value_name = "N", help_heading = "Data")]
    pub shuffle_seed: Option<u64>,
}
