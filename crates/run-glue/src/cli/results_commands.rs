//! `run-glue compare` and `run-glue verify`: what the crate `results` says goes to a file or to standard output.

use std::process::ExitCode;

use results::verify::Outcome;

use super::compare_args::{CompareArgs, VerifyArgs};
use crate::progress::{print, terminal_width};
use records::counted;
use trainer::error::Error;

/// `run-glue compare`.
///
/// # Errors
/// When nothing can be read or written.
pub fn compare(args: &CompareArgs) -> Result<(), Error> {
    let compared = results::compare::run(&args.options()?)?;
    match compared.left_out {
        0 => {}
        1 => log::info!("one trial of a search is left out (--trials shows it)"),
        trials => log::info!("{trials} trials of searches are left out (--trials shows them)"),
    }
    if let Some(folder) = &args.charts {
        log::info!("{}: {}", folder.display(), counted(compared.charts, "chart"));
    }
    match &args.output {
        Some(path) => {
            records::atomic::write_whole(path, compared.text.as_bytes())?;
            let (models, tasks) = (counted(compared.models, "model"), counted(compared.tasks, "task"));
            log::info!("{}: {models}, {tasks}", path.display());
        }
        None => print(&compared.text)?,
    }
    Ok(())
}

/// The exit code of numbers that are not reproduced.
const NOT_REPRODUCED: u8 = 1;

/// The exit code of numbers of which it cannot be told.
const CANNOT_TELL: u8 = 3;

/// `run-glue verify`: prints the table, and says by the exit code what came of it: 0 reproduced, 1 a number is not, 3 one cannot be
/// told.
///
/// # Errors
/// When files cannot be read, or nothing can be compared, or runs were scored on other rows than the reference, or are of another model
/// or training than its runs (2).
pub fn verify(args: &VerifyArgs) -> Result<ExitCode, Error> {
    let verification = results::verify::run(&args.options())?;
    let text = || verification.as_text_within(terminal_width());
    print(&if args.json.unwrap_or(false) { verification.as_json() } else { text() })?;
    Ok(match verification.outcome() {
        Outcome::Reproduced => ExitCode::SUCCESS,
        Outcome::NotReproduced => ExitCode::from(NOT_REPRODUCED),
        Outcome::CannotTell if args.accept_inconclusive.unwrap_or(false) => ExitCode::SUCCESS,
        Outcome::CannotTell => ExitCode::from(CANNOT_TELL),
    })
}
