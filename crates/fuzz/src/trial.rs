//! One damaged file, given to the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::damage::damaged;
use crate::readers::{Reader, Seed};
use crate::workplace::copy;

/// What no file may need, in KiB of memory and in seconds.
const MOST_MEMORY: u64 = 2 << 20;
const MOST_SECONDS: u64 = 20;
/// The program's exit codes: done, failed, refused, not to be compared; and a pass over what a signal would end.
const CODES: std::ops::RangeInclusive<i32> = 0..=3;

/// A file that the program did not survive, or of which it did not say what is wrong.
pub(crate) struct Finding {
    pub(crate) reader: &'static str,
    pub(crate) number: u64,
    /// Damaged as it was read.
    pub(crate) folder: PathBuf,
    /// What became of the program, in words.
    pub(crate) what: String,
}

/// Gives the program the damaged file of a number, in `folder`, which is there afterwards where something was found.
///
/// # Errors
/// When the file cannot be made or the program not be started.
pub(crate) fn attempt(
    binary: &Path,
    reader: &Reader,
    seeds: &[Seed],
    number: u64,
    folder: PathBuf,
) -> Result<Option<Finding>, String> {
    let mut rng = fastrand::Rng::with_seed(number);
    let (Some(seed), Some(other)) = (rng.choice(seeds), rng.choice(seeds)) else {
        return Err(format!("{}: no good files", reader.name));
    };
    let read = |seed: &Seed| fs::read(seed.folder.join(&seed.file)).map_err(|error| format!("{}: {error}", seed.file));
    copy(&seed.folder, &folder)?;
    let bytes = damaged(reader.form, &read(seed)?, &read(other)?, &mut rng);
    fs::write(folder.join(&seed.file), bytes).map_err(|error| error.to_string())?;
    let what = run(binary, reader, &folder)?;
    match what {
        Some(what) => Ok(Some(Finding { reader: reader.name, number, folder, what })),
        None => {
            let _ = fs::remove_dir_all(&folder);
            Ok(None)
        }
    }
}

/// What became of the program that should not have, in words.
fn run(binary: &Path, reader: &Reader, folder: &Path) -> Result<Option<String>, String> {
    let limited = format!("ulimit -d {MOST_MEMORY}; exec timeout --signal KILL {MOST_SECONDS} \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limited, "sh"]).arg(binary).args(reader.command.split_ascii_whitespace());
    command.current_dir(folder).stdin(Stdio::null());
    command.env("HF_HUB_OFFLINE", "1").env("RUN_GLUE_CACHE", folder.join("cache"));
    let done = command.output().map_err(|error| format!("sh: {error}"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    let last = said.lines().last().unwrap_or_default();
    Ok(match done.status.code() {
        Some(137) => Some(format!("not done after {MOST_SECONDS} seconds, or killed: {last}")),
        Some(code) if !CODES.contains(&code) => Some(format!("exit code {code}: {last}")),
        None => Some(format!("{}: {last}", done.status)),
        // Verdicts are said on standard output.
        Some(1..) if said.is_empty() && done.stdout.is_empty() => Some("it failed without a word".to_owned()),
        Some(_) if said.contains("panicked") => {
            Some(said.lines().find(|line| line.contains("panicked")).unwrap_or_default().to_owned())
        }
        Some(_) => None,
    })
}
