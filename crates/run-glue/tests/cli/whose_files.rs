//! What lies in a finished run's folder: a file that another run wrote over, or that was never written, is not taken for the run's
//! without a word.

use crate::support::program::{Bench, Ended, demo};
use serde_json::{Value, json};

const DATA: &str = "--task rte --dataset_dir g --max_train_samples 16 --max_eval_samples 20 --max_predict_samples 5";

/// One run of a sweep.
fn sweep(bench: &Bench, more: &str) -> Ended {
    let flags = format!("{DATA} --model m --max_steps 2 --seeds 1 --output_dir out --results_dir results {more}");
    bench.run(flags.split_whitespace())
}

/// What a sweep says of itself before it runs.
fn plan(bench: &Bench, more: &str) -> String {
    let ended = sweep(bench, &format!("{more} --dry_run"));
    ended.assert_done("dry run");
    ended.stdout + &ended.stderr
}

/// The folder of the run.
fn folder(bench: &Bench) -> String {
    let path = bench.run_folder("out/seed-42");
    format!("out/{}", path.file_name().unwrap().to_str().unwrap())
}

/// An evaluation of `model` into the folder of the run.
fn evaluate(bench: &Bench, model: &str, more: &str) -> Ended {
    let flags = format!("{DATA} --model {model} --output_dir {} {more}", folder(bench));
    bench.run(flags.split_whitespace())
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

const ALL: &str = "--do_train --do_eval --do_predict --save_strategy no";

#[test]
fn what_another_run_began_to_write_over_is_not_the_run_s() {
    let bench = Bench::new();
    sweep(&bench, ALL).assert_done("sweep");
    let before = plan(&bench, ALL);
    assert_says(&before, &["1 done already"]);
    assert!(!before.contains("another run"), "{before}");
    // Neither has a record, since folders stand where these belong.
    for what in ["--do_eval", "--do_predict"] {
        let like = format!("{DATA} --model m {what} --output_dir like-out --overwrite_output_dir --results_dir like");
        bench.run(like.split_whitespace()).assert_done("like it");
    }
    bench.block_records("like", "other");
    let evaluation = evaluate(&bench, "m", "--do_eval --results_dir other");
    assert_eq!(evaluation.code, Some(2), "{}", evaluation.stderr);
    let of_results = "the results of evaluations there are of another run";
    assert_says(&plan(&bench, ALL), &["1 done already", of_results]);
    let prediction = evaluate(&bench, "m", "--do_predict --results_dir other");
    assert_eq!(prediction.code, Some(2), "{}", prediction.stderr);
    assert_says(&plan(&bench, ALL), &["0 done already", "the predictions there are of another run"]);
}

#[test]
fn results_of_another_model_beside_a_training_are_said() {
    let bench = Bench::new();
    sweep(&bench, "").assert_done("sweep");
    let dir = folder(&bench);
    let of_another = "the results of evaluations there are of another run";
    // Of the model in the folder they are the training's own.
    evaluate(&bench, &dir, "--do_eval --results_dir results").assert_done("its own model");
    assert!(!plan(&bench, "").contains(of_another));
    evaluate(&bench, "m", "--do_eval --results_dir results").assert_done("another model");
    assert_says(&plan(&bench, ""), &["1 done already", &dir, of_another]);
}

#[test]
fn files_that_are_asked_for_and_not_there_are_said() {
    let bench = Bench::new();
    sweep(&bench, ALL).assert_done("sweep");
    let dir = folder(&bench);
    let not_there = "is done, but what was asked for is not all there";
    assert!(!plan(&bench, ALL).contains(not_there));
    let how = format!("`run-glue --model {dir} --do_eval --save_logits --do_predict --output_dir {dir}`");
    let said = plan(&bench, &format!("{ALL} --save_logits"));
    assert_says(&said, &["1 done already", not_there, "eval_logits*.jsonl, predict_logits_*.jsonl", &how, "--rerun"]);
    assert_says(
        &plan(&bench, &format!("{ALL} --report_to tensorboard")),
        &[not_there, "runs (--report_to tensorboard)"],
    );
    // One that somebody put there.
    let logits = format!("{dir}/eval_logits.jsonl");
    bench.write(&logits, "{}");
    let said = plan(&bench, &format!("{ALL} --save_logits"));
    assert_says(
        &said,
        &["eval_logits*.jsonl (one is there, and the folder does not say whose), predict_logits_*.jsonl"],
    );
    bench.remove(&logits);
    bench.remove(&format!("{dir}/predict_results_rte.txt"));
    assert_says(&plan(&bench, ALL), &["1 done already", not_there, "predict_results_*.txt"]);
    // As it is said.
    evaluate(&bench, &dir, "--do_predict --results_dir results").assert_done("predictions");
    let after = plan(&bench, ALL);
    assert!(after.contains("1 done already") && !after.contains(not_there), "{after}");
}

#[test]
fn weights_that_were_copied_over_a_run_s_are_not_its_own() {
    let bench = Bench::new();
    sweep(&bench, "").assert_done("sweep");
    let weights = format!("{}/model.safetensors", folder(&bench));
    let own = std::fs::read(bench.path(&weights)).unwrap();
    bench.remove(&weights);
    bench.write(&weights, own);
    assert_says(&plan(&bench, ""), &["1 done already"]);
    std::fs::copy(bench.path("m/model.safetensors"), bench.path(&weights)).unwrap();
    assert_says(&plan(&bench, ""), &["0 done already", "model.safetensors there is another file than the one"]);
}

#[test]
fn what_a_folder_does_not_say_stays_unknown_after_an_evaluation() {
    let bench = Bench::new();
    sweep(&bench, "").assert_done("sweep");
    let finished = format!("{}/.run-glue.finished", folder(&bench));
    let said = std::fs::read(bench.path(&finished)).unwrap();
    bench.remove(&finished);
    evaluate(&bench, "m", "--do_eval --results_dir results").assert_done("another model");
    assert_says(&plan(&bench, ""), &["1 done already", "made by an earlier version, which does not say whose files"]);
    bench.write(&finished, &said[..said.len() / 2]);
    evaluate(&bench, &folder(&bench), "--do_eval --results_dir results").assert_done("its own model");
    bench.write(&finished, &said[..said.len() / 2]);
    let damaged = plan(&bench, "");
    assert_says(&damaged, &["its .run-glue.finished, which says whose files lie there, is damaged"]);
    assert!(!damaged.contains("an earlier version"), "{damaged}");
}

#[test]
fn a_model_that_is_missing_is_named() {
    let bench = Bench::new();
    sweep(&bench, "--save_strategy no").assert_done("sweep");
    let dir = folder(&bench);
    bench.remove(&format!("{dir}/model.safetensors"));
    let ended = sweep(&bench, "--save_strategy no");
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let missing = format!("{dir}: model.safetensors is missing there, so that seed 42 is not done");
    assert_says(&ended.stderr, &[&missing, "--rerun", "another --output_dir"]);
    sweep(&bench, "--save_strategy no --rerun").assert_done("as it is said");
    assert_says(&plan(&bench, "--save_strategy no"), &["1 done already"]);
}

#[test]
fn predictions_of_the_model_under_other_flags_are_not_the_run_s() {
    let bench = Bench::new();
    sweep(&bench, ALL).assert_done("sweep");
    let dir = folder(&bench);
    let again = |more: &str| {
        evaluate(&bench, &dir, &format!("--do_predict --results_dir results {more}")).assert_done(more);
        plan(&bench, ALL)
    };
    assert_says(&again(""), &["1 done already"]);
    assert_says(&again("--max_seq_length 8"), &["0 done already", "made with other flags"]);
    assert_says(&again(""), &["1 done already"]);
    assert_says(&again("--tokenizer_name m"), &["0 done already"]);
    // What a run of its own length is told to do is to predict with that.
    let bench = Bench::new();
    let short = format!("{ALL} --max_seq_length 12 --pad_to_max_length");
    sweep(&bench, &short).assert_done("sweep");
    bench.remove(&format!("{}/predict_results_rte.txt", folder(&bench)));
    assert_says(&plan(&bench, &short), &["--do_predict --max_seq_length 12 --pad_to_max_length --output_dir"]);
}

#[test]
fn each_file_of_several_is_of_the_run_that_wrote_it() {
    let bench = Bench::new();
    let data = format!(
        "--task mnli --dataset_dir {} --max_train_samples 16 --max_eval_samples 20 --max_predict_samples 5",
        demo("glue").display()
    );
    let sweep = |more: &str| {
        let flags = format!("{} --model m --max_steps 2 --seeds 1 --output_dir out --results_dir results {more}", data);
        bench.run(flags.split_whitespace())
    };
    let all = format!("{ALL} --save_logits --final_eval train");
    let plan = || {
        let ended = sweep(&format!("{all} --dry_run"));
        ended.assert_done("dry run");
        ended.stdout + &ended.stderr
    };
    sweep(&all).assert_done("sweep");
    let dir = folder(&bench);
    assert!(plan().contains("1 done already") && !plan().contains("not all there"), "{}", plan());
    let of = |model: &str, more: &str| {
        let flags = format!("{} --model {model} --output_dir {dir} --results_dir other {more}", data);
        bench.run(flags.split_whitespace()).assert_done(more);
    };
    // A file of logits, and a final evaluation, of another model.
    of("m", "--do_eval --save_logits --ignore_mismatched_sizes true");
    assert_says(
        &plan(),
        &["1 done already", "not all there: eval_logits*.jsonl", "the results of evaluations there are of another run"],
    );
    of("m", "--do_eval --final_eval train --ignore_mismatched_sizes true");
    assert_says(&plan(), &["1 done already", "final_eval.json"]);
    of(&dir, "--do_eval --save_logits --final_eval train");
    assert!(!plan().contains("not all there"), "{}", plan());
    // One of two files of predictions: the other model's are of the matched set alone.
    of("m", "--do_predict --test_split_name test_matched --ignore_mismatched_sizes true");
    assert_says(&plan(), &["0 done already", "the predictions there are of another run"]);
    of(&dir, "--do_predict --save_logits");
    assert!(plan().contains("1 done already") && !plan().contains("not all there"), "{}", plan());
    // One that is gone is missing, and the other one stays.
    bench.remove(&format!("{dir}/predict_results_mnli-mm.txt"));
    assert_says(&plan(), &["1 done already", "not all there: predict_results_*.txt"]);
}

#[test]
fn all_files_of_results_say_whose_they_are() {
    let bench = Bench::new();
    sweep(&bench, &format!("{ALL} --save_logits --final_eval train")).assert_done("sweep");
    let dir = folder(&bench);
    let text = std::fs::read_to_string(bench.path(&format!("{dir}/.run-glue.finished"))).unwrap();
    let finished: Value = serde_json::from_str(&text).unwrap();
    let listed = finished["files"].as_object().unwrap();
    let kinds = ["eval_", "predict_", "final_eval"];
    let files = bench.files(&dir).into_iter().map(|file| file.rsplit('/').next().unwrap().to_owned());
    let files: Vec<String> = files.filter(|name| kinds.iter().any(|kind| name.starts_with(kind))).collect();
    assert!(files.len() > 5, "{files:?}");
    for name in files {
        let rows = listed.get(&name).and_then(|made| made["rows"].as_array()).map_or(0, Vec::len);
        assert!(rows > 0, "{name}: {text}");
    }
}

#[test]
fn a_sweep_of_predictions_alone_is_done_where_these_are() {
    let bench = Bench::new();
    let plan = |bench: &Bench| plan(bench, "--do_predict");
    assert_says(&plan(&bench), &["0 done already"]);
    sweep(&bench, "--do_predict").assert_done("predictions");
    assert_says(&plan(&bench), &["1 done already"]);
    bench.remove(&format!("{}/predict_results_rte.txt", folder(&bench)));
    assert_says(&plan(&bench), &["0 done already"]);
    sweep(&bench, "--do_predict").assert_done("again");
    assert_says(&plan(&bench), &["1 done already"]);
}

#[test]
fn to_run_again_is_to_train_again_whichever_file_was_removed() {
    for file in ["README.md", "model.safetensors"] {
        let bench = Bench::new();
        sweep(&bench, "").assert_done("sweep");
        bench.remove(&format!("{}/{file}", folder(&bench)));
        let again = sweep(&bench, "--rerun");
        again.assert_done("again");
        assert!(!again.stderr.contains("going on") && !again.stderr.contains("goes on"), "{file}: {}", again.stderr);
        assert_says(&again.stderr, &["1 checkpoint of an older run is removed"]);
    }
}

#[test]
fn what_may_be_refused_is_said_before() {
    let bench = Bench::new();
    sweep(&bench, "").assert_done("sweep");
    std::fs::remove_dir_all(bench.path("results")).unwrap();
    assert_says(
        &plan(&bench, ""),
        &["may be refused: a run has ended in its folder, and there is no record of this one"],
    );
    let dir = folder(&bench);
    bench.write(&format!("{dir}/.run-glue.unfinished"), "{}");
    assert_says(&plan(&bench, ""), &["may be refused: its folder holds a run that has not ended"]);
}

/// Texts of two classes from the row `first` on.
fn csv(first: usize, rows: usize) -> String {
    let line = |row: usize| format!("the {} number {row} of them all,{}\n", ["good", "bad"][row % 2], row % 2);
    (first..first + rows).map(line).fold("text,label\n".to_owned(), |text, line| text + &line)
}

#[test]
fn predictions_of_other_rows_are_not_those_that_are_asked_for() {
    let bench = Bench::new();
    for (file, first) in [("t.csv", 0), ("dev.csv", 100), ("a.csv", 200), ("b.csv", 300)] {
        bench.write(file, csv(first, 20));
    }
    const RUN: &str = "--model m --train_file t.csv --validation_file dev.csv --max_steps 2";
    let run = |more: &str| bench.run(RUN.split(' ').chain(more.split_whitespace()));
    let sweep = |more: &str| run(&format!("--seeds 1 --output_dir out --results_dir results {more}"));
    let of = |rows: &str| format!("--do_train --do_eval --do_predict --test_file {rows}.csv");
    sweep("--do_train --do_eval").assert_done("no predictions");
    sweep(&of("a")).assert_done("rows a");
    // A run with predictions is the run without them.
    let without = sweep("--do_train --do_eval --dry_run");
    assert!(without.stdout.contains("1 done already"), "{}{}", without.stdout, without.stderr);
    let files = bench.files("out");
    let dir = files.iter().find_map(|file| file.strip_suffix("/predict_results_t.txt")).unwrap();
    let into = format!("--output_dir {dir} --overwrite_output_dir --results_dir other");
    run(&format!("{} {into}", of("b"))).assert_done("rows b");
    let back = sweep(&format!("{} --dry_run", of("a")));
    assert!(back.stdout.contains("0 done already"), "{}{}", back.stdout, back.stderr);
    assert_says(&back.stderr, &["the predictions there are of another run", "of other rows"]);
}

#[test]
fn test_rows_without_labels_take_the_place_of_those_with_labels() {
    let bench = Bench::new();
    for (file, first) in [("t.csv", 0), ("dev.csv", 100), ("a.csv", 200)] {
        bench.write(file, csv(first, 20));
    }
    let unlabelled: String =
        csv(300, 20).lines().map(|line| format!("{}\n", line.rsplit_once(',').unwrap().0)).collect();
    bench.write("b.csv", unlabelled);
    let flags = |more: &str| {
        format!(
            "--model m --train_file t.csv --validation_file dev.csv --max_steps 2 --seeds 1 --output_dir out --results_dir results {more}"
        )
    };
    let run = |more: &str| bench.run(flags(more).split_whitespace());
    let of = |rows: &str| format!("--do_train --do_eval --do_predict --test_file {rows}.csv");
    run(&of("a")).assert_done("with labels");
    run(&format!("{} --rerun", of("b"))).assert_done("without");
    let done = |rows: &str| run(&format!("{} --dry_run", of(rows))).stdout.contains("1 done already");
    assert!(done("b") && !done("a"));
    // The same model, with the first file's scores in the folder.
    let dir = folder_of(&bench);
    let evaluate = |rows: &str| {
        let flags = format!("--model {dir} --do_predict --test_file {rows}.csv --output_dir {dir} --results_dir other");
        let ended = bench.run(flags.split_whitespace());
        ended.assert_done(rows);
        ended.stderr
    };
    evaluate("a");
    let after = evaluate("b");
    assert_says(
        &after,
        &["all_results.json", "predict_accuracy", "of an earlier evaluation, on other rows or with other flags"],
    );
}

/// The one folder of a run on data of one's own.
fn folder_of(bench: &Bench) -> String {
    let files = bench.files("out");
    files.iter().find_map(|file| file.strip_suffix("/model.safetensors")).unwrap().to_owned()
}

#[test]
fn the_page_shows_the_records_of_the_table() {
    let bench = Bench::new();
    sweep(&bench, "").assert_done("sweep");
    // But for when it was made.
    let page = || {
        let text = std::fs::read_to_string(bench.path("results/comparison.html")).unwrap();
        let (before, after) = text.split_once("Page made at ").unwrap();
        format!("{before}{}", after.split_once(" by run-glue").unwrap().1)
    };
    let table = |ended: Ended| {
        ended.assert_done("again");
        ended.stdout
    };
    let before = (table(sweep(&bench, "")), page());
    let file = bench.record_files().remove(0);
    // Another backend's records of what was asked for: of no folder, and one of them begun before.
    for (name, started_at) in [("zzz", "2000-01-01T00:00:00Z"), ("aaa", "2999-01-01T00:00:00Z")] {
        let mut record: Value = serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
        record["settings_hash"] = json!("0b".repeat(32));
        record["started_at"] = json!(started_at);
        record["score"] = json!(0.123456);
        record["metrics"]["accuracy"] = json!(0.123456);
        let (dir, _) = file.rsplit_once('/').unwrap();
        bench.write(&format!("{dir}/{name}.json"), record.to_string());
    }
    let after = (table(sweep(&bench, "")), page());
    assert_eq!(after.0, before.0);
    assert!(after.1 == before.1, "the page has other records than the table");
    // Without a folder the one that was begun last counts, whatever its file is called.
    bench.remove(&format!("{}/aaa.json", file.rsplit_once('/').unwrap().0));
    let flags = format!("{DATA} --model m --max_steps 2 --seeds 1 --results_dir results");
    let last = table(bench.run(flags.split_whitespace()));
    assert!(!last.contains("12.3"), "{last}");
}
