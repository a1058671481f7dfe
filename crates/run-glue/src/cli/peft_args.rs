//! Flags of parameter-efficient fine-tuning: which parameters are trained, and what is put beside the model's layers for it.

use clap::Args;
use models::peft::BiasTraining;

use super::value_parsers::{BoolFlag, choice, number, whole};
use trainer::settings::{PeftMethod, PeftSettings};

/// Flags of parameter-efficient fine-tuning, named as Hugging Face's `peft` names its settings.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct PeftArgs {
    /// Train few parameters: lora, products of low rank beside linear layers; ia3, scales of activations; bitfit, the biases and the head;
    /// head, the head alone [default: all are trained]
    #[arg(long, value_parser = choice::<PeftMethod>, value_name = "METHOD", help_heading = "Few parameters")]
    pub peft: Option<PeftMethod>,
    /// Rank of LoRA's factors [default: 8]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Few parameters")]
    pub lora_r: Option<usize>,
    /// Multiply LoRA's product with this over the rank [default: 8]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Few parameters")]
    pub lora_alpha: Option<f64>,
    /// Dropout of the input of LoRA's factors [default: 0]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Few parameters")]
    pub lora_dropout: Option<f64>,
    /// The biases that are trained beside LoRA's factors: none, all, or lora_only, those of the same layers [default: none]
    #[arg(long, value_parser = choice::<BiasTraining>, value_name = "WHICH", help_heading = "Few parameters")]
    pub lora_bias: Option<BiasTraining>,
    /// Divide lora_alpha by the root of the rank (rsLoRA) [default: false]
    #[arg(long, bool_flag(), help_heading = "Few parameters")]
    pub use_rslora: Option<bool>,
    /// The layers that lora or ia3 is put beside, by transformers' names, such as query,value; or all-linear [default: as in peft]
    #[arg(
        long,
        alias = "lora_target_modules",
        value_delimiter = ',',
        value_name = "NAMES",
        help_heading = "Few parameters"
    )]
    pub target_modules: Vec<String>,
    /// Those of them whose input ia3 scales; the output of the others [default: as in peft]
    #[arg(long, value_delimiter = ',', value_name = "NAMES", help_heading = "Few parameters")]
    pub feedforward_modules: Vec<String>,
    /// Layers to train as a whole and save beside the classifier, such as pooler [default: none]
    #[arg(
        long,
        alias = "lora_modules_to_save",
        value_delimiter = ',',
        value_name = "NAMES",
        help_heading = "Few parameters"
    )]
    pub modules_to_save: Vec<String>,
    /// Make the adapter part of the model's weights at the end, so that a whole model is written [default: false]
    #[arg(long, bool_flag(), help_heading = "Few parameters")]
    pub merge_adapter: Option<bool>,
}

impl From<&PeftArgs> for PeftSettings {
    fn from(args: &PeftArgs) -> Self {
        let names = |names: &Vec<String>| Some(names.clone()).filter(|names| !names.is_empty());
        Self {
            method: args.peft,
            lora_r: args.lora_r,
            lora_alpha: args.lora_alpha,
            lora_dropout: args.lora_dropout,
            lora_bias: args.lora_bias,
            use_rslora: args.use_rslora,
            target_modules: names(&args.target_modules),
            feedforward_modules: names(&args.feedforward_modules),
            modules_to_save: names(&args.modules_to_save),
            merge_adapter: args.merge_adapter.unwrap_or(false),
        }
    }
}
