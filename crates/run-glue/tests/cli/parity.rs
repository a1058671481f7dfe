//! `run-glue parity`: what it writes for the Trainer, and what it makes of the Trainer's log. That the Trainer really gives the same curve is
//! shown by `numerics`, on logs of its own.

use std::path::{Path, PathBuf};

use crate::support::program::{Bench, Ended};
use serde_json::{Value, json};

/// A training of eight steps with dropout; the record's name.
fn trained(more: &str) -> (Bench, String) {
    let bench = Bench::new();
    let mut config: Value = serde_json::from_slice(&std::fs::read(bench.path("m/config.json")).unwrap()).unwrap();
    config["hidden_dropout_prob"] = json!(0.1);
    bench.write("m/config.json", config.to_string());
    for file in std::fs::read_dir(bench.path("m")).unwrap().flatten() {
        bench.write(&format!("m2/{}", file.file_name().to_str().unwrap()), std::fs::read(file.path()).unwrap());
    }
    let flags = format!(
        "--task rte --model m --dataset_dir g --max_steps 8 --max_eval_samples 16 --logging_steps 1 --results_dir results \
         --learning_rate 1e-3 {more}"
    );
    bench.run(flags.split_whitespace()).assert_done("training");
    let record = bench.record_files().remove(0);
    (bench, record)
}

fn parity(bench: &Bench, record: &str, more: &str) -> Ended {
    bench.run(["parity", record].into_iter().chain(more.split_whitespace()))
}

/// The run's own log as the Trainer's, which has its norms in f32 and evaluates at the end, changed by `change`.
fn write_state(bench: &Bench, change: impl Fn(&mut Value)) {
    let record = bench.record();
    let mut log = record["log_history"].clone();
    for row in log.as_array_mut().unwrap() {
        if let Some(norm) = row["grad_norm"].as_f64() {
            row["grad_norm"] = json!(f64::from(norm as f32));
        }
    }
    let mut end: serde_json::Map<String, Value> = record["metrics"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (format!("eval_{name}"), value.clone()))
        .collect();
    end.insert("step".to_owned(), record["training"]["step"].clone());
    log.as_array_mut().unwrap().push(end.into());
    change(&mut log);
    bench.write("theirs/trainer_state.json", json!({"log_history": log}).to_string());
}

