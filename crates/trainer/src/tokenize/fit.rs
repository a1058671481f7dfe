//! Whether a class takes a model as a file has it.

use tokenizers::ModelWrapper;

/// What becomes of the model in a `tokenizer.json`.
pub(super) enum Fit {
    /// The class has the same.
    AsItIs,
    /// The class has the vocabulary with other settings.
    Changed(Box<ModelWrapper>),
    /// It is of another algorithm.
    None,
}
