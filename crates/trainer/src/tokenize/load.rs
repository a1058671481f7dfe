//! From files to a [`TextTokenizer`].

use std::path::Path;
use std::sync::Arc;

use tokenizers::models::ModelWrapper;
use tokenizers::{Tokenizer, TruncationDirection};

use super::added::add_tokens;
use super::by_words::ByWords;
use super::classes::TokenizerClass;
use super::config::{SpecialTokens, TokenText, TokenizerConfig};
use super::files::{read, read_json};
use super::longest_token;
use super::maker::Maker;
use super::{TextTokenizer, TokenizeError, TokenizerFiles};

/// The class where neither a file nor the model's type names one: most models without one have BERT's vocabulary.
const USUAL_CLASS: &str = "BertTokenizer";
/// The class that is its `tokenizer.json` and nothing else.
const GENERIC_CLASS: &str = "TokenizersBackend";

pub(super) fn load(files: &TokenizerFiles) -> Result<TextTokenizer, TokenizeError> {
    let mut config: TokenizerConfig = read_json(files.tokenizer_config.as_deref())?;
    // As AutoTokenizer: tokenizer_config.json, then config.json, then the model's type.
    let (name, place) = match (config.class(), &files.default_class) {
        _ if files.as_it_stands => (GENERIC_CLASS.to_owned(), "the one of the model's type"),
        (Some(class), _) => (class.to_owned(), "tokenizer_config.json"),
        (None, Some((class, place))) => (class.strip_suffix("Fast").unwrap_or(class).to_owned(), *place),
        (None, None) => (USUAL_CLASS.to_owned(), "no file names one"),
    };
    let class = TokenizerClass::named(&name, place)?;
    let saved = match &files.tokenizer_json {
        Some(path) => {
            let bytes = read(path)?;
            longest_token::check_json(path, &bytes)?;
            Some((path, Tokenizer::from_bytes(bytes).map_err(|error| not_a_tokenizer(path, &error))?))
        }
        None => None,
    };
    config.merge(
        read_json::<SpecialTokens>(files.special_tokens_map.as_deref())?,
        read_json(files.added_tokens.as_deref())?,
        saved.iter().flat_map(|(_, tokenizer)| tokenizer.get_added_tokens_decoder()),
    );
    let maker = Maker::of(class);
    if let Some(maker) = &maker {
        maker.name_special_tokens(&mut config.special);
    }
    match (maker, saved) {
        (Some(maker), Some((path, saved))) => {
            let held = Held::of(&saved);
            let (tokenizer, said) = maker.of_saved(saved, &config, path)?;
            let mut made = finish(tokenizer, held, &config, class, path)?;
            made.warnings.extend(said);
            Ok(made)
        }
        (None, Some((path, mut tokenizer))) => {
            let held = Held::of(&tokenizer);
            config.special.name([None, None, None, None, held.pad_token.as_deref().map(TokenText::from), None, None]);
            add_tokens(&mut tokenizer, &config, path)?;
            finish(tokenizer, held, &config, class, path)
        }
        (Some(maker), None) => match maker.of_slow_files(files, &mut config)? {
            Some((tokenizer, path)) => finish(tokenizer, Held::default(), &config, class, &path),
            None => Err(no_tokenizer(files, name)),
        },
        (None, None) => Err(no_tokenizer(files, name)),
    }
}

fn no_tokenizer(files: &TokenizerFiles, class: String) -> TokenizeError {
    let single =
        [&files.tokenizer_config, &files.special_tokens_map, &files.vocab_txt, &files.vocab_json, &files.merges_txt];
    let found = single.into_iter().flatten().chain(&files.sentence_piece).cloned().collect();
    TokenizeError::NoTokenizer { class, found }
}

fn not_a_tokenizer(path: &Path, error: &tokenizers::Error) -> TokenizeError {
    TokenizeError::Tokenizer { path: path.to_owned(), reason: error.to_string() }
}

/// What a `tokenizer.json` says of calls: it counts where the configuration is silent.
#[derive(Default)]
struct Held {
    pad_token: Option<String>,
    truncation_side: Option<TruncationDirection>,
}

impl Held {
    fn of(saved: &Tokenizer) -> Self {
        Self {
            pad_token: saved.get_padding().map(|padding| padding.pad_token.clone()),
            truncation_side: saved.get_truncation().map(|truncation| truncation.direction),
        }
    }
}

/// Take down what callers ask about.
fn finish(
    mut tokenizer: Tokenizer,
    held: Held,
    config: &TokenizerConfig,
    class: &'static TokenizerClass,
    path: &Path,
) -> Result<TextTokenizer, TokenizeError> {
    tokenizer.set_encode_special_tokens(config.split_special_tokens.unwrap_or(false));
    let configured = config.special.pad_token.as_ref().map(TokenText::text);
    let names = [configured, held.pad_token.as_deref(), Some("[PAD]"), Some("<pad>")];
    let pad_token_id = names.into_iter().flatten().find_map(|name| tokenizer.token_to_id(name));
    let pad_token_id = pad_token_id.ok_or_else(|| TokenizeError::NoPadToken { path: path.to_owned() })?;
    let truncation_side = config.truncation_side().or(held.truncation_side).unwrap_or(TruncationDirection::Right);
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|error| not_a_tokenizer(path, &error))?;

    let without_dropout = match tokenizer.get_model() {
        ModelWrapper::BPE(model) if model.dropout.is_some_and(|share| share > 0.0) => Some(model.clone()),
        _ => None,
    };
    let no_dropout = without_dropout.map(|mut model| {
        model.dropout = None;
        tokenizer.with_model(model);
        format!(
            "{}: its dropout, by which a text has other tokens each time, is left out: no number could be had again",
            path.display()
        )
    });
    let warnings = config.pads_left().then(|| {
        "tokenizer_config.json says padding_side=left, and rows are padded at their right here, or not at all: transformers gives other \
         numbers where a model counts positions from the first column (BERT and its kin)"
            .to_owned()
    });
    let warnings = warnings.into_iter().chain(no_dropout).collect();
    // Ids need not be dense, so the number of tokens would not do.
    let vocab_size = tokenizer.get_vocab(true).into_values().max().map_or(0, |id| id as usize + 1);
    Ok(TextTokenizer {
        by_words: ByWords::of(&tokenizer).map(Arc::new),
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
