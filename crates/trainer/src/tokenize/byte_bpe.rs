//! Byte-level BPE as the classes of transformers build it: of `vocab.json` and `merges.txt`, or of the vocabulary and the merges of a
//! `tokenizer.json`.
//!
//! Sources in huggingface/transformers: `models/{roberta,gpt2,qwen2,gpt_neox,deberta}/tokenization_*.py`.

use std::path::Path;

use serde_json::Value;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{
    ModelWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer,
};

use super::TokenizeError;
use super::classes::TokenizerClass;
use super::config::TokenizerConfig;
use super::fit::Fit;

/// The pattern of Qwen2's pieces, which Qwen3 has too.
pub(super) const QWEN2_PIECES: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Whose tokenizer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteLevelClass {
    Roberta,
    Gpt2,
    Qwen2,
    GptNeoX,
    Deberta,
}

impl ByteLevelClass {
    pub(super) fn of(class: &TokenizerClass) -> Option<Self> {
        match class.name.as_str() {
            "RobertaTokenizer" => Some(Self::Roberta),
            "GPT2Tokenizer" => Some(Self::Gpt2),
            "Qwen2Tokenizer" => Some(Self::Qwen2),
            "GPTNeoXTokenizer" => Some(Self::GptNeoX),
            "DebertaTokenizer" => Some(Self::Deberta),
            _ => None,
        }
    }

    /// The names of the special tokens where nothing else is said: beginning, end, unknown, separator, padding, class, mask.
    pub(super) fn names(self) -> [Option<&'static str>; 7] {
        let end = Some("<|endoftext|>");
        match self {
            Self::Roberta => ["<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>"].map(Some),
            Self::Deberta => ["[CLS]", "[SEP]", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"].map(Some),
            Self::Gpt2 => [end, end, end, None, None, None, None],
            Self::Qwen2 => [None, end, end, None, end, None, None],
            Self::GptNeoX => [end, end, end, None, Some("<|padding|>"), None, None],
        }
    }

    /// Whether the class itself puts what marks a class and an end around the texts.
    pub(super) fn has_ends(self) -> bool {
        matches!(self, Self::Roberta | Self::Deberta)
    }

    fn normalizer(self) -> Option<NormalizerWrapper> {
        matches!(self, Self::Qwen2 | Self::GptNeoX).then(|| NFC.into())
    }

    fn pieces(self, config: &TokenizerConfig) -> Result<PreTokenizerWrapper, tokenizers::Error> {
        let bytes = ByteLevel::default().add_prefix_space(config.add_prefix_space.unwrap_or(false));
        if self != Self::Qwen2 {
            return Ok(bytes.into());
        }
        let pattern = SplitPattern::Regex(QWEN2_PIECES.to_owned());
        let words = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?;
        Ok(Sequence::new(vec![words.into(), bytes.use_regex(false).into()]).into())
    }

    /// Sets how texts become pieces.
    pub(super) fn set_up(self, tokenizer: &mut Tokenizer, config: &TokenizerConfig) -> Result<(), tokenizers::Error> {
        tokenizer.with_normalizer(self.normalizer())?;
        tokenizer.with_pre_tokenizer(Some(self.pieces(config)?));
        Ok(())
    }

    /// What stands around the texts, of a class that has ends.
    pub(super) fn post_processor(
        self,
        sep: (String, u32),
        cls: (String, u32),
        config: &TokenizerConfig,
    ) -> Result<PostProcessorWrapper, tokenizers::Error> {
        if self == Self::Roberta {
            // `<s> A </s></s> B </s>`
            let around = RobertaProcessing::new(sep, cls);
            return Ok(around.add_prefix_space(config.add_prefix_space.unwrap_or(false)).into());
        }
        let (begin, end) = (cls.0.as_str(), sep.0.as_str());
        let template = TemplateProcessing::builder()
            .try_single(vec![begin, "$A", end])?
            .try_pair(vec![begin, "$A", end, end, "$B", end])?
            .special_tokens(vec![cls.clone(), sep.clone()])
            .build();
        Ok(template.map_err(|error| error.to_string())?.into())
    }

    /// What a `tokenizer.json` does to texts and its class does not.
    pub(super) fn disagreement(self, saved: &Tokenizer, config: &TokenizerConfig) -> Option<String> {
        let changes = as_json(saved.get_normalizer());
        if changes != as_json(self.normalizer().as_ref()) {
            let way = self.normalizer().map_or("", |_| " in another way");
            return Some(format!("changes texts{way} before they are split"));
        }
        let (held, wanted) = (as_json(saved.get_pre_tokenizer()), as_json(self.pieces(config).ok().as_ref()));
        let prefix = |pieces: &Value| pieces["add_prefix_space"].as_bool();
        let splits = |mut pieces: Value| {
            pieces.as_object_mut().map(|pieces| pieces.remove("add_prefix_space"));
            pieces
        };
        if splits(held.clone()) != splits(wanted.clone()) {
            let own = if self == Self::Qwen2 { "its class" } else { "ByteLevel" };
            return Some(format!("splits texts in another way than {own}"));
        }
        (prefix(&held) != prefix(&wanted)).then(|| {
            let [held, wanted] = [held, wanted].map(|pieces| prefix(&pieces).unwrap_or_default());
            format!("says add_prefix_space={held}, and tokenizer_config.json (with its defaults) says {wanted}")
        })
    }
}

/// A part of a tokenizer as `tokenizer.json` has it, without what changes no token.
pub(super) fn as_json<T: serde::Serialize>(part: Option<&T>) -> Value {
    let mut value = part.and_then(|part| serde_json::to_value(part).ok()).unwrap_or_default();
    let parts = value.as_object_mut().map(|whole| {
        whole.remove("trim_offsets");
        whole.get_mut("pretokenizers")
    });
    for part in parts.flatten().and_then(Value::as_array_mut).into_iter().flatten() {
        part.as_object_mut().map(|part| part.remove("trim_offsets"));
    }
    value
}

/// The model of the two files.
pub(super) fn from_files(vocab: &Path, merges: &Path) -> Result<ModelWrapper, TokenizeError> {
    let unreadable =
        |error: tokenizers::Error| TokenizeError::Tokenizer { path: vocab.to_owned(), reason: error.to_string() };
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or_else(|| unreadable("its path is not UTF-8".into()));
    let (words, pairs) = BPE::read_file(&text(vocab)?, &text(merges)?).map_err(unreadable)?;
    Ok(BPE::builder().vocab_and_merges(words, pairs).build().map_err(unreadable)?.into())
}

/// The model of a `tokenizer.json` as the classes have it. One whose pieces are no bytes fits none.
pub(super) fn of_saved(model: &ModelWrapper) -> Fit {
    let ModelWrapper::BPE(held) = model else { return Fit::None };
    if has_marks(held) {
        return Fit::None;
    }
    let is_plain = held.dropout.is_none() && held.unk_token.is_none();
    if is_plain && !held.fuse_unk && !held.byte_fallback && !held.ignore_merges {
        return Fit::AsItIs;
    }
    let mut model = held.clone();
    (model.dropout, model.unk_token) = (None, None);
    (model.fuse_unk, model.byte_fallback, model.ignore_merges) = (false, false, false);
    Fit::Changed(Box::new(model.into()))
}

/// Whether its tokens are marked by where they stand in a word.
pub(super) fn has_marks(model: &BPE) -> bool {
    let is_mark = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    is_mark(&model.continuing_subword_prefix) || is_mark(&model.end_of_word_suffix)
}
