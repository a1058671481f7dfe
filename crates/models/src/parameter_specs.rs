//! The parameters of a model: for each its tensors in a Hugging Face checkpoint, how they are initialised where a checkpoint
//! lacks them, and whether they decay.

/// How a tensor that a checkpoint lacks is initialised, as transformers' `_init_weights` does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// N(0, initializer_range).
    Normal,
    /// N(0, std) cut at +-`cut`, after a draw of N(0, initializer_range) that is thrown away: transformers first treats
    /// the layer as any other, then as its family's.
    TruncatedNormal {
        /// Standard deviation before the cut.
        std: f64,
        /// Largest absolute value.
        cut: f64,
    },
    /// Every element 0: biases.
    Zeros,
    /// Every element 1: scales of normalisations.
    Ones,
}

/// One parameter of a model, and what of a checkpoint it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
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

impl ParameterSpec {
    fn new(parameter: String, tensors: Vec<String>, init: Init) -> Self {
        // MPNet's `relative_attention_bias` is a table, and spared for its name.
        let decay = init == Init::Normal && !tensors.iter().any(|tensor| tensor.contains("bias"));
        Self { parameter, tensors, init, in_encoder: true, decay }
    }

    /// The name that transformers gives one of the tensors in a classifier's checkpoint: with the family's prefix
    /// where it belongs to the encoder.
    #[must_use]
    pub fn full_name(&self, tensor: &str, prefix: &str) -> String {
        if self.in_encoder { format!("{prefix}{tensor}") } else { tensor.to_owned() }
    }
}

/// A family's names of the parts of a layer; `{}` is the layer. Weights and biases get their endings.
pub struct LayerNames {
    /// Queries, keys and values: three layers, or one.
    pub qkv: &'static [&'static str],
    /// The linear layer after attention.
    pub attention_output: &'static str,
    /// The first normalisation.
    pub attention_norm: &'static str,
    /// First feed-forward layer.
    pub intermediate: &'static str,
    /// Second feed-forward layer.
    pub output: &'static str,
    /// The second normalisation.
    pub output_norm: &'static str,
}

/// Collects the parameters of a model, in the order in which transformers initialises them.
#[derive(Default)]
pub struct ParameterSpecs {
    rows: Vec<ParameterSpec>,
}

impl ParameterSpecs {
    /// An embedding table.
    pub fn table(&mut self, parameter: &str, tensor: &str) -> &mut Self {
        let tensors = vec![format!("{tensor}.weight")];
        self.rows.push(ParameterSpec::new(format!("encoder.{parameter}"), tensors, Init::Normal));
        self
    }

    /// A linear layer, made of one or several of the checkpoint's.
    pub fn linear(&mut self, parameter: &str, tensors: &[&str], bias: bool) -> &mut Self {
        let mut row = |ending: &str, init| {
            let tensors = tensors.iter().map(|tensor| format!("{tensor}.{ending}")).collect();
            self.rows.push(ParameterSpec::new(format!("{parameter}.{ending}"), tensors, init));
        };
        row("weight", Init::Normal);
        if bias {
            row("bias", Init::Zeros);
        }
        self
    }

    /// A normalisation.
    pub fn norm(&mut self, parameter: &str, tensor: &str, bias: bool) -> &mut Self {
        let mut row = |ending: &str, init| {
            let tensors = vec![format!("{tensor}.{ending}")];
            self.rows.push(ParameterSpec::new(format!("{parameter}.{ending}"), tensors, init));
        };
        row("weight", Init::Ones);
        if bias {
            row("bias", Init::Zeros);
        }
        self
    }

    /// A layer with biases everywhere, called `name` in the checkpoint.
    pub fn layer(&mut self, index: usize, name: &str, names: &LayerNames) -> &mut Self {
        let path = |part: &str| format!("encoder.layers.{index}.{part}");
        let fill = |pattern: &str| pattern.replace("{}", name);
        let qkv: Vec<String> = names.qkv.iter().map(|part| fill(part)).collect();
        self.linear(&path("qkv"), &qkv.iter().map(String::as_str).collect::<Vec<_>>(), true)
            .linear(&path("attention_output"), &[&fill(names.attention_output)], true)
            .norm(&path("attention_norm"), &fill(names.attention_norm), true)
            .linear(&path("intermediate"), &[&fill(names.intermediate)], true)
            .linear(&path("output"), &[&fill(names.output)], true)
            .norm(&path("output_norm"), &fill(names.output_norm), true)
    }

    /// What was added since there were `from` rows does not carry the family's prefix.
    pub fn outside_encoder(&mut self, from: usize) -> &mut Self {
        self.rows[from..].iter_mut().for_each(|row| row.in_encoder = false);
        self
    }

    /// The head: a dense layer, `in_encoder` where it is the encoder's pooler, and the classifier.
    pub fn head(&mut self, dense: &str, in_encoder: bool, classifier: &str) -> Vec<ParameterSpec> {
        let from = self.rows.len();
        self.linear("dense", &[dense], true);
        let pooler = self.rows.len();
        self.linear("classifier", &[classifier], true);
        self.outside_encoder(if in_encoder { pooler } else { from });
        std::mem::take(&mut self.rows)
    }

    /// The parameters so far.
    pub fn rows(&mut self) -> &mut Vec<ParameterSpec> {
        &mut self.rows
    }
}

/// Spellings of older checkpoints: TensorFlow's names for LayerNorm.
#[must_use]
pub fn old_spelling(name: &str) -> Option<String> {
    let stem = name.strip_suffix("LayerNorm.weight").map(|s| format!("{s}LayerNorm.gamma"));
    stem.or_else(|| name.strip_suffix("LayerNorm.bias").map(|s| format!("{s}LayerNorm.beta")))
}
