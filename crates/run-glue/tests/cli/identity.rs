//! A run is known by what it is, and not by what its model, files and folders are called.

use std::fmt::Write;

use crate::support::program::{Bench, Ended, copy};

const FLAGS: &str = "--validation_file dev.csv --max_steps 8 --learning_rate 1e-3 --results_dir results";

/// Texts of two classes; `turn` gives the same texts the other labels.
pub(crate) fn csv(rows: usize, turn: usize) -> String {
    let mut text = String::from("text,label\n");
    for row in 0..rows {
        let _ = writeln!(text, "the {} number {row} of them all,{}", ["good", "bad"][row % 2], (row + turn) % 2);
    }
    text
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("train.csv", csv(40, 0));
    bench.write("dev.csv", csv(20, 0));
    bench
}

fn run(bench: &Bench, flags: &str) -> Ended {
    bench.run(format!("{FLAGS} {flags}").split_whitespace())
}

/// Another model of the same shape.
fn change_weights(bench: &Bench, model: &str) {
    let mut weights = std::fs::read(bench.path(&format!("{model}/model.safetensors"))).unwrap();
    let last = weights.len() - 1;
    weights[last] ^= 1;
    bench.write(&format!("{model}/model.safetensors"), &weights);
}

#[test]
fn models_and_files_of_one_last_name_are_runs_of_their_own() {
    let bench = bench();
    for place in ["a", "b"] {
        std::fs::create_dir(bench.path(place)).unwrap();
        copy(&bench.path("m"), &bench.path(&format!("{place}/m")));
    }
    change_weights(&bench, "b/m");
    let both = "--train_file train.csv --model a/m --model b/m --seeds 1 --output_dir out";
    let ended = run(&bench, both);
    ended.assert_done("both");
    assert!(!ended.stderr.contains("going on"), "{}", ended.stderr);
    let models = bench.files("out").into_iter().filter(|file| file.ends_with("/model.safetensors"));
    assert_eq!(models.filter(|file| !file.contains("checkpoint-")).count(), 2, "{:?}", bench.files("out"));
    assert_eq!(bench.record_files().len(), 2);
}

#[test]
fn a_run_goes_on_from_its_own_checkpoints_alone() {
    let bench = bench();
    let flags = "--train_file train.csv --model m --output_dir out";
    run(&bench, flags).assert_done("first");
    let weights = std::fs::read(bench.path("out/model.safetensors")).unwrap();
    let is_left_alone = |case: &str, ended: Ended, part: &str| {
        ended.assert_says(case, &["the checkpoint was made ", part, "--overwrite_output_dir"]);
        assert_eq!(ended.code, Some(2), "{case}");
        assert_eq!(std::fs::read(bench.path("out/model.safetensors")).unwrap(), weights, "{case}");
        assert_eq!(bench.record_files().len(), 1, "{case}");
    };
    // As many rows of the same texts, with other labels.
    bench.write("train.csv", csv(40, 1));
    is_left_alone("other labels", run(&bench, flags), "the rows that are trained on are not the same");
    bench.write("train.csv", csv(40, 0));
    copy(&bench.path("m"), &bench.path("other"));
    change_weights(&bench, "other");
    let other = flags.replace("--model m", "--model other");
    is_left_alone("other weights", run(&bench, &other), "from another model: its weights are not the same");
    let rte = "--task rte --dataset_dir g --model m --output_dir out --max_steps 8 --learning_rate 1e-4";
    let ended = bench.run(rte.split_whitespace());
    is_left_alone("another task", ended, "for other data than a benchmark's, and this run is for rte");
    // A copy of the model under another name is the same model.
    copy(&bench.path("m"), &bench.path("twin"));
    run(&bench, &flags.replace("--model m", "--model twin")).assert_done("a copy");
}

#[test]
fn a_file_that_is_added_to_a_model_makes_it_another() {
    let bench = bench();
    let flags = "--train_file train.csv --model m --seeds 2";
    run(&bench, flags).assert_done("first");
    bench.write("m/special_tokens_map.json", "{}");
    let again = run(&bench, &format!("{flags} --dry_run"));
    assert!(again.stderr.contains("m/special_tokens_map.json is new since the results were made"), "{}", again.stderr);
    assert!(again.stdout.contains("0 done already"), "{}", again.stdout);
}

