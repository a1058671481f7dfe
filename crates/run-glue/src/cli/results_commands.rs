//! `run-glue compare` and `run-glue verify`: what the crate `results` says goes to a file or to standard output.

use super::compare_args::{CompareArgs, VerifyArgs};
use crate::progress::print;
use trainer::error::Error;

/// `run-glue compare`.
///
/// # Errors
/// When nothing can be read or written.
pub fn compare(args: &CompareArgs) -> Result<(), Error> {
    let compared = results::compare::run(&args.options()?)?;
    if compared.left_out > 0 {
        log::info!("{} trials of searches are left out (--trials shows them)", compared.left_out);
    }
    if let Some(folder) = &args.charts {
        log::info!("{}: {} charts", folder.display(), compared.charts);
    }
    match &args.output {
        Some(path) => {
            records::atomic::write_whole(path, compared.text.as_bytes())?;
            log::info!("{}: {} models, {} tasks", path.display(), compared.models, compared.tasks);
        }
        None => print(&compared.text),
    }
    Ok(())
}

/// `run-glue verify`.
///
/// # Errors
/// When a number is out of its interval (exit code 1), or files cannot be read, or nothing can be compared (2).
pub fn verify(args: &VerifyArgs) -> Result<(), Error> {
    let verification = results::verify::run(&args.options())?;
    print(&if args.json.unwrap_or(false) { verification.as_json() } else { verification.as_text() });
    match verification.faults() {
        [] => Ok(()),
        faults => Err(Error::failure(faults.join("; "))),
    }
}
