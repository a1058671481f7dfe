//! Byte-level BPE from `vocab.json` and `merges.txt`, as RoBERTa's older checkpoints have it
//! (`tokenization_roberta.py` of transformers).

use std::path::Path;

use tokenizers::Tokenizer;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::roberta::RobertaProcessing;

use super::TokenizeError;
use super::config::{SpecialTokens, TokenText, TokenizerConfig};

/// Give the tokens that RoBERTa's tokenizer always has their usual names where the configuration is silent.
pub(super) fn name_special_tokens(special: &mut SpecialTokens) {
    let [unk, sep, pad, cls] = ["<unk>", "</s>", "<pad>", "<s>"].map(TokenText::from);
    special.name([unk, sep, pad, cls, TokenText::mask_with_space("<mask>")]);
}

/// The tokenizer of the two files. `config` has its special tokens named.
pub(super) fn from_files(vocab: &Path, merges: &Path, config: &TokenizerConfig) -> Result<Tokenizer, TokenizeError> {
    let unreadable =
        |error: tokenizers::Error| TokenizeError::Tokenizer { path: vocab.to_owned(), reason: error.to_string() };
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or_else(|| unreadable("its path is not UTF-8".into()));
    let (words, pairs) = BPE::read_file(&text(vocab)?, &text(merges)?).map_err(unreadable)?;
    let special = |name: &'static str, token: &Option<TokenText>| {
        let token = token.as_ref().map_or("", TokenText::text);
        match words.get(token) {
            Some(&id) => Ok((token.to_owned(), id)),
            None => Err(TokenizeError::MissingToken { path: vocab.to_owned(), name, token: token.to_owned() }),
        }
    };
    let (sep, cls) =
        (special("sep_token", &config.special.sep_token)?, special("cls_token", &config.special.cls_token)?);
    let model = BPE::builder().vocab_and_merges(words, pairs).build().map_err(unreadable)?;
    let mut tokenizer = Tokenizer::new(model);
    let add_prefix_space = config.add_prefix_space.unwrap_or(false);
    tokenizer.with_pre_tokenizer(Some(ByteLevel::default().add_prefix_space(add_prefix_space)));
    tokenizer.with_post_processor(Some(RobertaProcessing::new(sep, cls).add_prefix_space(add_prefix_space)));
    Ok(tokenizer)
}
