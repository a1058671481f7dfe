//! Hugging Face checkpoints: files, names, values, and a report of what was found.

mod error;
mod files;
mod load;
mod pytorch;
mod safetensors_file;
mod save;

pub use error::CheckpointError;
pub use files::{WeightFiles, locate};
pub use load::{LoadOptions, LoadReport, load};
pub use safetensors_file::{read_safetensors, write_safetensors};
pub use save::save;

/// Tensors of one file.
pub(crate) trait TensorSource {
    /// Names of all tensors.
    fn names(&self) -> Vec<String>;
    /// Sizes of a tensor that is there.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;
    /// Values of a tensor as f32.
    fn read(&self, name: &str) -> Result<Vec<f32>, CheckpointError>;
}

/// The name that transformers gives the tensor in a classifier's checkpoint.
fn full_name(tensor: &str, in_encoder: bool, prefix: &str) -> String {
    if in_encoder { format!("{prefix}{tensor}") } else { tensor.to_owned() }
}
