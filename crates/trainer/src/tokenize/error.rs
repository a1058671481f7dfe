//! What can go wrong between a checkpoint's tokenizer files and token ids.

use std::path::PathBuf;

/// An error of the tokenizing room. Each message names the file or the numbers, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum TokenizeError {
    /// No tokenizer file of the class is there.
    #[error(
        "the checkpoint has no tokenizer that can be read as a {class}: looked for tokenizer.json, and for vocab.txt (BERT, MPNet), \
         vocab.json with merges.txt (RoBERTa, GPT-2) or a SentencePiece model (ALBERT, CamemBERT, DeBERTa, Gemma, Llama, RemBERT, T5, \
         XLM-RoBERTa){}. Others can be converted in Python: AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER) writes tokenizer.json",
        beside(found)
    )]
    NoTokenizer {
        /// The tokenizer's class.
        class: String,
        /// The tokenizer files that were found, by path.
        found: Vec<PathBuf>,
    },

    /// A class whose ids would be others than those of any class that is read here.
    #[error(
        "the tokenizer is a {class} ({place}), which is not read here{}: read as another class, its texts would become other tokens \
         than the model was trained with. Classes that are: {known}",
        version.as_ref().map_or_else(String::new, |version| format!(" and is no class of transformers {version}"))
    )]
    UnknownClass {
        /// The class without `Fast`.
        class: String,
        /// Where it is named.
        place: String,
        /// Of transformers, which does not know it either.
        version: Option<String>,
        /// Those that are read here.
        known: String,
    },

    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },

    /// A settings file is not the JSON it should be.
    #[error("{} is not valid: {source}. Delete it or fetch the checkpoint again", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },

    /// `tokenizer.json` does not describe a tokenizer.
    #[error("{} is not a tokenizer: {reason}. Fetch the checkpoint again, or save it with a newer transformers", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What the tokenizers library says.
        reason: String,
    },

    /// `tokenizer.json` holds what its class cannot read.
    #[error(
        "{} holds a {found} model, and the tokenizer's class is {class}, whose vocabulary is {expected}. Where the file is what the model \
         was trained with, set \"tokenizer_class\": \"PreTrainedTokenizerFast\" in tokenizer_config.json: that class takes it as it stands",
        path.display()
    )]
    OtherModel {
        /// The file.
        path: PathBuf,
        /// The tokenizer's class.
        class: String,
        /// What the class reads.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },

    /// `vocab.txt` is not text with one token a line.
    #[error("{} is not a vocabulary: {reason}. It must hold one token a line, in UTF-8", path.display())]
    Vocabulary {
        /// The file.
        path: PathBuf,
        /// What the tokenizers library says.
        reason: String,
    },

    /// `vocab.txt` lacks a token that every row needs.
    #[error(
        "{} has no {token} ({name}). If the vocabulary spells it otherwise, set \"{name}\" in tokenizer_config.json",
        path.display()
    )]
    MissingToken {
        /// The vocabulary.
        path: PathBuf,
        /// The setting's name, such as `cls_token`.
        name: &'static str,
        /// The token that was looked for.
        token: String,
    },

    /// No token to pad with.
    #[error(
        "{} names no padding token, and rows of a batch are filled with one: give a token of its vocabulary{}, or set \"pad_token\" in \
         tokenizer_config.json",
        path.display(),
        example.as_ref().map_or_else(|| " by --pad_token".to_owned(), |token| format!(", as by --pad_token '{token}'"))
    )]
    NoPadToken {
        /// The tokenizer file.
        path: PathBuf,
        /// A token that could be.
        example: Option<String>,
    },

    /// The token to pad with is none of the vocabulary.
    #[error("--pad_token {token}: {} has no such token; expected one of its vocabulary", path.display())]
    UnknownPadToken {
        /// The tokenizer file.
        path: PathBuf,
        /// What was given.
        token: String,
    },

    /// A token without a row in the embedding.
    #[error(
        "row {row} (counted from 0) has the token `{token}` with id {id}, and the model's embedding has {rows} rows (vocab_size in \
         config.json): the tokenizer belongs to another checkpoint, or the embedding was not resized when tokens were added"
    )]
    OutsideEmbedding {
        /// The row's place among the rows given.
        row: usize,
        /// The token.
        token: String,
        /// Its id.
        id: u32,
        /// Rows of the embedding.
        rows: usize,
    },

    /// Rows that a model cannot take together which looks for the last of a token.
    #[error(
        "row {row} (counted from 0) has the token `{token}` {count} times, and the first row {expected} times: the model classifies a text by its \
         last one, and transformers refuses rows that have none, or that differ in it (\"All examples must have the same number of <eos> \
         tokens.\"). Take the token out of the text; where no row has one, give the model its own tokenizer"
    )]
    TextEnds {
        /// The row's place among the rows given.
        row: usize,
        /// The token.
        token: String,
        /// How often the row has it.
        count: usize,
        /// How often the first one has it.
        expected: usize,
    },

    /// An added token has another id than its file says.
    #[error("{} gives `{token}` the id {id}, and it would get {found}: the vocabulary belongs to another checkpoint", path.display())]
    AddedTokenId {
        /// The tokenizer file.
        path: PathBuf,
        /// The token.
        token: String,
        /// What the file says.
        id: u32,
        /// What it would be.
        found: u32,
    },

    /// The sequence length leaves no room for text.
    #[error("--max_seq_length is {length}{origin}, but must be at least {least}: special tokens take up to 4 places")]
    LengthTooSmall {
        /// The effective length.
        length: usize,
        /// Where the length comes from when it is not the flag, as text to follow the number; else empty.
        origin: String,
        /// The least length allowed.
        least: usize,
    },

    /// The special tokens alone are longer than the sequence.
    #[error("--max_seq_length {length} has no room for the {special} special tokens of a row: raise it")]
    SpecialTokensDoNotFit {
        /// The sequence length.
        length: usize,
        /// Special tokens of the longest kind of row.
        special: usize,
    },

    /// The tokenizer refused a row.
    #[error("cannot tokenize row {row} (counted from 0): {reason}")]
    Encode {
        /// The row's place among the rows given.
        row: usize,
        /// What the tokenizers library says.
        reason: String,
    },
}

fn beside(found: &[PathBuf]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let names: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
    format!(" (found only {})", names.join(", "))
}

impl From<TokenizeError> for crate::error::Error {
    fn from(error: TokenizeError) -> Self {
        Self::input(error)
    }
}
