//! BERT (Devlin et al. 2019): post-norm encoder, absolute positions, pooler on `[CLS]`.
//!
//! Follows `src/transformers/models/bert/modeling_bert.py` of huggingface/transformers.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::Family;
use crate::activation::Activation;
use crate::batch::{Sequences, TokenBatch};
use crate::config::{Config, ConfigError, FieldDefault};
use crate::layers::{LayerNorm, Linear, zeros};
use crate::names::{Kind, Row, TensorName};
use crate::ops::{self, AttentionSpec, DropoutPlan, EncoderOps, Precision, RowDropout};

/// The family's registration.
pub const FAMILY: Family = Family {
    model_type: "bert",
    classifier_architecture: "BertForSequenceClassification",
    check: |config| BertConfig::new(config).map(|_| ()),
    tensor_names,
    config_defaults: CONFIG_DEFAULTS,
    prefix: "bert.",
};

/// `BertConfig` of `configuration_bert.py`; fields without which no model can be made are not among them.
const CONFIG_DEFAULTS: &[(&str, FieldDefault)] = &[
    ("add_cross_attention", FieldDefault::Bool(false)),
    ("attention_probs_dropout_prob", FieldDefault::Number(0.1)),
    ("bos_token_id", FieldDefault::Null),
    ("classifier_dropout", FieldDefault::Null),
    ("eos_token_id", FieldDefault::Null),
    ("hidden_act", FieldDefault::Text("gelu")),
    ("hidden_dropout_prob", FieldDefault::Number(0.1)),
    ("initializer_range", FieldDefault::Number(0.02)),
    ("is_decoder", FieldDefault::Bool(false)),
    ("layer_norm_eps", FieldDefault::Number(1e-12)),
    ("pad_token_id", FieldDefault::Count(0)),
    ("tie_word_embeddings", FieldDefault::Bool(true)),
    ("type_vocab_size", FieldDefault::Count(2)),
    ("use_cache", FieldDefault::Bool(true)),
];

/// Larger than any BERT there is.
const MOST_PARAMETERS: f64 = 1e10;

const EMBEDDINGS: &[Row] = &[
    Row("encoder.word_embeddings", &["embeddings.word_embeddings.weight"], Kind::Weight),
    Row("encoder.position_embeddings", &["embeddings.position_embeddings.weight"], Kind::Weight),
    Row("encoder.token_type_embeddings", &["embeddings.token_type_embeddings.weight"], Kind::Weight),
    Row("encoder.embedding_norm.weight", &["embeddings.LayerNorm.weight"], Kind::NormWeight),
    Row("encoder.embedding_norm.bias", &["embeddings.LayerNorm.bias"], Kind::Bias),
];

const LAYER: &[Row] = &[
    Row(
        "encoder.layers.{}.qkv.weight",
        &[
            "encoder.layer.{}.attention.self.query.weight",
            "encoder.layer.{}.attention.self.key.weight",
            "encoder.layer.{}.attention.self.value.weight",
        ],
        Kind::Weight,
    ),
    Row(
        "encoder.layers.{}.qkv.bias",
        &[
            "encoder.layer.{}.attention.self.query.bias",
            "encoder.layer.{}.attention.self.key.bias",
            "encoder.layer.{}.attention.self.value.bias",
        ],
        Kind::Bias,
    ),
    Row("encoder.layers.{}.attention_output.weight", &["encoder.layer.{}.attention.output.dense.weight"], Kind::Weight),
    Row("encoder.layers.{}.attention_output.bias", &["encoder.layer.{}.attention.output.dense.bias"], Kind::Bias),
    Row(
        "encoder.layers.{}.attention_norm.weight",
        &["encoder.layer.{}.attention.output.LayerNorm.weight"],
        Kind::NormWeight,
    ),
    Row("encoder.layers.{}.attention_norm.bias", &["encoder.layer.{}.attention.output.LayerNorm.bias"], Kind::Bias),
    Row("encoder.layers.{}.intermediate.weight", &["encoder.layer.{}.intermediate.dense.weight"], Kind::Weight),
    Row("encoder.layers.{}.intermediate.bias", &["encoder.layer.{}.intermediate.dense.bias"], Kind::Bias),
    Row("encoder.layers.{}.output.weight", &["encoder.layer.{}.output.dense.weight"], Kind::Weight),
    Row("encoder.layers.{}.output.bias", &["encoder.layer.{}.output.dense.bias"], Kind::Bias),
    Row("encoder.layers.{}.output_norm.weight", &["encoder.layer.{}.output.LayerNorm.weight"], Kind::NormWeight),
    Row("encoder.layers.{}.output_norm.bias", &["encoder.layer.{}.output.LayerNorm.bias"], Kind::Bias),
];

