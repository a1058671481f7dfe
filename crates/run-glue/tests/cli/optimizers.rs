//! Optimizers, and which parameters they change.

use crate::support::program::Bench;
use models::checkpoint::read_safetensors;
use serde_json::Value;

/// Trains a few steps of `rte` on the demo's model.
fn trained(flags: &[&str]) -> Bench {
    let bench = Bench::new();
    let run =
        ["--task", "rte", "--model", "m", "--dataset_dir", "g", "--results_dir", "results", "--output_dir", "out"];
    let steps = ["--max_steps", "12", "--logging_steps", "1", "--seed", "3", "--save_strategy", "no"];
    bench.run(run.iter().chain(&steps).chain(flags).copied()).assert_done(&flags.join(" "));
    bench
}

fn losses(bench: &Bench) -> Vec<f64> {
    let state: Value = serde_json::from_slice(&std::fs::read(bench.path("out/trainer_state.json")).unwrap()).unwrap();
    state["log_history"].as_array().unwrap().iter().filter_map(|row| row.get("loss")?.as_f64()).collect()
}

/// The tensors of the encoder that are not those of the checkpoint any more.
fn changed(bench: &Bench) -> Vec<String> {
    let before = read_safetensors(&bench.path("m/model.safetensors")).unwrap();
    let after = read_safetensors(&bench.path("out/model.safetensors")).unwrap();
    // The demo's encoder has no `bert.` before its names.
    let old = |name: &str| before.get(name).or_else(|| before.get(name.strip_prefix("bert.")?));
    let mut names: Vec<String> = after.into_iter().filter_map(|(n, t)| (old(&n)? != &t).then_some(n)).collect();
    names.sort();
    names
}

#[test]
fn every_optimizer_lowers_the_loss() {
    for (name, rate) in [("adamw_torch", "1e-3"), ("adafactor", "1e-3"), ("sgd", "0.05"), ("lion", "2e-4")] {
        let losses =
            losses(&trained(&["--optim", name, "--learning_rate", rate, "--per_device_train_batch_size", "32"]));
        let (first, last) = (losses[..3].iter().sum::<f64>(), losses[9..].iter().sum::<f64>());
        assert!(last < first, "{name}: {losses:?}");
    }
}

#[test]
fn frozen_parts_stay_as_they_are() {
    let all = changed(&trained(&[]));
    assert!(all.iter().any(|name| name.contains("word_embeddings")));
    let first_frozen = changed(&trained(&["--freeze_layers", "1"]));
    assert!(!first_frozen.is_empty());
    assert!(first_frozen.iter().all(|n| !n.contains("embeddings") && !n.contains("layer.0.")), "{first_frozen:?}");
    let embeddings_frozen = changed(&trained(&["--freeze_embeddings", "--weight_decay", "0.1"]));
    assert!(embeddings_frozen.iter().any(|name| name.contains("layer.0.")));
    assert!(embeddings_frozen.iter().all(|name| !name.contains("embeddings")), "{embeddings_frozen:?}");
}

#[test]
fn what_decides_the_numbers_does() {
    let plain = losses(&trained(&[]));
    assert_eq!(plain, losses(&trained(&["--optim", "adamw_torch_fused", "--class_weights", "1,1"])));
    for flags in
        [&["--layerwise_lr_decay", "0.5"][..], &["--class_weights", "1,3"], &["--group_by_length"], &["--adafactor"]]
    {
        assert_ne!(plain, losses(&trained(flags)), "{flags:?}");
    }
    // 800 rows in batches of 64: 13 steps an epoch, or 12 full ones.
    let batches = ["--per_device_train_batch_size", "64", "--max_steps", "-1", "--num_train_epochs", "1"];
    assert_eq!(losses(&trained(&batches)).len(), 13);
    assert_eq!(losses(&trained(&[&batches[..], &["--dataloader_drop_last"]].concat())).len(), 12);
}
