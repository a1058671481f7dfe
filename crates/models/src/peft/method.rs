//! The methods and their numbers, named as `peft` names them.

/// The biases that are trained beside LoRA's factors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BiasTraining {
    /// None.
    #[default]
    None,
    /// All of the model.
    All,
    /// Those of the layers that LoRA is put beside.
    LoraOnly,
}

impl BiasTraining {
    /// As `peft` spells them.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("all", Self::All), ("lora_only", Self::LoraOnly)];

    /// As `peft` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, bias)| *bias == self).map_or("", |(name, _)| name)
    }
}

/// The layers that something is put beside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Targets {
    /// Those that `peft` takes for the family, or that stand for them.
    #[default]
    Default,
    /// Those whose name is one of these, or ends with one behind a dot.
    Names(Vec<String>),
    /// Every linear layer but those that are trained as a whole.
    AllLinear,
}

/// LoRA's numbers (`peft.LoraConfig`).
#[derive(Clone, Debug, PartialEq)]
pub struct LoraConfig {
    /// Rank of the factors.
    pub r: usize,
    /// The product is multiplied with it over r, or over the root of r.
    pub lora_alpha: f64,
    /// Of the layer's input on its way through the factors.
    pub lora_dropout: f64,
    /// The biases that are trained too.
    pub bias: BiasTraining,
    /// Over the root of r (Kalajdzievski 2023, <https://arxiv.org/abs/2312.03732>).
    pub use_rslora: bool,
    /// The layers.
    pub target_modules: Targets,
    /// Layers that are trained as a whole, and saved, beside the classifier: those whose name ends with one of these.
    pub modules_to_save: Vec<String>,
}

impl Default for LoraConfig {
    fn default() -> Self {
        Self {
            r: 8,
            lora_alpha: 8.0,
            lora_dropout: 0.0,
            bias: BiasTraining::None,
            use_rslora: false,
            target_modules: Targets::Default,
            modules_to_save: Vec::new(),
        }
    }
}

impl LoraConfig {
    /// What the product is multiplied with.
    #[must_use]
    pub fn scaling(&self) -> f64 {
        let r = self.r as f64;
        self.lora_alpha / if self.use_rslora { r.sqrt() } else { r }
    }
}

/// The numbers of (IA)³ (`peft.IA3Config`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ia3Config {
    /// The layers.
    pub target_modules: Targets,
    /// Those of them whose input is scaled, by name.
    pub feedforward_modules: Targets,
    /// Layers that are trained as a whole, and saved, beside the classifier.
    pub modules_to_save: Vec<String>,
}

/// What `peft` saves of every sequence classifier, under whatever of the two names it has (`PeftModelForSequenceClassification`).
pub(super) const CLASSIFIER: [&str; 2] = ["classifier", "score"];

/// How few parameters are trained.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Products of low rank beside linear layers (Hu et al. 2021, <https://arxiv.org/abs/2106.09685>).
    Lora(LoraConfig),
    /// Scales of activations (Liu et al. 2022, <https://arxiv.org/abs/2205.05638>).
    Ia3(Ia3Config),
    /// The biases and the head (Ben Zaken et al. 2022, <https://arxiv.org/abs/2106.10199>).
    BitFit,
    /// The head alone: a linear probe.
    Head,
}

impl Method {
    /// Whether something is put beside layers, and a file of its own holds it.
    #[must_use]
    pub fn is_adapter(&self) -> bool {
        matches!(self, Self::Lora(_) | Self::Ia3(_))
    }

    /// Whether it drops units on its own way beside a layer.
    #[must_use]
    pub fn drops_units(&self) -> bool {
        matches!(self, Self::Lora(lora) if lora.lora_dropout > 0.0)
    }

    /// The same without the names of layers, which may be spelled in several ways.
    fn without_names(&self) -> Self {
        let (target_modules, modules_to_save) = (Targets::Default, Vec::new());
        match self {
            Self::Lora(lora) => Self::Lora(LoraConfig { target_modules, modules_to_save, ..lora.clone() }),
            Self::Ia3(_) => Self::Ia3(Ia3Config::default()),
            Self::BitFit => Self::BitFit,
            Self::Head => Self::Head,
        }
    }

    /// The same beside other layers; `None` where it stands beside none.
    pub(super) fn beside(&self, target_modules: Targets) -> Option<Self> {
        match self {
            Self::Lora(lora) => Some(Self::Lora(LoraConfig { target_modules, ..lora.clone() })),
            Self::Ia3(ia3) => {
                let feedforward_modules = match target_modules {
                    Targets::Default => Targets::Default,
                    Targets::Names(_) | Targets::AllLinear => ia3.feedforward_modules.clone(),
                };
                Some(Self::Ia3(Ia3Config { target_modules, feedforward_modules, ..ia3.clone() }))
            }
            Self::BitFit | Self::Head => None,
        }
    }

    /// Whether another one has the same numbers, whatever layers it names.
    pub(super) fn has_numbers_of(&self, other: &Self) -> bool {
        self.without_names() == other.without_names()
    }

