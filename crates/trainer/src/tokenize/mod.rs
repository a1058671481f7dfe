//! Text to token ids, with the numbers of `transformers`' `tokenizer(a, b, truncation=True, max_length=n)`.
//!
//! [`TextTokenizer::load`] takes what a checkpoint offers, `tokenizer.json` or the files of older versions, and makes of it what its class
//! makes of it. [`TextTokenizer::encode`] turns a whole split into one [`Encoded`] table, in parallel. Padding belongs
//! to the batch: nothing here pads.

mod added;
mod around;
mod bos_eos;
mod by_words;
mod byte_bpe;
mod byte_fallback;
mod classes;
mod config;
mod encode;
mod encoded;
mod error;
mod files;
mod fit;
mod length;
mod load;
mod longest_token;
mod maker;
mod sentencepiece_model;
mod table_file;
mod unigram;
mod version;
mod wordpiece;
mod words;

pub(crate) use encode::{GROUP, RowEncoder};
pub use encoded::Encoded;
pub use error::TokenizeError;
pub use files::TokenizerFiles;
pub use length::{MIN_SEQ_LENGTH, effective_max_seq_length};
pub(crate) use table_file::TableKey;

use std::sync::Arc;

use by_words::ByWords;
use glue_tasks::library_panic::caught;
use sha2::{Digest, Sha256};
use tokenizers::{NormalizedString, Normalizer, Tokenizer, TruncationDirection};

/// A checkpoint's tokenizer, ready to encode rows. It is read-only and may be shared between threads.
#[derive(Debug, Clone)]
pub struct TextTokenizer {
    /// Holds neither truncation nor padding: both are properties of a call.
    tokenizer: Tokenizer,
    vocab_size: usize,
    pad_token_id: u32,
    model_max_length: Option<usize>,
    truncation_side: TruncationDirection,
    uses_type_ids: bool,
    /// The class that transformers makes of it.
    class: &'static str,
    /// Token ids from here on have no row in the model's embedding.
    embedding_rows: usize,
    /// The token that a model looks for in every row.
    text_end: Option<u32>,
    warnings: Vec<String>,
    /// Whether its files say that rows are padded at their left.
    pads_left: bool,
    /// How rows are made of words, where they are.
    by_words: Option<Arc<ByWords>>,
}

impl TextTokenizer {
    /// Load what the tokenizer's class makes of the files, with the settings of `tokenizer_config.json` and
    /// `special_tokens_map.json` where they exist.
    ///
    /// Most classes take of a `tokenizer.json` the vocabulary and little else, as in `transformers`; where they do other things to texts
    /// than the file says, [`TextTokenizer::warnings`] says so.
    ///
    /// # Errors
    /// Names the file that is missing, damaged, or of another class.
    pub fn load(files: &TokenizerFiles) -> Result<Self, TokenizeError> {
        // The tokenizers library panics on some damaged files.
        caught(|| load::load(files)).unwrap_or_else(|reason| {
            let path = files.paths().next().cloned().unwrap_or_default();
            Err(TokenizeError::Tokenizer { path, reason })
        })
    }

    /// The highest token id plus one, added tokens included: the least number of rows of an embedding that serves
    /// this tokenizer.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// For a model whose embedding has so many rows. More than the vocabulary has ids are fine: many checkpoints round theirs up.
    /// With fewer, only texts that use one of the last tokens are refused, as [`TextTokenizer::encode`] says.
    #[must_use]
    pub fn for_embedding(mut self, rows: usize) -> Self {
        self.embedding_rows = rows;
        if self.vocab_size > rows {
            self.warnings.push(format!(
                "the tokenizer has {} tokens and the model's embedding {rows} rows: texts that use the others are refused",
                self.vocab_size
            ));
        }
        self
    }

    /// For a model that classifies a text by the last of a token: rows that have none are refused, and rows that have it more or less often
    /// than the first one.
    #[must_use]
    pub fn for_text_end(self, text_end: Option<u32>) -> Self {
        Self { text_end, ..self }
    }

    /// The same, with or without type ids whatever its class gives.
    #[must_use]
    pub fn with_type_ids(self, uses_type_ids: bool) -> Self {
        Self { uses_type_ids, ..self }
    }

    /// The class that transformers makes of it: `BertTokenizer`.
    pub fn class(&self) -> &str {
        self.class
    }

    /// The id that fills the columns behind a short row.
    pub fn pad_token_id(&self) -> u32 {
        self.pad_token_id
    }

    /// Whether its files say that rows are padded at their left. Here they are padded at their right, or not at all.
    pub fn pads_left(&self) -> bool {
        self.pads_left
    }

    /// The longest input that the checkpoint's author states in `tokenizer_config.json`, special tokens included.
    /// `None` when nothing is stated, which `transformers` writes as 1e30.
    pub fn model_max_length(&self) -> Option<usize> {
        self.model_max_length
    }

    /// Whether the second text of a pair is marked by type id 1. Where it is not (RoBERTa, DistilBERT), every type id
    /// that [`TextTokenizer::encode`] returns is 0.
    pub fn uses_type_ids(&self) -> bool {
        self.uses_type_ids
    }

    /// Whether texts that differ in upper case alone are the same tokens: the normalizer writes an `A` as `a`.
    pub fn drops_case(&self) -> bool {
        let mut text = NormalizedString::from("A");
        self.tokenizer.get_normalizer().is_some_and(|normalizer| normalizer.normalize(&mut text).is_ok())
            && text.get().contains('a')
    }

    /// What the user should know about the files, in whole sentences. Usually empty.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Encode rows of one or two texts in parallel, special tokens added; the order is kept.
    ///
    /// A row longer than `max_seq_length` tokens is cut "longest first", as the code behind the Python package does it.
    /// Truncation and padding settings inside a `tokenizer.json` play no part.
    pub fn encode(&self, rows: &[(&str, Option<&str>)], max_seq_length: usize) -> Result<Encoded, TokenizeError> {
        let has_pairs = rows.iter().any(|(_, second)| second.is_some());
        let mut encoder = self.encoder(rows.len(), has_pairs, max_seq_length)?;
        encoder.add(rows, |row| *row)?;
        Ok(encoder.finish())
    }

    /// The same for `rows` rows that are given bit by bit.
    ///
    /// # Errors
    /// A length that has no room for the special tokens.
    pub(crate) fn encoder(
        &self,
        rows: usize,
        has_pairs: bool,
        max_seq_length: usize,
    ) -> Result<RowEncoder<'_>, TokenizeError> {
        RowEncoder::new(self, rows, has_pairs, max_seq_length)
    }

    /// SHA-256, in hexadecimal, over all that decides the tokens of a text, and which texts are refused: the tokenizer as it was made of
    /// its files, the settings of calls, and the code. `None`: it cannot be written down.
    pub(crate) fn identity(&self) -> Option<String> {
        let Self { tokenizer, vocab_size, truncation_side, uses_type_ids, class, embedding_rows, text_end, .. } = self;
        let mut hasher = Sha256::new();
        hasher.update(serde_json::to_vec(tokenizer).ok()?);
        let splits_special = tokenizer.get_added_vocabulary().get_encode_special_tokens();
        let settings = format!(
            "{vocab_size} {truncation_side:?} {uses_type_ids} {class} {embedding_rows} {text_end:?} {splits_special}"
        );
        hasher.update(settings);
        hasher.update(version::code());
        Some(records::hex(&hasher.finalize()))
    }

    /// Gives the memory back in which the tokens of words are kept from one call to the next.
    pub(crate) fn forget_words(&self) {
        if let Some(by_words) = &self.by_words {
            by_words.forget();
        }
    }
}
