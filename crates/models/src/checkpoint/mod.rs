//! Hugging Face checkpoints: files, names, values, and a report of what was found.

mod error;
mod files;
mod load;
mod pytorch;
mod safetensors_file;

pub use error::CheckpointError;
pub use files::{WeightFiles, locate};
pub use load::{LoadOptions, LoadReport, load};
pub use safetensors_file::write_safetensors;

/// Tensors of one file.
pub(crate) trait TensorSource {
    /// Names of all tensors.
    fn names(&self) -> Vec<String>;
    /// Sizes of a tensor that is there.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;
    /// Values of a tensor as f32.
    fn read(&self, name: &str) -> Result<Vec<f32>, CheckpointError>;
}
