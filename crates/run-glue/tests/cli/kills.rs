//! Sweeps that are killed, and sweeps of several workers: no run is lost, none is done twice, and the numbers are those of a
//! sweep that nothing disturbs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;

use crate::support::program::Bench;
use serde_json::Value;

/// Twelve runs with checkpoints.
const FLAGS: [&str; 22] = [
    "--log_level",
    "debug",
    "--task",
    "rte,cola,stsb",
    "--model",
    "m",
    "--seeds",
    "4",
    "--dataset_dir",
    "g",
    "--max_steps",
    "20",
    "--max_eval_samples",
    "20",
    "--results_dir",
    "results",
    "--output_dir",
    "out",
    "--save_steps",
    "7",
    "--logging_steps",
    "1",
];
const RUNS: usize = 12;

/// What differs between two runs of the same numbers. Shapes of batches are counted since the last start.
const OF_THE_DAY: [&str; 7] =
    ["timings", "profile", "throughput", "started_at", "peak_memory_bytes", "host", "batch_shapes"];

/// All that must be the same: records without what is of the day, predictions, and models, by path.
fn contents(bench: &Bench) -> BTreeMap<String, String> {
    let mut contents = BTreeMap::new();
    for path in bench.files("results") {
        let bytes = std::fs::read(bench.path(&path)).unwrap();
        if path.ends_with(".predictions.json") {
            contents.insert(path, String::from_utf8(bytes).unwrap());
        } else if path.ends_with(".json") {
            let mut record: Value = serde_json::from_slice(&bytes).unwrap();
            for name in OF_THE_DAY {
                record.as_object_mut().unwrap().shift_remove(name);
            }
            // A run may be killed when its last checkpoint is there and its record is not.
            record["training"].as_object_mut().unwrap().shift_remove("resumed_from");
            contents.insert(path, record.to_string());
        }
    }
    for path in bench.files("out").into_iter().filter(|path| path.ends_with("/model.safetensors")) {
        if !path.contains("checkpoint-") {
            let hash = trainer::file_hash::sha256(&bench.path(&path)).unwrap();
            contents.insert(path, hash);
        }
    }
    contents
}

/// Fails unless there is one record, one file of predictions and one model for each run, and no claim is left.
fn assert_complete(bench: &Bench, contents: &BTreeMap<String, String>) {
    assert_eq!(contents.len(), 3 * RUNS, "{:?}", contents.keys());
    let mut runs = BTreeSet::new();
    for text in contents.values().filter(|text| text.contains("format_version")) {
        let record: Value = serde_json::from_str(text).unwrap();
        assert!(runs.insert((record["task"].to_string(), record["seed"].to_string())), "a run has two records");
    }
    assert_eq!(runs.len(), RUNS);
    assert_eq!(bench.files("results/.claims"), [""; 0]);
}

fn undisturbed() -> BTreeMap<String, String> {
    let bench = Bench::new();
    bench.run(FLAGS).assert_done("undisturbed");
    let contents = contents(&bench);
    assert_complete(&bench, &contents);
    contents
}

/// Runs that have all of their files, as the program names them, with when their record was written.
fn done(bench: &Bench) -> BTreeMap<String, std::time::SystemTime> {
    let records = bench.record_files().into_iter();
    let named = |path: String| {
        let record: Value = serde_json::from_slice(&std::fs::read(bench.path(&path)).unwrap()).unwrap();
        let (task, seed) = (record["task"].as_str().unwrap(), &record["seed"]);
        // The last file of a run.
        bench.run_folder(&format!("out/{task}/seed-{seed}")).join("README.md").is_file().then(|| {
            (format!("{task}, seed {seed}"), std::fs::metadata(bench.path(&path)).unwrap().modified().unwrap())
        })
    };
    records.filter_map(named).collect()
}

fn spawn(bench: &Bench) -> (Child, BufReader<ChildStderr>) {
    let mut child = bench.command().args(FLAGS).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    (child, stderr)
}

/// `rte, seed 42` of `[1/12] rte, seed 42, about 5 seconds left`.
fn started(line: &str) -> Option<String> {
    let (_, name) = line.strip_prefix('[')?.split_once("] ")?;
    // What it came to is another line.
    let name = Some(name).filter(|name| !name.contains(": "))?;
    Some(name.split(", about ").next()?.to_owned())
}

/// The names of the runs that a worker began, read until it has begun `most`, or ends.
fn begun(stderr: &mut BufReader<ChildStderr>, most: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut line = String::new();
    while names.len() < most && stderr.read_line(&mut line).unwrap() > 0 {
        names.extend(started(line.trim_end()));
        line.clear();
    }
    names
}

#[test]
fn a_sweep_that_is_killed_ten_times_in_a_row_loses_nothing_and_does_nothing_twice() {
    let bench = Bench::new();
    for kill in 0..10u64 {
        let before = done(&bench);
        let (mut child, mut stderr) = spawn(&bench);
        // In its first run or in its second, at some moment of it.
        let most = 1 + kill as usize % 2;
        let mut names = begun(&mut stderr, most);
        assert_eq!(names.len(), most, "the sweep ended before it was killed {kill} times");
        std::thread::sleep(Duration::from_millis(kill * 7919 % 97));
        child.kill().unwrap();
        child.wait().unwrap();
        names.extend(begun(&mut stderr, RUNS));
        for name in names {
            assert!(!before.contains_key(&name), "{name} was done, and was begun again");
        }
        let after = done(&bench);
        for (name, written) in before {
            assert_eq!(after.get(&name), Some(&written), "{name} was written again");
        }
    }
    let before = done(&bench);
    let (mut child, mut stderr) = spawn(&bench);
    let names = begun(&mut stderr, usize::MAX);
    assert!(child.wait().unwrap().success());
    assert_eq!(names.len(), RUNS - before.len(), "{names:?} after {:?}", before.keys());
    let contents = contents(&bench);
    assert_complete(&bench, &contents);
    assert_eq!(contents, undisturbed());
}

#[test]
fn two_workers_begin_each_run_once() {
    let bench = Bench::new();
    let workers = [(); 2].map(|()| {
        let (mut child, mut stderr) = spawn(&bench);
        std::thread::spawn(move || {
            let names = begun(&mut stderr, usize::MAX);
            assert!(child.wait().unwrap().success());
            names
        })
    });
    let names = workers.map(|worker| worker.join().unwrap());
    let all: BTreeSet<&String> = names.iter().flatten().collect();
    assert_eq!((all.len(), names[0].len() + names[1].len()), (RUNS, RUNS), "{names:?}");
    assert!(names.iter().all(|names| !names.is_empty()), "both had something to do: {names:?}");
    let contents = contents(&bench);
    assert_complete(&bench, &contents);
    assert_eq!(contents, undisturbed());
}

#[test]
fn a_worker_that_is_killed_leaves_its_run_to_the_others() {
    let bench = Bench::new();
    let (mut child, mut stderr) = spawn(&bench);
    let (mut killed, mut of_killed) = spawn(&bench);
    let first = begun(&mut of_killed, 1);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let names = begun(&mut stderr, usize::MAX);
    assert!(child.wait().unwrap().success());
    assert!(names.contains(&first[0]), "{first:?} is not among {names:?}");
    let contents = contents(&bench);
    assert_complete(&bench, &contents);
}
