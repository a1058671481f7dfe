//! The output folder of a run: it is one run's at a time, a finished run in it is safe until another one may begin, and what is written
//! over leaves nothing that is taken for the new run's.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::program::{Bench, Ended, end};
use serde_json::Value;

const LOCK: &str = "out/.run-glue.lock";

/// A run of six steps with a checkpoint every second.
const RUN: &str =
    "--task rte --model m --dataset_dir g --results_dir results --output_dir out --max_steps 6 --save_steps 2";

fn run(bench: &Bench, more: &str) -> Ended {
    bench.run(RUN.split(' ').chain(more.split_whitespace()))
}

/// Every file of `out` with its bytes.
fn content(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    bench.files("out").into_iter().map(|file| (file.clone(), std::fs::read(bench.path(&file)).unwrap())).collect()
}

/// Steps of the checkpoints in `out`, by their names.
fn checkpoints(bench: &Bench) -> Vec<String> {
    let entries = std::fs::read_dir(bench.path("out")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| name.starts_with("checkpoint-"));
    names.sort();
    names
}

fn json(bench: &Bench, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path(file)).unwrap()).unwrap()
}

#[test]
fn a_folder_that_another_run_has_is_refused_before_any_work() {
    let bench = Bench::new();
    bench.write(LOCK, "process 7 on elsewhere, since noon");
    let held = File::open(bench.path(LOCK)).unwrap();
    held.lock().unwrap();
    let parts =
        ["--output_dir out: another run writes into it (process 7 on elsewhere, since noon)", "another --output_dir"];
    for more in ["", "--do_eval", "--overwrite_output_dir"] {
        run(&bench, more).assert_one_line(more, &parts);
        assert_eq!(bench.files("out"), [LOCK], "{more}");
    }
    assert_eq!(bench.files("results"), [""; 0]);
    // Of several runs, each has a folder of its own.
    let several = bench.run(format!("{RUN} --seeds 1,2 --max_train_samples 8").split(' '));
    several.assert_done("folders below");
    drop(held);
    // What a killed run left is nobody's.
    std::fs::remove_dir_all(bench.path("out")).unwrap();
    bench.write(LOCK, "process 7 on elsewhere, since noon");
    run(&bench, "").assert_done("taken over");
    assert!(!bench.path(LOCK).exists(), "the lock is left");
}

#[test]
fn the_process_that_has_the_folder_is_named() {
    let bench = Bench::new();
    let endless = RUN.replace("--max_steps 6", "--max_steps 1000000 --logging_steps 1");
    let mut first =
        bench.command().args(endless.split(' ')).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("step 1/")), "the first run has not begun");
    std::thread::spawn(move || lines.count());
    let second = run(&bench, "");
    first.kill().unwrap();
    first.wait().unwrap();
    second.assert_one_line(
        "second",
        &["--output_dir out: another run writes into it", &format!("process {} on ", first.id())],
    );
    run(&bench, "--overwrite_output_dir").assert_done("after its end");
    assert!(!bench.path(LOCK).exists());
}

#[test]
fn a_run_that_is_refused_leaves_a_finished_one_as_it_was() {
    let bench = Bench::new();
    run(&bench, "--report_to tensorboard").assert_done("finished");
    let before = content(&bench);
    assert!(!before["out/log.jsonl"].is_empty());
    let other = run(&bench, "--report_to tensorboard --learning_rate 1e-3");
    assert_eq!(other.code, Some(2), "{}", other.stderr);
    assert!(other.stderr.contains("made with learning_rate"), "{}", other.stderr);
    assert!(content(&bench) == before, "{:?}", bench.files("out"));
    // Nor does one that was to write over it, and cannot be.
    let cut = std::fs::read(bench.path("m/model.safetensors")).unwrap();
    bench.write("m/model.safetensors", &cut[..cut.len() - 8]);
    let broken = run(&bench, "--overwrite_output_dir");
    assert_eq!(broken.code, Some(2), "{}", broken.stderr);
    assert!(content(&bench) == before, "{:?}", bench.files("out"));
}

