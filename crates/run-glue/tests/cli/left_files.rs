//! What earlier runs left in a folder beside a run's own files is said by the run; what makes a run done is not taken for more than it is.

use crate::support::program::{Bench, Ended, copy};

const DATA: &str = "--task rte --dataset_dir g --max_train_samples 16 --max_eval_samples 20 --max_predict_samples 5";

fn run(bench: &Bench, flags: &str) -> Ended {
    let ended = bench.run(format!("{DATA} {flags}").split_whitespace());
    ended.assert_done(flags);
    ended
}

/// One run of a sweep.
fn sweep(bench: &Bench, more: &str) -> Ended {
    run(bench, &format!("--model m --max_steps 2 --seeds 1 --output_dir out --results_dir results {more}"))
}

/// What a sweep says of itself before it runs.
fn plan(bench: &Bench, more: &str) -> String {
    let ended = sweep(bench, &format!("{more} --dry_run"));
    ended.stdout + &ended.stderr
}

/// The folder of the run.
fn folder(bench: &Bench) -> String {
    let path = bench.run_folder("out/seed-42");
    format!("out/{}", path.file_name().unwrap().to_str().unwrap())
}

/// A model with other weights.
fn other_model(bench: &Bench) {
    run(bench, "--model m --max_steps 3 --learning_rate 1e-2 --output_dir other --results_dir r");
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

const ALL: &str = "--do_train --do_eval --do_predict --save_logits --final_eval train";
/// What a sweep fills in.
const RECIPE: &str = "--learning_rate 2e-5 --per_device_train_batch_size 32";
const LEFT: &str = "eval_logits.jsonl, final_eval.csv, final_eval.json, final_eval.md, predict_logits_rte.jsonl there are of another run, or of \
                    this model evaluated in another way";

#[test]
fn an_evaluation_says_what_it_leaves_of_another_model() {
    let bench = Bench::new();
    other_model(&bench);
    let evaluate = |model: &str, more: &str| {
        run(&bench, &format!("--model {model} --output_dir e --results_dir r --do_eval --do_predict {more}")).stderr
    };
    assert!(!evaluate("m", "--save_logits --final_eval train").contains("there are"));
    // The same run again, with less.
    assert!(!evaluate("m", "").contains("there are"));
    assert_says(&evaluate("other", ""), &[LEFT]);
    assert_says(&evaluate("m", "--max_seq_length 9"), &[LEFT]);
    let removed = evaluate("other", "--overwrite_output_dir");
    assert!(!removed.contains("there are") && !bench.path("e/eval_logits.jsonl").exists(), "{removed}");
}

#[test]
fn an_evaluation_says_what_it_leaves_of_its_own_model() {
    let bench = Bench::new();
    sweep(&bench, ALL).assert_done("sweep");
    let dir = folder(&bench);
    let evaluate = |model: &str, more: &str| {
        run(&bench, &format!("--model {model} --output_dir {dir} --results_dir r --do_eval --do_predict {more}")).stderr
    };
    assert!(!evaluate(&dir, "").contains("there are"));
    assert_says(&evaluate(&dir, "--max_seq_length 9"), &[LEFT]);
    // A checkpoint of the training is another model, whose results stand beside those of the end.
    let of_checkpoint = evaluate(&format!("{dir}/checkpoint-2"), "");
    assert_says(&of_checkpoint, &[LEFT, "keeps results of an earlier run", "train_loss"]);
    assert!(!of_checkpoint.contains("--overwrite_output_dir true removes them"), "{of_checkpoint}");
}

#[test]
fn a_training_that_goes_on_says_what_others_left() {
    let bench = Bench::new();
    other_model(&bench);
    sweep(&bench, "--do_train --do_eval").assert_done("sweep");
    let dir = folder(&bench);
    run(
        &bench,
        &format!("--model other --output_dir {dir} --results_dir r {} --do_train false", ALL.replace("--do_train", "")),
    );
    let train = format!("--model m --max_steps 2 --output_dir {dir} --results_dir r2 --do_train --do_eval {RECIPE}");
    let said = run(&bench, &train).stderr;
    assert_says(&said, &["going on from", "eval_logits.jsonl", "predict_results_rte.txt there are of another run"]);
    // Its own are none of another's, also where it wrote them before, and does not now.
    let bench = Bench::new();
    for more in [ALL, "--do_train --do_eval"] {
        let again = run(&bench, &format!("--model m --max_steps 2 --output_dir v --results_dir r {more}")).stderr;
        assert!(!again.contains("there are"), "{again}");
    }
    let evaluation = run(&bench, "--model v --output_dir v --results_dir r --do_eval").stderr;
    assert!(!evaluation.contains("there is") && !evaluation.contains("there are"), "{evaluation}");
    let bench = Bench::new();
    sweep(&bench, ALL).assert_done("sweep");
    let again = format!("--model m --max_steps 2 --output_dir {} --results_dir results {ALL} {RECIPE}", folder(&bench));
    let again = run(&bench, &again).stderr;
    assert!(again.contains("going on from") && !again.contains("there are"), "{again}");
}

#[test]
fn predictions_of_a_run_that_did_not_end_can_be_made_anew() {
    let bench = Bench::new();
    sweep(&bench, ALL).assert_done("sweep");
    let dir = folder(&bench);
    // Its record cannot be written, since a folder stands where it belongs.
    let flags = format!("{DATA} --model {dir} --do_eval --do_predict --save_logits");
    bench.run(format!("{flags} --output_dir like-out --results_dir like").split_whitespace()).assert_done("like it");
    bench.block_records("like", "failing");
    let flags = format!("{flags} --output_dir {dir}");
    assert_eq!(bench.run(format!("{flags} --results_dir failing").split_whitespace()).code, Some(2));
    let anew = format!(
        "`run-glue --model {dir} --do_predict --save_logits --output_dir {dir}` with the flags of its data writes them anew"
    );
    assert_says(&plan(&bench, ALL), &["0 done already", "or of a run that did not end", &anew]);
    let said = run(&bench, &format!("--model {dir} --output_dir {dir} --do_predict --results_dir r")).stderr;
    assert_says(
        &said,
        &["eval_logits.jsonl, eval_results.json, predict_logits_rte.jsonl there are of a run that did not end"],
    );
    assert_says(
        &plan(&bench, ALL),
        &["1 done already", "eval_logits*.jsonl (one of another run or other rows is there)"],
    );
}

#[test]
fn a_missing_result_of_an_evaluation_is_no_other_run_s() {
    let bench = Bench::new();
    sweep(&bench, "--do_eval").assert_done("sweep");
    assert_says(&plan(&bench, "--do_eval"), &["1 done already"]);
    bench.remove(&format!("{}/eval_results.json", folder(&bench)));
    let said = plan(&bench, "--do_eval");
    assert!(said.contains("0 done already") && !said.contains("another run"), "{said}");
}

#[test]
fn a_model_that_cannot_be_loaded_makes_no_run_done() {
    let bench = Bench::new();
    sweep(&bench, "").assert_done("sweep");
    let dir = folder(&bench);
    let config = std::fs::read_to_string(bench.path(&format!("{dir}/config.json"))).unwrap();
    bench.write(&format!("{dir}/config.json"), config + " ");
    assert_says(&plan(&bench, ""), &["1 done already", "config.json there is another file than its run left"]);
    bench.remove(&format!("{dir}/tokenizer.json"));
    assert_says(&plan(&bench, ""), &["0 done already", "tokenizer.json is missing there"]);
}

#[test]
fn scores_of_test_rows_are_files_that_are_asked_for() {
    let bench = Bench::new();
    let csv = |rows: usize| {
        (0..rows).map(|i| format!("number {i} of them,{}\n", i % 2)).fold("text,label\n".to_owned(), |a, b| a + &b)
    };
    for file in ["t.csv", "dev.csv", "a.csv"] {
        bench.write(file, csv(20));
    }
    let flags = "--model m --train_file t.csv --validation_file dev.csv --test_file a.csv --max_steps 2 --seeds 1 --output_dir out \
                 --results_dir results --do_train --do_eval --do_predict";
    let sweep = |more: &str| bench.run(format!("{flags} {more}").split_whitespace());
    sweep("").assert_done("sweep");
    assert!(!sweep("--dry_run").stderr.contains("not all there"));
    bench.remove(&format!("{}/predict_results.json", folder(&bench)));
    assert_says(&sweep("--dry_run").stderr, &["not all there: predict_results.json"]);
}

#[test]
fn what_is_predicted_makes_no_other_run() {
    let bench = Bench::new();
    let csv = |first: usize| {
        (first..first + 12)
            .map(|i| format!("number {i} of them,{}\n", i % 2))
            .fold("text,label\n".to_owned(), |a, b| a + &b)
    };
    for (file, first) in [("t.csv", 0), ("dev.csv", 20), ("a.csv", 40), ("b.csv", 60)] {
        bench.write(file, csv(first));
    }
    let grid = |name: &str, text: &str| {
        bench.write(name, format!("{text}\nseeds = 1\nresults_dir = \"results-{name}\"\n"));
        bench.run([name])
    };
    const TRAIN: &str = "model = \"m\"\ntrain_file = \"t.csv\"\nvalidation_file = \"dev.csv\"\nmax_steps = 2\ndo_train = true\ndo_eval = true\noutput_dir = \"out\"\n";
    let files = grid("files.toml", &format!("{TRAIN}test_file = [\"a.csv\", \"b.csv\"]\ndo_predict = true"));
    assert_eq!(files.code, Some(2), "{}", files.stderr);
    assert_says(&files.stderr, &["--test_file: there are several, and what is predicted makes no other run"]);
    let both = grid("both.toml", &format!("{TRAIN}test_file = \"a.csv\"\ndo_predict = [true, false]"));
    assert_eq!(both.code, Some(2), "{}", both.stderr);
    assert_says(&both.stderr, &["--do_predict: there are several"]);
    // Predictions alone are a run for each set of rows.
    run_own(
        &bench,
        "--model m --train_file t.csv --validation_file dev.csv --max_steps 2 --output_dir nn --results_dir r",
    );
    let alone =
        "model = \"nn\"\ntest_file = [\"a.csv\", \"b.csv\"]\ntask_name = \"t\"\ndo_predict = true\noutput_dir = \"p\"";
    grid("alone.toml", alone).assert_done("two sets of rows");
    let again = bench.run(["alone.toml", "--dry_run"]);
    assert_says(&again.stdout, &["2 runs, 2 done already"]);
}

fn run_own(bench: &Bench, flags: &str) {
    bench.run(flags.split_whitespace()).assert_done(flags);
}

#[test]
fn a_command_that_is_told_can_be_typed() {
    let bench = Bench::new();
    copy(&bench.path("m"), &bench.path("a model"));
    let words = |more: &str| {
        let flags = format!("{DATA} --max_steps 2 --seeds 1 --results_dir results --do_train --do_eval {more}");
        let mut words: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
        words.extend(["--model", "a model", "--output_dir", "an out"].map(str::to_owned));
        bench.run(words.iter().map(String::as_str))
    };
    words("").assert_done("sweep");
    assert_says(&words("--save_logits --dry_run").stderr, &["`run-glue --model 'an out/seed-42"]);
}
