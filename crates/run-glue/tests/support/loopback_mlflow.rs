//! An MLflow server on this machine, for tests: it keeps what it is sent, and may stop answering.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::loopback_hub::Request;
use super::loopback_hub::wire::{read_request, write_answer};

/// What it has of a run.
#[derive(Clone, Default)]
pub(crate) struct KeptRun {
    pub(crate) info: Value,
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) metrics: Vec<Value>,
}

#[derive(Default)]
struct State {
    experiments: Vec<String>,
    runs: Vec<KeptRun>,
    files: BTreeMap<String, Vec<u8>>,
    requests: Vec<Request>,
    /// Rows of metrics after which connections are closed without an answer.
    dies_after: Option<usize>,
    /// The status of every answer.
    status: Option<u16>,
    pause: Duration,
}

/// The server. It stops when dropped.
pub(crate) struct LoopbackMlflow {
    state: Arc<Mutex<State>>,
    stopped: Arc<AtomicBool>,
    address: SocketAddr,
}

impl LoopbackMlflow {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { experiments: vec!["Default".to_owned()], ..State::default() }));
        let stopped = Arc::new(AtomicBool::new(false));
        let (of_thread, is_stopped) = (Arc::clone(&state), Arc::clone(&stopped));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_stopped.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&of_thread);
                std::thread::spawn(move || answer(&state, stream));
            }
        });
        Self { state, stopped, address }
    }

    pub(crate) fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// After so many calls with metrics it answers nobody.
    pub(crate) fn die_after(&self, calls: usize) {
        self.state.lock().unwrap().dies_after = Some(calls);
    }

    pub(crate) fn answer_all_with(&self, status: u16) {
        self.state.lock().unwrap().status = Some(status);
    }

    pub(crate) fn wait_before_answers(&self, pause: Duration) {
        self.state.lock().unwrap().pause = pause;
    }

    pub(crate) fn runs(&self) -> Vec<KeptRun> {
        self.state.lock().unwrap().runs.clone()
    }

    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.lock().unwrap().files.clone()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }
}

impl Drop for LoopbackMlflow {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn answer(state: &Mutex<State>, mut stream: TcpStream) {
    let Some(request) = read_request(&mut stream, false) else { return };
    let pause = state.lock().unwrap().pause;
    std::thread::sleep(pause);
    let mut state = state.lock().unwrap();
    let is_dead = state.dies_after == Some(0);
    state.requests.push(request.clone());
    if is_dead {
        return;
    }
    let (status, body) = match state.status {
        Some(status) => (status, json!({"error_code": "NO", "message": "not today"})),
        None => state.answer(&request),
    };
    let text = body.to_string();
    let _ = write_answer(&mut stream, status, &[], text.len(), text.as_bytes());
}

fn not_found() -> (u16, Value) {
    (404, json!({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "there is none"}))
}

/// A field of the query; none of the tests' is encoded.
fn asked<'a>(request: &'a Request, name: &str) -> &'a str {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    query.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
}

impl State {
    fn answer(&mut self, request: &Request) -> (u16, Value) {
        let path = request.path.strip_prefix("/api/2.0/").unwrap();
        if let Some(file) = path.strip_prefix("mlflow-artifacts/artifacts/") {
            assert_eq!(request.method, "PUT");
            self.files.insert(file.to_owned(), request.body.clone());
            return (200, json!({}));
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let experiment = |id: usize| (200, json!({"experiment": {"experiment_id": id.to_string()}}));
        match path.strip_prefix("mlflow/").unwrap() {
            "experiments/get" => experiment(asked(request, "experiment_id").parse().unwrap()),
            "experiments/get-by-name" => {
                let name = asked(request, "experiment_name");
                self.experiments.iter().position(|known| known == name).map_or_else(not_found, experiment)
            }
            "experiments/create" => {
                self.experiments.push(body["name"].as_str().unwrap().to_owned());
                (200, json!({"experiment_id": (self.experiments.len() - 1).to_string()}))
            }
            "runs/create" => {
                let (id, experiment) = (format!("run{}", self.runs.len()), body["experiment_id"].as_str().unwrap());
                let artifacts = format!("mlflow-artifacts:/{experiment}/{id}/artifacts");
                let info = json!({"run_id": id, "run_name": body["run_name"], "experiment_id": experiment, "status": "RUNNING",
                    "lifecycle_stage": "active", "artifact_uri": artifacts});
                self.runs.push(KeptRun { info, tags: pairs(&body["tags"]), ..KeptRun::default() });
                (200, json!({"run": {"info": self.runs.last().unwrap().info}}))
            }
            "runs/get" => {
                let id = asked(request, "run_id").to_owned();
                self.run(&id).map_or_else(not_found, |run| (200, json!({"run": {"info": run.info}})))
            }
            "runs/update" => {
                let run = self.run(body["run_id"].as_str().unwrap()).unwrap();
                run.info["status"] = body["status"].clone();
                (200, json!({}))
            }
            "runs/log-batch" => {
                let run = self.run(body["run_id"].as_str().unwrap()).unwrap();
                run.params.extend(pairs(&body["params"]));
                run.tags.extend(pairs(&body["tags"]));
                let metrics = body["metrics"].as_array().cloned().unwrap_or_default();
                assert!(
                    metrics.len() <= 1000 && metrics.iter().all(|metric| !metric["value"].is_null()),
                    "{metrics:?}"
                );
                let has_metrics = !metrics.is_empty();
                run.metrics.extend(metrics);
                if let Some(left) = self.dies_after.as_mut().filter(|_| has_metrics) {
                    *left -= 1;
                }
                (200, json!({}))
            }
            "metrics/get-history" => {
                let (id, key) = (asked(request, "run_id").to_owned(), asked(request, "metric_key").to_owned());
                let run = self.run(&id).unwrap();
                let points: Vec<&Value> = run.metrics.iter().filter(|point| point["key"] == key).collect();
                // In pages of two.
                let first: usize = asked(request, "page_token").parse().unwrap_or(0);
                let page = &points[first.min(points.len())..points.len().min(first + 2)];
                let next = if first + 2 < points.len() { (first + 2).to_string() } else { String::new() };
                let run = json!({"metrics": page, "next_page_token": next});
                (200, run)
            }
            other => panic!("no call of MLflow's: {other}"),
        }
    }

    fn run(&mut self, id: &str) -> Option<&mut KeptRun> {
        self.runs.iter_mut().find(|run| run.info["run_id"] == id)
    }
}

fn pairs(list: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list.as_array().into_iter().flatten().map(|pair| (text(&pair["key"]), text(&pair["value"]))).collect()
}
