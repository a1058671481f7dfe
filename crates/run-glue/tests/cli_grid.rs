//! Many runs in one: what is done already, what fails, who does what, and that nothing is lost or done twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these functions only serve tests")]

mod support {
    pub(crate) mod program;
}

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::program::{Bench, copy};

/// Flags of runs that take a few steps.
const STEPS: [&str; 8] =
    ["--dataset_dir", "g", "--max_steps", "3", "--max_eval_samples", "20", "--results_dir", "results"];

impl Bench {
    /// Records by path.
    fn records(&self) -> BTreeMap<String, Value> {
        let files = self.files("results").into_iter();
        let files = files.filter(|file| file.ends_with(".json") && !file.ends_with(".predictions.json"));
        files
            .map(|file| (file.clone(), serde_json::from_slice(&std::fs::read(self.path(&file)).unwrap()).unwrap()))
            .collect()
    }

    fn grid<'a>(&self, flags: impl IntoIterator<Item = &'a str>) -> support::program::Ended {
        self.run(flags.into_iter().chain(STEPS))
    }
}

/// Records without what differs from run to run of the same numbers.
fn numbers(records: &BTreeMap<String, Value>) -> Vec<(String, Value, Value)> {
    records
        .iter()
        .map(|(path, record)| (path.clone(), record["metrics"].clone(), record["log_history"][0]["loss"].clone()))
        .collect()
}

#[test]
fn models_tasks_and_seeds_make_a_grid_and_what_is_done_is_left_out() {
    let bench = Bench::new();
    copy(&bench.path("m"), &bench.path("n"));
    let flags = ["--task", "rte,cola", "--model", "m", "--model", "n", "--seeds", "2", "--output_dir", "out"];
    let ended = bench.grid(flags);
    ended.assert_done("all");
    assert!(ended.stderr.contains("8 runs, 0 done already, 8 to do"), "{}", ended.stderr);
    assert!(ended.stderr.contains("[8/8] n, cola, seed 43"), "{}", ended.stderr);
    let records = bench.records();
    assert_eq!(records.len(), 8);
    let settings: Vec<_> =
        records.values().map(|r| (r["task"].clone(), r["model"]["id"].clone(), r["seed"].clone())).collect();
    for task in ["rte", "cola"] {
        for model in ["m", "n"] {
            for seed in [42, 43] {
                assert!(settings.contains(&(json!(task), json!(model), json!(seed))), "{task} {model} {seed}");
                assert!(bench.path(&format!("out/{model}/{task}/seed-{seed}/model.safetensors")).is_file());
            }
        }
    }
    // The published recipe.
    assert!(records.values().all(|r| r["hyper_parameters"]["per_device_train_batch_size"] == 32));
    assert!(records.values().all(|r| r["hyper_parameters"]["learning_rate"] == 2e-5));
    assert_eq!(bench.files("results/.claims"), [""; 0]);

    // Again: nothing is run, and the table is there.
    let again = bench.grid(flags);
    again.assert_done("again");
    assert!(again.stderr.contains("8 runs, 8 done already, 0 to do"), "{}", again.stderr);
    assert_eq!(again.stdout, ended.stdout.replace("\n\n", "\n"), "the same table");
    // What lacks its files, or has other weights, or is of other settings, is run.
    std::fs::remove_dir_all(bench.path("out/m/rte/seed-43")).unwrap();
    let mut weights = std::fs::read(bench.path("n/model.safetensors")).unwrap();
    let last = weights.len() - 1;
    weights[last] ^= 1;
    bench.write("n/model.safetensors", &weights);
    let left = bench.grid(flags.into_iter().chain(["--dry_run"]));
    assert!(left.stderr.is_empty() && left.stdout.contains("8 runs, 3 done already, 5 to do"), "{}", left.stdout);
    assert!(left.stdout.contains("m\trte\tseed 43\tto do") && left.stdout.contains("m\tcola\tseed 43\tdone"));
    let other = bench.grid(flags.into_iter().chain(["--dry_run", "--weight_decay", "0.1"]));
    assert!(other.stdout.contains("8 runs, 0 done already"), "{}", other.stdout);
    let rerun = bench.grid(flags.into_iter().chain(["--dry_run", "--rerun"]));
    assert!(rerun.stdout.contains("8 runs, 0 done already"), "{}", rerun.stdout);
    assert_eq!(bench.records().len(), 8);
}

