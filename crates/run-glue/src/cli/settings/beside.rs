//! Flags of what happens beside the training: evaluations, the choice of the best model, checkpoints, logs.

use std::path::{Path, PathBuf};

use crate::cli::args::RunArgs;
use crate::cli::watch_args::Reporter;
use crate::error::Error;
use crate::settings::{
    BestSettings, CheckpointSettings, EarlyStopping, EvaluationSettings, LoggingSettings, SaveStrategy,
};

pub(super) fn checkpoints(args: &RunArgs) -> Result<CheckpointSettings, Error> {
    let args = &args.watch;
    let resume_from_checkpoint = match args.resume_from_checkpoint.as_deref() {
        None => None,
        Some(text) if matches!(text.to_ascii_lowercase().as_str(), "true" | "none" | "") => None,
        Some(folder) if Path::new(folder).is_dir() => Some(PathBuf::from(folder)),
        Some(folder) => {
            return Err(Error::usage(format!(
                "--resume_from_checkpoint {folder}: there is no such folder; expected a checkpoint-N of run-glue, or true for \
                 the last one in --output_dir"
            )));
        }
    };
    let usual = CheckpointSettings::default();
    Ok(CheckpointSettings {
        save_strategy: args.save_strategy.unwrap_or(usual.save_strategy),
        save_steps: args.save_steps.unwrap_or(usual.save_steps),
        save_total_limit: args.save_total_limit,
        save_only_model: args.save_only_model.unwrap_or(usual.save_only_model),
        resume_from_checkpoint,
    })
}

pub(super) fn evaluation(args: &RunArgs) -> Result<EvaluationSettings, Error> {
    let watch = &args.watch;
    let usual = EvaluationSettings::default();
    let early_stopping = early_stopping(args)?;
    let load_at_end = watch.load_best_model_at_end.unwrap_or(false);
    let compares = load_at_end
        || early_stopping.is_some()
        || watch.metric_for_best_model.is_some()
        || watch.save_strategy == Some(SaveStrategy::Best);
    let best = BestSettings::by(watch.metric_for_best_model.as_deref().unwrap_or("loss"));
    Ok(EvaluationSettings {
        strategy: watch.eval_strategy.unwrap_or(usual.strategy),
        // transformers: those of the log, where there are none of their own.
        steps: watch.eval_steps.or(watch.logging_steps).unwrap_or(usual.steps),
        delay: watch.eval_delay.unwrap_or(usual.delay),
        on_start: watch.eval_on_start.unwrap_or(usual.on_start),
        per_device_eval_batch_size: args.per_device_eval_batch_size.unwrap_or(usual.per_device_eval_batch_size),
        best: compares.then(|| BestSettings {
            greater_is_better: watch.greater_is_better.unwrap_or(best.greater_is_better),
            load_at_end,
            ..best
        }),
        early_stopping,
    })
}

fn early_stopping(args: &RunArgs) -> Result<Option<EarlyStopping>, Error> {
    let (patience, threshold) = (args.watch.early_stopping_patience, args.watch.early_stopping_threshold);
    match (patience, threshold) {
        (None, Some(_)) => {
            Err(Error::usage("--early_stopping_threshold does nothing without --early_stopping_patience"))
        }
        (patience, threshold) => {
            Ok(patience.map(|patience| EarlyStopping { patience, threshold: threshold.unwrap_or(0.0) }))
        }
    }
}

pub(super) fn logging(args: &RunArgs) -> Result<LoggingSettings, Error> {
    let args = &args.watch;
    let tensorboard = args.report_to.iter().any(|reporter| *reporter != Reporter::None);
    if tensorboard && args.report_to.contains(&Reporter::None) {
        return Err(Error::usage("--report_to none excludes all others: leave it out, or leave out the others"));
    }
    let usual = LoggingSettings::default();
    Ok(LoggingSettings {
        strategy: args.logging_strategy.unwrap_or(usual.strategy),
        steps: args.logging_steps.unwrap_or(usual.steps),
        first_step: args.logging_first_step.unwrap_or(usual.first_step),
        tensorboard,
        logging_dir: args.logging_dir.clone(),
        level: args.log_level.unwrap_or(usual.level),
        live_line: !args.disable_tqdm.unwrap_or(!usual.live_line),
        profile: args.profile.unwrap_or(usual.profile),
    })
}
