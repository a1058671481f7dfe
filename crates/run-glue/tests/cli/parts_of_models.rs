//! `--tokenizer_name` and `--config_name`: models whose files lie in several places.

use std::path::Path;

use crate::support::program::{Bench, Ended};
use serde_json::{Value, json};

const FLAGS: &str = "--task rte --dataset_dir g --model m --max_steps 2 --results_dir results";

fn run(bench: &Bench, more: &str) -> Ended {
    bench.run(FLAGS.split(' ').chain(more.split_whitespace()))
}

/// A bench whose model `m` has weights alone, with the tokenizer in `t` and config.json in `c`.
fn apart() -> Bench {
    let bench = Bench::new();
    let whole = bench.files("m");
    for file in whole {
        let name = Path::new(&file).file_name().unwrap().to_str().unwrap().to_owned();
        let folder = match name.as_str() {
            "config.json" => "c",
            "model.safetensors" => continue,
            _ => "t",
        };
        bench.write(&format!("{folder}/{name}"), std::fs::read(bench.path(&file)).unwrap());
        bench.remove(&file);
    }
    bench
}

fn logits(bench: &Bench, folder: &str) -> String {
    std::fs::read_to_string(bench.path(folder).join("eval_logits.jsonl")).unwrap()
}

#[test]
fn a_model_of_three_folders_is_the_model_of_one() {
    let whole = Bench::new();
    run(&whole, "--save_logits --output_dir out").assert_done("whole");
    let bench = apart();
    run(&bench, "--tokenizer_name t --config_name c --save_logits --output_dir out").assert_done("apart");
    assert_eq!(logits(&bench, "out"), logits(&whole, "out"));
    let (parts, one) = (bench.record(), whole.record());
    for hash in ["weights_sha256", "config_sha256", "tokenizer_sha256"] {
        assert_eq!(parts["model"][hash], one["model"][hash], "{hash}");
    }
    assert_eq!(parts["settings_hash"], one["settings_hash"]);
    assert_eq!(parts["model"]["tokenizer_from"]["id"], "t");
    assert_eq!(parts["model"]["config_from"], json!({"id": "c", "source": "folder", "revision": null, "commit": null}));
    assert!(one["model"].get("tokenizer_from").is_none());

    // What is saved is whole.
    let again =
        "--task rte --dataset_dir g --model out --do_eval --results_dir results --save_logits --output_dir again";
    bench.run(again.split(' ')).assert_done("again");
    assert_eq!(logits(&bench, "again"), logits(&bench, "out"));

    // A run that is done is known by what the files hold.
    let grid = "--tokenizer_name t --config_name c --seeds 2 --dry_run";
    let says = |what: &str| {
        let ended = run(&bench, grid);
        assert!(format!("{}{}", ended.stdout, ended.stderr).contains(what), "{} {}", ended.stdout, ended.stderr);
    };
    run(&bench, "--tokenizer_name t --config_name c --seeds 2").assert_done("grid");
    says("2 done already");
    bench.write("t/special_tokens_map.json", "{}");
    says("t/special_tokens_map.json is new since the results were made");
    bench.remove("t/special_tokens_map.json");
    let config = std::fs::read_to_string(bench.path("c/config.json")).unwrap();
    bench.write("c/config.json", config + " ");
    says("c/config.json has changed");
}

#[test]
fn a_tokenizer_of_another_folder_is_used_and_saved_with_its_class() {
    let bench = Bench::new();
    // The same vocabulary, of a cased tokenizer whose class stands in config.json alone.
    bench.write("t/vocab.txt", std::fs::read(bench.path("m/vocab.txt")).unwrap());
    bench.write("t/tokenizer_config.json", r#"{"do_lower_case": false}"#);
    bench.write("t/config.json", r#"{"model_type": "roberta", "tokenizer_class": "DistilBertTokenizer"}"#);
    run(&bench, "--save_logits --output_dir own").assert_done("own");
    run(&bench, "--tokenizer_name t --save_logits --output_dir out").assert_done("other");
    assert_ne!(logits(&bench, "out"), logits(&bench, "own"));
    let saved = std::fs::read(bench.path("out/tokenizer_config.json")).unwrap();
    let saved: Value = serde_json::from_slice(&saved).unwrap();
    assert_eq!(saved, json!({"do_lower_case": false, "tokenizer_class": "DistilBertTokenizer"}));
    assert!(!bench.path("out/tokenizer.json").exists());
    let again =
        "--task rte --dataset_dir g --model out --do_eval --results_dir results --save_logits --output_dir again";
    bench.run(again.split(' ')).assert_done("again");
    assert_eq!(logits(&bench, "again"), logits(&bench, "out"));
}

#[test]
fn names_of_no_folder_and_of_the_model_itself() {
    let bench = Bench::new();
    for (flag, expected) in [("--tokenizer_name", "a tokenizer"), ("--config_name", "config.json")] {
        let ended = run(&bench, &format!("{flag} ./nowhere"));
        ended.assert_refused(flag, 2, &[flag, "./nowhere: there is no such folder; expected one with", expected]);
    }
    // As scripts write it.
    run(&bench, "--tokenizer_name m --config_name none --output_dir out").assert_done("itself");
    assert!(bench.record()["model"].get("tokenizer_from").is_none());
    bench.write("t/config.json", r#"{"model_type": "modernbert"}"#);
    bench.write("t/tokenizer.json", std::fs::read(bench.path("m/tokenizer.json")).unwrap());
    let ended = run(&bench, "--tokenizer_name t --output_dir other");
    ended.assert_refused("another way", 2, &["t: beside a modernbert model its tokenizer is made in one way"]);
}
