//! The calls of MLflow's REST API that a run needs.

use std::collections::HashMap;
use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::client::{CallError, Client};
use super::environment::{Environment, Experiment};
use super::points::Point;

/// What one call may hold, as the server limits it.
pub(super) const MOST_METRICS: usize = 1000;
const MOST_PARAMS: usize = 100;
/// What the server keeps of a parameter and of a tag.
pub(super) const LONGEST_PARAM: usize = 6000;
const LONGEST_TAG: usize = 8000;
/// Points of one page of a history.
const PAGE: &str = "25000";

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Running,
    Finished,
    Failed,
    Killed,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }
}

/// A run on the server.
#[derive(Clone, Debug)]
pub(super) struct RemoteRun {
    pub(super) id: String,
    pub(super) experiment: String,
    /// Where its files go below `mlflow-artifacts/artifacts/`; `None`: the server takes none.
    pub(super) artifacts: Option<String>,
}

/// The server's calls.
pub(super) struct Api {
    client: Client,
}

pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

impl Api {
    pub(super) fn new(environment: &Environment) -> Self {
        Self { client: Client::new(environment) }
    }

    pub(super) fn uri(&self) -> &str {
        self.client.uri()
    }

    /// The experiment's id; `None`: there is none of that name.
    pub(super) fn experiment(&self, experiment: &Experiment) -> Result<Option<String>, CallError> {
        let found = match experiment {
            Experiment::Id(id) => self.client.get("mlflow/experiments/get", &[("experiment_id", id)]),
            Experiment::Name(name) => self.client.get("mlflow/experiments/get-by-name", &[("experiment_name", name)]),
        };
        let found = match (found, experiment) {
            (Err(error), Experiment::Name(_)) if error.is_not_found() => return Ok(None),
            (found, _) => found?,
        };
        let experiment = &found["experiment"];
        if experiment["lifecycle_stage"] == "deleted" {
            return Err(refusal(
                "the experiment is deleted there: restore it, or set MLFLOW_EXPERIMENT_NAME to another",
            ));
        }
        experiment["experiment_id"].as_str().map(|id| Some(id.to_owned())).ok_or_else(|| refusal(NOT_MLFLOW))
    }

    /// The experiment's id; it is made where it is not there.
    pub(super) fn experiment_made(&self, experiment: &Experiment) -> Result<String, CallError> {
        if let (None, Experiment::Name(name)) = (self.experiment(experiment)?, experiment) {
            match self.client.post("mlflow/experiments/create", &json!({"name": name})) {
                Ok(made) => {
                    return made["experiment_id"].as_str().map(str::to_owned).ok_or_else(|| refusal(NOT_MLFLOW));
                }
                // Another process was first.
                Err(error) if error.is_there() => {}
                Err(error) => return Err(error),
            }
        }
        self.experiment(experiment)?.ok_or_else(|| refusal(NOT_MLFLOW))
    }

    pub(super) fn create_run(
        &self,
        experiment: &str,
        name: &str,
        tags: &[(String, String)],
    ) -> Result<RemoteRun, CallError> {
        let body = json!({"experiment_id": experiment, "run_name": name, "start_time": now(), "tags": pairs(tags, LONGEST_TAG)});
        run(&self.client.post("mlflow/runs/create", &body)?)
    }

