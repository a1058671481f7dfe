//! `--report_to mlflow` against a server on this machine. scripts/ci/mlflow.sh does the same with a real one.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::loopback_mlflow::{KeptRun, LoopbackMlflow};
use crate::support::program::{Bench, Ended, end};

const SHORT: [&str; 8] = ["--model", "m", "--dataset_dir", "g", "--results_dir", "results", "--logging_steps", "1"];

fn command(bench: &Bench, uri: &str, flags: &str) -> Command {
    let mut command = bench.command();
    command.env("MLFLOW_TRACKING_URI", uri).args(SHORT);
    command.args(["--report_to", "mlflow", "--max_train_samples", "16", "--max_eval_samples", "16"]);
    command.args(flags.split_whitespace());
    command
}

fn run(bench: &Bench, server: &LoopbackMlflow, flags: &str) -> Ended {
    end(&mut command(bench, &server.uri(), flags))
}

/// Of each metric how often there is a number at each step.
type Counts = BTreeMap<(String, u64), usize>;

fn counted<'a>(points: impl Iterator<Item = (&'a str, u64)>) -> Counts {
    let mut counts = Counts::new();
    points.for_each(|(key, step)| *counts.entry((key.to_owned(), step)).or_default() += 1);
    counts
}

fn log(bench: &Bench, dir: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(bench.run_folder(dir).join("log.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(row: &Value) -> impl Iterator<Item = (&str, u64, &Value)> {
    let step = row["step"].as_u64().unwrap();
    row.as_object()
        .unwrap()
        .iter()
        .filter(|(key, _)| *key != "step")
        .map(move |(key, value)| (key.as_str(), step, value))
}

/// Fails unless the run has each number of the log once, and nothing else.
fn assert_same(run: &KeptRun, rows: &[Value], case: &str) {
    let expected = counted(rows.iter().flat_map(numbers).map(|(key, step, _)| (key, step)));
    let there = run.metrics.iter().map(|point| (point["key"].as_str().unwrap(), point["step"].as_u64().unwrap()));
    assert_eq!(counted(there), expected, "{case}");
    for (key, step, value) in rows.iter().flat_map(numbers).filter(|(key, ..)| !key.contains("_per_second")) {
        let is_it = |point: &&Value| point["key"] == key && point["step"] == step && point["value"] == *value;
        let is_time = key.contains("runtime");
        assert!(is_time || run.metrics.iter().any(|point| is_it(&point)), "{case}: {key} {value} at {step}");
    }
}

#[test]
fn runs_of_a_sweep_lie_below_one() {
    let (server, bench) = (LoopbackMlflow::start(), Bench::new());
    let flags = "--task rte,stsb --max_steps 3 --output_dir out --save_steps 2";
    let mut command = command(&bench, &server.uri(), flags);
    command
        .env("MLFLOW_EXPERIMENT_NAME", "glue")
        .env("MLFLOW_TRACKING_TOKEN", "secret")
        .env("MLFLOW_TAGS", "{\"a\": \"b\"}");
    let ended = end(command.env("HF_MLFLOW_LOG_ARTIFACTS", "1").env("MLFLOW_RUN_NAME", "mine"));
    ended.assert_done("sweep");
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    let [parent, rte, stsb] = server.runs().try_into().unwrap_or_else(|runs: Vec<_>| panic!("{} runs", runs.len()));
    assert_eq!((&parent.info["run_name"], &parent.info["status"]), (&"mine".into(), &"FINISHED".into()));
    for (run, task) in [(&rte, "rte"), (&stsb, "stsb")] {
        assert_same(run, &log(&bench, &format!("out/{task}")), task);
        assert_eq!(run.tags["mlflow.parentRunId"], "run0");
        assert_eq!((run.tags["a"].as_str(), run.tags["run_glue.task"].as_str()), ("b", task));
        assert_eq!(run.info["run_name"], format!("mine {task} seed 42"));
        assert_eq!((&run.info["experiment_id"], &run.info["status"]), (&"1".into(), &"FINISHED".into()));
        let params = ["task_name", "model", "seed", "max_steps"].map(|name| run.params[name].as_str());
        assert_eq!(params, [task, "m", "42", "3"]);
    }
    let files = server.files();
    let record: Value = serde_json::from_slice(&files["1/run1/artifacts/record.json"]).unwrap();
    assert_eq!(record["settings_hash"], rte.tags["run_glue.settings_hash"]);
    for file in ["checkpoint-2/model.safetensors", "checkpoint-3/run_state.json"] {
        assert!(files.contains_key(&format!("1/run2/artifacts/{file}")), "{file}: {:?}", files.keys());
    }
    assert!(server.requests().iter().all(|request| request.header("authorization") == Some("Bearer secret")));
    // The same command later: its runs are done, and another seed lies below the same run.
    run(&bench, &server, "--task rte,stsb --max_steps 3 --output_dir out --save_steps 2").assert_done("again");
    assert_eq!(server.runs().len(), 3);
}

#[test]
fn a_run_that_is_killed_goes_on_and_nothing_is_there_twice() {
    let (server, bench) = (LoopbackMlflow::start(), Bench::new());
    let flags = "--task rte --max_steps 400 --output_dir out --save_steps 20 --eval_strategy steps --eval_steps 30";
    let mut first = command(&bench, &server.uri(), flags).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let has_checkpoint = || bench.path("out/checkpoint-20").is_dir() && !server.runs()[0].metrics.is_empty();
    while !has_checkpoint() {
        assert!(first.try_wait().unwrap().is_none(), "it ended too soon");
        std::thread::sleep(Duration::from_millis(2));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let ended = run(&bench, &server, flags);
    ended.assert_done("goes on");
    assert!(ended.stderr.contains("run run0 of experiment 0 goes on"), "{}", ended.stderr);
    let [run] = server.runs().try_into().unwrap_or_else(|runs: Vec<_>| panic!("{} runs", runs.len()));
    assert_same(&run, &log(&bench, "out"), "killed");
    assert_eq!(run.info["status"], "FINISHED");
    assert!(!bench.path("out/.run-glue.mlflow").exists());
}

#[test]
fn a_server_that_dies_ends_nothing_and_is_named_once() {
    let (server, bench) = (LoopbackMlflow::start(), Bench::new());
    // Slower than the rows come, so that some wait.
    server.wait_before_answers(Duration::from_millis(20));
    server.die_after(1);
    let ended = run(&bench, &server, "--task rte --max_steps 40 --output_dir out");
    ended.assert_done("dies");
    let said: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("warning: MLflow at ")).collect();
    let [first, last] = said.as_slice() else { panic!("{said:?}") };
    assert!(first.contains(&server.uri()) && first.contains("the run goes on"), "{first}");
    let rows = log(&bench, "out").len();
    assert!(last.contains(&format!("of the log's {rows} rows were not sent")), "{last}");
    assert_eq!(bench.record()["task"], "rte");
}

#[test]
fn what_cannot_work_is_said_before_the_training() {
    let server = LoopbackMlflow::start();
    server.answer_all_with(401);
    let uri = server.uri();
    let cases: [(&str, &[&str]); 6] = [
        (&uri, &[&uri, "cannot be used", "status 401: not today"]),
        ("http://127.0.0.1:1", &["http://127.0.0.1:1", "cannot be used"]),
        ("", &["MLFLOW_TRACKING_URI names none", "mlflow server"]),
        ("file:///runs", &["(file: ...) is no address of a server", "mlflow server"]),
        ("sqlite:///mlflow.db", &["is a database", "--backend-store-uri"]),
        ("databricks://me", &["Databricks"]),
    ];
    for (uri, parts) in cases {
        let bench = Bench::new();
        end(&mut command(&bench, uri, "--task rte --max_steps 1 --output_dir out")).assert_refused(uri, 2, parts);
        bench.assert_clean(uri);
    }
    for (name, part) in [("trackio", "its Python package alone may write"), ("wandb", "its Python package")] {
        let bench = Bench::new();
        let ended = bench.run(["--task", "rte", "--report_to", name]);
        assert_eq!(ended.code, Some(2));
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }
}
