//! Tokenizers of SentencePiece models, beside transformers' own ids of random texts in ten scripts (`scripts/fixtures/unigram.py`).
//! RUN_GLUE_UNIGRAM may name a folder with more of them.

use std::path::{Path, PathBuf};

use serde_json::Value;
use trainer::tokenize::{TextTokenizer, TokenizerFiles};

fn fixtures() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/unigram");
    std::env::var_os("RUN_GLUE_UNIGRAM").map_or_else(own, PathBuf::from)
}

#[test]
fn ids_of_sentencepiece_models_are_those_of_transformers() {
    let mut seen = 0;
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let folder = entry.unwrap().path();
        let expected = std::fs::read(folder.join("expected.json")).unwrap();
        let expected: Vec<Value> = serde_json::from_slice(&expected).unwrap();
        assert!(expected.len() >= 50);
        // As a slow tokenizer was saved, and as transformers saves it now.
        for kind in ["slow", "fast"] {
            let tokenizer = TextTokenizer::load(&TokenizerFiles::in_folder(&folder.join(kind))).unwrap();
            for case in &expected {
                let row = (case["text"].as_str().unwrap(), case["text_pair"].as_str());
                let encoded = tokenizer.encode(&[row], case["max_length"].as_u64().unwrap() as usize).unwrap();
                let (ids, types) = encoded.row(0);
                let place = format!("{} {kind}: {case}", folder.display());
                assert_eq!(serde_json::json!(ids), case["input_ids"], "{place}");
                assert_eq!(tokenizer.uses_type_ids(), !case["token_type_ids"].is_null(), "{place}");
                if tokenizer.uses_type_ids() {
                    assert_eq!(serde_json::json!(types), case["token_type_ids"], "{place}");
                }
                seen += 1;
            }
        }
    }
    assert!(seen >= 7 * 2 * 50, "{seen}");
}
