//! From a grid to the text of an engine.

use super::cluster_plan::ClusterPlan;
use super::limits::Limits;
use super::options::{PlanFormat, PlanOptions};
use super::shell_words;
use super::tokens::refuse_tokens;
use crate::grid::definition::Grid;
use crate::progress::print;
use records::atomic::write_whole;
use records::counted;
use trainer::error::Error;

/// Writes the runs of a grid for an engine, into a file or to standard output.
///
/// # Errors
/// When there is one run, a token among the flags, a name or a number that the engine does not take, or the file cannot be written.
pub fn write(options: &PlanOptions, grid: &Grid) -> Result<(), Error> {
    let Some(first) = grid.specs.first().filter(|_| !grid.is_single()) else {
        return Err(Error::usage(format!("{}: there is one run, and a plan is for several", options.grid.display())));
    };
    refuse_tokens(options, grid)?;
    let runs = grid.parts();
    let parts = options.parts.unwrap_or(runs);
    if parts > runs {
        return Err(Error::usage(format!("--parts is {parts}, expected at most {runs}, the number of runs")));
    }
    let plan = ClusterPlan {
        options,
        name: shell_words::name(&options.grid),
        runs,
        parts,
        // Parts of several runs have all that comes before theirs done by whoever begins first.
        stages: if parts == runs { grid.stages() } else { vec![parts] },
        limits: Limits::new(options, grid, parts)?,
        results_dir: first.settings.places.results_dir.clone(),
        saves: grid.specs.iter().map(|spec| &spec.settings).all(|settings| {
            settings.places.output_dir.is_some() && settings.do_train && !settings.checkpoints.save_only_model
        }),
    };
    let text = match options.format {
        PlanFormat::Shell => plan.shell(),
        PlanFormat::Slurm => plan.slurm()?,
        PlanFormat::Kubernetes => plan.kubernetes()?,
    };
    match &options.output {
        Some(path) => {
            write_whole(path, text.as_bytes())?;
            log::info!("{}: {} in {}", path.display(), counted(runs, "run"), counted(parts, "part"));
        }
        None => print(&text)?,
    }
    Ok(())
}
