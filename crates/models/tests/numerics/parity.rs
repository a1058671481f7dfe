//! Logits, losses and gradients against transformers (`scripts/fixtures/logits.py`), and every layout of checkpoint files.

use std::path::{Path, PathBuf};

use burn::module::AutodiffModule;
use models::batch::TokenBatch;
use models::checkpoint::{CheckpointError, HeadUse, LoadOptions, LoadReport, WeightFiles, load};
use models::config::Config;
use models::encoder::family;
use models::head::{SequenceClassifier, loss};
use models::ops::{DropoutPlan, Precision};
use models::parameter_specs::ParameterSpec;
use models::torch_rng::TorchRng;
use serde_json::Value;

use crate::support::{Ad, fixture, gradients, integers, json, mean, numbers, targets};

fn folder(name: &str) -> PathBuf {
    fixture("logits").join(name)
}

fn expected(name: &str) -> Value {
    json(&format!("logits/{name}/expected.json"))
}

fn open(
    dir: &Path,
    num_labels: usize,
    seed: u64,
) -> Result<(SequenceClassifier<Ad>, Vec<ParameterSpec>, LoadReport), CheckpointError> {
    let config = Config::read(&dir.join("config.json")).expect("config.json");
    let family = family(&config).expect("a known family");
    let names = (family.parameter_specs)(&config).expect("names");
    let model = SequenceClassifier::zeros(
        (family.architecture)(&config).expect("a BERT"),
        num_labels,
        Precision::F32,
        &Default::default(),
    );
    let files = WeightFiles::find(dir)?;
    let options = LoadOptions {
        model_type: "bert".to_owned(),
        prefix: family.prefix,
        initializer_range: 0.02,
        padding_rows: Vec::new(),
        head: HeadUse::MustFit,
    };
    let (model, report) = load(model, &names, &files, &options, &mut TorchRng::new(seed))?;
    Ok((model, names, report))
}

/// A fixture's batch in one of the two layouts.
fn batch(case: &Value, pad_to: Option<usize>) -> TokenBatch {
    let [ids, types, mask] = ["input_ids", "token_type_ids", "attention_mask"].map(|name| integers(&case[name]));
    let cut: Vec<(Vec<u32>, Vec<u8>)> = ids
        .iter()
        .zip(&types)
        .zip(&mask)
        .map(|((ids, types), mask)| {
            let n = mask.iter().sum::<u32>() as usize;
            (ids[..n].to_vec(), types[..n].iter().map(|&v| v as u8).collect())
        })
        .collect();
    let rows: Vec<(&[u32], &[u8])> = cut.iter().map(|(ids, types)| (&ids[..], &types[..])).collect();
    TokenBatch::new(&rows, 0, pad_to, 0)
}

/// Largest absolute difference of logits over a case's batches.
fn logits_error(model: &SequenceClassifier<Ad>, cases: &Value) -> f64 {
    let model = model.valid();
    let mut worst: f64 = 0.0;
    for case in cases.as_array().unwrap() {
        for pad_to in [None, Some(0), Some(40)] {
            let logits = model.forward(&batch(case, pad_to), &mut DropoutPlan::evaluate());
            let logits: Vec<f64> = logits.to_data().iter::<f64>().collect();
            let expected = numbers(&case["logits"]);
            assert_eq!(logits.len(), expected.len());
            worst = logits.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(worst, f64::max);
        }
    }
    worst
}

#[test]
fn logits_are_transformers_within_2e_5() {
    for name in ["uncased_2", "uncased_1", "cased_3", "cased_2"] {
        let expected = expected(name);
        let num_labels = expected["num_labels"].as_u64().unwrap() as usize;
        let (model, _, report) = open(&folder(name), num_labels, 42).unwrap();
        assert!(report.initialized.is_empty() && report.unused.is_empty(), "{report:?}");
        let error = logits_error(&model, &expected["batches"]);
        println!("{name}: largest difference of logits {error:.2e}");
        assert!(error <= 2e-5, "{name}: {error}");
        for case in expected["batches"].as_array().unwrap() {
            let targets = targets(case, num_labels);
            let logits = model.forward(&batch(case, None), &mut DropoutPlan::evaluate());
            let loss: f64 = loss(logits, &targets, mean(&targets)).into_data().iter::<f64>().sum();
            let wanted = case["loss"].as_f64().unwrap();
            assert!((loss - wanted).abs() <= 1e-5 * wanted.abs().max(1.0), "{name}: loss {loss}, expected {wanted}");
        }
    }
}

