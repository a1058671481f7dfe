//! What a flag that does not exist was meant to be: names that people type out of habit, where clap only looks for similar letters.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Names of other programs, and ours.
const MEANT: &[(&str, &str)] = &[
    ("batch", "per_device_train_batch_size"),
    ("batch_size", "per_device_train_batch_size"),
    ("bs", "per_device_train_batch_size"),
    ("dev_batch_size", "per_device_eval_batch_size"),
    ("test_batch_size", "per_device_eval_batch_size"),
    ("checkpoint", "model_name_or_path"),
    ("model_id", "model_name_or_path"),
    ("model_name", "model_name_or_path"),
    ("model_path", "model_name_or_path"),
    ("models", "model_name_or_path"),
    ("data", "dataset_dir"),
    ("dataset", "dataset_name"),
    ("dropout", "hidden_dropout_prob"),
    ("epoch", "num_train_epochs"),
    ("epochs", "num_train_epochs"),
    ("n_epochs", "num_train_epochs"),
    ("num_epochs", "num_train_epochs"),
    ("train_epochs", "num_train_epochs"),
    ("gpu", "device"),
    ("lr", "learning_rate"),
    ("lr_scheduler", "lr_scheduler_type"),
    ("scheduler", "lr_scheduler_type"),
    ("max_len", "max_seq_length"),
    ("seq_len", "max_seq_length"),
    ("seq_length", "max_seq_length"),
    ("n_seeds", "seeds"),
    ("num_seeds", "seeds"),
    ("optimizer", "optim"),
    ("out", "output_dir"),
    ("out_dir", "output_dir"),
    ("output", "output_dir"),
    ("outdir", "output_dir"),
    ("patience", "early_stopping_patience"),
    ("result_dir", "results_dir"),
    ("results", "results_dir"),
    ("steps", "max_steps"),
    ("tasks", "task_name"),
    ("warmup", "warmup_ratio"),
];

/// The error with the flag that was meant in the place of a similar one, where the command has it.
#[must_use]
pub fn with_tip(mut error: clap::Error, command: &clap::Command) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) else { return error };
    let typed = typed.trim_start_matches('-').split('=').next().unwrap_or_default();
    let meant = MEANT.iter().find(|(habit, _)| *habit == typed).map(|(_, name)| *name);
    if let Some(name) = meant.filter(|name| command.get_arguments().any(|arg| arg.get_long() == Some(name))) {
        error.insert(ContextKind::SuggestedArg, ContextValue::String(format!("--{name}")));
        // It shows the similar one.
        error.remove(ContextKind::Usage);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;

    #[test]
    fn what_people_type_is_no_flag_and_what_they_mean_is_one() {
        let command = Cli::parser(false);
        let is_flag = |name: &str| {
            command.get_arguments().any(|arg| {
                arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
            })
        };
        for (habit, meant) in MEANT {
            assert!(!is_flag(habit), "--{habit} is a flag");
            assert!(command.get_arguments().any(|arg| arg.get_long() == Some(meant)), "--{meant} is none");
        }
    }
}
