//! RoBERTa (Liu et al. 2019), and XLM-RoBERTa (Conneau et al. 2020) and CamemBERT (Martin et al. 2020), which differ in
//! words and weights only.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/roberta/modeling_roberta.py>

use super::architecture::{Architecture, Dense, Positions, TokenTypes};
use super::bert::encoder_names;
use super::bert_like::bert_like;
use super::registration::{DropoutFields, Family};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// RoBERTa's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "roberta",
    classifier_architecture: "RobertaForSequenceClassification",
    tokenizer_class: "RobertaTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields::BERT,
    prefix: "roberta.",
};

/// XLM-RoBERTa's.
pub(super) const XLM_ROBERTA: Family = Family {
    model_type: "xlm-roberta",
    classifier_architecture: "XLMRobertaForSequenceClassification",
    tokenizer_class: "XLMRobertaTokenizer",
    ..FAMILY
};

/// CamemBERT's.
pub(super) const CAMEMBERT: Family = Family {
    model_type: "camembert",
    classifier_architecture: "CamembertForSequenceClassification",
    tokenizer_class: "CamembertTokenizer",
    ..FAMILY
};

/// `RobertaConfig` of `configuration_roberta.py`.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("add_cross_attention", FieldDefault::Bool(false)),
    ("attention_probs_dropout_prob", FieldDefault::Number(0.1)),
    ("bos_token_id", FieldDefault::Count(0)),
    ("classifier_dropout", FieldDefault::Null),
    ("eos_token_id", FieldDefault::Count(2)),
    ("hidden_act", FieldDefault::Text("gelu")),
    ("hidden_dropout_prob", FieldDefault::Number(0.1)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("is_decoder", FieldDefault::Bool(false)),
    ("layer_norm_eps", FieldDefault::Number(1e-12)),
    ("pad_token_id", FieldDefault::Count(1)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("type_vocab_size", FieldDefault::Count(2)),
    ("use_cache", FieldDefault::Bool(true)),
];

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let (mut architecture, fields) = bert_like(config, 1e-12)?;
    // Positions are counted from the padding's id on, whose own row is not used (`create_position_ids_from_input_ids`).
    let (padding, rows) = (config.whole("pad_token_id", 1)?, config.count("max_position_embeddings")?);
    if padding >= rows {
        let expected = format!("a row of the position embeddings: below max_position_embeddings ({rows})");
        return Err(ConfigError::Value { field: "pad_token_id".to_owned(), value: padding.to_string(), expected });
    }
    architecture.embeddings.positions = Some(Positions { rows, first: padding + 1, skips_padding: true });
    architecture.embeddings.padding = u32::try_from(padding).ok();
    // Its own tokenizers give no token types, those of other classes may. With one row all of them are that one.
    architecture.embeddings.token_types = match config.count("type_vocab_size")? {
        1 => TokenTypes::AllZero(1),
        rows => TokenTypes::Rows(rows),
    };
    architecture.head.dense = Some(Dense { dropout: fields.classifier_dropout, ..fields.dense });
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    Ok(encoder_names(config)?.head("classifier.dense", false, "classifier.out_proj"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(type_vocab_size: usize, pad_token_id: u64) -> Config {
        let fields = serde_json::json!({
            "model_type": "roberta", "vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 8, "max_position_embeddings": 16, "type_vocab_size": type_vocab_size,
            "pad_token_id": pad_token_id,
        });
        Config::from_fields(fields.as_object().unwrap().clone())
    }

    #[test]
    fn token_types_count_where_there_are_two() {
        for (rows, expected) in [(1, TokenTypes::AllZero(1)), (2, TokenTypes::Rows(2))] {
            assert_eq!(architecture(&config(rows, 1)).unwrap().embeddings.token_types, expected);
        }
    }

    #[test]
    fn positions_begin_behind_the_padding() {
        for (padding, first) in [(0, 1), (1, 2), (15, 16)] {
            let expected = Positions { rows: 16, first, skips_padding: true };
            assert_eq!(architecture(&config(1, padding)).unwrap().embeddings.positions, Some(expected));
        }
        for (padding, expected) in [(16, "a row of the position embeddings"), (u64::MAX, "the id of a token")] {
            let said = architecture(&config(1, padding)).unwrap_err().to_string();
            let start = format!("config.json: `pad_token_id` is {padding}, expected {expected}");
            assert!(said.starts_with(&start), "{said}");
        }
    }
}