    /// A run that is there; `None`: there is none, or it is deleted.
    pub(super) fn run(&self, id: &str) -> Result<Option<RemoteRun>, CallError> {
        match self.client.get("mlflow/runs/get", &[("run_id", id)]) {
            Ok(found) if found["run"]["info"]["lifecycle_stage"] == "deleted" => Ok(None),
            Ok(found) => run(&found).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn set_status(&self, id: &str, status: Status) -> Result<(), CallError> {
        let mut body = json!({"run_id": id, "status": status.name()});
        if status != Status::Running {
            body["end_time"] = json!(now());
        }
        self.client.post("mlflow/runs/update", &body).map(drop)
    }

    pub(super) fn log_points(&self, id: &str, points: &[Point]) -> Result<(), CallError> {
        for some in points.chunks(MOST_METRICS) {
            let metrics: Vec<Value> = some.iter().map(Point::to_json).collect();
            self.client.post("mlflow/runs/log-batch", &json!({"run_id": id, "metrics": metrics}))?;
        }
        Ok(())
    }

    pub(super) fn log_params(&self, id: &str, params: &[(String, String)]) -> Result<(), CallError> {
        for some in params.chunks(MOST_PARAMS) {
            let params = pairs(some, LONGEST_PARAM);
            self.client.post("mlflow/runs/log-batch", &json!({"run_id": id, "params": params}))?;
        }
        Ok(())
    }

    pub(super) fn set_tags(&self, id: &str, tags: &[(String, String)]) -> Result<(), CallError> {
        let body = json!({"run_id": id, "tags": pairs(tags, LONGEST_TAG)});
        self.client.post("mlflow/runs/log-batch", &body).map(drop)
    }

    /// How often there is a number of a metric at each step.
    pub(super) fn steps_of(&self, id: &str, key: &str) -> Result<HashMap<u64, usize>, CallError> {
        let (mut steps, mut page) = (HashMap::new(), String::new());
        loop {
            let mut query = vec![("run_id", id), ("metric_key", key), ("max_results", PAGE)];
            if !page.is_empty() {
                query.push(("page_token", &page));
            }
            let history = self.client.get("mlflow/metrics/get-history", &query)?;
            for point in history["metrics"].as_array().into_iter().flatten() {
                // Protobuf's JSON writes 64-bit numbers as texts, MLflow's as numbers.
                let step = &point["step"];
                let step = step.as_u64().or_else(|| step.as_str()?.parse().ok()).unwrap_or(0);
                *steps.entry(step).or_insert(0) += 1;
            }
            match history["next_page_token"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => page = token.to_owned(),
                None => return Ok(steps),
            }
        }
    }

    /// Puts a file among those of a run.
    pub(super) fn put_file(
        &self,
        artifacts: &str,
        name: &str,
        file: &mut dyn Read,
        length: u64,
    ) -> Result<(), CallError> {
        let path = [artifacts, name].join("/");
        self.client.put(&format!("mlflow-artifacts/artifacts/{}", encoded(&path)), file, length)
    }
}

const NOT_MLFLOW: &str = "what it says is no answer of an MLflow server";

fn refusal(words: &str) -> CallError {
    CallError::Refused { status: 200, code: String::new(), message: words.to_owned() }
}

fn run(answer: &Value) -> Result<RemoteRun, CallError> {
    let info = &answer["run"]["info"];
    let text = |name: &str| info[name].as_str().map(str::to_owned).ok_or_else(|| refusal(NOT_MLFLOW));
    let artifacts = info["artifact_uri"].as_str().and_then(proxied);
    Ok(RemoteRun { id: text("run_id")?, experiment: text("experiment_id")?, artifacts })
}

/// `mlflow-artifacts:/1/…` or `mlflow-artifacts://host/1/…`: what the server takes by itself.
fn proxied(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("mlflow-artifacts:")?;
    let path = match rest.strip_prefix("//") {
        Some(with_host) => with_host.split_once('/')?.1,
        None => rest,
    };
    Some(path.trim_matches('/').to_owned())
}

/// The path of an address; `/` stays.
fn encoded(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

/// Those that the server takes whole.
fn pairs(named: &[(String, String)], longest: usize) -> Vec<Value> {
    let taken = named.iter().filter(|(_, value)| value.chars().count() <= longest);
    taken.map(|(key, value)| json!({"key": key, "value": value})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_where_the_server_takes_them_by_itself() {
        let cases = [
            ("mlflow-artifacts:/1/ab/artifacts", Some("1/ab/artifacts")),
            ("mlflow-artifacts://host:1/1/ab/artifacts", Some("1/ab/artifacts")),
            ("s3://bucket/1/ab/artifacts", None),
            ("/srv/mlruns/1/ab/artifacts", None),
        ];
        for (uri, expected) in cases {
            assert_eq!(proxied(uri).as_deref(), expected, "{uri}");
        }
        assert_eq!(encoded("1/a b/ü%.json"), "1/a%20b/%C3%BC%25.json");
    }
}
