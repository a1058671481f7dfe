//! Flags of `run-glue plan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::whole;

/// For which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// A batch script with a job array.
    Slurm,
    /// An Indexed Job.
    Kubernetes,
    /// One command a line, as GNU parallel and xargs take them.
    Shell,
}

/// What can be typed.
#[derive(Args, Clone, Debug)]
#[command(rename_all = "snake_case")]
pub struct PlanArgs {
    /// TOML file of the runs
    #[arg(value_name = "GRID.toml")]
    pub grid: PathBuf,
    /// slurm, kubernetes, shell
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub format: PlanFormat,
    /// Runs at the same time [default: the engine's choice]
    #[arg(long, value_parser = whole::<usize>, value_name = "N")]
    pub workers: Option<usize>,
    /// Of kubernetes: the container
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// Of kubernetes: the PersistentVolumeClaim that holds the grid's file and takes the results, mounted as /work
    #[arg(long, value_name = "NAME")]
    pub volume: Option<String>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Flags for every run, after --
    #[arg(last = true, value_name = "FLAGS")]
    pub flags: Vec<String>,
}
