//! `run-glue compare` on real records, and the published tables of the repository.

use std::path::Path;

use crate::support::program::{Bench, Ended, copy};
use serde_json::{Value, json};

/// Two models on two tasks with three seeds, a few steps each.
fn records() -> Bench {
    let bench = Bench::new();
    copy(&bench.path("m"), &bench.path("n|2"));
    // Another model by its content, and the same in all that counts.
    let config = std::fs::read_to_string(bench.path("m/config.json")).unwrap();
    bench.write("n|2/config.json", config.replacen('{', "{\"note\": \"a copy\",", 1));
    let grid = ["--task", "rte,stsb", "--model", "m", "--model", "n|2", "--seeds", "3", "--dataset_dir", "g"];
    bench.run(grid.into_iter().chain(["--max_steps", "20", "--results_dir", "results"])).assert_done("records");
    let other = ["--task", "rte", "--model", "n|2", "--seeds", "2", "--dataset_dir", "g", "--max_steps", "40"];
    bench.run(other.into_iter().chain(["--results_dir", "other"])).assert_done("other records");
    bench
}

fn compare(bench: &Bench, flags: &str) -> Ended {
    bench.run(["compare"].into_iter().chain(flags.split_whitespace()))
}

/// The miniature data are not the benchmark's rows.
fn column(task: &str) -> String {
    format!("{task} (150 rows of other data)")
}

