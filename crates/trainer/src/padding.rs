//! What a model makes of padding: the token that it is made of, and the side that it is on.

use models::config::{Config, FieldDefault};
use models::encoder::Family;
use models::encoder::architecture::{Architecture, Pooling};
use serde_json::Value;

use crate::error::Error;
use crate::tokenize::TextTokenizer;

/// The field of config.json.
const FIELD: &str = "pad_token_id";

/// Whether a model classifies a text by its last token that is not padding, and so has to know which one that is.
fn reads_last(architecture: &Architecture) -> bool {
    matches!(architecture.head.pooling, Pooling::Last { .. })
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
    // What else is wrong with it is said where it is read.
    if (family.architecture)(&config).is_ok_and(|architecture| reads_last(&architecture)) {
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
pub(crate) fn left_padding(architecture: &Architecture, tokenizer: &TextTokenizer) -> Option<String> {
    // With relative positions, and those that OPT counts by the mask, a row's logits are the same on either side.
    let counts_columns = architecture.embeddings.positions.is_some_and(|positions| positions.first == 0);
    let is_same = reads_last(architecture) && !counts_columns;
    (tokenizer.pads_left() && !is_same).then(|| {
        "tokenizer_config.json says padding_side=left, and rows are padded at their right here, or not at all: transformers gives other \
         numbers where a model reads the first column or counts positions from it (BERT and its kin, GPT-2)"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::tokenize::TokenizerFiles;

    fn tokenizer() -> TextTokenizer {
        TextTokenizer::load(&TokenizerFiles::in_folder(Path::new("demo/model"))).unwrap()
    }

    /// A small model of a family, with this padding token.
    fn config(model_type: &str, padding: Value) -> Config {
        let sizes = json!({
            "model_type": model_type, "vocab_size": 40, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 8, "max_position_embeddings": 16, "type_vocab_size": 2, "num_key_value_heads": 1,
            "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16, "ffn_dim": 8, FIELD: padding,
        });
        Config::from_fields(sizes.as_object().cloned().unwrap_or_default())
    }

    fn family(config: &Config) -> &'static Family {
        models::encoder::family(config).unwrap()
    }

    #[test]
    fn models_that_read_the_last_token_are_told_which_one_is_padding() {
        let tokenizer = tokenizer();
        let id = u64::from(tokenizer.pad_token_id());
        for model_type in ["llama", "gpt2", "opt"] {
            for held in [Value::Null, json!(id + 3), json!(id)] {
                for given in [None, Some("[PAD]")] {
                    let config = config(model_type, held.clone());
                    let config = with_padding(config.clone(), family(&config), &tokenizer, given).unwrap();
                    assert_eq!(config.get(FIELD), Some(&json!(id)), "{model_type}");
                }
            }
        }
    }

    #[test]
    fn of_other_models_it_stays_as_it_is() {
        let (tokenizer, absent) = (tokenizer(), config("bert", Value::Null));
        let encoder = family(&absent);
        let other = config("bert", json!(u64::from(tokenizer.pad_token_id()) + 3));
        assert_eq!(with_padding(other.clone(), encoder, &tokenizer, None).unwrap(), other);
        // The default is the tokenizer's.
        assert_eq!(with_padding(absent.clone(), encoder, &tokenizer, Some("[PAD]")).unwrap(), absent);
        let error = with_padding(other, encoder, &tokenizer, Some("[PAD]")).unwrap_err().to_string();
        assert!(error.contains("--pad_token [PAD]: its id is") && error.contains("a bert model"), "{error}");
    }

    #[test]
    fn left_padding_matters_where_columns_count() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n").unwrap();
        std::fs::write(folder.path().join("tokenizer_config.json"), r#"{"padding_side": "left"}"#).unwrap();
        let left = TextTokenizer::load(&TokenizerFiles::in_folder(folder.path())).unwrap();
        for (model_type, is_said) in [("bert", true), ("gpt2", true), ("llama", false), ("opt", false)] {
            let config = config(model_type, json!(0));
            let architecture = (family(&config).architecture)(&config).unwrap();
            assert_eq!(left_padding(&architecture, &left).is_some(), is_said, "{model_type}");
            assert_eq!(left_padding(&architecture, &tokenizer()), None);
        }
    }
}