#[test]
fn the_same_curve_is_the_same_and_another_parts_where_it_does() {
    let (bench, record) = trained("--dropout_stream torch");
    let against = "--against theirs/trainer_state.json";
    write_state(&bench, |_| ());
    let same = parity(&bench, &record, &format!("{against} --charts charts"));
    same.assert_done("the same curve");
    for part in ["8 rows; farthest apart: loss 0.0e0", "One curve: no number differs by more than 1e-3 of itself,"] {
        assert!(same.stdout.contains(part), "{part} is not in {}", same.stdout);
    }
    assert!(!same.stdout.contains("masks"), "{}", same.stdout);
    assert_eq!(bench.files("charts"), ["charts/apart.svg", "charts/grad_norm.svg", "charts/loss.svg"]);

    write_state(&bench, |log| log[4]["loss"] = json!(log[4]["loss"].as_f64().unwrap() * 1.002));
    let other = parity(&bench, &record, against);
    assert_eq!(other.code, Some(1), "{}", other.stderr);
    assert!(other.stdout.contains("The curves part at step 5: the loss is 0."), "{}", other.stdout);
    parity(&bench, &record, &format!("{against} --tolerance 0.01")).assert_done("a wider tolerance");
    let as_json = parity(&bench, &record, &format!("{against} --json"));
    let value: Value = serde_json::from_str(&as_json.stdout).unwrap();
    assert_eq!((&value["parts_at_step"], value["rows"].as_array().unwrap().len()), (&json!(5), 8));
    assert!((value["farthest"]["loss"]["difference"].as_f64().unwrap() - 0.002).abs() < 1e-4);

    // A loss that is no number is far from any.
    write_state(&bench, |_| ());
    let numbers = std::fs::read_to_string(bench.path("theirs/trainer_state.json")).unwrap();
    let loss = bench.record()["log_history"][6]["loss"].to_string();
    let broken = numbers.replacen(&format!("\"loss\":{loss}"), "\"loss\":NaN", 1);
    assert_ne!(broken, numbers);
    bench.write("theirs/trainer_state.json", broken);
    let broken = parity(&bench, &record, against);
    assert_eq!(broken.code, Some(1), "{}", broken.stderr);
    assert!(broken.stdout.contains("The curves part at step 7"), "{}", broken.stdout);

    write_state(&bench, |log| log.as_array_mut().unwrap().retain(|row| row["step"].as_f64() < Some(8.0)));
    let shorter = parity(&bench, &record, against);
    assert_eq!(shorter.code, Some(3), "a log that ends early: {}", shorter.stderr);
    assert!(shorter.stdout.contains("One curve as far as both logs go"), "{}", shorter.stdout);
    assert!(shorter.stdout.contains("1 row has a step that the other log has not"), "{}", shorter.stdout);
    let as_json = parity(&bench, &record, &format!("{against} --json"));
    let value: Value = serde_json::from_str(&as_json.stdout).unwrap();
    assert_eq!((&value["verdict"], &value["rows_of_one_log_alone"]), (&json!("incomplete"), &json!(1)));

    // A mean over two steps is that of the two.
    write_state(&bench, |log| {
        let mean = (log[2]["loss"].as_f64().unwrap() + log[3]["loss"].as_f64().unwrap()) / 2.0;
        log[3]["loss"] = json!(mean);
        log.as_array_mut().unwrap().remove(2);
    });
    let coarser = parity(&bench, &record, against);
    assert_eq!(coarser.code, Some(3), "{}", coarser.stdout);
    assert!(coarser.stdout.contains("One curve as far as both logs go"), "{}", coarser.stdout);

    // The evaluation at the end is part of it, with its scores.
    let end = |name: &str, value: Value| {
        write_state(&bench, |log| {
            *log.as_array_mut().unwrap().last_mut().unwrap().get_mut(name).unwrap() = value.clone()
        });
        parity(&bench, &record, against)
    };
    let own = bench.record()["metrics"].clone();
    let [loss, accuracy] = ["loss", "accuracy"].map(|name| own[name].as_f64().unwrap());
    for (name, value) in
        [("eval_loss", json!(loss * 1.01)), ("eval_loss", Value::Null), ("eval_accuracy", json!(accuracy - 0.0625))]
    {
        let other = end(name, value);
        assert_eq!(other.code, Some(1), "{name}: {}", other.stdout);
        let said = format!("The curves are one, and the evaluation at the end is not: its {} is", &name[5..]);
        assert!(other.stdout.contains(&said), "{}", other.stdout);
    }
    // Where it is missing, or is of another step, it is not passed over.
    let elsewhere = end("step", json!(88));
    assert_eq!(elsewhere.code, Some(3), "an evaluation of another step: {}", elsewhere.stdout);
    for said in ["The evaluation at the end is in the run's log alone", "of step 88 is in the Trainer's log alone"] {
        assert!(elsewhere.stdout.contains(said), "{said}: {}", elsewhere.stdout);
    }
    write_state(&bench, |log| drop(log.as_array_mut().unwrap().pop()));
    let without = parity(&bench, &record, &format!("{against} --json"));
    let value: Value = serde_json::from_str(&without.stdout).unwrap();
    assert_eq!((without.code, &value["verdict"]), (Some(3), &json!("incomplete")));
    assert_eq!(value["evaluations_of_one_log_alone"], json!([{"step": 8, "score": null, "log": "run_glue"}]));
    // So it is with a score.
    write_state(&bench, |log| {
        drop(log.as_array_mut().unwrap().last_mut().unwrap().as_object_mut().unwrap().remove("eval_accuracy"));
    });
    let without = parity(&bench, &record, against);
    let said = "The accuracy of the evaluation at the end is in the run's log alone";
    assert!(without.code == Some(3) && without.stdout.contains(said), "{}", without.stdout);

    // The run's own log is not the Trainer's.
    bench.write("theirs/trainer_state.json", json!({"log_history": bench.record()["log_history"]}).to_string());
    let own = parity(&bench, &record, against);
    assert_eq!(own.code, Some(2), "{}", own.stdout);
    assert!(own.stderr.contains("is a log of run-glue's"), "{}", own.stderr);

    // The log of another run's script.
    write_state(&bench, |_| ());
    bench.write("theirs/run.json", "{\"settings_hash\": \"0a\", \"seed\": 42}");
    let stale = parity(&bench, &record, against);
    assert_eq!(stale.code, Some(2), "{}", stale.stdout);
    assert!(stale.stderr.contains("theirs/trainer_state.json is of another run"), "{}", stale.stderr);
}

