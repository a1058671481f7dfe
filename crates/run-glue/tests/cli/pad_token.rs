//! The real program on tokenizers without a padding token: what it asks for, and what is saved of what it is given.

use crate::support::program::{Bench, RUN, check};
use serde_json::{Map, Value, json};

/// GPT-2's token for an end, which pads nothing by itself.
const END: &str = "<|endoftext|>";

/// Gives the model GPT-2's class of tokenizer, with a vocabulary of bytes alone.
fn without_padding(bench: &Bench) {
    for file in bench.files("m") {
        if file.contains("token") || file.contains("vocab") {
            bench.remove(&file);
        }
    }
    let ascii = ('!'..='~').chain(['Ġ', 'Ċ']).map(String::from);
    let vocab: Map<String, Value> =
        std::iter::once(END.to_owned()).chain(ascii).zip(0..).map(|(token, id)| (token, json!(id))).collect();
    bench.write("m/vocab.json", Value::Object(vocab).to_string());
    bench.write("m/merges.txt", "#version: 0.2\n");
    bench.write("m/tokenizer_config.json", json!({"tokenizer_class": "GPT2Tokenizer"}).to_string());
    bench.write("m/special_tokens_map.json", json!({"eos_token": END}).to_string());
}

fn json_of(bench: &Bench, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path(file)).unwrap()).unwrap()
}

#[test]
fn a_tokenizer_without_padding_is_refused_and_a_given_token_is_saved() {
    let bench = Bench::new();
    without_padding(&bench);
    let run = |more: &[&'static str]| bench.run(["--task", "rte"].into_iter().chain(RUN).chain(more.iter().copied()));
    let refused = run(&[]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    for part in ["names no padding token", "--pad_token '<|endoftext|>'", "tokenizer_config.json"] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    let unknown = run(&["--pad_token", "[FILL]"]);
    assert!(unknown.stderr.contains("--pad_token [FILL]: m/vocab.json has no such token"), "{}", unknown.stderr);
    run(&["--pad_token", END]).assert_done("a padding token that is given");
    for file in ["out/tokenizer_config.json", "out/special_tokens_map.json"] {
        assert_eq!(json_of(&bench, file)["pad_token"], json!(END), "{file}");
    }
    assert_eq!(json_of(&bench, "out/config.json")["pad_token_id"], json!(0));
    let record = bench.record_files().remove(0);
    assert_eq!(json_of(&bench, &record)["hyper_parameters"]["pad_token"], json!(END));
    // What is saved says it by itself.
    let again = ["--model", "out", "--task", "rte", "--dataset_dir", "g", "--do_eval", "--results_dir", "r2"];
    bench.run(again.into_iter().chain(["--output_dir", "again"])).assert_done("the saved model");
}

#[test]
fn the_padding_token_of_an_encoder_is_part_of_it() {
    let bench = Bench::new();
    let given = |token| bench.run(["--task", "rte", "--pad_token", token].into_iter().chain(RUN));
    let refused = given("[MASK]").stderr;
    assert!(refused.contains("--pad_token [MASK]: its id is"), "{refused}");
    assert!(refused.contains("a bert model is made for the padding token that it has"), "{refused}");
    given("[PAD]").assert_done("its own");
}

#[test]
fn left_padding_is_said_where_it_matters() {
    let bench = Bench::new();
    let mut config = json_of(&bench, "m/tokenizer_config.json");
    config["padding_side"] = json!("left");
    bench.write("m/tokenizer_config.json", config.to_string());
    let done = bench.run(["--task", "rte"].into_iter().chain(RUN));
    done.assert_done("padding at the left");
    assert!(done.stderr.contains("padding_side=left"), "{}", done.stderr);
}

#[test]
fn classes_of_other_algorithms_are_refused() {
    check(&[(
        "a vocabulary of words and a class of bytes",
        |b| b.write("m/tokenizer_config.json", json!({"tokenizer_class": "GPT2Tokenizer"}).to_string()),
        &["m/tokenizer.json holds a WordPiece model", "GPT2Tokenizer, whose vocabulary is byte-level BPE"],
    )]);
}
