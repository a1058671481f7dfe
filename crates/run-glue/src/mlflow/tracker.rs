//! The tracker of one run.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::api::{Api, LONGEST_PARAM, RemoteRun, Status, now};
use super::client::CallError;
use super::environment::Environment;
use super::kept_run::{self, KeptRun};
use super::points::points;
use super::sender::{End, OpenFile, Sender};
use super::tags;
use crate::interrupt;
use records::metrics::Metrics;
use records::record::RunRecord;
use trainer::error::Error;
use trainer::logs::tracker::Tracker;
use trainer::run::hooks::{TrackedRun, TrackerStart};
use trainer::settings::Settings;

/// What is to be done about a server that is not there.
pub(super) fn cannot_begin(uri: &str, error: &CallError) -> Error {
    Error::input(format!(
        "--report_to mlflow: the server of MLFLOW_TRACKING_URI, {uri}, cannot be used: {}; start it, or leave --report_to mlflow out",
        error.reason()
    ))
}

/// Finds out whether the server is there. `None`: nothing is to be sent to one.
///
/// # Errors
/// When it is not there, or refuses. Of a sweep, which found it there, a run goes on without.
pub fn tracker(settings: &Settings) -> Result<Option<Box<dyn TrackerStart>>, Error> {
    if !settings.logging.mlflow {
        return Ok(None);
    }
    let environment = Environment::read()?;
    let api = Api::new(&environment);
    match api.experiment(&environment.experiment) {
        Ok(_) => Ok(Some(Box::new(Start { environment, api, settings: settings.clone() }))),
        Err(error) => or_without(settings, cannot_begin(api.uri(), &error)),
    }
}

/// A server that went away during a sweep does not end the runs that are still to come.
fn or_without<T>(settings: &Settings, error: Error) -> Result<Option<T>, Error> {
    if settings.places.folder.is_none() {
        return Err(error);
    }
    log::warn!("{error}; this run is not reported");
    Ok(None)
}

/// A server that is there.
struct Start {
    environment: Environment,
    api: Api,
    settings: Settings,
}

impl TrackerStart for Start {
    fn begin(self: Box<Self>, run: &TrackedRun<'_>) -> Result<Option<Box<dyn Tracker>>, Error> {
        match self.open(run) {
            Ok((remote, goes_on)) => Ok(Some(Box::new(self.tracker(run, remote, goes_on)))),
            Err(error) => or_without(&self.settings, cannot_begin(self.api.uri(), &error)),
        }
    }
}

impl Start {
    /// The run on the server, and whether it was there.
    fn open(&self, run: &TrackedRun<'_>) -> Result<(RemoteRun, bool), CallError> {
        let (api, environment) = (&self.api, &self.environment);
        let is_one_of_several = self.settings.places.folder.is_some();
        let experiment = api.experiment_made(&environment.experiment)?;
        let kept = run.dir.filter(|_| run.goes_on).and_then(|dir| KeptRun::read(dir, api.uri()));
        let there = match environment.run_id.as_ref().filter(|_| !is_one_of_several) {
            Some(id) => Some(api.run(id)?.ok_or_else(|| no_run(id))?),
            None => match kept {
                Some(kept) => api.run(&kept.run_id)?,
                None => None,
            },
        };
        let goes_on = there.is_some();
        let remote = match there {
            Some(there) => {
                api.set_status(&there.id, Status::Running)?;
                there
            }
            None => {
                let parent = KeptRun::read(&self.settings.places.results_dir, api.uri());
                let parent = parent.filter(|kept| is_one_of_several && kept.experiment_id == experiment);
                let tags =
                    tags::of_run(environment, &self.settings, run, parent.as_ref().map(|kept| kept.run_id.as_str()));
                api.create_run(&experiment, &tags::name(environment, &self.settings, run), &tags)?
            }
        };
        match api.log_params(&remote.id, &self.params(run)) {
            Err(error) if error.is_refusal() => {
                log::warn!("MLflow at {}: not all parameters are taken: {}", api.uri(), error.reason());
            }
            other => other?,
        }
        Ok((remote, goes_on))
    }

    fn params(&self, run: &TrackedRun<'_>) -> Vec<(String, String)> {
        let in_words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let all = run.parameters.iter().map(|(name, value)| (super::points::key(name), in_words(value)));
        let (taken, long): (Vec<_>, Vec<_>) = all.partition(|(_, value)| value.chars().count() <= LONGEST_PARAM);
        for (name, _) in long {
            log::warn!("MLflow: {name} is longer than the {LONGEST_PARAM} letters of a parameter, and is left out");
        }
        taken.into_iter().take(self.environment.max_params.unwrap_or(usize::MAX)).collect()
    }

    fn tracker(self, run: &TrackedRun<'_>, remote: RemoteRun, goes_on: bool) -> MlflowTracker {
        let Self { environment, api, .. } = self;
        if let Some(dir) = run.dir {
            let kept = KeptRun {
                tracking_uri: api.uri().to_owned(),
                experiment_id: remote.experiment.clone(),
                run_id: remote.id.clone(),
            };
            kept.write(dir);
        }
        let sends_checkpoints = environment.log_artifacts && remote.artifacts.is_some();
        if environment.log_artifacts && !sends_checkpoints {
            log::warn!(
                "HF_MLFLOW_LOG_ARTIFACTS: the server takes no files by itself (--serve-artifacts), so no checkpoint is sent"
            );
        }
        let how = if goes_on { "goes on" } else { "begins" };
        log::info!("MLflow at {}: run {} of experiment {} {how}", api.uri(), remote.id, remote.experiment);
        MlflowTracker {
            sender: Some(Sender::start(api, remote, goes_on)),
            sends_checkpoints,
            dir: run.dir.map(Path::to_owned),
            last: 0,
        }
    }
}

fn no_run(id: &str) -> CallError {
    let message = format!("it has no run {id}, which MLFLOW_RUN_ID names");
    CallError::Refused { status: 404, code: String::new(), message }
}

/// A run that is on the server.
struct MlflowTracker {
    /// `None`: it has ended.
    sender: Option<Sender>,
    sends_checkpoints: bool,
    dir: Option<PathBuf>,
    /// The time of the last row.
    last: u64,
}

impl Tracker for MlflowTracker {
    fn row(&mut self, row: &Metrics) {
        // The server takes two numbers of one metric, step and time for one.
        self.last = now().max(self.last + 1);
        if let Some(sender) = &self.sender {
            sender.row(points(row, self.last));
        }
    }

    fn checkpoint(&mut self, folder: &Path) {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(sender) = self.sender.as_ref().filter(|_| self.sends_checkpoints) else { return };
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if !path.is_file() {
                continue;
            }
            match std::fs::File::open(&path) {
                Ok(file) => {
                    sender.file(OpenFile { name: format!("{name}/{}", entry.file_name().to_string_lossy()), file });
                }
                Err(error) => log::warn!("MLflow: {} is not sent: {error}", path.display()),
            }
        }
    }

    fn finished(mut self: Box<Self>, record: &RunRecord) {
        if let Some(sender) = self.sender.take() {
            let tags = tags::of_record(record);
            sender.end(End { status: Status::Finished, tags, record: record.to_json().ok() });
        }
        if let Some(dir) = &self.dir {
            kept_run::remove(dir);
        }
    }
}

impl Drop for MlflowTracker {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            let status = if interrupt::requested() { Status::Killed } else { Status::Failed };
            sender.end(End { status, tags: Vec::new(), record: None });
        }
    }
}
