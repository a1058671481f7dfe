//! Flags of the optimizer, and of which parameters it changes.

use clap::Args;

use super::value_parsers::{BoolFlag, number, whole};
use trainer::settings::{Choice, OptimizerKind};

/// The help of `--optim`.
fn optimizers_in_words() -> String {
    format!("{} [default: {}]", OptimizerKind::own_names().join(", "), OptimizerKind::default().name())
}

/// Flags of the optimizer.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct OptimizerArgs {
    /// The rule by which parameters change.
    #[arg(help = optimizers_in_words(), long, value_name = "NAME", help_heading = "Optimizer")]
    pub optim: Option<String>,
    /// Multiply the learning rate with this for every layer from the head down [default: 1]
    #[arg(long, value_parser = number, value_name = "X", help_heading = "Optimizer")]
    pub layerwise_lr_decay: Option<f64>,
    /// Leave the embeddings and the first N layers as they are [default: 0, none]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Optimizer")]
    pub freeze_layers: Option<usize>,
    /// Leave the embeddings as they are [default: false]
    #[arg(long, bool_flag(), help_heading = "Optimizer")]
    pub freeze_embeddings: Option<bool>,
    /// Weight of each class in the loss, in the dataset's order, such as 1,2.5; or balanced [default: all alike]
    #[arg(long, value_name = "W,W,..", help_heading = "Optimizer")]
    pub class_weights: Option<String>,
    /// Leave out an epoch's last batch where it is not full [default: false]
    #[arg(long, bool_flag(), help_heading = "Training")]
    pub dataloader_drop_last: Option<bool>,
}
