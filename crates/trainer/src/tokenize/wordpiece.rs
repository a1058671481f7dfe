//! The BERT family's WordPiece tokenizer: built from `vocab.txt`, or a `tokenizer.json` brought into line with
//! `tokenizer_config.json`.

use std::path::Path;

use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{ModelWrapper, NormalizerWrapper, Tokenizer};

use super::TokenizeError;
use super::classes::TokenizerClass;
use super::config::{SpecialTokens, TokenText, TokenizerConfig};
use super::files::read;

/// Whose special tokens stand around the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kin {
    /// `[CLS] A [SEP] B [SEP]`.
    Bert,
    /// `<s> A </s></s> B </s>`.
    MpNet,
}

impl Kin {
    /// Whose tokenizer `transformers` would build of this one.
    pub(super) fn of(tokenizer: &Tokenizer, class: &TokenizerClass) -> Option<Self> {
        Self::of_class(class).filter(|_| matches!(tokenizer.get_model(), ModelWrapper::WordPiece(_)))
    }

    pub(super) fn of_class(class: &TokenizerClass) -> Option<Self> {
        if class.name == "MPNetTokenizer" { Some(Self::MpNet) } else { class.is_bert().then_some(Self::Bert) }
    }

    /// Give the tokens that such a tokenizer always has their usual names where the configuration is silent.
    pub(super) fn name_special_tokens(self, special: &mut SpecialTokens) {
        let names = match self {
            Self::Bert => ["[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"],
            Self::MpNet => ["[UNK]", "</s>", "<pad>", "<s>", "<mask>"],
        };
        special.name(names.map(TokenText::from));
    }
}

/// The tokenizer of a `vocab.txt`. `config` has its special tokens named.
pub(super) fn from_vocab(path: &Path, config: &TokenizerConfig) -> Result<Tokenizer, TokenizeError> {
    let unreadable =
        |error: tokenizers::Error| TokenizeError::Vocabulary { path: path.to_owned(), reason: error.to_string() };
    let vocab = WordPiece::read_bytes(&read(path)?).map_err(unreadable)?;
    let special = &config.special;
    for (name, token) in [
        ("unk_token", &special.unk_token),
        ("cls_token", &special.cls_token),
        ("sep_token", &special.sep_token),
        ("pad_token", &special.pad_token),
    ] {
        if let Some(token) = token
            && !vocab.contains_key(token.text())
        {
            return Err(TokenizeError::MissingToken { path: path.to_owned(), name, token: token.text().to_owned() });
        }
    }
    let unknown = special.unk_token.as_ref().map_or("[UNK]", TokenText::text);
    let model = WordPiece::builder().vocab(vocab).unk_token(unknown.to_owned()).build().map_err(unreadable)?;
    Ok(Tokenizer::new(model))
}

/// Set casing, word splitting and special tokens as `transformers` does for BERT's kin: from the configuration, with
/// its defaults, never from `tokenizer.json`. Returns a warning when that changes what `tokenizer.json` says.
pub(super) fn apply_settings(
    tokenizer: &mut Tokenizer,
    kin: Kin,
    config: &TokenizerConfig,
) -> Result<Option<String>, tokenizers::Error> {
    let wanted = BertNormalizer::new(
        true,
        config.tokenize_chinese_chars.unwrap_or(true),
        config.strip_accents,
        config.do_lower_case.unwrap_or(true),
    );
    let warning = match tokenizer.get_normalizer() {
        Some(NormalizerWrapper::BertNormalizer(held)) => disagreement(held, &wanted),
        _ => None,
    };
    tokenizer.with_normalizer(Some(wanted))?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));

    let id = |token: &Option<TokenText>| {
        let text = token.as_ref()?.text();
        Some((text.to_owned(), tokenizer.token_to_id(text)?))
    };
    // A vocabulary without the two keeps the post-processor that its file brought.
    if let (Some(sep), Some(cls)) = (id(&config.special.sep_token), id(&config.special.cls_token)) {
        match kin {
            Kin::Bert => tokenizer.with_post_processor(Some(BertProcessing::new(sep, cls))),
            Kin::MpNet => tokenizer.with_post_processor(Some(RobertaProcessing::new(sep, cls).add_prefix_space(false))),
        };
    }
    Ok(warning)
}

fn disagreement(held: &BertNormalizer, wanted: &BertNormalizer) -> Option<String> {
    // Unset accents follow the casing, so compare what happens to a text.
    let effect = |n: &BertNormalizer| (n.lowercase, n.strip_accents.unwrap_or(n.lowercase), n.handle_chinese_chars);
    (effect(held) != effect(wanted)).then(|| {
        let say = |n: &BertNormalizer| {
            let (lower, strip, chinese) = effect(n);
            format!("do_lower_case={lower}, strip_accents={strip}, tokenize_chinese_chars={chinese}")
        };
        format!(
            "tokenizer.json says {}, but tokenizer_config.json (with its defaults) says {}: the latter counts, as in \
             transformers. Set these in tokenizer_config.json if that is not what the model was trained with",
            say(held),
            say(wanted)
        )
    })
}
