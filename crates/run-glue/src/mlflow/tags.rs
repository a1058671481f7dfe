//! What a run is called and tagged with.

use super::environment::Environment;
use records::record::RunRecord;
use records::record::parts::Program;
use trainer::run::hooks::TrackedRun;
use trainer::settings::{Settings, request_hash};

/// The run that another one lies below.
const PARENT: &str = "mlflow.parentRunId";

fn tag(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// Tags that MLflow's page shows, and those of the program; what the environment says comes last and so stands.
pub(super) fn of_program(environment: &Environment) -> Vec<(String, String)> {
    let program = Program::current();
    let mut tags = vec![
        tag("mlflow.source.name", program.name),
        tag("mlflow.source.type", "LOCAL"),
        tag("run_glue.version", program.version),
    ];
    if let Some(commit) = program.git_commit {
        tags.push(tag("mlflow.source.git.commit", commit.clone()));
        tags.push(tag("run_glue.commit", commit));
    }
    if let Some(user) = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()) {
        tags.push(tag("mlflow.user", user));
    }
    tags.retain(|(name, _)| environment.tags.iter().all(|(given, _)| given != name));
    tags.extend(environment.tags.iter().cloned());
    tags
}

/// Those of a run that begins.
pub(super) fn of_run(
    environment: &Environment,
    settings: &Settings,
    run: &TrackedRun<'_>,
    parent: Option<&str>,
) -> Vec<(String, String)> {
    let mut tags = of_program(environment);
    tags.push(tag("run_glue.task", run.task));
    tags.push(tag("run_glue.model", run.model));
    tags.push(tag("run_glue.request_hash", request_hash(settings)));
    tags.extend(parent.map(|parent| tag(PARENT, parent)));
    tags
}

/// Those of a run that is over.
pub(super) fn of_record(record: &RunRecord) -> Vec<(String, String)> {
    let mut tags = vec![tag("run_glue.settings_hash", record.settings_hash.clone())];
    tags.extend(record.score.map(|score| tag("run_glue.score", score.to_string())));
    if record.collapsed {
        tags.push(tag("run_glue.collapsed", "true"));
    }
    tags
}

/// `bert-base-cased rte seed 42`, or what the environment says, with the task and the seed where there are several runs.
pub(super) fn name(environment: &Environment, settings: &Settings, run: &TrackedRun<'_>) -> String {
    let (task, seed) = (run.task, settings.training.seed);
    let given = settings.logging.run_name.as_ref().or(environment.run_name.as_ref());
    match given {
        Some(name) if settings.places.folder.is_none() => name.clone(),
        Some(name) => format!("{name} {task} seed {seed}"),
        None => format!("{} {task} seed {seed}", run.model),
    }
}
