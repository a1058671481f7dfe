//! Checkpoints whose only tokenizer is a SentencePiece file: logits of raw texts in ten scripts beside transformers'
//! (`scripts/fixtures/sentencepiece_logits.py`).

use std::path::{Path, PathBuf};

use crate::support::program::Bench;
use serde_json::{Value, json};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A bench whose model `m` has the files of these folders.
fn bench_with(folders: &[PathBuf]) -> Bench {
    let bench = Bench::new();
    bench.files("m").iter().for_each(|file| bench.remove(file));
    for entry in folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()) {
        let entry = entry.unwrap();
        bench.write(&format!("m/{}", entry.file_name().to_str().unwrap()), std::fs::read(entry.path()).unwrap());
    }
    bench
}

fn logits(bench: &Bench, model: &str, expected: &Value) -> Vec<Vec<f64>> {
    let length = expected["max_length"].to_string();
    let arguments =
        ["--model", model, "--validation_file", "dev.jsonl", "--do_eval", "--save_logits", "--max_seq_length", &length];
    let folders = ["--output_dir", "eval", "--overwrite_output_dir", "--results_dir", "results"];
    bench.run(arguments.into_iter().chain(folders)).assert_done(model);
    let text = std::fs::read_to_string(bench.path("eval/eval_logits.jsonl")).unwrap();
    let row = |line| serde_json::from_str::<Value>(line).unwrap()["logits"].clone();
    text.lines().map(|line| serde_json::from_value(row(line)).unwrap()).collect()
}

#[test]
fn logits_of_raw_texts_are_those_of_transformers() {
    for (family, file) in [
        ("albert", "spiece.model"),
        ("xlm-roberta", "sentencepiece.bpe.model"),
        ("camembert", "sentencepiece.bpe.model"),
        ("deberta-v2", "spm.model"),
    ] {
        let own = fixtures().join("sentencepiece_logits").join(family);
        let bench = bench_with(&[fixtures().join("unigram").join(format!("{family}-0")).join("slow"), own.clone()]);
        assert!(bench.path("m").join(file).is_file() && !bench.path("m/tokenizer.json").exists(), "{family}");
        let expected: Value = serde_json::from_slice(&std::fs::read(own.join("expected.json")).unwrap()).unwrap();
        let texts: Vec<(String, String)> = serde_json::from_value(expected["texts"].clone()).unwrap();
        let rows = texts.iter().enumerate();
        let row = |(at, (a, b)): (usize, &(String, String))| {
            format!("{}\n", json!({"sentence1": a, "sentence2": b, "label": at % 3}))
        };
        bench.write("dev.jsonl", rows.map(row).collect::<String>());
        let theirs: Vec<Vec<f64>> = serde_json::from_value(expected["logits"].clone()).unwrap();
        let ours = logits(&bench, "m", &expected);
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().flatten().zip(theirs.iter().flatten()) {
            assert!((ours - theirs).abs() < 5e-5, "{family}: {ours} {theirs}");
        }
        // The tokenizer goes with a model that is saved.
        let train =
            ["--model", "m", "--train_file", "dev.jsonl", "--do_train", "--max_steps", "1", "--learning_rate", "0"];
        bench.run(train.into_iter().chain(["--output_dir", "out", "--results_dir", "results"])).assert_done(family);
        assert!(bench.path("out").join(file).is_file(), "{family}");
        assert_eq!(logits(&bench, "out", &expected), ours, "{family}");
    }
}
