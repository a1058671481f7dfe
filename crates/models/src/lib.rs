//! Encoders with classification and regression heads on Burn, the fused operations that they are made of, and Hugging Face
//! checkpoints in and out. No command line, no tokenizer and no network.
//!
//! A family of models is data: [`encoder::family`] turns a config.json into an [`encoder::architecture::Architecture`], which
//! [`head::SequenceClassifier`] runs on any backend that implements [`ops::EncoderOps`]. [`checkpoint::load`] fills its
//! parameters from a checkpoint's files; `examples/logits.rs` does all of it.
//!
//! ```
//! use models::backends::Flex;
//! use models::batch::TokenBatch;
//! use models::config::Config;
//! use models::encoder::family;
//! use models::head::SequenceClassifier;
//! use models::ops::{DropoutPlan, Precision};
//!
//! let config = Config::from_fields(serde_json::from_str(
//!     r#"{"model_type": "bert", "vocab_size": 100, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
//!         "intermediate_size": 16, "max_position_embeddings": 32, "type_vocab_size": 2}"#,
//! )?);
//! let architecture = (family(&config)?.architecture)(&config)?;
//! let model = SequenceClassifier::<Flex>::zeros(architecture, 3, Precision::F32, &Default::default());
//! // Two sentences, of 4 and 3 tokens, end to end: no row is padding.
//! let batch = TokenBatch::new(&[(&[2, 10, 11, 3], &[0; 4]), (&[2, 12, 3], &[0; 3])], 0, None, 0);
//! let logits = model.forward(&batch, &mut DropoutPlan::evaluate());
//! assert_eq!(logits.dims(), [2, 3]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
pub mod peft;
pub mod torch_rng;
