//! Parameters of a module and the tensors of a Hugging Face checkpoint that they are made of.

/// How a tensor that a checkpoint lacks is initialised, as transformers' `_init_weights` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// N(0, initializer_range).
    Normal,
    /// Zeros.
    Zeros,
    /// Ones.
    Ones,
}

/// One parameter of the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorName {
    /// Path of the parameter in the module, such as `encoder.layers.0.qkv.weight`.
    pub parameter: String,
    /// Names in the checkpoint without the family's prefix; several are stacked along the first dimension.
    pub tensors: Vec<String>,
    /// For those that are missing.
    pub init: Init,
    /// Whether the tensor belongs to the encoder, and so may carry the family's prefix.
    pub in_encoder: bool,
    /// Whether AdamW's weight decay applies: not to biases and normalisation (transformers,
    /// `Trainer.get_decay_parameter_names`).
    pub decay: bool,
}

/// One row of a family's table: parameter path, tensor names, and what kind of parameter it is; `{}` is the layer.
pub struct Row(pub &'static str, pub &'static [&'static str], pub Kind);

/// What a row's parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A matrix of a linear layer or an embedding: decays.
    Weight,
    /// A bias.
    Bias,
    /// The scale of a normalisation.
    NormWeight,
}

impl Row {
    /// The row's entry, for layer `layer` where it has one.
    #[must_use]
    pub fn entry(&self, layer: usize, in_encoder: bool) -> TensorName {
        let fill = |pattern: &str| pattern.replace("{}", &layer.to_string());
        TensorName {
            parameter: fill(self.0),
            tensors: self.1.iter().map(|t| fill(t)).collect(),
            init: match self.2 {
                Kind::Weight => Init::Normal,
                Kind::Bias => Init::Zeros,
                Kind::NormWeight => Init::Ones,
            },
            in_encoder,
            decay: self.2 == Kind::Weight,
        }
    }
}

/// Spellings of older checkpoints: TensorFlow's names for LayerNorm.
#[must_use]
pub fn old_spelling(name: &str) -> Option<String> {
    let stem = name.strip_suffix("LayerNorm.weight").map(|s| format!("{s}LayerNorm.gamma"));
    stem.or_else(|| name.strip_suffix("LayerNorm.bias").map(|s| format!("{s}LayerNorm.beta")))
}
