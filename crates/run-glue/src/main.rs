//! The entry point of run-glue: flags in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use run_glue::cli::args::{Cli, Command};
use run_glue::cli::settings::Settings;
use run_glue::cli::underscore_flags;
use run_glue::error::Error;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tells the allocator to keep freed pages: tensors of the same sizes come and go every step, and giving their memory
/// back to the system each time costs a fifth of a training step in page faults. `MIMALLOC_PURGE_DELAY` still counts.
fn keep_freed_pages() {
    // `mi_option_purge_delay` of `mi_option_e` in mimalloc.h; -1 is never.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: sets a number that the allocator reads; nothing else runs yet.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
    }
}

fn main() -> ExitCode {
    keep_freed_pages();
    let cli = match Cli::try_parse_from(underscore_flags(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help to standard output and mistakes to standard error, and knows the exit code of each.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            run_glue::progress::say(&format!("error: {error}"));
            error.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), Error> {
    let settings = match cli.command {
        Some(Command::Demo(args)) => Settings::new(run_glue::demo::with_recipe(*args)?, true)?,
        None => Settings::new(cli.run, false)?,
    };
    run_glue::run::run(&settings)
}
