//! The BERT family's WordPiece (`tokenization_bert.py` of transformers): of `vocab.txt`, or of the vocabulary of a `tokenizer.json`.

use std::path::Path;

use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{ModelWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer};

use super::TokenizeError;
use super::classes::TokenizerClass;
use super::config::{TokenText, TokenizerConfig};
use super::files::read;
use super::fit::Fit;

/// Whose special tokens stand around the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kin {
    /// `[CLS] A [SEP] B [SEP]`.
    Bert,
    /// `<s> A </s></s> B </s>`.
    MpNet,
}

impl Kin {
    pub(super) fn of(class: &TokenizerClass) -> Option<Self> {
        match class.name.as_str() {
            "MPNetTokenizer" => Some(Self::MpNet),
            "BertTokenizer"
            | "ConvBertTokenizer"
            | "DPRContextEncoderTokenizer"
            | "DPRQuestionEncoderTokenizer"
            | "DistilBertTokenizer" => Some(Self::Bert),
            _ => None,
        }
    }

    /// The names of the special tokens where nothing else is said: beginning, end, unknown, separator, padding, class, mask.
    pub(super) fn names(self) -> [Option<&'static str>; 7] {
        match self {
            Self::Bert => [None, None, Some("[UNK]"), Some("[SEP]"), Some("[PAD]"), Some("[CLS]"), Some("[MASK]")],
            Self::MpNet => {
                [Some("<s>"), Some("</s>"), Some("[UNK]"), Some("</s>"), Some("<pad>"), Some("<s>"), Some("<mask>")]
            }
        }
    }

    /// What stands around the texts.
    pub(super) fn post_processor(self, sep: (String, u32), cls: (String, u32)) -> PostProcessorWrapper {
        match self {
            Self::Bert => BertProcessing::new(sep, cls).into(),
            Self::MpNet => RobertaProcessing::new(sep, cls).add_prefix_space(false).into(),
        }
    }
}

/// The model of a `vocab.txt`. `config` has its special tokens named.
pub(super) fn from_vocab(path: &Path, config: &TokenizerConfig) -> Result<ModelWrapper, TokenizeError> {
    let unreadable =
        |error: tokenizers::Error| TokenizeError::Vocabulary { path: path.to_owned(), reason: error.to_string() };
    let vocab = WordPiece::read_bytes(&read(path)?).map_err(unreadable)?;
    let unknown = config.special.unk_token.as_ref().map_or("", TokenText::text).to_owned();
    Ok(WordPiece::builder().vocab(vocab).unk_token(unknown).build().map_err(unreadable)?.into())
}

/// The model of a `tokenizer.json` as the class has it.
pub(super) fn of_saved(model: &ModelWrapper, config: &TokenizerConfig) -> Fit {
    let ModelWrapper::WordPiece(held) = model else { return Fit::None };
    let usual = WordPiece::default();
    let unknown = config.special.unk_token.as_ref().map_or("", TokenText::text);
    let of = |model: &WordPiece| (model.continuing_subword_prefix.clone(), model.max_input_chars_per_word);
    if of(held) == of(&usual) && held.unk_token == unknown {
        return Fit::AsItIs;
    }
    let mut model = held.clone();
    unknown.clone_into(&mut model.unk_token);
    (model.continuing_subword_prefix, model.max_input_chars_per_word) = of(&usual);
    Fit::Changed(Box::new(model.into()))
}

fn normalizer(class: &TokenizerClass, config: &TokenizerConfig) -> BertNormalizer {
    let lower_case = class.always_lower_cases() || config.do_lower_case.unwrap_or(true);
    BertNormalizer::new(true, config.tokenize_chinese_chars.unwrap_or(true), config.strip_accents, lower_case)
}

/// Sets casing and word splitting: by the configuration, with its defaults, never by `tokenizer.json`.
pub(super) fn set_up(
    tokenizer: &mut Tokenizer,
    class: &TokenizerClass,
    config: &TokenizerConfig,
) -> Result<(), tokenizers::Error> {
    tokenizer.with_normalizer(Some(normalizer(class, config)))?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    Ok(())
}

/// What a `tokenizer.json` does to texts and its class does not.
pub(super) fn disagreement(saved: &Tokenizer, class: &TokenizerClass, config: &TokenizerConfig) -> Option<String> {
    let wanted = normalizer(class, config);
    // Unset accents follow the casing, so compare what happens to a text.
    let effect = |n: &BertNormalizer| (n.lowercase, n.strip_accents.unwrap_or(n.lowercase), n.handle_chinese_chars);
    let say = |n: &BertNormalizer| {
        let (lower, strip, chinese) = effect(n);
        format!("do_lower_case={lower}, strip_accents={strip}, tokenize_chinese_chars={chinese}")
    };
    match (saved.get_normalizer(), saved.get_pre_tokenizer()) {
        (Some(NormalizerWrapper::BertNormalizer(held)), _) if effect(held) != effect(&wanted) => {
            Some(format!("says {}, and tokenizer_config.json (with its defaults) says {}", say(held), say(&wanted)))
        }
        (Some(NormalizerWrapper::BertNormalizer(_)), Some(PreTokenizerWrapper::BertPreTokenizer(_))) => None,
        (Some(NormalizerWrapper::BertNormalizer(_)), _) => {
            Some("splits texts in another way than BertPreTokenizer".to_owned())
        }
        _ => Some("changes texts in another way than BertNormalizer before they are split".to_owned()),
    }
}