const POOLER: &[Row] = &[
    Row("encoder.pooler.weight", &["pooler.dense.weight"], Kind::Weight),
    Row("encoder.pooler.bias", &["pooler.dense.bias"], Kind::Bias),
];

const HEAD: &[Row] = &[
    Row("classifier.weight", &["classifier.weight"], Kind::Weight),
    Row("classifier.bias", &["classifier.bias"], Kind::Bias),
];

fn tensor_names(config: &Config) -> Result<Vec<TensorName>, ConfigError> {
    let layers = config.count("num_hidden_layers")?;
    let mut names: Vec<TensorName> = EMBEDDINGS.iter().map(|row| row.entry(0, true)).collect();
    for layer in 0..layers {
        names.extend(LAYER.iter().map(|row| row.entry(layer, true)));
    }
    names.extend(POOLER.iter().map(|row| row.entry(0, true)));
    names.extend(HEAD.iter().map(|row| row.entry(0, false)));
    Ok(names)
}

/// The fields of config.json that BERT reads; names as there.
#[derive(Clone, Debug, PartialEq)]
pub struct BertConfig {
    /// Rows of the word embeddings.
    pub vocab_size: usize,
    /// Width of the encoder.
    pub hidden_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Heads of each attention.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// The feed-forward layer's activation.
    pub hidden_act: Activation,
    /// Dropout of embeddings and of both sub-layers' outputs.
    pub hidden_dropout_prob: f64,
    /// Dropout of attention probabilities.
    pub attention_probs_dropout_prob: f64,
    /// Dropout before the classifier; `hidden_dropout_prob` where config.json has none.
    pub classifier_dropout: f64,
    /// Rows of the position embeddings: the longest input.
    pub max_position_embeddings: usize,
    /// Rows of the segment embeddings.
    pub type_vocab_size: usize,
    /// Added to the variance.
    pub layer_norm_eps: f64,
}

impl BertConfig {
    /// Reads and checks config.json.
    ///
    /// # Errors
    /// When a field is missing or out of range, or asks for something that is not implemented.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let positions = config.text("position_embedding_type", "absolute")?;
        if positions != "absolute" {
            return Err(ConfigError::Unsupported {
                field: "position_embedding_type",
                value: positions.to_owned(),
                supported: "absolute".to_owned(),
            });
        }
        if config.get("is_decoder").and_then(serde_json::Value::as_bool) == Some(true) {
            return Err(ConfigError::Unsupported {
                field: "is_decoder",
                value: "true".to_owned(),
                supported: "false".to_owned(),
            });
        }
        let hidden_dropout_prob = config.probability("hidden_dropout_prob", 0.1)?;
        let this = Self {
            vocab_size: config.count("vocab_size")?,
            hidden_size: config.count("hidden_size")?,
            num_hidden_layers: config.count("num_hidden_layers")?,
            num_attention_heads: config.count("num_attention_heads")?,
            intermediate_size: config.count("intermediate_size")?,
            hidden_act: Activation::from_config(config.text("hidden_act", "gelu")?)?,
            hidden_dropout_prob,
            attention_probs_dropout_prob: config.probability("attention_probs_dropout_prob", 0.1)?,
            classifier_dropout: config.probability("classifier_dropout", hidden_dropout_prob)?,
            max_position_embeddings: config.count("max_position_embeddings")?,
            type_vocab_size: config.count("type_vocab_size")?,
            layer_norm_eps: config.at_least_zero("layer_norm_eps", 1e-12)?,
        };
        config.at_least_zero("initializer_range", 0.02)?;
        if !this.hidden_size.is_multiple_of(this.num_attention_heads) {
            return Err(ConfigError::Value {
                field: "hidden_size".to_owned(),
                value: this.hidden_size.to_string(),
                expected: format!("a multiple of num_attention_heads ({})", this.num_attention_heads),
            });
        }
        // Memory for so many cannot be had, and asking for it would end the program without a message.
        if this.parameters() > MOST_PARAMETERS {
            return Err(ConfigError::Value {
                field: "hidden_size".to_owned(),
                value: format!("{} (with the other sizes {:.1e} parameters)", this.hidden_size, this.parameters()),
                expected: format!("sizes that make at most {MOST_PARAMETERS:e} parameters"),
            });
        }
        Ok(this)
    }

    /// About how many numbers the encoder has; sizes out of a file may be beyond any integer's range.
    fn parameters(&self) -> f64 {
        let [rows, hidden, ffn, layers] = [
            self.vocab_size as f64 + self.max_position_embeddings as f64 + self.type_vocab_size as f64,
            self.hidden_size as f64,
            self.intermediate_size as f64,
            self.num_hidden_layers as f64,
        ];
        rows * hidden + layers * (4.0 * hidden * hidden + 2.0 * hidden * ffn)
    }
}

