//! Encoders with classification and regression heads on Burn, the operations that they are made of, and Hugging Face
//! checkpoints in and out. No command line and no network.

pub mod activation;
pub mod backends;
pub mod batch;
pub mod checkpoint;
pub mod config;
pub mod encoder;
pub mod head;
pub mod layers;
pub mod names;
#[cfg(feature = "cube")]
mod on_device;
pub mod ops;
pub mod parameters;
pub mod recompute;
pub mod torch_rng;
