//! The entry point of run-glue: flags in, exit code out.

use std::process::ExitCode;

use clap::FromArgMatches;
use records::files::submission::{find, write_zip};
use records::record::Program;
use run_glue::bench::BenchOptions;
use run_glue::cli::args::{Cli, Command, SubmissionArgs};
use run_glue::cli::flag_tips::with_tip;
use run_glue::cli::grid::{from_file, from_flags};
use run_glue::cli::normalize_args::{NormalizedArgs, normalize_args};
use run_glue::cli::plan_args::PlanArgs;
use run_glue::cli::publish_args::PushArgs;
use run_glue::evaluate::EvaluateSettings;
use run_glue::grid::plan::{self, PlanOptions};
use run_glue::models_list::ModelsOptions;
use run_glue::predict::PredictSettings;
use run_glue::selftest::SelftestOptions;
use trainer::error::{Error, ErrorKind};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    run_glue::memory::keep_freed_pages();
    run_glue::signals::keep_file_limit();
    run_glue::progress::install();
    Program::built_from(run_glue::version::COMMIT);
    let normalized = match normalize_args(std::env::args_os()) {
        Ok(normalized) => normalized,
        Err(error) => return fail(&error),
    };
    if normalized.args.len() < 2 && normalized.grid_file.is_none() {
        eprint!("{}", run_glue::cli::first_steps::FIRST_STEPS);
        return ExitCode::from(2);
    }
    let brief = normalized.args.iter().any(|arg| arg == "-h");
    let parsed = Cli::parser(brief).try_get_matches_from(&normalized.args);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let error = with_tip(error, &Cli::parser(false));
            // clap prints help to standard output and mistakes to standard error, and knows the exit code of each.
            return match error.print() {
                Err(unwritten) if !error.use_stderr() && unwritten.kind() != std::io::ErrorKind::BrokenPipe => {
                    fail(&run_glue::progress::cannot_write(&unwritten))
                }
                _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
            };
        }
    };
    normalized.notes.iter().for_each(|note| log::warn!("{note}"));
    match run(cli, &normalized) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

fn fail(error: &Error) -> ExitCode {
    log::error!("{error}");
    ExitCode::from(match error.kind() {
        ErrorKind::Input => 2,
        ErrorKind::Failure => 1,
        ErrorKind::Interrupted => run_glue::interrupt::EXIT_CODE,
    })
}

fn submission(args: &SubmissionArgs) -> Result<(), Error> {
    let found = find(&args.folders)?;
    write_zip(&found, &args.output)?;
    log::info!("{}: {} files, all checked", args.output.display(), found.len());
    Ok(())
}

fn plan(args: PlanArgs) -> Result<(), Error> {
    let options = PlanOptions::try_from(args)?;
    let typed: Vec<_> = options.flags.iter().map(Into::into).collect();
    let grid = from_file(&options.grid, &typed)?;
    plan::write(&options, &grid)
}

fn push(args: &PushArgs) -> Result<(), Error> {
    let (target, access) = args.target()?;
    run_glue::publish::push(&args.folder, &target, &access)
}

fn run(cli: Cli, normalized: &NormalizedArgs) -> Result<ExitCode, Error> {
    match cli.command {
        // Their exit codes say what came of them.
        Some(Command::Verify(args)) => return run_glue::cli::results_commands::verify(&args),
        Some(Command::Parity(args)) => return run_glue::cli::parity_args::run(args),
        Some(Command::Predict(args)) => run_glue::predict::run(&PredictSettings::try_from(*args)?),
        Some(Command::Evaluate(args)) => run_glue::evaluate::run(&EvaluateSettings::try_from(*args)?),
        Some(Command::Submission(args)) => submission(&args),
        Some(Command::Models(args)) => run_glue::models_list::run(&ModelsOptions::try_from(args)?),
        Some(Command::Recipes(args)) => run_glue::cli::recipes::run(&args.into()),
        Some(Command::Completions(args)) => run_glue::cli::completions::run(&args),
        Some(Command::Compare(args)) => run_glue::cli::results_commands::compare(&args),
        Some(Command::Plan(args)) => plan(args),
        Some(Command::Push(args)) => push(&args),
        Some(Command::Selftest(args)) => run_glue::selftest::run(&SelftestOptions::try_from(args)?),
        Some(Command::Bench(args)) => run_glue::bench::run(&BenchOptions::try_from(args)?),
        Some(Command::Demo(args)) => run_glue::grid::run(&from_flags(*args, &normalized.args[1..], true)?),
        None => match (&normalized.grid_file, &normalized.repeat) {
            (Some(file), _) => run_glue::grid::run(&from_file(file, &normalized.args[1..])?),
            (None, Some(repeat)) => {
                let grid = from_flags(cli.run, &normalized.args[1..], repeat.is_embedded())?;
                run_glue::grid::run(&grid.repeating(repeat.repeated()))
            }
            (None, None) => run_glue::grid::run(&from_flags(cli.run, &normalized.args[1..], false)?),
        },
    }?;
    Ok(ExitCode::SUCCESS)
}
