//! Encoders, and decoders as classifiers: one file a family, registered here.

mod albert;
pub mod architecture;
mod attend;
mod bert;
mod bert_like;
mod checks;
mod convolution;
mod data2vec_text;
mod deberta;
mod deberta_like;
mod deberta_v2;
pub mod decoder;
mod disentangled;
mod distilbert;
mod electra;
mod ernie;
mod eurobert;
mod gemma;
mod gpt2;
mod gpt_neox;
mod gte;
mod llama;
mod llama_like;
mod masks;
mod megatron_bert;
mod mistral;
pub mod model;
mod modernbert;
mod mpnet;
mod nomic_bert;
mod opt;
pub(crate) mod pooling;
mod qwen;
mod registration;
pub(crate) mod relative;
mod rembert;
mod roberta;
mod roberta_prelayernorm;
mod rope;
mod second_stack;
mod size;
mod smollm3;
mod t5;

pub use self::registration::{DropoutFields, Family};
pub use self::size::Parameters;
use crate::config::{Config, ConfigError};

/// The families, one row each.
pub static FAMILIES: &[Family] = &[
    bert::FAMILY,
    distilbert::FAMILY,
    roberta::FAMILY,
    roberta::XLM_ROBERTA,
    roberta::CAMEMBERT,
    electra::FAMILY,
    albert::FAMILY,
    mpnet::FAMILY,
    data2vec_text::FAMILY,
    deberta::FAMILY,
    deberta_v2::FAMILY,
    modernbert::FAMILY,
    ernie::FAMILY,
    megatron_bert::FAMILY,
    roberta_prelayernorm::FAMILY,
    rembert::FAMILY,
    nomic_bert::FAMILY,
    gte::FAMILY,
    eurobert::FAMILY,
    modernbert::DECODER,
    gpt2::FAMILY,
    gpt_neox::FAMILY,
    opt::FAMILY,
    llama::FAMILY,
    mistral::FAMILY,
    qwen::QWEN2,
    qwen::QWEN3,
    smollm3::FAMILY,
    gemma::GEMMA,
    gemma::GEMMA2,
    gemma::GEMMA3_TEXT,
    t5::T5,
    t5::MT5,
    t5::UMT5,
];

/// The family of a config.json.
///
/// # Errors
/// When its `model_type` is not among [`FAMILIES`], or its weights are quantized.
pub fn family(config: &Config) -> Result<&'static Family, ConfigError> {
    // Their tensors have names and forms of their own, so that the encoder's would all count as absent.
    if let Some(quantization) = config.get("quantization_config") {
        let method = quantization.get("quant_method").and_then(serde_json::Value::as_str);
        return Err(ConfigError::Unsupported {
            field: "quantization_config",
            value: method.map_or_else(|| quantization.to_string(), str::to_owned),
            supported: "none: take the model that it was made of".to_owned(),
        });
    }
    let supported = || FAMILIES.iter().map(|f| f.model_type).collect::<Vec<_>>().join(", ");
    FAMILIES.iter().find(|family| family.model_type == config.model_type()).ok_or_else(|| {
        match config.get("model_type") {
            None => ConfigError::Value {
                field: "model_type".to_owned(),
                value: "absent".to_owned(),
                expected: format!("one of: {}", supported()),
            },
            Some(value) => ConfigError::Unsupported {
                field: "model_type",
                value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
                supported: supported(),
            },
        }
    })
}
