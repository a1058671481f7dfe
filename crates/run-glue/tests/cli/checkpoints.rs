//! Checkpoints: a run that is killed at any moment ends with the weights of one that was not, bit for bit.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::program::Bench;
use serde_json::Value;

/// A run of 40 steps that evaluates and saves every third, and ends with the best.
const RUN: [&str; 27] = [
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
    "40",
    "--save_steps",
    "3",
    "--logging_steps",
    "4",
    "--gradient_accumulation_steps",
    "2",
    "--max_train_samples",
    "150",
    "--eval_strategy",
    "steps",
    "--eval_steps",
    "3",
    "--metric_for_best_model",
    "accuracy",
    "--load_best_model_at_end",
];

/// The final weights, and the log without times.
fn result(bench: &Bench) -> (Vec<u8>, Vec<Value>) {
    let state: Value = serde_json::from_slice(&std::fs::read(bench.path("out/trainer_state.json")).unwrap()).unwrap();
    let mut rows = state["log_history"].as_array().unwrap().clone();
    for row in &mut rows {
        row.as_object_mut().unwrap().retain(|key, _| !key.contains("runtime") && !key.contains("per_second"));
    }
    (std::fs::read(bench.path("out/model.safetensors")).unwrap(), rows)
}

fn checkpoints(bench: &Bench) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(bench.path("out"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("checkpoint-"))
        .collect();
    names.sort();
    names
}

/// The folder of the best evaluation.
fn best_checkpoint(bench: &Bench) -> String {
    let state: Value = serde_json::from_slice(&std::fs::read(bench.path("out/trainer_state.json")).unwrap()).unwrap();
    state["best_model_checkpoint"].as_str().unwrap().trim_start_matches("out/").to_owned()
}

