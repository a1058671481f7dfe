//! Training runs with adapters beside the Hugging Face Trainer's with `peft` (`scripts/fixtures/adapters.py`): every loss and gradient norm,
//! and the adapter at the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use models::checkpoint::read_safetensors;
use models::parameters::HostTensor;
use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What a person types for the run of a fixture.
fn flags(name: &str) -> &'static [&'static str] {
    match name {
        name if name.ends_with("_all_linear") => {
            &["--peft", "lora", "--target_modules", "all-linear", "--lora_r", "4", "--lora_alpha", "16"]
        }
        name if name.ends_with("_lora") => &["--peft", "lora"],
        "bert_lora_rslora" => &["--peft", "lora", "--lora_r", "4", "--lora_alpha", "8", "--use_rslora"],
        "bert_lora_bias_all" => &["--peft", "lora", "--lora_r", "2", "--lora_bias", "all"],
        "deberta_lora_bias_all" => &[
            "--peft",
            "lora",
            "--lora_r",
            "2",
            "--lora_bias",
            "all",
            "--target_modules",
            "in_proj,pos_proj,pos_q_proj",
        ],
        "bert_lora_bias_lora_only" => &["--peft", "lora", "--lora_r", "2", "--lora_bias", "lora_only"],
        "bert_lora_pooler_saved" => {
            &["--peft", "lora", "--lora_r", "3", "--target_modules", "key", "--modules_to_save", "pooler"]
        }
        "bert_ia3_intermediate" => &["--peft", "ia3", "--target_modules", "intermediate.dense,query"],
        _ => &["--peft", "ia3"],
    }
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(fixtures().join("adapters")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The fixture's run with `extra` flags; gives the folder that holds `out` and `results`.
fn train(name: &str, extra: &[&str]) -> tempfile::TempDir {
    let expected = json(&fixtures().join("adapters").join(name).join("expected.json"));
    let checkpoint = fixtures().join("trajectory/checkpoints").join(expected["checkpoint"].as_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_run-glue"));
    command.args(["--task", "mrpc", "--model"]).arg(checkpoint).args(flags(name)).args(extra);
    command.arg("--dataset_dir").arg(fixtures().join("trajectory/data/glue"));
    command.arg("--output_dir").arg(folder.path().join("out"));
    command.arg("--results_dir").arg(folder.path().join("results"));
    for (flag, value) in expected["arguments"].as_object().unwrap() {
        if extra.contains(&format!("--{flag}").as_str()) {
            continue;
        }
        command.arg(format!("--{flag}")).arg(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    folder
}

fn steps(history: &Value) -> Vec<&Value> {
    history.as_array().unwrap().iter().filter(|row| row.get("loss").is_some()).collect()
}

fn compare_log(name: &str, out: &Path) {
    let ours = json(&out.join("trainer_state.json"));
    let theirs = json(&fixtures().join("adapters").join(name).join("log_history.json"));
    let (ours, theirs) = (steps(&ours["log_history"]), steps(&theirs));
    assert_eq!((ours.len(), theirs.len()), (20, 20), "{name}: number of logged steps");
    let mut worst = [0.0f64; 2];
    for (a, b) in ours.iter().zip(&theirs) {
        for (worst, key) in worst.iter_mut().zip(["loss", "grad_norm"]) {
            let [x, y] = [a, b].map(|row| row[key].as_f64().unwrap());
            let difference = (x - y).abs() / y.abs();
            assert!(difference <= 1e-4, "{name}, step {}: {key} {x}, expected {y}", a["step"]);
            *worst = worst.max(difference);
        }
    }
    println!("{name}: largest relative difference of loss and grad_norm: {worst:?}");
}

fn adapter(path: &Path) -> BTreeMap<String, HostTensor> {
    let mut tensors: BTreeMap<_, _> = read_safetensors(path).unwrap().into_iter().collect();
    // Copies that peft writes beside those that it reads.
    tensors.retain(|name, _| !name.contains(".original_module.") && !name.contains(".modules_to_save."));
    tensors
}

#[test]
fn runs_with_adapters_follow_the_trainer_with_peft() {
    let names = names();
    assert!(names.len() >= 20, "{names:?}");
    for name in names {
        let folder = train(&name, &[]);
        let out = folder.path().join("out");
        compare_log(&name, &out);
        let theirs = fixtures().join("adapters").join(&name);
        let (ours, reference) =
            (adapter(&out.join("adapter_model.safetensors")), adapter(&theirs.join("adapter_model.safetensors")));
        assert_eq!(ours.keys().collect::<Vec<_>>(), reference.keys().collect::<Vec<_>>(), "{name}");
        for (tensor, theirs) in &reference {
            assert_eq!(ours[tensor].shape, theirs.shape, "{name} {tensor}");
            // Attention does not depend on the keys' bias; its gradient is rounding noise that Adam blows up.
            if !tensor.ends_with("key.bias") {
                for (a, b) in ours[tensor].values.iter().zip(&theirs.values) {
                    assert!((a - b).abs() <= 1e-5, "{name} {tensor}: {a}, expected {b}");
                }
            }
        }
        assert!(!out.join("model.safetensors").exists(), "{name}: the whole model was written too");
        // What the two say of the adapter is the same, as far as both say it.
        let (ours, reference) = (json(&out.join("adapter_config.json")), json(&theirs.join("adapter_config.json")));
        for (field, value) in ours.as_object().unwrap() {
            let sorted = |value: &Value| match value.as_array() {
                Some(list) => {
                    let mut names: Vec<&str> = list.iter().map(|name| name.as_str().unwrap()).collect();
                    names.sort_unstable();
                    names.join(",")
                }
                None => value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string()),
            };
            let is_own =
                field == "base_model_name_or_path" || name.ends_with("_all_linear") && field == "target_modules";
            let theirs = reference.get(field).unwrap_or(&Value::Null);
            assert!(is_own || sorted(value) == sorted(theirs), "{name}: {field} is {value}, and {theirs} of peft");
        }
    }
}

#[test]
fn layouts_accumulation_and_layers_computed_again_change_nothing() {
    for (name, flags) in [
        ("bert_lora", &["--pad_to_max_length", "true"] as &[&str]),
        ("bert_lora", &["--per_device_train_batch_size", "4", "--gradient_accumulation_steps", "2"]),
        ("deberta_lora_bias_all", &["--gradient_checkpointing", "true"]),
        ("deberta_v3_lora", &["--gradient_checkpointing", "true"]),
        ("bert_ia3", &["--gradient_checkpointing", "true"]),
        ("modernbert_lora_all_linear", &["--backend", "ndarray", "--pad_to_max_length", "true"]),
    ] {
        if flags.contains(&"ndarray") && !cfg!(feature = "ndarray") {
            continue;
        }
        let folder = train(name, flags);
        compare_log(name, &folder.path().join("out"));
    }
}