fn scores(bench: &Bench, model: &str, task: &str) -> Vec<f64> {
    let files = bench.files(&format!("results/{task}/{model}")).into_iter();
    let files = files.filter(|file| !file.ends_with(".predictions.json"));
    let read = |file: String| serde_json::from_slice::<Value>(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
    files.map(|file| read(file)["score"].as_f64().unwrap()).collect()
}

#[test]
fn tables_have_the_numbers_of_the_records() {
    let bench = records();
    let ended = compare(&bench, "results --format json");
    ended.assert_done("json");
    let table: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(table["tasks"], json!([column("stsb"), column("rte")]));
    assert_eq!(table["models"][0]["model"], "m");
    assert_eq!(table["models"][1]["model"], "n|2");
    for (row, model) in [(0, "m"), (1, "n-2")] {
        for task in ["rte", "stsb"] {
            let scores = scores(&bench, model, task);
            assert_eq!(scores.len(), 3);
            let entry = &table["models"][row]["tasks"][column(task)];
            let mean = scores.iter().sum::<f64>() / 3.0;
            assert!((entry["score"]["mean"].as_f64().unwrap() - mean).abs() < 1e-12, "{model} {task}");
            assert_eq!(entry["score"]["count"], 3);
            let [low, high] = [&entry["interval"][0], &entry["interval"][1]].map(|v| v.as_f64().unwrap());
            assert!(low <= mean && mean <= high);
            assert_eq!(entry["seeds"].as_array().unwrap().len(), 3);
        }
    }
    // The models are the same: no difference, by any test. Numbers of a regression are neither right nor wrong.
    assert_eq!(table["pairs"].as_array().unwrap().len(), 2);
    for pair in table["pairs"].as_array().unwrap() {
        assert_eq!((&pair["model"], &pair["baseline"]), (&json!("n|2"), &json!("m")));
        assert_eq!((&pair["difference"], &pair["p_seeds"]), (&json!(0.0), &json!(1.0)));
        let right_or_wrong = if pair["task"] == column("rte") { json!(1.0) } else { Value::Null };
        assert_eq!((&pair["p_examples"], &pair["p_mcnemar"]), (&json!(1.0), &right_or_wrong));
    }
    // GLUE's average is over nine tasks or none.
    assert_eq!(table["models"][0]["glue"], Value::Null);

    let csv = compare(&bench, "results --format csv").stdout;
    assert!(csv.starts_with("model,task,metric,mean,"), "{csv}");
    let line = csv.lines().find(|line| line.starts_with(&format!("m,{},accuracy,", column("rte")))).unwrap();
    let mean = line.split(',').nth(3).unwrap().parse::<f64>().unwrap();
    assert_eq!(Some(mean), table["models"][0]["tasks"][column("rte")]["metrics"]["accuracy"]["mean"].as_f64());
    let columns = |line: &str| line.split(',').count();
    assert!(csv.lines().all(|line| columns(line) == 13), "{csv}");

    let markdown = compare(&bench, "results --format markdown").stdout;
    assert!(markdown.contains(&format!("| model | {} | {} |", column("stsb"), column("rte"))), "{markdown}");
    let latex = compare(&bench, "results --format latex").stdout;
    assert!(latex.contains(" & ") && latex.contains("$\\pm$") && latex.contains("\\bottomrule"), "{latex}");
    let text = compare(&bench, "results --format text").stdout;
    assert!(text.contains('±') && text.contains("p (McNemar)"), "{text}");

    // A page by its ending, or its name; charts beside any form.
    compare(&bench, "results --output page.html --charts charts").assert_done("page");
    let page = std::fs::read_to_string(bench.path("page.html")).unwrap();
    let printed = compare(&bench, "results --format html").stdout;
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n") && printed.ends_with("</html>\n"));
    assert!(page.contains("Do models differ?") && page.contains("n|2"), "{page}");
    let charts = bench.files("charts");
    for name in ["scores-rte", "scores-stsb", "curve-rte", "cost"] {
        assert!(charts.iter().any(|file| file.starts_with(&format!("charts/{name}"))), "{charts:?}");
    }

    // A file by its ending; settings that differ make rows of their own.
    compare(&bench, "results other --output tables/all.md").assert_done("file");
    let written = std::fs::read_to_string(bench.path("tables/all.md")).unwrap();
    assert!(written.contains("n\\|2 (max_steps=20") && written.contains("n\\|2 (max_steps=40"), "{written}");
}

#[test]
fn what_cannot_be_compared_is_named() {
    let bench = records();
    for (flags, part) in [
        ("none", "cannot read none"),
        ("m", "there are no run records"),
        ("results --output table.pdf", "the ending says no format"),
        ("results --baseline x", "there is no such model; expected one of m, n|2"),
        ("results --level 95", "--level is 95"),
        ("results --published m/config.json", "published-results-1"),
    ] {
        compare(&bench, flags).assert_one_line(flags, &[part]);
    }
}

#[test]
fn the_published_tables_are_read() {
    let bench = Bench::new();
    let flags = ["--task", "rte", "--model", "m", "--dataset_dir", "g", "--max_steps", "1", "--results_dir", "results"];
    bench.run(flags).assert_done("a record");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/published");
    let ended = bench.run(["compare", "results", "--format", "json", "--published", folder.to_str().unwrap()]);
    ended.assert_done("published");
    let table: Value = serde_json::from_str(&ended.stdout).unwrap();
    let of = |name: &str| {
        let rows = table["models"].as_array().unwrap();
        rows.iter()
            .find(|row| row["model"].as_str().unwrap().starts_with(name))
            .unwrap_or_else(|| panic!("{name}"))
            .clone()
    };
    // The leaderboard's scores of those models, whose rows are the test split's: they stand in columns of their own, and no average
    // beside those of the development sets is made of them.
    for (name, score) in [("google/bert_uncased_L-2_H-128_A-2", 0.642), ("google/bert_uncased_L-8_H-512_A-8", 0.735)] {
        let row = of(name);
        let tasks = row["tasks"].as_object().unwrap();
        assert!(tasks.len() == 9 && tasks.keys().all(|column| column.ends_with(" (test split)")), "{name}: {tasks:?}");
        let mean = tasks.values().map(|entry| entry["score"]["mean"].as_f64().unwrap()).sum::<f64>() / 9.0;
        assert!((mean - score).abs() < 7e-4, "{name}: {mean}");
        assert_eq!(row["glue"], Value::Null);
    }
    // The distillation README does not say of which metrics some of its numbers are: no average here is the macro score there.
    let distilled = of("bert-base-uncased [distillation");
    assert_eq!(distilled["tasks"]["mrpc"]["partial"], "a metric that is not stated");
    assert_eq!((&distilled["tasks"]["rte"]["partial"], &distilled["glue"]), (&Value::Null, &Value::Null));
    assert_eq!(of("roberta-base")["glue"], Value::Null, "it has no WNLI");
    // Its README has the accuracy of MRPC and not the F1.
    let mrpc = &of("roberta-base")["tasks"]["mrpc, from mnli"];
    assert_eq!((&mrpc["partial"], &of("roberta-base")["glue_without_wnli"]), (&json!("accuracy"), &Value::Null));
}

/// Settings that records had from the first version on. A flag that came later was not there before: what comes of leaving it out must be
/// what `compare` takes the record of an earlier program for.
const FIRST_SETTINGS: [&str; 23] = [
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "attention_probs_dropout_prob",
    "do_train",
    "gradient_accumulation_steps",
    "hidden_dropout_prob",
    "learning_rate",
    "lr_scheduler_type",
    "max_eval_samples",
    "max_grad_norm",
    "max_seq_length",
    "max_steps",
    "max_train_samples",
    "new_head",
    "num_train_epochs",
    "optim",
    "pad_to_max_length",
    "per_device_eval_batch_size",
    "per_device_train_batch_size",
    "train_sampling_strategy",
    "warmup_steps",
    "weight_decay",
];

#[test]
fn a_record_from_before_a_flag_is_a_seed_of_runs_without_it() {
    let bench = Bench::new();
    let flags = ["--task", "rte", "--model", "m", "--dataset_dir", "g", "--max_steps", "1", "--seeds", "2"];
    bench.run(flags.into_iter().chain(["--results_dir", "results"])).assert_done("records");
    let file = bench.files("results/rte").into_iter().find(|file| !file.ends_with(".predictions.json")).unwrap();
    let mut record: Value = serde_json::from_slice(&std::fs::read(bench.path(&file)).unwrap()).unwrap();
    let settings = record["hyper_parameters"].as_object_mut().unwrap();
    let all = settings.len();
    settings.retain(|name, _| FIRST_SETTINGS.contains(&name.as_str()));
    assert!(settings.len() == FIRST_SETTINGS.len() && all > settings.len(), "{settings:?}");
    bench.write(&file, record.to_string());
    let rows = |flags: &str| {
        let table: Value = serde_json::from_str(&compare(&bench, flags).stdout).unwrap();
        let rows = table["models"].as_array().unwrap().clone();
        rows.iter().map(|row| row["model"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(rows("results --format json"), ["m"]);
}