#[test]
fn a_run_that_is_killed_ends_as_one_that_was_not() {
    let whole = Bench::new();
    whole.run(RUN).assert_done("uninterrupted");
    let expected = result(&whole);
    let mut kills = 0;
    for i in 0..10u64 {
        let bench = Bench::new();
        // Later and later, so that every part of a run is hit.
        for attempt in 0..50u64 {
            let mut child = bench.command().args(RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(20 + (i * 37 + attempt * 53) % 400 + attempt * 20));
            if child.try_wait().unwrap().is_some_and(|status| status.success()) {
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
        }
        assert_eq!(result(&bench), expected, "run {i}");
    }
    assert!(kills >= 20, "only {kills} kills");
}

#[test]
fn a_run_that_left_nothing_but_its_log_starts_anew() {
    let bench = Bench::new();
    bench.write("out/log.jsonl", "");
    bench.write("out/runs/then/events.out.tfevents.1", "");
    bench.run(RUN).assert_done("after a kill before the first checkpoint");
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_says_how_to_go_on() {
    let whole = Bench::new();
    let long = RUN.map(|word| if word == "40" { "160" } else { word });
    whole.run(long).assert_done("uninterrupted");
    let bench = Bench::new();
    let mut child = bench.command().args(long).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while checkpoints(&bench).is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    let mut stderr = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut stderr).unwrap();
    assert_eq!(status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("of 160; the same command goes on from out/checkpoint-"), "{stderr}");
    let ended = bench.run(long);
    ended.assert_done("resumed");
    assert!(ended.stderr.contains("going on from out/checkpoint-"), "{}", ended.stderr);
    assert_eq!(result(&bench), result(&whole));
}

#[test]
fn folders_are_kept_found_and_refused_as_they_should() {
    let bench = Bench::new();
    let first: Vec<&str> = RUN.map(|word| if word == "40" { "7" } else { word }).to_vec();
    bench.run(first.iter().copied().chain(["--save_total_limit", "2"])).assert_done("limit");
    // The newest, and the best besides.
    let (kept, best) = (checkpoints(&bench), best_checkpoint(&bench));
    assert!(kept.contains(&"checkpoint-7".to_owned()) && kept.contains(&best), "{kept:?}, best {best}");
    assert_eq!(kept.len(), 2, "{kept:?}");
    // What was cut off or is none of ours is not taken for a checkpoint.
    bench.write("out/checkpoint-99/model.safetensors", "");
    bench.write("out/.checkpoint-100.partial/run_state.json", "");
    let again = bench.run(first.iter().copied());
    again.assert_done("done already");
    assert!(again.stderr.contains("going on from out/checkpoint-7 (step 7)"), "{}", again.stderr);
    let other = bench.run(first.iter().copied().chain(["--learning_rate", "1e-3"]));
    assert_eq!(other.code, Some(2));
    other.assert_says("other settings", &["made with learning_rate 0.00005, and this run has 0.001", "--output_dir"]);
    bench.run(first.iter().copied().chain(["--overwrite_output_dir", "--learning_rate", "1e-3"])).assert_done("anew");
    std::fs::write(bench.path("out/checkpoint-7/optimizer.safetensors"), "x").unwrap();
    let resume = ["--resume_from_checkpoint", "out/checkpoint-7", "--learning_rate", "1e-3"];
    let broken = bench.run(first.iter().copied().chain(resume));
    assert_eq!(broken.code, Some(2));
    broken.assert_says(
        "a broken file",
        &["out/checkpoint-7/optimizer.safetensors", "give another --resume_from_checkpoint"],
    );
    let none = Bench::new();
    none.run(RUN.iter().copied().chain(["--resume_from_checkpoint", "nowhere"]))
        .assert_one_line("no folder", &["--resume_from_checkpoint nowhere: there is no such folder"]);
    let epochs =
        ["--max_steps", "-1", "--num_train_epochs", "2", "--save_strategy", "epoch", "--eval_strategy", "epoch"];
    let flags: Vec<&str> = RUN.iter().copied().filter(|word| !["--max_steps", "40"].contains(word)).collect();
    none.run(flags.into_iter().chain(epochs)).assert_done("by epochs");
    assert_eq!(checkpoints(&none), ["checkpoint-10", "checkpoint-20"]);
    let no = Bench::new();
    let none_saved = ["--save_strategy", "no", "--load_best_model_at_end", "false"];
    no.run(first.iter().copied().chain(none_saved)).assert_done("none");
    assert!(checkpoints(&no).is_empty());
    no.run(first.iter().copied().chain(["--save_steps", "1.5"]))
        .assert_one_line("save_steps", &["--save_steps is 1.5", "below 1"]);
}

/// What it costs to go on without the last checkpoint is said before it is removed.
#[test]
fn of_a_damaged_checkpoint_it_is_said_where_the_run_goes_on_without_it() {
    let short = |steps| RUN.map(|word| if word == "40" { steps } else { word });
    let bench = Bench::new();
    bench.run(short("6")).assert_done("six steps");
    let damage = |folder: &str, file: &str| bench.write(&format!("out/{folder}/{file}"), "x");
    for file in ["optimizer.safetensors", "model.safetensors", "run_state.json", "trainer_state.json"] {
        let whole = std::fs::read(bench.path("out/checkpoint-6").join(file)).unwrap();
        damage("checkpoint-6", file);
        let parts = [file, "; remove out/checkpoint-6 if it is damaged: the run then goes on from out/checkpoint-3"];
        let ended = bench.run(short("6"));
        assert_eq!(ended.code, Some(2), "{file}: {}", ended.stderr);
        ended.assert_says(file, &parts);
        bench.write(&format!("out/checkpoint-6/{file}"), whole);
    }
    // A changed byte that no reader would notice.
    for file in ["optimizer.safetensors", "model.safetensors"] {
        let path = format!("out/checkpoint-6/{file}");
        let whole = std::fs::read(bench.path(&path)).unwrap();
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        bench.write(&path, changed);
        bench.run(short("6")).assert_says(file, &[&path, "is not as it was saved", "goes on from out/checkpoint-3"]);
        bench.write(&path, whole);
    }
    // What was left out is said.
    std::fs::rename(bench.path("out/checkpoint-6/run_state.json"), bench.path("run_state.json")).unwrap();
    let ended = bench.run(short("6"));
    ended.assert_done("without a state");
    let said =
        "out/checkpoint-6 lacks files that a run needs to go on from it, so this one goes on from out/checkpoint-3";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    std::fs::remove_dir_all(bench.path("out/checkpoint-6")).unwrap();
    let whole = std::fs::read(bench.path("out/checkpoint-3/optimizer.safetensors")).unwrap();
    damage("checkpoint-3", "optimizer.safetensors");
    bench.run(short("6")).assert_says("the last one", &["out/checkpoint-3 if it is damaged: the run then starts"]);
    bench.write("out/checkpoint-3/optimizer.safetensors", whole);
    // A step that the run does not have, whatever the folder is called.
    std::fs::rename(bench.path("out/checkpoint-3"), bench.path("out/checkpoint-9")).unwrap();
    let state = std::fs::read_to_string(bench.path("out/checkpoint-9/run_state.json")).unwrap();
    bench.write("out/checkpoint-9/run_state.json", state.replace("\"step\": 3,", "\"step\": 9,"));
    bench.run(short("6")).assert_says("beyond the end", &["it says step 9 of a run of 6"]);
}

/// Not after all of the training.
#[test]
fn damaged_best_weights_are_found_before_a_run_goes_on() {
    let bench = Bench::new();
    let long = RUN.map(|word| if word == "40" { "12" } else { word });
    bench.run(long).assert_done("whole");
    let (best, last) = (best_checkpoint(&bench), "checkpoint-12");
    if best == last {
        // The best of the others takes its part.
        panic!("the test needs a best evaluation before the last: {best}");
    }
    let path = format!("out/{best}/model.safetensors");
    let mut weights = std::fs::read(bench.path(&path)).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    bench.write(&path, weights);
    let parts = [path.as_str(), "is not as it was saved", "the best weights are lost then"];
    bench.run(long).assert_says("damaged", &parts);
    std::fs::remove_dir_all(bench.path("out").join(&best)).unwrap();
    let ended = bench.run(long);
    assert!(ended.stderr.contains("are no longer there, as their checkpoint was removed"), "{}", ended.stderr);
}

/// As a kill between the last checkpoint and the removal of the one before leaves it.
#[test]
fn a_run_that_goes_on_from_its_end_keeps_no_more_than_it_should() {
    let bench = Bench::new();
    let flags =
        "--task rte --model m --dataset_dir g --max_steps 4 --save_steps 2 --output_dir out --results_dir results";
    let run = |more: &str| bench.run(flags.split_whitespace().chain(more.split_whitespace()));
    run("").assert_done("both are kept");
    assert_eq!(checkpoints(&bench), ["checkpoint-2", "checkpoint-4"]);
    run("--save_total_limit 1").assert_done("it goes on from its end");
    assert_eq!(checkpoints(&bench), ["checkpoint-4"]);
}
