//! Flags of `run-glue compare` and `run-glue verify`.

use std::path::PathBuf;

use clap::Args;

use super::value_parsers::{BoolFlag, number};
pub use crate::compare::Format;

/// What can be typed after `compare`.
#[derive(Args, Clone, Debug)]
#[command(rename_all = "snake_case")]
pub struct CompareArgs {
    /// Folders of run records, or records
    #[arg(value_name = "RESULTS", required = true)]
    pub paths: Vec<PathBuf>,
    /// text, json, csv, markdown, latex, html [default: by the ending of --output; text on a terminal, else csv]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// A folder to write the charts into, each an SVG file
    #[arg(long, value_name = "DIR")]
    pub charts: Option<PathBuf>,
    /// Published tables to show beside: files, or folders of them; may be given several times
    #[arg(long, value_name = "FILE")]
    pub published: Vec<PathBuf>,
    /// The model that the others are compared with [default: of two models the first]
    #[arg(long, value_name = "MODEL")]
    pub baseline: Option<String>,
    /// Show the trials of searches too [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub trials: Option<bool>,
    /// Level of the intervals
    #[arg(long, value_parser = number, value_name = "X", default_value = "0.95")]
    pub level: f64,
}

/// What can be typed after `verify`.
#[derive(Args, Clone, Debug)]
#[command(rename_all = "snake_case")]
pub struct VerifyArgs {
    /// Folders of run records, or records
    #[arg(value_name = "RESULTS", required = true)]
    pub paths: Vec<PathBuf>,
    /// Numbers to reproduce: a reference file, a published table, a folder of either, or run records
    #[arg(long, value_name = "FILE", required = true)]
    pub against: Vec<PathBuf>,
    /// The model's name in the tables, where it is another one [default: the records' own]
    #[arg(long, value_name = "MODEL")]
    pub reference_model: Option<String>,
    /// Better than the interval is right too [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub one_sided: Option<bool>,
    /// Numbers of tasks that were not run are missed too [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub complete: Option<bool>,
    /// Level of the intervals
    #[arg(long, value_parser = number, value_name = "X", default_value = "0.95")]
    pub level: f64,
    /// Print JSON [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub json: Option<bool>,
}
