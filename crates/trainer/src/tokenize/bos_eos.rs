//! The marks of beginning and end that `add_bos_token` and `add_eos_token` put around texts (`update_post_processor` in
//! `tokenization_utils_tokenizers.py` of transformers).

use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{PostProcessorWrapper, Tokenizer};

use super::config::{TokenText, TokenizerConfig};

/// What stands around the texts. `counts`: whether the settings do, which those beside a `tokenizer.json` do not. `tokenizer` has its special
/// tokens.
pub(super) fn post_processor(
    tokenizer: &Tokenizer,
    config: &TokenizerConfig,
    counts: bool,
) -> Result<PostProcessorWrapper, tokenizers::Error> {
    let mark = |is_added: Option<bool>, token: &Option<TokenText>| {
        let text = token.as_ref().map_or("", TokenText::text);
        let id = tokenizer.token_to_id(text).filter(|_| !text.is_empty() && counts && is_added.unwrap_or(false));
        id.map(|id| (text.to_owned(), id))
    };
    let begin = mark(config.add_bos_token, &config.special.bos_token);
    let end = mark(config.add_eos_token, &config.special.eos_token);
    let one = |text: char, kind: u8| {
        let mark = |token: &Option<(String, u32)>| token.as_ref().map(|(text, _)| format!("{text}:{kind}"));
        [mark(&begin), Some(format!("${text}:{kind}")), mark(&end)].into_iter().flatten().collect::<Vec<_>>()
    };
    let template = TemplateProcessing::builder()
        .try_single(one('A', 0))?
        .try_pair([one('A', 0), one('B', 1)].concat())?
        .special_tokens(begin.into_iter().chain(end).collect::<Vec<_>>())
        .build();
    Ok(template.map_err(|error| error.to_string())?.into())
}