#[test]
fn a_run_that_is_written_over_leaves_no_checkpoint_and_no_result() {
    let bench = Bench::new();
    run(&bench, "--save_logits --do_train --do_eval --do_predict").assert_done("older");
    assert_eq!(checkpoints(&bench), ["checkpoint-2", "checkpoint-4", "checkpoint-6"]);
    bench.write("out/notes.txt", "mine");
    bench.write("out/my_results.json", "mine");
    bench.write("out/checkpoint-of-mine/a", "mine");
    let newer = run(&bench, "--overwrite_output_dir --do_train --max_steps 3 --save_total_limit 1 --save_steps 1");
    newer.assert_done("newer");
    assert!(newer.stderr.contains("out: 3 checkpoints of an older run are removed"), "{}", newer.stderr);
    assert_eq!(checkpoints(&bench), ["checkpoint-3", "checkpoint-of-mine"]);
    for mine in ["out/notes.txt", "out/my_results.json", "out/checkpoint-of-mine/a"] {
        assert_eq!(std::fs::read(bench.path(mine)).unwrap(), b"mine");
    }
    for older in ["eval_results.json", "eval_logits.jsonl", "predict_results_rte.txt", "predict_logits_rte.jsonl"] {
        assert!(!bench.path("out").join(older).exists(), "{older} is the older run's");
    }
    let all = json(&bench, "out/all_results.json");
    assert!(all.get("train_loss").is_some() && all.get("eval_loss").is_none(), "{all}");
    // The model may be in the folder, but not in what is removed.
    let of_itself = RUN.replace("--model m", "--model out/checkpoint-3 --overwrite_output_dir");
    let model = bench.run(of_itself.split(' '));
    assert_eq!(model.code, Some(2), "{}", model.stderr);
    model.assert_says("its own model", &["--overwrite_output_dir", "out/checkpoint-3", "another --output_dir"]);
    assert!(bench.path("out/checkpoint-3/model.safetensors").is_file());
}

#[test]
fn an_evaluation_says_whose_results_stand_beside_its_own() {
    let bench = Bench::new();
    run(&bench, "--do_train --do_eval").assert_done("older");
    let before = content(&bench);
    let evaluate = |flags: &str| {
        let flags = format!("--task rte --dataset_dir g --do_eval --output_dir out --results_dir results {flags}");
        bench.run(flags.split(' '))
    };
    // Of the model in the folder they are the training's own.
    let own = evaluate("--model out");
    own.assert_done("its own model");
    assert!(!own.stderr.contains("keeps results"), "{}", own.stderr);
    let other = evaluate("--model m");
    other.assert_done("another model");
    assert!(other.stderr.contains("all_results.json in out keeps results of an earlier run, "), "{}", other.stderr);
    assert!(other.stderr.contains("train_loss") && other.stderr.contains("--overwrite_output_dir"), "{}", other.stderr);
    evaluate("--model m --overwrite_output_dir").assert_done("over it");
    let all = json(&bench, "out/all_results.json");
    assert!(all.get("eval_loss").is_some() && all.get("train_loss").is_none(), "{all}");
    assert!(bench.path("out/model.safetensors").is_file(), "only results are removed");
    assert!(before.len() > content(&bench).len());
}

#[test]
fn a_run_that_goes_on_keeps_the_checkpoints_up_to_there() {
    let bench = Bench::new();
    run(&bench, "").assert_done("older");
    let on = run(&bench, "--overwrite_output_dir --resume_from_checkpoint out/checkpoint-4");
    on.assert_done("goes on");
    assert!(on.stderr.contains("out: 1 checkpoint of an older run is removed"), "{}", on.stderr);
    assert_eq!(checkpoints(&bench), ["checkpoint-2", "checkpoint-4", "checkpoint-6"]);
}

const MARK: &str = "out/.run-glue.unfinished";

/// Folders where the record of a run belongs that has these flags more than [`RUN`].
fn block_record(bench: &Bench, flags: &str) {
    let elsewhere = RUN.replace("results --output_dir out", "like --output_dir like-out");
    bench.run(elsewhere.split(' ').chain(flags.split_whitespace())).assert_done("like it");
    bench.block_records("like", "results");
    for dir in ["like", "like-out"] {
        std::fs::remove_dir_all(bench.path(dir)).unwrap();
    }
}

/// A run without checkpoints that ends with a model in `out` and no record.
fn without_a_record(bench: &Bench, flags: &str) -> Ended {
    block_record(bench, flags);
    let ended = run(bench, flags);
    std::fs::remove_dir_all(bench.path("results")).unwrap();
    ended
}

