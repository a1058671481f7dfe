//! Flags of how much is computed and kept at once; none of them changes a number.

use clap::Args;

use super::value_parsers::{BoolFlag, whole};

/// Flags of memory.
#[derive(Args, Clone, Debug, Default)]
#[command(rename_all = "snake_case")]
pub struct MemoryArgs {
    /// Keep only each layer's input and compute the layer again when its gradients are due: less memory, a third more work,
    /// the same numbers [default: false]
    #[arg(long, bool_flag(), help_heading = "Machine")]
    pub gradient_checkpointing: Option<bool>,
    /// Where a GPU has no room for a batch, compute it in halves; the step stays the same [default: false]
    #[arg(long, bool_flag(), help_heading = "Machine")]
    pub auto_find_batch_size: Option<bool>,
    /// Divide each batch over N devices of this machine; the step stays the same. Not yet tried on several GPUs [default: 1]
    #[arg(long, value_parser = whole::<usize>, value_name = "N", help_heading = "Machine")]
    pub experimental_data_parallel: Option<usize>,
}
