//! `run-glue predict`: the pipeline's scores on fixtures of transformers, inputs of every kind, and wrong ones.

use std::path::{Path, PathBuf};

use crate::support::program::{Bench, end};
use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/logits").join(name)
}

/// One or two texts.
type Texts = (String, Option<String>);

/// Texts and logits of the fixture's batch.
fn batch(folder: &Path, name: &str) -> (Vec<Texts>, Vec<Vec<f64>>) {
    let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let batch = expected["batches"].as_array().unwrap().iter().find(|batch| batch["name"] == name).unwrap();
    (serde_json::from_value(batch["texts"].clone()).unwrap(), serde_json::from_value(batch["logits"].clone()).unwrap())
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let sum: f64 = logits.iter().map(|x| x.exp()).sum();
    logits.iter().map(|x| x.exp() / sum).collect()
}

/// A bench with transformers' model `m`.
fn bench_with(folder: &Path) -> Bench {
    let bench = Bench::new();
    bench.files("m").iter().for_each(|file| bench.remove(file));
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        bench.write(&format!("m/{}", entry.file_name().to_str().unwrap()), std::fs::read(entry.path()).unwrap());
    }
    bench
}

#[test]
fn scores_are_the_softmax_of_transformers_logits() {
    for name in ["single", "pair"] {
        let folder = fixture("cased_2");
        let (texts, logits) = batch(&folder, name);
        let pairs = texts[0].1.is_some();
        let mut arguments = vec!["predict", "m", "--json", "--top_k", "9", "--max_length", "64"];
        if pairs {
            arguments.push("--pairs");
        }
        let words = texts.iter().flat_map(|(text, pair)| std::iter::once(text).chain(pair));
        arguments.extend(words.map(String::as_str));
        let ended = bench_with(&folder).run(arguments);
        ended.assert_done(name);
        assert_eq!(ended.stdout.lines().count(), texts.len());
        for (line, logits) in ended.stdout.lines().zip(logits) {
            let best: Vec<Value> = serde_json::from_str(line).unwrap();
            for one in best {
                let class: usize = one["label"].as_str().unwrap().strip_prefix("LABEL_").unwrap().parse().unwrap();
                let error = one["score"].as_f64().unwrap() - softmax(&logits)[class];
                assert!(error.abs() < 1e-5, "{line} {logits:?}");
            }
        }
    }
}

#[test]
fn lines_come_out_in_their_order_whatever_the_batches() {
    let bench = bench_with(&fixture("cased_2"));
    let lines: Vec<String> = (0..9000).map(|i| "a quick man ".repeat(i % 7) + &"sat ".repeat(i % 3)).collect();
    bench.write("lines.txt", lines.join("\n") + "\n");
    let ended = bench.run(["predict", "m", "--file", "lines.txt"]);
    ended.assert_done("a file");
    let scores: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(scores.len(), lines.len());
    for i in 0..lines.len() {
        assert_eq!(scores[i], scores[i % 21], "line {i}");
    }
    let ended = bench.run(["predict", "m", "--batch_size", "1", &lines[5], &lines[12], &lines[0]]);
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), [scores[5], scores[12], scores[0]]);
    let mut command = bench.command();
    let mut child = assert_cmd::Command::from_std(std::mem::replace(
        command.args(["predict", "m"]),
        std::process::Command::new(""),
    ));
    let output = child.write_stdin(lines[..30].join("\r\n")).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().collect::<Vec<_>>(), scores[..30]);
}

#[test]
fn regressions_give_their_score() {
    let folder = fixture("uncased_1");
    let (texts, logits) = batch(&folder, "single");
    let bench = bench_with(&folder);
    let config = std::fs::read_to_string(bench.path("m/config.json")).unwrap();
    bench.write("m/config.json", config.replacen('{', "{\"problem_type\": \"regression\",", 1));
    let ended = bench.run(["predict", "m", &texts[0].0]);
    ended.assert_done("regression");
    let score = ended.stdout.trim_end();
    assert!((score.parse::<f64>().unwrap() - logits[0][0]).abs() < 1e-4, "{score} {logits:?}");
}

#[test]
fn wrong_input_is_one_error() {
    let bench = bench_with(&fixture("cased_2"));
    bench.write("pairs.txt", "one\ttwo\nthree\n");
    let cases: [(&str, &[&str], &[&str]); 6] = [
        ("a text and a file", &["predict", "m", "x", "--file", "pairs.txt"], &["texts and --file exclude each other"]),
        ("no file", &["predict", "m", "--file", "none.txt"], &["--file none.txt: there is no such file"]),
        ("odd texts", &["predict", "m", "--pairs", "x"], &["--pairs takes first and second texts in turn"]),
        ("no tab", &["predict", "m", "--pairs", "--file", "pairs.txt"], &["pairs.txt, line 2: expected two texts"]),
        ("top_k", &["predict", "m", "--top_k", "0", "x"], &["--top_k is 0, expected at least 1"]),
        ("no folder", &["predict", "./none", "x"], &["--model ./none: there is no such folder"]),
    ];
    for (case, arguments, parts) in cases {
        bench.run(arguments.iter().copied()).assert_one_line(case, parts);
    }
    let encoder = Bench::new();
    let ended = encoder.run(["predict", "m", "x"]);
    ended.assert_one_line("a head is missing", &["m: the checkpoint has no", "fine-tuned for classification"]);
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let bench = bench_with(&fixture("cased_2"));
    bench.write("lines.txt", "the cat sat\n".repeat(20_000));
    let program = env!("CARGO_BIN_EXE_run-glue");
    let script = format!("set -o pipefail; {program} predict m --file lines.txt | head -n 1");
    let mut command = bench.within(std::process::Command::new("bash"));
    let ended = end(command.args(["-c", &script]));
    ended.assert_done("head");
    assert_eq!(ended.stdout.lines().count(), 1);
}
