//! Flags of `run-glue plan`.

use std::path::PathBuf;

use clap::Args;

use super::value_parsers::{choice, whole};
use crate::grid::plan::{PlanFormat, PlanOptions};
use trainer::error::Error;
use trainer::settings::Choice;

/// What can be typed.
#[derive(Args, Clone, Debug)]
#[command(rename_all = "snake_case")]
pub struct PlanArgs {
    /// TOML or YAML file of the runs
    #[arg(value_name = "GRID.toml")]
    pub grid: PathBuf,
    /// slurm, kubernetes, shell
    #[arg(long, value_parser = choice::<PlanFormat>, value_name = "FORMAT")]
    pub format: PlanFormat,
    /// Parts at the same time [default: the engine's choice]
    #[arg(long, value_parser = whole::<usize>, value_name = "N")]
    pub workers: Option<usize>,
    /// Into how many parts the runs are divided, each the work of one task of the array, one pod, or one line [default: one a run]
    #[arg(long, value_parser = whole::<usize>, value_name = "N")]
    pub parts: Option<usize>,
    /// How the program is called there, such as "apptainer exec glue.sif run-glue" [default: run-glue]
    #[arg(long, value_name = "COMMAND")]
    pub program: Option<String>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// CPUs of a part, and threads of the program
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Slurm and Kubernetes")]
    pub cpus_per_task: Option<usize>,
    /// GPUs of a part
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Slurm and Kubernetes")]
    pub gpus_per_task: Option<usize>,
    /// Memory of a part, such as 8G or 512M [default: half as much again as runs of the model took that are in --results_dir]
    #[arg(long, value_parser = memory, value_name = "SIZE", help_heading = "Slurm and Kubernetes")]
    pub mem: Option<u64>,
    /// Time limit of a part: minutes, H:MM:SS, or D-HH:MM:SS [default, of slurm: twice the estimate and ten minutes, where
    /// --results_dir has runs to estimate it from]
    #[arg(long, value_parser = time, value_name = "TIME", help_heading = "Slurm and Kubernetes")]
    pub time: Option<u64>,
    /// File of shell lines to run first, such as `module load cuda`
    #[arg(long, value_name = "FILE", help_heading = "Slurm")]
    pub header: Option<PathBuf>,
    /// A further option of sbatch, such as partition=gpu; may be given several times, and goes before those made here
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true, help_heading = "Slurm")]
    pub sbatch_arg: Vec<String>,
    /// Folder for what the parts say, which is made now [default: where sbatch is called]
    #[arg(long, value_name = "DIR", help_heading = "Slurm")]
    pub logs: Option<PathBuf>,
    /// The container
    #[arg(long, value_name = "IMAGE", help_heading = "Kubernetes")]
    pub image: Option<String>,
    /// The PersistentVolumeClaim that holds the grid's file and takes the results, mounted as /work
    #[arg(long, value_name = "NAME", help_heading = "Kubernetes")]
    pub volume: Option<String>,
    /// A Secret whose keys become environment variables, such as HF_TOKEN
    #[arg(long, value_name = "NAME", help_heading = "Kubernetes")]
    pub secret: Option<String>,
    /// Flags for every run, after --
    #[arg(last = true, value_name = "FLAGS")]
    pub flags: Vec<String>,
}

impl TryFrom<PlanArgs> for PlanOptions {
    type Error = Error;

    fn try_from(args: PlanArgs) -> Result<Self, Error> {
        check(&args)?;
        let PlanArgs {
            grid,
            format,
            workers,
            parts,
            program,
            output,
            cpus_per_task,
            gpus_per_task,
            mem,
            time,
            header,
            sbatch_arg,
            logs,
            image,
            volume,
            secret,
            flags,
        } = args;
        Ok(Self {
            grid,
            format,
            workers,
            parts,
            program,
            output,
            cpus_per_task,
            gpus_per_task,
            mem,
            time,
            header,
            sbatch_arg,
            logs,
            image,
            volume,
            secret,
            flags,
        })
    }
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
            let engines: Vec<_> = engines.iter().map(|engine| engine.name()).collect();
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

/// Mebibytes of a size as Slurm writes it: `512M`, `8G`, `1T`; a bare number is of mebibytes.
fn memory(text: &str) -> Result<u64, String> {
    let (digits, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit.to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" | "m" => Some(1),
        "g" => Some(1024),
        "t" => Some(1024 * 1024),
        _ => None,
    };
    let size = digits.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    size.filter(|size| *size > 0).ok_or_else(|| "expected a size such as 512M or 8G".to_owned())
}

/// Seconds of a time limit in one of Slurm's forms: <https://slurm.schedmd.com/sbatch.html#OPT_time>
fn time(text: &str) -> Result<u64, String> {
    let wrong =
        || "expected minutes such as 90, or H:MM:SS such as 1:30:00, or D-HH:MM:SS such as 2-00:00:00".to_owned();
    let (days, rest) = text.split_once('-').map_or((None, text), |(days, rest)| (Some(days), rest));
    let numbers = days.into_iter().chain(rest.split(':')).map(|part| part.parse::<u32>().map(u64::from));
    let numbers = numbers.collect::<Result<Vec<_>, _>>().map_err(|_| wrong())?;
    let seconds = match (days.is_some(), numbers.as_slice()) {
        (false, [minutes]) => minutes * 60,
        (false, [minutes, seconds]) => minutes * 60 + seconds,
        (false, [hours, minutes, seconds]) => hours * 3600 + minutes * 60 + seconds,
        (true, [days, hours, rest @ ..]) if rest.len() <= 2 => {
            let [minutes, seconds] = [0, 1].map(|at| rest.get(at).copied().unwrap_or(0));
            days * 86400 + hours * 3600 + minutes * 60 + seconds
        }
        _ => 0,
    };
    if seconds > 0 { Ok(seconds) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read_as_slurm_reads_them() {
        for (text, size) in [("512", 512), ("512M", 512), ("8G", 8192), ("8gb", 8192), ("8Gi", 8192), ("1T", 1 << 20)] {
            assert_eq!(memory(text), Ok(size), "{text}");
        }
        for (text, seconds) in
            [("90", 5400), ("90:30", 5430), ("1:30:00", 5400), ("2-0", 172_800), ("2-12:30", 217_800), ("0-0:0:5", 5)]
        {
            assert_eq!(time(text), Ok(seconds), "{text}");
        }
        for wrong in ["", "0", "G", "8X", "-1", "1.5G", "99999999999999999999T"] {
            assert!(memory(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "0", "a", "1:2:3:4", "1-", "1-2:3:4:5", "-5", "1h"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
