//! Evaluations during the training, the best model, early stopping, and the logs.

use crate::support::program::{Bench, Ended};
use serde_json::Value;

const RUN: [&str; 16] = [
    "--task",
    "rte",
    "--model",
    "m",
    "--dataset_dir",
    "g",
    "--results_dir",
    "results",
    "--output_dir",
    "out",
    "--max_steps",
    "12",
    "--logging_steps",
    "4",
    "--learning_rate",
    "1e-3",
];

fn run(bench: &Bench, flags: &[&str]) -> Ended {
    bench.run(RUN.iter().chain(flags).copied())
}

fn state(bench: &Bench) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path("out/trainer_state.json")).unwrap()).unwrap()
}

/// Steps of the log rows that have a key.
fn steps(state: &Value, key: &str) -> Vec<u64> {
    let rows = state["log_history"].as_array().unwrap().iter();
    rows.filter(|row| row.get(key).is_some()).map(|row| row["step"].as_u64().unwrap()).collect()
}

fn weights(bench: &Bench, file: &str) -> Vec<u8> {
    std::fs::read(bench.path(file)).unwrap()
}

#[test]
fn evaluations_come_when_they_should_and_change_nothing() {
    let plain = Bench::new();
    run(&plain, &[]).assert_done("plain");
    for (flags, expected) in [
        (&["--eval_strategy", "steps", "--eval_steps", "5"][..], &[5, 10, 12][..]),
        (&["--evaluation_strategy", "steps"], &[4, 8, 12]),
        (&["--eval_strategy", "steps", "--eval_steps", "0.5", "--eval_delay", "7", "--eval_on_start"], &[0, 12]),
        (&["--eval_strategy", "epoch"], &[12]),
    ] {
        let bench = Bench::new();
        run(&bench, flags).assert_done(&flags.join(" "));
        let state = state(&bench);
        assert_eq!(steps(&state, "eval_accuracy"), expected, "{flags:?}");
        assert_eq!(steps(&state, "loss"), [4, 8, 12], "{flags:?}");
        assert_eq!(weights(&bench, "out/model.safetensors"), weights(&plain, "out/model.safetensors"), "{flags:?}");
    }
}

#[test]
fn the_run_ends_with_the_best_weights() {
    let bench = Bench::new();
    let flags =
        ["--eval_strategy", "steps", "--eval_steps", "2", "--save_strategy", "best", "--load_best_model_at_end"];
    // The loss is to grow, so that the first evaluation stays the best.
    let greater = ["--greater_is_better", "false", "--metric_for_best_model", "eval_loss", "--learning_rate", "0.2"];
    run(&bench, &[&flags[..], &greater[..]].concat()).assert_done("best");
    let state = state(&bench);
    let best = state["best_global_step"].as_u64().unwrap();
    let folder = format!("out/checkpoint-{best}");
    assert_eq!(state["best_model_checkpoint"].as_str(), Some(folder.as_str()));
    let rows = state["log_history"].as_array().unwrap();
    let losses: Vec<f64> = rows.iter().filter_map(|row| row.get("eval_loss")?.as_f64()).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(state["best_metric"].as_f64(), Some(least));
    assert!(best < 12, "the last step is the best, and nothing is tested");
    let best_weights = weights(&bench, &format!("{folder}/model.safetensors"));
    assert_eq!(weights(&bench, "out/model.safetensors"), best_weights);
    let results: Value = serde_json::from_slice(&weights(&bench, "out/eval_results.json")).unwrap();
    assert_eq!(results["eval_loss"].as_f64(), Some(least));
}

#[test]
fn whatever_chooses_the_weights_leaves_a_record_of_its_own() {
    let bench = Bench::new();
    let flags = ["--eval_strategy", "steps", "--save_strategy", "best", "--load_best_model_at_end", "--eval_steps"];
    let variants: [&[&str]; 3] = [&["2"], &["3"], &["2", "--greater_is_better", "true"]];
    for (at, variant) in variants.into_iter().enumerate() {
        let out = format!("out-{at}");
        let flags = [&flags[..], variant].concat();
        run(&bench, &[&flags[..], &["--output_dir", &out]].concat()).assert_done(&out);
        assert_eq!(bench.record_files().len(), 2 * at + 1, "{variant:?} is a run of its own");
        let sweep_out = format!("sweep-{at}");
        let sweep = ["--seeds", "1", "--output_dir", &sweep_out, "--learning_rate", "2e-3"];
        let flags = [&flags[..], &sweep].concat();
        let planned = run(&bench, &[&flags[..], &["--dry_run"]].concat());
        assert!(planned.stdout.contains("1 run, 0 done already"), "{variant:?}: {}", planned.stdout);
        run(&bench, &flags).assert_done("a sweep");
        let planned = run(&bench, &[&flags[..], &["--dry_run"]].concat());
        assert!(planned.stdout.contains("1 run, 1 done already"), "{variant:?}: {}", planned.stdout);
    }
}

