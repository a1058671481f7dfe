//! What a run leaves in `--output_dir`: a model that can be used again, and predictions.

use crate::support::program::Bench;
use serde_json::{Value, json};

fn json_file(bench: &Bench, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path(name)).unwrap()).unwrap()
}

#[test]
fn a_saved_model_gives_the_logits_it_was_saved_with() {
    for (task, names, problem_type) in [
        ("rte", json!({"0": "entailment", "1": "not_entailment"}), "single_label_classification"),
        ("stsb", json!({"0": "LABEL_0"}), "regression"),
    ] {
        let bench = Bench::new();
        let data = ["--task", task, "--dataset_dir", "g", "--results_dir", "results", "--save_logits"];
        let train = ["--model", "m", "--max_steps", "3", "--output_dir", "out", "--max_eval_samples", "20"];
        bench.run(data.into_iter().chain(train)).assert_done(task);
        let config = json_file(&bench, "out/config.json");
        assert_eq!(config["id2label"], names);
        assert_eq!(config["problem_type"], problem_type);
        assert_eq!(config["architectures"], json!(["BertForSequenceClassification"]));
        let tensors = std::fs::read(bench.path("out/model.safetensors")).unwrap();
        let header = u64::from_le_bytes(tensors[..8].try_into().unwrap()) as usize;
        let header: Value = serde_json::from_slice(&tensors[8..8 + header]).unwrap();
        assert_eq!(header["__metadata__"]["format"], "pt");
        assert_eq!(header["bert.encoder.layer.0.attention.self.query.weight"]["shape"], json!([64, 64]));
        let card = std::fs::read_to_string(bench.path("out/README.md")).unwrap();
        let upper = task.to_uppercase();
        for part in
            ["model-index:\n- name: \"out\"\n", &format!("      name: GLUE {upper}\n"), "- learning_rate: 5e-05\n"]
        {
            assert!(card.contains(part), "{part} is not in {card}");
        }
        let again = ["--model", "out", "--do_eval", "--output_dir", "again", "--max_eval_samples", "20"];
        bench.run(data.into_iter().chain(again)).assert_done(task);
        let logits = |folder: &str| std::fs::read_to_string(bench.path(folder).join("eval_logits.jsonl")).unwrap();
        assert_eq!(logits("out"), logits("again"), "{task}");
        let said = bench.run(["predict", "out", "The cat sat ."]);
        said.assert_done("predict");
        let label = said.stdout.split('\t').next().unwrap().to_owned();
        assert!(names.as_object().unwrap().values().any(|name| *name == json!(label)), "{label}");
    }
}

#[test]
fn predictions_are_run_glue_py_s_lines() {
    let bench = Bench::new();
    let run = |task, more: &[&'static str]| {
        let flags = ["--task", task, "--model", "m", "--dataset_dir", "g", "--results_dir", "results", "--output_dir"];
        let steps = ["--do_train", "--max_steps", "1", "--do_predict", "--max_predict_samples", "5"];
        bench.run(flags.into_iter().chain([task]).chain(steps).chain(more.iter().copied())).assert_done(task);
        std::fs::read_to_string(bench.path(task).join(format!("predict_results_{task}.txt"))).unwrap()
    };
    let text = run("rte", &["--save_logits"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "index\tprediction");
    assert_eq!(lines.len(), 6);
    for (i, line) in lines[1..].iter().enumerate() {
        let (index, label) = line.split_once('\t').unwrap();
        assert_eq!(index, i.to_string());
        assert!(["entailment", "not_entailment"].contains(&label), "{line}");
    }
    let logits = std::fs::read_to_string(bench.path("rte/predict_logits_rte.jsonl")).unwrap();
    assert_eq!(logits.lines().count(), 5);
    let text = run("stsb", &[]);
    for line in text.lines().skip(1) {
        let (_, score) = line.split_once('\t').unwrap();
        assert_eq!(score.split_once('.').unwrap().1.len(), 3, "{line}");
        score.parse::<f64>().unwrap();
    }
}

#[test]
fn a_smoothed_loss_and_another_schedule_are_what_was_asked_for() {
    let losses = |more: &[&'static str]| {
        let bench = Bench::new();
        let flags =
            ["--task", "rte", "--model", "m", "--dataset_dir", "g", "--results_dir", "results", "--max_steps", "4"];
        let log = ["--logging_steps", "1", "--warmup_steps", "1", "--output_dir", "out", "--learning_rate", "1e-4"];
        bench.run(flags.into_iter().chain(log).chain(more.iter().copied())).assert_done("schedule");
        json_file(&bench, "out/trainer_state.json")["log_history"].clone()
    };
    let plain = losses(&[]);
    let rates = |log: &Value| -> Vec<f64> {
        log.as_array().unwrap().iter().filter_map(|row| row["learning_rate"].as_f64()).collect()
    };
    assert_eq!(rates(&losses(&["--lr_scheduler_type", "constant_with_warmup"])), [0.0, 1e-4, 1e-4, 1e-4]);
    let smoothed = losses(&["--label_smoothing_factor", "0.2"]);
    // The first step, at rate 0 and from the same weights: the smoothed loss of two classes is the plain one plus a tenth
    // of the mean difference of the logits, so it differs.
    assert_ne!(plain[0]["loss"], smoothed[0]["loss"]);
    assert_eq!(rates(&plain), rates(&smoothed));
}

/// A share of all steps stays one, whatever number of steps comes of it here.
#[test]
fn a_record_has_the_warm_up_that_was_asked_for() {
    for (flags, expected) in
        [(&["--warmup_ratio", "0.5"][..], json!(0.5)), (&["--warmup_steps", "2"], json!(2)), (&[], json!(0))]
    {
        let bench = Bench::new();
        let run =
            ["--task", "rte", "--model", "m", "--dataset_dir", "g", "--results_dir", "results", "--max_steps", "4"];
        bench.run(run.into_iter().chain(flags.iter().copied())).assert_done("warm-up");
        assert_eq!(bench.record()["hyper_parameters"]["warmup_steps"], expected, "{flags:?}");
    }
}
