//! The leaderboard's files and their zip; models with an order of classes of their own.

use std::io::Read;

use crate::support::program::{Bench, demo};
use models::checkpoint::{read_safetensors, write_safetensors};
use serde_json::{Value, json};

/// Lines of the eleven files of an upload, and a value of each.
const FILES: [(&str, usize, &str); 11] = [
    ("CoLA.tsv", 1064, "0"),
    ("SST-2.tsv", 1822, "1"),
    ("MRPC.tsv", 1726, "1"),
    ("STS-B.tsv", 1380, "3.125"),
    ("QQP.tsv", 390_966, "0"),
    ("MNLI-m.tsv", 9797, "neutral"),
    ("MNLI-mm.tsv", 9848, "entailment"),
    ("QNLI.tsv", 5464, "not_entailment"),
    ("RTE.tsv", 3001, "entailment"),
    ("WNLI.tsv", 147, "1"),
    ("AX.tsv", 1105, "contradiction"),
];

fn file(lines: usize, value: &str) -> String {
    let rows: String = (0..lines - 1).map(|i| format!("{i}\t{value}\n")).collect();
    format!("index\tprediction\n{rows}")
}

#[test]
fn eleven_files_become_a_flat_zip() {
    let bench = Bench::new();
    for (name, lines, value) in FILES {
        let folder = if name.starts_with("MNLI") { "all/mnli" } else { "all/others" };
        bench.write(&format!("{folder}/{name}"), file(lines, value));
    }
    bench.run(["submission", "all", "--output", "up/s.zip"]).assert_done("zip");
    let mut zip = zip::ZipArchive::new(std::fs::File::open(bench.path("up/s.zip")).unwrap()).unwrap();
    assert_eq!(zip.len(), 11);
    for (name, lines, value) in FILES {
        let mut text = String::new();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        assert!(text == file(lines, value), "{name}");
    }
    bench.remove("up/s.zip");

    let refused = |case: &str, parts: &[&str]| {
        bench.run(["submission", "all", "--output", "up/s.zip"]).assert_one_line(case, parts);
    };
    bench.write("all/others/AX.tsv", file(1104, "neutral"));
    refused("rows", &["all/others/AX.tsv: AX.tsv has 1103 rows, expected 1104"]);
    bench.write("all/others/AX.tsv", file(1105, "maybe"));
    refused("value", &["row 0 predicts `maybe`, expected one of entailment, neutral, contradiction"]);
    bench.remove("all/others/AX.tsv");
    refused("missing", &["there is no AX.tsv"]);
    bench.write("all/mnli/RTE.tsv", "");
    refused("twice", &["RTE.tsv is there twice"]);
    assert_eq!(bench.files("up"), [""; 0]);
}

#[test]
fn a_task_writes_its_file() {
    let bench = Bench::new();
    let flags = "--task rte --model m --dataset_dir g --results_dir results --output_dir out --max_steps 2 \
                 --glue_submission --do_train --do_eval";
    let run = |more: &str| bench.run(flags.split_whitespace().chain(more.split_whitespace()));
    run("").assert_one_line("demo's rows", &["split test of rte has", "the leaderboard expects 3000"]);
    for other in ["--max_predict_samples 3", "--test_split_name train"] {
        run(other).assert_one_line(other, &["--glue_submission and --", "exclude each other"]);
    }
    bench.assert_clean("nothing was wanted");

    bench.remove("g/rte/test-00000-of-00001.parquet");
    let rows: String = (0..3000).map(|i| format!("{i},word{},other,-1\n", i % 7)).collect();
    bench.write("g/rte/test.csv", format!("idx,sentence1,sentence2,label\n{rows}"));
    let ended = run("");
    ended.assert_done("rte");
    assert!(ended.stderr.contains("the leaderboard wants CoLA.tsv, SST-2.tsv"), "{}", ended.stderr);
    let written = std::fs::read_to_string(bench.path("out/RTE.tsv")).unwrap();
    assert_eq!(written.lines().count(), 3001);
    // RTE's file has names, as run_glue.py's has.
    assert_eq!(written, std::fs::read_to_string(bench.path("out/predict_results_rte.txt")).unwrap());
}

fn json_file(bench: &Bench, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path(name)).unwrap()).unwrap()
}

/// A model of MNLI whose head has its classes in another order: contradiction, entailment, neutral.
#[test]
fn a_head_with_its_own_order_of_classes() {
    let bench = Bench::new();
    let glue = demo("glue");
    let run = |model: &str, out: &str, more: &str| {
        let flags = format!(
            "--task mnli --model {model} --dataset_dir {} --results_dir {out}-results --output_dir {out} \
             --do_eval --do_predict {more}",
            glue.display()
        );
        bench.run(flags.split_whitespace())
    };
    run("m", "fine", "--do_train --learning_rate 1e-3 --num_train_epochs 3").assert_done("training");
    run("fine", "plain", "").assert_done("plain order");

    let order = [2, 0, 1];
    for folder in ["named", "nameless"] {
        for file in ["tokenizer.json", "tokenizer_config.json", "vocab.txt"] {
            let bytes = std::fs::read(bench.path(&format!("fine/{file}"))).unwrap();
            bench.write(&format!("{folder}/{file}"), bytes);
        }
        let mut tensors: Vec<_> =
            read_safetensors(&bench.path("fine/model.safetensors")).unwrap().into_iter().collect();
        for (_, tensor) in tensors.iter_mut().filter(|(name, _)| name.starts_with("classifier.")) {
            let width = tensor.values.len() / 3;
            tensor.values = order.iter().flat_map(|&row| tensor.values[row * width..][..width].to_vec()).collect();
        }
        write_safetensors(&bench.path(&format!("{folder}/model.safetensors")), &tensors).unwrap();
    }
    let mut config = json_file(&bench, "fine/config.json");
    config["id2label"] = json!({"0": "CONTRADICTION", "1": "ENTAILMENT", "2": "NEUTRAL"});
    config["label2id"] = json!({"CONTRADICTION": 0, "ENTAILMENT": 1, "NEUTRAL": 2});
    bench.write("named/config.json", config.to_string());
    config["id2label"] = json!({"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"});
    config["label2id"] = json!({"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2});
    bench.write("nameless/config.json", config.to_string());

    // With names: the same scores and the same files.
    let named = run("named", "named-out", "");
    named.assert_done("named");
    let (plain, own) = (json_file(&bench, "plain/eval_results.json"), json_file(&bench, "named-out/eval_results.json"));
    for key in ["eval_accuracy", "eval_accuracy_mm"] {
        assert_eq!(plain[key], own[key], "{key}");
    }
    assert!(plain["eval_accuracy"].as_f64().unwrap() > 0.6, "{plain}");
    for file in ["predict_results_mnli.txt", "predict_results_mnli-mm.txt", "predict_results_ax.txt"] {
        let text = |folder: &str| std::fs::read_to_string(bench.path(&format!("{folder}/{file}"))).unwrap();
        assert_eq!(text("plain"), text("named-out"), "{file}");
    }
    assert!(!named.stderr.contains("below chance"), "{}", named.stderr);

    // Without: worse than chance, and said so.
    let nameless = run("nameless", "nameless-out", "");
    nameless.assert_done("nameless");
    assert!(nameless.stderr.contains("is below chance, and in another order of the classes"), "{}", nameless.stderr);
}
