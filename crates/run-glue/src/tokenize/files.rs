//! The files that make a tokenizer, and reading them.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::TokenizeError;

/// Where a checkpoint's tokenizer files lie. `None` for a file that the checkpoint does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenizerFiles {
    /// The whole tokenizer in one file; used whenever it is there.
    pub tokenizer_json: Option<PathBuf>,
    /// A WordPiece vocabulary, one token a line; used when there is no `tokenizer.json`.
    pub vocab_txt: Option<PathBuf>,
    /// Casing, special tokens, longest input.
    pub tokenizer_config: Option<PathBuf>,
    /// Special tokens; counts when `tokenizer_config.json` has no `added_tokens_decoder`.
    pub special_tokens_map: Option<PathBuf>,
}

impl TokenizerFiles {
    /// The tokenizer files that lie in a folder under their usual names.
    pub fn in_folder(folder: &Path) -> Self {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        Self {
            tokenizer_json: file("tokenizer.json"),
            vocab_txt: file("vocab.txt"),
            tokenizer_config: file("tokenizer_config.json"),
            special_tokens_map: file("special_tokens_map.json"),
        }
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TokenizeError> {
    std::fs::read(path).map_err(|source| TokenizeError::Read { path: path.to_owned(), source })
}

/// A settings file, or its default where the checkpoint has none.
pub(super) fn read_json<T: DeserializeOwned + Default>(path: Option<&Path>) -> Result<T, TokenizeError> {
    let Some(path) = path else {
        return Ok(T::default());
    };
    serde_json::from_slice(&read(path)?).map_err(|source| TokenizeError::Json { path: path.to_owned(), source })
}