#[test]
fn a_file_that_comes_before_the_one_that_was_read_is_other_data() {
    let bench = bench();
    let row = |row: usize| format!("{{\"text\": \"number {row}\", \"label\": \"{}\"}}\n", row % 2);
    bench.write("data/train.csv", csv(40, 0));
    bench.write("data/validation.csv", csv(20, 0));
    let run = |more: &str| {
        let flags = "--dataset_name data --model m --seeds 2 --max_steps 2 --results_dir results";
        bench.run(flags.split(' ').chain(more.split_whitespace()))
    };
    run("").assert_done("first");
    let same = run("--dry_run");
    assert!(same.stdout.contains("2 done already"), "{}", same.stdout);
    // A folder has one name, however it is spelled.
    let flags = "--dataset_name ./data/ --model ./m --seeds 2 --max_steps 2 --results_dir results --dry_run";
    let spelled = bench.run(flags.split(' '));
    assert!(spelled.stdout.contains("2 done already"), "{} {}", spelled.stdout, spelled.stderr);
    bench.write("data/train.jsonl", (0..40).map(row).collect::<String>());
    let changed = run("--dry_run");
    assert!(changed.stderr.contains("data/train.jsonl is new since the results were made"), "{}", changed.stderr);
    assert!(changed.stdout.contains("0 done already"), "{}", changed.stdout);
    bench.write("data/train-00000-of-00002.csv", csv(40, 0));
    let mixed = run("--dry_run");
    assert!(mixed.stdout.contains("0 done already"), "{} {}", mixed.stdout, mixed.stderr);
}

#[test]
fn a_sweep_does_again_what_was_done_with_other_data() {
    let bench = bench();
    let flags = "--train_file train.csv --model m --seeds 2 --output_dir out";
    run(&bench, flags).assert_done("first");
    let again = run(&bench, flags);
    assert!(again.stderr.contains("2 runs, 2 done already"), "{}", again.stderr);
    bench.write("train.csv", csv(40, 1));
    let changed = run(&bench, flags);
    assert!(changed.stderr.contains("train.csv has changed since the results were made"), "{}", changed.stderr);
    assert!(changed.stderr.contains("0 done already"), "{}", changed.stderr);
    // What is in the folders is another run's, and stays until somebody says otherwise.
    assert!(changed.code == Some(2) && changed.stderr.contains("with other data"), "{}", changed.stderr);
    assert_eq!(bench.record_files().len(), 2);
    let rerun = run(&bench, &format!("{flags} --rerun"));
    rerun.assert_done("rerun");
    assert!(!rerun.stderr.contains("going on"), "{}", rerun.stderr);
    assert_eq!(bench.record_files().len(), 4);
}

#[test]
fn weights_that_come_before_those_that_were_read_make_another_model() {
    let bench = bench();
    let flags = "--train_file train.csv --model m --seeds 2";
    // A folder whose shards are read, since model.safetensors is not there.
    let index = r#"{"weight_map": {"a": "part.safetensors"}}"#;
    std::fs::rename(bench.path("m/model.safetensors"), bench.path("m/part.safetensors")).unwrap();
    bench.write("m/model.safetensors.index.json", index);
    run(&bench, flags).assert_done("first");
    let again = || run(&bench, &format!("{flags} --dry_run"));
    assert!(again().stdout.contains("2 done already"), "{}", again().stdout);
    std::fs::copy(bench.path("m/part.safetensors"), bench.path("m/model.safetensors")).unwrap();
    let changed = again();
    assert!(changed.stderr.contains("m/model.safetensors is new since the results were made"), "{}", changed.stderr);
    assert!(changed.stdout.contains("0 done already"), "{}", changed.stdout);
    bench.remove("m/model.safetensors");
    assert!(again().stdout.contains("2 done already"), "{}", again().stdout);
    // Without weights there is nothing that these results are of.
    bench.remove("m/part.safetensors");
    let gone = again();
    assert!(gone.stderr.contains("m: what the model is made of has changed"), "{}", gone.stderr);
    assert!(gone.stdout.contains("0 done already"), "{}", gone.stdout);
}

