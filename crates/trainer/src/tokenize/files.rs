//! The files that make a tokenizer, and reading them.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::TokenizeError;
use super::classes::ModelClass;

/// Names of SentencePiece models: ALBERT and T5, XLM-RoBERTa and CamemBERT, DeBERTa, RemBERT, Llama and Gemma.
const SENTENCE_PIECE: [&str; 5] =
    ["spiece.model", "sentencepiece.bpe.model", "spm.model", "sentencepiece.model", "tokenizer.model"];

/// The class that is its `tokenizer.json` and nothing else.
pub(super) const GENERIC_CLASS: &str = "TokenizersBackend";

/// Where a checkpoint's tokenizer files lie. `None` for a file that the checkpoint does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenizerFiles {
    /// The whole tokenizer in one file; used whenever it is there.
    pub tokenizer_json: Option<PathBuf>,
    /// A WordPiece vocabulary, one token a line. This and those that follow are looked for when there is no `tokenizer.json`.
    pub vocab_txt: Option<PathBuf>,
    /// A vocabulary of byte-level BPE; used with `merges_txt`.
    pub vocab_json: Option<PathBuf>,
    /// The merges that go with it.
    pub merges_txt: Option<PathBuf>,
    /// SentencePiece models.
    pub sentence_piece: Vec<PathBuf>,
    /// The class where `tokenizer_config.json` names none, and where that one is named.
    pub default_class: Option<(String, &'static str)>,
    /// The class that every model of this type has, whatever class the files name. `TokenizersBackend`: `tokenizer.json` is read as it
    /// stands.
    pub ruling_class: Option<String>,
    /// The token that short rows are filled with, whatever the files name.
    pub pad_token: Option<String>,
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
        // A repository may have many files of a tokenizer. Which of the older ones are read is for the class to say.
        if found.tokenizer_json.is_none() {
            found.vocab_txt = file("vocab.txt")?;
            found.vocab_json = file("vocab.json")?;
            found.merges_txt = file("merges.txt")?;
            for name in SENTENCE_PIECE {
                found.sentence_piece.extend(file(name)?);
            }
        }
        Ok(found)
    }

    /// The same, of a model. `named`: the `tokenizer_class` of its config.json; `usual`: the class of its type where transformers does not
    /// know that. As AutoTokenizer: some types have one class, whatever the files name.
    #[must_use]
    pub fn of_model(self, named: Option<String>, model_type: &str, usual: &str) -> Self {
        let known = ModelClass::of(model_type);
        let usual = known.map_or(usual, |known| known.class.as_deref().unwrap_or(GENERIC_CLASS));
        let usual_class = || (usual.to_owned(), "the usual one of the model's type");
        let default_class = Some(named.map_or_else(usual_class, |class| (class, "config.json")));
        let rules = known.map_or(usual == GENERIC_CLASS, |known| known.rules);
        Self { default_class, ruling_class: rules.then(|| usual.to_owned()), ..self }
    }

    /// The same, filled with a token whatever the files name.
    #[must_use]
    pub fn with_pad_token(self, pad_token: Option<&str>) -> Self {
        Self { pad_token: pad_token.map(str::to_owned), ..self }
    }

    /// The SentencePiece model of this name.
    pub(super) fn sentence_piece(&self, name: &str) -> Option<&PathBuf> {
        self.sentence_piece.iter().find(|path| path.file_name().is_some_and(|file| file == name))
    }

    /// All files that are there.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        let Self { tokenizer_json, vocab_txt, vocab_json, merges_txt, sentence_piece, .. } = self;
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