/// One encoder layer.
#[derive(Module, Debug)]
pub struct BertLayer<B: Backend> {
    /// Queries, keys and values in one product: `[3 hidden, hidden]`.
    pub qkv: Linear<B>,
    /// After attention.
    pub attention_output: Linear<B>,
    /// After the first residual sum.
    pub attention_norm: LayerNorm<B>,
    /// First feed-forward layer.
    pub intermediate: Linear<B>,
    /// Second feed-forward layer.
    pub output: Linear<B>,
    /// After the second residual sum.
    pub output_norm: LayerNorm<B>,
}

/// The encoder with its pooler.
#[derive(Module, Debug)]
pub struct Bert<B: Backend> {
    /// `[vocab_size, hidden]`.
    pub word_embeddings: Param<Tensor<B, 2>>,
    /// `[max_position_embeddings, hidden]`.
    pub position_embeddings: Param<Tensor<B, 2>>,
    /// `[type_vocab_size, hidden]`.
    pub token_type_embeddings: Param<Tensor<B, 2>>,
    /// After the sum of embeddings.
    pub embedding_norm: LayerNorm<B>,
    /// The layers.
    pub layers: Vec<BertLayer<B>>,
    /// On the first token.
    pub pooler: Linear<B>,
    #[module(skip)]
    config: BertConfig,
}

impl<B: Backend> Bert<B> {
    /// All parameters zero, to be loaded or initialised.
    #[must_use]
    pub fn zeros(config: BertConfig, precision: Precision, device: &B::Device) -> Self {
        let (hidden, ffn, eps) = (config.hidden_size, config.intermediate_size, config.layer_norm_eps);
        let linear = |inputs, outputs| Linear::zeros(inputs, outputs, precision, device);
        let layer = |_| BertLayer {
            qkv: linear(hidden, 3 * hidden),
            attention_output: linear(hidden, hidden),
            attention_norm: LayerNorm::zeros(hidden, eps, device),
            intermediate: linear(hidden, ffn),
            output: linear(ffn, hidden),
            output_norm: LayerNorm::zeros(hidden, eps, device),
        };
        Self {
            word_embeddings: zeros([config.vocab_size, hidden], device),
            position_embeddings: zeros([config.max_position_embeddings, hidden], device),
            token_type_embeddings: zeros([config.type_vocab_size, hidden], device),
            embedding_norm: LayerNorm::zeros(hidden, eps, device),
            layers: (0..config.num_hidden_layers).map(layer).collect(),
            pooler: linear(hidden, hidden),
            config,
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &BertConfig {
        &self.config
    }
}

impl<B: EncoderOps> Bert<B> {
    /// Hidden states of the first token of every sequence, `[batch, hidden]`. Nothing reads the last layer's other rows,
    /// so beyond its attention they are not computed.
    #[must_use]
    pub fn first_states(&self, batch: &TokenBatch, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        let config = self.config();
        let row_dropout = |plan: &mut DropoutPlan, sequences: &Arc<Sequences>| RowDropout {
            dropout: plan.next(config.hidden_dropout_prob),
            sequences: sequences.clone(),
        };
        let embedded = ops::embed(
            self.word_embeddings.val(),
            self.position_embeddings.val(),
            self.token_type_embeddings.val(),
            batch,
        );
        let mut sequences = batch.sequences.clone();
        let dropout = row_dropout(plan, &sequences);
        let mut x = ops::dropout(self.embedding_norm.forward(embedded), dropout.dropout, &sequences);
        for (i, layer) in self.layers.iter().enumerate() {
            let spec = AttentionSpec {
                heads: config.num_attention_heads,
                sequences: sequences.clone(),
                dropout: plan.next(config.attention_probs_dropout_prob),
            };
            let mut context = ops::attention(layer.qkv.forward(x.clone()), &spec);
            if i + 1 == self.layers.len() {
                let first = ops::indices(sequences.starts().iter().map(|&row| row as u32), &x.device());
                context = context.select(0, first.clone());
                x = x.select(0, first);
                sequences = Arc::new(sequences.firsts());
            }
            let dropout = row_dropout(plan, &sequences);
            let attended = layer.attention_norm.add_forward(&layer.attention_output, context, x, &dropout);
            let inner = config.hidden_act.forward(&layer.intermediate, attended.clone());
            let dropout = row_dropout(plan, &sequences);
            x = layer.output_norm.add_forward(&layer.output, inner, attended, &dropout);
        }
        x
    }

    /// tanh(pooler(`[CLS]`)) of every sequence, `[batch, hidden]`.
    #[must_use]
    pub fn pooled(&self, batch: &TokenBatch, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        self.pooler.forward(self.first_states(batch, plan)).tanh()
    }
}
