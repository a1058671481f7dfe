//! What can be wrong with parameter-efficient fine-tuning.

use std::path::PathBuf;

use crate::checkpoint::CheckpointError;

/// A method that does not fit a model, or an adapter's files that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PeftError {
    /// A name of a target that no linear layer has.
    #[error("no linear layer is called `{name}`; those of this model: {known}")]
    NoSuchModule {
        /// What was asked for.
        name: String,
        /// The last parts of the names of all layers.
        known: String,
    },
    /// A layer that is to be trained as a whole, and that no layer is called.
    #[error("--modules_to_save: no layer of the head is called `{name}`; those of this model: {known}")]
    NotSaved {
        /// What was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A layer that is to be trained as a whole, and is one with others.
    #[error(
        "--modules_to_save: `{name}` is the same table as others of the model, and peft trains a copy of it that nothing reads"
    )]
    SavedTied {
        /// transformers' name of it.
        name: String,
    },
    /// A layer that is computed together with others, and of which something is asked for alone.
    #[error("`{name}` is computed in one product with its neighbours here: {what}")]
    Stacked {
        /// transformers' name of the layer.
        name: String,
        /// What cannot be done, and what to do.
        what: &'static str,
    },
    /// A layer whose matrix lies in checkpoints the other way round.
    #[error(
        "`{name}` cannot be trained as a whole: transformers keeps its matrix turned (Conv1D); leave it out of --modules_to_save"
    )]
    Turned {
        /// transformers' name of the matrix.
        name: String,
    },
    /// Feed-forward layers that are not among the targets as `peft` wants them.
    #[error("--feedforward_modules {name}: {reason}")]
    Feedforward {
        /// What was asked for.
        name: String,
        /// What is wrong, and what to do.
        reason: &'static str,
    },
    /// A family for which there is no usual choice.
    #[error(
        "peft has no usual target modules of {method} for {model_type}: give --target_modules; its layers: {known}"
    )]
    NoDefault {
        /// The method.
        method: &'static str,
        /// The family.
        model_type: String,
        /// The names that there are.
        known: String,
    },
    /// A head that is called otherwise than those that `peft` trains by itself.
    #[error(
        "peft trains and saves a head that is called `{name}` only where it is named: give --modules_to_save {name}"
    )]
    HeadNotSaved {
        /// transformers' name of it.
        name: String,
    },
    /// BitFit of a model without biases.
    #[error("--peft bitfit trains biases, and a {model_type} encoder has none")]
    NoBiases {
        /// The family.
        model_type: String,
    },
    /// A file that is not JSON or not an adapter's.
    #[error("{}: {reason}", path.display())]
    Config {
        /// adapter_config.json.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// What an adapter asks for and is not implemented.
    #[error("{}: `{field}` is {value}, which is not implemented; expected {expected}", path.display())]
    Unsupported {
        /// adapter_config.json.
        path: PathBuf,
        /// The field.
        field: String,
        /// Its value.
        value: String,
        /// What can be.
        expected: &'static str,
    },
    /// Tensors that the model does not have, or that the file lacks.
    #[error("{}: {reason}", path.display())]
    Tensors {
        /// adapter_model.safetensors.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file itself.
    #[error(transparent)]
    File(#[from] CheckpointError),
}
