//! Tokenizer classes by the names that checkpoints give them. The class decides how a vocabulary is read; a file says only part of it.
//!
//! `classes.json` is transformers' own table, made by scripts/fixtures/tokenizer_classes.py.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::TokenizeError;

/// The classes whose tokenizers are built or read here as transformers builds them. All others would be read as one of these, and give
/// other ids without a word.
const READ_HERE: [&str; 20] = [
    "AlbertTokenizer",
    "BertTokenizer",
    "CamembertTokenizer",
    "ConvBertTokenizer",
    "DPRContextEncoderTokenizer",
    "DPRQuestionEncoderTokenizer",
    "DebertaTokenizer",
    "DebertaV2Tokenizer",
    "DistilBertTokenizer",
    "GPT2Tokenizer",
    "GPTNeoXTokenizer",
    "GemmaTokenizer",
    "LlamaTokenizer",
    "MPNetTokenizer",
    "Qwen2Tokenizer",
    "RemBertTokenizer",
    "RobertaTokenizer",
    "T5Tokenizer",
    "TokenizersBackend",
    "XLMRobertaTokenizer",
];

#[derive(Deserialize)]
struct Table {
    transformers: String,
    classes: BTreeMap<String, TokenizerClass>,
    models: BTreeMap<String, ModelClass>,
}

/// The class of a type of model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ModelClass {
    /// By its name; `None`: whatever the files name, and where they name none `tokenizer.json` as it stands.
    pub(super) class: Option<String>,
    /// Whether it is that one whatever the files name.
    pub(super) rules: bool,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct TokenizerClass {
    /// The class that transformers makes of it: `BertTokenizer` of `ElectraTokenizer`.
    #[serde(rename = "class")]
    pub(super) name: String,
    /// What it hands to the model.
    model_input_names: Vec<String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let empty = Table { transformers: String::new(), classes: BTreeMap::new(), models: BTreeMap::new() };
    serde_json::from_str(include_str!("classes.json")).unwrap_or(empty)
});

impl ModelClass {
    /// Of a `model_type`; `None`: transformers does not know it.
    pub(super) fn of(model_type: &str) -> Option<&'static Self> {
        TABLE.models.get(model_type)
    }
}

impl TokenizerClass {
    /// The class of a name without the `Fast` that older versions append. `place`: where it stands, for the message.
    ///
    /// # Errors
    /// A class that is not read here.
    pub(super) fn named(name: &str, place: &str) -> Result<&'static Self, TokenizeError> {
        let found = TABLE.classes.get(name);
        found.filter(|class| READ_HERE.contains(&class.name.as_str())).ok_or_else(|| TokenizeError::UnknownClass {
            class: name.to_owned(),
            place: place.to_owned(),
            version: found.is_none().then(|| TABLE.transformers.clone()),
            known: READ_HERE.join(", "),
        })
    }

    /// Whether it hands type ids to the model.
    pub(super) fn gives_type_ids(&self) -> bool {
        self.model_input_names.iter().any(|name| name == "token_type_ids")
    }

    /// Whether it takes a `tokenizer.json` as it stands, but for what it puts around the texts: so does a class without an `__init__` of
    /// its own.
    pub(super) fn keeps_the_file(&self) -> bool {
        self.name == "ConvBertTokenizer"
    }

    /// Whether it lower-cases whatever `do_lower_case` says: the setting does not reach what it inherits from.
    pub(super) fn always_lower_cases(&self) -> bool {
        matches!(self.name.as_str(), "DPRContextEncoderTokenizer" | "DPRQuestionEncoderTokenizer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_that_is_read_here_is_one_of_transformers() {
        assert!(TABLE.classes.len() > 60, "{}", TABLE.classes.len());
        for name in READ_HERE {
            assert_eq!(TokenizerClass::named(name, "a test").unwrap().name, name);
        }
        let type_ids = |name| TokenizerClass::named(name, "a test").unwrap().gives_type_ids();
        assert!(type_ids("BertTokenizer") && type_ids("DebertaV2Tokenizer") && type_ids("ElectraTokenizer"));
        for without in
            ["AlbertTokenizer", "DistilBertTokenizer", "PreTrainedTokenizer", "TokenizersBackend", "RobertaTokenizer"]
        {
            assert!(!type_ids(without), "{without}");
        }
        assert_eq!(TokenizerClass::named("LongformerTokenizer", "a test").unwrap().name, "RobertaTokenizer");
        let model = |model_type| {
            ModelClass::of(model_type).map(|found| (found.class.as_deref().unwrap_or("none"), found.rules))
        };
        assert_eq!(model("llama"), Some(("none", false)));
        assert_eq!(model("qwen2"), Some(("Qwen2Tokenizer", true)));
        assert_eq!(model("qwen3"), Some(("Qwen2Tokenizer", false)));
        assert_eq!(model("mistral"), Some(("TokenizersBackend", true)));
        assert_eq!(model("somebodys"), None);
        for (name, part) in [
            ("BertJapaneseTokenizer", "BertJapaneseTokenizer (a test), which is not read here"),
            ("MyTokenizer", "no class of transformers"),
        ] {
            let error = TokenizerClass::named(name, "a test").unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
