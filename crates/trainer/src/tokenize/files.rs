//! The files that make a tokenizer, and reading them.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::TokenizeError;

/// Names of SentencePiece models: ALBERT and XLNet, XLM-RoBERTa and CamemBERT, DeBERTa.
const SENTENCE_PIECE: [&str; 3] = ["spiece.model", "sentencepiece.bpe.model", "spm.model"];

/// Where a checkpoint's tokenizer files lie. `None` for a file that the checkpoint does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenizerFiles {
    /// The whole tokenizer in one file; used whenever it is there.
    pub tokenizer_json: Option<PathBuf>,
    /// A WordPiece vocabulary, one token a line; used when there is no `tokenizer.json`.
    pub vocab_txt: Option<PathBuf>,
    /// A vocabulary of byte-level BPE; used with `merges_txt` when there is no `tokenizer.json`.
    pub vocab_json: Option<PathBuf>,
    /// The merges that go with it.
    pub merges_txt: Option<PathBuf>,
    /// A SentencePiece model; used when there is nothing else.
    pub sentence_piece: Vec<PathBuf>,
    /// The class where `tokenizer_config.json` names none, and where that one is named.
    pub default_class: Option<(String, &'static str)>,
    /// Casing, special tokens, longest input.
    pub tokenizer_config: Option<PathBuf>,
    /// Tokens beyond the vocabulary with their ids; counts when `tokenizer_config.json` has no `added_tokens_decoder`.
    pub added_tokens: Option<PathBuf>,
    /// Special tokens; counts when `tokenizer_config.json` has no `added_tokens_decoder`.
    pub special_tokens_map: Option<PathBuf>,
}

impl TokenizerFiles {
    /// The tokenizer files that lie in a folder under their usual names.
    pub fn in_folder(folder: &Path) -> Self {
        let file = |name: &str| Ok(Some(folder.join(name)).filter(|path| path.is_file()));
        Self::find(file).unwrap_or_else(|never: std::convert::Infallible| match never {})
    }

    /// The tokenizer files that `file` finds under their usual names.
    ///
    /// # Errors
    /// Those of `file`.
    pub fn find<E>(mut file: impl FnMut(&str) -> Result<Option<PathBuf>, E>) -> Result<Self, E> {
        let mut found = Self {
            tokenizer_json: file("tokenizer.json")?,
            tokenizer_config: file("tokenizer_config.json")?,
            added_tokens: file("added_tokens.json")?,
            special_tokens_map: file("special_tokens_map.json")?,
            ..Self::default()
        };
        // A repository may have many files of a tokenizer; only those that are read are fetched.
        if found.tokenizer_json.is_none() {
            found.vocab_txt = file("vocab.txt")?;
        }
        if found.tokenizer_json.is_none() && found.vocab_txt.is_none() {
            found.vocab_json = file("vocab.json")?;
            found.merges_txt = file("merges.txt")?;
        }
        if found.vocab_json.is_none() && found.vocab_txt.is_none() && found.tokenizer_json.is_none() {
            for name in SENTENCE_PIECE {
                found.sentence_piece.extend(file(name)?);
            }
        }
        Ok(found)
    }

    /// All files that are there.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        let Self { tokenizer_json, vocab_txt, vocab_json, merges_txt, sentence_piece, default_class: _, .. } = self;
        let Self { tokenizer_config, added_tokens, special_tokens_map, .. } = self;
        let single =
            [tokenizer_json, vocab_txt, vocab_json, merges_txt, tokenizer_config, added_tokens, special_tokens_map];
        single.into_iter().flatten().chain(sentence_piece)
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
