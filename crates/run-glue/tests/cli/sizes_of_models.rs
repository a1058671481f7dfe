//! The real program on models whose files do not fit each other in size: one error, and no memory taken.

use crate::support::program::{Bench, RUN, check};
use serde_json::{Value, json};

fn edit(bench: &Bench, name: &str, edit: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(bench.path(name)).unwrap()).unwrap();
    edit(&mut value);
    bench.write(name, value.to_string());
}

fn set_config(bench: &Bench, field: &str, value: Value) {
    edit(bench, "m/config.json", |config| config[field] = value);
}

/// A tokenizer.json that is taken as it stands, what it puts around the texts included.
fn edit_tokenizer(bench: &Bench, pad_token: &str, change: impl FnOnce(&mut Value)) {
    let config = json!({
        "tokenizer_class": "TokenizersBackend", "pad_token": pad_token,
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
    });
    bench.write("m/tokenizer_config.json", config.to_string());
    edit(bench, "m/tokenizer.json", change);
}

#[test]
fn sizes_beyond_the_weights_are_refused() {
    check(&[
        (
            "more labels than memory",
            |b| set_config(b, "num_labels", json!(4_000_000_000_u64)),
            &["m: config.json: `num_labels` is 4000000000, expected at most 1000000"],
        ),
        (
            "more positions than the weights",
            |b| set_config(b, "max_position_embeddings", json!(100_000_000)),
            &["m: config.json asks for 6400130369 parameters", "weights are 138496 numbers", "belong to two models"],
        ),
        (
            "a type id without a row",
            |b| edit_tokenizer(b, "[PAD]", |file| file["post_processor"]["pair"][3]["Sequence"]["type_id"] = json!(5)),
            &["m: its tokenizer gives tokens the type id 5", "2 kinds of token (type_vocab_size in config.json)"],
        ),
        (
            "a padding token without a row",
            |b| {
                let padding = json!({
                    "id": 405, "content": "[FILL]", "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false, "special": true,
                });
                edit_tokenizer(b, "[FILL]", |file| file["added_tokens"].as_array_mut().unwrap().push(padding));
            },
            &["m: the padding token has the id 405", "embedding has 405 rows", "vocab_size in config.json"],
        ),
    ]);
}

#[test]
fn a_tokenizer_that_is_taken_as_it_stands_trains() {
    let bench = Bench::new();
    edit_tokenizer(&bench, "[PAD]", |_| {});
    bench.run(["--task", "rte"].into_iter().chain(RUN)).assert_done("as it stands");
}
