//! `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`: the settings that change token ids.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tokenizers::{AddedToken, TruncationDirection};

/// `transformers` writes "no limit" as `int(1e30)` and treats what lies above this as unlimited.
const LARGE_INTEGER: f64 = 1e20;

/// The settings that matter here; all others are ignored.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TokenizerConfig {
    tokenizer_class: Option<String>,
    pub(super) do_lower_case: Option<bool>,
    pub(super) strip_accents: Option<bool>,
    pub(super) tokenize_chinese_chars: Option<bool>,
    /// ALBERT's.
    pub(super) keep_accents: Option<bool>,
    /// DeBERTa's.
    pub(super) split_by_punct: Option<bool>,
    pub(super) add_prefix_space: Option<bool>,
    pub(super) add_bos_token: Option<bool>,
    pub(super) add_eos_token: Option<bool>,
    /// Llama's.
    pub(super) legacy: Option<bool>,
    /// T5's.
    pub(super) extra_ids: Option<usize>,
    pub(super) split_special_tokens: Option<bool>,
    truncation_side: Option<String>,
    padding_side: Option<String>,
    model_input_names: Option<Vec<String>>,
    /// A float, for a file may hold an integer that no machine integer holds.
    model_max_length: Option<f64>,
    /// The name that `model_max_length` had long ago.
    max_len: Option<f64>,
    /// DeBERTa's.
    pub(super) unk_id: Option<usize>,
    pub(super) added_tokens_decoder: Option<BTreeMap<u32, TokenText>>,
    #[serde(flatten)]
    pub(super) special: SpecialTokens,
}

/// The named special tokens, of which `null` is one without text, and those without a name of their own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SpecialTokens {
    #[serde(deserialize_with = "token_or_null")]
    pub(super) bos_token: Option<TokenText>,
    #[serde(deserialize_with = "token_or_null")]
    pub(super) eos_token: Option<TokenText>,
    #[serde(deserialize_with = "token_or_null")]
    pub(super) unk_token: Option<TokenText>,
    #[serde(deserialize_with = "token_or_null")]
    pub(super) sep_token: Option<TokenText>,
    #[serde(deserialize_with = "token_or_null")]
    pub(super) pad_token: Option<TokenText>,
    #[serde(deserialize_with = "token_or_null")]
    pub(super) cls_token: Option<TokenText>,
    #[serde(deserialize_with = "token_or_null")]
    pub(super) mask_token: Option<TokenText>,
    /// The older name of `extra_special_tokens`.
    pub(super) additional_special_tokens: Option<Vec<TokenText>>,
    pub(super) extra_special_tokens: Option<ExtraTokens>,
    /// All other settings: those whose name ends in `_token` name a special token, too.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Special tokens beyond the seven.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ExtraTokens {
    List(Vec<TokenText>),
    Named(Map<String, Value>),
}

fn token_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TokenText>, D::Error> {
    let token = Option::<TokenText>::deserialize(deserializer)?;
    Ok(Some(token.unwrap_or_else(|| TokenText::from(""))))
}

impl SpecialTokens {
    /// The seven, in the order in which transformers adds them.
    pub(super) fn seven(&self) -> [&Option<TokenText>; 7] {
        let Self { bos_token, eos_token, unk_token, sep_token, pad_token, cls_token, mask_token, .. } = self;
        [bos_token, eos_token, unk_token, sep_token, pad_token, cls_token, mask_token]
    }

    fn seven_mut(&mut self) -> [&mut Option<TokenText>; 7] {
        let Self { bos_token, eos_token, unk_token, sep_token, pad_token, cls_token, mask_token, .. } = self;
        [bos_token, eos_token, unk_token, sep_token, pad_token, cls_token, mask_token]
    }

    /// Those that other settings name.
    pub(super) fn named_otherwise(&self) -> impl Iterator<Item = TokenText> + '_ {
        let dictionary = match &self.extra_special_tokens {
            Some(ExtraTokens::Named(tokens)) => Some(tokens.values()),
            _ => None,
        };
        let others = self.others.iter().filter(|(name, _)| name.ends_with("_token")).map(|(_, token)| token);
        others.chain(dictionary.into_iter().flatten()).filter_map(|token| TokenText::deserialize(token).ok())
    }

    /// Those in a list. `additional_special_tokens` of a file that is read later gives way to an earlier list.
    pub(super) fn listed(&self) -> &[TokenText] {
        match (&self.extra_special_tokens, &self.additional_special_tokens) {
            (Some(ExtraTokens::List(tokens)), _) | (_, Some(tokens)) => tokens,
            _ => &[],
        }
    }

    /// Calls the list by its newer name, unless that has one.
    fn rename_list(&mut self) {
        let has_newer = match &self.extra_special_tokens {
            Some(ExtraTokens::List(tokens)) => !tokens.is_empty(),
            Some(ExtraTokens::Named(tokens)) => !tokens.is_empty(),
            None => false,
        };
        if !has_newer && let Some(tokens) = self.additional_special_tokens.take() {
            self.extra_special_tokens = Some(ExtraTokens::List(tokens));
        }
    }

    /// Gives the tokens that a class always has their usual names where the configuration is silent, in the order of [`Self::seven`].
    pub(super) fn name(&mut self, names: [Option<TokenText>; 7]) {
        for (token, name) in self.seven_mut().into_iter().zip(names) {
            if token.is_none() {
                *token = name;
            }
        }
    }

    /// Takes over what another file says.
    fn overrule(&mut self, mut other: Self) {
        for (mine, theirs) in self.seven_mut().into_iter().zip(other.seven_mut()) {
            if theirs.is_some() {
                *mine = theirs.take();
            }
        }
        self.extra_special_tokens = match (self.extra_special_tokens.take(), other.extra_special_tokens) {
            (Some(ExtraTokens::List(held)), Some(ExtraTokens::List(more))) => {
                Some(ExtraTokens::List(held.into_iter().chain(more).collect()))
            }
            (held, more) => more.or(held),
        };
        self.additional_special_tokens = other.additional_special_tokens;
        self.others.extend(other.others);
    }
}