#[test]
fn masks_of_its_own_are_said() {
    let (bench, record) = trained("");
    write_state(&bench, |_| ());
    let own = parity(&bench, &record, "--against theirs/trainer_state.json");
    let said = "only runs with --dropout_stream torch follow the Trainer";
    assert!(own.stdout.contains(said), "{}", own.stdout);
    // Before an hour of PyTorch, not after it.
    let written = parity(&bench, &record, "--write theirs");
    written.assert_done("writing");
    assert!(written.stderr.contains(said), "{}", written.stderr);
    assert!(written.stderr.contains("makes a run of the same settings with the Trainer"), "{}", written.stderr);
}

#[test]
fn the_settings_are_those_of_the_trainer() {
    let (bench, record) = trained(
        "--dropout_stream torch --lr_scheduler_type cosine --warmup_ratio 0.25 --data_seed 7 --eval_strategy steps --eval_steps 4",
    );
    parity(&bench, &record, "--write theirs").assert_done("writing");
    assert_eq!(bench.files("theirs"), ["theirs/data.json", "theirs/run_glue.json", "theirs/trainer.py"]);
    let read = |name: &str| -> Value { serde_json::from_slice(&std::fs::read(bench.path(name)).unwrap()).unwrap() };
    let settings = read("theirs/run_glue.json");
    for (name, value) in [
        ("task_name", json!("rte")),
        ("max_steps", json!(8)),
        ("warmup_steps", json!(0.25)),
        ("lr_scheduler_type", json!("cosine")),
        ("lr_scheduler_kwargs", json!({"num_cycles": 0.5})),
        ("data_seed", json!(7)),
        ("eval_steps", json!(4.0)),
        ("logging_steps", json!(1)),
        ("logging_first_step", json!(false)),
        ("learning_rate", json!(1e-3)),
        ("max_eval_samples", json!(16)),
        ("use_cpu", json!(true)),
    ] {
        assert_eq!(settings[name], value, "{name}");
    }
    let data = read("theirs/data.json");
    assert_eq!(data["columns"], json!(["sentence1", "sentence2"]));
    assert_eq!(data["labels"], json!(["entailment", "not_entailment"]));
    assert_eq!(data["metrics"], json!(["accuracy"]));
}

/// With this field transformers draws the masks of feed-forward layers in pieces.
#[test]
fn masks_in_pieces_are_refused_by_name() {
    let bench = Bench::new();
    let mut config: Value = serde_json::from_slice(&std::fs::read(bench.path("m/config.json")).unwrap()).unwrap();
    let mut trained = |dropout: f64, size: Value, more: &str| {
        config["hidden_dropout_prob"] = json!(dropout);
        config["chunk_size_feed_forward"] = size;
        bench.write("m/config.json", config.to_string());
        let flags = format!("--task rte --model m --dataset_dir g --max_steps 1 --results_dir results {more}");
        bench.run(flags.split_whitespace())
    };
    // Python takes true for 1.
    for size in [json!(4), json!(true)] {
        let said = format!("m: config.json: `chunk_size_feed_forward` is {size}");
        let parts = [said.as_str(), "set it to 0", "leave the stream out"];
        trained(0.1, size.clone(), "--dropout_stream torch").assert_refused("chunks", 2, &parts);
    }
    trained(0.1, json!(0), "--dropout_stream torch").assert_done("no pieces");
    // Nothing is drawn there.
    trained(0.0, json!(4), "--dropout_stream torch").assert_done("no dropout");
    trained(0.1, json!(4), "").assert_done("masks of its own");
}

/// Masks that were not compared with PyTorch's are not said to be its own.
#[test]
fn masks_that_are_not_followed_are_refused_by_name() {
    let bench = Bench::new();
    let read = |path: PathBuf| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap();
    let vocabulary = read(bench.path("m/config.json"))["vocab_size"].clone();
    for (variant, part) in [("deberta_v2_conv_pair", "`conv_kernel_size`"), ("deberta_pair", "not for deberta;")] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families").join(variant);
        let mut config = read(folder.join("config.json"));
        config["vocab_size"] = vocabulary.clone();
        config["hidden_dropout_prob"] = json!(0.1);
        bench.write("m/config.json", config.to_string());
        let flags = "--task rte --model m --dataset_dir g --max_steps 1 --results_dir results --dropout_stream torch";
        bench.run(flags.split(' ')).assert_refused(variant, 2, &[part, "--hidden_dropout_prob 0"]);
    }
}

