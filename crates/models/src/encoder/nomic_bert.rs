//! NomicBERT (Nussbaum et al. 2024): BERT with rotary positions, SwiGLU, and no biases within its layers.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/nomic_bert/modeling_nomic_bert.py>

use super::architecture::{Architecture, FeedForward, LayerAttention};
use super::bert_like::bert_like;
use super::registration::{DropoutFields, Family};
use super::rope::{RopeDefaults, rope};
use crate::activation::Activation;
use crate::config::{Config, ConfigError, FieldDefault};
use crate::parameter_specs::{ParameterSpec, ParameterSpecs};

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "nomic_bert",
    classifier_architecture: "NomicBertForSequenceClassification",
    tokenizer_class: "BertTokenizer",
    architecture,
    parameter_specs,
    config_defaults: CONFIG_DEFAULTS,
    dropout_fields: DropoutFields::BERT,
    prefix: "nomic_bert.",
};

/// `NomicBertConfig` of `configuration_nomic_bert.py`; what depends on other fields is not among them.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("attention_probs_dropout_prob", FieldDefault::Number(0.0)),
    ("bos_token_id", FieldDefault::Null),
    ("classifier_dropout", FieldDefault::Null),
    ("eos_token_id", FieldDefault::Null),
    ("hidden_act", FieldDefault::Text("silu")),
    ("hidden_dropout_prob", FieldDefault::Number(0.0)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("layer_norm_eps", FieldDefault::Number(1e-12)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("type_vocab_size", FieldDefault::Count(2)),
];

fn architecture(config: &Config) -> Result<Architecture, ConfigError> {
    let (mut architecture, fields) = bert_like(config, 1e-12)?;
    let hidden_dropout = config.probability("hidden_dropout_prob", 0.0)?;
    architecture.embeddings.positions = None;
    let attention = &mut architecture.attention;
    if config.get("head_dim").is_some() {
        attention.head_dim = config.count("head_dim")?;
        attention.scale = 1.0 / (attention.head_dim as f64).sqrt();
    }
    (attention.bias, attention.output_bias) = (false, false);
    let rotary = Some(rope(config, None, attention.head_dim, RopeDefaults::theta(1000.0))?);
    attention.layers = vec![LayerAttention { rotary, ..LayerAttention::default() }; fields.num_hidden_layers];
    let activation = Activation::from_config("hidden_act", config.text("hidden_act", "silu")?)?;
    architecture.feed_forward = FeedForward { activation, gated: true, bias: false, output_bias: false };
    let dropout = &mut architecture.dropout;
    dropout.attention = config.probability("attention_probs_dropout_prob", 0.0)?;
    (dropout.embeddings, dropout.attention_output, dropout.output) = (hidden_dropout, hidden_dropout, hidden_dropout);
    architecture.head.dropout = config.optional_probability("classifier_dropout", hidden_dropout)?;
    architecture.checked("num_attention_heads")
}

fn parameter_specs(config: &Config) -> Result<Vec<ParameterSpec>, ConfigError> {
    let mut names = ParameterSpecs::default();
    names
        .table("word_embeddings", "embeddings.word_embeddings")
        .table("token_type_embeddings", "embeddings.token_type_embeddings")
        .norm("encoder.embedding_norm", "embeddings.LayerNorm", true)
        .stored(&["emb_ln"]);
    for layer in 0..config.layers("num_hidden_layers")? {
        let path = |part: &str| format!("encoder.layers.{layer}.{part}");
        let name = |part: &str| format!("layers.{layer}.{part}");
        // transformers renames and divides what files have as their authors wrote it (`conversion_mapping.py`).
        let stored = |part: &str| format!("encoder.layers.{layer}.{part}");
        let qkv = ["q_proj", "k_proj", "v_proj"].map(|part| name(&format!("self_attn.{part}")));
        names
            .norm(&path("attention_norm"), &name("post_attention_layernorm"), true)
            .stored(&[&stored("norm1")])
            .linear(&path("intermediate"), &[&name("mlp.gate_proj"), &name("mlp.up_proj")], false)
            .stored(&[&stored("mlp.fc12"), &stored("mlp.fc11")])
            .linear(&path("output"), &[&name("mlp.down_proj")], false)
            .stored(&[&stored("mlp.fc2")])
            .linear(&path("qkv"), &qkv.each_ref().map(String::as_str), false)
            .stored(&[&stored("attn.Wqkv")])
            .linear(&path("attention_output"), &[&name("self_attn.o_proj")], false)
            .stored(&[&stored("attn.out_proj")])
            .norm(&path("output_norm"), &name("post_mlp_layernorm"), true)
            .stored(&[&stored("norm2")]);
    }
    Ok(names.head("pooler.dense", true, "classifier"))
}
