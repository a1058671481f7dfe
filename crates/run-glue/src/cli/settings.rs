//! A run's settings out of those that the flags of each subject make.

use glue_tasks::task::TaskSpec;
use glue_tasks::{GLUE, benchmarks, find_tasks};

use super::args::RunArgs;
use trainer::error::Error;
use trainer::settings::{
    CheckpointSettings, HubAccess, IntervalStrategy, LoggingSettings, MachineSettings, ModelSettings, PeftSettings,
    Settings, TaskChoice,
};

/// A run's settings from its flags, checked and complete. `embedded`: the demo, whose model and data are the defaults.
///
/// # Errors
/// Names the first flag that is wrong, what was expected, and what to do.
pub fn settings(args: &RunArgs, embedded: bool) -> Result<Settings, Error> {
    let task = match args.own_data.custom(&args.task_name)? {
        Some(custom) => TaskChoice::Custom(custom),
        None => match tasks(&args.task_name, embedded)?.as_slice() {
            [task] => TaskChoice::Known(Box::new((*task).clone())),
            several => return Err(Error::usage(format!("--task has {} tasks, and a run has one", several.len()))),
        },
    };
    let (do_train, do_eval, do_predict) = match (args.do_train, args.do_eval, args.do_predict) {
        (None, None, None | Some(false)) => (true, true, false),
        (train, eval, predict) => (train.unwrap_or(false), eval.unwrap_or(false), predict.unwrap_or(false)),
    };
    let places = args.places.settings(&args.data, &args.own_data)?;
    let machine = MachineSettings::try_from(&args.machine)?;
    let evaluation = args.evaluation.settings(&args.training.eval_batch, &args.checkpoints, &args.logging)?;
    let dataset = args.own_data.dataset(&args.dataset, task.known(), embedded)?;
    let mut settings = Settings {
        task,
        do_train,
        // An evaluation during the training asks for the split, as in transformers.
        do_eval: do_eval || evaluation.strategy != IntervalStrategy::No,
        do_predict: do_predict || places.glue_submission,
        model: ModelSettings::default(),
        data: args.data.settings(dataset, &args.own_data)?,
        training: args.training.settings(&args.optimizer, &args.memory, machine.precision)?,
        peft: PeftSettings::from(&args.peft),
        distillation: args.distillation.settings()?,
        evaluation,
        checkpoints: CheckpointSettings::try_from(&args.checkpoints)?,
        logging: LoggingSettings::try_from(&args.logging)?,
        publish: args.publish.settings(places.output_dir.as_deref())?,
        places,
        machine,
        hub: HubAccess::from(&args.model),
        search: None,
    };
    settings.check()?;
    // Last, since a model that is missing is no reason to hide what else is wrong.
    settings.model = args.model.settings(args.model_name_or_path.last().map(String::as_str), embedded)?;
    Ok(settings)
}

/// Whether the flags name data that are of no benchmark.
///
/// # Errors
/// When they contradict each other.
pub fn has_custom_data(args: &RunArgs) -> Result<bool, Error> {
    Ok(args.own_data.custom(&args.task_name)?.is_some())
}

/// The tasks of `--task`, in the order to run. `embedded`: all where none is named.
///
/// # Errors
/// When none is named, or a name is no task's.
pub fn tasks(names: &[String], embedded: bool) -> Result<Vec<&'static TaskSpec>, Error> {
    if names.is_empty() {
        if embedded {
            return Ok(GLUE.tasks.iter().collect());
        }
        let known = benchmarks().flat_map(|b| &b.tasks).map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::usage(format!(
            "--task is missing: give one of {known}, several with commas, or all; or --dataset_name, or --train_file"
        )));
    }
    let mut tasks: Vec<&'static TaskSpec> = Vec::new();
    // All of them stand in their own order, whatever is named beside them.
    let (all, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.eq_ignore_ascii_case("all"));
    for name in all.into_iter().chain(others) {
        if name.trim().is_empty() {
            return Err(Error::usage("--task has an empty name in it: give tasks with commas between them, or all"));
        }
        let found = find_tasks(name.trim()).map_err(|e| Error::usage(format!("--task: {e}")))?;
        for task in found {
            if !tasks.iter().any(|t| t.name == task.name) {
                tasks.push(task);
            }
        }
    }
    Ok(tasks)
}
