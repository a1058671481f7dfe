//! Tokenizing, on tokenizers small enough to check by eye. Every expected id was produced by Python `transformers`
//! 5.23 from the same files.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use trainer::tokenize::{TextTokenizer, TokenizeError, TokenizerFiles, effective_max_seq_length};

type Row<'a> = (&'a str, Option<&'a str>);

/// Ids 0 to 19.
const VOCAB: [&str; 20] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "un", "##believ", "##ab", "##ly", ".", "cafe",
    "café", "Cat", "猫", "##s", ",", "a",
];

const LONG: &str = "the cat sat . the cat ,";
/// Three words, six tokens: the last word has four.
const SPLIT: &str = "a cat unbelievably";
const MIXED: &str = "The CAFÉ, dog 猫猫 [SEP] [MASK]cats";

fn folder(files: &[(&str, String)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn load(folder: &Path) -> Result<TextTokenizer, TokenizeError> {
    TextTokenizer::load(&TokenizerFiles::in_folder(folder))
}

fn loaded(files: &[(&str, String)]) -> TextTokenizer {
    load(folder(files).path()).unwrap()
}

fn failure(files: &[(&str, String)]) -> String {
    load(folder(files).path()).unwrap_err().to_string()
}

fn vocab_txt() -> (&'static str, String) {
    ("vocab.txt", VOCAB.join("\n") + "\n")
}

fn config(settings: Value) -> (&'static str, String) {
    ("tokenizer_config.json", settings.to_string())
}

/// The same vocabulary as a `tokenizer.json`, with leftovers of whoever saved it.
fn bert_json(lowercase: bool) -> Value {
    let vocab: serde_json::Map<String, Value> =
        VOCAB.iter().enumerate().map(|(id, token)| (token.to_string(), json!(id))).collect();
    let special = |id: usize| {
        json!({"id": id, "content": VOCAB[id], "single_word": false, "lstrip": false, "rstrip": false,
               "normalized": false, "special": true})
    };
    json!({
        "version": "1.0",
        "truncation": {"max_length": 6, "strategy": "OnlyFirst", "stride": 2, "direction": "Right"},
        "padding": {"strategy": {"Fixed": 32}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                    "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": (0..5).map(special).collect::<Vec<_>>(),
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": lowercase},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocab},
    })
}

/// Byte-level BPE as RoBERTa has it.
fn roberta_json() -> Value {
    let special = |(id, content): (usize, &&str)| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": *content == "<mask>", "rstrip": false,
               "normalized": false, "special": true})
    };
    let added: Vec<Value> = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"].iter().enumerate().map(special).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true,
                           "add_prefix_space": false},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                  "vocab": {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "a": 5, "b": 6, "Ġ": 7, "ab": 8,
                            "Ġa": 9, "Ġab": 10},
                  "merges": [["a", "b"], ["Ġ", "a"], ["Ġa", "b"]]},
    })
}

fn ids(tokenizer: &TextTokenizer, row: Row<'_>, max_seq_length: usize) -> Vec<u32> {
    tokenizer.encode(&[row], max_seq_length).unwrap().row(0).0.to_vec()
}

