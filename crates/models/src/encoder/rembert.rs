//! RemBERT (Chung et al. 2021): BERT with narrow tables and a linear layer behind them.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/rembert/modeling_rembert.py>

use super::architecture::{Architecture, Projection};
use super::bert::{LAYER, embedding_names};
use super::bert_like::bert_like;
use super::registration::{DropoutFields, Family};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::ParameterSpec;

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "rembert",
    classifier_architecture: "RemBertForSequenceClassification",
    tokenizer_class: "RemBertTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields { classifier: &["classifier_dropout_prob"], ..DropoutFields::BERT },
    prefix: "rembert.",
};

/// `RemBertConfig` of `configuration_rembert.py`.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("add_cross_attention", FieldDefault::Bool(false)),
    ("attention_probs_dropout_prob", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Count(312)),
    ("classifier_dropout_prob", FieldDefault::Number(0.1)),
    ("eos_token_id", FieldDefault::Count(313)),
    ("hidden_act", FieldDefault::Text("gelu")),
    ("hidden_dropout_prob", FieldDefault::Number(0.0)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("input_embedding_size", FieldDefault::Count(256)),
    ("is_decoder", FieldDefault::Bool(false)),
    ("layer_norm_eps", FieldDefault::Number(1e-12)),
    ("output_embedding_size", FieldDefault::Count(1664)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("tie_word_embeddings", FieldDefault::Bool(false)),
    ("type_vocab_size", FieldDefault::Count(2)),
    ("use_cache", FieldDefault::Bool(true)),
];

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let (mut architecture, _) = bert_like(config, 1e-12)?;
    architecture.embeddings.size = config.whole("input_embedding_size", 256)?.max(1);
    // There also where the widths are equal.
    architecture.embeddings.projection = Projection::AfterNorm;
    let hidden_dropout = config.probability("hidden_dropout_prob", 0.0)?;
    let dropout = &mut architecture.dropout;
    dropout.attention = config.probability("attention_probs_dropout_prob", 0.0)?;
    (dropout.embeddings, dropout.attention_output, dropout.output) = (hidden_dropout, hidden_dropout, hidden_dropout);
    architecture.head.dropout = config.probability("classifier_dropout_prob", 0.1)?;
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = embedding_names();
    names.linear("encoder.embedding_projection", &["encoder.embedding_hidden_mapping_in"], true);
    for layer in 0..config.layers("num_hidden_layers")? {
        names.layer(layer, &layer.to_string(), &LAYER);
    }
    Ok(names.head("pooler.dense", true, "classifier"))
}
