//! BPE over characters in which a character of no token is the tokens of its bytes, as Llama's and Gemma's classes of transformers build it:
//! from a SentencePiece model, or of the vocabulary and the merges of a `tokenizer.json`.
//!
//! Sources in huggingface/transformers: `models/{llama,gemma}/tokenization_*.py`, and for SentencePiece `SentencePieceExtractor` in
//! `convert_slow_tokenizer.py` with `generate_merges` in `tokenization_utils_base.py`.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::Replace;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, ModelWrapper, NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

use super::TokenizeError;
use super::byte_bpe::{as_json, has_marks};
use super::classes::TokenizerClass;
use super::config::{TokenText, TokenizerConfig};
use super::fit::Fit;
use super::longest_token;
use super::sentencepiece_model::SentencePieceModel;

/// What stands for a space.
const SPACE: &str = "▁";

/// Its SentencePiece model.
pub(super) const FILE_NAME: &str = "tokenizer.model";

/// Whose tokenizer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FallbackClass {
    Llama,
    Gemma,
}

impl FallbackClass {
    pub(super) fn of(class: &TokenizerClass) -> Option<Self> {
        match class.name.as_str() {
            "LlamaTokenizer" => Some(Self::Llama),
            "GemmaTokenizer" => Some(Self::Gemma),
            _ => None,
        }
    }

    /// The names of the special tokens where nothing else is said: beginning, end, unknown, separator, padding, class, mask.
    pub(super) fn names(self) -> [Option<&'static str>; 7] {
        match self {
            Self::Llama => [Some("<s>"), Some("</s>"), Some("<unk>"), None, None, None, None],
            Self::Gemma => [Some("<bos>"), Some("<eos>"), Some("<unk>"), None, Some("<pad>"), None, Some("<mask>")],
        }
    }

    /// The token of what has no bytes either.
    fn unknown(self, config: &TokenizerConfig) -> Option<String> {
        let unknown = config.special.unk_token.as_ref().map_or("", TokenText::text);
        (self == Self::Gemma).then(|| unknown.to_owned())
    }

    /// The model of a `tokenizer.json` as the class has it.
    pub(super) fn of_saved(self, model: &ModelWrapper, config: &TokenizerConfig) -> Fit {
        let ModelWrapper::BPE(held) = model else { return Fit::None };
        if has_marks(held) {
            return Fit::None;
        }
        let mut model = held.clone();
        (model.dropout, model.unk_token) = (None, self.unknown(config));
        (model.fuse_unk, model.byte_fallback, model.ignore_merges) = (true, true, false);
        Fit::Changed(Box::new(model.into()))
    }

    /// Reads a SentencePiece model, with the tokens of it that match as wholes.
    pub(super) fn model_of(
        self,
        path: &Path,
        config: &TokenizerConfig,
    ) -> Result<(ModelWrapper, Vec<TokenText>), TokenizeError> {
        let model = SentencePieceModel::read_bpe(path)?;
        let failed =
            |error: tokenizers::Error| TokenizeError::Tokenizer { path: path.to_owned(), reason: error.to_string() };
        let pieces: Vec<String> = model.vocabulary().into_iter().map(|(piece, _)| piece).collect();
        longest_token::check(path, pieces.iter().map(String::as_str))?;
        let ids: HashMap<&str, u32> = pieces.iter().map(String::as_str).zip(0..).collect();
        let merges = merges(&pieces, &ids);
        let vocabulary: Vec<(String, u32)> = pieces.iter().cloned().zip(0..).collect();
        let mut builder = BPE::builder()
            .vocab_and_merges(vocabulary.into_iter().collect::<HashMap<_, _, _>>(), merges)
            .fuse_unk(true)
            .byte_fallback(true);
        if let Some(unknown) = self.unknown(config) {
            builder = builder.unk_token(unknown);
        }
        let bpe = builder.build().map_err(failed)?;
        let whole = |(text, is_special)| TokenText::from(AddedToken::from(text, is_special).normalized(false));
        Ok((bpe.into(), model.wholes().map(whole).collect()))
    }

    fn normalizer(self) -> Result<Option<NormalizerWrapper>, tokenizers::Error> {
        Ok(match self {
            Self::Llama => None,
            Self::Gemma => Some(Replace::new(ReplacePattern::String(" ".to_owned()), SPACE)?.into()),
        })
    }

    fn pieces(self, config: &TokenizerConfig) -> Result<PreTokenizerWrapper, tokenizers::Error> {
        if self == Self::Gemma {
            let space = SplitPattern::String(" ".to_owned());
            return Ok(Split::new(space, SplitDelimiterBehavior::MergedWithPrevious, false)?.into());
        }
        let scheme = match (config.add_prefix_space.unwrap_or(true), config.legacy.unwrap_or(false)) {
            (false, _) => PrependScheme::Never,
            (true, true) => PrependScheme::Always,
            (true, false) => PrependScheme::First,
        };
        Ok(Metaspace::new('▁', scheme, false).into())
    }

    /// Sets how texts become pieces.
    pub(super) fn set_up(self, tokenizer: &mut Tokenizer, config: &TokenizerConfig) -> Result<(), tokenizers::Error> {
        tokenizer.with_normalizer(self.normalizer()?)?;
        tokenizer.with_pre_tokenizer(Some(self.pieces(config)?));
        Ok(())
    }

    /// What a `tokenizer.json` does to texts and its class does not.
    pub(super) fn disagreement(self, saved: &Tokenizer, config: &TokenizerConfig) -> Option<String> {
        let held = [as_json(saved.get_normalizer()), as_json(saved.get_pre_tokenizer())];
        let wanted = [as_json(self.normalizer().ok().flatten().as_ref()), as_json(self.pieces(config).ok().as_ref())];
        // Older versions wrote Llama's spaces down in this way, which differs behind special tokens within a text alone.
        let older = json!({"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": SPACE},
            {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
        ]});
        let has_prefix = config.add_prefix_space.unwrap_or(true);
        let is_older = self == Self::Llama && has_prefix && held == [older, Value::Null];
        (held != wanted && !is_older).then(|| "treats spaces in another way".to_owned())
    }
}

/// All pairs of tokens that make a token together: by its id, and the shorter first ones first.
fn merges(pieces: &[String], ids: &HashMap<&str, u32>) -> Vec<(String, String)> {
    let of_piece = |piece: &String| {
        let cuts = piece.char_indices().skip(1).map(|(at, _)| piece.split_at(at));
        let both = cuts.filter(|(left, right)| ids.contains_key(left) && ids.contains_key(right));
        both.map(|(left, right)| (left.to_owned(), right.to_owned())).collect::<Vec<_>>()
    };
    pieces.iter().flat_map(of_piece).collect()
}
