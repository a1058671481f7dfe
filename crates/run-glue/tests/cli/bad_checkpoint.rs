//! The real program on broken checkpoints: one error, exit code 2, nothing written.

use crate::support::program::{Bench, RUN, check};
use serde_json::{Map, Value, json};

const WEIGHTS: &str = "m/model.safetensors";

/// An index of shards in place of the one file.
fn index(bench: &Bench, text: &str) {
    bench.remove(WEIGHTS);
    bench.write("m/model.safetensors.index.json", text);
}

fn set_config(bench: &Bench, field: &str, value: Value) {
    let mut config: Value = serde_json::from_slice(&std::fs::read(bench.path("m/config.json")).unwrap()).unwrap();
    let fields = config.as_object_mut().unwrap();
    if value.is_null() {
        fields.remove(field);
    } else {
        fields.insert(field.to_owned(), value);
    }
    bench.write("m/config.json", config.to_string());
}

/// Changes a safetensors file: its header, and the bytes behind it.
fn edit_weights(bench: &Bench, edit: impl FnOnce(&mut Map<String, Value>, &mut [u8])) {
    let bytes = std::fs::read(bench.path(WEIGHTS)).unwrap();
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let (mut header, mut data) = (serde_json::from_slice(header).unwrap(), data.to_vec());
    edit(&mut header, &mut data);
    let header = Value::Object(header).to_string();
    bench.write(WEIGHTS, [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat());
}

#[test]
fn broken_configurations() {
    check(&[
        (
            "absent",
            |b| b.remove("m/config.json"),
            &["m: there is no config.json", "expected a folder with config.json"],
        ),
        ("cut off", |b| b.cut("m/config.json", 300), &["m/config.json is not a JSON object", "is the file whole?"]),
        ("a list", |b| b.write("m/config.json", "[1]"), &["m/config.json is not a JSON object"]),
        (
            "without a field",
            |b| set_config(b, "vocab_size", Value::Null),
            &["m: config.json has no field `vocab_size`", "`bert` model"],
        ),
        (
            "a field of another kind",
            |b| set_config(b, "hidden_size", json!("64")),
            &["m: config.json: `hidden_size` is \"64\"", "a whole number of at least 1"],
        ),
        (
            "another model_type",
            |b| set_config(b, "model_type", json!("funnel")),
            &["m: config.json: `model_type` is \"funnel\"", "supported: bert"],
        ),
        (
            "no model_type",
            |b| set_config(b, "model_type", Value::Null),
            &["m: config.json: `model_type` is absent, expected one of: bert"],
        ),
        (
            "activation",
            |b| set_config(b, "hidden_act", json!("gelo")),
            &["`hidden_act` is \"gelo\"", "supported: gelu"],
        ),
        ("heads", |b| set_config(b, "num_attention_heads", json!(5)), &["multiple of num_attention_heads (5)"]),
        ("dropout", |b| set_config(b, "hidden_dropout_prob", json!(2)), &["`hidden_dropout_prob` is 2", "below 1"]),
        ("epsilon", |b| set_config(b, "layer_norm_eps", json!(-1)), &["`layer_norm_eps` is -1", "0 or more"]),
        ("deviation", |b| set_config(b, "initializer_range", json!(-1)), &["`initializer_range` is -1", "0 or more"]),
        (
            "more layers than memory",
            |b| set_config(b, "num_hidden_layers", json!(1_000_000_000)),
            &["m: config.json: `num_hidden_layers` is 1000000000, expected 1 to 10000"],
        ),
        (
            "more layers of ALBERT",
            |b| {
                set_config(b, "model_type", json!("albert"));
                set_config(b, "inner_group_num", json!(9_999));
            },
            &["m: config.json: `inner_group_num` is 9999, expected at most 10000 layers in all"],
        ),
        ("more width than memory", |b| set_config(b, "hidden_size", json!(1u64 << 40)), &["at most 1e10 parameters"]),
        ("more width than numbers", |b| set_config(b, "intermediate_size", json!(u64::MAX)), &["1e10 parameters"]),
        (
            "vocabulary larger than the embedding",
            |b| set_config(b, "vocab_size", json!(300)),
            &[
                "row 0 (counted from 0) has the token `",
                "with id 3",
                "embedding has 300 rows",
                "vocab_size in config.json",
            ],
        ),
        (
            "three positions",
            |b| set_config(b, "max_position_embeddings", json!(3)),
            &["--max_seq_length is 3 (lowered from 128 to the model's number of positions)", "at least 4"],
        ),
    ]);
}

#[test]
fn broken_weights() {
    check(&[
        (
            "cut in the middle",
            |b| b.cut(WEIGHTS, 100_000),
            &[WEIGHTS, "is not a whole safetensors file", "copy it again"],
        ),
        ("cut in the header", |b| b.cut(WEIGHTS, 100), &[WEIGHTS, "is not a whole safetensors file"]),
        ("cut to nothing", |b| b.cut(WEIGHTS, 0), &[WEIGHTS, "is not a whole safetensors file"]),
        ("text", |b| b.write(WEIGHTS, "an error page, for example"), &[WEIGHTS, "is not a whole safetensors file"]),
        ("absent", |b| b.remove(WEIGHTS), &["m: no weights found", "model.safetensors", "pytorch_model.bin"]),
        (
            "a pickle that is none",
            |b| {
                b.remove(WEIGHTS);
                b.write("m/pytorch_model.bin", "an error page, for example");
            },
            &["m/pytorch_model.bin is not a whole PyTorch file"],
        ),
        (
            "an index of no shards",
            |b| index(b, r#"{"weight_map":{}}"#),
            &["m/model.safetensors.index.json", "names no file"],
        ),
        (
            "an index of a shard that is not there",
            |b| index(b, r#"{"weight_map":{"x":"model-1.safetensors"}}"#),
            &["m/model.safetensors.index.json", "the shard model-1.safetensors", "not there"],
        ),
        (
            "an index that leads out of the folder",
            |b| index(b, r#"{"weight_map":{"x":"../x.safetensors"}}"#),
            &["m/model.safetensors.index.json", "`../x.safetensors` is not a plain file name"],
        ),
        (
            "a tensor of another shape",
            |b| {
                edit_weights(b, |header, _| {
                    header["embeddings.position_embeddings.weight"]["shape"] = json!([64, 128]);
                });
            },
            &["m: tensor `embeddings.position_embeddings.weight`", "shape [64, 128]", "config.json asks for [128, 64]"],
        ),
        (
            "a configuration of another width",
            |b| set_config(b, "hidden_size", json!(128)),
            &["m: tensor `embeddings.word_embeddings.weight`", "shape [405, 64]", "config.json asks for [405, 128]"],
        ),
        (
            "tensors of another element type",
            |b| {
                edit_weights(b, |header, _| {
                    header["embeddings.position_embeddings.weight"]["dtype"] = json!("I16");
                });
            },
            &[
                "m/model.safetensors",
                "`embeddings.position_embeddings.weight`",
                "I16",
                "expected F32, F16, BF16 or F64",
            ],
        ),
        (
            "the tensors of something else",
            |b| {
                edit_weights(b, |header, _| {
                    let renamed = |(name, tensor)| (format!("x.{name}"), tensor);
                    header.remove("__metadata__");
                    *header = std::mem::take(header).into_iter().map(renamed).collect();
                });
            },
            &["m: the checkpoint holds no tensor of a `bert` encoder", "its first tensors: x."],
        ),
    ]);
}

#[test]
fn broken_tokenizers() {
    check(&[
        (
            "cut off",
            |b| b.cut("m/tokenizer.json", 4000),
            &["m/tokenizer.json is not a tokenizer", "Fetch the checkpoint"],
        ),
        ("no model in it", |b| b.write("m/tokenizer.json", "{}"), &["m/tokenizer.json is not a tokenizer"]),
        ("settings cut off", |b| b.cut("m/tokenizer_config.json", 100), &["m/tokenizer_config.json is not valid"]),
        (
            "none",
            |b| ["m/tokenizer.json", "m/vocab.txt"].iter().for_each(|name| b.remove(name)),
            &["m: the checkpoint has no tokenizer", "as a BertTokenizer: looked for tokenizer.json, and for vocab.txt"],
        ),
        (
            "empty vocabulary",
            |b| {
                b.remove("m/tokenizer.json");
                b.cut("m/vocab.txt", 0);
            },
            &["m/vocab.txt has no [CLS]", "tokenizer_config.json"],
        ),
        (
            "vocabulary of bytes",
            |b| {
                b.remove("m/tokenizer.json");
                b.write("m/vocab.txt", b"[PAD]\n\xff\xfe\n");
            },
            &["m/vocab.txt is not a vocabulary", "UTF-8"],
        ),
    ]);
}

#[test]
fn a_checkpoint_of_nan_trains_to_a_record_that_warns_and_fails() {
    let bench = Bench::new();
    edit_weights(&bench, |header, data| {
        let tensor = &header["embeddings.word_embeddings.weight"];
        let range = |i: usize| tensor["data_offsets"][i].as_u64().unwrap() as usize;
        // All bits set is NaN in every float format.
        data[range(0)..range(1)].fill(0xff);
    });
    let ended = bench.run(["--task", "rte"].into_iter().chain(RUN));
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    ended.assert_says("NaN", &["loss is no number, so the scores mean nothing; the results are written"]);
    let record = bench.record();
    let warnings = record["warnings"].to_string();
    for part in ["the training loss became NaN", "another checkpoint", "the loss on validation is NaN"] {
        assert!(warnings.contains(part) && ended.stderr.contains(part), "{part}: {warnings}\n{}", ended.stderr);
    }
    assert_eq!(record["metrics"]["loss"], Value::Null);
    // Whatever else is asked of such a model.
    for flags in [
        "--task rte --model out --dataset_dir g --do_predict --results_dir p --output_dir predicted",
        "--task rte,cola --model out --dataset_dir g --do_predict --ignore_mismatched_sizes true --results_dir q --output_dir many",
        "--task rte --model m --dataset_dir g --do_train --max_steps 1 --results_dir t",
    ] {
        let ended = bench.run(flags.split(' '));
        assert_eq!(ended.code, Some(1), "{flags}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("is no number, so the scores mean nothing; the results are written"),
            "{flags}: {}",
            ended.stderr
        );
        // Of runs that are done already it is said again.
        let again = bench.run(flags.split(' '));
        assert_eq!(again.code, Some(1), "{flags}: {}", again.stderr);
    }
}