#[test]
fn a_run_stops_early_and_can_be_looked_up() {
    let bench = Bench::new();
    let flags = ["--eval_strategy", "steps", "--eval_steps", "2", "--early_stopping_patience", "2"];
    let ended = run(&bench, &[&flags[..], &["--early_stopping_threshold", "1e9", "--save_strategy", "no"]].concat());
    ended.assert_done("early");
    assert!(ended.stderr.contains(": the training stops here, at step "), "{}", ended.stderr);
    let state = state(&bench);
    // The first counts as better than none; the second and the third are not.
    assert_eq!((state["global_step"].as_u64(), state["max_steps"].as_u64()), (Some(6), Some(12)));
    let callback = &state["stateful_callbacks"]["EarlyStoppingCallback"];
    assert_eq!(callback["attributes"]["early_stopping_patience_counter"].as_u64(), Some(2));
    let results: Value = serde_json::from_slice(&weights(&bench, "out/train_results.json")).unwrap();
    assert!(results["train_loss"].as_f64().unwrap() > 0.0);
}

#[test]
fn logs_are_lines_and_event_files() {
    let bench = Bench::new();
    let flags = ["--report_to", "tensorboard", "--eval_strategy", "steps", "--log_level", "error"];
    let ended = run(&bench, &flags);
    ended.assert_done("logged");
    assert_eq!(ended.stderr, "");
    let text = String::from_utf8(weights(&bench, "out/log.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Three training rows, three evaluations, the end of the training, the last evaluation.
    assert_eq!(rows.len(), 8, "{text}");
    assert!(rows[0]["loss"].is_f64() && rows[6]["train_loss"].is_f64() && rows[7]["eval_accuracy"].is_f64());
    let events: Vec<String> =
        bench.files("out/runs").into_iter().filter(|f| f.contains("events.out.tfevents")).collect();
    let [file] = events.as_slice() else { panic!("not one event file: {events:?}") };
    let bytes = weights(&bench, file);
    for tag in ["train/loss", "train/grad_norm", "eval/accuracy", "train/train_loss", "args/text_summary"] {
        assert!(bytes.windows(tag.len()).any(|part| part == tag.as_bytes()), "{tag}");
    }
    let quiet = Bench::new();
    run(&quiet, &["--logging_strategy", "no"]).assert_done("quiet");
    assert!(steps(&state(&quiet), "loss").is_empty());
}

#[test]
fn what_does_not_go_together_is_refused() {
    let bench = Bench::new();
    let by_steps = ["--eval_strategy", "steps", "--eval_steps"];
    for (flags, words) in [
        (&["--load_best_model_at_end"][..], &["--load_best_model_at_end compares evaluations", "--eval_strategy"][..]),
        (&["--early_stopping_patience", "2"], &["--early_stopping_patience compares evaluations"]),
        (&["--early_stopping_threshold", "2"], &["does nothing without --early_stopping_patience"]),
        (
            &["--eval_strategy", "steps", "--metric_for_best_model", "f1"],
            &["--metric_for_best_model is f1", "accuracy, loss for rte"],
        ),
        (
            &["--eval_strategy", "epoch", "--load_best_model_at_end"],
            &["--eval_strategy and --save_strategy to be the same"],
        ),
        (&["--report_to", "wandb"], &["wandb"]),
        (&["--eval_steps", "1.5"], &["--eval_steps is 1.5"]),
        (&["--optim", "adamw_8bit"], &["--optim is adamw_8bit, expected one of adamw_torch, adafactor, sgd, lion"]),
        (
            &["--class_weights", "1,2,3"],
            &["--class_weights has 3 weights, and there are 2 classes: entailment, not_entailment"],
        ),
        (&["--layerwise_lr_decay", "1.5"], &["--layerwise_lr_decay is 1.5, expected above 0 and at most 1"]),
    ] {
        let ended = run(&bench, flags);
        assert_eq!(ended.code, Some(2), "{flags:?}: {}", ended.stderr);
        ended.assert_says(&flags.join(" "), words);
    }
    let steps = [&by_steps[..], &["4", "--save_steps", "6", "--load_best_model_at_end"]].concat();
    let ended = run(&bench, &steps);
    ended.assert_says("steps", &["--save_steps 6 is no multiple of --eval_steps 4"]);
    bench.assert_clean("refused");
}