#[test]
fn a_file_that_joins_a_split_makes_it_another() {
    for (train, more, said) in [
        // The split's name stands in the file's name, or is a folder's.
        ("data/my_train.csv", "data/my_train_2.csv", "data/my_train_2.csv is new"),
        ("data/train/a.csv", "data/train/b.csv", "data/train/b.csv is new"),
    ] {
        let bench = bench();
        bench.write(train, csv(40, 0));
        bench.write(&train.replace("train", "validation"), csv(20, 0));
        let flags = "--dataset_name data --model m --seeds 2 --max_steps 2 --results_dir results";
        bench.run(flags.split(' ')).assert_done(train);
        let again = || bench.run(flags.split(' ').chain(["--dry_run"]));
        assert!(again().stdout.contains("2 done already"), "{train}: {}{}", again().stdout, again().stderr);
        bench.write(more, csv(4, 0));
        let changed = again();
        assert!(changed.stderr.contains(&format!("{said} since the results were made")), "{}", changed.stderr);
        assert!(changed.stdout.contains("0 done already"), "{}", changed.stdout);
        bench.remove(more);
        assert!(again().stdout.contains("2 done already"), "{}", again().stdout);
        bench.remove(train);
        let gone = again();
        assert!(gone.stdout.contains("0 done already") || gone.code == Some(2), "{}{}", gone.stdout, gone.stderr);
    }
}

#[test]
fn a_card_that_says_something_else_makes_other_data() {
    let bench = bench();
    bench.write("data/train.csv", csv(40, 0));
    bench.write("data/validation.csv", csv(20, 0));
    let names = |first: &str| {
        let names = format!("        names:\n          '0': {first}\n          '1': other\n");
        let label = format!("  - name: label\n    dtype:\n      class_label:\n{names}");
        bench.write("data/README.md", format!("---\ndataset_info:\n  features:\n{label}---\n# A set\n"));
    };
    let flags = "--dataset_name data --model m --seeds 2 --max_steps 2 --results_dir results";
    let again = || bench.run(flags.split(' ').chain(["--dry_run"]));
    bench.run(flags.split(' ')).assert_done("without a card");
    assert!(again().stdout.contains("2 done already"), "{}", again().stdout);
    for first in ["one", "two"] {
        names(first);
        assert!(again().stdout.contains("0 done already"), "{first}: {}", again().stdout);
        bench.run(flags.split(' ')).assert_done(first);
        assert!(again().stdout.contains("2 done already"), "{first}: {}", again().stdout);
    }
}

#[test]
fn a_record_that_does_not_say_which_files_are_whose_is_held_against_all_of_them() {
    let bench = bench();
    bench.write("data/my_train.csv", csv(40, 0));
    bench.write("data/my_validation.csv", csv(20, 0));
    let flags = "--dataset_name data --model m --seeds 2 --max_steps 2 --results_dir results";
    bench.run(flags.split(' ')).assert_done("first");
    for file in bench.record_files() {
        let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
        for split in record["dataset"]["splits"].as_array_mut().unwrap() {
            split.as_object_mut().unwrap().remove("files").unwrap();
        }
        bench.write(&file, record.to_string());
    }
    let again = || bench.run(flags.split(' ').chain(["--dry_run"]));
    assert!(again().stdout.contains("2 done already"), "{}{}", again().stdout, again().stderr);
    bench.write("data/my_train_2.csv", csv(4, 0));
    assert!(again().stdout.contains("0 done already"), "{}", again().stdout);
}

#[test]
fn files_that_change_their_splits_make_other_data() {
    let bench = bench();
    let card = |train: &str, validation: &str| {
        let files = |split: &str, file: &str| format!("  - split: {split}\n    path: {file}\n");
        let files = files("train", train) + &files("validation", validation);
        format!("---\nconfigs:\n- config_name: default\n  data_files:\n{files}---\n")
    };
    bench.write("data/a.csv", csv(40, 0));
    bench.write("data/b.csv", csv(20, 0));
    bench.write("data/README.md", card("a.csv", "b.csv"));
    let flags = "--dataset_name data --model m --seeds 2 --max_steps 2 --results_dir results";
    bench.run(flags.split(' ')).assert_done("first");
    let again = || bench.run(flags.split(' ').chain(["--dry_run"]));
    assert!(again().stdout.contains("2 done already"), "{}{}", again().stdout, again().stderr);
    bench.write("data/README.md", card("b.csv", "a.csv"));
    let changed = again();
    assert!(changed.stderr.contains("data: which files are train has changed (they are b.csv)"), "{}", changed.stderr);
    assert!(changed.stdout.contains("0 done already"), "{}", changed.stdout);
}