/// Rows, a length, the ids, and where type id 1 begins.
const BERT_CASES: [(Row<'static>, usize, &[u32], usize); 18] = [
    (("the cat sat.", None), 128, &[2, 5, 6, 7, 12, 3], 6),
    (("the cat sat.", None), 4, &[2, 5, 6, 3], 4),
    (("the cat sat.", None), 3, &[2, 5, 3], 3),
    (("", None), 3, &[2, 3], 2),
    ((MIXED, None), 128, &[2, 5, 13, 18, 1, 16, 16, 3, 4, 6, 17, 3], 12),
    ((MIXED, None), 6, &[2, 5, 13, 18, 1, 3], 6),
    ((LONG, Some(SPLIT)), 128, &[2, 5, 6, 7, 12, 5, 6, 18, 3, 19, 6, 8, 9, 10, 11, 3], 9),
    ((LONG, Some(SPLIT)), 6, &[2, 5, 6, 3, 19, 3], 4),
    ((LONG, Some(SPLIT)), 4, &[2, 5, 3, 3], 3),
    ((LONG, Some(SPLIT)), 3, &[2, 3, 3], 2),
    ((SPLIT, Some(LONG)), 128, &[2, 19, 6, 8, 9, 10, 11, 3, 5, 6, 7, 12, 5, 6, 18, 3], 8),
    ((SPLIT, Some(LONG)), 9, &[2, 19, 6, 8, 3, 5, 6, 7, 3], 5),
    ((SPLIT, Some(LONG)), 6, &[2, 19, 3, 5, 6, 3], 3),
    ((SPLIT, Some(LONG)), 4, &[2, 3, 5, 3], 2),
    (("the", Some("the cat sat . , a cats sat")), 6, &[2, 5, 3, 5, 6, 3], 3),
    (("the cat sat . , a cats sat", Some("the")), 6, &[2, 5, 6, 3, 5, 3], 4),
    (("the", Some("the cat sat . , a cats sat")), 128, &[2, 5, 3, 5, 6, 7, 12, 18, 19, 6, 17, 7, 3], 3),
    // Equal texts and odd room: the second gets the odd token.
    (("the cat sat", Some("the cat sat")), 6, &[2, 5, 3, 5, 6, 3], 3),
];

fn check_bert(tokenizer: &TextTokenizer) {
    for (row, length, expected, second_begins) in BERT_CASES {
        let encoded = tokenizer.encode(&[row], length).unwrap();
        let (ids, type_ids) = encoded.row(0);
        assert_eq!(ids, expected, "{row:?} at {length}");
        let expected_types: Vec<u8> = (0..expected.len()).map(|place| u8::from(place >= second_begins)).collect();
        assert_eq!(type_ids, expected_types, "{row:?} at {length}");
    }
}

#[test]
fn vocab_txt_alone_gives_the_ids_of_transformers() {
    let tokenizer = loaded(&[vocab_txt()]);
    check_bert(&tokenizer);
    assert_eq!((tokenizer.vocab_size(), tokenizer.pad_token_id()), (20, 0));
    assert_eq!(tokenizer.model_max_length(), None);
    assert!(tokenizer.warnings().is_empty());
}

#[test]
fn tokenizer_json_gives_the_same_whatever_truncation_and_padding_it_holds() {
    let tokenizer = loaded(&[("tokenizer.json", bert_json(true).to_string())]);
    check_bert(&tokenizer);
    assert_eq!((tokenizer.vocab_size(), tokenizer.pad_token_id()), (20, 0));
    assert!(tokenizer.warnings().is_empty());
}

#[test]
fn tokenizer_config_decides_the_casing_of_a_bert_tokenizer_json_and_says_so() {
    let tokenizer = loaded(&[("tokenizer.json", bert_json(false).to_string())]);
    check_bert(&tokenizer);
    assert!(tokenizer.warnings()[0].contains("do_lower_case=true"), "{:?}", tokenizer.warnings());

    let cased = loaded(&[("tokenizer.json", bert_json(false).to_string()), config(json!({"do_lower_case": false}))]);
    assert_eq!(ids(&cased, ("The Cat", None), 128), [2, 1, 15, 3]);
    assert!(cased.warnings().is_empty());

    // A class that is the file and nothing else keeps what the file says.
    let generic = json!({"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": true});
    let generic = loaded(&[("tokenizer.json", bert_json(false).to_string()), config(generic)]);
    assert_eq!(ids(&generic, ("The Cat", None), 128), [2, 1, 15, 3]);
}

#[test]
fn tokenizer_config_sets_casing_accents_and_chinese() {
    let text = "The Cat café CAFÉ cafe\u{301} 猫猫";
    for (settings, expected) in [
        (json!({"do_lower_case": false}), vec![2, 1, 15, 14, 1, 1, 16, 16, 3]),
        (json!({"strip_accents": false}), vec![2, 5, 6, 14, 14, 1, 16, 16, 3]),
        (json!({"tokenize_chinese_chars": false}), vec![2, 5, 6, 13, 13, 13, 1, 3]),
    ] {
        let tokenizer = loaded(&[vocab_txt(), config(settings.clone())]);
        assert_eq!(ids(&tokenizer, (text, None), 128), expected, "{settings}");
    }
}

/// The odd token goes to the longer text, on whichever side it is.
#[test]
fn longest_first_keeps_nine_and_eight_of_thirty_and_ten_at_twenty() {
    let tokenizer = loaded(&[vocab_txt()]);
    let (thirty, ten) = ("cat ".repeat(30), "sat ".repeat(10));
    for (first, second) in [(&thirty, &ten), (&ten, &thirty)] {
        let row = ids(&tokenizer, (first, Some(second)), 20);
        let count = |id| row.iter().filter(|&&held| held == id).count();
        assert_eq!((count(6), count(7), row.len()), (9, 8, 20));
    }
}

#[test]
fn special_tokens_come_from_the_settings_files() {
    let map = json!({"unk_token": "un", "mask_token": {"content": "sat", "lstrip": false}}).to_string();
    let by_map = loaded(&[vocab_txt(), ("special_tokens_map.json", map.clone())]);
    assert_eq!(ids(&by_map, ("dog catsat", None), 128), [2, 8, 6, 7, 3], "sat stands out of its word");

    // With added_tokens_decoder the map is a leftover that is not read.
    let added = json!({"added_tokens_decoder": {"20": {"content": "<new>", "special": false, "normalized": true}}});
    let by_decoder = loaded(&[vocab_txt(), config(added), ("special_tokens_map.json", map)]);
    assert_eq!(ids(&by_decoder, ("dog <new>", None), 128), [2, 1, 20, 3]);
    assert_eq!(by_decoder.vocab_size(), 21);
}

#[test]
fn a_vocabulary_without_mask_gets_one_that_its_embedding_has_not() {
    let tokenizer = loaded(&[("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\ncat\n".to_owned())]).for_embedding(5);
    assert_eq!(tokenizer.vocab_size(), 6);
    assert_eq!(ids(&tokenizer, ("cat", None), 8), [2, 4, 3]);
    let error = tokenizer.encode(&[("a [MASK]", None)], 8).unwrap_err().to_string();
    assert!(error.contains("the token `[MASK]` with id 5"), "{error}");
}

#[test]
fn a_class_takes_no_vocabulary_of_another_algorithm() {
    for (json, class, words) in [
        (
            roberta_json(),
            "BertTokenizer",
            "holds a BPE model, and the tokenizer's class is BertTokenizer, whose vocabulary is WordPiece",
        ),
        (bert_json(true), "RobertaTokenizer", "holds a WordPiece model"),
        (bert_json(true), "AlbertTokenizer", "whose vocabulary is Unigram"),
    ] {
        let error = failure(&[("tokenizer.json", json.to_string()), config(json!({"tokenizer_class": class}))]);
        assert!(error.contains(words) && error.contains("PreTrainedTokenizerFast"), "{error}");
    }
}

/// As a class has it, whatever a file says of how texts are split; and the load report says so.
#[test]
fn what_a_class_does_otherwise_than_its_file_is_said() {
    let mut json = roberta_json();
    json["normalizer"] = json!({"type": "Lowercase"});
    let files = [("tokenizer.json", json.to_string()), config(json!({"tokenizer_class": "RobertaTokenizer"}))];
    let tokenizer = loaded(&files);
    assert_eq!(ids(&tokenizer, ("ab B", None), 8), [0, 8, 7, 2]);
    let said = tokenizer.warnings().join(" ");
    assert!(said.contains("tokenizer.json changes texts before they are split: RobertaTokenizer"), "{said}");
}

#[test]
fn truncation_side_is_honoured() {
    let tokenizer = loaded(&[vocab_txt(), config(json!({"truncation_side": "left"}))]);
    assert_eq!(ids(&tokenizer, ("the cat sat.", None), 4), [2, 7, 12, 3]);
}

#[test]
fn padding_at_the_left_is_known() {
    assert!(loaded(&[vocab_txt(), config(json!({"padding_side": "left"}))]).pads_left());
    assert!(!loaded(&[vocab_txt(), config(json!({"padding_side": "right"}))]).pads_left());
    assert!(!loaded(&[vocab_txt()]).pads_left());
}

/// A file that treats texts otherwise than its class is said to, whatever that file is called.
#[test]
fn files_that_disagree_with_their_class_are_said() {
    let model = json!({"type": "BPE", "vocab": {"<s>": 0, "</s>": 1, "<unk>": 2, "a": 3}, "merges": []});
    let file = |normalizer: Value, pieces: Value| {
        let tokenizer = json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": normalizer,
            "pre_tokenizer": pieces, "post_processor": null, "decoder": null, "model": model});
        ("tokenizer.json", tokenizer.to_string())
    };
    let older = json!({"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]});
    let spaces = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false});
    let lower = json!({"type": "Lowercase"});
    for (class, normalizer, pieces, said) in [
        ("LlamaTokenizer", Value::Null, spaces, None),
        ("LlamaTokenizer", older.clone(), Value::Null, None),
        ("LlamaTokenizer", lower.clone(), Value::Null, Some("treats spaces in another way")),
        ("GemmaTokenizer", older, Value::Null, Some("treats spaces in another way")),
        ("GPTNeoXTokenizer", Value::Null, Value::Null, Some("changes texts in another way")),
        ("GPT2Tokenizer", Value::Null, json!({"type": "Whitespace"}), Some("splits texts in another way")),
    ] {
        let settings = config(json!({"tokenizer_class": class, "pad_token": "</s>"}));
        let tokenizer = loaded(&[file(normalizer, pieces), settings]);
        let warnings = tokenizer.warnings();
        assert_eq!(warnings.len(), usize::from(said.is_some()), "{class}: {warnings:?}");
        assert!(said.is_none_or(|said| warnings[0].contains(said)), "{class}: {warnings:?}");
    }
}