#[test]
fn a_record_that_cannot_be_written_loses_no_model_and_the_run_can_be_started_again() {
    let plain = Bench::new();
    run(&plain, "--save_strategy no").assert_done("undisturbed");
    let bench = Bench::new();
    let ended = without_a_record(&bench, "--save_strategy no");
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    ended.assert_says("record", &["the trained model is in out", "results/rte", "another run's record or no record"]);
    assert!(ended.stdout.contains("eval_accuracy"), "{}", ended.stdout);
    for file in ["out/model.safetensors", "out/config.json", "out/README.md", "out/all_results.json"] {
        assert!(bench.path(file).is_file(), "{file} is lost");
    }
    let weights = |bench: &Bench| std::fs::read(bench.path("out/model.safetensors")).unwrap();
    assert!(weights(&bench) == weights(&plain));
    assert!(bench.path(MARK).is_file());
    // Another run may not write over it, the same one may.
    let before = content(&bench);
    let other = run(&bench, "--save_strategy no --learning_rate 1e-3");
    let parts =
        ["--output_dir out holds what a run left that did not end", "learning_rate 0.00005, and this run has 0.001"];
    assert_eq!(other.code, Some(2), "{}", other.stderr);
    other.assert_says("other", &parts);
    // Nor one of other weights, or rows, that are called the same.
    let weights_before = std::fs::read(bench.path("m/model.safetensors")).unwrap();
    let mut changed = weights_before.clone();
    *changed.last_mut().unwrap() ^= 1;
    bench.write("m/model.safetensors", changed);
    run(&bench, "--save_strategy no").assert_says("weights", &["from another model: its weights are not the same"]);
    bench.write("m/model.safetensors", weights_before);
    let rows = run(&bench, "--save_strategy no --max_train_samples 20");
    rows.assert_says("rows", &["with other data: the rows that are trained on"]);
    // Whoever reads the model is told.
    let read = bench.run("--task rte --model out --dataset_dir g --do_eval --results_dir elsewhere".split(' '));
    assert!(read.stderr.contains("out: a run in this folder has not ended"), "{}", read.stderr);
    // An evaluation beside it leaves it as it is.
    let beside = "--task rte --model m --dataset_dir g --do_eval --results_dir elsewhere --output_dir out";
    bench.run(beside.split(' ')).assert_done("evaluation");
    assert!(bench.path(MARK).is_file());
    for file in ["eval_results.json", "all_results.json", ".run-glue.finished"] {
        bench.write(&format!("out/{file}"), before[&format!("out/{file}")].clone());
    }
    assert!(content(&bench) == before);
    run(&bench, "--save_strategy no").assert_done("again");
    assert!(weights(&bench) == weights(&plain));
    assert_eq!(bench.files("results").len(), plain.files("results").len());
    assert!(!bench.path(MARK).exists());
    // From here on the folder is a finished run's.
    run(&bench, "--save_strategy no").assert_one_line("finished", &["--output_dir out is not empty"]);
    let over = "--save_strategy no --overwrite_output_dir --learning_rate 1e-3";
    std::fs::remove_dir_all(bench.path("results")).unwrap();
    without_a_record(&bench, over);
    assert!(bench.path(MARK).is_file(), "a run that writes over another one has not ended either");
    run(&bench, over).assert_done("over it");
    assert!(!bench.path(MARK).exists());
}

#[test]
fn a_sweep_starts_again_over_a_run_without_checkpoints_that_did_not_end() {
    let bench = Bench::new();
    // Given, since a sweep has other defaults than a run alone.
    let settings = "--save_strategy no --per_device_train_batch_size 4 --learning_rate 1e-3";
    let sweep = &format!("{settings} --seeds 7,8");
    run(&bench, sweep).assert_done("undisturbed");
    let models = |bench: &Bench| -> BTreeMap<String, Vec<u8>> {
        let files = bench.files("out").into_iter().filter(|file| file.ends_with("model.safetensors"));
        files.map(|file| (file.clone(), std::fs::read(bench.path(&file)).unwrap())).collect()
    };
    let undisturbed = models(&bench);
    let folder = undisturbed.keys().next().unwrap().trim_end_matches("/model.safetensors").to_owned();
    for dir in ["out", "results"] {
        std::fs::remove_dir_all(bench.path(dir)).unwrap();
    }
    // As the sweep's first run would be if it failed, or were killed, after its model was saved.
    block_record(&bench, &format!("{settings} --seed 7"));
    let one = RUN.replace("--output_dir out", &format!("--output_dir {folder} --seed 7 {settings}"));
    let ended = bench.run(one.split(' '));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    std::fs::remove_dir_all(bench.path("results")).unwrap();
    let mark = bench.path(&folder).join(".run-glue.unfinished");
    let left = std::fs::read(&mark).unwrap();
    run(&bench, sweep).assert_done("again");
    assert!(!mark.exists());
    // Nor is a run done whose folder says that it has not ended, though its record and its model are there.
    std::fs::write(&mark, left).unwrap();
    run(&bench, sweep).assert_done("once more");
    assert!(!mark.exists(), "a run that did not end counts as done");
    assert!(models(&bench) == undisturbed, "{:?}", bench.files("out"));
    let is_left = |file: &String| file.ends_with(".run-glue.lock") || file.ends_with(".run-glue.unfinished");
    assert!(!bench.files("out").iter().any(is_left), "{:?}", bench.files("out"));
}

