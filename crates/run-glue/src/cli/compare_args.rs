//! Flags of `run-glue compare` and `run-glue verify`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use results::compare::{CompareOptions, Format};
use results::verify::{Margin, VerifyOptions};

use super::value_parsers::{BoolFlag, number};
use crate::progress::terminal_width;
use trainer::error::Error;

/// What can be typed after `compare`.
#[derive(Args, Clone, Debug)]
#[command(rename_all = "snake_case")]
pub struct CompareArgs {
    /// Folders of run records, or records
    #[arg(value_name = "RESULTS", required = true)]
    pub paths: Vec<PathBuf>,
    /// How the comparison is written.
    #[arg(help = formats_in_words(), long, value_name = "FORMAT", value_parser = format_parser(), hide_possible_values = true)]
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

/// The help of `--format`.
fn formats_in_words() -> String {
    let names = Format::ALL.map(Format::name).join(", ");
    format!("{names} [default: by the ending of --output, else text]")
}

/// One of the formats by its name.
fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| name.parse::<Format>())
}

impl CompareArgs {
    /// The comparison that was asked for. Without a format, the ending of `--output` decides, else whether standard output
    /// is a terminal.
    ///
    /// # Errors
    /// When the ending of `--output` says no format.
    pub fn options(&self) -> Result<CompareOptions, Error> {
        Ok(CompareOptions {
            paths: self.paths.clone(),
            published: self.published.clone(),
            baseline: self.baseline.clone(),
            trials: self.trials.unwrap_or(false),
            level: self.level,
            format: self.format()?,
            width: terminal_width().filter(|_| self.output.is_none()),
            charts: self.charts.clone(),
        })
    }

    fn format(&self) -> Result<Format, Error> {
        match (self.format, &self.output) {
            (Some(format), _) => Ok(format),
            (None, Some(path)) => {
                let ending = path.extension().and_then(|ending| ending.to_str());
                ending.and_then(Format::of_extension).ok_or_else(|| {
                    let endings = Format::ALL.map(|format| format!(".{}", format.extensions()[0]));
                    let (last, others) = endings
                        .split_last()
                        .map_or((String::new(), String::new()), |(last, others)| (last.clone(), others.join(", ")));
                    Error::usage(format!(
                        "--output {}: the ending says no format; expected {others} or {last}, or give --format",
                        path.display()
                    ))
                })
            }
            (None, None) => Ok(Format::Text),
        }
    }
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
    /// Better than the reference is reproduced too, by however much [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub one_sided: Option<bool>,
    /// Numbers that no run answers are not reproduced: of models, tasks and splits that were not run [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub complete: Option<bool>,
    /// How far two means may lie apart and count as the same: 0.01 of all fractions, mse=0.05 of one metric; may be given several
    /// times [default: the reference's tolerance, else 0.02]
    #[arg(long, value_parser = Margin::from_str, value_name = "[METRIC=]X", allow_hyphen_values = true)]
    pub margin: Vec<Margin>,
    /// Compare runs on other rows than the reference's all the same [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub allow_partial: Option<bool>,
    /// Compare runs of other weights, other training rows, another method (--peft, --teacher) or another start (--init_from) than the
    /// reference's all the same [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub allow_other: Option<bool>,
    /// Exit code 0, not 3, where a number cannot be told and none is not reproduced [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub accept_inconclusive: Option<bool>,
    /// How sure a verdict is: a wrong one comes of chance in at most the rest to 1
    #[arg(long, value_parser = number, value_name = "X", default_value = "0.95")]
    pub level: f64,
    /// Print JSON [default: false]
    #[arg(long, require_equals = true, bool_flag())]
    pub json: Option<bool>,
}

impl VerifyArgs {
    /// The verification that was asked for.
    #[must_use]
    pub fn options(&self) -> VerifyOptions {
        VerifyOptions {
            paths: self.paths.clone(),
            against: self.against.clone(),
            reference_model: self.reference_model.clone(),
            one_sided: self.one_sided.unwrap_or(false),
            complete: self.complete.unwrap_or(false),
            margins: self.margin.iter().cloned().collect(),
            allow_partial: self.allow_partial.unwrap_or(false),
            allow_other: self.allow_other.unwrap_or(false),
            level: self.level,
        }
    }
}
