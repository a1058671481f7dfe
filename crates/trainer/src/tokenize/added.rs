//! The tokens that match as wholes: those that files add, the named special ones and the listed ones, in the order in which transformers
//! adds them (`__init__` of `TokenizersBackend` in `tokenization_utils_tokenizers.py`).

use std::path::Path;

use tokenizers::{AddedToken, Tokenizer};

use super::TokenizeError;
use super::config::{TokenText, TokenizerConfig};

/// Adds tokens once more, in the way given here: what a file says of how they match gives way.
///
/// # Errors
/// Those of the tokenizers library.
pub(super) fn add_again(tokenizer: &mut Tokenizer, tokens: Vec<AddedToken>, path: &Path) -> Result<(), TokenizeError> {
    let failed =
        |error: tokenizers::Error| TokenizeError::Tokenizer { path: path.to_owned(), reason: error.to_string() };
    tokenizer.add_tokens(tokens).map(drop).map_err(failed)
}

/// Adds them. `config` has its special tokens named. What is in no vocabulary gets the next id.
///
/// # Errors
/// A token that gets another id than its file says.
pub(super) fn add_tokens(
    tokenizer: &mut Tokenizer,
    config: &TokenizerConfig,
    path: &Path,
) -> Result<(), TokenizeError> {
    let special = &config.special;
    let named: Vec<TokenText> =
        special.seven().into_iter().flatten().cloned().chain(special.named_otherwise()).collect();
    let is_named = |token: &TokenText| named.iter().any(|named| named.text() == token.text());
    let declared = || config.added_tokens_decoder.iter().flatten();
    let held = tokenizer.get_added_tokens_decoder();
    let is_there = |token: &&TokenText| {
        let same = |other: &str| other == token.text();
        declared().any(|(_, declared)| same(declared.text())) || held.values().any(|held| same(&held.content))
    };
    let mut tokens: Vec<AddedToken> = declared().map(|(_, token)| token.to_added(is_named(token))).collect();
    tokens.extend(named.iter().filter(|token| !is_there(token)).map(|token| token.to_added(true)));
    let listed = special.listed().iter().filter(|token| !is_there(token));
    tokens.extend(listed.map(|token| token.to_added(matches!(token, TokenText::Bare(_)) || is_named(token))));
    tokenizer
        .add_tokens(tokens)
        .map_err(|error| TokenizeError::Tokenizer { path: path.to_owned(), reason: error.to_string() })?;
    for (&id, token) in declared() {
        if let Some(found) = tokenizer.token_to_id(token.text()).filter(|&found| found != id) {
            let token = token.text().to_owned();
            return Err(TokenizeError::AddedTokenId { path: path.to_owned(), token, id, found });
        }
    }
    Ok(())
}