#[test]
fn a_lone_run_has_the_defaults_of_run_glue_py_and_is_always_run() {
    let bench = Bench::new();
    for _ in 0..2 {
        let ended = bench.grid(["--task", "rte", "--model", "m"]);
        ended.assert_done("lone");
        assert!(ended.stderr.contains("results are in"), "{}", ended.stderr);
    }
    let record = bench.record();
    assert_eq!(record["hyper_parameters"]["per_device_train_batch_size"], 8);
    assert_eq!(record["hyper_parameters"]["learning_rate"], 5e-5);
    for (flags, part) in [
        (&["--shard", "0/2"][..], "--shard is for several runs"),
        (&["--recipe", "none"], "--recipe is for several runs"),
        (&["--retry_collapsed", "1"], "--retry_collapsed is for several runs"),
        (&["--seeds", "0"], "--seeds"),
        (&["--seeds", "1,2", "--seed", "3"], "--seed and a list of --seeds"),
        (&["--seeds", "2", "--shard", "2/2"], "--shard 2/2: part 2 of 2, expected 0 to 1"),
    ] {
        let ended = bench.grid(["--task", "rte", "--model", "m"].into_iter().chain(flags.iter().copied()));
        assert_eq!(ended.code, Some(2), "{flags:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{flags:?}: {}", ended.stderr);
    }
}

#[test]
fn one_seed_of_a_grid_is_the_lone_run_of_that_seed() {
    let bench = Bench::new();
    let same = ["--per_device_train_batch_size", "4", "--learning_rate", "1e-4"];
    bench.grid(["--task", "rte", "--model", "m", "--seeds", "7,9"].into_iter().chain(same)).assert_done("grid");
    let grid = numbers(&bench.records());
    bench.grid(["--task", "rte", "--model", "m", "--seed", "9"].into_iter().chain(same)).assert_done("lone");
    // The same path: the same settings, seed and numbers, written over.
    assert_eq!(numbers(&bench.records()), grid);
    assert_eq!(grid.len(), 2);
}

/// A run predicts one class where nothing is learned: the head that is drawn decides.
#[test]
fn a_collapsed_run_gets_another_seed() {
    let bench = Bench::new();
    let tiny = ["--task", "rte", "--model", "m", "--seeds", "2", "--learning_rate", "0.5", "--max_steps", "30"];
    let flags = ["--dataset_dir", "g", "--results_dir", "results", "--retry_collapsed", "2"];
    let ended = bench.run(tiny.into_iter().chain(flags));
    ended.assert_done("collapsed");
    let records = bench.records();
    let collapsed = records.values().filter(|r| r["collapsed"] == true).count();
    assert!(collapsed >= 2, "a rate of 0.5 collapses: {}", ended.stderr);
    assert!(ended.stderr.contains("a run collapsed; another one with seed 44"), "{}", ended.stderr);
    assert_eq!(records.len(), 4, "two seeds and two more");
    // The same command again knows all of them.
    let again = bench.run(tiny.into_iter().chain(flags));
    again.assert_done("again");
    assert_eq!(bench.records().len(), 4);
    assert!(!again.stderr.contains("results are in results/rte/m/seed-4"), "{}", again.stderr);
}

/// Flags of a grid of six runs, long enough to be killed in.
const SIX: [&str; 16] = [
    "--task",
    "rte,cola",
    "--model",
    "m",
    "--seeds",
    "3",
    "--dataset_dir",
    "g",
    "--max_steps",
    "12",
    "--max_eval_samples",
    "20",
    "--results_dir",
    "results",
    "--logging_steps",
    "1",
];

/// The records of the six runs made by one worker without a break.
fn undisturbed() -> Vec<(String, Value, Value)> {
    let bench = Bench::new();
    bench.run(SIX).assert_done("undisturbed");
    let numbers = numbers(&bench.records());
    assert_eq!(numbers.len(), 6);
    numbers
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::null()).stderr(Stdio::null())
}

#[test]
fn a_sweep_that_is_killed_again_and_again_loses_nothing_and_does_nothing_twice() {
    let bench = Bench::new();
    // When a record was written, to see that none is written twice.
    let mut seen: BTreeMap<String, std::time::SystemTime> = BTreeMap::new();
    for kill in 0..10 {
        let mut child = quiet(bench.command().args(SIX)).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(90 + 37 * (kill % 4)));
        let _ = child.kill();
        child.wait().unwrap();
        for path in bench.records().into_keys() {
            let written = std::fs::metadata(bench.path(&path)).unwrap().modified().unwrap();
            assert_eq!(*seen.entry(path.clone()).or_insert(written), written, "{path} was written twice");
        }
    }
    bench.run(SIX).assert_done("the last");
    assert_eq!(numbers(&bench.records()), undisturbed());
    for (path, written) in seen {
        assert_eq!(std::fs::metadata(bench.path(&path)).unwrap().modified().unwrap(), written, "{path}");
    }
}