/// What the script would run is what the run was made of.
#[test]
fn a_script_is_of_the_run_or_is_not_written() {
    let (bench, record) = trained("");
    let record = bench.path(&record).display().to_string();
    let write = || parity(&bench, &record, "--write theirs");
    write().assert_done("as it was");
    let refused = |part: &str| {
        let ended = write();
        assert!(ended.code == Some(2) && ended.stderr.contains(part), "{part}: {}{}", ended.stdout, ended.stderr);
    };
    let with_last_byte_changed = |file: &str| {
        let mut bytes = std::fs::read(bench.path(file)).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        bytes
    };
    for file in ["m/model.safetensors", "g/rte/train-00000-of-00001.parquet"] {
        let before = std::fs::read(bench.path(file)).unwrap();
        bench.write(file, with_last_byte_changed(file));
        refused("has changed");
        bench.write(file, before);
    }
    write().assert_done("as it was once more");
    // Where sentence-transformers lays a model, the script does not find it.
    for file in std::fs::read_dir(bench.path("m")).unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        bench.write(&format!("st/0_Transformer/{name}"), std::fs::read(file.path()).unwrap());
    }
    let modules =
        json!([{"idx": 0, "name": "0", "path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}]);
    bench.write("st/modules.json", modules.to_string());
    let flags = "--task rte --model st --dataset_dir g --max_steps 1 --logging_steps 1 --results_dir of_st";
    bench.run(flags.split(' ')).assert_done("a folder of sentence-transformers");
    let below = parity(&bench, "of_st", "--write theirs");
    assert!(below.code == Some(2) && below.stderr.contains("st: the model lies in a folder below"), "{}", below.stderr);
    // Relative folders are of where the run was made.
    std::fs::rename(bench.path("m"), bench.path("elsewhere")).unwrap();
    refused("m is no folder here");
    bench.write("afile", "");
    std::fs::rename(bench.path("elsewhere"), bench.path("m")).unwrap();
    let ended = parity(&bench, &record, "--write afile");
    assert_eq!(ended.code, Some(2), "a file in the place of a folder: {}", ended.stderr);
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let (bench, record) = trained("--layerwise_lr_decay 0.9");
    let refused = |more: &str, part: &str| {
        let ended = parity(&bench, &record, more);
        assert!(ended.code == Some(2) && ended.stderr.contains(part), "{more}: {}{}", ended.stdout, ended.stderr);
    };
    refused("--write theirs", "--layerwise_lr_decay 0.9, which the script does not follow");
    refused("--against absent.json", "cannot read absent.json");
    refused("", "--write <DIR>|--against <FILE>");
    for flag in ["--charts y", "--json", "--tolerance 5"] {
        refused(&format!("--write theirs {flag}"), "cannot be used with");
    }
    bench.write("theirs.json", json!({"log_history": []}).to_string());
    refused("--against theirs.json", "theirs.json has no such row of the log");
    bench.write("theirs.json", "{");
    refused("--against theirs.json", "theirs.json is no JSON");
    let folder = parity(&bench, "m", "--against theirs.json");
    assert!(folder.stderr.contains("m: holds no record of a training"), "{}", folder.stderr);
}

#[test]
fn what_is_of_another_place_or_other_weights_is_not_compared_without_a_word() {
    let (bench, record) = trained(
        "--dropout_stream torch --tokenizer_name m2 --eval_strategy steps --eval_steps 4 --save_steps 4 --load_best_model_at_end --output_dir out",
    );
    let refused = parity(&bench, &record, "--write theirs");
    assert!(refused.code == Some(2) && refused.stderr.contains("--tokenizer_name"), "{}", refused.stderr);
    write_state(&bench, |_| ());
    let best = parity(&bench, &record, "--against theirs/trainer_state.json");
    best.assert_done("the best weights");
    assert!(
        best.stdout.contains("their metrics are not compared") && !best.stdout.contains("at the end"),
        "{}",
        best.stdout
    );
}
