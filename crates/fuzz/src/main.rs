//! Gives every reader of run-glue damaged files, and says which of them it did not survive: it ended by a panic or a signal, took more than
//! 2 GiB or 20 seconds, or failed without a word.
//!
//! A file is made of a good one and a number alone, so a finding can be looked at again: `--reader config --first 1234 --files 1`.

mod damage;
mod readers;
mod trial;
mod workplace;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;

use crate::readers::{READERS, Reader};
use crate::trial::{Finding, attempt};
use crate::workplace::Workplace;

/// Gives every reader of run-glue damaged files.
#[derive(Parser)]
struct Args {
    /// The program.
    #[arg(long, default_value = "target/release/run-glue")]
    binary: PathBuf,
    /// Only this reader; may be given several times [default: all].
    #[arg(long)]
    reader: Vec<String>,
    /// Files for each reader.
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    files: u64,
    /// Seconds for each reader.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The first file's number.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Programs at a time [default: one a processor].
    #[arg(long)]
    jobs: Option<usize>,
    /// Folder for the files that were not survived.
    #[arg(long, default_value = "fuzz-findings")]
    keep: PathBuf,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether every file was survived.
fn run(args: &Args) -> Result<bool, String> {
    let binary = args.binary.canonicalize().map_err(|error| format!("--binary {}: {error}", args.binary.display()))?;
    let names: Vec<&str> = READERS.iter().map(|reader| reader.name).collect();
    if let Some(unknown) = args.reader.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(format!("--reader {unknown}: there are {}", names.join(", ")));
    }
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let place = Workplace::new(&binary, &scratch.path().join("good"))?;
    let mut survived = true;
    for reader in
        READERS.iter().filter(|reader| args.reader.is_empty() || args.reader.iter().any(|name| name == reader.name))
    {
        let trials = Trials { args, binary: &binary, reader, folder: scratch.path() };
        let (files, findings) = trials.all(&place)?;
        println!("{:16} {files:7} files, {} not survived", reader.name, findings.len());
        survived &= findings.is_empty();
        for Finding { reader, number, folder, what } in &findings {
            let kept = args.keep.join(format!("{reader}-{number}"));
            workplace::copy(folder, &kept)?;
            println!("  {} (--reader {reader} --first {number} --files 1): {what}", kept.display());
        }
    }
    Ok(survived)
}

/// The files of one reader.
struct Trials<'a> {
    args: &'a Args,
    binary: &'a std::path::Path,
    reader: &'static Reader,
    folder: &'a std::path::Path,
}

impl Trials<'_> {
    /// How many were given, and those that were not survived.
    fn all(&self, place: &Workplace) -> Result<(u64, Vec<Finding>), String> {
        let seeds = (self.reader.seeds)(place);
        let (next, given) = (AtomicU64::new(0), AtomicU64::new(0));
        let found = Mutex::new(Vec::new());
        let until = Instant::now() + Duration::from_secs(self.args.seconds);
        let work = || -> Result<(), String> {
            while Instant::now() < until {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= self.args.files {
                    break;
                }
                let number = self.args.first + at;
                let folder = self.folder.join(format!("{}-{number}", self.reader.name));
                let finding = attempt(self.binary, self.reader, &seeds, number, folder)?;
                given.fetch_add(1, Ordering::Relaxed);
                found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(finding);
            }
            Ok(())
        };
        let jobs = self.args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?)
        })?;
        Ok((given.into_inner(), found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)))
    }
}
