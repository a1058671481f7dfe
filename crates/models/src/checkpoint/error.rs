//! What can be wrong with a checkpoint.

use std::path::PathBuf;

/// A checkpoint that cannot be read or does not fit.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// No weights at all.
    #[error("no weights found: looked for {looked_for}")]
    NoWeights {
        /// The file names that were tried, in their order.
        looked_for: String,
    },
    /// The file cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file, as it was asked for.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not what its name says, or is cut off.
    #[error("{} is not a whole {kind} file: {reason}; download or copy it again", path.display())]
    Broken {
        /// The file, as it was asked for.
        path: PathBuf,
        /// `safetensors`, `PyTorch`, `index`.
        kind: &'static str,
        /// What the reader says.
        reason: String,
    },
    /// A shard that the index names is absent.
    #[error("{} names the shard {shard}, which is not there", index.display())]
    MissingShard {
        /// The index file.
        index: PathBuf,
        /// The shard's file name.
        shard: String,
    },
    /// A tensor whose numbers cannot become f32.
    #[error("{}: tensor `{tensor}` has element type {dtype}; expected F32, F16, BF16 or F64", path.display())]
    ElementType {
        /// The file, as it was asked for.
        path: PathBuf,
        /// Its name in the file.
        tensor: String,
        /// Its element type, as safetensors calls it.
        dtype: String,
    },
    /// A tensor of another shape than config.json asks for.
    #[error("tensor `{tensor}` has shape {found:?} in the checkpoint, but config.json asks for {expected:?}{hint}")]
    Shape {
        /// Its name in the file.
        tensor: String,
        /// Its sizes in the file, outermost first.
        found: Vec<usize>,
        /// The sizes that config.json comes down to.
        expected: Vec<usize>,
        /// What to do, where something can be done.
        hint: &'static str,
    },
    /// A tensor that the model is not without.
    #[error(
        "the checkpoint has no `{tensor}`: a `{model_type}` model needs both its encoder and its decoder, of which nothing is drawn"
    )]
    NotDrawn {
        /// transformers' name of it.
        tensor: String,
        /// `model_type` of config.json.
        model_type: String,
    },
    /// Tensors that are one in the model and differ in the file.
    #[error(
        "the checkpoint's `{tensor}` differs from its `{of}`: a model whose stacks have tables of their own is not supported"
    )]
    Untied {
        /// Its name in the file.
        tensor: String,
        /// The one that the model has.
        of: String,
    },
    /// No tensor of the encoder is in the file.
    #[error(
        "the checkpoint holds no tensor of a `{model_type}` encoder (its first tensors: {found}); is config.json its own?"
    )]
    NothingMatches {
        /// `model_type` of config.json.
        model_type: String,
        /// The first names in the file, at most three.
        found: String,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// Where it was to be.
        path: PathBuf,
        /// What the writer or the system says.
        reason: String,
    },
}
