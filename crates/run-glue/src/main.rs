//! The entry point of run-glue: flags in, exit code out.

use std::process::ExitCode;

use clap::FromArgMatches;
use run_glue::cli::args::{Cli, Command, SubmissionArgs};
use run_glue::cli::predict_args::PredictSettings;
use run_glue::cli::spelling::{Spelled, spell};
use run_glue::error::Error;
use run_glue::grid::Grid;
use run_glue::report::submission::{find, write_zip};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    run_glue::memory::keep_freed_pages();
    let spelled = match spell(std::env::args_os()) {
        Ok(spelled) => spelled,
        Err(error) => return fail(&error),
    };
    let brief = spelled.args.iter().any(|arg| arg == "-h");
    let parsed = Cli::parser(brief).try_get_matches_from(&spelled.args);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help to standard output and mistakes to standard error, and knows the exit code of each.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    spelled.notes.iter().for_each(|note| run_glue::progress::warn(note));
    match run(cli, &spelled) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &Error) -> ExitCode {
    run_glue::progress::complain(&error.to_string());
    error.exit_code()
}

fn submission(args: &SubmissionArgs) -> Result<(), Error> {
    let found = find(&args.folders)?;
    write_zip(&found, &args.output)?;
    run_glue::progress::say(&format!("{}: {} files, all checked", args.output.display(), found.len()));
    Ok(())
}

fn run(cli: Cli, spelled: &Spelled) -> Result<(), Error> {
    let grid = match cli.command {
        Some(Command::Predict(args)) => return run_glue::predict::run(&PredictSettings::new(*args)?),
        Some(Command::Submission(args)) => return submission(&args),
        Some(Command::Models(args)) => return run_glue::models_list::run(&args),
        Some(Command::Compare(args)) => return run_glue::results_commands::compare(&args),
        Some(Command::Verify(args)) => return run_glue::results_commands::verify(&args),
        Some(Command::Plan(args)) => return run_glue::grid::plan::run(&args),
        Some(Command::Push(args)) => return run_glue::publish::push(&args),
        Some(Command::Selftest(args)) => return run_glue::selftest::run(&args),
        Some(Command::Bench(args)) => return run_glue::bench::run(&args),
        Some(Command::Demo(args)) => Grid::new(*args, true)?,
        None => match &spelled.grid_file {
            Some(file) => Grid::from_file(file, &spelled.args[1..])?,
            None => Grid::new(cli.run, false)?,
        },
    };
    run_glue::grid::run(&grid)
}