#[test]
fn gradients_are_transformers_within_1e_4() {
    for name in ["uncased_2", "uncased_1", "cased_3", "cased_2"] {
        let expected = expected(name);
        let num_labels = expected["num_labels"].as_u64().unwrap() as usize;
        let (model, names, _) = open(&folder(name), num_labels, 42).unwrap();
        for wanted in expected["gradients"].as_array().unwrap() {
            let case = expected["batches"].as_array().unwrap().iter().find(|c| c["name"] == wanted["batch"]).unwrap();
            let targets = targets(case, num_labels);
            let logits = model.forward(&batch(case, None), &mut DropoutPlan::train(1, 1));
            let grads = loss(logits, &targets, mean(&targets)).backward();
            let found = gradients(&model, &grads);
            let total = wanted["global_norm"].as_f64().unwrap();
            let mut compared = 0;
            for entry in &names {
                let whole = &found[&entry.parameter];
                for (tensor, piece) in entry.tensors.iter().zip(whole.chunks(whole.len() / entry.tensors.len())) {
                    let full = entry.full_name(tensor, "bert.");
                    let norm = piece.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
                    let reference = wanted["norms"][&full].as_f64().expect(&full);
                    // A key's bias has no influence on the loss: its gradient is rounding noise.
                    assert!(
                        (norm - reference).abs() <= 1e-4 * reference + 1e-6 * total,
                        "{name} {full}: {norm} {reference}"
                    );
                    compared += 1;
                }
            }
            assert_eq!(compared, wanted["norms"].as_object().unwrap().len());
        }
    }
}

#[test]
fn every_layout_of_files_loads() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("loading_") {
            continue;
        }
        seen += 1;
        let expected_case = expected(&name);
        let seed = expected_case["seed"].as_u64().unwrap_or(42);
        let (model, _, report) = open(&folder(&name), 2, seed).unwrap_or_else(|e| panic!("{name}: {e}"));
        let list = |key: &str| -> Vec<String> {
            let items = expected_case[key].as_array().map(Vec::as_slice).unwrap_or_default();
            items.iter().map(|v| v.as_str().unwrap().to_owned()).collect()
        };
        let mut initialized = report.initialized.clone();
        let mut wanted = list("initialized");
        initialized.sort();
        wanted.sort();
        assert_eq!(initialized, wanted, "{name}");
        // The report has the file's own names; transformers lists the modern spelling of old ones.
        let modern = |name: &String| {
            name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
        };
        let mut unused: Vec<String> =
            report.unused.iter().filter(|n| !n.ends_with("position_ids")).map(modern).collect();
        let mut wanted = list("unexpected");
        unused.sort();
        wanted.sort();
        assert_eq!(unused, wanted, "{name}");
        let batches = match expected_case["same_as"].as_str() {
            Some(other) => expected(other)["batches"].clone(),
            None => expected_case["batches"].clone(),
        };
        let error = logits_error(&model, &batches);
        assert!(error <= 2e-5, "{name}: {error}");
    }
    assert!(seen >= 10);
}

#[test]
fn broken_checkpoints_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let copy = |name: &str| std::fs::copy(folder("loading_base").join(name), dir.path().join(name)).unwrap();
    copy("config.json");
    let message = |labels| open(dir.path(), labels, 42).map(|_| ()).expect_err("an error").to_string();
    assert!(message(2).contains("no weights found"));
    copy("model.safetensors");
    assert!(message(5).contains("`classifier.weight` has shape [2, 20] in the checkpoint"), "{}", message(5));
    let path = dir.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    for cut in [0, 4, 100, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        assert!(
            message(2).contains("model.safetensors is not a whole safetensors file"),
            "cut at {cut}: {}",
            message(2)
        );
    }
    std::fs::remove_file(&path).unwrap();
    let bytes = std::fs::read(folder("loading_bin").join("pytorch_model.bin")).unwrap();
    std::fs::write(dir.path().join("pytorch_model.bin"), &bytes[..bytes.len() / 2]).unwrap();
    assert!(message(2).contains("pytorch_model.bin is not a whole PyTorch file"), "{}", message(2));
}
