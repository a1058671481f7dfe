//! Encoders with classification and regression heads on Burn, the operations that they are made of, and Hugging Face
//! checkpoints in and out. No command line and no network.

pub mod activation;
pub mod backends;
pub mod batch;
pub mod checkpoint;
pub mod config;
#[cfg(feature = "cube")]
mod device_cache;
pub mod encoder;
pub mod gpus;
pub mod gradient_checkpointing;
pub mod head;
pub mod layers;
pub mod ops;
pub mod parameter_specs;
pub mod parameters;
pub mod torch_rng;
