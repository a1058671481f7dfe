//! `run-glue selftest` and `run-glue bench`: what they print, and their exit codes.

use crate::support::program::Bench;
use serde_json::{Value, json};

fn selftest(bench: &Bench, flags: &[&str]) -> Value {
    let ended = bench.run(["selftest", "--use_cpu", "--json"].into_iter().chain(flags.iter().copied()));
    ended.assert_done(&format!("{flags:?}"));
    serde_json::from_str(&ended.stdout).unwrap()
}

/// Every operation, step and run is within its limit, and there are as many as there should be.
#[test]
fn the_cpu_passes() {
    let report = selftest(&Bench::new(), &[]);
    assert_eq!((&report["ok"], &report["misses"], &report["precision"]), (&json!(true), &json!(0), &json!("f32")));
    let count = |group: &str| {
        let rows = report["comparisons"].as_array().unwrap().iter();
        rows.filter(|row| row["group"] == group && row["ok"] == true && row["limit"].as_f64().unwrap() < 3e-3).count()
    };
    assert!(count("operation") >= 100, "{}", count("operation"));
    assert_eq!((count("step"), count("run")), (12, 8));
}

/// Rounded factors show, and stay within limits of their own.
#[test]
#[ignore = "needs a CPU with AVX512-BF16"]
fn bf16_has_limits_of_its_own() {
    let report = selftest(&Bench::new(), &["--bf16"]);
    let relative = |case: &str, part: &str| {
        let rows = report["comparisons"].as_array().unwrap();
        rows.iter().find(|row| row["case"] == case && row["part"] == part).unwrap()["relative"].as_f64().unwrap()
    };
    assert!(relative("linear, 333 x 768 x 768", "output") > 1e-4);
    assert!(relative("layer norm, 333 x 768", "output") < 1e-5);
    assert!(relative("BERT, 27 steps", "loss of each step") > 1e-5);
}

#[test]
fn a_part_of_it_is_chosen_and_printed_as_a_table() {
    let bench = Bench::new();
    let ended = bench.run(["selftest", "--use_cpu", "--only", "Layer Norm, 56"]);
    ended.assert_done("table");
    for words in
        ["selftest of ", "limits of f32: ", "sum and layer norm, 56 x 33: gradient of the residual  ", "  ok  "]
    {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
    assert!(ended.stdout.ends_with(" s\n") && !ended.stdout.contains("linear"), "{}", ended.stdout);
    let ended = bench.run(["selftest", "--use_cpu", "--only", "no such case"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    ended.assert_says("none", &["--only no such case: no case's group or name holds this"]);
    bench.run(["selftest", "--use_cpu", "--tf32"]).assert_one_line("tf32", &["--tf32 cannot be done by --backend "]);
}

const TINY: &str = r#"{"model_type": "bert", "vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 64, "type_vocab_size": 2}"#;

#[test]
fn a_step_is_timed() {
    let bench = Bench::new();
    bench.write("c.json", TINY);
    let ended = bench.run(["bench", "--use_cpu", "--config", "c.json", "--lengths", "9,64,1", "--steps", "3"]);
    ended.assert_done("bench");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((report["phases"].as_array().unwrap().len(), &report["device"]), (3, &json!("cpu")));
    for key in ["step_seconds", "samples_per_second", "model_gflops", "made_gflops", "first_step_seconds"] {
        assert!(report[key].as_f64().unwrap() > 0.0, "{key}: {report}");
    }
    let losses: Vec<f64> = report["losses"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap()).collect();
    assert!(losses.iter().all(|loss| (0.5..1.0).contains(loss)) && losses[0] != losses[1], "{losses:?}");
    let ended = bench.run(["bench", "--use_cpu", "--config", "c.json", "--batch-size", "2", "--length", "65"]);
    ended.assert_one_line("long", &["a length is 65, and the model takes at most 64 tokens"]);
    bench.run(["bench", "--use_cpu", "--config", "none.json"]).assert_one_line("none", &["none.json"]);
}

#[test]
fn a_benchmark_says_no_more_than_it_measured() {
    let bench = Bench::new();
    bench.write("c.json", TINY);
    let losses = |flags: &str| -> Value {
        let ended =
            bench.run("bench --use_cpu --config c.json --lengths 9,4 --steps 1".split(' ').chain(flags.split(' ')));
        ended.assert_done(flags);
        serde_json::from_str::<Value>(&ended.stdout).unwrap()["losses"].take()
    };
    assert_eq!(losses("--inference"), Value::Null);
    let one = losses("--warmup 0");
    assert!(one[0].as_f64().unwrap() > 0.0 && one[0] == one[1], "{one}");
    for (flags, part) in [
        ("--config c.json --batch_size 18446744073709551615 --length 2", "tokens that a batch may have"),
        ("--config c.json --lengths 0,3", "--lengths is 0"),
        ("--peak --config c.json", "cannot be used with"),
        ("--peak --steps 3", "cannot be used with"),
    ] {
        bench.run(["bench", "--use_cpu"].into_iter().chain(flags.split(' '))).assert_refused(flags, 2, &[part]);
    }
    let mut command = bench.command();
    let odd = crate::support::program::end(command.args(["predict", "m", "words"]).env("RAYON_NUM_THREADS", "x"));
    odd.assert_one_line("threads", &["RAYON_NUM_THREADS is `x` in the environment"]);
}

/// What a benchmark of whole runs needs: a model of random weights that this program and transformers read.
#[test]
fn a_model_of_random_weights_is_written() {
    let bench = Bench::new();
    bench.write("c.json", TINY);
    bench.run(["bench", "--config", "c.json", "--save_model", "made"]).assert_done("made");
    assert_eq!(
        bench.files("made"),
        ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"].map(|f| format!("made/{f}"))
    );
    // Two classes, and a regression: the head is none of the checkpoint's.
    for task in ["rte", "stsb"] {
        let places = ["--model", "made", "--dataset_dir", "g", "--results_dir", task];
        let flags = ["--use_cpu", "--task", task, "--max_steps", "2"];
        bench.run(flags.into_iter().chain(places)).assert_done(task);
    }
    bench.run(["bench", "--config", "c.json", "--save_model", "m"]).assert_one_line("full", &["m is not empty"]);
}
