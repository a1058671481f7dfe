//! What a model makes of padding: the token that it is made of, and the side that it is on.

use models::config::{Config, FieldDefault};
use models::encoder::Family;
use serde_json::Value;

use crate::error::Error;
use crate::tokenize::TextTokenizer;

/// The field of config.json.
const FIELD: &str = "pad_token_id";

/// Types of models that classify a text by its last token that is not padding, and so have to know which one that is.
const READS_LAST: [&str; 13] = [
    "gemma",
    "gemma2",
    "gemma3",
    "gemma3_text",
    "gpt2",
    "gpt_neox",
    "llama",
    "mistral",
    "modernbert-decoder",
    "opt",
    "qwen2",
    "qwen3",
    "smollm3",
];

/// Those among them that count positions from the first column, padding or not.
const COUNTS_COLUMNS: [&str; 1] = ["gpt2"];

fn reads_last(family: &Family) -> bool {
    READS_LAST.contains(&family.model_type)
}

/// The configuration of a model beside a tokenizer. A model that looks for the last token is told which one is padding, as the Trainer of
/// transformers does before it trains; of others the padding token is part, and stays. `given`: the one that a flag gives the tokenizer.
///
/// # Errors
/// A given one that is not the model's own.
pub(crate) fn with_padding(
    config: Config,
    family: &Family,
    tokenizer: &TextTokenizer,
    given: Option<&str>,
) -> Result<Config, Error> {
    let id = u64::from(tokenizer.pad_token_id());
    let default = family.config_defaults.iter().find(|(field, _)| *field == FIELD).map(|(_, default)| *default);
    let own = match (config.get(FIELD).and_then(Value::as_u64), default) {
        (None, Some(FieldDefault::Count(default))) => Some(default),
        (own, _) => own,
    };
    if own == Some(id) {
        return Ok(config);
    }
    if reads_last(family) {
        let mut fields = config.fields().clone();
        fields.insert(FIELD.to_owned(), id.into());
        return Ok(Config::from_fields(fields));
    }
    match given {
        None => Ok(config),
        Some(token) => {
            let own = own.map_or_else(|| "none".to_owned(), |own| own.to_string());
            Err(Error::usage(format!(
                "--pad_token {token}: its id is {id}, and a {} model is made for the padding token that it has (pad_token_id in config.json: \
                 {own}): leave the flag out",
                family.model_type
            )))
        }
    }
}

/// What is to be said where the tokenizer's files pad at the left.
pub(crate) fn left_padding(family: &Family, tokenizer: &TextTokenizer) -> Option<String> {
    // With relative positions, and those that OPT counts by the mask, a row's logits are the same on either side.
    let is_same = reads_last(family) && !COUNTS_COLUMNS.contains(&family.model_type);
    (tokenizer.pads_left() && !is_same).then(|| {
        "tokenizer_config.json says padding_side=left, and rows are padded at their right here, or not at all: transformers gives other \
         numbers where a model reads the first column or counts positions from it (BERT and its kin, GPT-2)"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Map, json};

    use super::*;
    use crate::tokenize::TokenizerFiles;

    fn tokenizer() -> TextTokenizer {
        TextTokenizer::load(&TokenizerFiles::in_folder(Path::new("demo/model"))).unwrap()
    }

    fn config(padding: Value) -> Config {
        Config::from_fields(Map::from_iter([("model_type".to_owned(), json!("bert")), (FIELD.to_owned(), padding)]))
    }

    /// BERT under another name, whose defaults say nothing of padding.
    fn named(model_type: &'static str) -> Family {
        Family { model_type, config_defaults: &[], ..*models::encoder::family(&config(Value::Null)).unwrap() }
    }

    #[test]
    fn models_that_read_the_last_token_are_told_which_one_is_padding() {
        let (tokenizer, decoder) = (tokenizer(), named("llama"));
        let id = u64::from(tokenizer.pad_token_id());
        for held in [Value::Null, json!(id + 3), json!(id)] {
            for given in [None, Some("[PAD]")] {
                let config = with_padding(config(held.clone()), &decoder, &tokenizer, given).unwrap();
                assert_eq!(config.get(FIELD), Some(&json!(id)));
            }
        }
    }

    #[test]
    fn of_other_models_it_stays_as_it_is() {
        let (tokenizer, encoder) = (tokenizer(), models::encoder::family(&config(Value::Null)).unwrap());
        let other = u64::from(tokenizer.pad_token_id()) + 3;
        assert_eq!(with_padding(config(json!(other)), encoder, &tokenizer, None).unwrap(), config(json!(other)));
        // The default is the tokenizer's.
        assert_eq!(with_padding(config(Value::Null), encoder, &tokenizer, Some("[PAD]")).unwrap(), config(Value::Null));
        let error = with_padding(config(json!(other)), encoder, &tokenizer, Some("[PAD]")).unwrap_err().to_string();
        assert!(error.contains("--pad_token [PAD]: its id is") && error.contains("a bert model"), "{error}");
    }

    #[test]
    fn left_padding_matters_where_columns_count() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n").unwrap();
        std::fs::write(folder.path().join("tokenizer_config.json"), r#"{"padding_side": "left"}"#).unwrap();
        let left = TextTokenizer::load(&TokenizerFiles::in_folder(folder.path())).unwrap();
        for (model_type, is_said) in [("bert", true), ("gpt2", true), ("llama", false), ("opt", false)] {
            assert_eq!(left_padding(&named(model_type), &left).is_some(), is_said, "{model_type}");
            assert_eq!(left_padding(&named(model_type), &tokenizer()), None);
        }
    }
}