#[test]
fn roberta_has_four_special_tokens_a_pair_and_no_type_ids() {
    let json = ("tokenizer.json", roberta_json().to_string());
    let tokenizer = loaded(&[json.clone(), config(json!({"tokenizer_class": "RobertaTokenizer"}))]);
    let pair = ("ab ab b", Some("b ab <mask> a"));
    assert_eq!(ids(&tokenizer, pair, 128), [0, 8, 7, 8, 7, 6, 2, 2, 6, 7, 8, 4, 9, 2]);
    assert_eq!(ids(&tokenizer, pair, 6), [0, 8, 2, 2, 6, 2]);
    assert_eq!(tokenizer.encode(&[pair], 128).unwrap().row(0).1, [0; 14]);
    assert_eq!((tokenizer.pad_token_id(), tokenizer.uses_type_ids()), (1, false));

    let spaced = loaded(&[json, config(json!({"tokenizer_class": "RobertaTokenizer", "add_prefix_space": true}))]);
    assert_eq!(ids(&spaced, ("ab ab b", None), 128), [0, 7, 8, 7, 8, 7, 6, 2]);
}

#[test]
fn distilbert_gets_no_type_ids() {
    let tokenizer = loaded(&[vocab_txt(), config(json!({"tokenizer_class": "DistilBertTokenizer"}))]);
    assert_eq!(tokenizer.encode(&[("cat", Some("sat"))], 128).unwrap().row(0).1, [0; 5]);
}

