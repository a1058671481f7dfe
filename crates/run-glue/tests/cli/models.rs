//! `run-glue models`: families, and the size of checkpoints.

use crate::support::program::Bench;
use serde_json::{Value, json};

#[test]
fn the_families_are_listed() {
    let bench = Bench::new();
    let ended = bench.run(["models"]);
    ended.assert_done("list");
    for family in ["bert ", "distilbert ", "roberta ", "xlm-roberta ", "deberta-v2 ", "modernbert "] {
        assert!(ended.stdout.lines().any(|line| line.starts_with(family)), "{family}: {}", ended.stdout);
    }
    let listed: Value = serde_json::from_str(&bench.run(["models", "--json"]).stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), ended.stdout.lines().count());
    assert_eq!(listed[0], json!({"model_type": "bert", "architecture": "BertForSequenceClassification"}));
}

/// The sizes that everybody knows.
#[test]
fn a_checkpoint_is_measured() {
    let bench = Bench::new();
    let bert = json!({
        "model_type": "bert", "vocab_size": 28996, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
        "intermediate_size": 3072, "max_position_embeddings": 512, "type_vocab_size": 2,
    });
    bench.write("b/config.json", bert.to_string());
    let facts: Value = serde_json::from_str(&bench.run(["models", "b", "--json"]).stdout).unwrap();
    assert_eq!(facts["parameters"], 108_311_810);
    assert_eq!(facts["weight_bytes"], 433_247_240);
    assert_eq!(facts["training_bytes"], 4 * 433_247_240_u64);
    let ended = bench.run(["models", "b", "--batch-size", "8", "--max-seq-length", "999"]);
    ended.assert_done("words");
    assert!(ended.stdout.contains("parameters 108,311,810 ("), "{}", ended.stdout);
    assert!(ended.stdout.contains("for 8 x 512 tokens"), "{}", ended.stdout);

    for (flag, value) in [("--num_labels", "0"), ("--batch_size", "1000000000000"), ("--max_seq_length", "0")] {
        let wrong = bench.run(["models", "b", flag, value]);
        wrong.assert_refused(flag, 2, &[flag, value, "expected a whole number from 1 to 1000000"]);
    }

    let quantized = json!({"model_type": "bert", "quantization_config": {"quant_method": "gptq", "bits": 4}});
    bench.write("b/config.json", quantized.to_string());
    let named = ["b: config.json: `quantization_config` is \"gptq\"", "take the model that it was made of"];
    bench.run(["models", "b"]).assert_one_line("quantized", &named);
    bench.write("b/config.json", "{\"model_type\": \"bart\"}");
    bench.run(["models", "b"]).assert_one_line("unknown", &["b: config.json: `model_type` is \"bart\"", "modernbert"]);
    bench.run(["models", "./none"]).assert_one_line("absent", &["there is no such folder"]);
}
