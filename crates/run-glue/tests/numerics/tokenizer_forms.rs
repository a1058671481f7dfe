//! Tokenizers of every class that is read, in every form that its files have had, beside transformers' own ids of random texts in ten
//! scripts (`scripts/fixtures/tokenizer_forms.py`, `decoder_tokenizers.py`). RUN_GLUE_TOKENIZER_FORMS may name a folder with more of them.

use std::io::Read;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use models::config::Config;
use models::encoder::family;
use serde::Deserialize;
use serde_json::{Map, Value};
use trainer::tokenize::{TextTokenizer, TokenizeError, TokenizerFiles};

/// A vocabulary, and what tokenizers made of it.
#[derive(Deserialize)]
struct Kind {
    texts: Vec<Row>,
    /// Of files: text, or `{"base64": ...}`.
    contents: Vec<Value>,
    /// Ids of each text, or where its type ids begin to be 1.
    tables: Vec<Vec<Value>>,
    forms: Vec<Form>,
}

#[derive(Debug, Deserialize)]
struct Row {
    text: String,
    text_pair: Option<String>,
    max_length: usize,
}

/// Files, with the places of what they hold and of what transformers makes of them.
#[derive(Deserialize)]
struct Form {
    name: String,
    files: Map<String, Value>,
    ids: usize,
    second: Option<usize>,
    size: usize,
    /// The class that transformers makes of them, and the padding token that it has, where that is said.
    class: Option<String>,
    pad: Option<u32>,
    /// The padding token that is given for it.
    given: Option<String>,
}

fn fixtures() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizer_forms");
    std::env::var_os("RUN_GLUE_TOKENIZER_FORMS").map_or_else(own, PathBuf::from)
}

fn read(path: &Path) -> Kind {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn load(kind: &Kind, form: &Form) -> Result<TextTokenizer, TokenizeError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, place) in &form.files {
        let content = match &kind.contents[place.as_u64().unwrap() as usize] {
            Value::String(text) => text.clone().into_bytes(),
            binary => BASE64_STANDARD.decode(binary["base64"].as_str().unwrap()).unwrap(),
        };
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let config = Config::read(&folder.path().join("config.json")).unwrap();
    let named = config.text("tokenizer_class", "").ok().filter(|class| !class.is_empty()).map(str::to_owned);
    let usual = family(&config).map_or("", |family| family.tokenizer_class);
    let files = TokenizerFiles::in_folder(folder.path()).of_model(named, config.model_type(), usual);
    TextTokenizer::load(&files.with_pad_token(form.given.as_deref()))
}

/// Compares every text of a form, and returns how many there are.
fn compare(kind: &Kind, form: &Form) -> usize {
    let tokenizer = match (load(kind, form), &form.class) {
        // transformers pads with none, and fails when it has to.
        (Err(TokenizeError::NoPadToken { .. }), Some(_)) if form.pad.is_none() => return 0,
        (loaded, _) => loaded.unwrap_or_else(|error| panic!("{}: {error}", form.name)),
    };
    if let Some(class) = &form.class {
        assert_eq!(tokenizer.class(), class, "{}", form.name);
        assert!(form.pad.is_none_or(|pad| pad == tokenizer.pad_token_id()), "{}: {:?}", form.name, form.pad);
    }
    assert_eq!(tokenizer.vocab_size(), form.size, "{}", form.name);
    assert_eq!(tokenizer.uses_type_ids(), form.second.is_some(), "{}", form.name);
    for (at, row) in kind.texts.iter().enumerate() {
        let encoded = tokenizer.encode(&[(&row.text, row.text_pair.as_deref())], row.max_length).unwrap();
        let (ids, types) = encoded.row(0);
        assert_eq!(serde_json::json!(ids), kind.tables[form.ids][at], "{}: {row:?}", form.name);
        if let Some(second) = form.second {
            let second = kind.tables[second][at].as_u64().unwrap() as usize;
            let expected: Vec<u8> = (0..ids.len()).map(|place| u8::from(place >= second)).collect();
            assert_eq!(types, expected, "{}: {row:?}", form.name);
        }
    }
    kind.texts.len()
}

#[test]
fn every_form_of_every_class_gives_the_ids_of_transformers() {
    let (mut forms, mut texts) = (0, 0);
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let path = entry.unwrap().path();
        let kind = read(&path);
        let compared = kind.forms.iter().map(|form| compare(&kind, form)).sum::<usize>();
        println!("{}: {} forms, {compared} texts", path.display(), kind.forms.len());
        forms += kind.forms.len();
        texts += compared;
    }
    println!("{texts} texts in {forms} forms");
    assert!(forms > 500, "{forms}");
}
