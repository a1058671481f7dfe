//! RoBERTa's byte-level BPE (`tokenization_roberta.py` of transformers): of `vocab.json` and `merges.txt`, or of the vocabulary and the
//! merges of a `tokenizer.json`.

use std::path::Path;

use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{ModelWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer};

use super::TokenizeError;
use super::config::TokenizerConfig;
use super::fit::Fit;

/// The names of the special tokens where nothing else is said: beginning, end, unknown, separator, padding, class, mask.
pub(super) const NAMES: [Option<&str>; 7] =
    [Some("<s>"), Some("</s>"), Some("<unk>"), Some("</s>"), Some("<pad>"), Some("<s>"), Some("<mask>")];

/// The model of the two files.
pub(super) fn from_files(vocab: &Path, merges: &Path) -> Result<ModelWrapper, TokenizeError> {
    let unreadable =
        |error: tokenizers::Error| TokenizeError::Tokenizer { path: vocab.to_owned(), reason: error.to_string() };
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or_else(|| unreadable("its path is not UTF-8".into()));
    let (words, pairs) = BPE::read_file(&text(vocab)?, &text(merges)?).map_err(unreadable)?;
    Ok(BPE::builder().vocab_and_merges(words, pairs).build().map_err(unreadable)?.into())
}

/// The model of a `tokenizer.json` as the class has it. One whose pieces are no bytes fits none.
pub(super) fn of_saved(model: &ModelWrapper) -> Fit {
    let is_empty = |text: &Option<String>| text.as_ref().is_none_or(String::is_empty);
    match model {
        ModelWrapper::BPE(held) if is_empty(&held.continuing_subword_prefix) && is_empty(&held.end_of_word_suffix) => {
            let is_plain = held.dropout.is_none() && held.unk_token.is_none();
            if is_plain && !held.fuse_unk && !held.byte_fallback && !held.ignore_merges {
                return Fit::AsItIs;
            }
            let mut model = held.clone();
            (model.dropout, model.unk_token) = (None, None);
            (model.fuse_unk, model.byte_fallback, model.ignore_merges) = (false, false, false);
            Fit::Changed(Box::new(model.into()))
        }
        _ => Fit::None,
    }
}

/// Sets how texts become pieces.
pub(super) fn set_up(tokenizer: &mut Tokenizer, config: &TokenizerConfig) {
    let pieces = ByteLevel::default().add_prefix_space(config.add_prefix_space.unwrap_or(false));
    tokenizer.with_pre_tokenizer(Some(pieces));
}

/// What stands around the texts: `<s> A </s></s> B </s>`.
pub(super) fn post_processor(sep: (String, u32), cls: (String, u32), config: &TokenizerConfig) -> PostProcessorWrapper {
    RobertaProcessing::new(sep, cls).add_prefix_space(config.add_prefix_space.unwrap_or(false)).into()
}

/// What a `tokenizer.json` does to texts and its class does not.
pub(super) fn disagreement(saved: &Tokenizer, config: &TokenizerConfig) -> Option<String> {
    let wanted = config.add_prefix_space.unwrap_or(false);
    let held = match saved.get_pre_tokenizer() {
        Some(PreTokenizerWrapper::ByteLevel(held)) if held.use_regex => Some(held.add_prefix_space),
        _ => None,
    };
    match held {
        _ if saved.get_normalizer().is_some() => Some("changes texts before they are split".to_owned()),
        None => Some("splits texts in another way than ByteLevel".to_owned()),
        Some(held) if held != wanted => {
            Some(format!("says add_prefix_space={held}, and tokenizer_config.json (with its defaults) says {wanted}"))
        }
        Some(_) => None,
    }
}