#[test]
fn workers_share_a_folder_and_one_that_is_killed_leaves_its_run_to_the_others() {
    let bench = Bench::new();
    let spawn = || quiet(bench.command().args(SIX)).spawn().unwrap();
    let (mut killed, mut worker) = (spawn(), spawn());
    std::thread::sleep(Duration::from_millis(120));
    let _ = killed.kill();
    killed.wait().unwrap();
    assert!(worker.wait().unwrap().success());
    assert_eq!(numbers(&bench.records()), undisturbed());
}

#[test]
fn parts_make_the_whole() {
    let bench = Bench::new();
    for id in ["5", "6", "7", "8"] {
        let mut command = bench.command();
        command.args(SIX).args(["--shard", "auto"]);
        command.envs([("SLURM_ARRAY_TASK_ID", id), ("SLURM_ARRAY_TASK_MIN", "5"), ("SLURM_ARRAY_TASK_COUNT", "4")]);
        support::program::end(&mut command).assert_done(id);
    }
    assert_eq!(numbers(&bench.records()), undisturbed());
}

const GRID: &str = r#"
# Lists are run in every combination.
task = ["rte", "cola"]
model = ["m"]
seeds = [1, 2]
learning_rate = [1e-4, 2e-5]
per_device_train_batch_size = 4
dataset_dir = "g"
max_steps = 3
max_eval_samples = 20
results_dir = "results"
output_dir = "out"

[tasks.cola]
max_steps = 2
"#;

#[test]
fn a_toml_file_holds_lists_and_settings_of_a_task() {
    let bench = Bench::new();
    bench.write("grid.toml", GRID);
    let dry = bench.run(["grid.toml", "--dry_run"]);
    dry.assert_done("dry run");
    assert!(dry.stdout.contains("m\trte\tseed 1\tlearning_rate 0.0001\tto do"), "{}", dry.stdout);
    assert!(dry.stdout.contains("8 runs, 0 done already, 8 to do"), "{}", dry.stdout);
    bench.run(["grid.toml"]).assert_done("grid");
    let records = bench.records();
    assert_eq!(records.len(), 8);
    for record in records.values() {
        let settings = &record["hyper_parameters"];
        assert_eq!(settings["max_steps"], if record["task"] == "cola" { 2 } else { 3 });
        assert_eq!(settings["per_device_train_batch_size"], 4);
    }
    assert!(bench.path("out/cola/learning_rate-2e-05/seed-2/model.safetensors").is_file());
    // A flag goes before the file's.
    let one = bench.run(["grid.toml", "--learning_rate", "1e-4", "--seeds", "1", "--dry_run", "--results_dir", "none"]);
    assert!(one.stdout.contains("2 runs, 0 done already"), "{}", one.stdout);
}

#[test]
fn what_is_wrong_with_a_toml_file_is_named() {
    let bench = Bench::new();
    for (text, part) in [
        ("task = [", "grid.toml: "),
        ("tusk = \"rte\"", "there is no flag `tusk` (did you mean `task"),
        ("task = \"rte\"\nmodel = \"m\"\nlearning_rate = []", "`learning_rate` is an empty list"),
        ("task = \"rte\"\nmodel = \"m\"\nlearning_rate = [\"a\"]", "grid.toml: invalid value 'a' for '--learning_rate"),
        ("task_name = \"rte\"\nmodel = \"m\"\n[tasks.rtx]\nseed = 1", "[tasks.rtx]"),
        ("task_name = \"rte\"\nmodel = \"m\"\n[tasks]\nrte = 3", "expected a table: [tasks.rte]"),
        ("model = \"m\"", "--task is missing"),
    ] {
        bench.write("grid.toml", text);
        let ended = bench.run(["grid.toml"]);
        assert_eq!(ended.code, Some(2), "{text}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{text}: {}", ended.stderr);
    }
    assert!(bench.run(["absent.toml"]).stderr.contains("absent.toml: "));
}
