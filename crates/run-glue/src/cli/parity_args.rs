//! Flags of `run-glue parity`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use records::record::Source;
use results::parity::{self, Agreement, ParityOptions, Script};

use super::value_parsers::{BoolFlag, number};
use crate::grid::change_of_folders;
use crate::progress::print;
use trainer::error::Error;
use trainer::settings::check;

/// What can be typed after `parity`.
#[derive(Args, Clone, Debug)]
#[command(rename_all = "snake_case", group(ArgGroup::new("what").required(true).args(["write", "against"])))]
pub struct ParityArgs {
    /// The record of a training, or a folder that holds one
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// Write a Python script here that makes the same run with the Trainer of transformers, and its settings, which run_glue.py takes too
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
    /// Compare with this trainer_state.json
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// How far a loss or a gradient's norm may lie from the Trainer's, as a share of it
    #[arg(long, value_parser = number, value_name = "X", default_value = "1e-3", conflicts_with = "write")]
    pub tolerance: f64,
    /// A folder to write the charts into, each an SVG file
    #[arg(long, value_name = "DIR", conflicts_with = "write")]
    pub charts: Option<PathBuf>,
    /// Print every row as JSON [default: false]
    #[arg(long, require_equals = true, bool_flag(), conflicts_with = "write")]
    pub json: Option<bool>,
}

/// Whether the model lies where the script looks for it, and not in a folder below, as sentence-transformers lays it out.
///
/// # Errors
/// When it does not.
fn check_place(script: &Script) -> Result<(), Error> {
    let model = &script.record.model;
    match model.source == Source::Folder && !Path::new(&model.id).join("config.json").exists() {
        false => Ok(()),
        true => Err(Error::usage(format!(
            "{}: the model lies in a folder below, where the script does not look: run with --model of that folder",
            model.id
        ))),
    }
}

/// As of `verify`.
const CANNOT_TELL: u8 = 3;

/// `run-glue parity`: the exit code is 1 where the curves or evaluations part, and 3 where one of the logs does not have all of them.
///
/// # Errors
/// Files that cannot be read or written, and runs that the Trainer cannot make.
pub fn run(args: ParityArgs) -> Result<ExitCode, Error> {
    if let Some(folder) = &args.write {
        let script = Script::of(&args.record)?;
        if let Some(change) = change_of_folders(&script.record)? {
            return Err(Error::usage(format!(
                "{}: the script would make another run: {change}; write it where the run was made, with its files as they were",
                args.record.display()
            )));
        }
        check_place(&script)?;
        let remarks: Vec<&str> = script.remarks().collect();
        remarks.iter().for_each(|remark| log::warn!("{remark}"));
        let what = if remarks.is_empty() { "the same run" } else { "a run of the same settings" };
        log::info!("python {} makes {what} with the Trainer", script.write(folder)?.display());
    }
    let Some(against) = args.against else { return Ok(ExitCode::SUCCESS) };
    check(args.tolerance >= 0.0 && args.tolerance.is_finite(), "tolerance", args.tolerance, "0 or more")?;
    let ParityArgs { record, tolerance, charts, .. } = args;
    let parity = parity::run(&ParityOptions { record, against, tolerance, charts })?;
    print(&if args.json.unwrap_or(false) { parity.as_json() } else { parity.as_text() })?;
    Ok(match parity.agreement() {
        Agreement::Same => ExitCode::SUCCESS,
        Agreement::Parts => ExitCode::FAILURE,
        Agreement::Incomplete => ExitCode::from(CANNOT_TELL),
    })
}
