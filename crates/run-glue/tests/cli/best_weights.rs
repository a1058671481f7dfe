//! `--load_best_model_at_end` and `--save_strategy best`: the weights are the best, or the run says which are not and why.

use crate::support::program::{Bench, Ended};
use serde_json::Value;

const RUN: &str = "--task rte --model m --dataset_dir g --results_dir results --output_dir out --max_steps 24 --learning_rate 1e-3 \
                   --eval_strategy steps --eval_steps 2 --load_best_model_at_end --metric_for_best_model eval_loss --greater_is_better true";

fn run(bench: &Bench, more: &str) -> Ended {
    bench.run(RUN.split_whitespace().chain(more.split_whitespace()))
}

fn state(bench: &Bench) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path("out/trainer_state.json")).unwrap()).unwrap()
}

/// Steps of the evaluations from the best to the worst: the greatest loss is the best here, so that it is not the last.
fn by_loss(bench: &Bench) -> Vec<u64> {
    let state = state(bench);
    let rows = state["log_history"].as_array().unwrap().iter();
    let mut losses: Vec<(f64, u64)> =
        rows.filter_map(|row| Some((row.get("eval_loss")?.as_f64()?, row["step"].as_u64()?))).collect();
    losses.sort_by(|a, b| b.0.total_cmp(&a.0));
    losses.into_iter().map(|(_, step)| step).collect()
}

fn is_model_of(bench: &Bench, step: u64) -> bool {
    let weights = |folder: String| std::fs::read(bench.path(&folder).join("model.safetensors")).unwrap();
    weights("out".to_owned()) == weights(format!("out/checkpoint-{step}"))
}

#[test]
fn best_weights_that_cannot_be_saved_are_named_with_those_that_are_used_instead() {
    let whole = Bench::new();
    run(&whole, "--save_steps 2").assert_done("whole");
    let steps = by_loss(&whole);
    assert!(is_model_of(&whole, steps[0]));
    assert_eq!(whole.record()["training"]["weights"], "best");
    assert_eq!(whole.record()["training"]["step"], steps[0]);
    // A file stands where the best checkpoint is to be.
    let bench = Bench::new();
    bench.write(&format!("out/checkpoint-{}", steps[0]), "");
    let lost = format!("the weights of the best evaluation (step {}, eval_loss ", steps[0]);
    let used =
        format!("could not be saved: the run ends with those of out/checkpoint-{} (step {0}, eval_loss ", steps[1]);
    let expect = |ended: &Ended| {
        ended.assert_done("without the best");
        let warning = ended.stderr.lines().find(|line| line.starts_with(&format!("warning: {lost}")));
        assert!(warning.is_some_and(|warning| warning.contains(&used)), "{}", ended.stderr);
        assert!(!ended.stderr.contains("the best weights are those of"), "{}", ended.stderr);
        assert!(is_model_of(&bench, steps[1]));
        let record = bench.record();
        assert_eq!(
            (&record["training"]["weights"], &record["training"]["step"]),
            (&"best_kept".into(), &steps[1].into())
        );
        let kept = record["warnings"].as_array().unwrap();
        assert!(kept.iter().any(|warning| warning.as_str().unwrap().starts_with(&lost)), "{kept:?}");
    };
    expect(&run(&bench, "--save_steps 2 --overwrite_output_dir"));
    // It is known to a later start too.
    let again = run(&bench, "--save_steps 2");
    expect(&again);
    assert!(again.stderr.contains("going on from out/checkpoint-24"), "{}", again.stderr);
    assert_eq!(bench.record()["training"]["resumed_from"], "checkpoint-24");
}

#[test]
fn best_weights_of_a_step_without_a_checkpoint_are_named() {
    let bench = Bench::new();
    let ended = run(&bench, "--save_steps 24");
    ended.assert_done("one checkpoint");
    let steps = by_loss(&bench);
    assert_ne!(steps[0], 24, "the last step is the best, and nothing is tested");
    let parts = [
        &format!("(step {}, eval_loss ", steps[0]),
        "as none was due there (--save_strategy best",
        "out/checkpoint-24",
    ];
    let warning =
        ended.stderr.lines().find(|line| line.starts_with("warning: the weights of the best")).unwrap_or_default();
    for part in parts {
        assert!(warning.contains(part), "{part}: {}", ended.stderr);
    }
    assert_eq!(bench.record()["training"]["weights"], "best_kept");
}

#[test]
fn a_run_without_an_evaluation_that_counts_says_so() {
    let bench = Bench::new();
    let ended = run(&bench, "--save_steps 2 --eval_delay 100");
    ended.assert_done("no evaluation");
    let parts = ["no evaluation gave a number for eval_loss", "the run ends with those after its last step, 24"];
    assert!(parts.iter().all(|part| ended.stderr.contains(part)), "{}", ended.stderr);
    assert_eq!(bench.record()["training"]["weights"], "last");
}

#[test]
fn the_least_error_is_the_best_and_it_is_said() {
    let of = |more: &str| {
        let bench = Bench::new();
        let run = "--model m --dataset_name g --dataset_config_name stsb --metric_name mse --results_dir results --output_dir out \
                   --do_train --do_eval --max_steps 8 --learning_rate 1e-3 --eval_strategy steps --eval_steps 2 --save_steps 2 \
                   --load_best_model_at_end --metric_for_best_model mse";
        let ended = bench.run(run.split_whitespace().chain(more.split_whitespace()));
        ended.assert_done(more);
        let state = state(&bench);
        let rows = state["log_history"].as_array().unwrap().iter();
        let errors: Vec<f64> = rows.filter_map(|row| row.get("eval_mse")?.as_f64()).collect();
        let least = errors.iter().copied().fold(f64::INFINITY, f64::min);
        let warned =
            ended.stderr.contains("warning: the best eval_mse is the least one: transformers would take the greatest");
        (
            state["best_metric"].as_f64() == Some(least),
            warned,
            bench.record()["hyper_parameters"]["greater_is_better"].clone(),
        )
    };
    assert_eq!(of(""), (true, true, false.into()));
    assert_eq!(of("--greater_is_better false"), (true, false, false.into()));
    assert_eq!(of("--greater_is_better true"), (false, false, true.into()));
}