#[test]
fn many_rows_keep_their_order_and_count_what_was_cut() {
    let tokenizer = loaded(&[vocab_txt()]);
    let texts: Vec<String> = (0..20_000).map(|i| "cat ".repeat(i % 11)).collect();
    let rows: Vec<Row<'_>> =
        texts.iter().enumerate().map(|(i, text)| (text.as_str(), (i % 2 == 1).then_some("sat"))).collect();
    let encoded = tokenizer.encode(&rows, 10).unwrap();
    assert_eq!(encoded.len(), rows.len());
    let mut cut = 0;
    let mut total = 0;
    for (i, row) in rows.iter().enumerate() {
        let whole = 2 + i % 11 + if row.1.is_some() { 2 } else { 0 };
        let (ids, type_ids) = encoded.row(i);
        assert_eq!((ids.len(), type_ids.len(), encoded.length(i)), (whole.min(10), ids.len(), ids.len()), "row {i}");
        assert_eq!(ids.contains(&7), row.1.is_some(), "row {i}");
        cut += usize::from(whole > 10);
        total += ids.len();
    }
    assert_eq!((encoded.truncated_rows(), encoded.total_tokens()), (cut, total));

    let nothing = tokenizer.encode(&[], 10).unwrap();
    assert!(nothing.is_empty() && nothing.total_tokens() == 0);
}

#[test]
fn special_tokens_that_do_not_fit_are_an_error() {
    let tokenizer = loaded(&[vocab_txt()]);
    assert_eq!(ids(&tokenizer, ("cat", None), 2), [2, 3]);
    for (row, length) in [(("cat", None), 1), (("cat", None), 0), (("cat", Some("sat")), 2)] {
        let error = tokenizer.encode(&[row], length).unwrap_err();
        assert!(matches!(error, TokenizeError::SpecialTokensDoNotFit { .. }), "{error}");
    }
}

