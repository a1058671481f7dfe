//! From files to a [`TextTokenizer`].

use std::path::Path;

use tokenizers::{PreTokenizerWrapper, Tokenizer, TruncationDirection};

use super::classes::TokenizerClass;
use super::config::{SpecialTokens, TokenText, TokenizerConfig};
use super::files::{read, read_json};
use super::unigram::{self, UnigramClass};
use super::{TextTokenizer, TokenizeError, TokenizerFiles, byte_bpe, wordpiece};

/// The class where neither a file nor the model's type names one: most models without one have BERT's vocabulary.
const USUAL_CLASS: &str = "BertTokenizer";

pub(super) fn load(files: &TokenizerFiles) -> Result<TextTokenizer, TokenizeError> {
    let mut config: TokenizerConfig = read_json(files.tokenizer_config.as_deref())?;
    config.merge_map(read_json::<SpecialTokens>(files.special_tokens_map.as_deref())?);
    config.merge_added(read_json(files.added_tokens.as_deref())?);
    // As AutoTokenizer: tokenizer_config.json, then config.json, then the model's type.
    let (name, place) = match (config.class(), &files.default_class) {
        (Some(class), _) => (class.to_owned(), "tokenizer_config.json"),
        (None, Some((class, place))) => (class.strip_suffix("Fast").unwrap_or(class).to_owned(), *place),
        (None, None) => (USUAL_CLASS.to_owned(), "no file names one"),
    };
    let class = TokenizerClass::named(&name, place)?;
    config.set_class(&class.name);

    if let Some(path) = &files.tokenizer_json {
        let mut tokenizer = Tokenizer::from_bytes(read(path)?).map_err(|error| not_a_tokenizer(path, &error))?;
        let mut said = None;
        if let Some(unigram) = UnigramClass::of(class) {
            unigram.name_special_tokens(&mut config.special);
            said = unigram::apply_class(&mut tokenizer, unigram, &config)
                .map_err(|error| not_a_tokenizer(path, &error))?;
        }
        let kin = wordpiece::Kin::of(&tokenizer, class);
        if let Some(kin) = kin {
            kin.name_special_tokens(&mut config.special);
        }
        let mut finished = finish(tokenizer, config, class, kin, path)?;
        finished.warnings.extend(said);
        return Ok(finished);
    }
    if let (Some(path), Some(unigram)) = (files.sentence_piece.first(), UnigramClass::of(class)) {
        unigram.name_special_tokens(&mut config.special);
        return finish(unigram::from_model(path, unigram, &config)?, config, class, None, path);
    }
    match (&files.vocab_txt, &files.vocab_json, &files.merges_txt) {
        (Some(path), ..) => {
            if let Some(kin) = wordpiece::Kin::of_class(class) {
                kin.name_special_tokens(&mut config.special);
                return finish(wordpiece::from_vocab(path, &config)?, config, class, Some(kin), path);
            }
        }
        (None, Some(vocab), Some(merges)) if class.name == "RobertaTokenizer" => {
            byte_bpe::name_special_tokens(&mut config.special);
            return finish(byte_bpe::from_files(vocab, merges, &config)?, config, class, None, vocab);
        }
        _ => {}
    }
    let single =
        [&files.tokenizer_config, &files.special_tokens_map, &files.vocab_txt, &files.vocab_json, &files.merges_txt];
    let found = single.into_iter().flatten().chain(&files.sentence_piece).cloned().collect();
    Err(TokenizeError::NoTokenizer { class: name, found })
}

fn not_a_tokenizer(path: &Path, error: &tokenizers::Error) -> TokenizeError {
    TokenizeError::Tokenizer { path: path.to_owned(), reason: error.to_string() }
}

