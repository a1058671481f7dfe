//! Whole training runs of the binary beside the Hugging Face Trainer's (`scripts/fixtures/trajectory.py`): every logged
//! loss, learning rate and gradient norm, the final logits, and the files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/trajectory")
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Runs the case `run` with `extra` flags behind those of its settings; gives the output folder.
fn train(run: &str, extra: &[&str]) -> tempfile::TempDir {
    let settings = json(&fixtures().join(run).join("settings.json"));
    let out = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_run-glue"));
    command
        .arg("--task")
        .arg(settings["task"].as_str().unwrap())
        .arg("--model")
        .arg(fixtures().join("checkpoints").join(settings["checkpoint"].as_str().unwrap()))
        .arg("--dataset_dir")
        .arg(fixtures().join("data/glue"))
        .arg("--output_dir")
        .arg(out.path().join("out"))
        .arg("--results_dir")
        .arg(out.path().join("results"))
        .arg("--save_logits");
    for (name, value) in settings["arguments"].as_object().unwrap() {
        // The flags that a run of its own file knows; evaluation and saving during training are not part of it.
        if extra.contains(&format!("--{name}").as_str()) {
            continue;
        }
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        command.arg(format!("--{name}")).arg(value);
    }
    let output = command.args(extra).output().unwrap();
    assert!(output.status.success(), "{run}: {}", String::from_utf8_lossy(&output.stderr));
    out
}

/// Rows of a log history that hold a step's loss.
fn steps(history: &Value) -> Vec<&Value> {
    history.as_array().unwrap().iter().filter(|row| row.get("loss").is_some()).collect()
}

/// Largest relative differences of (loss, grad_norm, learning_rate).
fn compare(run: &str, ours: &Value, theirs: &Value) -> [f64; 3] {
    let (ours, theirs) = (steps(ours), steps(theirs));
    assert_eq!(ours.len(), theirs.len(), "{run}: number of logged steps");
    let mut worst = [0.0f64; 3];
    for (a, b) in ours.iter().zip(&theirs) {
        assert_eq!(a["step"], b["step"], "{run}");
        for (worst, key) in worst.iter_mut().zip(["loss", "grad_norm", "learning_rate"]) {
            let [x, y] = [a, b].map(|row| row[key].as_f64().unwrap());
            let difference = (x - y).abs() / y.abs().max(1e-12);
            assert!(difference <= 1e-4 || x == y, "{run}, step {}: {key} {x}, expected {y}", a["step"]);
            *worst = worst.max(difference);
        }
    }
    println!("{run}: {} steps, largest relative difference of loss, grad_norm, lr: {worst:?}", ours.len());
    worst
}

/// The `epoch` of every row is the Trainer's too.
fn compare_epochs(run: &str, ours: &Value, theirs: &Value) {
    for (a, b) in steps(ours).iter().zip(steps(theirs)) {
        let [a, b] = [*a, b].map(|row| row["epoch"].as_f64().unwrap());
        assert!((a - b).abs() < 1e-9, "{run}: epoch {a}, expected {b}");
    }
}

fn log_history(out: &Path) -> Value {
    json(&out.join("out/trainer_state.json"))["log_history"].clone()
}

fn reference(run: &str) -> Value {
    json(&fixtures().join(run).join("log_history.json"))
}

#[test]
fn sequential_runs_with_warm_up_and_decay_follow_the_trainer() {
    for run in
        ["mrpc_sequential", "stsb_sequential", "mrpc_epochs_2_5", "mrpc_max_steps_20", "mrpc_batch_32", "stsb_batch_32"]
    {
        let out = train(run, &[]);
        compare(run, &log_history(out.path()), &reference(run));
        compare_epochs(run, &log_history(out.path()), &reference(run));
    }
}

#[test]
fn random_order_and_drawn_heads_follow_the_trainer() {
    for run in ["mrpc_random_encoder", "stsb_random_encoder", "mrpc_random_without_pooler", "mrpc_random_data_seed"] {
        let out = train(run, &[]);
        compare(run, &log_history(out.path()), &reference(run));
        compare_epochs(run, &log_history(out.path()), &reference(run));
    }
}