#[test]
fn a_vocabulary_larger_than_the_embedding_refuses_texts_that_use_the_rest() {
    for rows in [20, 32] {
        assert!(loaded(&[vocab_txt()]).for_embedding(rows).warnings().is_empty());
    }
    let tokenizer = loaded(&[vocab_txt()]);
    let last = tokenizer.vocab_size() - 1;
    let tokenizer = tokenizer.for_embedding(last);
    assert!(
        tokenizer.warnings()[0].contains("20 tokens and the model's embedding 19 rows"),
        "{:?}",
        tokenizer.warnings()
    );
    assert_eq!(ids(&tokenizer, ("cat", None), 8).len(), 3);
    let word = vocab_txt().1.lines().nth(last).unwrap().to_owned();
    let error = tokenizer.encode(&[("cat", None), (&word, None)], 8).unwrap_err().to_string();
    assert!(
        error.contains("row 1 (counted from 0)") && error.contains("id 19") && error.contains("19 rows"),
        "{error}"
    );
}

#[test]
fn a_class_that_is_not_read_here_is_refused_by_name() {
    for class in ["BertJapaneseTokenizer", "HerbertTokenizerFast", "SomebodysTokenizer"] {
        for file in [vocab_txt(), ("tokenizer.json", bert_json(true).to_string())] {
            let error = failure(&[file, config(json!({"tokenizer_class": class}))]);
            let name = class.strip_suffix("Fast").unwrap_or(class);
            assert!(error.contains(&format!("the tokenizer is a {name} (tokenizer_config.json)")), "{error}");
        }
    }
}

#[test]
fn tokens_beyond_the_vocabulary_are_wholes() {
    let map = json!({"additional_special_tokens": ["[E1]", "[/E1]"]}).to_string();
    let added = json!({"[/E1]": 21, "[E1]": 20}).to_string();
    let files = [vocab_txt(), ("special_tokens_map.json", map), ("added_tokens.json", added)];
    let tokenizer = loaded(&files);
    assert_eq!(ids(&tokenizer, ("[E1] cat [/E1]", None), 8)[1..4], [20, ids(&tokenizer, ("cat", None), 8)[1], 21]);
    // A vocabulary that they do not belong to.
    let wrong = json!({"[E1]": 25}).to_string();
    let error = failure(&[vocab_txt(), ("added_tokens.json", wrong)]);
    assert!(error.contains("gives `[E1]` the id 25, and it would get 20"), "{error}");
}