/// Bring a tokenizer into line with its configuration and take down what callers ask about.
fn finish(
    mut tokenizer: Tokenizer,
    config: TokenizerConfig,
    class: &'static TokenizerClass,
    kin: Option<wordpiece::Kin>,
    path: &Path,
) -> Result<TextTokenizer, TokenizeError> {
    let failed = |error: tokenizers::Error| not_a_tokenizer(path, &error);
    let mut warnings = Vec::new();
    if let Some(kin) = kin {
        warnings.extend(wordpiece::apply_settings(&mut tokenizer, kin, &config).map_err(failed)?);
    } else {
        set_prefix_space(&mut tokenizer, &config);
    }
    add_tokens(&mut tokenizer, &config, path)?;
    tokenizer.set_encode_special_tokens(config.split_special_tokens.unwrap_or(false));

    let pad_token_id =
        pad_token_id(&tokenizer, &config).ok_or_else(|| TokenizeError::NoPadToken { path: path.to_owned() })?;
    let held_side = tokenizer.get_truncation().map(|truncation| truncation.direction);
    let truncation_side = config.truncation_side().or(held_side).unwrap_or(TruncationDirection::Right);
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(failed)?;

    // Ids need not be dense, so the number of tokens would not do.
    let vocab_size = tokenizer.get_vocab(true).into_values().max().map_or(0, |id| id as usize + 1);
    Ok(TextTokenizer {
        tokenizer,
        vocab_size,
        pad_token_id,
        model_max_length: config.max_length(),
        truncation_side,
        uses_type_ids: config.gives_type_ids().unwrap_or_else(|| class.gives_type_ids()),
        class: &class.name,
        embedding_rows: usize::MAX,
        warnings,
    })
}

/// Byte-level BPE (RoBERTa): whether the first word is read as if a space stood before it.
fn set_prefix_space(tokenizer: &mut Tokenizer, config: &TokenizerConfig) {
    let Some(add_prefix_space) = config.add_prefix_space else {
        return;
    };
    if let Some(PreTokenizerWrapper::ByteLevel(held)) = tokenizer.get_pre_tokenizer() {
        let mut changed = *held;
        changed.add_prefix_space = add_prefix_space;
        tokenizer.with_pre_tokenizer(Some(changed));
    }
}

/// Make the configuration's tokens match as wholes in texts, unless the tokenizer does that already.
///
/// A named special token that has no id (a vocabulary without `[MASK]`) stays out: `transformers` would give it an id
/// beyond the embedding. Additional ones get theirs, so that a text that has one is refused and not read in pieces.
fn add_tokens(tokenizer: &mut Tokenizer, config: &TokenizerConfig, path: &Path) -> Result<(), TokenizeError> {
    let failed = |error: tokenizers::Error| not_a_tokenizer(path, &error);
    let mut present: Vec<String> =
        tokenizer.get_added_tokens_decoder().into_values().map(|token| token.content).collect();
    for token in config.added_tokens() {
        let content = token.content.clone();
        let declared = config.declared_id(&content);
        let has_id = tokenizer.token_to_id(&content).is_some() || declared.is_some() || config.is_additional(&content);
        if content.is_empty() || present.contains(&content) || !has_id {
            continue;
        }
        present.push(content.clone());
        if token.special {
            tokenizer.add_special_tokens([token]).map_err(failed)?;
        } else {
            tokenizer.add_tokens([token]).map_err(failed)?;
        }
        if let (Some(id), Some(found)) = (declared, tokenizer.token_to_id(&content))
            && id != found
        {
            return Err(TokenizeError::AddedTokenId { path: path.to_owned(), token: content, id, found });
        }
    }
    Ok(())
}

/// The padding id: the configuration's token, else the one inside `tokenizer.json`, else a usual name.
fn pad_token_id(tokenizer: &Tokenizer, config: &TokenizerConfig) -> Option<u32> {
    let configured = config.special.pad_token.as_ref().map(TokenText::text);
    let held = tokenizer.get_padding().map(|padding| padding.pad_token.as_str());
    let names = [configured, held, Some("[PAD]"), Some("<pad>")];
    names.into_iter().flatten().find_map(|name| tokenizer.token_to_id(name))
}
