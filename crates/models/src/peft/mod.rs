//! Parameter-efficient fine-tuning: which few parameters of a model are trained, what is put beside its layers for it, and the files that
//! Hugging Face's `peft` reads and writes. Numbers, draws and names are those of peft 0.21.

mod adapter_file;
mod attach;
mod config_file;
mod error;
mod method;
mod plan;

pub use self::adapter_file::{brings_saved, load_adapter, save_adapter};
pub use self::attach::{attach, merged};
pub use self::config_file::{AdapterConfig, read_config};
pub use self::error::PeftError;
pub use self::method::{BiasTraining, Ia3Config, LoraConfig, Method, Targets};
pub use self::plan::{AdapterPlan, Site};