/// A token as files spell it: bare, or with how it matches text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum TokenText {
    /// `"[CLS]"`
    Bare(String),
    /// `{"content": "<mask>", "lstrip": true, ...}`
    Full {
        /// The token.
        content: String,
        #[serde(default)]
        single_word: bool,
        #[serde(default)]
        lstrip: bool,
        #[serde(default)]
        rstrip: bool,
        /// By default true for ordinary tokens and false for special ones.
        normalized: Option<bool>,
        #[serde(default)]
        special: bool,
    },
}

impl From<&str> for TokenText {
    fn from(content: &str) -> Self {
        Self::Bare(content.to_owned())
    }
}

impl From<AddedToken> for TokenText {
    fn from(token: AddedToken) -> Self {
        let AddedToken { content, single_word, lstrip, rstrip, normalized, special } = token;
        Self::Full { content, single_word, lstrip, rstrip, normalized: Some(normalized), special }
    }
}

impl TokenText {
    /// A token that takes the space before it along.
    pub(super) fn with_space_before(content: &str) -> Self {
        Self::from(AddedToken::from(content, true).lstrip(true))
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Bare(content) | Self::Full { content, .. } => content,
        }
    }

    /// As a token to add. `named` says that it is one of the named special tokens, whatever its own flag.
    pub(super) fn to_added(&self, named: bool) -> AddedToken {
        match self {
            Self::Bare(content) => AddedToken::from(content.as_str(), named),
            Self::Full { content, single_word, lstrip, rstrip, normalized, special } => {
                let special = *special || named;
                AddedToken::from(content.as_str(), special)
                    .single_word(*single_word)
                    .lstrip(*lstrip)
                    .rstrip(*rstrip)
                    .normalized(normalized.unwrap_or(!special))
            }
        }
    }
}

impl TokenizerConfig {
    /// Lets the files speak that are read where `tokenizer_config.json` has no `added_tokens_decoder`, as those of newer versions have
    /// it: `special_tokens_map.json`, `added_tokens.json`, and the added tokens of a `tokenizer.json`.
    pub(super) fn merge(
        &mut self,
        map: SpecialTokens,
        added: BTreeMap<String, u32>,
        saved: impl IntoIterator<Item = (u32, AddedToken)>,
    ) {
        self.special.rename_list();
        if self.added_tokens_decoder.is_some() {
            return;
        }
        self.special.overrule(map);
        let special = &self.special;
        let is_special = |token: &str| {
            let newer = matches!(special.extra_special_tokens, Some(ExtraTokens::List(_)));
            let listed = if newer { special.listed() } else { &[] };
            special.seven().into_iter().flatten().chain(listed).any(|special| special.text() == token)
        };
        let mut tokens: BTreeMap<u32, TokenText> = added
            .into_iter()
            .map(|(content, id)| {
                let token = AddedToken::from(content.as_str(), is_special(&content));
                (id, token.into())
            })
            .collect();
        tokens.extend(saved.into_iter().map(|(id, token)| (id, token.into())));
        self.added_tokens_decoder = Some(tokens);
    }

    /// The class without the `Fast` that older versions append.
    pub(super) fn class(&self) -> Option<&str> {
        self.tokenizer_class.as_deref().map(|class| class.strip_suffix("Fast").unwrap_or(class))
    }

    /// The stated longest input, `None` for the sentinel and for nonsense.
    pub(super) fn max_length(&self) -> Option<usize> {
        let length = self.model_max_length.or(self.max_len)?;
        // The cast saturates, and lengths are whole numbers.
        (1.0..=LARGE_INTEGER).contains(&length).then_some(length as usize)
    }

    pub(super) fn truncation_side(&self) -> Option<TruncationDirection> {
        match self.truncation_side.as_deref() {
            Some("left") => Some(TruncationDirection::Left),
            Some("right") => Some(TruncationDirection::Right),
            _ => None,
        }
    }

    /// Whether rows would be padded at their left.
    pub(super) fn pads_left(&self) -> bool {
        self.padding_side.as_deref() == Some("left")
    }

    /// Whether type ids are handed to the model, by the configuration's own list; `None`: the class decides.
    pub(super) fn gives_type_ids(&self) -> Option<bool> {
        let names = self.model_input_names.as_ref()?;
        Some(names.iter().any(|name| name == "token_type_ids"))
    }

    /// The id that the files give a token beyond the vocabulary.
    pub(super) fn declared_id(&self, content: &str) -> Option<u32> {
        let mut declared = self.added_tokens_decoder.iter().flatten();
        declared.find(|(_, token)| token.text() == content).map(|(id, _)| *id)
    }
}
