//! What is asked of a plan.

use std::path::PathBuf;

use trainer::settings::Choice;

/// For which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanFormat {
    /// A batch script with a job array.
    Slurm,
    /// An Indexed Job.
    Kubernetes,
    /// One command a line, as GNU parallel and xargs take them.
    Shell,
}

impl Choice for PlanFormat {
    const NAMES: &'static [(&'static str, Self)] =
        &[("slurm", Self::Slurm), ("kubernetes", Self::Kubernetes), ("shell", Self::Shell)];
}

/// What is asked of a plan. Numbers are at least 1.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// TOML or YAML file of the runs.
    pub grid: PathBuf,
    /// For which engine.
    pub format: PlanFormat,
    /// Parts at the same time; `None`: the engine's choice.
    pub workers: Option<usize>,
    /// Into how many parts the runs are divided; `None`: one a run.
    pub parts: Option<usize>,
    /// How the program is called there, one word or several; `None`: `run-glue`.
    pub program: Option<String>,
    /// The file to write; `None`: standard output.
    pub output: Option<PathBuf>,
    /// CPUs of a part, and threads of the program.
    pub cpus_per_task: Option<usize>,
    /// GPUs of a part.
    pub gpus_per_task: Option<usize>,
    /// Memory of a part in mebibytes; `None`: by what earlier runs took.
    pub mem: Option<u64>,
    /// Time limit of a part in seconds; `None`: of Slurm by the time of earlier runs, else none.
    pub time: Option<u64>,
    /// File of shell lines to run first; Slurm's.
    pub header: Option<PathBuf>,
    /// Further options of sbatch, `name=value` or with dashes.
    pub sbatch_arg: Vec<String>,
    /// Folder for what the parts say; Slurm's.
    pub logs: Option<PathBuf>,
    /// The container; Kubernetes needs it.
    pub image: Option<String>,
    /// The PersistentVolumeClaim for the grid's file and the results; Kubernetes needs it.
    pub volume: Option<String>,
    /// A Secret whose keys become environment variables; Kubernetes'.
    pub secret: Option<String>,
    /// Words of the command line behind the grid's file, for every run.
    pub flags: Vec<String>,
}
