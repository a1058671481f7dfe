//! `--workers`: the runs of a sweep on several processes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::program::{Bench, copy};
use serde_json::Value;

const SIX: [&str; 18] = [
    "--format",
    "tsv",
    "--task",
    "rte,cola,stsb",
    "--model",
    "m",
    "--dataset_dir",
    "g",
    "--seeds",
    "2",
    "--max_steps",
    "3",
    "--max_eval_samples",
    "20",
    "--results_dir",
    "results",
    "--logging_steps",
    "1",
];

/// What the records say of the numbers, and when each was written.
fn records(bench: &Bench) -> Vec<(String, Value, Value, std::time::SystemTime)> {
    let files = bench.record_files().into_iter();
    files
        .map(|file| {
            let record: Value = serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
            let written = std::fs::metadata(bench.path(&file)).unwrap().modified().unwrap();
            (file, record["metrics"].clone(), record["log_history"][2]["loss"].clone(), written)
        })
        .collect()
}

fn numbers(bench: &Bench) -> Vec<(String, Value, Value)> {
    records(bench).into_iter().map(|(file, metrics, loss, _)| (file, metrics, loss)).collect()
}

#[test]
fn workers_do_each_run_once_with_the_numbers_of_one_process() {
    let (alone, several) = (Bench::new(), Bench::new());
    let expected = alone.run(SIX);
    expected.assert_done("alone");
    let workers =
        |flags: &'static [&str]| several.run(SIX.into_iter().chain(["--workers", "2"]).chain(flags.iter().copied()));
    let ended = workers(&[]);
    ended.assert_done("two workers");
    assert!(ended.stderr.contains("2 workers"), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("/6] ").count(), 6, "each run is announced once: {}", ended.stderr);
    assert_eq!(numbers(&several), numbers(&alone));
    // One table, the same but for the seconds.
    let table = |text: &str| -> Vec<String> {
        let at = text.lines().next().unwrap().split('\t').position(|column| column == "seconds").unwrap();
        let but_seconds = |line: &str| -> String {
            line.split('\t').enumerate().filter(|(column, _)| *column != at).map(|(_, cell)| cell).collect()
        };
        text.lines().map(but_seconds).collect()
    };
    assert_eq!(table(&ended.stdout).len(), 5, "a header, and {}", ended.stdout);
    assert_eq!(table(&ended.stdout), table(&expected.stdout));
    assert_eq!(several.files("results/.claims"), [""; 0]);

    let before = records(&several);
    workers(&[]).assert_done("nothing left");
    assert_eq!(records(&several), before, "nothing was run again");
    workers(&["--rerun"]).assert_done("again");
    let after = records(&several);
    assert!(before.iter().zip(&after).all(|(old, new)| old.0 == new.0 && old.3 < new.3), "each was run again");
}

#[test]
fn a_run_that_fails_in_a_worker_is_named_and_the_others_are_done() {
    let bench = Bench::new();
    copy(&bench.path("m"), &bench.path("n"));
    bench.write("n/model.safetensors", "no weights");
    let ended = bench.run(SIX.into_iter().chain(["--model", "n", "--workers", "2"]));
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("n, rte, seed 42"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    assert_eq!(records(&bench).len(), 6);
    // Each once, and when two of a model failed alike, its others not at all.
    let failures: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error: n, ")).collect();
    let mut different = failures.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(failures.len(), different.len(), "{}", ended.stderr);
    assert!(ended.stderr.contains("more would fail alike"), "{}", ended.stderr);
}

#[test]
fn workers_end_with_the_process_that_started_them_and_the_same_command_goes_on() {
    let bench = Bench::new();
    let mut child =
        bench.command().args(SIX).args(["--workers", "2"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let _ = child.kill();
    child.wait().unwrap();
    // Their locks are let go of.
    let started = Instant::now();
    while bench.path("results/.claims").exists() && !bench.files("results/.claims").is_empty() {
        let free = bench
            .files("results/.claims")
            .iter()
            .all(|file| std::fs::File::open(bench.path(file)).map_or(true, |file| file.try_lock().is_ok()));
        if free {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "workers go on without their process");
        std::thread::sleep(Duration::from_millis(50));
    }
    bench.run(SIX).assert_done("the rest");
    let alone = Bench::new();
    alone.run(SIX).assert_done("alone");
    assert_eq!(numbers(&bench), numbers(&alone));
}

#[test]
fn what_workers_cannot_do_is_said_before_any_work() {
    let bench = Bench::new();
    bench.run(SIX.into_iter().chain(["--workers", "0"])).assert_refused("none", 2, &["--workers", "from 1"]);
    bench
        .run(SIX.into_iter().chain(["--gpus", "0", "--backend", "flex"]))
        .assert_one_line("gpus", &["--gpus", "--workers"]);
    let lone = ["--task", "rte", "--model", "m", "--dataset_dir", "g", "--workers", "2"];
    bench.run(lone).assert_one_line("lone", &["--workers is for several runs"]);
    bench.assert_clean("nothing was run");
}