#[test]
fn the_stated_longest_input_is_read_and_the_sentinel_is_none() {
    let stated = |text: &str| loaded(&[vocab_txt(), ("tokenizer_config.json", text.to_owned())]).model_max_length();
    assert_eq!(stated(r#"{"model_max_length": 512}"#), Some(512));
    assert_eq!(stated(r#"{"max_len": 77}"#), Some(77));
    assert_eq!(stated(r#"{"model_max_length": 1000000000000000019884624838656}"#), None);
    assert_eq!(stated(r#"{"model_max_length": 1e30}"#), None);
    assert_eq!(stated(r#"{"model_max_length": null}"#), None);
}

#[test]
fn errors_name_the_file_and_the_remedy() {
    let none = failure(&[config(json!({}))]);
    assert!(
        none.contains("as a BertTokenizer: looked for tokenizer.json, and for vocab.txt")
            && none.contains("tokenizer_config.json"),
        "{none}"
    );
    assert!(none.contains("SentencePiece") && none.contains("save_pretrained"), "{none}");

    for (name, text) in [("tokenizer.json", "{"), ("tokenizer.json", "{}"), ("tokenizer_config.json", "{\"a\" 1}")] {
        let error = failure(&[vocab_txt(), (name, text.to_owned())]);
        assert!(error.contains(name), "{error}");
    }
    for (missing, name) in
        [("[UNK]", "unk_token"), ("[CLS]", "cls_token"), ("[SEP]", "sep_token"), ("[PAD]", "pad_token")]
    {
        let vocab: Vec<&str> = VOCAB.into_iter().filter(|&token| token != missing).collect();
        let error = failure(&[("vocab.txt", vocab.join("\n"))]);
        assert!(error.contains("vocab.txt") && error.contains(missing) && error.contains(name), "{error}");
    }

    let binary = tempfile::tempdir().unwrap();
    fs::write(binary.path().join("vocab.txt"), b"[PAD]\n\xff\xfe\n").unwrap();
    let error = load(binary.path()).unwrap_err().to_string();
    assert!(error.contains("vocab.txt") && error.contains("UTF-8"), "{error}");

    let gone = TokenizerFiles { vocab_txt: Some("/nowhere/vocab.txt".into()), ..TokenizerFiles::default() };
    assert!(TextTokenizer::load(&gone).unwrap_err().to_string().contains("/nowhere/vocab.txt"));

    let mut padless = roberta_json();
    padless["added_tokens"].as_array_mut().unwrap().remove(1);
    padless["model"]["vocab"].as_object_mut().unwrap().remove("<pad>");
    let error =
        failure(&[("tokenizer.json", padless.to_string()), config(json!({"tokenizer_class": "RobertaTokenizer"}))]);
    assert!(error.contains("tokenizer.json") && error.contains("pad_token"), "{error}");
}

#[test]
fn the_effective_length_is_the_least_of_three() {
    assert_eq!(effective_max_seq_length(128, Some(512), 512).unwrap(), (128, None));
    assert_eq!(effective_max_seq_length(128, None, 128).unwrap(), (128, None));

    let (length, warning) = effective_max_seq_length(512, Some(256), 384).unwrap();
    let warning = warning.unwrap();
    assert_eq!(length, 256);
    assert!(warning.contains("512") && warning.contains("256") && warning.contains("model_max_length"), "{warning}");

    let (length, warning) = effective_max_seq_length(512, Some(400), 384).unwrap();
    assert_eq!(length, 384);
    assert!(warning.unwrap().contains("positions"));

    for (requested, stated, positions) in [(3, None, 512), (128, Some(2), 512), (128, None, 0)] {
        let error = effective_max_seq_length(requested, stated, positions).unwrap_err().to_string();
        assert!(error.contains("--max_seq_length") && error.contains("at least 4"), "{error}");
    }
}

/// `scripts/fixtures/tokenizer.py`: every family's way to write a tokenizer down.
#[test]
fn ids_are_those_of_transformers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizer");
    for (name, class) in
        [("uncased", None), ("cased", None), ("roberta", Some("RobertaTokenizer")), ("mpnet", Some("MPNetTokenizer"))]
    {
        let expected: Value =
            serde_json::from_slice(&fs::read(root.join(name).join("expected.json")).unwrap()).unwrap();
        for kind in ["json", "vocab"] {
            let files = TokenizerFiles {
                default_class: class.map(|class| (class.to_owned(), "the test")),
                ..TokenizerFiles::in_folder(&root.join(name).join(kind))
            };
            let tokenizer = TextTokenizer::load(&files).unwrap();
            for case in expected["cases"].as_array().unwrap() {
                let row = (case["text"].as_str().unwrap(), case["text_pair"].as_str());
                let encoded = tokenizer.encode(&[row], case["max_length"].as_u64().unwrap() as usize).unwrap();
                let (ids, types) = encoded.row(0);
                assert_eq!(json!(ids), case["input_ids"], "{name}/{kind}: {case}");
                assert_eq!(json!(types), case["token_type_ids"], "{name}/{kind}: {case}");
            }
        }
    }
}

/// Wherever a tokenizer.json is damaged, it is read or refused, and a text is tokenized or refused; where the library panics, the refusal names
/// the file too.
#[test]
fn no_damage_makes_the_tokenizers_library_panic() {
    let sound = bert_json(true).to_string();
    let files =
        folder(&[("tokenizer.json", sound.clone()), config(json!({"tokenizer_class": "PreTrainedTokenizerFast"}))]);
    let mut stopped = 0;
    for at in (0..sound.len()).step_by(2) {
        for damage in [b' ', b'"'] {
            let mut bytes = sound.clone().into_bytes();
            bytes[at] = damage;
            fs::write(files.path().join("tokenizer.json"), bytes).unwrap();
            match load(files.path()) {
                Ok(tokenizer) => drop(tokenizer.encode(&[(SPLIT, Some(LONG))], 8)),
                Err(error) => {
                    let said = error.to_string();
                    assert!(said.contains("tokenizer.json"), "byte {at}: {said}");
                    stopped += usize::from(said.contains("the reader stopped at it"));
                }
            }
        }
    }
    assert!(stopped > 0, "no damage made the library panic: this test shows nothing");
}
