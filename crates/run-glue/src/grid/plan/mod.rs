//! The runs of a grid for the engines that people have: a Slurm array, a Kubernetes Indexed Job, a list for GNU parallel.

mod kubernetes;
mod limits;
mod slurm;
mod words;

use std::path::PathBuf;

use super::Grid;
use crate::cli::plan_args::{PlanArgs, PlanFormat};
use crate::error::Error;
use crate::progress::say;
use crate::report::atomic::write_whole;
use limits::Limits;
use words::{line, program};

/// What is planned.
struct Plan<'a> {
    args: &'a PlanArgs,
    /// A name that every engine takes.
    name: String,
    /// How many runs there are.
    runs: usize,
    /// How many parts they are divided into.
    parts: usize,
    limits: Limits,
    /// Where the records go.
    results_dir: PathBuf,
    /// Whether a run that is stopped is saved.
    saves: bool,
}

/// `run-glue plan`.
///
/// # Errors
/// When the grid or a flag is wrong, or the file cannot be written.
pub fn run(args: &PlanArgs) -> Result<(), Error> {
    check(args)?;
    let typed: Vec<_> = args.flags.iter().map(Into::into).collect();
    let grid = Grid::from_file(&args.grid, &typed)?;
    let Some(first) = grid.cells.first().filter(|_| !grid.is_lone()) else {
        return Err(Error::usage(format!("{}: there is one run, and a plan is for several", args.grid.display())));
    };
    let runs = grid.parts();
    let parts = args.parts.unwrap_or(runs);
    if parts > runs {
        return Err(Error::usage(format!("--parts is {parts}, expected at most {runs}, the number of runs")));
    }
    let plan = Plan {
        args,
        name: words::name(&args.grid),
        runs,
        parts,
        limits: Limits::new(args, &grid, parts)?,
        results_dir: first.settings.places.results_dir.clone(),
        saves: grid.cells.iter().map(|cell| &cell.settings).all(|settings| {
            settings.places.output_dir.is_some() && settings.do_train && !settings.checkpoints.save_only_model
        }),
    };
    let text = match args.format {
        PlanFormat::Shell => plan.shell(),
        PlanFormat::Slurm => plan.slurm()?,
        PlanFormat::Kubernetes => plan.kubernetes()?,
    };
    match &args.output {
        Some(path) => {
            write_whole(path, text.as_bytes())?;
            say(&format!("{}: {runs} runs in {parts} parts", path.display()));
        }
        None => {
            use std::io::Write;
            let _ = std::io::stdout().write_all(text.as_bytes());
        }
    }
    Ok(())
}

/// Flags that are of other engines, and numbers that are none.
fn check(args: &PlanArgs) -> Result<(), Error> {
    use PlanFormat::{Kubernetes, Slurm};
    let limits: &[_] = &[Slurm, Kubernetes];
    for (flag, given, engines) in [
        ("cpus_per_task", args.cpus_per_task.is_some(), limits),
        ("gpus_per_task", args.gpus_per_task.is_some(), limits),
        ("mem", args.mem.is_some(), limits),
        ("time", args.time.is_some(), limits),
        ("header", args.header.is_some(), &[Slurm]),
        ("sbatch_arg", !args.sbatch_arg.is_empty(), &[Slurm]),
        ("logs", args.logs.is_some(), &[Slurm]),
        ("image", args.image.is_some(), &[Kubernetes]),
        ("volume", args.volume.is_some(), &[Kubernetes]),
        ("secret", args.secret.is_some(), &[Kubernetes]),
    ] {
        if given && !engines.contains(&args.format) {
            let engines: Vec<_> = engines.iter().map(|engine| format!("{engine:?}").to_lowercase()).collect();
            return Err(Error::usage(format!("--{flag} is for --format {}: leave it out", engines.join(" or "))));
        }
    }
    for (flag, number) in [
        ("workers", args.workers),
        ("parts", args.parts),
        ("cpus_per_task", args.cpus_per_task),
        ("gpus_per_task", args.gpus_per_task),
    ] {
        if number == Some(0) {
            return Err(Error::usage(format!("--{flag} is 0, expected at least 1")));
        }
    }
    if args.program.as_deref().is_some_and(|program| program.trim().is_empty() || program.contains('\n')) {
        return Err(Error::usage("--program is no command, expected one such as \"apptainer exec glue.sif run-glue\""));
    }
    Ok(())
}

impl Plan<'_> {
    fn shell(&self) -> String {
        let words = [self.args.grid.display().to_string()].into_iter().chain(self.args.flags.iter().cloned());
        let command = format!("{} {}", program(self.args), line(&words.collect::<Vec<_>>()));
        (0..self.parts).map(|part| format!("{command} --shard {part}/{}\n", self.parts)).collect()
    }
}
