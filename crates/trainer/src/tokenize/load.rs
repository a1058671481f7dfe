//! From files to a [`TextTokenizer`].

use std::path::Path;
use std::sync::Arc;

use tokenizers::models::ModelWrapper;
use tokenizers::{Model, Tokenizer, TruncationDirection};

use super::added::add_tokens;
use super::by_words::ByWords;
use super::classes::TokenizerClass;
use super::config::{SpecialTokens, TokenText, TokenizerConfig};
use super::files::{GENERIC_CLASS, read, read_json};
use super::longest_token;
use super::maker::Maker;
use super::{TextTokenizer, TokenizeError, TokenizerFiles};

/// The class where neither a file nor the model's type names one: most models without one have BERT's vocabulary.
const USUAL_CLASS: &str = "BertTokenizer";
pub(super) fn load(files: &TokenizerFiles) -> Result<TextTokenizer, TokenizeError> {
    let mut config: TokenizerConfig = read_json(files.tokenizer_config.as_deref())?;
    let bytes = files.tokenizer_json.as_ref().map(|path| Ok::<_, TokenizeError>((path, read(path)?))).transpose()?;
    let (name, place) = class_of(files, &config, bytes.as_ref().map(|(_, bytes)| bytes.as_slice()));
    let class = TokenizerClass::named(&name, place)?;
    let saved = match bytes {
        Some((path, bytes)) => {
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
    let mut held = saved.as_ref().map_or_else(Held::default, |(_, saved)| Held::of(saved));
    held.is_all = maker.as_ref().is_some_and(Maker::pads_as_named);
    if let Some(pad_token) = &files.pad_token {
        config.special.pad_token = Some(TokenText::from(pad_token.as_str()));
        held.has_given = saved.as_ref().is_some_and(|(_, saved)| saved.token_to_id(pad_token).is_some());
    }
    if maker.as_ref().is_none_or(Maker::pads_as_saved) {
        config.special.name([None, None, None, None, held.pad_token.as_deref().map(TokenText::from), None, None]);
    }
    if let Some(maker) = &maker {
        maker.name_special_tokens(&mut config);
    }
    match (maker, saved) {
        (Some(maker), Some((path, saved))) => {
            let (tokenizer, said) = maker.of_saved(saved, &config, path)?;
            let mut made = finish(tokenizer, held, files, &config, class, path)?;
            made.warnings.extend(said);
            Ok(made)
        }
        (None, Some((path, mut tokenizer))) => {
            add_tokens(&mut tokenizer, &config, path)?;
            finish(tokenizer, held, files, &config, class, path)
        }
        (Some(maker), None) => match maker.of_slow_files(files, &mut config)? {
            Some((tokenizer, path)) => finish(tokenizer, held, files, &config, class, &path),
            None => Err(no_tokenizer(files, name)),
        },
        (None, None) => Err(no_tokenizer(files, name)),
    }
}

/// The class, and where it is named. As AutoTokenizer: tokenizer_config.json, then config.json, then the model's type; `saved` is the
/// `tokenizer.json`.
fn class_of(files: &TokenizerFiles, config: &TokenizerConfig, saved: Option<&[u8]>) -> (String, &'static str) {
    if let Some(class) = &files.ruling_class {
        return (class.clone(), "the one of the model's type");
    }
    let (name, place) = match (config.class(), &files.default_class) {
        (Some(class), _) => (class, "tokenizer_config.json"),
        (None, Some((class, place))) => (class.strip_suffix("Fast").unwrap_or(class), *place),
        (None, None) => (USUAL_CLASS, "no file names one"),
    };
    // Llama 3 and its kin name the class of Llama 2, whose tokens are no bytes.
    let is_of_bytes = || saved.is_some_and(|saved| memchr::memmem::find(saved, b"\"ByteLevel\"").is_some());
    let name = if name == "LlamaTokenizer" && is_of_bytes() { GENERIC_CLASS } else { name };
    (name.to_owned(), place)
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
    /// Whether it has the padding token that is given for it.
    has_given: bool,
    /// Whether no token pads that is not named.
    is_all: bool,
}

impl Held {
    fn of(saved: &Tokenizer) -> Self {
        Self {
            pad_token: saved.get_padding().map(|padding| padding.pad_token.clone()),
            truncation_side: saved.get_truncation().map(|truncation| truncation.direction),
            ..Self::default()
        }
    }
}

/// Take down what callers ask about.
fn finish(
    mut tokenizer: Tokenizer,
    held: Held,
    files: &TokenizerFiles,
    config: &TokenizerConfig,
    class: &'static TokenizerClass,
    path: &Path,
) -> Result<TextTokenizer, TokenizeError> {
    tokenizer.set_encode_special_tokens(config.split_special_tokens.unwrap_or(false));
    if let Some(token) = &files.pad_token
        && !held.has_given
        && tokenizer.get_model().token_to_id(token).is_none()
        && config.declared_id(token).is_none()
    {
        return Err(TokenizeError::UnknownPadToken { path: path.to_owned(), token: token.clone() });
    }
    let configured = config.special.pad_token.as_ref().map(TokenText::text);
    let usual = [held.pad_token.as_deref(), Some("[PAD]"), Some("<pad>")].map(|name| name.filter(|_| !held.is_all));
    let names = std::iter::once(configured).chain(usual).flatten();
    let pad_token_id = names.filter(|name| !name.is_empty()).find_map(|name| tokenizer.token_to_id(name));
    let pad_token_id = pad_token_id.ok_or_else(|| {
        let ends = [&config.special.eos_token, &config.special.unk_token].into_iter().flatten().map(TokenText::text);
        let known = ends
            .filter(|token| tokenizer.get_model().token_to_id(token).is_some() || config.declared_id(token).is_some());
        TokenizeError::NoPadToken { path: path.to_owned(), example: known.into_iter().next().map(str::to_owned) }
    })?;
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
        text_end: None,
        warnings: no_dropout.into_iter().collect(),
        pads_left: config.pads_left(),
    })
}
