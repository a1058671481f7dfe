//! The runs of a grid for the engines that people have: a Slurm array, a Kubernetes Indexed Job, a list for GNU parallel.

use std::fmt::Write;
use std::path::Path;

use super::Grid;
use crate::cli::plan_args::{PlanArgs, PlanFormat};
use crate::error::Error;
use crate::progress::say;
use crate::report::atomic::write_whole;

/// Kubernetes adds to a Job's name, and takes 63 letters of all: RFC 1123.
const LONGEST_NAME: usize = 40;

/// `run-glue plan`.
///
/// # Errors
/// When the grid is wrong, or the file cannot be written.
pub fn run(args: &PlanArgs) -> Result<(), Error> {
    let typed: Vec<_> = args.flags.iter().map(Into::into).collect();
    let grid = Grid::from_file(&args.grid, &typed)?;
    if grid.is_lone() {
        return Err(Error::usage(format!("{}: there is one run, and a plan is for several", args.grid.display())));
    }
    if args.workers == Some(0) {
        return Err(Error::usage("--workers is 0, expected at least 1"));
    }
    let cells = grid.parts();
    let text = match args.format {
        PlanFormat::Shell => shell(args, cells),
        PlanFormat::Slurm => slurm(args, cells)?,
        PlanFormat::Kubernetes => kubernetes(args, cells)?,
    };
    match &args.output {
        Some(path) => {
            write_whole(path, text.as_bytes())?;
            say(&format!("{}: {cells} runs", path.display()));
        }
        None => {
            use std::io::Write;
            let _ = std::io::stdout().write_all(text.as_bytes());
        }
    }
    Ok(())
}

/// The command of a worker, but for its part of the runs.
fn command(args: &PlanArgs, grid: &Path) -> Vec<String> {
    let words = ["run-glue".to_owned(), grid.display().to_string()];
    words.into_iter().chain(args.flags.iter().cloned()).collect()
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./=:,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A name that every engine takes: lower-case letters, digits and dashes.
fn name(args: &PlanArgs) -> String {
    let stem = args.grid.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    name.truncate(LONGEST_NAME);
    format!("run-glue-{name}").trim_end_matches('-').to_owned()
}

fn shell(args: &PlanArgs, cells: usize) -> String {
    let command = line(&command(args, &args.grid));
    (0..cells).map(|cell| format!("{command} --shard {cell}/{cells}\n")).collect()
}

/// <https://slurm.schedmd.com/job_array.html>. A worker whose node is lost is queued again; with `--output_dir`, its run goes
/// on from the last checkpoint.
fn slurm(args: &PlanArgs, cells: usize) -> Result<String, Error> {
    let grid = std::path::absolute(&args.grid);
    let grid = grid.map_err(|error| Error::input(format!("{}: {error}", args.grid.display())))?;
    let workers = args.workers.map_or_else(String::new, |workers| format!("%{workers}"));
    let options = [
        format!("job-name={}", name(args)),
        format!("array=0-{}{workers}", cells - 1),
        "requeue".to_owned(),
        "open-mode=append".to_owned(),
    ];
    let mut text = String::from("#!/bin/bash\n");
    for option in options {
        let _ = writeln!(text, "#SBATCH --{option}");
    }
    let _ = writeln!(text, "set -euo pipefail\n{} --shard auto/{cells}", line(&command(args, &grid)));
    Ok(text)
}

/// <https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode>. The grid's file and the results lie on a
/// volume that all workers share. JSON, which is YAML that quotes all that needs it.
fn kubernetes(args: &PlanArgs, cells: usize) -> Result<String, Error> {
    let missing = |flag: &str, what: &str| Error::usage(format!("--format kubernetes needs --{flag}: {what}"));
    let image = args.image.as_deref().ok_or_else(|| missing("image", "the container with run-glue in it"))?;
    let volume = args.volume.as_deref();
    let volume = volume
        .ok_or_else(|| missing("volume", "the PersistentVolumeClaim with the grid's file, for the results too"))?;
    let file = args.grid.file_name().map_or(args.grid.as_path(), Path::new);
    let mut words = command(args, &Path::new("/work").join(file));
    words.push(format!("--shard=auto/{cells}"));
    let manifest = serde_json::json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name(args)},
        "spec": {
            "completions": cells,
            "parallelism": args.workers.unwrap_or(cells).min(cells),
            "completionMode": "Indexed",
            "backoffLimitPerIndex": 3,
            "template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{
                    "name": "run-glue",
                    "image": image,
                    "command": words,
                    "workingDir": "/work",
                    "volumeMounts": [{"name": "work", "mountPath": "/work"}],
                }],
                "volumes": [{"name": "work", "persistentVolumeClaim": {"claimName": volume}}],
            }},
        },
    });
    Ok(format!("{manifest:#}\n"))
}
