//! The run that those of a sweep lie below: one for each folder of results, so that workers, parts of a grid on other machines and later
//! starts have the same.

use std::path::Path;
use std::time::{Duration, Instant};

use super::api::{Api, Status};
use super::client::CallError;
use super::environment::Environment;
use super::kept_run::KeptRun;
use super::tags;
use super::tracker::cannot_begin;
use trainer::error::Error;
use trainer::file_lock::{FileLock, Taken};
use trainer::settings::Settings;

/// Held while the run is made.
const LOCK: &str = ".run-glue.mlflow.lock";
/// How long another process may take to make it.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A run that others lie below.
pub struct Parent {
    api: Api,
    run_id: String,
}

impl Parent {
    /// Begins it, or goes on in it. `None`: nothing is to be sent to a server.
    ///
    /// # Errors
    /// When the server is not there, or refuses.
    pub fn begin(settings: &Settings) -> Result<Option<Self>, Error> {
        if !settings.logging.mlflow || !settings.do_train {
            return Ok(None);
        }
        let environment = Environment::read()?;
        let api = Api::new(&environment);
        match open(&api, &environment, settings) {
            Ok(run_id) => {
                log::debug!("MLflow at {}: the runs lie below run {run_id}", api.uri());
                Ok(Some(Self { api, run_id }))
            }
            Err(error) => Err(cannot_begin(api.uri(), &error)),
        }
    }

    /// Says how it ended.
    pub fn end(self, is_done: bool) {
        let status = if is_done { Status::Finished } else { Status::Killed };
        if let Err(error) = self.api.set_status(&self.run_id, status) {
            log::warn!("MLflow at {}: the end of the sweep was not sent: {}", self.api.uri(), error.reason());
        }
    }
}

fn open(api: &Api, environment: &Environment, settings: &Settings) -> Result<String, CallError> {
    let results_dir = &settings.places.results_dir;
    let experiment = api.experiment_made(&environment.experiment)?;
    let _lock = lock(results_dir);
    let kept = KeptRun::read(results_dir, api.uri()).filter(|kept| kept.experiment_id == experiment);
    let known = environment.run_id.clone().or(kept.map(|kept| kept.run_id));
    let there = match &known {
        Some(id) => api.run(id)?,
        None => None,
    };
    let run = match there {
        Some(there) => {
            api.set_status(&there.id, Status::Running)?;
            there
        }
        None => {
            let given = settings.logging.run_name.clone().or_else(|| environment.run_name.clone());
            let name = given.unwrap_or_else(|| results_dir.display().to_string());
            api.create_run(&experiment, &name, &tags::of_program(environment))?
        }
    };
    let (tracking_uri, run_id) = (api.uri().to_owned(), run.id.clone());
    KeptRun { tracking_uri, experiment_id: experiment, run_id }.write(results_dir);
    Ok(run.id)
}

/// Where files cannot be locked, or another process takes too long, it is done without.
fn lock(results_dir: &Path) -> Option<FileLock> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match FileLock::take(&results_dir.join(LOCK)) {
            Ok(Taken::Mine(lock)) => return Some(lock),
            Ok(Taken::Others(_)) => std::thread::sleep(LOOK_EVERY),
            Err(_) => return None,
        }
    }
    None
}