    /// As `--peft` spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lora(_) => "lora",
            Self::Ia3(_) => "ia3",
            Self::BitFit => "bitfit",
            Self::Head => "head",
        }
    }

    /// The layers that are trained as a whole, where the method names them.
    pub(super) fn modules_to_save(&self) -> Vec<String> {
        let own = match self {
            Self::Lora(lora) => &lora.modules_to_save,
            Self::Ia3(ia3) => &ia3.modules_to_save,
            Self::BitFit | Self::Head => return Vec::new(),
        };
        let usual = CLASSIFIER.iter().filter(|usual| !own.iter().any(|own| own == *usual));
        own.iter().cloned().chain(usual.map(|&usual| usual.to_owned())).collect()
    }
}

/// The usual target modules of a family.
struct Usual {
    model_types: &'static [&'static str],
    lora: &'static [&'static str],
    ia3: &'static [&'static str],
    feedforward: &'static [&'static str],
}

/// Of `peft.utils.constants`; for families that it leaves out, the layers of the same place.
const USUAL: &[Usual] = &[
    Usual {
        model_types: &[
            "bert",
            "roberta",
            "xlm-roberta",
            "camembert",
            "data2vec-text",
            "electra",
            "ernie",
            "megatron-bert",
            "roberta-prelayernorm",
            "rembert",
        ],
        lora: &["query", "value"],
        ia3: &["key", "value", "output.dense"],
        feedforward: &["output.dense"],
    },
    Usual {
        model_types: &["albert"],
        lora: &["query", "value"],
        ia3: &["key", "value", "ffn_output"],
        feedforward: &["ffn_output"],
    },
    Usual {
        model_types: &["distilbert"],
        lora: &["q_lin", "v_lin"],
        ia3: &["k_lin", "v_lin", "lin2"],
        feedforward: &["lin2"],
    },
    Usual {
        model_types: &["mpnet"],
        lora: &["q", "v"],
        ia3: &["k", "v", "output.dense"],
        feedforward: &["output.dense"],
    },
    Usual {
        model_types: &["deberta-v2"],
        lora: &["query_proj", "value_proj"],
        ia3: &["key_proj", "value_proj", "output.dense"],
        feedforward: &["output.dense"],
    },
    Usual {
        model_types: &["deberta"],
        lora: &["in_proj"],
        ia3: &["in_proj", "output.dense"],
        feedforward: &["output.dense"],
    },
    // Queries, keys and values are one layer, of which (IA)³ would scale all.
    Usual { model_types: &["modernbert"], lora: &["Wqkv"], ia3: &[], feedforward: &[] },
    Usual {
        model_types: &["llama", "mistral"],
        lora: &["q_proj", "v_proj"],
        ia3: &["k_proj", "v_proj", "down_proj"],
        feedforward: &["down_proj"],
    },
    Usual {
        model_types: &["qwen2", "qwen3", "gemma", "gemma2", "gemma3_text"],
        lora: &["q_proj", "v_proj"],
        ia3: &["q_proj", "v_proj", "down_proj"],
        feedforward: &["down_proj"],
    },
    Usual {
        model_types: &["smollm3", "eurobert", "nomic_bert", "gte"],
        lora: &["q_proj", "v_proj"],
        ia3: &["k_proj", "v_proj", "down_proj"],
        feedforward: &["down_proj"],
    },
    Usual { model_types: &["modernbert-decoder"], lora: &["q_proj", "v_proj"], ia3: &[], feedforward: &[] },
    Usual { model_types: &["gpt2"], lora: &["c_attn"], ia3: &["c_attn", "mlp.c_proj"], feedforward: &["mlp.c_proj"] },
    Usual {
        model_types: &["gpt_neox"],
        lora: &["query_key_value"],
        ia3: &["query_key_value", "dense_4h_to_h"],
        feedforward: &["dense_4h_to_h"],
    },
    Usual { model_types: &["t5"], lora: &["q", "v"], ia3: &["k", "v", "wo"], feedforward: &["wo"] },
    Usual { model_types: &["mt5", "umt5"], lora: &["q", "v"], ia3: &["k", "v", "wi_1"], feedforward: &[] },
    Usual {
        model_types: &["opt"],
        lora: &["q_proj", "v_proj"],
        ia3: &["q_proj", "k_proj", "fc2"],
        feedforward: &["fc2"],
    },
];

impl Method {
    /// The usual names of the family's layers; none where there is no usual choice.
    pub(super) fn usual_targets(&self, model_type: &str) -> [Vec<String>; 2] {
        let usual = USUAL.iter().find(|usual| usual.model_types.contains(&model_type));
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        match (self, usual) {
            (Self::Lora(_), Some(usual)) => [owned(usual.lora), Vec::new()],
            (Self::Ia3(_), Some(usual)) => [owned(usual.ia3), owned(usual.feedforward)],
            _ => [Vec::new(), Vec::new()],
        }
    }
}