#[test]
fn a_checkpoint_of_another_folder_is_no_reason_to_write_over_this_one() {
    let bench = Bench::new();
    run(&bench, "").assert_done("finished");
    let elsewhere = RUN.replace("--output_dir out", "--output_dir other --seed 5");
    bench.run(elsewhere.split(' ')).assert_done("another run");
    let before = content(&bench);
    let resumed = run(&bench, "--seed 5 --resume_from_checkpoint other/checkpoint-4");
    let parts =
        ["--output_dir out is not empty", "--resume_from_checkpoint other/checkpoint-4 is none of its checkpoints"];
    resumed.assert_one_line("resumed", &parts);
    assert!(content(&bench) == before);
    // Where a run did not end, and where it cannot be told which.
    for mark in ["", "{\"settings\"", "\0\u{c3}"] {
        bench.write(MARK, mark);
        for flags in ["--seed 5 --resume_from_checkpoint other/checkpoint-4", "--seed 5", ""] {
            let ended = run(&bench, flags);
            assert_eq!(ended.code, Some(2), "{mark:?} {flags}: {}", ended.stderr);
            assert!(!ended.stderr.contains("are removed"), "{}", ended.stderr);
        }
    }
    bench.write(MARK, [0xc3, 0x28]);
    run(&bench, "").assert_says("not UTF-8", &["cannot be understood"]);
    let weights = "out/model.safetensors";
    assert!(std::fs::read(bench.path(weights)).unwrap() == before[weights]);
}

#[test]
fn a_run_that_did_not_end_goes_on_from_its_own_checkpoints_alone() {
    let bench = Bench::new();
    without_a_record(&bench, "");
    assert!(bench.path(MARK).is_file());
    // The same run, elsewhere.
    bench.run(RUN.replace("--output_dir out", "--output_dir other").split(' ')).assert_done("elsewhere");
    let resumed = run(&bench, "--resume_from_checkpoint other/checkpoint-4");
    resumed.assert_done("another folder's");
    assert!(resumed.stderr.contains("going on from out/checkpoint-6"), "{}", resumed.stderr);
    assert!(!bench.path(MARK).exists());
}

#[test]
fn a_run_that_began_with_a_checkpoint_of_another_folder_may_be_started_again() {
    let bench = Bench::new();
    let elsewhere = RUN.replace("results --output_dir out", "others --output_dir other");
    bench.run(elsewhere.split(' ')).assert_done("elsewhere");
    // Killed before its own first checkpoint.
    let from_elsewhere = "--resume_from_checkpoint other/checkpoint-4 --save_strategy no";
    without_a_record(&bench, from_elsewhere);
    assert!(bench.path(MARK).is_file());
    let before = content(&bench);
    let other = run(&bench, "--resume_from_checkpoint other/checkpoint-4 --learning_rate 1e-3");
    assert_eq!(other.code, Some(2), "{}", other.stderr);
    assert!(other.stderr.contains("another --output_dir"), "{}", other.stderr);
    assert!(content(&bench) == before);
    let again = run(&bench, from_elsewhere);
    again.assert_done("again");
    assert!(again.stderr.contains("going on from other/checkpoint-4"), "{}", again.stderr);
    // The run has ended: what is there is safe again.
    let ended = run(&bench, from_elsewhere);
    ended.assert_one_line("ended", &["other/checkpoint-4 is none of its checkpoints"]);
}

#[cfg(unix)]
#[test]
fn a_checkpoint_is_the_folder_s_own_whatever_leads_to_it() {
    let bench = Bench::new();
    run(&bench, "").assert_done("older");
    std::os::unix::fs::symlink(bench.path("out/checkpoint-4"), bench.path("link")).unwrap();
    run(&bench, "--overwrite_output_dir --resume_from_checkpoint link").assert_done("by a link");
    assert_eq!(checkpoints(&bench), ["checkpoint-2", "checkpoint-4", "checkpoint-6"]);
    // Within the folder it has no folder in front of it.
    let flags = "--task rte --model ../m --dataset_dir ../g --results_dir ../results --output_dir . --max_steps 6 --save_steps 2 \
                 --overwrite_output_dir --resume_from_checkpoint checkpoint-4";
    end(bench.command().current_dir(bench.path("out")).args(flags.split_whitespace())).assert_done("within");
    assert_eq!(checkpoints(&bench), ["checkpoint-2", "checkpoint-4", "checkpoint-6"]);
}

#[test]
fn that_there_is_no_checkpoint_to_go_on_from_is_said() {
    let bench = Bench::new();
    let said = "there is no checkpoint to go on from (--resume_from_checkpoint)";
    let first = run(&bench, "--resume_from_checkpoint true");
    first.assert_done("anew");
    assert_eq!(first.stderr.matches(said).count(), 1, "{}", first.stderr);
    for more in ["--resume_from_checkpoint true", "--overwrite_output_dir"] {
        let ended = run(&bench, more);
        ended.assert_done(more);
        assert!(!ended.stderr.contains(said), "{more}: {}", ended.stderr);
    }
}
