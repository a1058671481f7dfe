//! Hugging Face checkpoints: files, names, values, and a report of what was found.

mod error;
mod files;
mod load;
mod pytorch;
mod safetensors_file;
mod save;
mod source;

pub use self::error::CheckpointError;
pub use self::files::{WeightFiles, is_of_head, locate};
pub use self::load::{HeadUse, LoadOptions, LoadReport, load};
pub use self::safetensors_file::{
    read_bytes, read_safetensors, tensor_names, tensor_shapes, write_bytes, write_safetensors,
};
pub use self::save::save;