/// Encoders of every family with drawn heads (`scripts/fixtures/families.py --trajectories`).
#[test]
fn every_family_follows_the_trainer() {
    let mut seen = 0;
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let run = entry.unwrap().file_name().into_string().unwrap();
        if !run.starts_with("family_") {
            continue;
        }
        seen += 1;
        for flags in [&[] as &[&str], &["--pad_to_max_length", "true"]] {
            let out = train(&run, flags);
            compare(&run, &log_history(out.path()), &reference(&run));
        }
    }
    assert!(seen >= 7, "{seen} families");
}

#[test]
fn padding_changes_nothing() {
    for run in ["mrpc_sequential", "stsb_random_encoder"] {
        let out = train(run, &["--pad_to_max_length", "true"]);
        compare(run, &log_history(out.path()), &reference(run));
    }
}

#[test]
fn eight_by_four_is_thirty_two_by_one() {
    for run in ["mrpc_batch_32", "stsb_batch_32"] {
        let flags = ["--per_device_train_batch_size", "8", "--gradient_accumulation_steps", "4"];
        let (whole, accumulated) = (train(run, &[]), train(run, &flags));
        compare(run, &log_history(accumulated.path()), &reference(run));
        let (whole, accumulated) = (log_history(whole.path()), log_history(accumulated.path()));
        for (a, b) in steps(&whole).iter().zip(steps(&accumulated)) {
            for key in ["loss", "grad_norm"] {
                let [x, y] = [*a, b].map(|row| row[key].as_f64().unwrap());
                assert!((x - y).abs() <= 1e-5 * x.abs(), "{run}, step {}: {key} {x} and {y}", a["step"]);
            }
        }
    }
}

#[test]
fn final_logits_and_files_are_the_trainers() {
    for run in ["mrpc_sequential", "stsb_sequential", "mrpc_random_encoder", "stsb_random_encoder"] {
        let out = train(run, &[]);
        let out = out.path().join("out");
        let expected = json(&fixtures().join(run).join("final.json"));
        let lines = std::fs::read_to_string(out.join("eval_logits.jsonl")).unwrap();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let rows = expected["eval_logits"].as_array().unwrap();
        assert_eq!(lines.len(), rows.len());
        for (i, (line, row)) in lines.iter().zip(rows).enumerate() {
            assert_eq!(line["index"], i);
            assert_eq!(line["label"].as_f64(), expected["eval_labels"][i].as_f64());
            let values = row.as_array().map_or_else(|| vec![row.clone()], Clone::clone);
            for (a, b) in line["logits"].as_array().unwrap().iter().zip(&values) {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                assert!((a - b).abs() <= 1e-4 * (1.0 + b.abs()), "{run}, row {i}: {a}, expected {b}");
            }
        }
        for file in ["train_results.json", "eval_results.json", "all_results.json"] {
            let (ours, theirs) = (json(&out.join(file)), json(&fixtures().join(run).join(file)));
            let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(keys(&ours), keys(&theirs), "{run}: keys of {file}");
            for (key, value) in theirs.as_object().unwrap() {
                if key.contains("runtime") || key.contains("per_second") {
                    continue;
                }
                let (a, b) = (ours[key].as_f64().unwrap(), value.as_f64().unwrap());
                assert!((a - b).abs() <= 1e-4 * b.abs().max(1e-3), "{run}: {file}: {key} is {a}, expected {b}");
            }
        }
        let (ours, theirs) =
            (json(&out.join("trainer_state.json")), json(&fixtures().join(run).join("trainer_state.json")));
        for key in
            ["epoch", "global_step", "max_steps", "num_train_epochs", "logging_steps", "train_batch_size", "total_flos"]
        {
            assert_eq!(ours[key].as_f64(), theirs[key].as_f64(), "{run}: trainer_state.json: {key}");
        }
    }
}

/// The same run twice, and with another number of threads: the same bits.
#[test]
fn runs_repeat_bit_for_bit_whatever_the_threads() {
    let logits = |threads: &str| {
        let out = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_run-glue"))
            .env("RAYON_NUM_THREADS", threads)
            .args(["demo", "--task", "mrpc", "--max_steps", "5", "--save_logits", "--output_dir"])
            .arg(out.path().join("out"))
            .arg("--results_dir")
            .arg(out.path().join("results"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(out.path().join("out/eval_logits.jsonl")).unwrap()
    };
    let first = logits("1");
    assert_eq!(first, logits("1"));
    assert_eq!(first, logits("2"));
    assert_eq!(first, logits("5"));
}