#[test]
fn another_path_to_the_same_model_and_data_makes_no_other_run() {
    let bench = bench();
    bench.write("data/train.csv", csv(40, 0));
    bench.write("data/validation.csv", csv(20, 0));
    let here = |name: &str| bench.path(name).display().to_string();
    let common = "--seeds 1 --max_steps 2 --results_dir results";
    let folders = |data: &str, model: &str| format!("--dataset_name {data} --model {model} {common}");
    let files = |train: &str, dev: &str| format!("--train_file {train} --validation_file {dev} --model m {common}");
    let done = |flags: &str| {
        let ended = bench.run(flags.split_whitespace().chain(["--dry_run"]));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{flags}");
        ended.stdout.contains("1 run, 1 done already, 0 to do")
    };
    let first = folders("data", "m");
    bench.run(first.split_whitespace()).assert_done("folder");
    for flags in [first.clone(), folders(&here("data"), "m"), folders("./data/", &here("m"))] {
        assert!(done(&flags), "{flags}");
    }
    assert!(!done(&format!("{first} --weight_decay 0.1")));

    bench.run(files("data/train.csv", "data/validation.csv").split_whitespace()).assert_done("files");
    let elsewhere = files(&here("data/train.csv"), &here("data/validation.csv"));
    assert!(done(&elsewhere) && done(&first), "{elsewhere}");
    // What the other path leads to is not the same.
    bench.write("else/train.csv", csv(40, 0));
    bench.write("else/validation.csv", csv(20, 1));
    assert!(!done(&files("else/train.csv", "else/validation.csv")));
    assert!(!done(&files("data/train.csv", "data/train.csv")));
    bench.write("else/data/train.csv", csv(40, 1));
    bench.write("else/data/validation.csv", csv(20, 0));
    assert!(!done(&folders("else/data", "m")));
    copy(&bench.path("m"), &bench.path("else/m"));
    let model = here("else/m");
    assert!(done(&folders("data", &model)), "a copy");
    change_weights(&bench, "else/m");
    assert!(!done(&folders("data", &model)));
}

#[test]
fn final_evaluations_and_test_scores_are_kept_and_not_done_twice() {
    let bench = bench();
    bench.write("test.csv", csv(12, 0));
    let flags = "--train_file train.csv --test_file test.csv --model m --max_steps 2";
    let alone = |more: &str| {
        run(&bench, &format!("{flags} {more}")).assert_done(more);
        let record = bench.record();
        let names = record["final_eval"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
        (names.map(|part| part["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), record)
    };
    let (_, first) = alone("--do_train --do_eval --do_predict --final_eval validation[:10],test --output_dir out");
    let (names, plain) = alone("--do_train --do_eval");
    assert_eq!(names, ["validation[:10]", "test"]);
    assert_eq!((&plain["test_metrics"], &plain["final_eval"]), (&first["test_metrics"], &first["final_eval"]));
    assert!(plain["test_metrics"]["accuracy"].is_f64(), "{plain}");
    let (names, _) = alone("--do_train --do_eval --final_eval validation[:5]");
    assert_eq!(names, ["validation[:5]", "validation[:10]", "test"]);

    let is_done = |more: &str| {
        let ended = run(&bench, &format!("{flags} --do_train --do_eval --seeds 42 --recipe none --dry_run {more}"));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{more}");
        ended.stdout.contains("1 done already")
    };
    for more in ["", "--final_eval validation[:10]", "--final_eval test,validation[:5]"] {
        assert!(is_done(more), "{more}");
    }
    assert!(!is_done("--final_eval validation[:6]"));
    // Rows that have changed since count where they are asked for.
    bench.write("test.csv", csv(12, 1));
    assert!(is_done("") && is_done("--final_eval validation[:10]"));
    assert!(!is_done("--final_eval test"));
}
